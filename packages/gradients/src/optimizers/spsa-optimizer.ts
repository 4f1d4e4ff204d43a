import { fold, key, sizeOf } from '@ketwork/base';
import type { Circuit } from '@ketwork/circuit';
import type { AsyncEngine, Engine, Measurements } from '@ketwork/simulator';
import { signs } from '../differences/spsa.ts';
import type { AsyncCircuitOptimizer, CircuitOptimizer } from './contract.ts';
import { checkSetting, trainedSlots } from './contract.ts';
import { costMeasurements, costsOf } from './costs.ts';
import { stepping } from './stepping.ts';

/** Streams of random numbers of a step. */
const DIRECTIONS = 0;
const SHOTS = 1;

/** Options of {@link spsaOptimizer}; step k (from 0) is `learningRate / (k + 1 + stability)^alpha`. */
export interface SpsaOptimizerOptions<Names extends string = string> {
  /** Slots to train; by default all differentiable scalars that the batch shares. */
  readonly wrt?: readonly Names[];
  /** Size of steps, a in the source. Default 0.2. */
  readonly learningRate?: number;
  /** Size of perturbations, `perturbation / (k + 1)^gamma`, c in the source. Default 0.2. */
  readonly perturbation?: number;
  /** Steps by which the decay of steps is delayed, about a tenth of all, A in the source. Default 10. */
  readonly stability?: number;
  /** Decay of steps. Default 0.602. */
  readonly alpha?: number;
  /** Decay of perturbations. Default 0.101. */
  readonly gamma?: number;
  /** Directions averaged in each step. Default 1. */
  readonly samples?: number;
  /** Estimate costs from this many shots per run; exact when absent. */
  readonly shots?: number;
  /** Seed of directions and shots. Default 0. */
  readonly seed?: number;
  /** Bytes that one run may take before it is cut into several; 256 MiB by default. */
  readonly memory?: number;
}

/**
 * Simultaneous perturbation stochastic approximation: each step moves along a random direction, by the difference of the
 * costs on both sides; two runs whatever the number of weights, and steps that shrink as noise demands (Spall, IEEE Trans.
 * Aerosp. Electron. Syst. 34, 817, 1998). `step` returns the mean of the costs it saw.
 *
 * @throws what the engine's compile throws; ValueError for a setting out of range.
 *
 * @example
 * ```ts
 * import { circuit, expval, weight, Z } from '@ketwork/circuit';
 * import { spsaOptimizer } from '@ketwork/gradients';
 * import { reference } from '@ketwork/simulator';
 * const turn = circuit(1, { w: weight([1]) }, (q, { w }) => q.ry(w.at(0), 0));
 * const optimizer = spsaOptimizer(reference(), turn, expval(Z(0)), { shots: 100, learningRate: 1 });
 * const values = { w: Float64Array.of(0.5) };
 * const state = optimizer.init();
 * for (let i = 0; i < 100; i++) optimizer.step(values, state);
 * console.log(Math.cos(values.w[0]!) < -0.95); // true
 * ```
 */
export function spsaOptimizer<Names extends string>(
  engine: Engine,
  circuit: Circuit<Names>,
  measurements: Measurements,
  options?: SpsaOptimizerOptions<Names>,
): CircuitOptimizer<Names>;
export function spsaOptimizer<Names extends string>(
  engine: AsyncEngine,
  circuit: Circuit<Names>,
  measurements: Measurements,
  options?: SpsaOptimizerOptions<Names>,
): AsyncCircuitOptimizer<Names>;
export function spsaOptimizer<Names extends string>(
  engine: Engine | AsyncEngine,
  circuit: Circuit<Names>,
  measurements: Measurements,
  options: SpsaOptimizerOptions<Names> = {},
): CircuitOptimizer<Names> | AsyncCircuitOptimizer<Names> {
  const name = 'spsaOptimizer';
  const { learningRate = 0.2, perturbation = 0.2, stability = 10 } = options;
  const { alpha = 0.602, gamma = 0.101, samples = 1, seed = 0, memory = 2 ** 28 } = options;
  checkSetting(name, 'learningRate', learningRate);
  checkSetting(name, 'perturbation', perturbation, { above: true });
  checkSetting(name, 'stability', stability);
  checkSetting(name, 'alpha', alpha);
  checkSetting(name, 'gamma', gamma);
  checkSetting(name, 'samples', samples, { above: true, whole: true });
  key(seed);
  const compile = options.shots === undefined ? {} : { shots: options.shots };
  const list = costMeasurements(name, circuit, measurements, compile, engine.capabilities);
  const trained = trainedSlots(name, circuit, options.wrt);
  const size = trained.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const costs = costsOf(circuit, list, trained, memory);
  return stepping(engine, {
    name,
    settings: {
      learningRate,
      perturbation,
      stability,
      alpha,
      gamma,
      samples,
      seed,
      ...compile,
    },
    circuit,
    trained,
    variations: [costs.variation],
    compile,
    *step(numbers, values, { step }) {
      const random = fold(key(seed), step);
      const directions = signs(fold(random, DIRECTIONS), samples * size);
      const c = perturbation / (step + 1) ** gamma;
      const rate = learningRate / (step + 1 + stability) ** alpha;
      const candidates = Array.from({ length: 2 * samples }, (_, k) =>
        numbers.map((x, i) => x + (k % 2 === 0 ? c : -c) * directions[(k >> 1) * size + i]!),
      );
      const found = yield* costs.at(candidates, values, {
        program: 0,
        seed,
        stream: stream(step, SHOTS),
      });
      const next = numbers.slice();
      for (let s = 0; s < samples; s++) {
        const slope = (found[2 * s]! - found[2 * s + 1]!) / (2 * c * samples);
        // Dividing by ±1 is multiplying by it.
        for (let i = 0; i < size; i++) next[i]! -= rate * slope * directions[s * size + i]!;
      }
      return { numbers: next, cost: found.reduce((a, b) => a + b, 0) / found.length };
    },
  });
}

/** A stream of shots for each step and purpose. */
export function stream(step: number, purpose: number): number {
  return 4 * step + purpose;
}
