import { sizeOf, ValueError } from '@ketwork/base';
import type { Dataset } from './dataset.ts';

/** For each output pixel of one axis: which input pixels it covers and how much of it each one fills (sum 1). */
interface Coverage {
  readonly first: number;
  readonly weights: readonly number[];
}

/**
 * Resizes grey images by area averaging: an output pixel is the mean of the input area that it covers, with parts of
 * pixels weighted by their share. Total brightness per area is kept exactly in both directions; enlarging by a whole
 * factor repeats pixels.
 *
 * @param data Images of shape `[height, width]`.
 * @param size Side of the square result in pixels, or `[height, width]`.
 * @returns The same examples with `inputShape` `[height, width]`.
 * @throws ValueError where the data are not images or the size is not of positive integers.
 * @example
 * ```ts
 * import { larTpc, resizeImages } from '@ketwork/datasets';
 * const images = larTpc({ particles: ['muon', 'electron'], count: 4, seed: 1 });
 * console.log(resizeImages(images, 8).inputShape); // [ 8, 8 ]
 * ```
 */
export function resizeImages(
  data: Dataset,
  size: number | readonly [height: number, width: number],
): Dataset {
  if (data.inputShape.length !== 2) {
    throw new ValueError(
      `data set "${data.name}" holds examples of shape [${data.inputShape.join(', ')}], not images`,
      { remedy: 'Give examples of shape [height, width]' },
    );
  }
  const [height, width] = typeof size === 'number' ? [size, size] : size;
  for (const side of [height, width]) {
    if (!Number.isSafeInteger(side) || side < 1) {
      throw new ValueError(`image size [${height}, ${width}] is not of positive integers (pixels)`);
    }
  }
  const [fromHeight, fromWidth] = data.inputShape as readonly [number, number];
  const inputs = new Float64Array(data.size * height * width);
  const rows = coverage(fromHeight, height);
  const columns = coverage(fromWidth, width);
  const pixels = sizeOf(data.inputShape);
  const wide = new Float64Array(fromHeight * width);
  for (let example = 0; example < data.size; example++) {
    const image = data.inputs.subarray(example * pixels, (example + 1) * pixels);
    for (let y = 0; y < fromHeight; y++) {
      columns.forEach(({ first, weights }, x) => {
        let sum = 0;
        for (let k = 0; k < weights.length; k++)
          sum += weights[k]! * image[y * fromWidth + first + k]!;
        wide[y * width + x] = sum;
      });
    }
    rows.forEach(({ first, weights }, y) => {
      for (let x = 0; x < width; x++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++)
          sum += weights[k]! * wide[(first + k) * width + x]!;
        inputs[(example * height + y) * width + x] = sum;
      }
    });
  }
  return Object.freeze({ ...data, inputs, inputShape: Object.freeze([height, width]) });
}

/**
 * In units of 1/to of an input pixel the borders are integers: output pixel i covers [i·from, (i+1)·from) and input
 * pixel j covers [j·to, (j+1)·to), so overlaps are exact and only the last division rounds.
 */
function coverage(from: number, to: number): Coverage[] {
  return Array.from({ length: to }, (_, i) => {
    const first = Math.floor((i * from) / to);
    const last = Math.ceil(((i + 1) * from) / to);
    const weights: number[] = [];
    for (let j = first; j < last; j++) {
      const overlap = Math.min((i + 1) * from, (j + 1) * to) - Math.max(i * from, j * to);
      weights.push(overlap / from);
    }
    return { first, weights };
  });
}
