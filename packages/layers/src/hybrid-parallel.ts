import { sizeOf, ValueError } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import { Y, expval, parseCircuit } from '@ketwork/circuit';
import type { Circuit, Slot } from '@ketwork/circuit';
import { ops } from '@ketwork/nn';
import type { DifferentiableMap, Json, Layer, MaybePromise, Shape, Want } from '@ketwork/nn';
import type { Measurements } from '@ketwork/simulator';
import { after, together } from './maybe-promise.ts';
import { parallelCircuit } from './parallel-circuit.ts';
import type { ParallelCircuitOptions } from './parallel-circuit.ts';
import { LayerProgram, partKey } from './program.ts';
import type { ProgramOptions } from './program.ts';
import { repeated, summed } from './rows.ts';
import { initialize, initializerOf, slotRoles } from './slots.ts';
import type { ConstantValues, SlotInitializers, SlotRoles } from './slots.ts';

/** Options of {@link hybridParallel}. */
export interface HybridParallelOptions extends ProgramOptions, ParallelCircuitOptions {
  /** Number of circuits side by side, k. */
  readonly circuits: number;
  /**
   * The structure that all of them have: one data slot of q elements, the rest weights. {@link parallelCircuit} by
   * default; `qubits`, `layers` and `scale` are options of that one.
   */
  readonly circuit?: Circuit;
  /** What each circuit measures. Default ⟨Y⟩ of every qubit. */
  readonly measurement?: Measurements;
  /** Which features a circuit takes: its own (`split`, the default: the input has k · q) or all (`shared`: it has q). */
  readonly features?: 'split' | 'shared';
  /**
   * `together`, the default: all circuits of all examples are one call of the engine, k · batch jobs with weights of
   * their own. `apart`: one call per circuit, so that the engine works out what the jobs of a call share only once; on
   * the CPU engine twice as fast from about 16 examples on, but k calls.
   */
  readonly calls?: 'together' | 'apart';
  /** First values of the weights, one rule or rules by slot name; uniform in ±π by default. */
  readonly init?: SlotInitializers;
  /** Values of shared slots that are not trained, by name; the same for all circuits. */
  readonly constants?: ConstantValues;
  /** Whether the weights are trained. Where false they are buffers: saved, but left as they were drawn. Default true. */
  readonly trainable?: boolean;
}

/**
 * k circuits of one structure side by side, each with weights of its own and on features of its own: as expressive as a
 * wide quantum layer, as cheap as k narrow ones, and with a block-diagonal Jacobian.
 *
 * `[k · q]` (circuit after circuit; with shared features `[q]`) to `[k · m]`, m being the numbers that a circuit
 * measures. Parameters: each weight slot of the circuit under its name, `[k, ...slot shape]`; by default `w`
 * `[k, 3, 5, 3]`, 45 angles per circuit.
 *
 * Source: HQNN-Parallel of Senokosov et al., arXiv:2304.09224 (see {@link parallelCircuit}). Bound to an engine as
 * `quantum` is.
 *
 * @throws ValueError where circuits, features and options do not fit one another; UnsupportedError and the errors of
 * binding as `quantum`.
 * @example
 * ```ts
 * import { hybridParallel } from '@ketwork/layers';
 * import { dense, forward, sequential } from '@ketwork/nn';
 * import { cpu } from '@ketwork/simulator';
 * const network = sequential(dense(64, 20), hybridParallel({ circuits: 4 }), dense(20, 10)).build(1);
 * network.bind!(await cpu());
 * console.log((await forward(network, new Float64Array(2 * 64))).length); // 20
 * ```
 */
export function hybridParallel(options: HybridParallelOptions): Layer {
  const { circuits, features = 'split', calls = 'together', trainable = true } = options;
  if (!Number.isSafeInteger(circuits) || circuits < 1)
    throw new ValueError(`hybridParallel: ${circuits} circuits are not possible`, {
      remedy: 'Give a positive integer as circuits',
    });
  if (features !== 'split' && features !== 'shared')
    throw new ValueError(`hybridParallel: features are 'split' or 'shared', not '${features}'`);
  if (calls !== 'together' && calls !== 'apart')
    throw new ValueError(`hybridParallel: calls go 'together' or 'apart', not '${calls}'`);
  const circuit = options.circuit ?? parallelCircuit(options);
  const measurement =
    options.measurement ?? expval(...Array.from({ length: circuit.qubits }, (_, i) => Y(i)));
  const roles = slotRoles('hybridParallel', circuit, undefined, options.constants ?? {});
  if (roles.inputs.length !== 1) {
    throw new ValueError(
      `hybridParallel: the circuit must have one data slot, it has ${roles.inputs.map((slot) => `'${slot.name}'`).join(', ')}`,
    );
  }
  const rule = initializerOf('hybridParallel', options.init, roles.weights);
  const compiled = calls === 'together' ? withOwnWeights(circuit, roles.weights) : circuit;
  const { outputs } = new LayerProgram('hybridParallel', compiled, measurement, options);
  const input = roles.inputs[0]!;
  const size = sizeOf(input.shape);
  const inputShape: Shape = [features === 'split' ? circuits * size : size];
  const settings = {
    kind: 'hybridParallel',
    circuits,
    circuit,
    measurement,
    features,
    calls,
    trainable,
    init: Object.fromEntries(roles.weights.map((slot) => [slot.name, rule(slot.name).settings])),
    constants: Object.fromEntries(
      Object.entries(roles.constants).map(([name, values]) => [name, [...values]]),
    ),
    method: options.method ?? 'best',
    ...(options.shots === undefined ? {} : { shots: options.shots }),
  };
  return Object.freeze<Layer>({
    kind: 'hybridParallel',
    inputShape,
    toJSON: () => settings as unknown as Json,
    build(shape, key) {
      if (sizeOf(shape) !== inputShape[0] || shape.length !== 1) {
        throw new ValueError(
          `hybridParallel: inputs of shape [${shape.join(', ')}] do not fit, ${circuits} circuits ${features === 'split' ? `of ${size} features each` : 'of shared features'} take [${inputShape.join(', ')}]`,
          {
            remedy:
              shape.length > 1
                ? 'Put flatten() before it; shapes do not include the batch'
                : `Change the layer before it, such as dense(${inputShape[0]})`,
          },
        );
      }
      const program = new LayerProgram('hybridParallel', compiled, measurement, options);
      const weights = roles.weights.map((slot): Slot => ({
        ...slot,
        shape: [circuits, ...slot.shape],
      }));
      const fans = { fanIn: size, fanOut: outputs };
      const values = weights.map((slot, i) =>
        initialize('hybridParallel', rule(slot.name), slot.name, slot.shape, fans, key, i),
      );
      const map = parallelMap({ program, circuits, input, weights, roles, inputShape, calls });
      return {
        kind: 'hybridParallel',
        inputShape,
        outputShape: [circuits * outputs],
        parameters: trainable ? values : [],
        buffers: trainable ? [] : values,
        couplesExamples: false,
        bind: (engine) => program.bind(engine),
        bound: () => program.bound,
        forward: (x, { tape, key: passKey }) =>
          ops.external(
            map,
            [x, ...values.map((p) => tape.parameter(p, trainable))],
            program.draws ? passKey : undefined,
          ),
      };
    },
  });
}

/** The circuit with its weights on the batch axis, so that every job of a batch brings its own. */
function withOwnWeights(circuit: Circuit, weights: readonly Slot[]): Circuit {
  const names = new Set(weights.map(({ name }) => name));
  return parseCircuit({
    ...circuit,
    slots: circuit.slots.map((slot) => (names.has(slot.name) ? { ...slot, axis: 'batch' } : slot)),
  });
}

interface Parallel {
  readonly program: LayerProgram;
  readonly circuits: number;
  readonly input: Slot;
  /** Weight slots with the circuits as first axis. */
  readonly weights: readonly Slot[];
  readonly roles: SlotRoles;
  readonly inputShape: Shape;
  readonly calls: 'together' | 'apart';
}

/** Jobs are ordered example, then circuit, so that rows of the input and of the output are those of the layer. */
function parallelMap(parallel: Parallel): DifferentiableMap {
  const { program, circuits, input, weights, roles, inputShape, calls } = parallel;
  const { outputs } = program;
  const size = sizeOf(input.shape);
  const shared = inputShape[0] === size && circuits > 1;
  const slots = [input, ...weights];
  const jobsOf = (x: Float64Array): Float64Array =>
    shared ? repeated(x, x.length / size, circuits) : x;

  /** Values of one call: all jobs, or those of one circuit. */
  function valuesOf(
    jobs: Float64Array,
    arrays: readonly Float64Array[],
    batch: number,
    circuit: number,
  ): Record<string, Float64Array> {
    const values: Record<string, Float64Array> = { ...roles.constants };
    const one = circuit >= 0;
    values[input.name] = one ? columns(jobs, circuits, size, circuit) : jobs;
    weights.forEach(({ name }, i) => {
      const array = arrays[i + 1]!;
      const length = array.length / circuits;
      values[name] = one
        ? array.subarray(circuit * length, (circuit + 1) * length)
        : repeated(array, 1, batch);
    });
    return values;
  }

  function forward(
    arrays: readonly Float64Array[],
    batch: number,
    key?: Key,
  ): MaybePromise<Float64Array> {
    const jobs = jobsOf(arrays[0]!);
    if (calls === 'together') return program.run(valuesOf(jobs, arrays, batch, -1), key);
    return after(
      together(
        each((circuit) =>
          program.run(valuesOf(jobs, arrays, batch, circuit), partKey(key, circuit)),
        ),
      ),
      (results) => interleaved(results, outputs),
    );
  }

  function vjp(
    arrays: readonly Float64Array[],
    dy: Float64Array,
    batch: number,
    wants: readonly Want[],
    key?: Key,
  ): MaybePromise<readonly (Float64Array | undefined)[]> {
    const jobs = jobsOf(arrays[0]!);
    const perExample = wants.includes('perExample');
    const wanted = slots.filter((_, i) => wants[i] !== 'none').map(({ name }) => name);
    if (wanted.length === 0) return slots.map(() => undefined);
    if (wants[0] !== 'none' && !input.differentiable) {
      throw new ValueError(
        `hybridParallel: slot '${input.name}' is not differentiable, so layers before this one cannot be trained`,
        { remedy: 'Put this layer first, or make the slot differentiable' },
      );
    }
    const inputGradient = (perJob: Float64Array): Float64Array =>
      shared ? summed(perJob, batch, circuits, size) : perJob;
    if (calls === 'together') {
      const gradients = program.vjp(valuesOf(jobs, arrays, batch, -1), dy, wanted, false, key);
      return after(gradients, (bySlot) =>
        slots.map((slot, i) => {
          if (wants[i] === 'none') return undefined;
          const rows = bySlot[slot.name]!;
          if (i === 0) return inputGradient(rows);
          return perExample ? rows : summed(rows, 1, batch, rows.length / batch);
        }),
      );
    }
    const gradients = each((circuit) =>
      program.vjp(
        valuesOf(jobs, arrays, batch, circuit),
        columns(dy, circuits, outputs, circuit),
        wanted,
        perExample,
        partKey(key, circuit),
      ),
    );
    return after(together(gradients), (byCircuit) =>
      slots.map((slot, i) => {
        if (wants[i] === 'none') return undefined;
        const parts = byCircuit.map((bySlot) => bySlot[slot.name]!);
        const length = i === 0 ? size : sizeOf(slot.shape) / circuits;
        const rows = interleaved(parts, length);
        return i === 0 ? inputGradient(rows) : rows;
      }),
    );
  }

  function each<T>(call: (circuit: number) => T): T[] {
    return Array.from({ length: circuits }, (_, circuit) => call(circuit));
  }

  return {
    name: 'hybridParallel',
    inputs: [
      { axis: 'batch', shape: inputShape },
      ...weights.map(({ shape }) => ({ axis: 'shared' as const, shape })),
    ],
    outputShape: [circuits * outputs],
    forward,
    vjp,
  };
}

/** Part `index` of `[rows, parts, size]`. */
function columns(array: Float64Array, parts: number, size: number, index: number): Float64Array {
  const rows = array.length / (parts * size);
  const out = new Float64Array(rows * size);
  for (let row = 0; row < rows; row++) {
    const from = (row * parts + index) * size;
    for (let i = 0; i < size; i++) out[row * size + i] = array[from + i]!;
  }
  return out;
}

/** The inverse of `columns` for all parts: `[rows, parts, size]`. */
function interleaved(parts: readonly Float64Array[], size: number): Float64Array {
  const rows = parts[0]!.length / size;
  const out = new Float64Array(rows * parts.length * size);
  parts.forEach((part, p) => {
    for (let row = 0; row < rows; row++) {
      const to = (row * parts.length + p) * size;
      for (let i = 0; i < size; i++) out[to + i] = part[row * size + i]!;
    }
  });
  return out;
}
