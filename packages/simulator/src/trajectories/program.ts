import { UnsupportedError, sizeOf } from '@ketwork/base';
import { angleSlots } from '@ketwork/circuit';
import type { Circuit, Op, Slot } from '@ketwork/circuit';
import { checkAlive, checkOut, checkVjpOptions } from '../calls.ts';
import { checkProgram, readWrt, wiresRead } from '../compile.ts';
import type { CheckedProgram } from '../compile.ts';
import type {
  Capabilities,
  CompileOptions,
  Cotangents,
  Engine,
  Explanation,
  Gradients,
  JacobianOptions,
  Measurements,
  Results,
  RunOptions,
  Values,
  VjpOptions,
} from '../contract.ts';
import { jacobianByRows } from '../cpu/jacobian.ts';
import { withShots } from '../shots.ts';
import type { PartRunOptions, RunWithShots } from '../shots.ts';
import { readCotangents, readValues } from '../values.ts';
import type { SlotValues } from '../values.ts';
import type { Estimate, TrajectoryProgram } from './contract.ts';
import { estimateOf, sumsOf } from './estimate.ts';
import type { ChunkRange } from './estimate.ts';
import { PathwiseGradient } from './gradient.ts';
import { Readings } from './readings.ts';
import type { Sums } from './readings.ts';
import { StateStore } from './register.ts';
import { framed, makeRunner, trajectoryShots } from './choice.ts';
import type { Runner } from './runner.ts';

/** Run options of an engine that hands parts of the trajectories to its workers; not for users. */
export interface ChunkRunOptions extends PartRunOptions {
  /** The chunks to run; `run` then returns sums instead of results. */
  readonly range?: ChunkRange | undefined;
}

/** What all programs of a trajectory engine share. */
export interface TrajectorySettings {
  /** Number of trajectories where no shots are asked for. */
  readonly trajectories: number;
  /** Seed of runs that give none. */
  readonly seed: number;
  /** Runs circuits without noise. */
  readonly engine: Engine;
  readonly fused: boolean;
  /** See {@link RunnerOptions.mostStates}. */
  readonly mostStates?: number;
  readonly capabilities: Capabilities;
}

/** A program whose results are means over quantum trajectories. */
export class SampledProgram<
  Names extends string = string,
  M extends Measurements = Measurements,
> implements TrajectoryProgram<Names, M> {
  readonly circuit: Circuit<Names>;
  readonly measurements: M;
  readonly options: CompileOptions;
  readonly outputShapes: readonly (readonly number[])[];
  readonly #settings: TrajectorySettings;
  readonly #checked: CheckedProgram;
  readonly #withShots: RunWithShots<Names, M> | undefined;
  readonly #readings: Readings | undefined;
  readonly #runner: Runner | undefined;
  #gradient: PathwiseGradient | undefined;
  #disposed = false;

  constructor(
    circuit: Circuit<Names>,
    measurements: M,
    options: CompileOptions,
    settings: TrajectorySettings,
  ) {
    const checked = checkProgram(circuit, measurements, options, settings.capabilities);
    checkOps(circuit.ops);
    this.circuit = circuit;
    this.measurements = measurements;
    this.options = options;
    this.outputShapes = checked.outputShapes;
    this.#settings = settings;
    this.#checked = checked;
    const sampled = checked.measurements.some(
      ({ type }) => type === 'samples' || type === 'counts',
    );
    if (sampled || options.shots !== undefined) {
      checkWires(circuit, checked);
      const { shots = settings.trajectories } = options;
      this.#withShots = withShots(
        (c, m) => new SampledProgram(c, m, {}, { ...settings, trajectories: shots }),
        circuit,
        measurements,
        options,
        trajectoryShots(settings),
      );
      return;
    }
    this.#readings = new Readings(circuit, checked.measurements, checked.outputSizes);
    this.#runner = makeRunner(circuit, { ...settings, readings: this.#readings });
  }

  run(values?: Values<Names>, options: RunOptions = {}): Results<M> {
    if (this.#withShots !== undefined) {
      checkAlive(this.#disposed);
      return this.#withShots(values, { seed: this.#settings.seed, ...options });
    }
    const { range }: ChunkRunOptions = options;
    if (range === undefined) return this.#estimate(values, options).values;
    // For whoever asked for part of the trajectories: the sums of each example's chunks.
    checkAlive(this.#disposed);
    const read = readValues(this.circuit, values);
    const examples = Array.from({ length: read.batch }, (_, e) => this.#sums(read, e, options));
    return examples.map((chunks) => chunks.map(({ data }) => data)) as unknown as Results<M>;
  }

  runWithErrors(values?: Values<Names>, options: RunOptions = {}): Estimate<M> {
    if (this.#withShots !== undefined) {
      throw new UnsupportedError('a program that draws shots returns no standard errors', {
        remedy: 'Compile expval, variance or probabilities without shots',
      });
    }
    return this.#estimate(values, options);
  }

  #estimate(values: Values<Names> | undefined, options: RunOptions): Estimate<M> {
    checkAlive(this.#disposed);
    const read = readValues(this.circuit, values);
    checkOut(options.out, this.#checked, read.batch);
    const chunks = (e: number): Sums[] => this.#sums(read, e, options);
    return estimateOf<M>(this.#readings as Readings, this.#checked, read.batch, chunks, options);
  }

  #sums(read: SlotValues, example: number, options: ChunkRunOptions): Sums[] {
    const { trajectories } = this.#settings;
    const { seed = this.#settings.seed, firstExample = 0, range } = options;
    const own = { seed, firstExample, trajectories, range };
    return sumsOf(this.#runner as Runner, this.#readings as Readings, read, example, own);
  }

  vjp(values: Values<Names>, dy: Cotangents<M>, options: VjpOptions<Names> = {}): Gradients<Names> {
    checkAlive(this.#disposed);
    checkVjpOptions(options);
    const wrt = readWrt(this.circuit, options.wrt);
    const gradient = this.#pathwise(wrt);
    const read = readValues(this.circuit, values);
    const { outputSizes, single } = this.#checked;
    const cotangents = readCotangents(dy, outputSizes, single, read.batch);
    return this.#backpropagate(gradient, read, wrt, cotangents, options) as Gradients<Names>;
  }

  jacobian(values: Values<Names>, options: JacobianOptions<Names> = {}): Gradients<Names> {
    checkAlive(this.#disposed);
    const wrt = readWrt(this.circuit, options.wrt);
    const gradient = this.#pathwise(wrt);
    const read = readValues(this.circuit, values);
    const asked = { ...options, perExample: true };
    return jacobianByRows(read.batch, this.#checked.outputSizes, wrt, (dy) =>
      this.#backpropagate(gradient, read, wrt, dy, asked),
    ) as Gradients<Names>;
  }

  #backpropagate(
    gradient: PathwiseGradient,
    read: SlotValues,
    wrt: readonly Slot[],
    dy: readonly (Float64Array | undefined)[],
    options: VjpOptions<Names>,
  ): Record<string, Float64Array> {
    const { perExample = false, squaredNorms = false } = options;
    const { trajectories } = this.#settings;
    const seed = options.seed ?? this.#settings.seed;
    const { firstExample = 0 } = options as PartRunOptions;
    const out: Record<string, Float64Array> = {};
    for (const { name, shape, axis } of wrt) {
      const rows = axis === 'batch' || perExample;
      const size = squaredNorms && axis !== 'batch' ? 1 : sizeOf(shape);
      out[name] = new Float64Array(rows || squaredNorms ? read.batch * size : size);
    }
    for (let e = 0; e < read.batch; e++) {
      const own = dy.map((array, m) => {
        const size = this.#checked.outputSizes[m] as number;
        return array?.subarray(e * size, (e + 1) * size);
      });
      const gradients = gradient.of(read, e, own, { seed, firstExample, trajectories }, wrt);
      for (const { name, axis } of wrt) {
        const row = gradients[name] as Float64Array;
        const target = out[name] as Float64Array;
        if (axis === 'batch' || perExample) target.set(row, e * row.length);
        else if (squaredNorms) target[e] = row.reduce((sum, x) => sum + x * x, 0);
        else row.forEach((x, i) => (target[i] = (target[i] as number) + x));
      }
    }
    return out;
  }

  /** The gradient over fixed branches, refused where branches depend on what is differentiated. */
  #pathwise(wrt: readonly Slot[]): PathwiseGradient {
    const remedy = "Differentiate with 'parameter-shift' of @ketwork/gradients";
    const readings = this.#readings;
    if (readings === undefined)
      throw new UnsupportedError('a program that draws shots has no gradient of its own', {
        remedy,
      });
    const frame = framed(this.circuit, readings);
    if (frame === undefined) {
      throw new UnsupportedError(
        'the branches of these trajectories depend on the state, so a mean over them has no gradient along fixed branches',
        { remedy },
      );
    }
    const names = new Set(wrt.map(({ name }) => name));
    this.circuit.ops.forEach((op, operation) => {
      if (op.type !== 'channel') return;
      for (const { slot } of op.angles.flatMap((angle) => angleSlots(angle))) {
        if (!names.has(slot)) continue;
        throw new UnsupportedError(`the probabilities of a channel depend on slot '${slot}'`, {
          operation,
          remedy: `Leave '${slot}' out of wrt, or use the density matrix`,
        });
      }
    });
    this.#gradient ??= new PathwiseGradient(this.circuit, frame, readings, this.#settings.engine);
    return this.#gradient;
  }

  explain(): Explanation {
    const { trajectories } = this.#settings;
    const number = this.options.shots ?? trajectories;
    const isFramed = framed(this.circuit, this.#readings) !== undefined;
    return {
      text: isFramed
        ? `trajectories: ${number} for each example, which draw their Pauli errors first. The errors move through the circuit ` +
          `and change signs of angles, so that trajectories are examples of one circuit without noise; equal ones run once.`
        : `trajectories: ${number} for each example. Those that chose alike so far share one state, which is copied where ` +
          `they part.`,
      details: {
        engine: 'trajectories',
        regime: isFramed ? 'signs' : 'tree',
        trajectories: number,
        qubits: this.circuit.qubits,
        operations: this.circuit.ops.length,
      },
    };
  }

  estimateMemory(batch = 1): number {
    const results = 16 * batch * this.#checked.outputSizes.reduce((a, b) => a + b, 0);
    const states = Math.min(8, 1 + Math.ceil(Math.log2(this.#settings.trajectories + 1)));
    return results + 2 * StateStore.bytes(this.circuit.qubits, states);
  }

  dispose(): void {
    this.#disposed = true;
    this.#withShots?.dispose();
    this.#runner?.dispose();
    this.#gradient?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Maps that are not unitary would have to weigh trajectories. */
export function checkOps(ops: readonly Op[]): void {
  ops.forEach((op, operation) => {
    if (op.type === 'conditional') {
      checkOps(op.then);
      checkOps(op.otherwise);
    }
    if (op.type !== 'matrix' || op.unitary) return;
    throw new UnsupportedError('trajectories cannot apply a matrix that is not unitary', {
      operation,
      remedy:
        'Write it as a channel with all its Kraus matrices, or as a post-selected measurement',
    });
  });
}

/** An outcome is a number of 32 bits. */
function checkWires(circuit: Circuit, { measurements }: CheckedProgram): void {
  const wires = new Set<number>();
  for (const m of measurements)
    if (m.type === 'samples' || m.type === 'counts' || m.type === 'probabilities')
      for (const wire of wiresRead(m, circuit.qubits)) wires.add(wire);
  if (wires.size <= 32) return;
  throw new UnsupportedError(`shots read ${wires.size} qubits and bits, and at most 32 fit`, {
    remedy: 'Read fewer of them, or compile measurements separately',
  });
}
