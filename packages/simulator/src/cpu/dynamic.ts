/** How the CPU engine runs circuits with measurements, resets and conditionals. */
import type { Circuit, Measurement } from '@ketwork/circuit';
import { isSampled } from '../compile.ts';
import type { CheckedProgram } from '../compile.ts';
import type { CompileOptions, Engine, Measurements, Program } from '../contract.ts';
import { drawnTrajectories } from '../deferred/held.ts';
import { DeferredProgram } from '../deferred/program.ts';
import type { PlainProgram } from '../deferred/program.ts';
import { DeferredShots } from '../deferred/shots.ts';
import { SampledProgram } from '../trajectories/program.ts';

/** A program that workers may be able to share. */
export type CpuWork<Names extends string, M extends Measurements> = Program<Names, M> & {
  /** Whether several workers can run the program on one state. */
  readonly divisible?: boolean;
};

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
  if (!checked.measurements.some((m) => isSampled(m, options)))
    return new DeferredProgram(circuit, measurements, checked, settings);
  const shots = drawnTrajectories(circuit, checked, options, maxQubits);
  if (shots !== undefined) {
    const how = { trajectories: shots, seed: 0, engine, fused, capabilities };
    return new SampledProgram(circuit, measurements, options, how);
  }
  // Exact probabilities of what shots need: of bits, by a deferred circuit again.
  return new DeferredShots(circuit, measurements, options, checked, settings);
}
