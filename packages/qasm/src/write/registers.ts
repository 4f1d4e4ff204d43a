import { ValueError } from '@ketwork/base';
import type { QasmRegister } from '../interpreter/declarations.ts';
import { qelib1, stdgates } from '../interpreter/libraries.ts';

/** Words that cannot be names. */
const KEYWORDS = [
  'OPENQASM', 'include', 'defcalgrammar', 'def', 'cal', 'defcal', 'gate', 'extern', 'box', 'let', 'break', 'continue', 'if',
  'else', 'end', 'return', 'for', 'while', 'in', 'switch', 'case', 'default', 'pragma', 'input', 'output', 'const', 'readonly',
  'mutable', 'qreg', 'qubit', 'creg', 'bool', 'bit', 'int', 'uint', 'float', 'angle', 'complex', 'array', 'void', 'duration',
  'stretch', 'gphase', 'inv', 'pow', 'ctrl', 'negctrl', 'dim', 'durationof', 'delay', 'reset', 'measure', 'barrier', 'nop',
  'true', 'false', 'im', 'opaque', 'U', 'CX', 'pi', 'tau', 'euler', 'sin', 'cos', 'tan', 'arcsin', 'arccos', 'arctan', 'exp',
  'log', 'ln', 'sqrt', 'mod', 'popcount', 'rotl', 'rotr', 'sizeof', 'real', 'imag', 'ceiling', 'floor', 'dt', 'ns', 'us', 'ms', 's',
]; // prettier-ignore

/** Names in use: those of the language, its standard gates, and what was taken since. */
export class Names {
  readonly #taken: Set<string>;

  constructor(version: 2 | 3) {
    this.#taken = new Set([...KEYWORDS, ...Object.keys(version === 2 ? qelib1 : stdgates)]);
  }

  /** The wanted name, made usable and with underscores behind it until it is free. */
  take(wanted: string): string {
    let name = wanted.replaceAll(/[^\p{L}\p{N}_]/gu, '_');
    if (!/^[\p{L}_]/u.test(name)) name = `_${name}`;
    while (this.#taken.has(name)) name += '_';
    this.#taken.add(name);
    return name;
  }
}

/** Registers that hold each wire once, in order, and what each wire is called. */
export interface Layout {
  readonly registers: readonly {
    readonly name: string;
    readonly first: number;
    readonly length: number;
  }[];
  readonly wires: readonly string[];
}

/**
 * Registers for wires 0, 1, …. Those that are wanted are taken where their wires follow one another; others are filled in.
 *
 * @throws ValueError for a register of wires that do not exist or are in two registers
 */
export function layoutOf(
  count: number,
  wanted: readonly QasmRegister[],
  fallback: string,
  names: Names,
  version: 2 | 3,
): Layout {
  const owner = new Map<number, QasmRegister>();
  for (const register of wanted) {
    for (const wire of register.indices) {
      if (!Number.isSafeInteger(wire) || wire < 0 || wire >= count || owner.has(wire)) {
        throw new ValueError(
          `the register '${register.name}' holds ${wire}, which does not exist or is held twice`,
          {
            remedy: `Use each of 0 to ${count - 1} once`,
          },
        );
      }
      owner.set(wire, register);
    }
  }
  const follows = (register: QasmRegister): boolean =>
    register.indices.every((wire, i) => wire === register.indices[0]! + i) &&
    !(version === 2 && /[^\x20-\x7e]/.test(register.name));
  const registers: { name: string; first: number; length: number }[] = [];
  for (let wire = 0; wire < count;) {
    const register = owner.get(wire);
    if (register !== undefined && follows(register)) {
      registers.push({
        name: lower(names.take(register.name), version),
        first: wire,
        length: register.indices.length,
      });
      wire += register.indices.length;
      continue;
    }
    const first = wire;
    while (wire < count) {
      const next = owner.get(wire);
      if (next !== undefined && follows(next)) break;
      wire++;
    }
    registers.push({ name: names.take(fallback), first, length: wire - first });
  }
  const wires = registers.flatMap(({ name, length }) =>
    Array.from({ length }, (_, i) => `${name}[${i}]`),
  );
  return { registers, wires };
}

/** Names of OpenQASM 2 begin with a small letter. */
function lower(name: string, version: 2 | 3): string {
  return version === 2 && !/^[a-z]/.test(name) ? `r${name}` : name;
}
