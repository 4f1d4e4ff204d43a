import {
  cpu,
  crossEntropy,
  differentiate,
  inputGradients,
  key,
  lossValues,
  normal,
  reference,
  state,
  uniform,
} from 'ketwork';
import { ANGLES, MEASURED, QUBITS, REDUCED, ansatz, hybrid } from './models.ts';

const SIZE = 2 ** QUBITS;

/** Largest errors of the circuit over some random inputs. */
export interface CircuitErrors {
  /** Of ⟨Z⟩. */
  readonly values: number;
  /** Of its gradient with respect to the sixteen numbers, from the formula. */
  readonly gradient: number;
  /** Of the same, from central differences. */
  readonly differences: number;
  /** Of the gradient of the loss with respect to pixels, through the whole hybrid, from central differences. */
  readonly network: number;
}

/**
 * Checks values and input gradients of the circuit. For real a the value is aᵀMa / aᵀa with M = Re(U† Z U), and its gradient
 * 2 (Ma - value · a) / aᵀa; U comes from another engine, basis state by basis state.
 */
export async function circuitErrors(seed: number, count: number): Promise<CircuitErrors> {
  const w = uniform(key(seed), ANGLES, { low: -Math.PI, high: Math.PI });
  const x = uniform(key(seed + 1), count * SIZE);
  using columns = reference().compile(ansatz(), state());
  const basis = Float64Array.from({ length: SIZE * SIZE }, (_, i) =>
    i % (SIZE + 1) === 0 ? 1 : 0,
  );
  const unitary = columns.run({ x: basis, w });
  using program = differentiate(await cpu(), ansatz(), MEASURED);
  const found = program.run({ x, w });
  let [values, gradient, differences] = [0, 0, 0];
  for (let qubit = 0; qubit < QUBITS; qubit++) {
    const matrix = observableMatrix(unitary, qubit);
    const dy = Float64Array.from({ length: count * QUBITS }, (_, i) =>
      i % QUBITS === qubit ? 1 : 0,
    );
    const { x: grads } = program.vjp({ x, w }, dy);
    for (let e = 0; e < count; e++) {
      const a = x.subarray(e * SIZE, (e + 1) * SIZE);
      const value = quotient(matrix, a);
      values = Math.max(values, Math.abs(found[e * QUBITS + qubit]! - value));
      const norm = a.reduce((sum, v) => sum + v * v, 0);
      for (let i = 0; i < SIZE; i++) {
        const product = a.reduce((sum, v, j) => sum + matrix[i * SIZE + j]! * v, 0);
        const exact = (2 * (product - value * a[i]!)) / norm;
        const slope = (at(matrix, a, i, 1e-5) - at(matrix, a, i, -1e-5)) / 2e-5;
        const got = grads![e * SIZE + i]!;
        gradient = Math.max(gradient, Math.abs(got - exact));
        differences = Math.max(differences, Math.abs(got - slope));
      }
    }
  }
  return { values, gradient, differences, network: await networkError(seed) };
}

/** Largest error of the gradient through the whole network, along random directions. */
async function networkError(seed: number): Promise<number> {
  const count = 8;
  const model = hybrid(REDUCED);
  const pixels = REDUCED.inputShape.reduce((a, b) => a * b);
  const network = model.build(REDUCED.inputShape, seed);
  network.bind!(await cpu());
  const x = uniform(key(seed + 2), count * pixels);
  const y = Array.from({ length: count }, (_, e) => e);
  const direction = normal(key(seed + 3), count * pixels);
  const { grads } = await inputGradients(network, crossEntropy)({ x, y });
  const losses = async (step: number): Promise<Float64Array> => {
    const moved = x.map((value, i) => value + step * direction[i]!);
    return (await lossValues(network, crossEntropy)({ x: moved, y })).losses;
  };
  const [up, down] = [await losses(1e-6), await losses(-1e-6)];
  let error = 0;
  for (let e = 0; e < count; e++) {
    let slope = 0;
    for (let i = e * pixels; i < (e + 1) * pixels; i++) slope += grads[i]! * direction[i]!;
    error = Math.max(error, Math.abs(slope - (up[e]! - down[e]!) / 2e-6));
  }
  return error;
}

/** Re(U† Z U) of one qubit, from the rows U|b⟩ with interleaved real and imaginary parts. */
function observableMatrix(columns: ArrayLike<number>, qubit: number): Float64Array {
  const matrix = new Float64Array(SIZE * SIZE);
  for (let i = 0; i < SIZE; i++) {
    for (let j = 0; j < SIZE; j++) {
      for (let k = 0; k < SIZE; k++) {
        const sign = ((k >> (QUBITS - 1 - qubit)) & 1) === 0 ? 1 : -1;
        const [left, right] = [2 * (i * SIZE + k), 2 * (j * SIZE + k)];
        const real = columns[left]! * columns[right]! + columns[left + 1]! * columns[right + 1]!;
        matrix[i * SIZE + j]! += sign * real;
      }
    }
  }
  return matrix;
}

/** aᵀMa / aᵀa. */
function quotient(matrix: Float64Array, a: Float64Array): number {
  let [value, norm] = [0, 0];
  for (let i = 0; i < SIZE; i++) {
    norm += a[i]! * a[i]!;
    for (let j = 0; j < SIZE; j++) value += a[i]! * matrix[i * SIZE + j]! * a[j]!;
  }
  return value / norm;
}

/** The same with one number moved. */
function at(matrix: Float64Array, a: Float64Array, i: number, step: number): number {
  return quotient(matrix, a.with(i, a[i]! + step));
}
