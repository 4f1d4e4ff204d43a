import { adjoint, identity, multiply, rotationMatrix } from '../gates/matrix.ts';
import { gate, gates } from '../gates/table.ts';
import { sumOf } from '../expression.ts';
import { primitives } from '../gates/primitives.ts';
import { bitsOf, deepFrozen, qubitsOf } from '../ops.ts';
import type { Circuit, Control, GateOp, MatrixOp, Op } from '../types.ts';
import { checkCircuit } from '../validate.ts';
import { commute } from './commute.ts';
import { eulerAngles } from './euler.ts';

/** Options of {@link optimize}. */
export interface OptimizeOptions {
  /**
   * Gate into which runs of constant gates on one qubit are fused where that makes fewer: `U3` by default, `none` to keep
   * the gates as they are.
   */
  readonly fuse?: 'U3' | 'Rot' | 'none';
}

/** Angles below are zero. */
const SMALL = 1e-12;

/** How far an operation is moved forward in search of a partner. */
const REACH = 200;

/**
 * The circuit in fewer operations, equal up to a global phase: neighbours that undo each other are dropped and
 * rotations of one kind added, also across operations that commute with them; rotations by nothing are dropped, and runs
 * of constant gates on one qubit become one. Angles stay expressions of slots. Nothing moves across barriers,
 * measurements, resets, channels or conditionals on the same qubits.
 *
 * @example
 * ```ts
 * import { circuit, optimize } from '@ketwork/circuit';
 * const c = circuit(2, (q) => q.h(0).cnot(0, 1).rz(0.3, 0).cnot(0, 1).rz(-0.3, 0).h(0).h(1));
 * console.log(optimize(c).ops.map((op) => op.type === 'gate' && op.gate)); // [ 'H' ]
 * ```
 */
export function optimize<Names extends string>(
  circuit: Circuit<Names>,
  options: OptimizeOptions = {},
): Circuit<Names> {
  const { fuse = 'U3' } = options;
  const done = { ...circuit, ops: optimized(circuit.ops, fuse) };
  checkCircuit(done);
  return deepFrozen(done);
}

function optimized(ops: readonly Op[], fuse: 'U3' | 'Rot' | 'none'): readonly Op[] {
  let now = ops.map((op) =>
    op.type === 'conditional'
      ? { ...op, then: optimized(op.then, fuse), otherwise: optimized(op.otherwise, fuse) }
      : op,
  );
  for (let before = Infinity; now.length < before;) {
    before = now.length;
    now = cancelled(now);
    if (fuse !== 'none') now = fused(now, fuse);
  }
  return now;
}

/** Takes every operation back towards the start until it meets a partner or something it does not commute with. */
function cancelled(ops: readonly Op[]): Op[] {
  const out: Op[] = [];
  for (const op of ops) {
    if (isNothing(op)) continue;
    let done = false;
    for (let i = out.length - 1; i >= 0 && i >= out.length - REACH; i--) {
      const earlier = out[i]!;
      const joined = together(earlier, op);
      if (joined !== undefined) {
        out.splice(i, 1, ...joined);
        done = true;
        break;
      }
      if (!independent(earlier, op) && !commute(earlier, op)) break;
    }
    if (!done) out.push(op);
  }
  return out;
}

function independent(a: Op, b: Op): boolean {
  const qubits = new Set(qubitsOf(a));
  if (qubitsOf(b).some((qubit) => qubits.has(qubit))) return false;
  const bits = new Set(bitsOf(a));
  return !bitsOf(b).some((bit) => bits.has(bit));
}

/** What two operations next to each other make: nothing, one operation, or undefined where they stay two. */
function together(a: Op, b: Op): Op[] | undefined {
  if (a.type === 'matrix' && b.type === 'matrix') {
    if (!a.unitary || !b.unitary || !sameWires(a, b, false)) return undefined;
    const product = multiply(b.matrix, a.matrix);
    const rest = product.map((x, i) => x - identity(Math.sqrt(product.length / 2))[i]!);
    return rest.every((x) => Math.abs(x) < SMALL) ? [] : undefined;
  }
  if (a.type !== 'gate' || b.type !== 'gate' || a.word !== b.word) return undefined;
  const row = gate(a.gate);
  if (!sameWires(a, b, isSymmetric(a.gate))) return undefined;
  const inverse = row.inverse(a.angles);
  if (inverse.gate === b.gate && JSON.stringify(inverse.angles) === JSON.stringify(b.angles)) {
    return [];
  }
  if (a.gate !== b.gate || row.parameters.length !== 1) return undefined;
  const sum: GateOp = { ...a, angles: [sumOf(a.angles[0]!, b.angles[0]!)] };
  return isNothing(sum) ? [] : [sum];
}

function sameWires(a: GateOp | MatrixOp, b: GateOp | MatrixOp, symmetric: boolean): boolean {
  const list = (op: GateOp | MatrixOp): number[] =>
    symmetric ? [...op.qubits].sort((x, y) => x - y) : [...op.qubits];
  const controls = (op: GateOp | MatrixOp): string =>
    op.controls
      .map(({ qubit, value }: Control) => `${qubit}:${value}`)
      .sort()
      .join(' ');
  return list(a).join(' ') === list(b).join(' ') && controls(a) === controls(b);
}

/** Gates on two qubits whose qubits may change places. */
const SYMMETRIC: ReadonlySet<string> = new Set(
  gates
    .filter(({ qubits }) => qubits === 2)
    .filter((row) => {
      const m = row.matrix(row.parameters.map((_, i) => 0.7 + i));
      const swapped = [0, 2, 1, 3];
      return m.every((x, i) => {
        const [entry, part] = [i >> 1, i & 1];
        const other = 4 * swapped[entry >> 2]! + swapped[entry & 3]!;
        return Math.abs(x - m[2 * other + part]!) < SMALL;
      });
    })
    .map(({ name }) => name),
);

function isSymmetric(name: string): boolean {
  return SYMMETRIC.has(name) || name === 'CCZ' || name === 'MultiRZ';
}

/** Whether an operation changes nothing but perhaps the global phase. */
function isNothing(op: Op): boolean {
  if (op.type !== 'gate') return false;
  if (op.gate === 'I') return true;
  const row = gate(op.gate);
  if (op.gate === 'GPhase') return op.controls.length === 0;
  if (row.parameters.length !== 1) return false;
  const [angle] = op.angles;
  if (typeof angle !== 'number') return false;
  // A rotation by a whole turn is -1: a global phase, unless it is controlled.
  const controlled = row.controls + op.controls.length > 0;
  const rotation = row.parameters[0]!.generator.type === 'pauli';
  const period = rotation && controlled ? 4 * Math.PI : 2 * Math.PI;
  return Math.abs(angle - period * Math.round(angle / period)) < SMALL;
}

/** Runs of at least two constant gates on one qubit become one gate. */
function fused(ops: readonly Op[], name: 'U3' | 'Rot'): Op[] {
  const out: (Op | undefined)[] = [];
  const runs = new Map<number, number[]>();
  const close = (qubit: number): void => {
    const run = runs.get(qubit);
    runs.delete(qubit);
    if (run === undefined || run.length < 2) return;
    const matrix = run.reduce<Float64Array>(
      (product, i) => multiply(matrixOf(out[i]!)!, product),
      identity(2),
    );
    for (const i of run) out[i] = undefined;
    out[run[0]!] = singleGate(matrix, qubit, name);
  };
  for (const op of ops) {
    const single = matrixOf(op);
    const at = out.push(op) - 1;
    if (single === undefined) {
      for (const qubit of qubitsOf(op)) close(qubit);
      continue;
    }
    const [qubit] = qubitsOf(op) as [number];
    const run = runs.get(qubit);
    if (run === undefined) runs.set(qubit, [at]);
    else run.push(at);
  }
  for (const qubit of runs.keys()) close(qubit);
  return out.filter((op) => op !== undefined);
}

/** The matrix of a constant operation on one qubit without controls. */
function matrixOf(op: Op): Float64Array | undefined {
  if ((op.type !== 'gate' && op.type !== 'matrix') || op.qubits.length !== 1) return undefined;
  if (op.controls.length > 0 || (op.type === 'matrix' && !op.unitary)) return undefined;
  if (op.type === 'gate' && !op.angles.every((angle) => typeof angle === 'number'))
    return undefined;
  return primitives(op).reduce<Float64Array>((product, p) => {
    if (p.type === 'matrix') return multiply(p.matrix, product);
    const angle = p.angle as number;
    const turn =
      p.type === 'rotation'
        ? rotationMatrix(p.word, angle)
        : Float64Array.of(1, 0, 0, 0, 0, 0, Math.cos(angle), Math.sin(angle));
    return multiply(p.qubits.length === 0 ? identity(2) : turn, product);
  }, identity(2));
}

/** A matrix as one gate up to a global phase: a named one, RZ, U3 or Rot; nothing for the identity. */
function singleGate(matrix: Float64Array, qubit: number, name: 'U3' | 'Rot'): GateOp | undefined {
  const make = (gateName: string, angles: readonly number[]): GateOp => ({
    type: 'gate',
    gate: gateName,
    qubits: [qubit],
    angles,
    controls: [],
  });
  const named = CONSTANTS.find((row) => equal(row.matrix([]), matrix));
  if (named !== undefined) return named.name === 'I' ? undefined : make(named.name, []);
  const { phi, theta, lambda } = eulerAngles(matrix);
  if (Math.abs(theta) < SMALL) return make('RZ', [phi + lambda]);
  return name === 'U3' ? make('U3', [theta, phi, lambda]) : make('Rot', [lambda, theta, phi]);
}

const CONSTANTS = gates.filter((row) => row.qubits === 1 && row.parameters.length === 0);

/** Whether two unitaries on one qubit are equal up to a phase. */
function equal(a: Float64Array, b: Float64Array): boolean {
  const product = multiply(adjoint(a), b);
  return (
    Math.hypot(product[2]!, product[3]!) < SMALL &&
    Math.hypot(product[4]!, product[5]!) < SMALL &&
    Math.hypot(product[0]! - product[6]!, product[1]! - product[7]!) < SMALL
  );
}
