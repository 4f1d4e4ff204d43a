import { ValueError } from '@ketwork/base';
import type { Circuit, Measurement } from '@ketwork/circuit';
import { checkProgram } from '@ketwork/simulator';
import type {
  AsyncEngine,
  CompileOptions,
  DifferentiationMethod,
  Engine,
  Measurements,
} from '@ketwork/simulator';
import { finiteDifference } from './differences/finite-difference.ts';
import { spsa } from './differences/spsa.ts';
import { defaultStep } from './differences/stencil.ts';
import { hadamardTest } from './hadamard/hadamard-test.ts';
import { reversedHadamardTest } from './hadamard/reversed.ts';
import type { MethodOptions, PreparedMethod } from './method.ts';
import { chooseMethod, methodsFor } from './methods.ts';
import { LocalProgram, RemoteProgram } from './program.ts';
import type { AsyncDifferentiatedProgram, DifferentiatedProgram } from './program.ts';
import { parameterShift } from './shift/parameter-shift.ts';

/** Methods whose results are random even without shots. */
const RANDOM: readonly DifferentiationMethod[] = ['spsa', 'stochastic-shift'];

/** Highest order of finite differences: beyond it rounding costs more than the order gains. */
const MAX_ORDER = 8;

/** Options of {@link differentiate}. */
export interface DifferentiateOptions {
  /**
   * How to differentiate, see `differentiationMethods`. `best`, the default: adjoint where the engine covers every
   * measurement, else parameter-shift (stochastic-shift where a slot enters an evolution with a drift).
   */
  readonly method?: 'best' | DifferentiationMethod;
  /** Estimate results and their gradients from this many shots per example and run (and setting); exact when absent. */
  readonly shots?: number;
  /**
   * How shots are shared between the runs of a shift rule: `uniform`, the default, or `weighted`, in proportion to the
   * size of their coefficients, with `shots` as the mean over all of them.
   */
  readonly allocation?: 'uniform' | 'weighted';
  /**
   * Step of finite differences and SPSA in the units of the slot. By default 1e-5 for central differences of order 2 (1e-2
   * on engines without f64) and what balances rounding for other orders; 1e-3 for SPSA; 0.2 with shots.
   */
  readonly step?: number;
  /** Where finite differences look: on both sides (`central`, the default) or on one. */
  readonly difference?: 'central' | 'forward' | 'backward';
  /** Order of accuracy of finite differences: 2 by default, 1 for one-sided ones; even for central ones; at most 8. */
  readonly order?: number;
  /** Random directions of SPSA, or random points of the stochastic shift rule, that are averaged over. 10 by default. */
  readonly samples?: number;
  /** Bytes that one run of shifted examples may take before it is cut into several; 256 MiB by default. */
  readonly memory?: number;
}

/**
 * Compiles a circuit for any engine, with gradients by a method of choice: `adjoint` of the engine, `parameter-shift`
 * (exact, also from shots, also on devices), `finite-difference` (for every kind of slot) and the others of
 * `differentiationMethods`.
 *
 * Parameter-shift shifts every angle that depends on the wanted slots, occurrence by occurrence, by the rule of its
 * generator (`shiftRule`). Whatever the method, all variations of all examples run as one batch. The variance is
 * differentiated through the expectation values of O and O² where rules are linear. With shots, each run has its own
 * stream of random numbers, derived from the seed.
 *
 * The circuit, the measurements and the combination of method, measurement and shots are checked here; whether a slot
 * suits the method (amplitudes do not suit parameter-shift) is checked by `vjp` and `jacobian` before they run anything.
 *
 * @returns a program as the engine's own, whose `vjp` and `jacobian` have the shapes of the contract: `[...shape]` or
 * `[batch, ...shape]`, and `[batch, outputs, ...shape]`.
 * @throws UnsupportedError where the method cannot do it, naming those that can; ValueError for an option that is out of
 * range; what the engine's compile throws.
 *
 * @example
 * ```ts
 * import { circuit, expval, weight, Z } from '@ketwork/circuit';
 * import { differentiate } from '@ketwork/gradients';
 * import { reference } from '@ketwork/simulator';
 * const turn = circuit(1, { w: weight([1]) }, (q, { w }) => q.rx(w.at(0), 0));
 * const program = differentiate(reference(), turn, expval(Z(0)), { method: 'parameter-shift' });
 * const { w } = program.vjp({ w: [0.3] }, [1]); // -sin 0.3
 * console.log(w[0]!.toFixed(6)); // -0.295520
 * ```
 */
export function differentiate<Names extends string, const M extends Measurements>(
  engine: Engine,
  circuit: Circuit<Names>,
  measurements: M,
  options?: DifferentiateOptions,
): DifferentiatedProgram<Names, M>;
export function differentiate<Names extends string, const M extends Measurements>(
  engine: AsyncEngine,
  circuit: Circuit<Names>,
  measurements: M,
  options?: DifferentiateOptions,
): AsyncDifferentiatedProgram<Names, M>;
export function differentiate<Names extends string, const M extends Measurements>(
  engine: Engine | AsyncEngine,
  circuit: Circuit<Names>,
  measurements: M,
  options: DifferentiateOptions = {},
): DifferentiatedProgram<Names, M> | AsyncDifferentiatedProgram<Names, M> {
  const { capabilities } = engine;
  checkOptions(options);
  const compileOptions: CompileOptions =
    options.shots === undefined ? {} : { shots: options.shots };
  const checked = checkProgram(circuit, measurements, compileOptions, capabilities);
  const shots = options.shots !== undefined;
  const method = chooseMethod(
    options.method ?? 'best',
    circuit,
    checked.measurements,
    shots,
    capabilities,
  );
  const able = methodsFor(circuit, checked.measurements, shots, capabilities);
  const { difference = 'central' } = options;
  const order = options.order ?? (difference === 'central' ? 2 : 1);
  const f64 = capabilities.precision.includes('f64');
  const prepared = prepare(method, circuit, checked.measurements, {
    memory: options.memory ?? 2 ** 28,
    alternatives: able.filter((other) => other !== method),
    allocation: options.allocation ?? 'uniform',
    step:
      options.step ?? (method === 'spsa' ? spsaStep(f64, shots) : defaultStep(order, f64, shots)),
    difference,
    order,
    samples: options.samples ?? 10,
    ...compileOptions,
  });
  const random = prepared !== undefined && (shots || RANDOM.includes(method));
  const { outputSizes, single } = checked;
  // Two branches, so that the types of engine and program stay together.
  if (engine.synchronous) {
    const plain = engine.compile(circuit, measurements, compileOptions);
    const varied = (prepared?.variations ?? []).map(({ circuit: c, measurements: m, shots: own }) =>
      engine.compile(c, m, own === undefined ? compileOptions : { shots: own }),
    );
    return new LocalProgram({ method, plain, varied, prepared, outputSizes, single, random });
  }
  const plain = engine.compile(circuit, measurements, compileOptions);
  const varied = (prepared?.variations ?? []).map(({ circuit: c, measurements: m, shots: own }) =>
    engine.compile(c, m, own === undefined ? compileOptions : { shots: own }),
  );
  return new RemoteProgram({ method, plain, varied, prepared, outputSizes, single, random });
}

function prepare(
  method: DifferentiationMethod,
  circuit: Circuit,
  measurements: readonly Measurement[],
  options: MethodOptions,
): PreparedMethod | undefined {
  switch (method) {
    case 'adjoint':
      return undefined;
    case 'parameter-shift':
    case 'stochastic-shift':
      return parameterShift(method, circuit, measurements, options);
    case 'hadamard-test':
      return hadamardTest(circuit, measurements, options);
    case 'reversed-hadamard-test':
      return reversedHadamardTest(circuit, measurements, options);
    case 'finite-difference':
      return finiteDifference(circuit, measurements, options);
    case 'spsa':
      return spsa(circuit, measurements, options);
  }
}

function spsaStep(f64: boolean, shots: boolean): number {
  if (shots) return 0.2;
  return f64 ? 1e-3 : 1e-2;
}

function checkOptions(options: DifferentiateOptions): void {
  const { difference = 'central', order, allocation = 'uniform' } = options;
  positive(options.step, 'step');
  positive(options.memory, 'memory');
  whole(options.samples, 'samples', 1, 2 ** 20);
  whole(order, 'order', 1, MAX_ORDER);
  if (!['central', 'forward', 'backward'].includes(difference)) {
    throw new ValueError(`difference is '${difference}'`, {
      remedy: 'Use central, forward or backward',
    });
  }
  if (order !== undefined && difference === 'central' && order % 2 === 1) {
    throw new ValueError(`order is ${order} for central differences`, {
      remedy: 'Their order is even: 2, 4, 6 or 8',
    });
  }
  if (!['uniform', 'weighted'].includes(allocation)) {
    throw new ValueError(`allocation is '${allocation}'`, {
      remedy: 'Use uniform or weighted',
    });
  }
}

function whole(value: number | undefined, name: string, low: number, high: number): void {
  if (value !== undefined && !(Number.isInteger(value) && value >= low && value <= high)) {
    throw new ValueError(`${name} is ${value}`, {
      remedy: `Give a whole number from ${low} to ${high}`,
    });
  }
}

function positive(value: number | undefined, name: string): void {
  if (value !== undefined && !(value > 0 && Number.isFinite(value))) {
    throw new ValueError(`${name} is ${value}`, { remedy: 'Give a positive finite number' });
  }
}
