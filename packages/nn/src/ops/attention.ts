import { ValueError } from '@ketwork/base';
import type { Tensor } from '../contract.ts';
import { checkPositive, shapeText } from '../shape.ts';
import type { Rule } from '../tape.ts';
import { refuseShape } from './common.ts';
import { expand } from './shaping.ts';

/** Options of attention. */
export interface AttentionOptions {
  /** Number of heads, a divisor of the number of features. Default 1. */
  readonly heads?: number;
  /** Whether a step attends to itself and earlier steps only. Default false. */
  readonly causal?: boolean;
}

/**
 * Scaled dot-product attention (Vaswani et al., arXiv:1706.03762, equation 1) of each example. Queries `[steps,
 * features]`, keys and values `[others, features]`; features are cut into `heads` equal parts of size d, and each part
 * of a step's output is the mean of the values weighted by `softmax(query · keys / √d)`. One operation with a closed
 * gradient rule; memory grows as `heads · steps · others` per example.
 *
 * @returns `[steps, features]`.
 * @throws ValueError where shapes do not fit, `heads` does not divide the features, or `causal` is asked for with
 * another number of keys than of queries.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(1, 0, 5, 0), [2, 2], 'batch');
 * const y = ops.attention(x, x, x, { causal: true });
 * await tape.run();
 * console.log(tape.value(y).slice(0, 2)); // 1, 0
 * ```
 */
export function attention(
  queries: Tensor,
  keys: Tensor,
  values: Tensor,
  options: AttentionOptions = {},
): Tensor {
  const [steps, features] = rowsOf('attention', queries);
  const [others] = rowsOf('attention', keys);
  for (const tensor of [keys, values]) {
    if (shapeText(tensor.shape) !== shapeText([others, features]))
      refuseShape('attention', tensor.shape, `keys and values go with queries of ${features}`);
  }
  const { causal = false } = options;
  if (causal && steps !== others) {
    throw new ValueError(
      `attention: ${steps} queries with ${others} keys have no common order of steps`,
      { remedy: 'Leave out causal, or give as many keys as queries' },
    );
  }
  const heads = checkHeads('attention', features, options.heads);
  const sizes: Sizes = { steps, others, heads, size: features / heads, causal };
  const inputs = [queries, keys, values].some((tensor) => tensor.axis === 'batch')
    ? [queries, keys, values].map(expand)
    : [queries, keys, values];
  let weights: Float64Array = new Float64Array(0);
  const rule: Rule = {
    name: 'attention',
    forward([q, k, v], batch) {
      const result = attend(sizes, parts(q!, k!, v!, features), batch);
      weights = result.weights;
      return result.out;
    },
    vjp([q, k, v], _output, dy, batch, wants) {
      const grads = [q!, k!, v!].map((input) => new Float64Array(input.length));
      const to = parts(grads[0]!, grads[1]!, grads[2]!, features);
      attendBack(sizes, parts(q!, k!, v!, features), to, weights, dy, batch);
      return grads.map((grad, i) => (wants[i] === 'none' ? undefined : grad));
    },
  };
  return queries.tape.record(rule, inputs, [steps, features]);
}

/**
 * {@link attention} of a sequence to itself: the input holds a step's query, key and value side by side, `[steps,
 * 3 · features]`, as one matrix product makes them.
 *
 * @returns `[steps, features]`.
 * @throws ValueError where the shape does not fit, or `heads` does not divide the features.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(0, 0, 4, 0, 0, 8), [2, 3], 'batch');
 * const y = ops.selfAttention(x, { causal: true });
 * await tape.run();
 * console.log(tape.value(y)); // 4, 6
 * ```
 */
export function selfAttention(x: Tensor, options: AttentionOptions = {}): Tensor {
  const [steps, width] = rowsOf('selfAttention', x);
  const features = width / 3;
  if (!Number.isInteger(features))
    refuseShape('selfAttention', x.shape, 'rows hold a query, a key and a value of one size');
  const heads = checkHeads('selfAttention', features, options.heads);
  const size = features / heads;
  const sizes: Sizes = { steps, others: steps, heads, size, causal: options.causal ?? false };
  const partsOf = (data: Float64Array): Parts => ({
    q: { data, start: 0, row: width },
    k: { data, start: features, row: width },
    v: { data, start: 2 * features, row: width },
  });
  let weights: Float64Array = new Float64Array(0);
  const rule: Rule = {
    name: 'selfAttention',
    forward([data], batch) {
      const result = attend(sizes, partsOf(data!), batch);
      weights = result.weights;
      return result.out;
    },
    vjp([data], _output, dy, batch) {
      const grad = new Float64Array(data!.length);
      attendBack(sizes, partsOf(data!), partsOf(grad), weights, dy, batch);
      return [grad];
    },
  };
  return x.tape.record(rule, [x], [steps, features]);
}

interface Sizes {
  readonly steps: number;
  readonly others: number;
  readonly heads: number;
  /** Features of a head. */
  readonly size: number;
  readonly causal: boolean;
}

/** Rows inside an array: row r of all examples begins at `start + r · row`. */
interface Rows {
  readonly data: Float64Array;
  readonly start: number;
  readonly row: number;
}

interface Parts {
  readonly q: Rows;
  readonly k: Rows;
  readonly v: Rows;
}

function parts(q: Float64Array, k: Float64Array, v: Float64Array, features: number): Parts {
  const rows = (data: Float64Array): Rows => ({ data, start: 0, row: features });
  return { q: rows(q), k: rows(k), v: rows(v) };
}

function rowsOf(name: string, x: Tensor): [number, number] {
  if (x.shape.length !== 2) refuseShape(name, x.shape, 'it takes [steps, features]');
  return [x.shape[0]!, x.shape[1]!];
}

/** The number of heads, checked. @throws ValueError */
export function checkHeads(name: string, features: number, heads = 1): number {
  checkPositive(heads, `${name}: the number of heads`);
  if (features % heads !== 0) {
    throw new ValueError(`${name}: ${heads} heads do not divide ${features} features`, {
      remedy: 'Use a number of heads that divides the number of features',
    });
  }
  return heads;
}

/** Outputs `[batch, steps, features]` and weights `[batch, heads, steps, others]`. */
function attend(
  { steps, others, heads, size, causal }: Sizes,
  { q, k, v }: Parts,
  batch: number,
): { out: Float64Array; weights: Float64Array } {
  const features = heads * size;
  const out = new Float64Array(batch * steps * features);
  const weights = new Float64Array(batch * heads * steps * others);
  const factor = 1 / Math.sqrt(size);
  const [qd, kd, vd] = [q.data, k.data, v.data];
  for (let e = 0; e < batch; e++) {
    for (let h = 0; h < heads; h++) {
      const kStart = k.start + e * others * k.row + h * size;
      const vStart = v.start + e * others * v.row + h * size;
      for (let i = 0; i < steps; i++) {
        const qAt = q.start + (e * steps + i) * q.row + h * size;
        const w = ((e * heads + h) * steps + i) * others;
        const seen = causal ? i + 1 : others;
        let largest = -Infinity;
        for (let j = 0; j < seen; j++) {
          const kAt = kStart + j * k.row;
          let dot = 0;
          for (let c = 0; c < size; c++) dot += qd[qAt + c]! * kd[kAt + c]!;
          const score = dot * factor;
          weights[w + j] = score;
          // A NaN stays one: it is in the weights and so in the sum.
          if (score > largest) largest = score;
        }
        let total = 0;
        for (let j = 0; j < seen; j++)
          total += weights[w + j] = Math.exp(weights[w + j]! - largest);
        const o = (e * steps + i) * features + h * size;
        for (let j = 0; j < seen; j++) {
          const weight = weights[w + j]! / total;
          weights[w + j] = weight;
          const vAt = vStart + j * v.row;
          for (let c = 0; c < size; c++) out[o + c]! += weight * vd[vAt + c]!;
        }
      }
    }
  }
  return { out, weights };
}

/** Adds the gradients by queries, keys and values to the arrays of `to`. */
function attendBack(
  { steps, others, heads, size, causal }: Sizes,
  { q, k, v }: Parts,
  to: Parts,
  weights: Float64Array,
  dy: Float64Array,
  batch: number,
): void {
  const features = heads * size;
  const factor = 1 / Math.sqrt(size);
  const [qd, kd, vd] = [q.data, k.data, v.data];
  const [dq, dk, dv] = [to.q.data, to.k.data, to.v.data];
  const slopes = new Float64Array(others);
  for (let e = 0; e < batch; e++) {
    for (let h = 0; h < heads; h++) {
      const kStart = k.start + e * others * k.row + h * size;
      const vStart = v.start + e * others * v.row + h * size;
      for (let i = 0; i < steps; i++) {
        const qAt = q.start + (e * steps + i) * q.row + h * size;
        const w = ((e * heads + h) * steps + i) * others;
        const o = (e * steps + i) * features + h * size;
        const seen = causal ? i + 1 : others;
        let mean = 0;
        for (let j = 0; j < seen; j++) {
          const vAt = vStart + j * v.row;
          const weight = weights[w + j]!;
          let dot = 0;
          for (let c = 0; c < size; c++) {
            dot += dy[o + c]! * vd[vAt + c]!;
            dv[vAt + c]! += weight * dy[o + c]!;
          }
          slopes[j] = dot;
          mean += weight * dot;
        }
        for (let j = 0; j < seen; j++) {
          const slope = weights[w + j]! * (slopes[j]! - mean) * factor;
          const kAt = kStart + j * k.row;
          for (let c = 0; c < size; c++) {
            dq[qAt + c]! += slope * kd[kAt + c]!;
            dk[kAt + c]! += slope * qd[qAt + c]!;
          }
        }
      }
    }
  }
}
