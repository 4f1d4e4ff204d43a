import { fold, key, sizeOf, UnsupportedError } from '@ketwork/base';
import { inverse, projector } from '@ketwork/circuit';
import type { Circuit, Slot } from '@ketwork/circuit';
import type { AsyncEngine, Engine, Measurements } from '@ketwork/simulator';
import { signs } from '../differences/spsa.ts';
import type { AsyncCircuitOptimizer, CircuitOptimizer } from './contract.ts';
import { checkSetting, trainedSlots } from './contract.ts';
import { costMeasurements, costsOf } from './costs.ts';
import { stream } from './spsa-optimizer.ts';
import { stepping } from './stepping.ts';
import { solveSymmetric } from './symmetric.ts';

/** Streams of random numbers of a step. */
const DIRECTIONS = 0;
const COSTS = 1;
const OVERLAPS = 2;

/** Options of {@link qnSpsa}. */
export interface QnSpsaOptions<Names extends string = string> {
  /** Slots to train; by default all differentiable scalars that the batch shares. */
  readonly wrt?: readonly Names[];
  /** Times the natural gradient, subtracted. Default 0.01. */
  readonly learningRate?: number;
  /** Size of perturbations. Default 0.1. */
  readonly perturbation?: number;
  /** Added to the eigenvalues of the averaged metric tensor. Default 0.01. */
  readonly regularization?: number;
  /** Samples of gradient and metric tensor averaged in each step. Default 1. */
  readonly samples?: number;
  /** Estimate costs and overlaps from this many shots per run; exact when absent. */
  readonly shots?: number;
  /** Seed of directions and shots. Default 0. */
  readonly seed?: number;
  /** Bytes that one run may take before it is cut into several; 256 MiB by default. */
  readonly memory?: number;
}

/**
 * Quantum natural SPSA (Gacon, Zoufal, Carleo and Woerner, Quantum 5, 567 (2021)): the natural gradient with gradient and
 * metric tensor estimated along random directions, from two costs and four overlaps `|⟨ψ(θ)|ψ(θ')⟩|²` a step, whatever the
 * number of weights. The tensor is averaged over all steps so far (state: `metric`). `step` returns the mean of the costs
 * it saw.
 *
 * @throws UnsupportedError for circuits that cannot be run backwards; what the engine's compile throws; ValueError for a
 * setting out of range.
 *
 * @example
 * ```ts
 * import { circuit, expval, weight, Z } from '@ketwork/circuit';
 * import { qnSpsa } from '@ketwork/gradients';
 * import { reference } from '@ketwork/simulator';
 * const turn = circuit(1, { w: weight([1]) }, (q, { w }) => q.ry(w.at(0), 0));
 * const optimizer = qnSpsa(reference(), turn, expval(Z(0)), { learningRate: 0.05 });
 * const values = { w: Float64Array.of(0.5) };
 * const state = optimizer.init();
 * for (let i = 0; i < 100; i++) optimizer.step(values, state);
 * console.log(Math.cos(values.w[0]!) < -0.95); // true
 * ```
 */
export function qnSpsa<Names extends string>(
  engine: Engine,
  circuit: Circuit<Names>,
  measurements: Measurements,
  options?: QnSpsaOptions<Names>,
): CircuitOptimizer<Names>;
export function qnSpsa<Names extends string>(
  engine: AsyncEngine,
  circuit: Circuit<Names>,
  measurements: Measurements,
  options?: QnSpsaOptions<Names>,
): AsyncCircuitOptimizer<Names>;
export function qnSpsa<Names extends string>(
  engine: Engine | AsyncEngine,
  circuit: Circuit<Names>,
  measurements: Measurements,
  options: QnSpsaOptions<Names> = {},
): CircuitOptimizer<Names> | AsyncCircuitOptimizer<Names> {
  const name = 'qnSpsa';
  const { learningRate = 0.01, perturbation = 0.1, regularization = 0.01 } = options;
  const { samples = 1, seed = 0, memory = 2 ** 28 } = options;
  checkSetting(name, 'learningRate', learningRate);
  checkSetting(name, 'perturbation', perturbation, { above: true });
  checkSetting(name, 'regularization', regularization, { above: true });
  checkSetting(name, 'samples', samples, { above: true, whole: true });
  key(seed);
  const compile = options.shots === undefined ? {} : { shots: options.shots };
  const list = costMeasurements(name, circuit, measurements, compile, engine.capabilities);
  const trained = trainedSlots(name, circuit, options.wrt);
  const size = trained.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const costs = costsOf(circuit, list, trained, memory);
  const { pair, moved } = overlapCircuit(name, circuit, trained);
  const zero = projector(
    Array.from({ length: circuit.qubits }, () => 0 as const),
    Array.from({ length: circuit.qubits }, (_, q) => q),
  );
  const overlaps = costsOf(
    pair,
    [{ type: 'expval', observables: [zero] }],
    [...trained, ...moved],
    memory,
  );
  return stepping(engine, {
    name,
    settings: { learningRate, perturbation, regularization, samples, seed, ...compile },
    circuit,
    trained,
    variations: [costs.variation, overlaps.variation],
    compile,
    *step(numbers, values, { step, slots }) {
      const directions = signs(fold(fold(key(seed), step), DIRECTIONS), 3 * samples * size);
      const along = (sample: number, which: number): Int8Array => {
        const start = (3 * sample + which) * size;
        return directions.subarray(start, start + size);
      };
      const at = (...parts: readonly (readonly [Int8Array, number])[]): Float64Array =>
        numbers.map((x, i) =>
          parts.reduce((sum, [d, sign]) => sum + sign * perturbation * d[i]!, x),
        );
      const each = Array.from(
        { length: samples },
        (_, s) => [along(s, 0), along(s, 1), along(s, 2)] as const,
      );
      const found = yield* costs.at(
        each.flatMap(([d]) => [at([d, 1]), at([d, -1])]),
        values,
        { program: 0, seed, stream: stream(step, COSTS) },
      );
      const others = each.flatMap(([, a, b]) => [
        at([a, 1], [b, 1]),
        at([a, 1]),
        at([a, -1], [b, 1]),
        at([a, -1]),
      ]);
      const fidelities = yield* overlaps.at(
        others.map((other) => Float64Array.of(...numbers, ...other)),
        values,
        { program: 1, seed, stream: stream(step, OVERLAPS) },
      );
      const gradient = new Float64Array(size);
      const metric = new Float64Array(size * size);
      each.forEach(([d, a, b], s) => {
        const slope = (found[2 * s]! - found[2 * s + 1]!) / (2 * perturbation * samples);
        for (let i = 0; i < size; i++) gradient[i]! += slope * d[i]!;
        const [both = 0, forth = 0, across = 0, back = 0] = fidelities.subarray(4 * s, 4 * s + 4);
        // Minus half the second difference of the fidelity along the two directions.
        const curve = (both - forth - across + back) / (2 * perturbation ** 2);
        for (let i = 0; i < size; i++) {
          for (let j = 0; j < size; j++)
            metric[i * size + j]! -=
              ((curve / 2) * (a[i]! * b[j]! + a[j]! * b[i]!)) / (2 * samples);
        }
      });
      const before = slots['metric'];
      const average = metric.map((g, i) => ((before?.[i] ?? 0) * step + g) / (step + 1));
      // |G| has the eigenvectors of G: samples of it need not be positive.
      const direction = solveSymmetric(average, gradient, (x) => Math.abs(x) + regularization);
      return {
        numbers: numbers.map((x, i) => x - learningRate * direction[i]!),
        cost: found.reduce((sum, x) => sum + x, 0) / found.length,
        slots: { metric: average },
      };
    },
  });
}

/** The circuit, then its inverse with trained slots of its own: back at |0…0⟩ with the probability of the overlap. */
function overlapCircuit(
  name: string,
  circuit: Circuit,
  trained: readonly Slot[],
): { readonly pair: Circuit; readonly moved: readonly Slot[] } {
  const operation = circuit.ops.findIndex(
    ({ type }) => !['gate', 'matrix', 'evolution', 'barrier'].includes(type),
  );
  if (operation >= 0) {
    throw new UnsupportedError(
      `${name} cannot run operations of type '${circuit.ops[operation]!.type}' backwards`,
      { operation, remedy: 'Use spsaOptimizer, or quantumNaturalGradient' },
    );
  }
  const renamed = new Map<string, string>();
  const moved = trained.map((slot): Slot => {
    let own = `${slot.name}_moved`;
    while (circuit.slots.some((other) => other.name === own)) own += '_';
    renamed.set(slot.name, own);
    return { ...slot, name: own };
  });
  const text = JSON.stringify(inverse(circuit).ops, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('slot' in value)) return value;
    const own = renamed.get(String(value.slot));
    return own === undefined ? value : { ...value, slot: own };
  });
  const back = JSON.parse(text) as Circuit['ops'];
  return {
    moved,
    pair: Object.freeze({
      ...circuit,
      slots: [...circuit.slots, ...moved],
      ops: [...circuit.ops, ...back],
    }),
  };
}
