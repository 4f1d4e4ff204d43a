import { sizeOf, UnsupportedError } from '@ketwork/base';
import { state } from '@ketwork/circuit';
import type { Circuit, Op } from '@ketwork/circuit';
import { checkProgram, readValues, readWrt } from '@ketwork/simulator';
import type {
  AsyncCallOptions,
  AsyncEngine,
  CompileOptions,
  Engine,
  Values,
} from '@ketwork/simulator';
import { checkSlots } from '../columns.ts';
import { insertions } from '../hadamard/insertions.ts';
import { runnerOf } from '../runner.ts';
import type { ParameterPlace } from '../runner.ts';
import type { PreparedMetric } from './assemble-metric.ts';
import { covariances } from './covariances.ts';
import { hadamardOverlaps } from './hadamard-overlaps.ts';
import { stateJacobian, stateOverlaps } from './state-overlaps.ts';

/** How a metric tensor is computed. */
export type MetricMethod = 'state' | 'adjoint' | 'hadamard-test' | 'covariance';

/** Options of {@link metricTensor}. */
export interface MetricTensorOptions<Names extends string = string> {
  /** Slots to differentiate by, in this order; all differentiable ones by default. */
  readonly wrt?: readonly Names[];
  /**
   * `full`, the default; `block-diagonal`: only between angles of one layer, gates that act on different qubits at one
   * time, which takes no ancilla and one circuit per layer; or `diagonal`.
   */
  readonly approximation?: 'full' | 'block-diagonal' | 'diagonal';
  /**
   * How the full tensor is computed. `state`, the default without shots: derivatives of the state, one run per Pauli string
   * of a generator. `adjoint`: the engine's Jacobian of the state, for every kind of slot. `hadamard-test`, the default
   * with shots: overlaps read from an ancilla, about P²/2 runs on one more qubit. Approximations use `covariance`.
   */
  readonly method?: 'best' | MetricMethod;
  /** Estimate from this many shots per example and run; exact when absent. */
  readonly shots?: number;
  /** Bytes that one run may take before it is cut into several; 256 MiB by default. */
  readonly memory?: number;
}

/** What a local and a remote metric tensor share. */
interface MetricTensorInfo<Names extends string> extends Disposable {
  /** The circuit it belongs to. */
  readonly circuit: Circuit<Names>;
  /** The method in use. */
  readonly method: MetricMethod;
  /** What each row and column stands for. */
  readonly parameters: readonly ParameterPlace[];
  /** Runs of a circuit per example. */
  readonly evaluations: number;
  /** Frees the engine's memory. */
  dispose(): void;
}

/** A metric tensor, compiled. */
export interface MetricTensorProgram<
  Names extends string = string,
> extends MetricTensorInfo<Names> {
  /** `[batch, parameters, parameters]`, symmetric. `seed` (0 by default) is for shots. @throws ValueError for values that do not fit */
  run(values: Values<Names>, options?: { readonly seed?: number }): Float64Array;
}

/** A {@link MetricTensorProgram} that runs elsewhere and returns promises. */
export interface AsyncMetricTensorProgram<
  Names extends string = string,
> extends MetricTensorInfo<Names> {
  /** `[batch, parameters, parameters]`, symmetric. */
  run(
    values: Values<Names>,
    options?: { readonly seed?: number } & AsyncCallOptions,
  ): Promise<Float64Array>;
}

/**
 * Compiles the Fubini-Study metric tensor of the state a circuit prepares, the real part of the quantum geometric tensor:
 * `g_ij = Re(⟨∂_i ψ|∂_j ψ⟩ − ⟨∂_i ψ|ψ⟩⟨ψ|∂_j ψ⟩)`, a quarter of the quantum Fisher information. Block-diagonal form from
 * covariances of generators: Stokes, Izaac, Killoran and Carleo, Quantum 4, 269 (2020).
 *
 * From shots the squares `⟨G_i⟩⟨G_j⟩` are products of estimates, so that diagonal elements come out low by about their
 * variance over the shots.
 *
 * @throws UnsupportedError for circuits whose state is not pure and normalised, slots that do not fit the method, and what
 * the engine lacks; what the engine's compile throws.
 *
 * @example
 * ```ts
 * import { circuit, weight } from '@ketwork/circuit';
 * import { metricTensor } from '@ketwork/gradients';
 * import { reference } from '@ketwork/simulator';
 * const turn = circuit(1, { w: weight([2]) }, (q, { w }) => q.ry(w.at(0), 0).rz(w.at(1), 0));
 * const metric = metricTensor(reference(), turn);
 * console.log(metric.run({ w: [0.5, 0.2] })); // [0.25, 0, 0, 0.0574622…]
 * ```
 */
export function metricTensor<Names extends string>(
  engine: Engine,
  circuit: Circuit<Names>,
  options?: MetricTensorOptions<Names>,
): MetricTensorProgram<Names>;
export function metricTensor<Names extends string>(
  engine: AsyncEngine,
  circuit: Circuit<Names>,
  options?: MetricTensorOptions<Names>,
): AsyncMetricTensorProgram<Names>;
export function metricTensor<Names extends string>(
  engine: Engine | AsyncEngine,
  circuit: Circuit<Names>,
  options: MetricTensorOptions<Names> = {},
): MetricTensorProgram<Names> | AsyncMetricTensorProgram<Names> {
  const { capabilities } = engine;
  const { shots, memory = 2 ** 28, approximation = 'full', method: asked = 'best' } = options;
  const compileOptions: CompileOptions = shots === undefined ? {} : { shots };
  checkProgram(
    circuit,
    { type: 'probabilities' },
    {},
    {
      ...capabilities,
      analytic: ['probabilities'],
    },
  );
  checkPure(circuit.ops);
  if (!['full', 'block-diagonal', 'diagonal'].includes(approximation)) {
    throw new UnsupportedError(`there is no approximation '${approximation}' of a metric tensor`, {
      remedy: 'Use full, block-diagonal or diagonal',
    });
  }
  const wanted = readWrt(circuit, options.wrt);
  const listed = insertions(circuit, 'none');
  const blocked =
    wanted.some(({ kind }) => kind !== 'scalar') ||
    wanted.some(({ name }) => listed.obstacles.some(({ slot }) => slot === name));
  const full = approximation === 'full';
  const exact = shots === undefined;
  const best: MetricMethod = !full
    ? 'covariance'
    : exact && capabilities.analytic.includes('state')
      ? blocked
        ? 'adjoint'
        : 'state'
      : 'hadamard-test';
  const method = asked === 'best' ? best : asked;
  const why = limit(method, full, exact, capabilities);
  if (why !== undefined) {
    const able = (['state', 'adjoint', 'hadamard-test', 'covariance'] as const).filter(
      (other) => limit(other, full, exact, capabilities) === undefined,
    );
    throw new UnsupportedError(`${method} cannot compute this metric tensor: ${why}`, {
      remedy:
        able.length === 0
          ? 'Use another engine, or another approximation'
          : `Use ${able.join(' or ')}`,
    });
  }
  if (method !== 'adjoint') {
    const odd = wanted.find(({ kind }) => kind !== 'scalar');
    const helps = full && limit('adjoint', full, exact, capabilities) === undefined;
    checkSlots(
      'hadamard-test',
      odd === undefined ? wanted : [odd],
      listed.obstacles,
      helps ? ['adjoint'] : [],
    );
  }
  const parameters = wanted.flatMap(({ name, shape }) =>
    Array.from({ length: sizeOf(shape) }, (_, index): ParameterPlace => ({ slot: name, index })),
  );
  const task = { circuit, wanted, memory };
  const prepared: PreparedMetric =
    method === 'covariance'
      ? covariances(task, approximation === 'diagonal')
      : method === 'hadamard-test'
        ? hadamardOverlaps(task)
        : method === 'state'
          ? stateOverlaps(task)
          : stateJacobian(task);
  const runner = runnerOf(engine, prepared.variations, compileOptions);
  const program: MetricTensorProgram<Names> = {
    circuit,
    method,
    parameters,
    evaluations: prepared.evaluations,
    run: (values, { seed = 0, ...rest } = {}) =>
      runner.run(() => prepared.run(readValues(circuit, values), seed), rest) as Float64Array,
    dispose: () => runner.dispose(),
    [Symbol.dispose]: () => runner.dispose(),
  };
  return program;
}

/** Why a method cannot compute the tensor, or undefined where it can. */
function limit(
  method: MetricMethod,
  full: boolean,
  exact: boolean,
  capabilities: Engine['capabilities'],
): string | undefined {
  const { analytic, adjoint, shots, engine } = capabilities;
  switch (method) {
    case 'covariance':
      if (full) return 'covariances of generators give the blocks of a tensor only';
      break;
    case 'hadamard-test':
      if (!full) return 'Hadamard tests are for the full tensor; approximations need none';
      break;
    case 'state':
    case 'adjoint':
      if (!full) return 'approximations are made from covariances';
      if (!exact) return 'amplitudes are not estimated from shots';
      if (method === 'adjoint')
        return adjoint.includes('state')
          ? undefined
          : `engine '${engine}' has no adjoint differentiation of ${state().type}`;
      return analytic.includes('state') ? undefined : `engine '${engine}' has no state`;
    default:
      return `there is no method '${String(method)}'`;
  }
  return (exact ? analytic : shots).includes('expval')
    ? undefined
    : `engine '${engine}' cannot compute expval ${exact ? 'exactly' : 'from shots'}`;
}

/** @throws UnsupportedError where a circuit leaves no pure normalised state. */
function checkPure(ops: readonly Op[]): void {
  ops.forEach((op, operation) => {
    const bad =
      op.type === 'matrix' && !op.unitary
        ? 'a map that is not unitary'
        : ['channel', 'measure', 'reset', 'conditional'].includes(op.type)
          ? `an operation of type '${op.type}'`
          : undefined;
    if (bad === undefined) return;
    throw new UnsupportedError(`the metric tensor of pure states does not go through ${bad}`, {
      operation,
      remedy: 'Use a circuit of gates, unitary matrices, evolutions and state preparations',
    });
  });
}
