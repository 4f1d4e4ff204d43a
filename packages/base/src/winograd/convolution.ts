import { EnvironmentError } from '../errors.ts';
import { compileWasm, wasmFeatures } from '../wasm/probe.ts';
import { CELLS, layoutOf, loadWinograd } from './kernel.ts';
import type { Layout, Sizes, WinogradFunctions } from './kernel.ts';
import { TILE, transposed, winogradMatrices } from './matrices.ts';
import type { Rows } from './matrices.ts';

/** A convolution with steps of one pixel. */
export interface ConvolutionShape {
  /** Channels of the images. */
  readonly channels: number;
  /** Channels of the results. */
  readonly filters: number;
  /** Rows of an image, in pixels. */
  readonly height: number;
  /** Columns of an image, in pixels. */
  readonly width: number;
  /** Rows and columns of the window, in pixels. */
  readonly kernel: readonly [rows: number, columns: number];
  /** Zeros added on each side: above and below, left and right, in pixels. */
  readonly padding: readonly [rows: number, columns: number];
}

/** A convolution in fewer multiplications than its definition has. Arrays are row-major; results go into `out` or are new. */
export interface FastConvolution {
  /** `[batch, channels, height, width]` with `[filters, channels, ...kernel]` and `[filters]` to `[batch, filters, height', width']`. */
  forward(
    images: Float64Array,
    weights: Float64Array,
    bias: Float64Array,
    batch: number,
    out?: Float64Array,
  ): Float64Array;
  /** Gradient of `Σ dy · result` with respect to the images. */
  imageGradient(
    weights: Float64Array,
    dy: Float64Array,
    batch: number,
    out?: Float64Array,
  ): Float64Array;
  /** Gradient with respect to the weights, summed over the batch. */
  weightGradient(images: Float64Array, dy: Float64Array, batch: number): Float64Array;
}

/** Bytes of memory that one direction of a shape may need. */
const LARGEST = 1 << 26;
/** Bytes of memory of all shapes that are kept. */
const KEPT = 1 << 28;

const known = new Map<string, Convolution | undefined>();

/**
 * The convolution of a shape by minimal filtering (Winograd's algorithm in the form of Lavin and Gray, arXiv:1509.09308,
 * on tiles of 8 x 8 pixels), where that is faster than a matrix product: windows of 2 to 6 pixels each way, many enough
 * channels and positions. Results of an example do not depend on its batch; they agree with the definition to about
 * 1e-13 of the largest intermediate sum. Undefined where a matrix product is the better way, or there is no SIMD.
 *
 * @example
 * ```ts
 * import { fastConvolution } from '@ketwork/base';
 * const shape = { channels: 16, filters: 32, height: 14, width: 14, kernel: [5, 5], padding: [2, 2] } as const;
 * const images = new Float64Array(16 * 14 * 14).fill(1);
 * const weights = new Float64Array(32 * 16 * 25).fill(1);
 * const out = fastConvolution(shape)?.forward(images, weights, new Float64Array(32), 1);
 * console.log(out?.[7 * 14 + 7]); // about 400
 * ```
 */
export function fastConvolution(shape: ConvolutionShape): FastConvolution | undefined {
  const { channels, filters, height, width, kernel, padding } = shape;
  const id = [channels, filters, height, width, ...kernel, ...padding].join();
  if (known.has(id)) return known.get(id);
  const made = make(shape);
  known.set(id, made);
  let bytes = 0;
  for (const one of known.values()) bytes += one?.bytes ?? 0;
  for (const [oldest, one] of known) {
    if (bytes <= KEPT) break;
    bytes -= one?.bytes ?? 0;
    known.delete(oldest);
  }
  return made;
}

function make(shape: ConvolutionShape): Convolution | undefined {
  if (!wasmFeatures().simd || !pays(shape)) return undefined;
  try {
    return new Convolution(shape);
  } catch (error) {
    if (error instanceof EnvironmentError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Whether the transforms cost less than they save; the factors are measured. */
function pays(shape: ConvolutionShape): boolean {
  const { channels, filters, kernel, padding } = shape;
  if (!kernel.every((size, i) => size >= 2 && size <= 6 && padding[i]! < size)) return false;
  const [rows, columns] = positions(shape);
  const layouts = [forwardSizes(shape), backwardSizes(shape)].map(layoutOf);
  if (layouts.some(({ bytes }) => bytes > LARGEST)) return false;
  const windows = rows * columns * channels * kernel[0] * kernel[1];
  const { tileRows, tileColumns } = layouts[0]!;
  const transformed =
    tileRows * tileColumns * CELLS * (1.4 * channels * filters + 3 * (channels + filters));
  return windows * filters >= 1 << 16 && transformed < 0.75 * windows * (filters + 12);
}

function positions({ height, width, kernel, padding }: ConvolutionShape): [number, number] {
  return [height + 2 * padding[0] - kernel[0] + 1, width + 2 * padding[1] - kernel[1] + 1];
}

function forwardSizes(shape: ConvolutionShape): Sizes {
  const { channels, filters, kernel } = shape;
  const [rows, columns] = positions(shape);
  return { channels, filters, rows, columns, window: kernel };
}

/** The gradient of the images is a convolution of the gradients of the results. */
function backwardSizes({ channels, filters, height, width, kernel }: ConvolutionShape): Sizes {
  return { channels: filters, filters: channels, rows: height, columns: width, window: kernel };
}

class Convolution implements FastConvolution {
  readonly #shape: ConvolutionShape;
  readonly #rows: number;
  readonly #columns: number;
  readonly #forward: Machine;
  #backward: Machine | undefined;
  /** Memory in use once all directions were used. */
  readonly bytes: number;

  constructor(shape: ConvolutionShape) {
    this.#shape = shape;
    [this.#rows, this.#columns] = positions(shape);
    this.#forward = new Machine(forwardSizes(shape));
    this.bytes = layoutOf(forwardSizes(shape)).bytes + layoutOf(backwardSizes(shape)).bytes;
  }

  forward(
    images: Float64Array,
    weights: Float64Array,
    bias: Float64Array,
    batch: number,
    out: Float64Array = new Float64Array(batch * this.#shape.filters * this.#rows * this.#columns),
  ): Float64Array {
    const { channels, filters, height, width, padding } = this.#shape;
    const machine = this.#forward;
    machine.setWeights(weights, false);
    for (let first = 0; first < batch; first += 4) {
      machine.setImages(images, first, batch, [channels, height, width], padding);
      machine.convolve();
      machine.addResults(out, bias, first, batch, [filters, this.#rows, this.#columns]);
    }
    return out;
  }

  imageGradient(
    weights: Float64Array,
    dy: Float64Array,
    batch: number,
    result?: Float64Array,
  ): Float64Array {
    const { channels, filters, height, width, kernel, padding } = this.#shape;
    const machine = (this.#backward ??= new Machine(backwardSizes(this.#shape)));
    machine.setWeights(weights, true);
    const out = result ?? new Float64Array(batch * channels * height * width);
    const around = [kernel[0] - 1 - padding[0], kernel[1] - 1 - padding[1]] as const;
    const none = new Float64Array(channels);
    for (let first = 0; first < batch; first += 4) {
      machine.setImages(dy, first, batch, [filters, this.#rows, this.#columns], around);
      machine.convolve();
      machine.addResults(out, none, first, batch, [channels, height, width]);
    }
    return out;
  }

  weightGradient(images: Float64Array, dy: Float64Array, batch: number): Float64Array {
    const { channels, filters, height, width, padding } = this.#shape;
    const machine = this.#forward;
    machine.clearSums();
    for (let first = 0; first < batch; first += 4) {
      machine.setImages(images, first, batch, [channels, height, width], padding);
      machine.setResults(dy, first, batch, [filters, this.#rows, this.#columns]);
      machine.accumulate();
    }
    return machine.weightGradient();
  }
}

type Planes = readonly [count: number, rows: number, columns: number];

/** The functions of a module with what lies in its memory. */
class Machine {
  readonly #sizes: Sizes;
  readonly #layout: Layout;
  readonly #functions: WinogradFunctions;
  readonly #view: Float64Array;
  readonly #weight: readonly [Rows, Rows];
  /** The weights that lie transformed in the memory. */
  readonly #present: Float64Array;
  readonly #outputPlaces: readonly number[];
  readonly #inputPlaces: readonly number[];

  constructor(sizes: Sizes) {
    this.#sizes = sizes;
    const layout = layoutOf(sizes);
    this.#layout = layout;
    const functions = loadWinograd(sizes, layout, compileWasm);
    this.#functions = functions;
    this.#view = new Float64Array(functions.memory.buffer);
    this.#weight = [
      winogradMatrices(sizes.window[0]).weight,
      winogradMatrices(sizes.window[1]).weight,
    ];
    this.#present = new Float64Array(
      sizes.filters * sizes.channels * sizes.window[0] * sizes.window[1],
    ).fill(NaN);
    const tiles = Array.from({ length: layout.tileRows * layout.tileColumns }, (_, i) => {
      const row = Math.floor(i / layout.tileColumns) * layout.outputs[0];
      return [row, (i % layout.tileColumns) * layout.outputs[1]] as const;
    });
    this.#inputPlaces = tiles.map(
      ([row, column]) => layout.images + 32 * (row * layout.imageColumns + column),
    );
    this.#outputPlaces = tiles.map(
      ([row, column]) => layout.results + 32 * (row * layout.resultColumns + column),
    );
  }

  /** Transforms weights, where they are others than last time: `[filters, channels, ...window]`; with `back`, `[channels, filters, ...window]` turned by 180°. */
  setWeights(weights: Float64Array, back: boolean): void {
    const present = this.#present;
    if (weights.every((value, i) => value === present[i])) return;
    present.set(weights);
    const { channels, filters, window } = this.#sizes;
    const [rows, columns] = window;
    const area = rows * columns;
    const down = flat(this.#weight[0]);
    const right = flat(this.#weight[1]);
    const half = new Float64Array(TILE * columns);
    const part = new Float64Array(area);
    const view = this.#view;
    const at = this.#layout.weights / 8;
    const cellStep = this.#layout.filters * channels;
    for (let filter = 0; filter < filters; filter++) {
      for (let channel = 0; channel < channels; channel++) {
        const from = (back ? channel * filters + filter : filter * channels + channel) * area;
        for (let i = 0; i < area; i++) part[i] = weights[from + (back ? area - 1 - i : i)]!;
        for (let i = 0; i < TILE; i++) {
          for (let j = 0; j < columns; j++) {
            let sum = 0;
            for (let k = 0; k < rows; k++) sum += down[i * rows + k]! * part[k * columns + j]!;
            half[i * columns + j] = sum;
          }
        }
        let to = at + ((filter >> 2) * channels + channel) * 4 + (filter & 3);
        for (let i = 0; i < TILE; i++) {
          for (let j = 0; j < TILE; j++, to += cellStep) {
            let sum = 0;
            for (let k = 0; k < columns; k++)
              sum += half[i * columns + k]! * right[j * columns + k]!;
            view[to] = sum;
          }
        }
      }
    }
  }

  setImages(
    images: Float64Array,
    first: number,
    batch: number,
    planes: Planes,
    padding: readonly [number, number],
  ): void {
    const { images: at, imageRows, imageColumns } = this.#layout;
    const start = at / 8 + 4 * (padding[0] * imageColumns + padding[1]);
    weave(images, this.#view, first, batch, planes, [start, imageRows, imageColumns]);
  }

  setResults(dy: Float64Array, first: number, batch: number, planes: Planes): void {
    const { results, resultRows, resultColumns } = this.#layout;
    weave(dy, this.#view, first, batch, planes, [results / 8, resultRows, resultColumns]);
  }

  /** Results of the images that were set. */
  convolve(): void {
    const { input, multiply, output } = this.#functions;
    this.#blocks((from, count) => {
      for (let tile = 0; tile < count; tile++) input(this.#inputPlaces[from + tile]!, tile);
      multiply(count);
      for (let tile = 0; tile < count; tile++) output(tile, this.#outputPlaces[from + tile]!);
    });
  }

  /** Copies the results out and adds the bias. */
  addResults(
    out: Float64Array,
    bias: Float64Array,
    first: number,
    batch: number,
    [count, rows, columns]: Planes,
  ): void {
    const { results, resultRows, resultColumns } = this.#layout;
    const view = this.#view;
    const size = count * rows * columns;
    if (first + 4 > batch) {
      const padded = new Float64Array(4 * size);
      this.addResults(padded, bias, 0, 4, [count, rows, columns]);
      out.set(padded.subarray(0, (batch - first) * size), first * size);
      return;
    }
    let a = first * size;
    let b = a + size;
    let c = b + size;
    let d = c + size;
    for (let plane = 0; plane < count; plane++) {
      const shift = bias[plane]!;
      for (let row = 0; row < rows; row++) {
        let from = results / 8 + 4 * (plane * resultRows + row) * resultColumns;
        for (const end = a + columns; a < end; a++, b++, c++, d++, from += 4) {
          out[a] = view[from]! + shift;
          out[b] = view[from + 1]! + shift;
          out[c] = view[from + 2]! + shift;
          out[d] = view[from + 3]! + shift;
        }
      }
    }
  }

  /** Before gradients of weights are summed: also clears what lies around the results. */
  clearSums(): void {
    const { sums, scratch, results, weights } = this.#layout;
    this.#view.fill(0, sums / 8, scratch / 8);
    this.#view.fill(0, results / 8, weights / 8);
  }

  /** Adds to the gradients of the weights what the images and results that were set give. */
  accumulate(): void {
    const { input, spread, accumulate } = this.#functions;
    this.#blocks((from, count) => {
      for (let tile = 0; tile < count; tile++) {
        input(this.#inputPlaces[from + tile]!, tile);
        spread(this.#outputPlaces[from + tile]!, tile);
      }
      accumulate(count);
    });
  }

  /** The gradients `[filters, channels, ...window]` that were summed. */
  weightGradient(): Float64Array {
    const { channels, filters, window } = this.#sizes;
    const [rows, columns] = window;
    const down = flat(transposed(this.#weight[0]));
    const right = flat(transposed(this.#weight[1]));
    const view = this.#view;
    const out = new Float64Array(filters * channels * rows * columns);
    const tile = new Float64Array(CELLS);
    const half = new Float64Array(rows * TILE);
    const pairs = (channels + 1) >> 1;
    const cellStep = 4 * this.#layout.filters * pairs;
    let to = 0;
    for (let filter = 0; filter < filters; filter++) {
      for (let channel = 0; channel < channels; channel++) {
        let from =
          this.#layout.sums / 8 +
          ((filter >> 2) * pairs + (channel >> 1)) * 16 +
          ((filter & 3) * 2 + (channel & 1)) * 2;
        for (let cell = 0; cell < CELLS; cell++, from += cellStep)
          tile[cell] = view[from]! + view[from + 1]!;
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < TILE; j++) {
            let sum = 0;
            for (let k = 0; k < TILE; k++) sum += down[i * TILE + k]! * tile[k * TILE + j]!;
            half[i * TILE + j] = sum;
          }
        }
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++, to++) {
            let sum = 0;
            for (let k = 0; k < TILE; k++) sum += half[i * TILE + k]! * right[j * TILE + k]!;
            out[to] = sum;
          }
        }
      }
    }
    return out;
  }

  #blocks(run: (from: number, count: number) => void): void {
    const { block } = this.#layout;
    const total = this.#inputPlaces.length;
    for (let from = 0; from < total; from += block) run(from, Math.min(block, total - from));
  }
}

/** Puts four examples side by side, zeros for those behind the last one. `place`: first double, rows and columns of a plane. */
function weave(
  source: Float64Array,
  view: Float64Array,
  first: number,
  batch: number,
  [count, rows, columns]: Planes,
  [start, planeRows, planeColumns]: readonly [number, number, number],
): void {
  const size = count * rows * columns;
  if (first + 4 > batch) {
    const padded = new Float64Array(4 * size);
    padded.set(source.subarray(first * size, batch * size));
    weave(padded, view, 0, 4, [count, rows, columns], [start, planeRows, planeColumns]);
    return;
  }
  let a = first * size;
  let b = a + size;
  let c = b + size;
  let d = c + size;
  for (let plane = 0; plane < count; plane++) {
    for (let row = 0; row < rows; row++) {
      let to = start + 4 * (plane * planeRows + row) * planeColumns;
      for (const end = a + columns; a < end; a++, b++, c++, d++, to += 4) {
        view[to] = source[a]!;
        view[to + 1] = source[b]!;
        view[to + 2] = source[c]!;
        view[to + 3] = source[d]!;
      }
    }
  }
}

function flat(rows: Rows): Float64Array {
  return Float64Array.from(rows.flat());
}
