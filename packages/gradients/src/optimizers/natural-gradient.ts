import { bits, fold, key, sizeOf } from '@ketwork/base';
import type { Circuit } from '@ketwork/circuit';
import { readValues } from '@ketwork/simulator';
import type {
  AsyncCallOptions,
  AsyncEngine,
  Cotangents,
  DifferentiationMethod,
  Engine,
  Measurements,
  Results,
} from '@ketwork/simulator';
import { differentiate } from '../differentiate.ts';
import { metricTensor } from '../metric/metric-tensor.ts';
import type { MetricMethod } from '../metric/metric-tensor.ts';
import type { AsyncCircuitOptimizer, CircuitOptimizer } from './contract.ts';
import { checkSetting, checkState, gathered, scatter, trainedSlots } from './contract.ts';
import { costMeasurements } from './costs.ts';
import { solveSymmetric } from './symmetric.ts';

/** Options of {@link quantumNaturalGradient}. */
export interface NaturalGradientOptions<Names extends string = string> {
  /** Slots to train; by default all differentiable scalars that the batch shares. */
  readonly wrt?: readonly Names[];
  /** Times the natural gradient, subtracted. Default 0.01. */
  readonly learningRate?: number;
  /** Added to the diagonal of the metric tensor. Default 0.001. At 0, directions without effect are left out. */
  readonly regularization?: number;
  /** Which part of the metric tensor is used, see `metricTensor`. Default `block-diagonal`. */
  readonly approximation?: 'full' | 'block-diagonal' | 'diagonal';
  /** How the gradient is computed, see `differentiate`. Default `best`. */
  readonly method?: 'best' | DifferentiationMethod;
  /** How a full metric tensor is computed. Default `best`. */
  readonly metricMethod?: 'best' | MetricMethod;
  /** Estimate gradients and metric tensor from this many shots per run; exact when absent. */
  readonly shots?: number;
  /** Seed of the shots. Default 0. */
  readonly seed?: number;
  /** Bytes that one run may take before it is cut into several; 256 MiB by default. */
  readonly memory?: number;
}

/**
 * The quantum natural gradient: `θ -= learningRate · (g + λ)⁻¹ ∇f` with the Fubini-Study metric tensor g of the state
 * (Stokes, Izaac, Killoran and Carleo, Quantum 4, 269 (2020)). Steps are of one size in the space of states,
 * whatever the parametrisation. For a batch, gradient and tensor are averaged over the examples. `step` returns the cost
 * before the step.
 *
 * @throws what `differentiate` and `metricTensor` throw; ValueError for a setting out of range.
 *
 * @example
 * ```ts
 * import { circuit, expval, weight, X, Z } from '@ketwork/circuit';
 * import { quantumNaturalGradient } from '@ketwork/gradients';
 * import { reference } from '@ketwork/simulator';
 * const ansatz = circuit(2, { w: weight([2]) }, (q, { w }) => q.ry(w.at(0), 0).ry(w.at(1), 1).cnot(0, 1));
 * const energy = expval(Z(0).mul(Z(1)).add(X(0), X(1)).scale(-1));
 * const optimizer = quantumNaturalGradient(reference(), ansatz, energy, { learningRate: 0.1 });
 * const values = { w: Float64Array.of(0.3, 0.4) };
 * const state = optimizer.init();
 * for (let i = 0; i < 50; i++) optimizer.step(values, state);
 * console.log(optimizer.step(values, state).toFixed(3)); // -2.236
 * ```
 */
export function quantumNaturalGradient<Names extends string>(
  engine: Engine,
  circuit: Circuit<Names>,
  measurements: Measurements,
  options?: NaturalGradientOptions<Names>,
): CircuitOptimizer<Names>;
export function quantumNaturalGradient<Names extends string>(
  engine: AsyncEngine,
  circuit: Circuit<Names>,
  measurements: Measurements,
  options?: NaturalGradientOptions<Names>,
): AsyncCircuitOptimizer<Names>;
export function quantumNaturalGradient<Names extends string>(
  engine: Engine | AsyncEngine,
  circuit: Circuit<Names>,
  measurements: Measurements,
  options: NaturalGradientOptions<Names> = {},
): CircuitOptimizer<Names> | AsyncCircuitOptimizer<Names> {
  const name = 'quantumNaturalGradient';
  const { learningRate = 0.01, regularization = 0.001, approximation = 'block-diagonal' } = options;
  const { method = 'best', metricMethod = 'best', seed = 0 } = options;
  checkSetting(name, 'learningRate', learningRate);
  checkSetting(name, 'regularization', regularization);
  key(seed);
  const shots = options.shots === undefined ? {} : { shots: options.shots };
  const memory = options.memory === undefined ? {} : { memory: options.memory };
  const list = costMeasurements(name, circuit, measurements, shots, engine.capabilities);
  const slots = trainedSlots(name, circuit, options.wrt);
  const wrt = slots.map((slot) => slot.name) as Names[];
  const size = slots.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const tensorOptions = { wrt, approximation, method: metricMethod, ...shots, ...memory };
  const slopeOptions = { method, ...shots, ...memory };
  // Compiled as if local; what an asynchronous engine returns is awaited below.
  const local = engine as Engine;
  const slopes = differentiate(local, circuit, list, slopeOptions);
  const tensors = metricTensor(local, circuit, tensorOptions);
  const outputs = slopes.outputShapes.map((shape) => sizeOf(shape));
  const streamOf = (step: number, part: number): number =>
    bits(fold(fold(key(seed), step), part), 1)[0]!;

  /** Changes values and state by what was computed; returns the cost. */
  const update = (
    values: Readonly<Record<string, unknown>>,
    state: { step: number },
    batch: number,
    results: readonly Float64Array[],
    gradients: Readonly<Record<string, Float64Array>>,
    tensor: Float64Array,
  ): number => {
    const gradient = gathered(name, slots, gradients).map((g) => g / batch);
    const metric = new Float64Array(size * size);
    tensor.forEach((g, i) => (metric[i % metric.length]! += g / batch));
    const direction = solveSymmetric(metric, gradient, (x) => x + regularization);
    const before = gathered(name, slots, values);
    scatter(
      slots,
      values,
      before.map((x, i) => x - learningRate * direction[i]!),
    );
    state.step++;
    return results.reduce((sum, array) => sum + array.reduce((a, b) => a + b, 0), 0) / batch;
  };
  const prepare: CircuitOptimizer<Names>['step'] = (values, state) => {
    checkState(name, state);
    gathered(name, slots, values);
    return readValues(circuit, values).batch;
  };
  const ones = (batch: number): Cotangents<typeof list> =>
    outputs.map((count) => new Float64Array(batch * count).fill(1));

  const common = {
    name,
    settings: Object.freeze({ learningRate, regularization, approximation, seed, ...shots }),
    circuit,
    trained: wrt,
    init: () => ({ step: 0, slots: {} }),
    dispose() {
      slopes.dispose();
      tensors.dispose();
    },
    [Symbol.dispose]() {
      this.dispose();
    },
  };
  const results = (found: Results<typeof list>): readonly Float64Array[] =>
    found as unknown as readonly Float64Array[];
  if (engine.synchronous) {
    const optimizer: CircuitOptimizer<Names> = {
      ...common,
      step(values, state) {
        const batch = prepare(values, state);
        const [a, b, c] = [0, 1, 2].map((part) => ({ seed: streamOf(state.step, part) }));
        const found = results(slopes.run(values, a));
        const gradients = slopes.vjp(values, ones(batch), { wrt, ...b });
        return update(values, state, batch, found, gradients, tensors.run(values, c));
      },
    };
    return optimizer;
  }
  const optimizer: AsyncCircuitOptimizer<Names> = {
    ...common,
    async step(values, state, call: AsyncCallOptions = {}) {
      const batch = prepare(values, state);
      const [a, b, c] = [0, 1, 2].map((part) => ({ seed: streamOf(state.step, part), ...call }));
      const [found, gradients, tensor] = await Promise.all([
        slopes.run(values, a),
        slopes.vjp(values, ones(batch), { wrt, ...b }),
        tensors.run(values, c),
      ]);
      return update(values, state, batch, results(found), gradients, tensor);
    },
  };
  return optimizer;
}
