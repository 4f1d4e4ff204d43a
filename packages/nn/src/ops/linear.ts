import { matmul as multiply, ValueError } from '@ketwork/base';
import type { Shape, Tensor, Want } from '../contract.ts';
import { shapeText } from '../shape.ts';
import type { Rule } from '../tape.ts';
import { gradientOf, refuseShape, sharedAmong } from './common.ts';
import { squaredProducts } from './squared-norms.ts';

/**
 * Matrix product of each example, `[m, k] · [k, n] = [m, n]`; a vector `[k]` on the left gives `[n]`. Either side may
 * be shared.
 *
 * @throws ValueError where the shapes do not fit together.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(1, 2), [2], 'batch');
 * const w = tape.constant(Float64Array.of(1, 2, 3, 4), [2, 2], 'shared');
 * const y = ops.matmul(x, w);
 * await tape.run();
 * console.log(tape.value(y)); // 7, 10
 * ```
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const { m, k, n, shape } = sizes('matmul', a.shape, b.shape);
  const [sharedA, sharedB] = sharedAmong(a, b) as [boolean, boolean];
  return a.tape.record(matmulRule(m, k, n, sharedA, sharedB), [a, b], shape);
}

/**
 * Matrix product and bias, `x · w + bias`: `[k] · [k, n] + [n] = [n]`, or `[m, k] · [k, n] + [n] = [m, n]` with the
 * bias added to every row. Weight and bias are shared.
 *
 * @throws ValueError where the shapes do not fit together, or weight or bias is on the batch axis.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(1, 2), [2], 'batch');
 * const w = tape.constant(Float64Array.of(1, 2, 3, 4), [2, 2], 'shared');
 * const b = tape.constant(Float64Array.of(10, 20), [2], 'shared');
 * const y = ops.affine(x, w, b);
 * await tape.run();
 * console.log(tape.value(y)); // 17, 30
 * ```
 */
export function affine(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  const { m, k, n, shape } = sizes('affine', x.shape, weight.shape);
  if (bias.shape.length !== 1 || bias.shape[0] !== n)
    refuseShape('affine', bias.shape, `the bias must have shape [${n}]`);
  if (weight.axis === 'batch' || bias.axis === 'batch') {
    throw new ValueError('affine: weight and bias must be shared', {
      remedy: 'Use matmul and add for weights that differ per example',
    });
  }
  return x.tape.record(affineRule(m, k, n, x.axis === 'batch'), [x, weight, bias], shape);
}

function sizes(
  name: string,
  a: Shape,
  b: Shape,
): { m: number; k: number; n: number; shape: Shape } {
  if (a.length < 1 || a.length > 2)
    refuseShape(name, a, 'the left side must be a vector or a matrix');
  if (b.length !== 2) refuseShape(name, b, 'the right side must be a matrix');
  const k = a[a.length - 1]!;
  if (k !== b[0]) {
    throw new ValueError(
      `${name}: shapes ${shapeText(a)} and ${shapeText(b)} do not fit together`,
      {
        remedy: `The left side's last axis (${k}) must equal the right side's first (${b[0]})`,
      },
    );
  }
  const n = b[1]!;
  return { m: a.length === 2 ? a[0]! : 1, k, n, shape: a.length === 2 ? [a[0]!, n] : [n] };
}

function matmulRule(m: number, k: number, n: number, sharedA: boolean, sharedB: boolean): Rule {
  const stepA = sharedA ? 0 : m * k;
  const stepB = sharedB ? 0 : k * n;
  return {
    name: 'matmul',
    forward([a, b], batch) {
      if (sharedB) return multiply(a!, b!, batch * m, k, n);
      const out = new Float64Array(batch * m * n);
      for (let e = 0; e < batch; e++) {
        multiply(part(a!, e * stepA, m * k), part(b!, e * stepB, k * n), m, k, n, {
          out: part(out, e * m * n, m * n),
        });
      }
      return out;
    },
    vjp([a, b], _output, dy, batch, wants) {
      return [
        wants[0] === 'none' ? undefined : leftGradient(b!, dy, batch, wants[0]!),
        wants[1] === 'none'
          ? undefined
          : rightGradient(a!, dy, batch, wants[1]!, m, k, n, stepA, sharedB),
      ];
    },
    squaredNorms: ([a], dy, batch, input) =>
      input === 1 ? rightSquares(a!, dy, batch, m, k, n, stepA) : undefined,
  };

  function leftGradient(
    b: Float64Array,
    dy: Float64Array,
    batch: number,
    want: Want,
  ): Float64Array {
    if (sharedB) return multiply(dy, b, batch * m, n, k, { transposeB: true });
    const grad = gradientOf(m * k, batch, sharedA, want);
    const summed = grad.length === m * k;
    for (let e = 0; e < batch; e++) {
      const out = part(grad, summed ? 0 : e * m * k, m * k);
      multiply(part(dy, e * m * n, m * n), part(b, e * k * n, k * n), m, n, k, {
        transposeB: true,
        out,
        accumulate: summed,
      });
    }
    return grad;
  }
}

function rightGradient(
  a: Float64Array,
  dy: Float64Array,
  batch: number,
  want: Want,
  m: number,
  k: number,
  n: number,
  stepA: number,
  shared: boolean,
): Float64Array {
  if (shared && want === 'sum') return multiply(a, dy, k, batch * m, n, { transposeA: true });
  const grad = new Float64Array(batch * k * n);
  if (m === 1) {
    outerProducts(a, dy, batch, k, n, stepA, grad);
    return grad;
  }
  for (let e = 0; e < batch; e++) {
    const out = part(grad, e * k * n, k * n);
    multiply(part(a, e * stepA, m * k), part(dy, e * m * n, m * n), k, m, n, {
      transposeA: true,
      out,
    });
  }
  return grad;
}

/** The squared norm of each example's gradient of the right side. */
function rightSquares(
  a: Float64Array,
  dy: Float64Array,
  batch: number,
  m: number,
  k: number,
  n: number,
  stepA: number,
): Float64Array {
  return squaredProducts(
    (e) => part(a, e * stepA, m * k),
    (e) => part(dy, e * m * n, m * n),
    { batch, rows: m, m: k, n, transposed: false },
  );
}

/** Column times row for each example: the gradient per example of a vector's weights. */
function outerProducts(
  a: Float64Array,
  dy: Float64Array,
  batch: number,
  k: number,
  n: number,
  stepA: number,
  out: Float64Array,
): void {
  let o = 0;
  for (let e = 0; e < batch; e++) {
    for (let i = 0; i < k; i++) {
      const x = a[e * stepA + i]!;
      const row = e * n;
      for (let j = 0; j < n; j++) out[o++] = x * dy[row + j]!;
    }
  }
}

function affineRule(m: number, k: number, n: number, batched: boolean): Rule {
  return {
    name: 'affine',
    forward([x, w, bias], batch, room) {
      const out = room(batch * m * n);
      // Copying by `set` costs more than a short row has numbers.
      for (let i = 0; i < out.length; i += n) for (let j = 0; j < n; j++) out[i + j] = bias![j]!;
      return multiply(x!, w!, batch * m, k, n, { out, accumulate: true });
    },
    vjp([x, w], _output, dy, batch, wants, room) {
      return [
        wants[0] === 'none'
          ? undefined
          : multiply(dy, w!, batch * m, n, k, { transposeB: true, out: room(batch * m * k) }),
        wants[1] === 'none'
          ? undefined
          : rightGradient(x!, dy, batch, wants[1]!, m, k, n, m * k, batched),
        wants[2] === 'none' ? undefined : biasGradient(dy, batch, wants[2]!),
      ];
    },
    squaredNorms: ([x], dy, batch, input) =>
      input === 1 ? rightSquares(x!, dy, batch, m, k, n, m * k) : undefined,
  };

  function biasGradient(dy: Float64Array, batch: number, want: Want): Float64Array {
    if (m === 1 && !(batched && want === 'sum')) return dy;
    const grad = gradientOf(n, batch, batched, want);
    const step = grad.length === n ? 0 : n;
    for (let e = 0; e < batch; e++) {
      for (let r = 0; r < m; r++) {
        const row = (e * m + r) * n;
        for (let j = 0; j < n; j++) grad[e * step + j]! += dy[row + j]!;
      }
    }
    return grad;
  }
}

function part(array: Float64Array, start: number, length: number): Float64Array {
  return start === 0 && array.length === length ? array : array.subarray(start, start + length);
}
