import { key, sizeOf, UnsupportedError } from '@ketwork/base';
import type { Angle, Circuit } from '@ketwork/circuit';
import type { AsyncEngine, Engine, Measurements } from '@ketwork/simulator';
import { checkSlots } from '../columns.ts';
import { chooseMethod } from '../methods.ts';
import { shiftedCircuit } from '../shift/occurrences.ts';
import type { AsyncCircuitOptimizer, CircuitOptimizer } from './contract.ts';
import { trainedSlots } from './contract.ts';
import { costMeasurements, costsOf } from './costs.ts';
import { stepping } from './stepping.ts';
import { minimumOf, trigonometricRule } from './trigonometric.ts';
import type { TrigonometricRule } from './trigonometric.ts';

/** More frequencies in one weight are refused: each costs two runs and precision. */
const MAX_FREQUENCIES = 24;

/** Options of {@link rotosolve}. */
export interface RotosolveOptions<Names extends string = string> {
  /** Slots to train; by default all differentiable scalars that the batch shares. */
  readonly wrt?: readonly Names[];
  /** Estimate costs from this many shots per run; exact when absent. */
  readonly shots?: number;
  /** Seed of the shots. Default 0. */
  readonly seed?: number;
  /** Bytes that one run may take before it is cut into several; 256 MiB by default. */
  readonly memory?: number;
}

/**
 * Rotosolve: one weight after the other is moved to where the cost is lowest, which a few runs tell exactly. As a function
 * of one weight the cost is a trigonometric polynomial whose R frequencies follow from the gates that the weight enters, so
 * that 2R + 1 runs, one batch, determine it (Ostaszewski, Grant and Benedetti, Quantum 5, 391 (2021), for R = 1; Vidal and
 * Theis, arXiv:1812.06323, and Wierichs et al., Quantum 6, 677 (2022), for any R). No learning rate; the cost never rises
 * without shots. A step goes through all weights and returns the lowest cost of the last one.
 *
 * @throws UnsupportedError where a weight enters other than as a constant multiple, through channels, loops or evolutions
 * with too many frequencies, or for variances; what the engine's compile throws.
 *
 * @example
 * ```ts
 * import { circuit, expval, weight, X, Z } from '@ketwork/circuit';
 * import { rotosolve } from '@ketwork/gradients';
 * import { reference } from '@ketwork/simulator';
 * const ansatz = circuit(2, { w: weight([2]) }, (q, { w }) => q.ry(w.at(0), 0).ry(w.at(1), 1).cnot(0, 1));
 * const optimizer = rotosolve(reference(), ansatz, expval(Z(0).mul(Z(1)).add(X(0), X(1)).scale(-1)));
 * const values = { w: Float64Array.of(0.3, 0.4) };
 * const state = optimizer.init();
 * for (let i = 0; i < 20; i++) optimizer.step(values, state);
 * console.log(optimizer.step(values, state).toFixed(3)); // -2.236
 * ```
 */
export function rotosolve<Names extends string>(
  engine: Engine,
  circuit: Circuit<Names>,
  measurements: Measurements,
  options?: RotosolveOptions<Names>,
): CircuitOptimizer<Names>;
export function rotosolve<Names extends string>(
  engine: AsyncEngine,
  circuit: Circuit<Names>,
  measurements: Measurements,
  options?: RotosolveOptions<Names>,
): AsyncCircuitOptimizer<Names>;
export function rotosolve<Names extends string>(
  engine: Engine | AsyncEngine,
  circuit: Circuit<Names>,
  measurements: Measurements,
  options: RotosolveOptions<Names> = {},
): CircuitOptimizer<Names> | AsyncCircuitOptimizer<Names> {
  const name = 'rotosolve';
  const { seed = 0, memory = 2 ** 28 } = options;
  key(seed);
  const compile = options.shots === undefined ? {} : { shots: options.shots };
  const list = costMeasurements(name, circuit, measurements, compile, engine.capabilities, [
    'expval',
    'probabilities',
  ]);
  const trained = trainedSlots(name, circuit, options.wrt);
  // What holds for shift rules holds here: results linear in the density matrix, angles with known frequencies.
  chooseMethod('parameter-shift', circuit, list, options.shots !== undefined, engine.capabilities);
  const shifted = shiftedCircuit(circuit);
  checkSlots(name, trained, shifted.obstacles, []);
  const rules = new Map<string, TrigonometricRule>();
  const places = trained.flatMap((slot) =>
    Array.from({ length: sizeOf(slot.shape) }, (_, index) => {
      const frequencies = frequenciesOf(shifted.occurrences, slot.name, index);
      if (frequencies.length === 0) return undefined;
      const text = frequencies.join(' ');
      const rule = rules.get(text) ?? trigonometricRule(frequencies);
      rules.set(text, rule);
      return rule;
    }),
  );
  const costs = costsOf(circuit, list, trained, memory);
  return stepping(engine, {
    name,
    settings: { seed, ...compile },
    circuit,
    trained,
    variations: [costs.variation],
    compile,
    *step(numbers, values, { step }) {
      let now = numbers;
      let cost: number | undefined;
      for (const [i, rule] of places.entries()) {
        // A weight that nothing depends on stays where it is.
        if (rule === undefined) continue;
        const start = now;
        const candidates = rule.points.map((point) =>
          start.map((x, k) => (k === i ? x + point : x)),
        );
        const found = yield* costs.at(candidates, values, {
          program: 0,
          seed,
          stream: step * places.length + i,
        });
        const { at, value } = minimumOf(rule, found);
        now = start.map((x, k) => (k === i ? x + at : x));
        cost = value;
      }
      if (cost === undefined) {
        const [only] = yield* costs.at([now], values, { program: 0, seed, stream: step });
        cost = only!;
      }
      return { numbers: now, cost };
    },
  });
}

/** Frequencies of a cost as a function of one weight: all sums and differences of those of the angles it enters. */
function frequenciesOf(
  occurrences: ReturnType<typeof shiftedCircuit>['occurrences'],
  slot: string,
  index: number,
): number[] {
  let sums = [0];
  for (const { angle, operation, slots, frequencies } of occurrences) {
    if (!slots.has(slot)) continue;
    const factor = factorOf(angle, slot, index);
    const refuse = (why: string, remedy: string): never => {
      throw new UnsupportedError(
        `rotosolve cannot train element ${index} of slot '${slot}': ${why}`,
        {
          operation,
          remedy,
        },
      );
    };
    const remedy = 'Use quantumNaturalGradient or spsaOptimizer, or leave the slot out of wrt';
    if (factor === undefined)
      return refuse('an angle depends on it other than as a constant multiple', remedy);
    if (factor === 0) continue;
    if (frequencies === undefined)
      return refuse('it enters an evolution with too many frequencies', remedy);
    const own = [0, ...frequencies.flatMap((w) => [w * factor, -w * factor])];
    sums = distinct(sums.flatMap((a) => own.map((b) => a + b)));
    if (sums.length > 2 * MAX_FREQUENCIES + 1)
      return refuse(`the cost has more than ${MAX_FREQUENCIES} frequencies in it`, remedy);
  }
  return sums.filter((w) => w > 1e-9);
}

function distinct(list: readonly number[]): number[] {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted.filter((x, i) => i === 0 || x - sorted[i - 1]! > 1e-9);
}

/** The constant by which an angle grows with a slot element; undefined where it is no constant. */
function factorOf(angle: Angle, slot: string, index: number): number | undefined {
  if (typeof angle === 'number') return 0;
  if ('slot' in angle) return angle.slot === slot && angle.index === index ? 1 : 0;
  if ('add' in angle) {
    const parts = angle.add.map((part) => factorOf(part, slot, index));
    return parts.includes(undefined) ? undefined : parts.reduce<number>((sum, x) => sum + x!, 0);
  }
  const inside = 'mul' in angle ? angle.mul : [angle.of];
  const parts = inside.map((part) => factorOf(part, slot, index));
  if (parts.every((part) => part === 0)) return 0;
  if (!('mul' in angle) || parts.filter((part) => part !== 0).length > 1) return undefined;
  // One factor grows with the element; the others must be numbers.
  return angle.mul.reduce<number | undefined>((product, part, i) => {
    const own = parts[i] === 0 ? (typeof part === 'number' ? part : undefined) : parts[i];
    return product === undefined || own === undefined ? undefined : product * own;
  }, 1);
}
