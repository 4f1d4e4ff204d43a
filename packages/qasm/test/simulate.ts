import { evaluateAngle, gate } from '@ketwork/circuit';
import type { Circuit, Control, GateOp, MatrixOp, Op } from '@ketwork/circuit';

/** A run of a circuit: the classical bits it ended with, and the state, whose squared norm is the probability of the run. */
export interface Branch {
  readonly state: Float64Array;
  readonly bits: readonly number[];
}

/** What a run begins with. */
export interface Start {
  /** Amplitudes, interleaved re, im; |0…0⟩ when absent. They are normalised. */
  readonly input?: readonly number[];
  /** Values of scalar slots. */
  readonly values?: Readonly<Record<string, ArrayLike<number>>>;
}

/** Branches below this probability are dropped. */
const NEGLIGIBLE = 1e-15;

/** Runs a circuit straight from the definitions: all branches of all measurements, with the matrices of the gate table. */
export function run(circuit: Circuit, start: Start = {}): readonly [Branch, ...Branch[]] {
  const { qubits } = circuit;
  const state = new Float64Array(2 * 2 ** qubits);
  if (start.input === undefined) state[0] = 1;
  else {
    const norm = Math.hypot(...start.input);
    start.input.forEach((x, i) => (state[i] = x / norm));
  }
  const first: Branch = { state, bits: Array.from({ length: circuit.bits }, () => 0) };
  const branches = all(circuit.ops, [first], qubits, start.values ?? {});
  return branches as [Branch, ...Branch[]];
}

/** Probabilities of the classical bits, keyed by the bits, first one leftmost. */
export function distribution(branches: readonly Branch[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { state, bits } of branches) {
    const key = bits.join('');
    sums[key] = (sums[key] ?? 0) + squaredNorm(state);
  }
  return sums;
}

type Values = Readonly<Record<string, ArrayLike<number>>>;

function squaredNorm(state: Float64Array): number {
  return state.reduce((sum, x) => sum + x * x, 0);
}

function all(
  ops: readonly Op[],
  from: readonly Branch[],
  qubits: number,
  values: Values,
): readonly Branch[] {
  return ops.reduce<readonly Branch[]>(
    (branches, op) => branches.flatMap((branch) => step(op, branch, qubits, values)),
    from,
  );
}

function step(op: Op, branch: Branch, qubits: number, values: Values): readonly Branch[] {
  switch (op.type) {
    case 'barrier':
      return [branch];
    case 'gate':
    case 'matrix':
      return [{ ...branch, state: applied(op, branch.state, qubits, values) }];
    case 'measure':
      return ([0, 1] as const).flatMap((outcome) => {
        const state = projected(branch.state, op.qubit, outcome, qubits);
        const bits = branch.bits.with(op.bit, outcome);
        return squaredNorm(state) < NEGLIGIBLE ? [] : [{ state, bits }];
      });
    case 'reset':
      return op.qubits.reduce<readonly Branch[]>(
        (branches, qubit) =>
          branches.flatMap(({ state, bits }) => [
            ...[projected(state, qubit, 0, qubits)]
              .filter((x) => squaredNorm(x) >= NEGLIGIBLE)
              .map((x) => ({ state: x, bits })),
            ...[projected(state, qubit, 1, qubits)]
              .filter((x) => squaredNorm(x) >= NEGLIGIBLE)
              .map((x) => ({
                state: acted([0, 0, 1, 0, 1, 0, 0, 0], [qubit], [], x, qubits),
                bits,
              })),
          ]),
        [branch],
      );
    case 'conditional': {
      const { condition, then, otherwise, repeat } = op;
      const holds = ({ bits }: Branch): boolean =>
        condition.bits.every((bit, i) => bits[bit] === Math.floor(condition.value / 2 ** i) % 2);
      if (repeat === undefined)
        return all(holds(branch) ? then : otherwise, [branch], qubits, values);
      const ended: Branch[] = [];
      let open: readonly Branch[] = [branch];
      for (let round = 0; round < repeat && open.length > 0; round++) {
        ended.push(...open.filter((one) => !holds(one)));
        open = all(then, open.filter(holds), qubits, values);
      }
      return [...ended, ...open];
    }
    default:
      throw new Error(`no ${op.type} here`);
  }
}

function applied(
  op: GateOp | MatrixOp,
  state: Float64Array,
  qubits: number,
  values: Values,
): Float64Array {
  if (op.type === 'matrix') return acted(op.matrix, op.qubits, op.controls, state, qubits);
  const angles = op.angles.map((angle) =>
    evaluateAngle(angle, (slot, index) => values[slot]![index]!),
  );
  const word = op.word ?? 'Z'.repeat(op.qubits.length);
  return acted(gate(op.gate).matrix(angles, word), op.qubits, op.controls, state, qubits);
}

/** A matrix on some qubits where the controls hold. */
function acted(
  matrix: ArrayLike<number>,
  on: readonly number[],
  controls: readonly Control[],
  state: Float64Array,
  qubits: number,
): Float64Array {
  const mask = (qubit: number): number => 2 ** (qubits - 1 - qubit);
  const size = 2 ** on.length;
  const offsets = Array.from({ length: size }, (_, k) =>
    on.reduce(
      (sum, qubit, i) => sum + (Math.floor(k / 2 ** (on.length - 1 - i)) % 2) * mask(qubit),
      0,
    ),
  );
  const out = state.slice();
  for (let base = 0; base < state.length / 2; base++) {
    if (on.some((qubit) => (base & mask(qubit)) !== 0)) continue;
    if (controls.some(({ qubit, value }) => ((base & mask(qubit)) !== 0) !== (value === 1)))
      continue;
    for (let k = 0; k < size; k++) {
      let [re, im] = [0, 0];
      for (let j = 0; j < size; j++) {
        const [a, b] = [matrix[2 * (k * size + j)]!, matrix[2 * (k * size + j) + 1]!];
        const from = 2 * (base + offsets[j]!);
        re += a * state[from]! - b * state[from + 1]!;
        im += a * state[from + 1]! + b * state[from]!;
      }
      out[2 * (base + offsets[k]!)] = re;
      out[2 * (base + offsets[k]!) + 1] = im;
    }
  }
  return out;
}

function projected(
  state: Float64Array,
  qubit: number,
  outcome: 0 | 1,
  qubits: number,
): Float64Array {
  const mask = 2 ** (qubits - 1 - qubit);
  return state.map((x, i) => (((Math.floor(i / 2) & mask) !== 0) === (outcome === 1) ? x : 0));
}
