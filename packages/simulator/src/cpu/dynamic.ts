/** How the CPU engine runs circuits with measurements, resets and conditionals. */
import { UnsupportedError } from '@ketwork/base';
import { deferMeasurements } from '@ketwork/circuit';
import type { Circuit, Measurement } from '@ketwork/circuit';
import { isSampled } from '../compile.ts';
import type { CheckedProgram } from '../compile.ts';
import type { CompileOptions, Engine, Measurements, Program } from '../contract.ts';
import { DeferredProgram } from '../deferred/program.ts';
import type { PlainProgram } from '../deferred/program.ts';
import { DeferredShots } from '../deferred/shots.ts';
import { isDynamic } from '../postselection.ts';
import { SampledProgram } from '../trajectories/program.ts';

/** A program that workers may be able to share. */
export type CpuWork<Names extends string, M extends Measurements> = Program<Names, M> & {
  /** Whether several workers can run the program on one state. */
  readonly divisible?: boolean;
};

/** Whether a program needs more than the map of a state: the circuit is dynamic, or classical bits are read. */
export function needsBits(circuit: Circuit, measurements: readonly Measurement[]): boolean {
  return isDynamic(circuit) || measurements.some((m) => 'bits' in m && m.bits !== undefined);
}

/** Up to so many qubits probabilities are exact in any case; beyond, where shots take longer than they. */
const SMALL = 12;

/**
 * Compiles a circuit with measurements, resets or conditionals: deferred to its end, exactly, and with shots drawn from
 * the probabilities; or, where only shots are asked for and deferring them takes many more qubits, as trajectories.
 */
export function compileDynamic<Names extends string, M extends Measurements>(
  circuit: Circuit<Names>,
  measurements: M,
  options: CompileOptions,
  checked: CheckedProgram,
  { engine, fused }: { readonly engine: Engine; readonly fused: boolean },
): CpuWork<Names, M> {
  const { capabilities } = engine;
  const { maxQubits } = capabilities;
  const compile = (c: Circuit, m: readonly Measurement[]): PlainProgram => engine.compile(c, m);
  const settings = { engine: 'cpu', maxQubits, compile };
  const sampled = checked.measurements.filter((m) => isSampled(m, options));
  if (sampled.length === 0) return new DeferredProgram(circuit, measurements, checked, settings);
  const shots = Math.max(options.shots ?? 1, ...sampled.map((m) => ('shots' in m ? m.shots : 1)));
  const all = sampled.length === checked.measurements.length;
  if (all && !fits(circuit, checked.measurements, shots, maxQubits)) {
    const how = { trajectories: shots, seed: 0, engine, fused, capabilities };
    return new SampledProgram(circuit, measurements, options, how);
  }
  // Exact probabilities of what shots need: of bits, by a deferred circuit again.
  return new DeferredShots(circuit, measurements, options, checked, settings);
}

/** Whether the deferred circuit is small enough, compared with as many states as there are shots. */
function fits(
  circuit: Circuit,
  read: readonly Measurement[],
  shots: number,
  maxQubits: number,
): boolean {
  try {
    const { qubits } = deferMeasurements(circuit, { read, maxQubits }).circuit;
    return qubits <= SMALL || 2 ** (qubits - circuit.qubits) <= shots;
  } catch (error) {
    if (error instanceof UnsupportedError) return false;
    throw error;
  }
}
