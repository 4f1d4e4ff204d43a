import { circuit, decompose } from '@ketwork/circuit';
import type { GateOp } from '@ketwork/circuit';

/** A unitary matrix on several qubits as gates RZ, RY and CNOT on qubits 0, 1, …, and the global phase they leave out. */
export function matrixGates(
  matrix: readonly number[],
  qubits: number,
): { readonly ops: readonly GateOp[]; readonly phase: number } {
  const all = Array.from({ length: qubits }, (_, i) => i);
  const whole = circuit(qubits, (q) => q.unitary([...matrix], all));
  const ops = decompose(whole, { basis: ['RZ', 'RY', 'CNOT'] }).ops as readonly GateOp[];
  // The first column of the matrix, against what the gates make of |0…0⟩.
  const state = new Float64Array(2 ** (qubits + 1));
  state[0] = 1;
  for (const op of ops) apply(state, op, qubits);
  let re = 0;
  let im = 0;
  for (let row = 0; row < 2 ** qubits; row++) {
    const [a, b] = [matrix[2 * row * 2 ** qubits]!, matrix[2 * row * 2 ** qubits + 1]!];
    const [c, d] = [state[2 * row]!, state[2 * row + 1]!];
    re += c * a + d * b;
    im += c * b - d * a;
  }
  return { ops, phase: Math.atan2(im, re) };
}

/** RZ, RY or CNOT on a state, interleaved re, im, qubit 0 the most significant. */
function apply(state: Float64Array, { gate, qubits, angles }: GateOp, n: number): void {
  const bit = 2 ** (n - 1 - qubits.at(-1)!);
  const control = gate === 'CNOT' ? 2 ** (n - 1 - qubits[0]!) : 0;
  const [cos, sin] = [Math.cos((angles[0] as number) / 2), Math.sin((angles[0] as number) / 2)];
  for (let low = 0; low < 2 ** n; low++) {
    if ((low & bit) !== 0 || (low & control) !== control) continue;
    const [i, j] = [2 * low, 2 * (low | bit)];
    const [a, b, c, d] = [state[i]!, state[i + 1]!, state[j]!, state[j + 1]!];
    if (gate === 'CNOT') state.set([c, d], i);
    else if (gate === 'RY') state.set([cos * a - sin * c, cos * b - sin * d], i);
    else state.set([cos * a + sin * b, cos * b - sin * a], i);
    if (gate === 'CNOT') state.set([a, b], j);
    else if (gate === 'RY') state.set([sin * a + cos * c, sin * b + cos * d], j);
    else state.set([cos * c - sin * d, cos * d + sin * c], j);
  }
}
