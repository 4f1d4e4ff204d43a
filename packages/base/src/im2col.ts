import { EnvironmentError, ValueError } from './errors.ts';
import { overlap } from './views.ts';
import { compileWasm, wasmFeatures } from './wasm/probe.ts';
import { loadWindows, type WindowKernels } from './wasm/windows.ts';

/** A batch of images and the window that slides over them. */
export interface WindowShape {
  /** Number of images. */
  readonly batch: number;
  /** Channels per image. */
  readonly channels: number;
  /** Rows of an image, in pixels. */
  readonly height: number;
  /** Columns of an image, in pixels. */
  readonly width: number;
  /** Rows and columns of the window, in pixels. */
  readonly kernel: readonly [rows: number, columns: number];
  /** Steps of the window down and to the right, in pixels. Default `[1, 1]`. */
  readonly stride?: readonly [rows: number, columns: number];
  /** Zeros added on each side: above and below, left and right, in pixels. Default `[0, 0]`. */
  readonly padding?: readonly [rows: number, columns: number];
}

/** Options of {@link im2col} and {@link col2im}. */
export interface WindowOptions {
  /**
   * `'columns'` (default): `[batch, channels · kernel area, positions]`, one column per position of the window, so that
   * weights `[filters, channels · kernel area]` times one image's matrix is its output `[filters, positions]`.
   * `'rows'`: `[batch, positions, channels · kernel area]`, one row per position, such as the inputs of a filter.
   */
  readonly layout?: 'columns' | 'rows';
  /** Array of the result's size to write into instead of a new one; what it held is lost. */
  readonly out?: Float64Array;
}

/**
 * Positions of the window over an image: `floor((size + 2 · padding - kernel) / stride) + 1` in each direction.
 *
 * @param name What messages begin with. Default `image windows`.
 * @throws ValueError where a size is not a positive integer (padding: not a non-negative one) or the window is larger
 * than the padded image.
 * @example
 * ```ts
 * import { windowPositions } from '@ketwork/base';
 * const images = { batch: 1, channels: 1, height: 28, width: 28, kernel: [3, 3], stride: [2, 2] } as const;
 * console.log(windowPositions(images)); // [13, 13]
 * ```
 */
export function windowPositions(
  shape: WindowShape,
  name = 'image windows',
): [rows: number, columns: number] {
  const { batch, channels, height, width, kernel, stride = [1, 1], padding = [0, 0] } = shape;
  const sizes = { batch, channels, height, width, kernel, stride };
  for (const [what, value] of Object.entries(sizes)) {
    for (const size of typeof value === 'number' ? [value] : value) {
      if (!Number.isSafeInteger(size) || size < 1) {
        throw new ValueError(`${name}: ${what} ${String(value)} is not made of positive integers`);
      }
    }
  }
  if (!padding.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new ValueError(
      `${name}: padding ${String(padding)} is not made of non-negative integers`,
    );
  }
  const rows = Math.floor((height + 2 * padding[0] - kernel[0]) / stride[0]) + 1;
  const columns = Math.floor((width + 2 * padding[1] - kernel[1]) / stride[1]) + 1;
  if (rows < 1 || columns < 1) {
    throw new ValueError(
      `${name}: a window of ${kernel[0]} x ${kernel[1]} does not fit an image of ${height} x ${width} with padding ${padding[0]} x ${padding[1]}`,
      { remedy: 'Use a smaller kernel or more padding' },
    );
  }
  return [rows, columns];
}

/**
 * Copies every window of every image into a column (or row) of a matrix, so that a convolution is a matrix product.
 *
 * Elements of a window are ordered channel, row, column; positions are ordered by row, then column. Pixels of the
 * padding are zero.
 *
 * @param images `[batch, channels, height, width]`.
 * @returns `[batch, channels · kernel area, positions]`, or `[batch, positions, channels · kernel area]` with layout
 * `'rows'`.
 * @throws ValueError where the shape is malformed, an array's length does not fit it, or `out` shares memory
 * with what it is made from.
 * @example
 * ```ts
 * import { im2col } from '@ketwork/base';
 * const image = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9); // [1, 1, 3, 3]
 * const shape = { batch: 1, channels: 1, height: 3, width: 3, kernel: [2, 2] } as const;
 * console.log(im2col(image, shape, { layout: 'rows' }).subarray(0, 4)); // 1, 2, 4, 5
 * ```
 */
export function im2col(
  images: Float64Array,
  shape: WindowShape,
  options: WindowOptions = {},
): Float64Array {
  const lengths = arrayLengths(shape);
  checkLength(images, lengths.images, 'images');
  const out = checkOptions(options, images, lengths.columns);
  move(images, out, shape, options.layout ?? 'columns', false);
  return out;
}

/**
 * The adjoint of {@link im2col}: adds every element of every window back to the pixel it came from, which turns the
 * gradient of the windows into the gradient of the images.
 *
 * @param columns `[batch, channels · kernel area, positions]`, or `[batch, positions, channels · kernel area]` with
 * layout `'rows'`.
 * @returns `[batch, channels, height, width]`.
 * @throws ValueError where the shape is malformed, an array's length does not fit it, or `out` shares memory
 * with what it is made from.
 * @example
 * ```ts
 * import { col2im } from '@ketwork/base';
 * const shape = { batch: 1, channels: 1, height: 3, width: 3, kernel: [2, 2] } as const;
 * console.log(col2im(new Float64Array(16).fill(1), shape)); // 1, 2, 1, 2, 4, 2, 1, 2, 1
 * ```
 */
export function col2im(
  columns: Float64Array,
  shape: WindowShape,
  options: WindowOptions = {},
): Float64Array {
  const lengths = arrayLengths(shape);
  checkLength(columns, lengths.columns, 'columns');
  const out = checkOptions(options, columns, lengths.images);
  move(out, columns, shape, options.layout ?? 'columns', true);
  return out;
}

function arrayLengths(shape: WindowShape): { readonly images: number; readonly columns: number } {
  const [rows, columns] = windowPositions(shape);
  const { batch, channels, height, width, kernel } = shape;
  return {
    images: batch * channels * height * width,
    columns: batch * channels * kernel[0] * kernel[1] * rows * columns,
  };
}

/** Bytes of images and matrix that go through the kernel at a time: they stay in the second-level cache. */
const CHUNK = 1 << 20;
/** Where a single image needs more, plain JavaScript does it without a copy. */
const LARGEST = 1 << 26;
/** Matrix elements from which the way through the kernel's memory pays; measured. */
const WORTH = 512;

let kernels: WindowKernels | 'none' | undefined;

/** The kernels, or 'none' where WebAssembly is absent or forbidden; plain JavaScript gives the same results. */
function findKernels(): WindowKernels | 'none' {
  if (!wasmFeatures().simd) return 'none';
  try {
    return loadWindows(compileWasm);
  } catch (error) {
    if (error instanceof EnvironmentError || error instanceof RangeError) return 'none';
    throw error;
  }
}

/** Windows of the images into the matrix, or, with `back`, added from the matrix to the images. */
function move(
  images: Float64Array,
  matrix: Float64Array,
  shape: WindowShape,
  layout: 'columns' | 'rows',
  back: boolean,
): void {
  const clear = back || shape.padding?.some((size) => size > 0) === true;
  const pixels = images.length / shape.batch;
  const elements = matrix.length / shape.batch;
  const bytes = 8 * (pixels + elements);
  const fits = matrix.length >= WORTH && bytes <= LARGEST;
  if (fits) kernels ??= findKernels();
  if (!fits || kernels === undefined || kernels === 'none') {
    if (clear) (back ? images : matrix).fill(0);
    visit(shape, layout, shape.batch, back ? plainAdd(matrix, images) : plainCopy(images, matrix));
    return;
  }
  const { memory, copy, add } = kernels;
  const chunk = Math.min(shape.batch, Math.max(1, Math.floor(CHUNK / bytes)));
  const missing = chunk * bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 65536));
  const split = 8 * chunk * pixels;
  for (let first = 0; first < shape.batch; first += chunk) {
    const count = Math.min(chunk, shape.batch - first);
    const some = images.subarray(first * pixels, (first + count) * pixels);
    const part = matrix.subarray(first * elements, (first + count) * elements);
    const someView = new Float64Array(memory.buffer, 0, some.length);
    const partView = new Float64Array(memory.buffer, split, part.length);
    const [source, sourceView, target, targetView] = back
      ? [part, partView, some, someView]
      : [some, someView, part, partView];
    sourceView.set(source);
    if (clear) targetView.fill(0);
    visit(shape, layout, count, (r) => {
      const { rows, columns, pixel, pixelRow, pixelStep, element, elementRow, elementStep } = r;
      if (back) {
        add(
          split + 8 * element,
          8 * pixel,
          rows,
          columns,
          8 * elementRow,
          8 * pixelRow,
          8 * elementStep,
          8 * pixelStep,
        );
      } else {
        copy(
          8 * pixel,
          split + 8 * element,
          rows,
          columns,
          8 * pixelRow,
          8 * elementRow,
          8 * pixelStep,
          8 * elementStep,
        );
      }
    });
    target.set(targetView);
  }
}

/** Pixels that one window element meets as the window slides, with their places in the matrix. Counted in doubles. */
interface Rectangle {
  rows: number;
  columns: number;
  pixel: number;
  pixelRow: number;
  pixelStep: number;
  element: number;
  elementRow: number;
  elementStep: number;
}

/** Calls `act` (always with the same object) for every element of the window, channel and image that meets pixels. */
function visit(
  shape: WindowShape,
  layout: 'columns' | 'rows',
  images: number,
  act: (rectangle: Rectangle) => void,
): void {
  const { channels, height, width, kernel, stride = [1, 1], padding = [0, 0] } = shape;
  const [rows, columns] = windowPositions(shape);
  const area = channels * kernel[0] * kernel[1];
  const positions = rows * columns;
  const step = layout === 'columns' ? 1 : area;
  const rectangle: Rectangle = {
    rows: 0,
    columns: 0,
    pixel: 0,
    pixelRow: stride[0] * width,
    pixelStep: stride[1],
    element: 0,
    elementRow: columns * step,
    elementStep: step,
  };
  for (let image = 0; image < images; image++) {
    for (let element = 0; element < area; element++) {
      const channel = Math.floor(element / (kernel[0] * kernel[1]));
      const dy = (Math.floor(element / kernel[1]) % kernel[0]) - padding[0];
      const dx = (element % kernel[1]) - padding[1];
      const [top, bottom] = inside(dy, stride[0], height, rows);
      const [left, right] = inside(dx, stride[1], width, columns);
      if (top >= bottom || left >= right) continue;
      const plane = (image * channels + channel) * height;
      rectangle.rows = bottom - top;
      rectangle.columns = right - left;
      rectangle.pixel = (plane + top * stride[0] + dy) * width + left * stride[1] + dx;
      rectangle.element =
        image * area * positions +
        element * (layout === 'columns' ? positions : 1) +
        (top * columns + left) * step;
      act(rectangle);
    }
  }
}

/** Positions p, from the first to before the last, for which `0 <= p · stride + offset < size`. */
function inside(
  offset: number,
  stride: number,
  size: number,
  positions: number,
): [first: number, last: number] {
  const first = Math.max(0, Math.ceil(-offset / stride));
  const last = Math.min(positions, Math.floor((size - 1 - offset) / stride) + 1);
  return [first, last];
}

function plainCopy(images: Float64Array, matrix: Float64Array): (rectangle: Rectangle) => void {
  return ({ rows, columns, pixel, pixelRow, pixelStep, element, elementRow, elementStep }) => {
    for (let row = 0; row < rows; row++) {
      let from = pixel + row * pixelRow;
      let to = element + row * elementRow;
      for (let i = 0; i < columns; i++, from += pixelStep, to += elementStep) {
        matrix[to] = images[from]!;
      }
    }
  };
}

function plainAdd(matrix: Float64Array, images: Float64Array): (rectangle: Rectangle) => void {
  return ({ rows, columns, pixel, pixelRow, pixelStep, element, elementRow, elementStep }) => {
    for (let row = 0; row < rows; row++) {
      let from = element + row * elementRow;
      let to = pixel + row * pixelRow;
      for (let i = 0; i < columns; i++, from += elementStep, to += pixelStep) {
        images[to]! += matrix[from]!;
      }
    }
  };
}

function checkOptions(
  { layout, out }: WindowOptions,
  from: Float64Array,
  length: number,
): Float64Array {
  if (layout !== undefined && layout !== 'columns' && layout !== 'rows') {
    throw new ValueError(`image windows: no layout ${String(layout)}`, {
      remedy: "Use 'columns' or 'rows'",
    });
  }
  if (out === undefined) return new Float64Array(length);
  checkLength(out, length, 'out');
  if (overlap(out, from)) {
    throw new ValueError('image windows: out shares memory with what it is made from', {
      remedy: 'Give an array of its own as out',
    });
  }
  return out;
}

function checkLength(array: Float64Array, length: number, name: string): void {
  if (array.length !== length) {
    throw new ValueError(
      `image windows: ${name} has ${array.length} elements, its shape needs ${length}`,
    );
  }
}
