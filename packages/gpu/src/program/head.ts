/** The state that the first matrices of a circuit make of |0…0⟩ while few qubits have a part in it: the host makes it. */
import { countBits } from './matrices.ts';
import type { Plan, Step, UnitaryStep } from './plan.ts';

/** Products of complex numbers that are worth a few passes over a device's memory. */
const WORK = 4096;

/** A step of a head, by bits of an index of the head's state. */
interface HeadStep {
  /** Offset of each row of the matrix. */
  readonly rows: readonly number[];
  /** Bits that were not zero before, without the matrix's own: the rest of each index. */
  readonly others: number;
  /** Rows that were not zero before. */
  readonly from: readonly number[];
  /** Where the matrix is in the data that examples share, in numbers. */
  readonly matrix: number;
}

/** The first steps of a plan, on the host. */
export class Head {
  /** How many of the plan's steps these are. */
  readonly steps: number;
  /** Positions of the bits of its qubits, ascending: all others are zero. */
  readonly bits: readonly number[];
  readonly #steps: readonly HeadStep[];
  readonly #state: Float64Array;

  /**
   * @param first matrices without conditions, with numbers that all examples share
   * @param offsetOf where a matrix is in those numbers, in complex numbers
   */
  constructor(
    first: readonly UnitaryStep[],
    qubits: number,
    offsetOf: (step: UnitaryStep) => number,
  ) {
    this.steps = first.length;
    const positions = first.flatMap((step) => step.qubits.map((qubit) => qubits - 1 - qubit));
    this.bits = [...new Set(positions)].sort((a, b) => a - b);
    let touched = 0;
    this.#steps = first.map((step) => {
      // The first qubit of a matrix is the most significant one of its rows.
      const own = step.qubits
        .map((qubit) => 2 ** this.bits.indexOf(qubits - 1 - qubit))
        .toReversed();
      const rows = Array.from({ length: 2 ** own.length }, (_, row) =>
        own.reduce((at, bit, j) => (((row >> j) & 1) === 1 ? at | bit : at), 0),
      );
      const all = rows.at(-1) as number;
      const others = touched & ~all;
      const from = rows.flatMap((at, row) => ((at & ~touched) === 0 ? [row] : []));
      touched |= all;
      return { rows, others, from, matrix: 2 * offsetOf(step) };
    });
    this.#state = new Float64Array(2 * 2 ** this.bits.length);
  }

  /** Writes its state, `[2^bits, 2]`, to `start` of the data, among which the matrices are already. */
  write(data: Float32Array, start: number): void {
    const state = this.#state.fill(0);
    state[0] = 1;
    for (const { rows, others, from, matrix } of this.#steps) {
      const d = rows.length;
      const before = new Float64Array(2 * from.length);
      // All sets of the other bits, ascending.
      for (let base = 0, going = true; going; going = base !== 0) {
        from.forEach((row, j) => {
          const at = 2 * (base | (rows[row] as number));
          before[2 * j] = state[at] as number;
          before[2 * j + 1] = state[at + 1] as number;
        });
        for (let r = 0; r < d; r++) {
          let re = 0;
          let im = 0;
          for (let j = 0; j < from.length; j++) {
            const at = matrix + 2 * (r * d + (from[j] as number));
            const ur = data[at] as number;
            const ui = data[at + 1] as number;
            const br = before[2 * j] as number;
            const bi = before[2 * j + 1] as number;
            re += ur * br - ui * bi;
            im += ur * bi + ui * br;
          }
          const to = 2 * (base | (rows[r] as number));
          state[to] = re;
          state[to + 1] = im;
        }
        base = (base - others) & others;
      }
    }
    data.set(state, start);
  }
}

/** The head of a plan that starts with |0…0⟩; undefined where there is none. */
export function headOf(
  { qubits, steps }: Plan,
  offsetOf: (step: UnitaryStep) => number,
): Head | undefined {
  let touched = 0;
  let work = 0;
  const first: UnitaryStep[] = [];
  for (const step of steps) {
    if (!isPlain(step)) break;
    const own = step.qubits.reduce((bits, qubit) => bits | (2 ** (qubits - 1 - qubit)), 0);
    work += 2 ** (countBits(touched) + step.qubits.length);
    if (work > WORK) break;
    touched |= own;
    first.push(step);
  }
  return first.length === 0 ? undefined : new Head(first, qubits, offsetOf);
}

const isPlain = (step: Step): step is UnitaryStep =>
  step.type === 'unitary' && step.axis !== 'batch' && step.condition.mask === 0;
