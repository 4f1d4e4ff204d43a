import { sizeOf } from '@ketwork/base';
import { refuseFilter, refuseShots } from '../../adjoint.ts';
import type { Circuit, Measurement, Slot } from '@ketwork/circuit';
import { checkAlive, checkOut, checkVjpOptions } from '../../calls.ts';
import { readWrt } from '../../compile.ts';
import type { CheckedProgram } from '../../compile.ts';
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
} from '../../contract.ts';
import { hasFilter } from '../../postselection.ts';
import { withShots } from '../../shots.ts';
import type { RunWithShots } from '../../shots.ts';
import { readCotangents, readValues } from '../../values.ts';
import type { SlotValues } from '../../values.ts';
import { CHUNK } from '../angles.ts';
import { jacobianByRows } from '../jacobian.ts';
import { allocate } from '../memory.ts';
import { ChunkGradients } from './gradients.ts';
import { addGradient, Spectra } from './spectra.ts';
import { EvolutionStep } from './step.ts';
import type { StepExamples } from './blocks.ts';
import { DriftStep } from './drift.ts';
import { splitCircuit } from './split.ts';
import type { Part } from './split.ts';

/** Compiles a part, or a whole circuit with other operations at its end, for exact measurements. */
type Compile = (
  circuit: Circuit,
  measurements: readonly Measurement[],
) => Program<string, readonly Measurement[]>;

/** A part that is compiled, or an evolution. */
type Stretch =
  | { readonly part: Part; readonly program: Program<string, readonly Measurement[]> }
  | { readonly step: EvolutionStep | DriftStep };

/** A chunk of a run: the states before each stretch, none before the first. */
interface ChunkRun extends StepExamples {
  readonly states: readonly (Float64Array | undefined)[];
}

/**
 * A program of the CPU engine whose circuit is cut at evolutions under matrices that come with the data and under large
 * Pauli sums. Parts are programs of the engine, whose states go from one to the next; the evolutions in between are done by
 * eigenvalues or by a Chebyshev series. Cotangents come back the same way.
 */
export class SegmentedProgram<Names extends string, M extends Measurements> implements Program<
  Names,
  M
> {
  readonly circuit: Circuit<Names>;
  readonly measurements: M;
  readonly outputShapes: readonly (readonly number[])[];
  readonly options: CompileOptions;
  /** Several workers cannot run it on one state. */
  readonly divisible = false;
  readonly #checked: CheckedProgram;
  readonly #stretches: readonly Stretch[];
  readonly #withShots: RunWithShots<Names, M> | undefined;
  readonly #isReleased: () => boolean;
  #disposed = false;

  /**
   * @param engine compiles parts, and for shots circuits with other operations at their ends; says whether it was disposed of
   */
  constructor(
    circuit: Circuit<Names>,
    measurements: M,
    options: CompileOptions,
    checked: CheckedProgram,
    engine: {
      readonly compile: Compile;
      readonly isReleased: () => boolean;
    },
  ) {
    this.circuit = circuit;
    this.measurements = measurements;
    this.options = options;
    this.outputShapes = checked.outputShapes;
    this.#checked = checked;
    this.#isReleased = engine.isReleased;
    const isSampled = checked.measurements.some(
      ({ type }) => type === 'samples' || type === 'counts',
    );
    if (isSampled || options.shots !== undefined) {
      this.#withShots = withShots(engine.compile, circuit, measurements, options);
      this.#stretches = [];
      return;
    }
    const split = splitCircuit(circuit, checked.measurements);
    this.#stretches = split.map((part, i): Stretch => {
      if (part.type === 'evolution') {
        const { drift } = part.op;
        return {
          step:
            drift === undefined
              ? new EvolutionStep(part, circuit)
              : new DriftStep(part, circuit, drift),
        };
      }
      const read: readonly Measurement[] =
        i === split.length - 1 ? checked.measurements : [{ type: 'state' }];
      return { part, program: engine.compile(part.circuit, read) };
    });
  }

  run(values?: Values<Names>, options: RunOptions = {}): Results<M> {
    this.#alive();
    if (this.#withShots !== undefined) return this.#withShots(values, options);
    const slots = readValues(this.circuit, values);
    const { outputSizes } = this.#checked;
    checkOut(options.out, this.#checked, slots.batch);
    const results = outputSizes.map((size) => allocate(slots.batch * size));
    for (let first = 0; first < slots.batch; first += CHUNK) {
      const chunk = this.#forward(slots, first);
      const last = this.#stretches.at(-1) as Extract<Stretch, { part: Part }>;
      const given = this.#values(last.part, chunk, chunk.states.at(-1));
      last.program.run(given).forEach((array, m) => {
        (results[m] as Float64Array).set(array as Float64Array, first * outputSizes[m]!);
      });
    }
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
    const slots = readValues(this.circuit, values);
    const { outputSizes, single } = this.#checked;
    const cotangents = readCotangents(dy, outputSizes, single, slots.batch);
    return this.#backward(slots, wrt, cotangents, options) as Gradients<Names>;
  }

  jacobian(values: Values<Names>, options: JacobianOptions<Names> = {}): Gradients<Names> {
    this.#alive();
    const slots = readValues(this.circuit, values);
    const wrt = this.#differentiable(options.wrt);
    return jacobianByRows(slots.batch, this.#checked.outputSizes, wrt, (dy) =>
      this.#backward(slots, wrt, dy, { perExample: true }),
    ) as Gradients<Names>;
  }

  explain(): Explanation {
    const parts = this.#stretches.filter((stretch) => 'part' in stretch);
    const evolutions = this.#stretches.length - parts.length;
    const { qubits, ops } = this.circuit;
    const how =
      this.#withShots === undefined
        ? `${parts.length} parts with ${evolutions} evolution${evolutions === 1 ? '' : 's'} in between, by eigenvalues or Chebyshev series`
        : 'shots from exact probabilities, the circuit cut at evolutions';
    return {
      text: `cpu: ${qubits} qubits, ${ops.length} operations; ${how}.`,
      details: {
        engine: 'cpu',
        regime: 'segmented',
        qubits,
        operations: ops.length,
        parts: parts.length,
        evolutions,
      },
    };
  }

  estimateMemory(batch = 1, options: { readonly gradient?: boolean } = {}): number {
    if (this.#withShots !== undefined) return this.#withShots.estimateMemory(batch);
    const examples = Math.min(batch, CHUNK);
    const programs = this.#stretches.reduce(
      (most, stretch) =>
        'part' in stretch
          ? Math.max(most, stretch.program.estimateMemory(examples, options))
          : most,
      0,
    );
    // The states before every stretch, and what is needed for a series.
    const series = this.#stretches.reduce(
      (most, stretch) => ('step' in stretch ? Math.max(most, stretch.step.bytes) : most),
      0,
    );
    const states = 16 * 2 ** this.circuit.qubits * examples * this.#stretches.length + series;
    const results = 8 * batch * this.#checked.outputSizes.reduce((a, b) => a + b, 0);
    const gradients =
      options.gradient === true
        ? readWrt(this.circuit).reduce(
            (sum, { axis, shape }) => sum + 8 * sizeOf(shape) * (axis === 'batch' ? batch : 2),
            0,
          )
        : 0;
    return programs + states + results + gradients;
  }

  dispose(): void {
    this.#disposed = true;
    this.#withShots?.dispose();
    for (const stretch of this.#stretches) if ('part' in stretch) stretch.program.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #alive(): void {
    checkAlive(this.#isReleased(), 'engine');
    checkAlive(this.#disposed);
  }

  #differentiable(names: readonly Names[] | undefined): Slot[] {
    refuseShots(this.#withShots !== undefined);
    const wrt = readWrt(this.circuit, names);
    refuseFilter(this.circuit.ops.findIndex(hasFilter));
    return wrt;
  }

  /** Runs all but the last part on the chunk that begins with an example. */
  #forward(slots: SlotValues, first: number): ChunkRun {
    const count = Math.min(CHUNK, slots.batch - first);
    const examples: StepExamples = { slots, first, count, spectra: new Spectra() };
    const states: (Float64Array | undefined)[] = [];
    let state: Float64Array | undefined;
    this.#stretches.forEach((stretch, i) => {
      states.push(state);
      if ('step' in stretch) state = stretch.step.forward(state!, examples);
      else if (i < this.#stretches.length - 1)
        [state] = stretch.program.run(this.#values(stretch.part, examples, state)) as [
          Float64Array,
        ];
    });
    return { ...examples, states };
  }

  /** Values of a part's slots on a chunk. */
  #values(
    { slots: used, input, filler }: Part,
    { slots, first, count }: StepExamples,
    state: Float64Array | undefined,
  ): Record<string, Float64Array> {
    const values: Record<string, Float64Array> = {};
    for (const { name, axis, shape } of used) {
      const size = sizeOf(shape);
      const all = slots.get(name);
      values[name] = axis === 'batch' ? all.subarray(first * size, (first + count) * size) : all;
    }
    if (input !== undefined) values[input] = state!;
    if (filler !== undefined) values[filler] = new Float64Array(count);
    return values;
  }

  #backward(
    slots: SlotValues,
    wrt: readonly Slot[],
    dy: readonly (Float64Array | undefined)[],
    mode: VjpOptions,
  ): Record<string, Float64Array> {
    const gradients = new ChunkGradients(wrt, slots.batch, mode);
    const { outputSizes } = this.#checked;
    const perExample = mode.perExample === true || mode.squaredNorms === true;
    for (let first = 0; first < slots.batch; first += CHUNK) {
      const run = this.#forward(slots, first);
      const { count, states, spectra } = run;
      let bra: Float64Array | undefined;
      for (let i = this.#stretches.length - 1; i >= 0; i--) {
        const stretch = this.#stretches[i]!;
        if ('step' in stretch) {
          bra = stretch.step.backward(states[i]!, states[i + 1]!, bra!, run, gradients);
          continue;
        }
        const { part, program } = stretch;
        const names = part.slots.map(({ name }) => name).filter((name) => gradients.wants(name));
        const asked = part.input === undefined ? names : [...names, part.input];
        if (asked.length === 0) break;
        const cotangents =
          i === this.#stretches.length - 1
            ? dy.map((array, m) =>
                array?.subarray(first * outputSizes[m]!, (first + count) * outputSizes[m]!),
              )
            : [bra];
        const found = program.vjp(this.#values(part, run, states[i]), cotangents, {
          wrt: asked,
          perExample,
        });
        for (const name of names) gradients.add(name, found[name]!);
        if (part.input !== undefined) bra = found[part.input]!;
      }
      for (const collected of spectra.gradients()) {
        const { data, start } = gradients.row(collected.slot, collected.example);
        addGradient(collected, data, start);
      }
      gradients.close(first, count);
    }
    return gradients.finish();
  }
}
