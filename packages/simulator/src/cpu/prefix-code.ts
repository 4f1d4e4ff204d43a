/** Code that makes the product state behind a prefix of one-qubit elements, and takes it apart on the way back. */
import { coefficientsOf, support } from './element.ts';
import type { Coefficient, Element } from './element.ts';
import type { Group } from './group.ts';
import { stride } from './kernel-spec.ts';
import type { Lowered } from './lower.ts';
import { argument } from './main-code.ts';
import type { MainCode } from './main-code.ts';
import { runtime } from './runtime.ts';

/** Elements of a group; longer runs are split. */
const MAX_ELEMENTS = 24;
/** A factor: two amplitudes, and behind them what lambda leaves of them. */
const FACTOR_BYTES = 128;

/** Bytes for the factors, which lie behind the coefficients of a block. */
export const factorBytes = ({ prefix }: Lowered): number =>
  FACTOR_BYTES * new Set(prefix.map(qubitOf)).size;

/** The only qubit of an element; a phase may name it as its control. */
const qubitOf = (element: Element): number => support(element)[0] as number;

/** The elements of one qubit, as if they acted on a state of that qubit alone. */
interface Factor {
  readonly qubit: number;
  readonly groups: readonly Group[];
  readonly coefficients: readonly Coefficient[];
  /** Byte offset behind the coefficients of the block. */
  readonly at: number;
}

/** Takes a group of one qubit through a state of one qubit. */
export type ApplyAlone = (group: Group, state: () => void, backward: boolean) => void;

/** Writes both ways through the prefix of a program. */
export class PrefixCode {
  readonly #code: MainCode;
  readonly #lowered: Lowered;
  readonly #packed: boolean;
  /** Where the factors begin, behind the coefficients of the block. */
  readonly #start: number;
  readonly #apply: ApplyAlone;
  readonly #factors: ReadonlyMap<number, Factor>;

  constructor(code: MainCode, lowered: Lowered, packed: boolean, start: number, apply: ApplyAlone) {
    this.#code = code;
    this.#lowered = lowered;
    this.#packed = packed;
    this.#start = start;
    this.#apply = apply;
    this.#factors = factorsOf(lowered.prefix);
  }

  /** Elements in the order in which the way back undoes them. */
  get undone(): Element[] {
    return [...this.#factors.values()].flatMap(({ groups }) =>
      groups.toReversed().flatMap(({ elements }) => elements.toReversed()),
    );
  }

  /** Arithmetic of doubling, per example: two products of complex numbers for every amplitude there was. */
  get flops(): number {
    const { qubits } = this.#lowered;
    const doubled = [...this.#factors.keys()].map((qubit) => 2 ** (qubits - 1 - qubit));
    return doubled.reduce((sum, amplitudes) => sum + 12 * amplitudes, 0);
  }

  /** Makes the product state of one amplitude, which `first` pushes for both lanes. */
  make(first: () => void): void {
    const { main, qubits } = this.#state();
    for (const factor of this.#factors.values()) {
      const push = this.#push(factor);
      for (const [offset, value] of [1, 0, 0, 0].entries()) {
        push();
        main.vector(value).store(16 * offset);
      }
      for (const group of factor.groups) this.#apply(group, push, false);
    }
    this.#pushState();
    first();
    main.store(0);
    this.#pushState();
    main.vector(0).store(16);
    if (this.#packed) this.#makeLanes(first);
    for (let qubit = qubits - 1; qubit >= 0; qubit--) {
      const bytes = stride(qubit, qubits);
      const factor = this.#factors.get(qubit);
      this.#pushState();
      if (factor === undefined) {
        main.i32(bytes).op('i32Add').i32(bytes).call(runtime.clear);
      } else {
        this.#push(factor)();
        main.i32(bytes).call(runtime.double);
      }
    }
  }

  /** Adds gradients of the prefix to the cells. psi is the product state again; both vectors are used up. */
  contract(wanted: (coefficient: Coefficient) => boolean): void {
    const { main, qubits } = this.#state();
    const factors = [...this.#factors.values()];
    const last = factors.findLast(({ coefficients }) => coefficients.some(wanted));
    if (last === undefined) return;
    const half = this.#packed ? this.#code.stateBytes / 2 : this.#code.stateBytes;
    for (const factor of factors) {
      if (factor.qubit > last.qubit) break;
      const push = this.#push(factor);
      const inLanes = factor.qubit === qubits;
      if (inLanes) for (const vector of [0, half]) this.#unpackLanes(vector);
      this.#pushState();
      this.#pushState();
      main.i32(half).op('i32Add');
      push();
      main.i32(inLanes ? 32 : stride(factor.qubit, qubits)).call(runtime.contractFactor);
      if (!factor.coefficients.some(wanted)) continue;
      for (const group of factor.groups.toReversed()) {
        const elements = group.elements.toReversed();
        this.#apply({ ...group, elements }, push, true);
      }
    }
  }

  /** Qubits in addresses. */
  #state(): { main: MainCode['main']; qubits: number } {
    const { qubits } = this.#lowered;
    return { main: this.#code.main, qubits: this.#packed ? qubits - 1 : qubits };
  }

  #pushState(): void {
    this.#code.push(this.#packed ? argument.packed : argument.state);
  }

  #push({ at }: Factor): () => void {
    return () => this.#code.push(argument.pairs, this.#start + at);
  }

  /** The last qubit's amplitudes are the lanes of the first vector. */
  #makeLanes(first: () => void): void {
    const { main, qubits } = this.#state();
    const factor = this.#factors.get(qubits);
    for (const part of [0, 16]) {
      this.#pushState();
      if (factor === undefined) {
        if (part === 0) first();
        main.vector(0);
        if (part === 0) main.shuffle(FIRST_LANES);
      } else {
        const push = this.#push(factor);
        push();
        main.load(part);
        push();
        main.load(32 + part).shuffle(FIRST_LANES);
        first();
        main.mul();
      }
      main.store(part);
    }
  }

  /** Takes the last qubit's amplitudes out of the lanes, each into lane 0 of a vector, since lanes are added up later. */
  #unpackLanes(vector: number): void {
    const { main } = this.#state();
    for (const [at, lanes] of [
      [32, SECOND_OF_FIRST],
      [0, FIRST_LANES],
    ] as const) {
      for (const part of [0, 16]) {
        this.#pushState();
        this.#pushState();
        main.load(vector + part).vector(0);
        main.shuffle(lanes).store(vector + at + part);
      }
    }
  }
}

/** Lane 0 of two vectors; lane 1 of the first and lane 0 of the second. */
const FIRST_LANES = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const SECOND_OF_FIRST = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23];

/** The element on a state of its qubit alone. */
const alone = (element: Element): Element => ({
  ...element,
  qubits: element.qubits.map(() => 0),
  controls: element.controls.map(({ value }) => ({ qubit: 0, value })),
});

/** Elements by qubit, ascending, in groups. */
function factorsOf(prefix: readonly Element[]): Map<number, Factor> {
  const byQubit = Map.groupBy(prefix, qubitOf);
  const qubits = [...byQubit.keys()].sort((a, b) => a - b);
  return new Map(
    qubits.map((qubit, position) => {
      const elements = byQubit.get(qubit) as Element[];
      const groups: Group[] = [];
      for (let start = 0; start < elements.length; start += MAX_ELEMENTS) {
        const part = elements.slice(start, start + MAX_ELEMENTS);
        groups.push({
          register: [0],
          controls: [],
          elements: part.map(alone),
        });
      }
      const coefficients = elements.flatMap(coefficientsOf);
      return [qubit, { qubit, groups, coefficients, at: FACTOR_BYTES * position }];
    }),
  );
}
