/** Numbers of a {@link ProductStart} on the host, in double precision. */
import type { Element, Lowered } from '@ketwork/simulator/lowering';
import { applyLeft, localElements, setIdentity, writeProducts } from './matrices.ts';
import type { LocalElement } from './matrices.ts';
import { axisOf, lowerBits } from './plan.ts';
import type { ProductStart } from './plan.ts';

/** Neighbouring gates of a qubit that all have numbers of an example, or none. */
interface Run {
  readonly own: boolean;
  readonly local: readonly LocalElement[];
  /** Their product, `[2, 2]`, interleaved. */
  readonly matrix: Float64Array;
}

/** The states of qubits that a circuit's first gates make, as the tables that devices multiply. */
export class StartTables {
  readonly #runs: readonly (readonly Run[])[];
  readonly #halves: readonly (readonly number[])[];
  readonly #states: Float64Array;
  readonly #table: Float64Array;

  constructor({ qubits: gates }: ProductStart, { angles }: Lowered) {
    this.#runs = gates.map((elements, qubit) => {
      const runs: { readonly own: boolean; readonly elements: Element[] }[] = [];
      for (const element of elements) {
        const own = axisOf([element], angles) === 'batch';
        const last = runs.at(-1);
        if (last?.own === own) last.elements.push(element);
        else runs.push({ own, elements: [element] });
      }
      return runs.map(({ own, elements: some }) => ({
        own,
        local: localElements(some, [qubit]),
        matrix: new Float64Array(8),
      }));
    });
    const all = Array.from({ length: gates.length }, (_, bit) => gates.length - 1 - bit);
    const lower = lowerBits(gates.length);
    this.#halves = [all.slice(0, lower), all.slice(lower)];
    this.#states = new Float64Array(4 * gates.length);
    this.#table = new Float64Array(2 * 2 ** lower);
  }

  /**
   * Multiplies what examples share, before {@link write} is called for each of them.
   * @param angleOf angles of elements
   */
  share(angleOf: (local: LocalElement) => number): void {
    for (const runs of this.#runs) for (const run of runs) if (!run.own) multiply(run, angleOf);
  }

  /** Writes both tables. */
  write(
    out: Float64Array | Float32Array,
    start: number,
    angleOf: (local: LocalElement) => number,
  ): void {
    const states = this.#states;
    this.#runs.forEach((runs, qubit) => {
      const at = 4 * qubit;
      states.fill(0, at, at + 4);
      states[at] = 1;
      for (const run of runs) {
        if (run.own) multiply(run, angleOf);
        advance(states, at, run.matrix);
      }
    });
    const table = this.#table;
    let at = start;
    for (const half of this.#halves) {
      writeProducts(states, half, table);
      const size = 2 * 2 ** half.length;
      for (let i = 0; i < size; i++) out[at++] = table[i] as number;
    }
  }
}

function multiply({ local, matrix }: Run, angleOf: (local: LocalElement) => number): void {
  setIdentity(matrix, 2);
  for (const one of local) applyLeft(matrix, 2, one, angleOf(one));
}

/** Multiplies the state of a qubit, from `at` on, by a matrix. */
function advance(states: Float64Array, at: number, m: Float64Array): void {
  const ar = states[at] as number;
  const ai = states[at + 1] as number;
  const br = states[at + 2] as number;
  const bi = states[at + 3] as number;
  for (let row = 0; row < 2; row++) {
    const pr = m[4 * row] as number;
    const pi = m[4 * row + 1] as number;
    const qr = m[4 * row + 2] as number;
    const qi = m[4 * row + 3] as number;
    states[at + 2 * row] = pr * ar - pi * ai + qr * br - qi * bi;
    states[at + 2 * row + 1] = pr * ai + pi * ar + qr * bi + qi * br;
  }
}
