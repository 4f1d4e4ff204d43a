import { ValueError } from '@ketwork/base';
import type { Circuit } from '@ketwork/circuit';
import {
  checkProgram,
  checkVjpOptions,
  readCotangents,
  readValues,
  readWrt,
} from '@ketwork/simulator';
import type {
  AsyncCallOptions,
  AsyncEngine,
  AsyncProgram,
  CompileOptions,
  Cotangents,
  DifferentiationMethod,
  Engine,
  Explanation,
  Gradients,
  JacobianOptions,
  Measurements,
  Program,
  Results,
  RunOptions,
  Values,
  VjpOptions,
} from '@ketwork/simulator';
import { bySlot, reduced } from './assemble.ts';
import { compute, computeAsync } from './evaluate.ts';
import type { Computation } from './evaluate.ts';
import { finiteDifference } from './finite-difference.ts';
import type { PreparedMethod } from './method.ts';
import { chooseMethod, methodsFor } from './methods.ts';
import { parameterShift } from './parameter-shift.ts';

/** Options of {@link differentiate}. */
export interface DifferentiateOptions {
  /** How to differentiate. `best`, the default: adjoint where the engine covers every measurement, else parameter-shift. */
  readonly method?: 'best' | DifferentiationMethod;
  /** Estimate results and their gradients from this many shots per example and shift; exact when absent. */
  readonly shots?: number;
  /** Step of finite differences in the units of the slot, 1e-5 by default (1e-2 on engines without f64). */
  readonly step?: number;
  /** Bytes that one run of shifted examples may take before it is cut into several; 256 MiB by default. */
  readonly memory?: number;
}

/** A program whose gradients come from a chosen method. */
export interface DifferentiatedProgram<
  Names extends string = string,
  M extends Measurements = Measurements,
> extends Program<Names, M> {
  /** The method its gradients come from. */
  readonly method: DifferentiationMethod;
}

/** A {@link DifferentiatedProgram} that runs elsewhere and returns promises. */
export interface AsyncDifferentiatedProgram<
  Names extends string = string,
  M extends Measurements = Measurements,
> extends AsyncProgram<Names, M> {
  /** The method its gradients come from. */
  readonly method: DifferentiationMethod;
}

/**
 * Compiles a circuit for any engine, with gradients by a method of choice: `adjoint` of the engine, `parameter-shift`
 * (exact, also from shots, also on devices) or `finite-difference` (central, error about step², for every kind of slot).
 *
 * Parameter-shift shifts every angle that depends on the wanted slots, occurrence by occurrence, by the rule of its
 * generator ({@link shiftRule}); all shifts of all examples run as one batch. The variance is differentiated through the
 * expectation values of O and O². With shots, each run has its own stream of random numbers, derived from the seed.
 *
 * The circuit, the measurements and the combination of method, measurement and shots are checked here; whether a slot
 * suits the method (amplitudes do not suit parameter-shift) is checked by `vjp` and `jacobian` before they run anything.
 *
 * @returns a program as the engine's own, whose `vjp` and `jacobian` have the shapes of the contract: `[...shape]` or
 * `[batch, ...shape]`, and `[batch, outputs, ...shape]`.
 * @throws UnsupportedError where the method cannot do it, naming those that can; ValueError for a step or memory that is
 * not positive; what the engine's compile throws.
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
  positive(options.step, 'step');
  positive(options.memory, 'memory');
  const compileOptions: CompileOptions =
    options.shots === undefined ? {} : { shots: options.shots };
  const checked = checkProgram(circuit, measurements, compileOptions, capabilities);
  const method = chooseMethod(
    options.method ?? 'best',
    circuit,
    checked.measurements,
    options.shots !== undefined,
    capabilities,
  );
  const memory = options.memory ?? 2 ** 28;
  const step = options.step ?? (capabilities.precision.includes('f64') ? 1e-5 : 1e-2);
  const able = methodsFor(circuit, checked.measurements, options.shots !== undefined, capabilities);
  const methodOptions = { memory, step, alternatives: able.filter((other) => other !== method) };
  let prepared: PreparedMethod | undefined;
  if (method === 'parameter-shift')
    prepared = parameterShift(circuit, checked.measurements, methodOptions);
  else if (method === 'finite-difference')
    prepared = finiteDifference(circuit, checked.measurements, methodOptions);
  const { outputSizes, single } = checked;
  // Two branches, so that the types of engine and program stay together.
  if (engine.synchronous) {
    const plain = engine.compile(circuit, measurements, compileOptions);
    const varied =
      prepared && engine.compile(prepared.circuit, prepared.measurements, compileOptions);
    return new LocalProgram({ method, plain, varied, prepared, outputSizes, single });
  }
  const plain = engine.compile(circuit, measurements, compileOptions);
  const varied =
    prepared && engine.compile(prepared.circuit, prepared.measurements, compileOptions);
  return new RemoteProgram({ method, plain, varied, prepared, outputSizes, single });
}

/** What both kinds of program are made of. */
interface Parts<Plain, Varied> {
  readonly method: DifferentiationMethod;
  /** The circuit as it was given. */
  readonly plain: Plain;
  /** The circuit with shifts; absent where the engine differentiates itself. */
  readonly varied: Varied | undefined;
  readonly prepared: PreparedMethod | undefined;
  readonly outputSizes: readonly number[];
  readonly single: boolean;
}

type AnyProgram<Names extends string, M extends Measurements> =
  | Program<Names, M>
  | AsyncProgram<Names, M>;

/** What does not depend on where the program runs. */
class Base<
  Names extends string,
  M extends Measurements,
  Plain extends AnyProgram<Names, M>,
  Varied extends Program | AsyncProgram,
> {
  readonly method: DifferentiationMethod;
  readonly circuit: Circuit<Names>;
  readonly measurements: M;
  readonly outputShapes: readonly (readonly number[])[];
  readonly options: CompileOptions;
  protected readonly parts: Parts<Plain, Varied>;

  constructor(parts: Parts<Plain, Varied>) {
    this.method = parts.method;
    this.circuit = parts.plain.circuit;
    this.measurements = parts.plain.measurements;
    this.outputShapes = parts.plain.outputShapes;
    this.options = parts.plain.options;
    this.parts = parts;
  }

  explain(): Explanation {
    const { method, prepared, plain } = this.parts;
    const { text, details } = plain.explain();
    const how =
      prepared === undefined
        ? `Gradients by ${method}.`
        : `Gradients by ${method}: ${prepared.evaluations} runs of the circuit per example, in one batch.`;
    return {
      text: `${text} ${how}`,
      details: {
        ...details,
        method,
        ...(prepared === undefined ? {} : { evaluations: prepared.evaluations }),
      },
    };
  }

  estimateMemory(batch = 1, options: { readonly gradient?: boolean } = {}): number {
    const { plain, varied, prepared } = this.parts;
    const own = plain.estimateMemory(batch, varied === undefined ? options : {});
    if (options.gradient !== true || varied === undefined || prepared === undefined) return own;
    return (
      own +
      varied.estimateMemory(Math.min(prepared.limit, batch * Math.max(1, prepared.evaluations)))
    );
  }

  dispose(): void {
    this.parts.plain.dispose();
    this.parts.varied?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  protected vjpComputation(
    prepared: PreparedMethod,
    values: Values<Names>,
    dy: Cotangents<M>,
    options: VjpOptions<Names>,
  ): Computation<Gradients<Names>> {
    checkVjpOptions(options);
    const slots = readWrt(this.circuit, options.wrt);
    prepared.check(slots);
    const read = readValues(this.circuit, values);
    const { outputSizes, single } = this.parts;
    const weights = readCotangents(dy, outputSizes, single, read.batch);
    return (function* () {
      const derivatives = yield* prepared.derivatives({
        values: read,
        slots,
        weights,
        seed: options.seed ?? 0,
      });
      return reduced(slots, bySlot(slots, derivatives), read.batch, options) as Gradients<Names>;
    })();
  }

  protected jacobianComputation(
    prepared: PreparedMethod,
    values: Values<Names>,
    options: JacobianOptions<Names>,
  ): Computation<Gradients<Names>> {
    const slots = readWrt(this.circuit, options.wrt);
    prepared.check(slots);
    const read = readValues(this.circuit, values);
    return (function* () {
      const derivatives = yield* prepared.derivatives({
        values: read,
        slots,
        seed: options.seed ?? 0,
      });
      return bySlot(slots, derivatives) as Gradients<Names>;
    })();
  }
}

class LocalProgram<Names extends string, M extends Measurements>
  extends Base<Names, M, Program<Names, M>, Program>
  implements DifferentiatedProgram<Names, M>
{
  run(values?: Values<Names>, options?: RunOptions): Results<M> {
    return this.parts.plain.run(values, options);
  }

  vjp(values: Values<Names>, dy: Cotangents<M>, options: VjpOptions<Names> = {}): Gradients<Names> {
    const { plain, varied, prepared } = this.parts;
    if (varied === undefined || prepared === undefined) return plain.vjp(values, dy, options);
    return compute(varied, this.vjpComputation(prepared, values, dy, options));
  }

  jacobian(values: Values<Names>, options: JacobianOptions<Names> = {}): Gradients<Names> {
    const { plain, varied, prepared } = this.parts;
    if (varied === undefined || prepared === undefined) return plain.jacobian(values, options);
    return compute(varied, this.jacobianComputation(prepared, values, options));
  }
}

class RemoteProgram<Names extends string, M extends Measurements>
  extends Base<Names, M, AsyncProgram<Names, M>, AsyncProgram>
  implements AsyncDifferentiatedProgram<Names, M>
{
  async run(values?: Values<Names>, options?: RunOptions & AsyncCallOptions): Promise<Results<M>> {
    return this.parts.plain.run(values, options);
  }

  async vjp(
    values: Values<Names>,
    dy: Cotangents<M>,
    options: VjpOptions<Names> & AsyncCallOptions = {},
  ): Promise<Gradients<Names>> {
    const { plain, varied, prepared } = this.parts;
    if (varied === undefined || prepared === undefined) return plain.vjp(values, dy, options);
    return computeAsync(varied, this.vjpComputation(prepared, values, dy, options), options);
  }

  async jacobian(
    values: Values<Names>,
    options: JacobianOptions<Names> & AsyncCallOptions = {},
  ): Promise<Gradients<Names>> {
    const { plain, varied, prepared } = this.parts;
    if (varied === undefined || prepared === undefined) return plain.jacobian(values, options);
    return computeAsync(varied, this.jacobianComputation(prepared, values, options), options);
  }
}

function positive(value: number | undefined, name: string): void {
  if (value !== undefined && !(value > 0 && Number.isFinite(value))) {
    throw new ValueError(`${name} is ${value}`, { remedy: 'Give a positive finite number' });
  }
}
