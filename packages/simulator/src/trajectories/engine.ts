import { ValueError, wasmFeatures } from '@ketwork/base';
import type { Circuit } from '@ketwork/circuit';
import type { Capabilities, CompileOptions, Engine, Measurements } from '../contract.ts';
import { checkAlive } from '../calls.ts';
import { cpu } from '../cpu/engine.ts';
import type { AsyncTrajectoryEngine, TrajectoryEngine, TrajectoryProgram } from './contract.ts';
import { SampledProgram } from './program.ts';
import { threadedTrajectories } from './threaded.ts';

/** Options of {@link trajectories}. */
export interface TrajectoriesOptions {
  /** Trajectories over which results are averaged. Default 1000. */
  readonly trajectories?: number;
  /** Seed of runs that name none, an integer from 0 to 2^53 - 1. Default 0. */
  readonly seed?: number;
  /** Same bits on every machine, see {@link CpuOptions.reproducible}. Default false. */
  readonly reproducible?: boolean;
  /**
   * Worker threads. 0 (the default) runs in the calling thread, synchronously; from 1 on programs return promises, and
   * workers share the trajectories of every run without shots. Results have the same bits for any number. Shots and
   * gradients run on one worker.
   */
  readonly threads?: number;
}

/** What an engine in one thread needs to know. */
type Settings = Required<Omit<TrajectoriesOptions, 'threads'>>;

/** What the engine can do. */
export const trajectoryCapabilities: Capabilities = {
  engine: 'trajectories',
  precision: ['f64'],
  maxQubits: 26,
  ops: [
    'gate',
    'matrix',
    'evolution',
    'statePreparation',
    'channel',
    'measure',
    'reset',
    'conditional',
    'barrier',
  ],
  gates: 'all',
  evolutionDrift: true,
  bits: true,
  analytic: ['expval', 'variance', 'probabilities', 'successProbability'],
  shots: ['expval', 'variance', 'probabilities', 'samples', 'counts', 'successProbability'],
  adjoint: [],
};

/** Compiles for the CPU engine, which runs what has no noise. */
class SampledEngine implements TrajectoryEngine {
  readonly name = 'trajectories';
  readonly synchronous = true;
  readonly capabilities: Capabilities = trajectoryCapabilities;
  readonly #engine: Engine;
  readonly #options: Settings;
  #disposed = false;

  constructor(engine: Engine, options: Settings) {
    this.#engine = engine;
    this.#options = options;
  }

  compile<Names extends string, const M extends Measurements>(
    circuit: Circuit<Names>,
    measurements: M,
    options: CompileOptions = {},
  ): TrajectoryProgram<Names, M> {
    checkAlive(this.#disposed, 'engine');
    const { trajectories: number, seed, reproducible } = this.#options;
    return new SampledProgram(circuit, measurements, options, {
      trajectories: number,
      seed,
      engine: this.#engine,
      fused: wasmFeatures().relaxedSimd && !reproducible,
      capabilities: trajectoryCapabilities,
    });
  }

  dispose(): void {
    this.#disposed = true;
    this.#engine.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * Quantum trajectories (Dalibard, Castin, Mølmer, Phys. Rev. Lett. 68, 580, 1992): circuits with noise channels, measurements,
 * resets and feedback are run many times on statevectors, which choose a branch at random wherever there are several.
 * Means over trajectories estimate what a density matrix gives, with standard errors (`program.runWithErrors`), in the
 * memory of a few statevectors. Samples and counts are one shot per trajectory. Trajectories that fail a post-selection
 * are discarded; shots go on until there are as many as asked for.
 *
 * Pauli noise (bit and phase flips, depolarizing, Pauli errors) in a circuit without measurements costs almost nothing:
 * errors are drawn first and moved to the end of the circuit, where they only have changed signs of angles (the Pauli
 * frame of Knill, Nature 434, 39, 2005). Such programs have `vjp` and `jacobian`, the exact derivatives of the estimate
 * with the same seed. All other trajectories share their state as long as they choose alike. Random numbers depend on
 * (seed, example, trajectory, place) only; the same seed gives the same results.
 *
 * @returns an engine for up to 26 qubits: synchronous in this thread, or with `threads` the same methods returning promises. `run` without shots averages over
 * `trajectories`; with shots, over as many trajectories, measured once each.
 * @throws ValueError for a number of trajectories, a seed or a number of threads out of range; UnsupportedError where
 * WebAssembly SIMD is missing; EnvironmentError where there are no workers.
 *
 * @example
 * ```ts
 * import { circuit, expval, Z } from '@ketwork/circuit';
 * import { trajectories } from '@ketwork/simulator';
 * const noisy = circuit(2, (q) => q.h(0).cnot(0, 1).depolarizing(0.1, [0, 1]));
 * const engine = await trajectories({ trajectories: 2000, seed: 7 });
 * const { values, errors } = engine.compile(noisy, expval(Z(0).mul(Z(1)))).runWithErrors();
 * console.log(values[0], errors[0]); // near 1 - 16/15 · 0.1 = 0.893, give or take 0.01
 * ```
 */
export function trajectories(
  options?: TrajectoriesOptions & { readonly threads?: 0 },
): Promise<TrajectoryEngine>;
export function trajectories<const Threads extends number>(
  options: TrajectoriesOptions & { readonly threads: Threads },
): Promise<0 extends Threads ? TrajectoryEngine | AsyncTrajectoryEngine : AsyncTrajectoryEngine>;
export function trajectories(
  options: TrajectoriesOptions,
): Promise<TrajectoryEngine | AsyncTrajectoryEngine>;
export async function trajectories(
  options: TrajectoriesOptions = {},
): Promise<TrajectoryEngine | AsyncTrajectoryEngine> {
  const { trajectories: number = 1000, seed = 0, reproducible = false, threads = 0 } = options;
  whole(number, 1, 2 ** 32 - 1, 'trajectories', 'Give a positive whole number, such as 1000');
  whole(seed, 0, Number.MAX_SAFE_INTEGER, 'seed', 'Give a whole number from 0 to 2^53 - 1');
  whole(threads, 0, 1024, 'threads', 'Use 0 (this thread) or a number of workers');
  const settings: Settings = { trajectories: number, seed, reproducible };
  if (threads > 0) return await threadedTrajectories(threads, number, settings);
  return new SampledEngine(await cpu({ reproducible }), settings);
}

function whole(value: number, least: number, most: number, what: string, remedy: string): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new ValueError(`trajectories got ${what}: ${String(value)}`, { remedy });
}
