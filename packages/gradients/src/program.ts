import { ValueError } from '@ketwork/base';
import type { Circuit, Slot } from '@ketwork/circuit';
import { checkVjpOptions, readCotangents, readValues, readWrt } from '@ketwork/simulator';
import type {
  AsyncCallOptions,
  AsyncProgram,
  CompileOptions,
  Cotangents,
  DifferentiationMethod,
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
import { compute, computeAsync, repeated, tiled } from './evaluate.ts';
import type { Computation } from './evaluate.ts';
import type { PreparedMethod } from './method.ts';

/** Options of `estimate`. */
export interface EstimateOptions<Names extends string = string> {
  /** Slots to differentiate with respect to; all differentiable ones by default. */
  readonly wrt?: readonly Names[];
  /** Shared slots get `[batch, ...shape]`, one gradient per example, instead of the sum. Default false. */
  readonly perExample?: boolean;
  /** Independent estimates, at least 2; the error itself is uncertain by about 1 / √(2 · repeats). Default 10. */
  readonly repeats?: number;
  /** Seed of all that is random. Default 0. */
  readonly seed?: number;
}

/** A gradient with its uncertainty. */
export interface GradientEstimate<Names extends string = string> {
  /** Means, in the shapes of a `vjp`. */
  readonly gradients: Gradients<Names>;
  /** Standard error of each of them. */
  readonly standardErrors: Gradients<Names>;
}

/** A program whose gradients come from a chosen method. */
export interface DifferentiatedProgram<
  Names extends string = string,
  M extends Measurements = Measurements,
> extends Program<Names, M> {
  /** The method its gradients come from. */
  readonly method: DifferentiationMethod;
  /**
   * Gradients of `Σ dy · y` as `vjp` gives them, each the mean of `repeats` independent estimates, with its standard
   * error: the scatter of the estimates divided by √repeats. Every estimate takes all runs and shots of a `vjp`; all of
   * them are one batch. Methods without chance run once, with errors of 0; what a finite step leaves is not counted.
   */
  estimate(
    values: Values<Names>,
    dy: Cotangents<M>,
    options?: EstimateOptions<Names>,
  ): GradientEstimate<Names>;
}

/** A {@link DifferentiatedProgram} that runs elsewhere and returns promises. */
export interface AsyncDifferentiatedProgram<
  Names extends string = string,
  M extends Measurements = Measurements,
> extends AsyncProgram<Names, M> {
  /** The method its gradients come from. */
  readonly method: DifferentiationMethod;
  /** Gradients with standard errors, as those of a {@link DifferentiatedProgram}. */
  estimate(
    values: Values<Names>,
    dy: Cotangents<M>,
    options?: EstimateOptions<Names> & AsyncCallOptions,
  ): Promise<GradientEstimate<Names>>;
}

/** What both kinds of program are made of. */
interface Parts<Plain, Varied> {
  readonly method: DifferentiationMethod;
  /** The circuit as it was given. */
  readonly plain: Plain;
  /** The circuits that the method runs; none where the engine differentiates itself. */
  readonly varied: readonly Varied[];
  readonly prepared: PreparedMethod | undefined;
  /** Whether two seeds give two results. */
  readonly random: boolean;
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
    const own = plain.estimateMemory(batch, prepared === undefined ? options : {});
    if (options.gradient !== true || prepared === undefined) return own;
    const rows = Math.min(prepared.limit, batch * Math.max(1, prepared.evaluations));
    return own + Math.max(0, ...varied.map((program) => program.estimateMemory(rows)));
  }

  dispose(): void {
    this.parts.plain.dispose();
    for (const program of this.parts.varied) program.dispose();
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

  protected estimateComputation(
    prepared: PreparedMethod,
    values: Values<Names>,
    dy: Cotangents<M>,
    options: EstimateOptions<Names>,
  ): Computation<GradientEstimate<Names>> {
    const repeats = this.parts.random ? repeatsOf(options) : 1;
    const slots = readWrt(this.circuit, options.wrt);
    prepared.check(slots);
    const read = readValues(this.circuit, values);
    const { outputSizes, single } = this.parts;
    const weights = readCotangents(dy, outputSizes, single, read.batch).map((weight) =>
      weight === undefined
        ? undefined
        : repeated(weight, weight.length / read.batch, read.batch, 0, read.batch * repeats),
    );
    const { circuit } = this;
    return (function* () {
      const derivatives = yield* prepared.derivatives({
        values: tiled(read, circuit.slots, repeats),
        slots,
        weights,
        seed: options.seed ?? 0,
      });
      const rows = bySlot(slots, derivatives);
      const parts = Array.from({ length: repeats }, (_, r) => {
        const own = Object.fromEntries(
          Object.entries(rows).map(([name, array]) => {
            const size = array.length / repeats;
            return [name, array.subarray(r * size, (r + 1) * size)];
          }),
        );
        return reduced(slots, own, read.batch, options);
      });
      return statistics(slots, parts);
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

/** A differentiated program in the calling thread. */
export class LocalProgram<Names extends string, M extends Measurements>
  extends Base<Names, M, Program<Names, M>, Program>
  implements DifferentiatedProgram<Names, M>
{
  run(values?: Values<Names>, options?: RunOptions): Results<M> {
    return this.parts.plain.run(values, options);
  }

  vjp(values: Values<Names>, dy: Cotangents<M>, options: VjpOptions<Names> = {}): Gradients<Names> {
    const { plain, varied, prepared } = this.parts;
    if (prepared === undefined) return plain.vjp(values, dy, options);
    return compute(varied, this.vjpComputation(prepared, values, dy, options));
  }

  jacobian(values: Values<Names>, options: JacobianOptions<Names> = {}): Gradients<Names> {
    const { plain, varied, prepared } = this.parts;
    if (prepared === undefined) return plain.jacobian(values, options);
    return compute(varied, this.jacobianComputation(prepared, values, options));
  }

  estimate(
    values: Values<Names>,
    dy: Cotangents<M>,
    options: EstimateOptions<Names> = {},
  ): GradientEstimate<Names> {
    repeatsOf(options);
    const { plain, varied, prepared } = this.parts;
    if (prepared === undefined) return certain(plain.vjp(values, dy, vjpOptions(options)));
    return compute(varied, this.estimateComputation(prepared, values, dy, options));
  }
}

/** A differentiated program elsewhere. */
export class RemoteProgram<Names extends string, M extends Measurements>
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
    if (prepared === undefined) return plain.vjp(values, dy, options);
    return computeAsync(varied, this.vjpComputation(prepared, values, dy, options), options);
  }

  async jacobian(
    values: Values<Names>,
    options: JacobianOptions<Names> & AsyncCallOptions = {},
  ): Promise<Gradients<Names>> {
    const { plain, varied, prepared } = this.parts;
    if (prepared === undefined) return plain.jacobian(values, options);
    return computeAsync(varied, this.jacobianComputation(prepared, values, options), options);
  }

  async estimate(
    values: Values<Names>,
    dy: Cotangents<M>,
    options: EstimateOptions<Names> & AsyncCallOptions = {},
  ): Promise<GradientEstimate<Names>> {
    repeatsOf(options);
    const { plain, varied, prepared } = this.parts;
    if (prepared === undefined)
      return certain(await plain.vjp(values, dy, { ...options, ...vjpOptions(options) }));
    return computeAsync(varied, this.estimateComputation(prepared, values, dy, options), options);
  }
}

function repeatsOf({ repeats = 10 }: EstimateOptions): number {
  if (!(Number.isInteger(repeats) && repeats >= 2)) {
    throw new ValueError(`repeats is ${repeats}`, { remedy: 'Give a whole number of at least 2' });
  }
  return repeats;
}

/** The options of an estimate that a vjp has too. */
function vjpOptions<Names extends string>(options: EstimateOptions<Names>): VjpOptions<Names> {
  const { wrt, perExample = false } = options;
  return wrt === undefined ? { perExample } : { wrt, perExample };
}

/** Gradients that nothing random is in. */
function certain<Names extends string>(gradients: Gradients<Names>): GradientEstimate<Names> {
  const zeros = Object.entries<Float64Array>(gradients).map(([name, array]) => [
    name,
    new Float64Array(array.length),
  ]);
  return { gradients, standardErrors: Object.fromEntries(zeros) as Gradients<Names> };
}

/** Means of independent estimates and their standard errors. */
function statistics(
  slots: readonly Slot[],
  parts: readonly Record<string, Float64Array>[],
): GradientEstimate {
  const n = parts.length;
  const gradients: Record<string, Float64Array> = {};
  const standardErrors: Record<string, Float64Array> = {};
  for (const { name } of slots) {
    const arrays = parts.map((part) => part[name]!);
    const mean = arrays[0]!.map((_, i) => arrays.reduce((sum, a) => sum + a[i]!, 0) / n);
    gradients[name] = mean;
    standardErrors[name] = mean.map((m, i) =>
      n === 1 ? 0 : Math.sqrt(arrays.reduce((sum, a) => sum + (a[i]! - m) ** 2, 0) / (n - 1) / n),
    );
  }
  return { gradients, standardErrors };
}
