import {
  col2im,
  EnvironmentError,
  sizeOf,
  ValueError,
  wasmFeatures,
  windowPositions,
} from '@ketwork/base';
import type { Key, WindowShape } from '@ketwork/base';
import { Z, expval } from '@ketwork/circuit';
import type { Circuit, Slot } from '@ketwork/circuit';
import { ops } from '@ketwork/nn';
import type { DifferentiableMap, Json, Layer, MaybePromise, Room, Shape, Want } from '@ketwork/nn';
import type { Measurements } from '@ketwork/simulator';
import { after, together } from './maybe-promise.ts';
import { LayerProgram, partKey } from './program.ts';
import type { ProgramOptions } from './program.ts';
import { quantumFilter } from './quantum-filter.ts';
import type { QuantumFilterOptions } from './quantum-filter.ts';
import { pairOf } from './shapes.ts';
import { initialize, initializerOf, slotRoles } from './slots.ts';
import type { SlotInitializers } from './slots.ts';
import { TrigonometricConvolution } from './trigonometric/convolution.ts';
import { trigonometricForm } from './trigonometric/form.ts';
import type { TrigonometricForm } from './trigonometric/form.ts';
import { windowRows } from './windows.ts';

type Pair = readonly [rows: number, columns: number];

/** Options of {@link quantumConv2d}. */
export interface QuantumConv2dOptions extends ProgramOptions, QuantumFilterOptions {
  /** Size of the window in pixels: a square, or `[rows, columns]`. */
  readonly kernel: number | Pair;
  /** Steps of the window in pixels: both ways, or `[down, right]`. Default 1. */
  readonly stride?: number | Pair;
  /** Zeros added on each side in pixels. Default 0. */
  readonly padding?: number | Pair;
  /** Channels of the images; a window has this many times the kernel's pixels. Default 1. */
  readonly inChannels?: number;
  /** Channels of the result: filters with weights of their own, times the numbers each one measures. Default: one filter. */
  readonly outChannels?: number;
  /**
   * Circuit of a filter: one data slot with as many elements as the window has pixels (channel, row, column; row-major),
   * the rest weights. {@link quantumFilter} by default; `layers`, `reupload` and `scale` are options of that one.
   */
  readonly circuit?: Circuit;
  /** What a filter measures. Default ⟨Z⟩ of qubit 0. */
  readonly measurement?: Measurements;
  /** First values of the weights, one rule or rules by slot name; uniform in ±π by default. */
  readonly init?: SlotInitializers;
  /** Whether the weights are trained. Where false they are buffers: saved, but left as they were drawn. Default true. */
  readonly trainable?: boolean;
}

/**
 * A quantum circuit as the filter of a two-dimensional convolution: the circuit slides over the image, takes the pixels
 * of each window as data and gives one pixel (or several channels) of the result. All windows of all images of a batch
 * are one call of the engine; windows that are zero everywhere share one example of it where that is exact.
 *
 * Where each pixel enters once, times a constant, as the angle of a rotation, results are polynomials in cosines and sines
 * of these angles (arXiv:1812.06323, arXiv:2008.08605), and the engine only runs a grid of 3^pixels angles for their
 * coefficients, for at most four pixels; this does not hold of the default circuit.
 *
 * `[channels, height, width]` to `[outChannels, height', width']`, each size being
 * `floor((size + 2 · padding - window) / stride) + 1`. Parameters: each weight slot of the circuit under its name,
 * `[filters, ...slot shape]`; with the default circuit `w` `[filters, layers, pixels, 3]`. Channels of the result are
 * ordered filter, then measured number.
 *
 * Source: the model of Chen et al., arXiv:2012.12177 (see {@link quantumFilter}). Bound to an engine as `quantum` is.
 *
 * @throws ValueError where sizes, circuit and options do not fit one another; at build, where the images do not fit;
 * UnsupportedError and the errors of binding as `quantum`.
 * @example
 * ```ts
 * import { quantumConv2d } from '@ketwork/layers';
 * import { dense, flatten, sequential } from '@ketwork/nn';
 * const filter = { kernel: 2, stride: 2 };
 * const net = sequential(quantumConv2d(filter), quantumConv2d(filter), flatten(), dense(16, 2)).build([1, 16, 16], 1);
 * console.log(net.parameters.reduce((sum, p) => sum + p.data.length, 0)); // 82
 * ```
 */
export function quantumConv2d(options: QuantumConv2dOptions): Layer {
  return slidingCircuit('quantumConv2d', options, {
    circuit: (pixels) => quantumFilter(pixels, options),
    measurement: () => expval(Z(0)),
    trainable: true,
  });
}

/** Options of a circuit that slides over images, whichever circuit that is. */
export type SlidingOptions = Omit<QuantumConv2dOptions, keyof QuantumFilterOptions>;

/** A circuit that slides over images: what {@link quantumConv2d} and its relatives have in common. */
export function slidingCircuit(
  kind: string,
  options: SlidingOptions,
  defaults: {
    readonly circuit: (pixels: number) => Circuit;
    readonly measurement: (circuit: Circuit) => Measurements;
    readonly trainable: boolean;
  },
): Layer {
  const kernel = pairOf(options.kernel);
  const stride = pairOf(options.stride ?? 1);
  const padding = pairOf(options.padding ?? 0);
  const { inChannels = 1, trainable = defaults.trainable } = options;
  for (const size of [...kernel, ...stride, inChannels]) {
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new ValueError(
        `${kind}: kernel, stride and inChannels are positive integers, one of them is ${size}`,
      );
    }
  }
  const area = inChannels * kernel[0] * kernel[1];
  const circuit = options.circuit ?? defaults.circuit(area);
  const measurement = options.measurement ?? defaults.measurement(circuit);
  const roles = slotRoles(kind, circuit, undefined, {});
  if (roles.inputs.length !== 1 || sizeOf(roles.inputs[0]!.shape) !== area) {
    throw new ValueError(
      `${kind}: the circuit must have one data slot of ${area} elements, one per pixel of the window`,
      {
        remedy: `Its data slots are ${roles.inputs.map((slot) => `${slot.name} [${slot.shape.join(', ')}]`).join(', ')}`,
      },
    );
  }
  const { outputs } = new LayerProgram(kind, circuit, measurement, options);
  const outChannels = options.outChannels ?? outputs;
  const filters = outChannels / outputs;
  if (!Number.isSafeInteger(filters) || filters < 1) {
    throw new ValueError(
      `${kind}: ${outChannels} output channels are not made of filters that measure ${outputs} numbers each`,
    );
  }
  const rule = initializerOf(kind, options.init, roles.weights);
  // Looked for when something runs, once for all that is built of the layer.
  let found: { readonly form: TrigonometricForm | undefined } | undefined;
  const formOf = (): TrigonometricForm | undefined => {
    const list = 'type' in measurement ? [measurement] : measurement;
    found ??= { form: trigonometricForm(circuit, roles.inputs[0]!, list, outputs) };
    return found.form;
  };
  const settings = {
    kind,
    kernel,
    stride,
    padding,
    inChannels,
    outChannels,
    circuit,
    measurement,
    trainable,
    init: Object.fromEntries(roles.weights.map((slot) => [slot.name, rule(slot.name).settings])),
    method: options.method ?? 'best',
    ...(options.shots === undefined ? {} : { shots: options.shots }),
  };
  return Object.freeze<Layer>({
    kind,
    toJSON: () => settings as unknown as Json,
    build(inputShape, key) {
      const [channels, height, width] = inputShape;
      if (inputShape.length !== 3 || channels !== inChannels) {
        throw new ValueError(
          `${kind}: inputs of shape [${inputShape.join(', ')}] do not fit, it takes [${inChannels}, height, width]`,
          {
            remedy:
              'Put reshape([channels, height, width]) before it; shapes do not include the batch',
          },
        );
      }
      const window = { channels, height: height!, width: width!, kernel, stride, padding };
      const positions = windowPositions({ ...window, batch: 1 }, kind);
      const program = new LayerProgram(kind, circuit, measurement, options);
      const weights = roles.weights.map((slot): Slot => ({
        ...slot,
        shape: [filters, ...slot.shape],
      }));
      const fans = { fanIn: area, fanOut: outputs };
      const values = weights.map(({ name, shape }, i) =>
        initialize(kind, rule(name), name, shape, fans, key, i),
      );
      const outputShape = [outChannels, ...positions];
      const map = convolutionMap(kind, {
        program,
        formOf,
        window,
        area,
        filters,
        input: roles.inputs[0]!,
        weights,
        inputShape: [...inputShape],
        outputShape,
      });
      return {
        kind,
        inputShape: [...inputShape],
        outputShape,
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

interface Convolution {
  readonly program: LayerProgram;
  /** How the circuit's results depend on the data, where that is simple. */
  readonly formOf: () => TrigonometricForm | undefined;
  readonly window: Omit<WindowShape, 'batch'>;
  readonly area: number;
  readonly filters: number;
  readonly input: Slot;
  /** Weight slots with the filters as first axis. */
  readonly weights: readonly Slot[];
  readonly inputShape: Shape;
  readonly outputShape: Shape;
}

function convolutionMap(kind: string, convolution: Convolution): DifferentiableMap {
  const { program, formOf, window, area, filters, input, weights, inputShape, outputShape } =
    convolution;
  const { outputs } = program;
  const positions = outputShape[1]! * outputShape[2]!;
  // Windows that share an example would share its shots.
  const mayShare = !program.draws && input.kind === 'scalar';
  const valuesOf = (
    rows: Float64Array,
    arrays: readonly Float64Array[],
    filter: number,
  ): Record<string, Float64Array> => {
    const values: Record<string, Float64Array> = { [input.name]: rows };
    weights.forEach(({ name }, i) => {
      const size = arrays[i + 1]!.length / filters;
      values[name] = arrays[i + 1]!.subarray(filter * size, (filter + 1) * size);
    });
    return values;
  };
  const perFilter = <T>(run: (filter: number) => MaybePromise<T>): MaybePromise<T[]> =>
    together(Array.from({ length: filters }, (_, filter) => run(filter)));

  let found: { readonly polynomials: TrigonometricConvolution | undefined } | undefined;
  /** The windows as points of polynomials, where these are as good as runs of the circuit. */
  const polynomials = (): TrigonometricConvolution | undefined => {
    if (!program.direct) return undefined;
    found ??= { polynomials: polynomialsOf({ ...convolution, form: formOf() }) };
    return found.polynomials;
  };

  function forward(
    arrays: readonly Float64Array[],
    batch: number,
    key?: Key,
    room?: Room,
  ): MaybePromise<Float64Array> {
    const quick = polynomials()?.forward(
      arrays[0]!,
      batch,
      (rows, filter) => program.run(valuesOf(rows, arrays, filter), undefined),
      room,
    );
    return quick ?? forwardWindows(arrays, batch, key);
  }

  /** Runs the circuit on every window. */
  function forwardWindows(
    arrays: readonly Float64Array[],
    batch: number,
    key?: Key,
  ): MaybePromise<Float64Array> {
    const { rows, rowOf } = windowRows(
      arrays[0]!,
      { ...window, batch },
      positions,
      area,
      mayShare ? 'batch' : 'none',
    );
    return after(
      perFilter((filter) => program.run(valuesOf(rows, arrays, filter), partKey(key, filter))),
      (results) => {
        const out = new Float64Array(batch * filters * outputs * positions);
        results.forEach((result, filter) => {
          for (let at = 0; at < batch * positions; at++) {
            const row = rowOf === undefined ? at : rowOf[at]!;
            const place = outputPlace(at, filter);
            for (let k = 0; k < outputs; k++)
              out[place + k * positions] = result[row * outputs + k]!;
          }
        });
        return out;
      },
    );
  }

  /** Where the first channel of a filter is for a window, counted over the batch. */
  function outputPlace(at: number, filter: number): number {
    const image = Math.floor(at / positions);
    return (image * filters + filter) * outputs * positions + (at % positions);
  }

  function vjp(
    arrays: readonly Float64Array[],
    dy: Float64Array,
    batch: number,
    wants: readonly Want[],
    key?: Key,
    room?: Room,
  ): MaybePromise<readonly (Float64Array | undefined)[]> {
    const wantedWeights = weights.filter((_, i) => wants[i + 1] !== 'none');
    const quick = polynomials()?.vjp(
      arrays[0]!,
      dy,
      batch,
      wants,
      (rows, filter) => program.run(valuesOf(rows, arrays, filter), undefined),
      (rows, cotangents, filter, perRow) => {
        const names = wantedWeights.map(({ name }) => name);
        const values = valuesOf(rows, arrays, filter);
        const gradients = program.vjp(values, cotangents, names, perRow, undefined);
        return after(gradients, (bySlot) => weights.map(({ name }) => bySlot[name]!));
      },
      room,
    );
    return quick ?? vjpWindows(arrays, dy, batch, wants, key);
  }

  /** Differentiates the circuit on every window. */
  function vjpWindows(
    arrays: readonly Float64Array[],
    dy: Float64Array,
    batch: number,
    wants: readonly Want[],
    key?: Key,
  ): MaybePromise<readonly (Float64Array | undefined)[]> {
    const perExample = wants.includes('perExample');
    const share = !mayShare || wants[0] !== 'none' ? 'none' : perExample ? 'image' : 'batch';
    const { rows, rowOf, imageOf, count } = windowRows(
      arrays[0]!,
      { ...window, batch },
      positions,
      area,
      share,
    );
    const wanted = [input, ...weights]
      .filter((_, i) => wants[i] !== 'none')
      .map(({ name }) => name);
    const gradients = perFilter((filter) => {
      const dyRows = new Float64Array(count * outputs);
      for (let at = 0; at < batch * positions; at++) {
        const row = rowOf === undefined ? at : rowOf[at]!;
        const place = outputPlace(at, filter);
        for (let k = 0; k < outputs; k++) dyRows[row * outputs + k]! += dy[place + k * positions]!;
      }
      return program.vjp(
        valuesOf(rows, arrays, filter),
        dyRows,
        wanted,
        perExample,
        partKey(key, filter),
      );
    });
    return after(gradients, (byFilter) => [
      wants[0] === 'none'
        ? undefined
        : imageGradient(
            byFilter.map((bySlot) => bySlot[input.name]!),
            batch,
          ),
      ...weights.map(({ name, shape }, i) => {
        if (wants[i + 1] === 'none') return undefined;
        const size = sizeOf(shape) / filters;
        const parts = byFilter.map((bySlot) => bySlot[name]!);
        return perExample ? perImage(parts, size, batch, imageOf) : stacked(parts, size);
      }),
    ]);
  }

  function imageGradient(parts: readonly Float64Array[], batch: number): Float64Array {
    const [sum, ...rest] = parts;
    for (const part of rest) for (let i = 0; i < part.length; i++) sum![i]! += part[i]!;
    return col2im(sum!, { ...window, batch }, { layout: 'rows' });
  }

  /** Sums the gradients of the windows of each image, `[batch, filters, size]`. */
  function perImage(
    parts: readonly Float64Array[],
    size: number,
    batch: number,
    imageOf: Uint32Array | undefined,
  ): Float64Array {
    const out = new Float64Array(batch * filters * size);
    parts.forEach((part, filter) => {
      for (let row = 0; row < part.length / size; row++) {
        const image = imageOf === undefined ? Math.floor(row / positions) : imageOf[row]!;
        const place = (image * filters + filter) * size;
        for (let i = 0; i < size; i++) out[place + i]! += part[row * size + i]!;
      }
    });
    return out;
  }

  return {
    name: kind,
    inputs: [
      { axis: 'batch', shape: inputShape },
      ...weights.map(({ shape }) => ({ axis: 'shared' as const, shape })),
    ],
    outputShape,
    forward,
    vjp,
  };
}

/** Polynomials in place of a circuit; undefined where it is none, or this runtime has no quick code for them. */
function polynomialsOf({
  form,
  window,
  filters,
  outputShape,
}: Omit<Convolution, 'formOf'> & {
  readonly form: TrigonometricForm | undefined;
}): TrigonometricConvolution | undefined {
  if (form === undefined || !wasmFeatures().simd) return undefined;
  const positions = [outputShape[1]!, outputShape[2]!] as const;
  try {
    return new TrigonometricConvolution({ form, window, positions, filters });
  } catch (error) {
    if (error instanceof EnvironmentError) return undefined;
    throw error;
  }
}

function stacked(parts: readonly Float64Array[], size: number): Float64Array {
  const out = new Float64Array(parts.length * size);
  parts.forEach((part, filter) => out.set(part, filter * size));
  return out;
}
