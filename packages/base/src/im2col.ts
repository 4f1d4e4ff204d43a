import { ValueError } from './errors.ts';

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
 * @throws ValueError where a size is not a positive integer (padding: not a non-negative one) or the window is larger
 * than the padded image.
 * @example
 * ```ts
 * import { windowPositions } from '@ketwork/base';
 * const images = { batch: 1, channels: 1, height: 28, width: 28, kernel: [3, 3], stride: [2, 2] } as const;
 * console.log(windowPositions(images)); // [13, 13]
 * ```
 */
export function windowPositions(shape: WindowShape): [rows: number, columns: number] {
  const { batch, channels, height, width, kernel, stride = [1, 1], padding = [0, 0] } = shape;
  const sizes = { batch, channels, height, width, kernel, stride };
  for (const [name, value] of Object.entries(sizes)) {
    for (const size of typeof value === 'number' ? [value] : value) {
      if (!Number.isSafeInteger(size) || size < 1) {
        throw new ValueError(
          `image windows: ${name} ${String(value)} is not made of positive integers`,
        );
      }
    }
  }
  if (!padding.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new ValueError(
      `image windows: padding ${String(padding)} is not made of non-negative integers`,
    );
  }
  const rows = Math.floor((height + 2 * padding[0] - kernel[0]) / stride[0]) + 1;
  const columns = Math.floor((width + 2 * padding[1] - kernel[1]) / stride[1]) + 1;
  if (rows < 1 || columns < 1) {
    throw new ValueError(
      `image windows: a window of ${kernel[0]} x ${kernel[1]} does not fit an image of ${height} x ${width} with padding ${padding[0]} x ${padding[1]}`,
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
 * @throws ValueError where the shape is malformed or an array's length does not fit it.
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
  const out = options.out ?? new Float64Array(lengths.columns);
  checkLength(out, lengths.columns, 'out');
  copy(images, out, shape, options.layout ?? 'columns', false);
  return out;
}

/**
 * The adjoint of {@link im2col}: adds every element of every window back to the pixel it came from, which turns the
 * gradient of the windows into the gradient of the images.
 *
 * @param columns `[batch, channels · kernel area, positions]`, or `[batch, positions, channels · kernel area]` with
 * layout `'rows'`.
 * @returns `[batch, channels, height, width]`.
 * @throws ValueError where the shape is malformed or an array's length does not fit it.
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
  const out = options.out ?? new Float64Array(lengths.images);
  checkLength(out, lengths.images, 'out');
  if (options.out !== undefined) out.fill(0);
  copy(out, columns, shape, options.layout ?? 'columns', true);
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

/** Windows of the images into the matrix, or, with `back`, added from the matrix to the images. */
function copy(
  images: Float64Array,
  matrix: Float64Array,
  shape: WindowShape,
  layout: 'columns' | 'rows',
  back: boolean,
): void {
  const { batch, channels, height, width, kernel, stride = [1, 1], padding = [0, 0] } = shape;
  const [rows, columns] = windowPositions(shape);
  const [down, right] = stride;
  const positions = rows * columns;
  const area = channels * kernel[0] * kernel[1];
  const elementStep = layout === 'columns' ? positions : 1;
  const step = layout === 'columns' ? 1 : area;
  for (let image = 0; image < batch; image++) {
    for (let element = 0; element < area; element++) {
      const dx = (element % kernel[1]) - padding[1];
      const dy = (Math.floor(element / kernel[1]) % kernel[0]) - padding[0];
      const channel = Math.floor(element / (kernel[0] * kernel[1]));
      const plane = (image * channels + channel) * height * width;
      // Window columns whose pixel lies inside the image: 0 <= x · right + dx < width.
      const first = Math.min(columns, Math.max(0, Math.ceil(-dx / right)));
      const last = Math.max(first, Math.min(columns, Math.floor((width - 1 - dx) / right) + 1));
      let to = image * area * positions + element * elementStep;
      for (let row = 0; row < rows; row++, to += columns * step) {
        const y = row * down + dy;
        const inside = y >= 0 && y < height;
        const start = inside ? first : columns;
        const end = inside ? last : columns;
        let from = plane + y * width + dx + start * right;
        let at = to + start * step;
        if (back) {
          for (let x = start; x < end; x++, from += right, at += step) images[from]! += matrix[at]!;
        } else {
          for (let x = 0, zero = to; x < start; x++, zero += step) matrix[zero] = 0;
          for (let x = start; x < end; x++, from += right, at += step) matrix[at] = images[from]!;
          for (let x = end; x < columns; x++, at += step) matrix[at] = 0;
        }
      }
    }
  }
}

function checkLength(array: Float64Array, length: number, name: string): void {
  if (array.length !== length) {
    throw new ValueError(
      `image windows: ${name} has ${array.length} elements, its shape needs ${length}`,
    );
  }
}
