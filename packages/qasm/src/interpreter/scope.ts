import type { GateDefinition, Subroutine } from '../ast.ts';
import type { Cell } from './emitter.ts';
import type { GateEntry } from './libraries.ts';
import type { ScalarType } from './values.ts';

/** What a name stands for. */
export type Named =
  | { readonly kind: 'qubits'; readonly ids: readonly number[]; readonly register: boolean }
  | { readonly kind: 'bits'; readonly cells: readonly Cell[]; readonly register: boolean }
  | { readonly kind: 'variable'; readonly cell: Cell; readonly fixed: boolean }
  | {
      readonly kind: 'array';
      readonly type: ScalarType;
      readonly shape: readonly number[];
      readonly cells: readonly Cell[];
      readonly fixed: boolean;
    }
  | {
      readonly kind: 'gate';
      readonly entry: GateEntry;
      /** File it was included from; absent for gates of the program. */
      readonly file?: string;
      readonly definition?: GateDefinition;
    }
  | { readonly kind: 'subroutine'; readonly node: Subroutine };

/** Names of a block; unknown ones are looked up outside. */
export class Scope {
  readonly #names = new Map<string, Named>();
  readonly #outside: Scope | undefined;
  /** Whether only gates, subroutines and constants outside can be seen. */
  readonly #closed: boolean;

  constructor(outside?: Scope, closed = false) {
    this.#outside = outside;
    this.#closed = closed;
  }

  /** What the name stands for, or undefined. */
  find(name: string): Named | undefined {
    const own = this.#names.get(name);
    if (own !== undefined || this.#outside === undefined) return own;
    const outside = this.#outside.find(name);
    if (!this.#closed || outside === undefined) return outside;
    const visible =
      outside.kind === 'gate' ||
      outside.kind === 'subroutine' ||
      ((outside.kind === 'variable' || outside.kind === 'array') && outside.fixed);
    return visible ? outside : undefined;
  }

  /** What the name stands for in this very block, or undefined. */
  own(name: string): Named | undefined {
    return this.#names.get(name);
  }

  /** Gives a name its meaning. */
  set(name: string, named: Named): void {
    this.#names.set(name, named);
  }

  /** All names that can be seen, of some kinds. */
  names(...kinds: readonly Named['kind'][]): string[] {
    const own = [...this.#names].flatMap(([name, { kind }]) =>
      kinds.includes(kind) ? [name] : [],
    );
    return this.#outside === undefined ? own : [...own, ...this.#outside.names(...kinds)];
  }
}
