import type { HermitianObservable, Observable, Op, PauliTerm } from '@ketwork/circuit';
import type { HermitianEigen } from './hermitian.ts';

/** An observable's part on some qubits that is measured in its own eigenbasis. */
export type Block = HermitianObservable;

/** How each qubit is measured: in the basis of a Pauli matrix, or as part of a block. */
export type Basis = ReadonlyMap<number, 'X' | 'Y' | 'Z' | Block>;

/** A measurement setting: a way to rotate and read the qubits that serves several observables at once. */
export interface Setting {
  readonly basis: Map<number, 'X' | 'Y' | 'Z' | Block>;
  /** Shots that the most demanding of its uses needs. */
  shots: number;
}

/** Finds the first setting that agrees with a basis on every common qubit, or makes a new one; returns its number. */
export function place(settings: Setting[], basis: Basis, shots: number): number {
  let index = settings.findIndex((s) => agrees(s.basis, basis));
  if (index < 0) {
    index = settings.length;
    settings.push({ basis: new Map(), shots: 0 });
  }
  const setting = settings[index]!;
  for (const [qubit, how] of basis) if (!setting.basis.has(qubit)) setting.basis.set(qubit, how);
  setting.shots = Math.max(setting.shots, shots);
  return index;
}

function agrees(a: Basis, b: Basis): boolean {
  for (const [qubit, how] of b) {
    const other = a.get(qubit);
    if (other !== undefined && other !== how && !sameBlock(other, how)) return false;
  }
  return true;
}

function sameBlock(a: string | Block, b: string | Block): boolean {
  return typeof a !== 'string' && typeof b !== 'string' && JSON.stringify(a) === JSON.stringify(b);
}

/**
 * How many measurement settings a list of observables takes on shots: those that agree on every common qubit share one.
 *
 * @example
 * ```ts
 * import { X, Z } from '@ketwork/circuit';
 * import { measurementSettings } from '@ketwork/simulator';
 * console.log(measurementSettings([Z(0), Z(1), X(0).mul(Z(1))])); // 2
 * ```
 */
export function measurementSettings(observables: readonly Observable[]): number {
  const settings: Setting[] = [];
  for (const o of observables) {
    const whole = observableBasis(o);
    const parts = whole === undefined && o.type === 'pauli' ? o.terms.map(termBasis) : [whole!];
    for (const basis of parts) place(settings, basis, 1);
  }
  return settings.length;
}

/** The basis one term of a Pauli sum is measured in. */
export function termBasis(term: PauliTerm): Basis {
  return new Map(term.paulis.map((p) => [p.qubit, p.pauli]));
}

/** The basis a whole observable can be measured in, or undefined where its terms do not commute qubit by qubit. */
export function observableBasis(o: Observable): Basis | undefined {
  if (o.type === 'hermitian') return new Map(o.qubits.map((q) => [q, o]));
  if (o.type === 'projector') return new Map(o.qubits.map((q) => [q, 'Z']));
  const basis = new Map<number, 'X' | 'Y' | 'Z'>();
  for (const term of o.terms) {
    for (const { qubit, pauli } of term.paulis) {
      if ((basis.get(qubit) ?? pauli) !== pauli) return undefined;
      basis.set(qubit, pauli);
    }
  }
  return basis;
}

/** The blocks of a setting, each once. */
export function blocksOf(setting: Setting): Block[] {
  const blocks: Block[] = [];
  for (const how of setting.basis.values()) {
    if (typeof how !== 'string' && !blocks.some((b) => b === how || sameBlock(b, how)))
      blocks.push(how);
  }
  return blocks;
}

/** The gates that turn a setting's bases into the computational one: H for X, S† then H for Y, eigenvectors for blocks. */
export function rotations(setting: Setting, eigen: (block: Block) => HermitianEigen): Op[] {
  const ops: Op[] = [];
  const apply = (gate: string, qubit: number): void => {
    ops.push({ type: 'gate', gate, qubits: [qubit], angles: [], controls: [] });
  };
  for (const [qubit, how] of setting.basis) {
    if (how === 'Y') apply('Sdg', qubit);
    if (how === 'X' || how === 'Y') apply('H', qubit);
  }
  for (const block of blocksOf(setting)) {
    // Row i of the matrix is ⟨eigenvector i|: outcome i then means eigenvalue i.
    const matrix = Array.from(eigen(block).vectors, (x, i) => (i % 2 === 0 ? x : 0 - x));
    ops.push({ type: 'matrix', qubits: block.qubits, matrix, unitary: true, controls: [] });
  }
  return ops;
}

/** The value of an observable (or of one term) as a function of the outcome, a number read from `qubits`. */
export function outcomeValue(
  o: Observable,
  qubits: readonly number[],
  eigen: (block: Block) => HermitianEigen,
): (outcome: number) => number {
  const shift = (qubit: number): number => qubits.length - 1 - qubits.indexOf(qubit);
  switch (o.type) {
    case 'pauli': {
      const terms = o.terms.map(({ coefficient, paulis }) => ({
        coefficient,
        shifts: paulis.map((p) => shift(p.qubit)),
      }));
      return (outcome) => {
        let sum = 0;
        for (const { coefficient, shifts } of terms) {
          let parity = 0;
          for (const s of shifts) parity ^= (outcome >>> s) & 1;
          sum += parity === 0 ? coefficient : -coefficient;
        }
        return sum;
      };
    }
    case 'projector': {
      const shifts = o.qubits.map(shift);
      return (outcome) => (shifts.every((s, i) => ((outcome >>> s) & 1) === o.bits[i]) ? 1 : 0);
    }
    case 'hermitian': {
      const shifts = o.qubits.map(shift);
      const { values } = eigen(o);
      return (outcome) =>
        values[shifts.reduce((number, s) => 2 * number + ((outcome >>> s) & 1), 0)]!;
    }
  }
}
