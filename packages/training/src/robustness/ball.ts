import { ValueError, fold, normal, uniform } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import type { AttackProblem, Ball } from './attack.ts';

/** One step up the gradient from `x`, then back into the ball around the clean inputs and into the range. */
export function stepUp(
  clean: Float64Array,
  x: Float64Array,
  grads: Float64Array,
  stepSize: number,
  count: number,
  ball: Ball,
): Float64Array {
  const width = x.length / count;
  const next = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += width) {
    const length = lengthOf(grads, start, width);
    if (!Number.isFinite(length))
      throw new ValueError(
        `the loss of example ${start / width} of the batch has a gradient that is not finite`,
        { remedy: 'Check the inputs and the parameters of the model' },
      );
    for (let i = start; i < start + width; i++) {
      const along = ball.norm === 'linf' ? Math.sign(grads[i]!) : length && grads[i]! / length;
      next[i] = x[i]! + stepSize * along;
    }
  }
  return intoBall(clean, next, count, ball);
}

/** Moves inputs, in place, to the nearest ones in the ball around the clean inputs, then into the range. */
export function intoBall(
  clean: Float64Array,
  x: Float64Array,
  count: number,
  { epsilon, norm, low, high }: Ball,
): Float64Array {
  const width = x.length / count;
  if (norm === 'l2') {
    for (let start = 0; start < x.length; start += width) {
      const away = Float64Array.from(
        { length: width },
        (_, i) => x[start + i]! - clean[start + i]!,
      );
      const length = lengthOf(away, 0, width);
      if (length <= epsilon) continue;
      for (let i = 0; i < width; i++)
        x[start + i] = clean[start + i]! + away[i]! * (epsilon / length);
    }
  } else {
    for (let i = 0; i < x.length; i++)
      x[i] = Math.max(clean[i]! - epsilon, Math.min(clean[i]! + epsilon, x[i]!));
  }
  // The clean inputs are in the range, so this leads no input out of its ball.
  for (let i = 0; i < x.length; i++) x[i] = Math.max(low, Math.min(high, x[i]!));
  return x;
}

/** Inputs drawn uniformly from the balls, each example from a stream of its own, then put into the range. */
export function randomStart(
  { x, count, firstExample }: AttackProblem,
  key: Key,
  ball: Ball,
): Float64Array {
  const { epsilon, norm } = ball;
  const width = x.length / count;
  const start = new Float64Array(x.length);
  for (let e = 0; e < count; e++) {
    const own = fold(key, firstExample + e);
    const away =
      norm === 'linf'
        ? uniform(own, width, { low: -epsilon, high: epsilon })
        : pointInBall(own, width, epsilon);
    for (let i = 0; i < width; i++) start[e * width + i] = x[e * width + i]! + away[i]!;
  }
  return intoBall(x, start, count, ball);
}

/** A point of the Euclidean ball: a normal direction, a radius whose share of the volume is uniform. */
function pointInBall(key: Key, width: number, epsilon: number): Float64Array {
  const direction = normal(key, width);
  const radius = epsilon * uniform(key, 1)[0]! ** (1 / width);
  const factor = radius / lengthOf(direction, 0, width);
  return direction.map((value) => value * factor);
}

/** Euclidean length of some numbers, scaled so that squares of tiny gradients do not vanish. */
function lengthOf(values: Float64Array, start: number, width: number): number {
  let largest = 0;
  for (let i = start; i < start + width; i++) largest = Math.max(largest, Math.abs(values[i]!));
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  let sum = 0;
  for (let i = start; i < start + width; i++) sum += (values[i]! / largest) ** 2;
  return largest * Math.sqrt(sum);
}
