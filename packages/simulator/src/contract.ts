import type { Circuit, Measurement, Op } from '@ketwork/circuit';

/** Numbers in row-major order in one array (a `Float64Array` is used without a copy), or as nested lists. */
export type Numbers = ArrayLike<number> | readonly Numbers[];

/** Values of a circuit's slots by name: row-major, `[...shape]` for shared slots, `[batch, ...shape]` for batch slots. */
export type Values<Names extends string = string> = { readonly [Name in Names]: Numbers };

/** How often each bit string was measured in one example. */
export type Counts = Record<string, number>;

/** The array (or, for counts, the list of records) that one measurement returns. */
export type ResultOf<M> = M extends { readonly type: 'counts' }
  ? Counts[]
  : M extends { readonly type: 'samples' }
    ? Uint8Array
    : Float64Array;

/** The result of a run: one entry for a single measurement, a tuple for a list of them. */
export type Results<M> = M extends readonly Measurement[]
  ? { -readonly [I in keyof M]: ResultOf<M[I]> }
  : ResultOf<M>;

/** A measurement or a list of them. */
export type Measurements = Measurement | readonly Measurement[];

/** Cotangents: what {@link Results} is, as arrays of the same shapes. In a list, undefined stands for zero. */
export type Cotangents<M> = M extends readonly Measurement[]
  ? readonly (Numbers | undefined)[]
  : Numbers;

/** Options of {@link Program.run}. */
export interface RunOptions {
  /** Seed of the shots, an integer from 0 to 2^53 - 1; needed only where shots are drawn. Default 0. */
  readonly seed?: number;
  /** Array to write the (single, analytic) result into instead of a new one. */
  readonly out?: Float64Array;
}

/** Options of {@link Program.vjp}. */
export interface VjpOptions<Names extends string = string> {
  /** Slots to differentiate with respect to; all differentiable ones by default. */
  readonly wrt?: readonly Names[];
  /** Shared slots get `[batch, ...shape]`, one gradient per example, instead of the sum. Default false. */
  readonly perExample?: boolean;
  /** Shared slots get `[batch]`, the squared norm of each example's gradient, without storing the gradients. Default false. */
  readonly squaredNorms?: boolean;
  /** Seed for methods that draw shots. Default 0. */
  readonly seed?: number;
  /**
   * Gradients of an earlier call that nobody needs any more, by slot. An engine may write those of each example into them
   * where the lengths fit, since fresh memory takes longer than small gradients; what is returned counts. They must not share
   * memory with each other, with values or with cotangents. Default none.
   */
  readonly reuse?: { readonly [Name in Names]?: Float64Array };
}

/** Options of {@link Program.jacobian}. */
export interface JacobianOptions<Names extends string = string> {
  /** Slots to differentiate with respect to; all differentiable ones by default. */
  readonly wrt?: readonly Names[];
  /** Seed for methods that draw shots. Default 0. */
  readonly seed?: number;
}

/** Gradients by slot name. */
export type Gradients<Names extends string = string> = { [Name in Names]: Float64Array };

/** What an engine decided for a program, in words and as data. */
export interface Explanation {
  /** A sentence or two for people. */
  readonly text: string;
  /** The same for programs: engine, regime, group and kernel counts, bytes. */
  readonly details: Readonly<Record<string, string | number | boolean>>;
  /** What the engine's compiler made of the circuit, pass by pass, where the engine has one. */
  readonly passes?: readonly ExplainedPass[];
  /** The work on one example's state, stage by stage, where the engine plans stages. */
  readonly stages?: readonly ExplainedStage[];
}

/** One pass of an engine's compiler. */
export interface ExplainedPass {
  /** What it does, in two words. */
  readonly name: string;
  /** Elements (rotations, phases, matrices, tables) before it. */
  readonly before: number;
  /** Elements after it. */
  readonly after: number;
}

/** Work that is done on part of a state after the other, without going back to the rest. */
export interface ExplainedStage {
  /** Qubits whose amplitudes are together while it runs. */
  readonly qubits: readonly number[];
  /** Elements it applies. */
  readonly elements: number;
  /** Times that amplitudes are loaded and stored. */
  readonly groups: number;
  /** Flips of basis states that only change where amplitudes are looked for. */
  readonly renamed: number;
  /** Additions and multiplications of numbers, on the whole state. */
  readonly flops: number;
  /** Bytes loaded and stored, on the whole state, caches included. */
  readonly bytes: number;
}

/** Options of {@link Engine.compile}. */
export interface CompileOptions {
  /** Estimate expectation values, variances and probabilities from this many shots per example; exact when absent. */
  readonly shots?: number;
}

/** What every program shares, local or remote. */
export interface ProgramInfo<Names extends string = string, M extends Measurements = Measurements> {
  /** The circuit it was compiled from. */
  readonly circuit: Circuit<Names>;
  /** What a run returns: one measurement, or a list of them. */
  readonly measurements: M;
  /** Shape of each measurement's result without the batch axis. */
  readonly outputShapes: readonly (readonly number[])[];
  /** The options it was compiled with. */
  readonly options: CompileOptions;
  /** How the engine runs this program and why. */
  explain(): Explanation;
  /** Bytes the engine needs to run (and, with `gradient`, to differentiate) a batch of this size. */
  estimateMemory(batch?: number, options?: { readonly gradient?: boolean }): number;
}

/** A compiled circuit that runs in the calling thread. Returned arrays belong to the caller. */
export interface Program<Names extends string = string, M extends Measurements = Measurements>
  extends ProgramInfo<Names, M>, Disposable {
  /**
   * Runs the circuit on a batch: arrays `[batch, ...shape]` per measurement.
   * @throws ValueError for values that do not fit, before any work.
   */
  run(values?: Values<Names>, options?: RunOptions): Results<M>;
  /**
   * Vector–Jacobian product: gradients of `Σ dy · y`. Batch slots get `[batch, ...shape]`, shared slots the sum over
   * the batch (or one row per example, see {@link VjpOptions}).
   */
  vjp(values: Values<Names>, dy: Cotangents<M>, options?: VjpOptions<Names>): Gradients<Names>;
  /** All derivatives, `[batch, outputs, ...shape]` per slot, the outputs of all measurements one after the other. */
  jacobian(values: Values<Names>, options?: JacobianOptions<Names>): Gradients<Names>;
  /** Frees the engine's memory held for this program; using the program afterwards throws. */
  dispose(): void;
}

/** Options that every call of an {@link AsyncProgram} takes besides those of {@link Program}. */
export interface AsyncCallOptions {
  /** Gives the call up when aborted: it rejects with the signal's reason. Work that has begun elsewhere may still run to its end. */
  readonly signal?: AbortSignal;
}

/** A compiled circuit that runs elsewhere: the methods of {@link Program}, returning promises. */
export interface AsyncProgram<Names extends string = string, M extends Measurements = Measurements>
  extends ProgramInfo<Names, M>, Disposable {
  /** Runs the circuit on a batch: arrays `[batch, ...shape]` per measurement. Rejects with a ValueError for values that do not fit. */
  run(values?: Values<Names>, options?: RunOptions & AsyncCallOptions): Promise<Results<M>>;
  /** Gradients of `Σ dy · y`: batch slots `[batch, ...shape]`, shared slots `[...shape]` or as {@link VjpOptions} says. */
  vjp(
    values: Values<Names>,
    dy: Cotangents<M>,
    options?: VjpOptions<Names> & AsyncCallOptions,
  ): Promise<Gradients<Names>>;
  /** All derivatives, `[batch, outputs, ...shape]` per slot, the outputs of all measurements one after the other. */
  jacobian(
    values: Values<Names>,
    options?: JacobianOptions<Names> & AsyncCallOptions,
  ): Promise<Gradients<Names>>;
  /** Frees what the engine holds for this program; using the program afterwards rejects. */
  dispose(): void;
}

/** A way to differentiate; `differentiationMethods` of `@ketwork/gradients` describes them. */
export type DifferentiationMethod =
  | 'adjoint'
  | 'parameter-shift'
  | 'stochastic-shift'
  | 'hadamard-test'
  | 'reversed-hadamard-test'
  | 'finite-difference'
  | 'spsa';

/** What an engine can do, as data. Checked when a circuit is compiled. */
export interface Capabilities {
  /** Name of the engine, as in messages. */
  readonly engine: string;
  /** Number formats of amplitudes. */
  readonly precision: readonly ('f64' | 'f32')[];
  /** Largest number of qubits. */
  readonly maxQubits: number;
  /** Kinds of operations it runs. */
  readonly ops: readonly Op['type'][];
  /** Canonical gate names, or all of the gate table. */
  readonly gates: 'all' | readonly string[];
  /** Whether it runs evolutions with a drift, `exp(-i (time · A + drift.time · B))`. Default false. */
  readonly evolutionDrift?: boolean;
  /** Whether probabilities, samples and counts may read classical bits. Default false. */
  readonly bits?: boolean;
  /** Measurements it computes exactly. */
  readonly analytic: readonly Measurement['type'][];
  /** Measurements it estimates from shots. */
  readonly shots: readonly Measurement['type'][];
  /** Differentiation built into the engine, with the measurements it covers. */
  readonly adjoint: readonly Measurement['type'][];
  /**
   * Whether that differentiation goes through operations that cannot be undone: maps that are not unitary (`matrix`),
   * measurements, resets and channels; or through which kinds of them. Default false.
   */
  readonly adjointIrreversible?: boolean | readonly Op['type'][];
}

/** Compiles circuits into programs that run in the calling thread. */
export interface Engine extends Disposable {
  /** Short name, such as `cpu`. */
  readonly name: string;
  /** True: programs return results, not promises. */
  readonly synchronous: true;
  /** What it can do. */
  readonly capabilities: Capabilities;
  /** Checks everything that can be checked before values are known. @throws CircuitError, UnsupportedError */
  compile<Names extends string, const M extends Measurements>(
    circuit: Circuit<Names>,
    measurements: M,
    options?: CompileOptions,
  ): Program<Names, M>;
  /** Frees the engine's memory. */
  dispose(): void;
}

/** Compiles circuits into programs that run elsewhere: in a worker, on a GPU, on a device. */
export interface AsyncEngine extends Disposable {
  /** Short name, such as `cpu`. */
  readonly name: string;
  /** False: programs return promises. */
  readonly synchronous: false;
  /** What it can do. */
  readonly capabilities: Capabilities;
  /** Checks everything that can be checked before values are known. @throws CircuitError, UnsupportedError */
  compile<Names extends string, const M extends Measurements>(
    circuit: Circuit<Names>,
    measurements: M,
    options?: CompileOptions,
  ): AsyncProgram<Names, M>;
  /** Stops the engine; calls under way reject. */
  dispose(): void;
}
