import { elementary, matmul } from '@ketwork/base';
import type { WindowShape } from '@ketwork/base';
import { freshRoom } from '@ketwork/nn';
import type { MaybePromise, Room, Want } from '@ketwork/nn';
import { after, together } from '../maybe-promise.ts';
import { fitCoefficients, gridOf, pullCoefficients } from './coefficients.ts';
import type { TrigonometricForm } from './form.ts';
import { trigonometricKernel } from './kernel.ts';
import type { TrigonometricKernel } from './kernel.ts';

/** Angles above this are reduced first: the kernel's sines and cosines are for smaller ones. */
const LARGE = 1e5;

/** Runs the circuit of one filter on rows of data, `[rows, outputs]`. */
type Run = (rows: Float64Array, filter: number) => MaybePromise<Float64Array>;

/** Gradients of one filter's weights, by weight slot, summed over the rows or one each. */
type Pull = (
  rows: Float64Array,
  dy: Float64Array,
  filter: number,
  perRow: boolean,
) => MaybePromise<readonly Float64Array[]>;

/** What {@link TrigonometricConvolution} needs to know. */
export interface TrigonometricWindows {
  readonly form: TrigonometricForm;
  readonly window: Omit<WindowShape, 'batch'>;
  /** Positions of the window, rows and columns. */
  readonly positions: readonly [rows: number, columns: number];
  readonly filters: number;
}

/**
 * The windows of images through filters whose results are trigonometric polynomials (see {@link TrigonometricForm}): the
 * circuit runs on a grid of 3^n angles, however many windows there are, and the polynomial on the windows. On the way back
 * the windows give cotangents of the coefficients, and these go through the same few runs to the weights.
 */
export class TrigonometricConvolution {
  readonly #about: TrigonometricWindows;
  readonly #points: number;
  readonly #imageSize: number;
  readonly #grid: Float64Array;
  /** For each element and position the pixel, -1 in the padding. */
  readonly #pixels: Int32Array;
  /** Where in `[3^n, outputs]` the coefficient of each place of the kernel is. */
  readonly #places: Int32Array;
  readonly #kernel: TrigonometricKernel;

  /** @throws EnvironmentError where the page forbids WebAssembly. */
  constructor(about: TrigonometricWindows) {
    const { form, window, positions } = about;
    this.#about = about;
    this.#points = positions[0] * positions[1];
    this.#imageSize = window.channels * window.height * window.width;
    this.#grid = gridOf(form.factors);
    this.#pixels = pixelsOf(window, positions);
    this.#places = Int32Array.from(
      form.terms.flatMap(({ monomial, outputs }) =>
        outputs.map((output) => monomial * form.outputs + output),
      ),
    );
    this.#kernel = trigonometricKernel(form, this.#points, about.filters);
  }

  /**
   * The results, `[batch, filters · outputs, positions]`.
   *
   * @returns undefined where an image holds something that is not finite, before anything runs.
   */
  forward(
    images: Float64Array,
    batch: number,
    run: Run,
    room: Room = freshRoom,
  ): MaybePromise<Float64Array> | undefined {
    if (!isFinite(images)) return undefined;
    return after(this.#values(run), (values) => {
      const { form, filters } = this.#about;
      const kernel = this.#fit(values);
      const channels = form.outputs * filters;
      const out = room(batch * channels * this.#points);
      for (let image = 0; image < batch; image++) {
        this.#turn(images, image);
        for (let filter = 0; filter < filters; filter++) {
          kernel.evaluate(filter);
          this.#columns(image * filters + filter, (from, to, length) =>
            out.set(kernel.outputs.subarray(from, from + length), to),
          );
        }
      }
      return out;
    });
  }

  /**
   * Gradients of the images (`wants[0]`) and, by weight slot, of the weights of all filters, `[filters, size]`, summed
   * or with a batch axis in front.
   */
  vjp(
    images: Float64Array,
    dy: Float64Array,
    batch: number,
    wants: readonly Want[],
    run: Run,
    pull: Pull,
    room: Room = freshRoom,
  ): MaybePromise<readonly (Float64Array | undefined)[]> | undefined {
    if (!isFinite(images)) return undefined;
    const { filters } = this.#about;
    const data = wants[0] !== 'none';
    const perExample = wants.includes('perExample');
    const weights = wants.slice(1).some((want) => want !== 'none');
    const size = this.#places.length;
    return after(data ? this.#values(run) : [], (values) => {
      const kernel = this.#fit(values);
      const gradient = data ? room(images.length).fill(0) : undefined;
      // Cotangents of coefficients, of each filter together, for each image or for all.
      const rows = perExample ? batch : 1;
      const cotangents = new Float64Array(filters * rows * size);
      kernel.outputs.fill(0);
      for (let image = 0; image < batch; image++) {
        this.#turn(images, image);
        kernel.slopes.fill(0);
        for (let filter = 0; filter < filters; filter++) {
          this.#columns(image * filters + filter, (to, from, length) => {
            for (let i = 0; i < length; i++) kernel.outputs[to + i] = dy[from + i]!;
          });
          if (data) kernel.differentiate(filter);
          if (!weights) continue;
          kernel.project();
          const at = (filter * rows + (perExample ? image : 0)) * size;
          for (let i = 0; i < size; i++)
            cotangents[at + i]! += kernel.cotangents[2 * i]! + kernel.cotangents[2 * i + 1]!;
        }
        if (gradient !== undefined) this.#addSlopes(gradient, image);
      }
      if (!weights) return [gradient, ...wants.slice(1).map(() => undefined)];
      const pulled = together(
        Array.from({ length: filters }, (_, filter) => {
          const own = cotangents.subarray(filter * rows * size, (filter + 1) * rows * size);
          return perExample
            ? this.#pullRows(own, filter, batch, pull)
            : pull(this.#grid, this.#gridCotangents(own), filter, false);
        }),
      );
      return after(pulled, (byFilter) => [
        gradient,
        ...wants.slice(1).map((want, slot) =>
          want === 'none'
            ? undefined
            : interleaved(
                byFilter.map((slots) => slots[slot]!),
                rows,
              ),
        ),
      ]);
    });
  }

  /** Values of all filters on the grid. */
  #values(run: Run): MaybePromise<Float64Array[]> {
    const { filters } = this.#about;
    return together(Array.from({ length: filters }, (_, filter) => run(this.#grid, filter)));
  }

  /** Gives the kernel the coefficients of filters, from their values on the grid. */
  #fit(values: readonly Float64Array[]): TrigonometricKernel {
    const { form } = this.#about;
    const kernel = this.#kernel;
    const places = this.#places;
    values.forEach((value, filter) => {
      fitCoefficients(value, form.factors.length);
      for (let i = 0; i < places.length; i++)
        kernel.coefficients[filter * places.length + i] = value[places[i]!]!;
    });
    return kernel;
  }

  /** Gives the kernel the angles of an image. */
  #turn(images: Float64Array, image: number): void {
    const kernel = this.#kernel;
    const { angles, stride } = kernel;
    const { factors } = this.#about.form;
    const pixels = this.#pixels;
    const base = image * this.#imageSize;
    const points = this.#points;
    for (let element = 0; element < factors.length; element++) {
      const factor = factors[element]!;
      const from = element * points;
      const to = element * stride;
      for (let p = 0; p < points; p++) {
        const pixel = pixels[from + p]!;
        let angle = pixel < 0 ? 0 : factor * images[base + pixel]!;
        if (Math.abs(angle) > LARGE) angle = elementary.withoutTurns(angle);
        angles[to + p] = angle;
      }
    }
    kernel.turn();
  }

  /** Calls back for each run of numbers that lie side by side in the kernel's outputs and in those of a filter and image. */
  #columns(block: number, move: (inKernel: number, outside: number, length: number) => void): void {
    const { outputs } = this.#about.form;
    const points = this.#points;
    const { stride } = this.#kernel;
    if (stride === points) move(0, block * outputs * points, outputs * points);
    else for (let m = 0; m < outputs; m++) move(m * stride, (block * outputs + m) * points, points);
  }

  /** Adds the derivatives by the angles to those by the pixels. */
  #addSlopes(gradient: Float64Array, image: number): void {
    const { slopes, stride } = this.#kernel;
    const { factors } = this.#about.form;
    const base = image * this.#imageSize;
    for (let element = 0; element < factors.length; element++) {
      for (let p = 0; p < this.#points; p++) {
        const pixel = this.#pixels[element * this.#points + p]!;
        if (pixel >= 0)
          gradient[base + pixel]! += factors[element]! * slopes[element * stride + p]!;
      }
    }
  }

  /** Cotangents of the values on the grid, `[3^n, outputs]`, from those of coefficients. */
  #gridCotangents(cotangents: Float64Array): Float64Array {
    const { factors, outputs } = this.#about.form;
    const full = new Float64Array(3 ** factors.length * outputs);
    this.#places.forEach((place, i) => (full[place] = cotangents[i]!));
    pullCoefficients(full, factors.length);
    return full;
  }

  /**
   * Gradients of each image: its cotangents of coefficients times the derivatives of these by the weights, which are the
   * same for all images and come from a run for each value on the grid.
   */
  #pullRows(
    cotangents: Float64Array,
    filter: number,
    batch: number,
    pull: Pull,
  ): MaybePromise<Float64Array[]> {
    const { factors, outputs } = this.#about.form;
    const points = 3 ** factors.length;
    const n = factors.length;
    const rows = new Float64Array(points * outputs * n);
    const ones = new Float64Array(points * outputs * outputs);
    for (let row = 0; row < points * outputs; row++) {
      const point = Math.floor(row / outputs);
      for (let i = 0; i < n; i++) rows[row * n + i] = this.#grid[point * n + i]!;
      ones[row * outputs + (row % outputs)] = 1;
    }
    const values = new Float64Array(batch * points * outputs);
    const size = this.#places.length;
    for (let image = 0; image < batch; image++) {
      const own = this.#gridCotangents(cotangents.subarray(image * size, (image + 1) * size));
      values.set(own, image * own.length);
    }
    return after(pull(rows, ones, filter, true), (derivatives) =>
      derivatives.map((jacobian) =>
        matmul(values, jacobian, batch, points * outputs, jacobian.length / (points * outputs)),
      ),
    );
  }
}

/** Blocks `[filters][rows, size]` as `[rows, filters, size]`. */
function interleaved(parts: readonly Float64Array[], rows: number): Float64Array {
  if (parts.length === 1) return parts[0]!;
  const size = parts[0]!.length / rows;
  const out = new Float64Array(rows * parts.length * size);
  parts.forEach((part, filter) => {
    for (let row = 0; row < rows; row++)
      out.set(part.subarray(row * size, (row + 1) * size), (row * parts.length + filter) * size);
  });
  return out;
}

function isFinite(values: Float64Array): boolean {
  // x - x is 0 for finite x and NaN otherwise.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! - values[i]!;
  return sum === 0;
}

/** The pixel of each element of a window (channel, row, column) at each position. */
function pixelsOf(
  window: Omit<WindowShape, 'batch'>,
  [rows, columns]: readonly [number, number],
): Int32Array {
  const { channels, height, width, kernel, stride = [1, 1], padding = [0, 0] } = window;
  const pixels: number[] = [];
  for (let channel = 0; channel < channels; channel++)
    for (let dy = 0; dy < kernel[0]; dy++)
      for (let dx = 0; dx < kernel[1]; dx++)
        for (let row = 0; row < rows; row++)
          for (let column = 0; column < columns; column++) {
            const y = row * stride[0] + dy - padding[0];
            const x = column * stride[1] + dx - padding[1];
            const inside = y >= 0 && y < height && x >= 0 && x < width;
            pixels.push(inside ? (channel * height + y) * width + x : -1);
          }
  return Int32Array.from(pixels);
}
