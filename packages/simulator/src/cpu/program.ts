import { wasmFeatures } from '@ketwork/base';
import { refuseFilter, refuseShots } from '../adjoint.ts';
import type { Circuit, Measurement, Slot } from '@ketwork/circuit';
import type { CheckedProgram } from '../compile.ts';
import { checkAlive, checkOut, checkVjpOptions } from '../calls.ts';
import { checkProgram, readWrt } from '../compile.ts';
import { cpuCapabilities } from './capabilities.ts';
import type {
  CompileOptions,
  Cotangents,
  ExplainedPass,
  Explanation,
  Gradients,
  JacobianOptions,
  Measurements,
  Program,
  Results,
  RunOptions,
  Values,
  VjpOptions,
} from '../contract.ts';
import { withShots } from '../shots.ts';
import type { RunWithShots } from '../shots.ts';
import { readCotangents, readValues } from '../values.ts';
import type { SlotValues } from '../values.ts';
import { PIECE } from './angles.ts';
import { bytesOf } from './arithmetic.ts';
import { BatchedProgram } from './batched.ts';
import { BatchCotangents } from './cotangents.ts';
import { RunCoefficients } from './coefficients.ts';
import { explainShots } from './explain.ts';
import { GradientSink } from './gradient-sink.ts';
import { jacobianByRows } from './jacobian.ts';
import { largeSizes } from './large/module.ts';
import type { LargeSizes } from './large/module.ts';
import { LargeProgram } from './large/program.ts';
import type { Lowered } from './lower.ts';
import { allocate, checkAddresses } from './memory.ts';
import type { EngineMemory } from './memory.ts';
import { passes } from './passes/sequence.ts';
import { planOf } from './plan.ts';
import { exchangeOutcomes } from './readout.ts';
import type { Readout } from './readout.ts';

/** An analytic program of the CPU engine. */
export class CpuProgram<Names extends string, M extends Measurements> implements Program<Names, M> {
  readonly circuit: Circuit<Names>;
  readonly measurements: M;
  readonly outputShapes: readonly (readonly number[])[];
  readonly options: CompileOptions;
  readonly #checked: CheckedProgram;
  readonly #memory: EngineMemory;
  readonly #lowered: Lowered;
  readonly #readout: Readout;
  readonly #passes: readonly ExplainedPass[];
  readonly #withShots: RunWithShots<Names, M> | undefined;
  readonly #work: BatchedProgram | LargeProgram;
  /** For probabilities, which a Pauli frame changes. */
  #frame: RunCoefficients | undefined;
  #disposed = false;

  /**
   * @param sequence the compiler passes to run, for tests of single ones
   * @param large what counts as a large state, for tests on small ones
   */
  constructor(
    circuit: Circuit<Names>,
    measurements: M,
    options: CompileOptions,
    checked: CheckedProgram,
    memory: EngineMemory,
    sequence: typeof passes = passes,
    large: LargeSizes = largeSizes[memory.numerics.precision],
  ) {
    this.circuit = circuit;
    this.measurements = measurements;
    this.options = options;
    this.outputShapes = checked.outputShapes;
    this.#checked = checked;
    this.#memory = memory;
    const sampled = checked.measurements.some(
      ({ type }) => type === 'samples' || type === 'counts',
    );
    this.#withShots =
      sampled || options.shots !== undefined
        ? withShots((c, m) => compileAnalytic(c, m, memory), circuit, measurements, options)
        : undefined;
    const analytic = this.#withShots === undefined ? checked.measurements : [];
    // At the least: what is known before the circuit is planned.
    const amplitude = 2 * bytesOf(memory.numerics);
    const least = leastBytes(circuit.qubits, analytic, checked.outputSizes, amplitude);
    checkAddresses(least, false, wasmFeatures().memory64);
    const readsState = checked.measurements.some(({ type }) => type === 'state');
    const plan = planOf({
      circuit,
      measurements: analytic,
      readsState,
      numerics: memory.numerics,
      sequence,
      large,
    });
    this.#lowered = plan.lowered;
    this.#readout = plan.readout;
    this.#passes = plan.passes;
    this.#work = plan.isLarge
      ? new LargeProgram(circuit, plan, memory, large)
      : new BatchedProgram(circuit, plan, memory);
    const room = plan.isLarge ? amplitude : 32;
    const bytes = leastBytes(circuit.qubits, analytic, checked.outputSizes, room);
    checkAddresses(bytes, false, this.#work.memory(false).wide);
  }

  run(values?: Values<Names>, options: RunOptions = {}): Results<M> {
    this.#alive();
    if (this.#withShots !== undefined) return this.#withShots(values, options);
    const { out } = options;
    const slots = readValues(this.circuit, values);
    const sizes = this.#checked.outputSizes;
    checkOut(out, this.#checked, slots.batch);
    this.#reserve(this.#work.runner.bytes, false);
    // An angle that is not a number is found in the middle of a large batch, and nothing may be written then.
    const direct = slots.batch <= PIECE || !this.#lowered.angles.mayFail;
    const results = sizes.map((size, i) =>
      i === 0 && out !== undefined && direct ? out : allocate(slots.batch * size),
    );
    this.#evaluate(slots, results);
    if (out !== undefined && !direct) {
      out.set(results[0] as Float64Array);
      results[0] = out;
    }
    return (this.#checked.single ? results[0] : results) as Results<M>;
  }

  /** Fills the results of all measurements. */
  #evaluate(slots: SlotValues, results: readonly Float64Array[]): void {
    const { outputSizes } = this.#checked;
    this.#work.evaluate(slots, results, outputSizes, this.#reading(slots).results);
  }

  /** The read-outs of a run: the Pauli frame that its angles leave behind exchanges outcomes of probabilities. */
  #reading(slots: SlotValues): Readout {
    if (!this.#readout.steps.some(({ type }) => type === 'probabilities')) return this.#readout;
    this.#frame ??= new RunCoefficients(this.#lowered);
    const coefficients = this.#frame;
    if (!coefficients.framed) return this.#readout;
    this.#lowered.angles.evaluate(slots, 'fixed');
    coefficients.update();
    return exchangeOutcomes(this.#readout, coefficients.flips);
  }

  vjp(values: Values<Names>, dy: Cotangents<M>, options: VjpOptions<Names> = {}): Gradients<Names> {
    this.#alive();
    checkVjpOptions(options);
    const wrt = this.#differentiable(options.wrt);
    const slots = readValues(this.circuit, values);
    const cotangents = readCotangents(
      dy,
      this.#checked.outputSizes,
      this.#checked.single,
      slots.batch,
    );
    return this.#backpropagate(slots, wrt, cotangents, options) as Gradients<Names>;
  }

  jacobian(values: Values<Names>, options: JacobianOptions<Names> = {}): Gradients<Names> {
    this.#alive();
    const slots = readValues(this.circuit, values);
    const wrt = this.#differentiable(options.wrt);
    return jacobianByRows(slots.batch, this.#checked.outputSizes, wrt, (dy) =>
      this.#backpropagate(slots, wrt, dy, { perExample: true }),
    ) as Gradients<Names>;
  }

  /** The slots to differentiate, refusing what the adjoint method cannot do. */
  #differentiable(names: readonly Names[] | undefined): Slot[] {
    refuseShots(this.#withShots !== undefined);
    const wrt = readWrt(this.circuit, names);
    refuseFilter([...this.#lowered.filters][0]);
    return wrt;
  }

  #backpropagate(
    slots: SlotValues,
    wrt: readonly Slot[],
    dy: readonly (Float64Array | undefined)[],
    { perExample = false, squaredNorms = false, reuse = {} }: VjpOptions = {},
  ): Record<string, Float64Array> {
    this.#reserve(this.#work.gradientBytes(wrt), true);
    const cotangents = new BatchCotangents(
      this.#reading(slots),
      dy,
      this.#checked.outputSizes,
      // Variances are differentiated around means.
      this.#readsVariances ? this.#work.columns(slots) : undefined,
    );
    return this.#work.backpropagate(slots, { wrt, perExample, squaredNorms, reuse }, cotangents);
  }

  /** Whether several workers can run the program on one state. */
  get divisible(): boolean {
    return this.#work instanceof LargeProgram && this.#withShots === undefined;
  }

  explain(): Explanation {
    if (this.#withShots !== undefined)
      return explainShots(this.circuit, this.#checked.measurements, this.options);
    return this.#work.explain(this.#passes);
  }

  estimateMemory(batch = 1, options: { readonly gradient?: boolean } = {}): number {
    const { outputSizes } = this.#checked;
    const results = 8 * batch * outputSizes.reduce((a, b) => a + b, 0);
    if (this.#withShots !== undefined) return this.#withShots.estimateMemory(batch);
    const forward = this.#work.runner.bytes + this.#lowered.angles.bytes + results;
    if (options.gradient !== true) return forward;
    const wrt = readWrt(this.circuit);
    return (
      forward +
      Math.max(0, this.#work.gradientBytes(wrt) - this.#work.runner.bytes) +
      GradientSink.bytes(wrt, batch) +
      (this.#readsVariances ? 8 * batch * this.#readout.columns : 0)
    );
  }

  get #readsVariances(): boolean {
    return this.#readout.results.some(({ type }) => type === 'variance');
  }

  /** Reserves memory before anything is computed or allocated. */
  #reserve(bytes: number, gradient: boolean): void {
    const memory = this.#work.memory(gradient);
    checkAddresses(bytes, gradient, memory.wide);
    // Of workers that share a memory, one lets it grow.
    if (memory.team === undefined) memory.reserve(bytes);
  }

  dispose(): void {
    this.#disposed = true;
    this.#work.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #alive(): void {
    checkAlive(this.#memory.released, 'engine');
    checkAlive(this.#disposed);
  }
}

/** Bytes that a program takes at the least: the state, of `amplitude` bytes per amplitude, and probabilities. */
function leastBytes(
  qubits: number,
  measurements: readonly Measurement[],
  sizes: readonly number[],
  amplitude: number,
): number {
  return measurements.reduce(
    (sum, { type }, m) =>
      sum + (type === 'probabilities' ? Math.min(16, amplitude) * (sizes[m] as number) : 0),
    amplitude * 2 ** qubits,
  );
}

/** Compiles exact measurements without checking again. */
function compileAnalytic<Names extends string, const M extends Measurements>(
  circuit: Circuit<Names>,
  measurements: M,
  memory: EngineMemory,
): Program<Names, M> {
  return new CpuProgram(
    circuit,
    measurements,
    {},
    checkProgram(circuit, measurements, {}, cpuCapabilities),
    memory,
  );
}
