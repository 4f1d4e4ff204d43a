import type { Circuit } from '@ketwork/circuit';
import { isSampled } from '../compile.ts';
import type { CheckedProgram } from '../compile.ts';
import type { CompileOptions } from '../contract.ts';

/**
 * Seconds that a worker's part must be worth. Asking a worker costs about 65 microseconds to and fro, most of it in
 * the calling thread, which asks one after the other. On an idle machine with two cores, two workers broke even with one
 * at 100 microseconds of work and were 1.3 to 1.5 times as fast at 200; with one core taken, two always lost some 40.
 */
export const LEAST_WORK = 100e-6;

/** About what the CPU engine takes for one operation on one amplitude, in seconds; with the way back for gradients. */
const FORWARD = 0.1e-9;
const GRADIENT = 0.32e-9;
/** About what one result costs to write, move and join. */
const RESULT = 2e-9;
/** About what one shot costs. */
const SHOT = 30e-9;

/** What each method takes for one example, in seconds, roughly: enough to tell small batches from large ones. */
export interface Work {
  readonly run: number;
  readonly vjp: number;
  readonly jacobian: number;
}

/** Estimates the work of a program, of the circuit that is run for it, from constants measured in one thread of a laptop-like machine. */
export function estimateWork(
  circuit: Circuit,
  { measurements, outputSizes }: CheckedProgram,
  options: CompileOptions,
  precision: 'f64' | 'f32' = 'f64',
): Work {
  let steps = circuit.ops.length;
  for (const op of circuit.ops) {
    // Outside the kernels: two products with a matrix, and its eigenvalues.
    if (op.type !== 'evolution') continue;
    if ('slot' in op.generator || op.drift !== undefined) steps += 32 * 2 ** op.qubits.length;
  }
  let shots = 0;
  for (const m of measurements) {
    if (m.type === 'samples' || m.type === 'counts') shots += m.shots;
    else if (isSampled(m, options)) shots += options.shots ?? 0;
    if (m.type !== 'expval' && m.type !== 'variance') continue;
    for (const o of m.observables) steps += o.type === 'pauli' ? o.terms.length : 1;
  }
  // Below three qubits the work beside the amplitudes counts more than they do.
  // Vectors hold twice as many numbers of single precision.
  const work = (steps * (2 ** circuit.qubits + 8)) / (precision === 'f32' ? 2 : 1);
  const outputs = outputSizes.reduce((a, b) => a + b, 0);
  return {
    run: FORWARD * work + RESULT * outputs + SHOT * shots,
    vjp: GRADIENT * work + RESULT * outputs,
    jacobian: outputs * GRADIENT * work,
  };
}
