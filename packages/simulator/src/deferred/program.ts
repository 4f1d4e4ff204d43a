import { refuseFilter } from '../adjoint.ts';
import { deferMeasurements } from '@ketwork/circuit';
import type { Circuit, Measurement, Slot } from '@ketwork/circuit';
import { checkAlive, checkOut, checkVjpOptions } from '../calls.ts';
import { readWrt } from '../compile.ts';
import type { CheckedProgram } from '../compile.ts';
import type {
  CompileOptions,
  Cotangents,
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
import { jacobianByRows } from '../cpu/jacobian.ts';
import { checkSuccess, hasFilter, postselects } from '../postselection.ts';
import { readCotangents, readValues } from '../values.ts';
import { combine, projectedBack, pulledBack } from './combine.ts';
import { located } from './located.ts';
import { planProjected, planReadings } from './readings.ts';
import type { Readings } from './readings.ts';

/** A program of exact measurements of a circuit without measurements, and whether workers can share its state. */
export type PlainProgram = Program<string, readonly Measurement[]> & {
  readonly divisible?: boolean;
};

/** What a deferred program is run by. */
export interface DeferredOptions {
  /** Name of the engine, for explanations. */
  readonly engine: string;
  /** Most qubits, those for deferred measurements included. */
  readonly maxQubits: number;
  /** Compiles a circuit without measurements, resets and conditionals. */
  readonly compile: (circuit: Circuit, measurements: readonly Measurement[]) => PlainProgram;
}

/** The program of derivatives through post-selections. */
interface Backward {
  readonly plan: ReturnType<typeof planProjected>;
  readonly program: PlainProgram;
}

/**
 * Exact results of a circuit with measurements, resets and conditionals, on an engine that has none of them: the
 * measurements are deferred to the end. Post-selections run as projections, and results are divided by the probability
 * that is left; for derivatives they too are deferred, so that the circuit is unitary and the adjoint method applies to
 * the expectation values whose ratio a result is.
 */
export class DeferredProgram<Names extends string, M extends Measurements> implements Program<
  Names,
  M
> {
  readonly circuit: Circuit<Names>;
  readonly measurements: M;
  readonly options: CompileOptions;
  readonly outputShapes: readonly (readonly number[])[];
  readonly #checked: CheckedProgram;
  readonly #settings: DeferredOptions;
  readonly #selects: boolean;
  readonly #plan: Readings;
  readonly #forward: PlainProgram;
  /** For messages: where the operations of the deferred circuit come from. */
  readonly #operations: readonly number[];
  #backward: Backward | undefined;
  #disposed = false;

  constructor(
    circuit: Circuit<Names>,
    measurements: M,
    checked: CheckedProgram,
    settings: DeferredOptions,
  ) {
    this.circuit = circuit;
    this.measurements = measurements;
    this.options = {};
    this.outputShapes = checked.outputShapes;
    this.#checked = checked;
    this.#settings = settings;
    this.#selects = postselects(circuit);
    const deferred = deferMeasurements(circuit, {
      read: checked.measurements,
      postselection: 'immediate',
      maxQubits: settings.maxQubits,
    });
    this.#plan = planReadings(circuit, checked.measurements, deferred, this.#selects);
    this.#operations = deferred.operations;
    this.#forward = located(deferred.operations, () =>
      settings.compile(this.#plan.circuit, this.#plan.raw),
    );
  }

  run(values?: Values<Names>, options: RunOptions = {}): Results<M> {
    this.#alive();
    const { batch } = readValues(this.circuit, values);
    checkOut(options.out, this.#checked, batch);
    const { results } = this.#evaluate(values ?? {}, batch);
    if (options.out !== undefined) {
      options.out.set(results[0]!);
      results[0] = options.out;
    }
    return (this.#checked.single ? results[0] : results) as Results<M>;
  }

  vjp(values: Values<Names>, dy: Cotangents<M>, options: VjpOptions<Names> = {}): Gradients<Names> {
    this.#alive();
    checkVjpOptions(options);
    const wrt = this.#differentiable(options.wrt);
    const { batch } = readValues(this.circuit, values);
    const { outputSizes, single } = this.#checked;
    const cotangents = readCotangents(dy, outputSizes, single, batch);
    return this.#backpropagate(values, batch, cotangents, { ...options, wrt: namesOf(wrt) });
  }

  jacobian(values: Values<Names>, options: JacobianOptions<Names> = {}): Gradients<Names> {
    this.#alive();
    const { batch } = readValues(this.circuit, values);
    const wrt = this.#differentiable(options.wrt);
    return jacobianByRows(batch, this.#checked.outputSizes, wrt, (dy) =>
      this.#backpropagate(values, batch, dy, { wrt: namesOf(wrt), perExample: true }),
    ) as Gradients<Names>;
  }

  /** Results of all examples, with the probabilities they were divided by and unnormalised numbers. */
  #evaluate(
    values: Values,
    batch: number,
  ): { results: Float64Array[]; raw: Float64Array[]; norms: Float64Array } {
    const { readings, success } = this.#plan;
    const { outputSizes } = this.#checked;
    const raw = located(this.#operations, () => this.#forward.run(values)) as Float64Array[];
    const norms = success === undefined ? new Float64Array(batch).fill(1) : raw[success]!;
    const results = outputSizes.map((size) => new Float64Array(batch * size));
    // The probability of what never happens may be read; nothing may be divided by it.
    const divides = success !== undefined && readings.some(({ type }) => type !== 'success');
    for (let e = 0; e < batch; e++) {
      if (divides) checkSuccess(norms[e]!, e, this.circuit);
      const norm = norms[e]!;
      combine(readings, rowsOf(raw, batch, e), norm, rowsOf(results, batch, e));
    }
    return { results, raw, norms };
  }

  #backpropagate(
    values: Values<Names>,
    batch: number,
    dy: readonly (Float64Array | undefined)[],
    options: VjpOptions<Names>,
  ): Gradients<Names> {
    const { outputSizes } = this.#checked;
    if (!this.#selects) {
      const sizes = sizesOf(this.#forward);
      const cotangents = pulledBack(this.#plan.readings, dy, sizes, outputSizes, batch);
      return this.#forward.vjp(values, cotangents, options);
    }
    const { plan, program } = this.#projected();
    const { results, raw, norms } = this.#evaluate(values, batch);
    const cotangents = sizesOf(program).map((size) => new Float64Array(batch * size));
    for (let e = 0; e < batch; e++) {
      const rows = rowsOf(raw, batch, e);
      const means = this.#plan.readings.map((reading) =>
        reading.type === 'variance' ? rows[reading.mean!]!.map((x) => x / norms[e]!) : undefined,
      );
      const weights = dy.map((array, m) =>
        array?.subarray(e * outputSizes[m]!, (e + 1) * outputSizes[m]!),
      );
      const out = rowsOf(cotangents, batch, e);
      projectedBack(plan, weights, rowsOf(results, batch, e), means, norms[e]!, out);
    }
    return program.vjp(values, cotangents, options);
  }

  /** The circuit with post-selections at its end, compiled when first needed. */
  #projected(): Backward {
    if (this.#backward === undefined) {
      const { maxQubits, compile } = this.#settings;
      const { measurements } = this.#checked;
      const deferred = deferMeasurements(this.circuit, { read: measurements, maxQubits });
      const plan = planProjected(this.circuit, measurements, deferred);
      this.#backward = { plan, program: compile(plan.circuit, plan.raw) };
    }
    return this.#backward;
  }

  #differentiable(names: readonly Names[] | undefined): Slot[] {
    const wrt = readWrt(this.circuit, names);
    refuseFilter(this.circuit.ops.findIndex(hasFilter));
    return wrt;
  }

  /** Whether several workers can run the program on one state. */
  get divisible(): boolean {
    return this.#forward.divisible === true;
  }

  explain(): Explanation {
    const { qubits, bits } = this.circuit;
    const inner = this.#forward.explain();
    const on = this.#plan.circuit.qubits;
    const selects = this.#selects
      ? ' Post-selections are projections; for gradients they are deferred, too.'
      : '';
    return {
      ...inner,
      text:
        `${this.#settings.engine}: measurements, resets and conditions are deferred to the end of the circuit: ` +
        `${qubits} qubit${qubits === 1 ? '' : 's'} and ${bits} bit${bits === 1 ? '' : 's'} on ${on} qubit${on === 1 ? '' : 's'}.` +
        `${selects} ${inner.text}`,
      details: { ...inner.details, qubits, bits, deferred: true, deferredQubits: on },
    };
  }

  estimateMemory(batch = 1, options: { readonly gradient?: boolean } = {}): number {
    const results = 8 * batch * this.#checked.outputSizes.reduce((a, b) => a + b, 0);
    const gradient = options.gradient === true;
    if (!gradient || !this.#selects) return results + this.#forward.estimateMemory(batch, options);
    const { program } = this.#projected();
    return results + this.#forward.estimateMemory(batch) + program.estimateMemory(batch, options);
  }

  dispose(): void {
    this.#disposed = true;
    this.#forward.dispose();
    this.#backward?.program.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #alive(): void {
    checkAlive(this.#disposed);
  }
}

function namesOf<Names extends string>(slots: readonly Slot[]): Names[] {
  return slots.map(({ name }) => name as Names);
}

function sizesOf({ outputShapes }: PlainProgram): number[] {
  return outputShapes.map((shape) => shape.reduce((a, b) => a * b, 1));
}

/** The rows of one example, as views. */
function rowsOf(arrays: readonly Float64Array[], batch: number, e: number): Float64Array[] {
  return arrays.map((array) => {
    const size = array.length / batch;
    return array.subarray(e * size, (e + 1) * size);
  });
}
