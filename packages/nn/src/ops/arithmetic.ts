import { sizeOf, ValueError } from '@ketwork/base';
import type { Shape, Tensor } from '../contract.ts';
import { sameShape, shapeText, stridesOf } from '../shape.ts';
import type { Rule } from '../tape.ts';
import { gradientOf, gradientStep, sharedAmong } from './common.ts';

/**
 * Sum `a + b`. Axes of size 1 are repeated to fit, missing leading axes are added, and shared values serve every
 * example.
 *
 * @throws ValueError where the shapes do not fit together.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(2);
 * const x = tape.constant(Float64Array.of(1, 2, 3, 4), [2], 'batch');
 * const bias = tape.constant(Float64Array.of(10, 20), [2], 'shared');
 * const y = ops.add(x, bias);
 * await tape.run();
 * console.log(tape.value(y)); // 11, 22, 13, 24
 * ```
 */
export function add(a: Tensor, b: Tensor): Tensor {
  return binary('add', a, b);
}

/**
 * Difference `a - b`; shapes as for {@link add}.
 *
 * @throws ValueError where the shapes do not fit together.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const a = tape.constant(Float64Array.of(5, 7), [2], 'batch');
 * const b = tape.constant(Float64Array.of(1, 2), [2], 'batch');
 * const y = ops.sub(a, b);
 * await tape.run();
 * console.log(tape.value(y)); // 4, 5
 * ```
 */
export function sub(a: Tensor, b: Tensor): Tensor {
  return binary('sub', a, b);
}

/**
 * Product `a · b`, element by element; shapes as for {@link add}.
 *
 * @throws ValueError where the shapes do not fit together.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const column = tape.constant(Float64Array.of(2, 3), [2, 1], 'batch');
 * const row = tape.constant(Float64Array.of(5, 7), [1, 2], 'batch');
 * const y = ops.mul(column, row);
 * await tape.run();
 * console.log(tape.value(y)); // 10, 14, 15, 21
 * ```
 */
export function mul(a: Tensor, b: Tensor): Tensor {
  return binary('mul', a, b);
}

type Kind = 'add' | 'sub' | 'mul';

function binary(kind: Kind, a: Tensor, b: Tensor): Tensor {
  if (sameShape(a.shape, b.shape) && a.axis === b.axis)
    return a.tape.record(equalShapes[kind], [a, b], a.shape);
  const shape = broadcast(kind, a.shape, b.shape);
  const [sharedA, sharedB] = sharedAmong(a, b) as [boolean, boolean];
  return a.tape.record(
    broadcastRule(kind, a.shape, b.shape, shape, sharedA, sharedB),
    [a, b],
    shape,
  );
}

/** Both inputs have one number for each number of the output. */
const equalShapes: Readonly<Record<Kind, Rule>> = {
  add: {
    name: 'add',
    forward([a, b]) {
      const out = new Float64Array(a!.length);
      for (let i = 0; i < out.length; i++) out[i] = a![i]! + b![i]!;
      return out;
    },
    vjp: (_inputs, _output, dy) => [dy, dy],
  },
  sub: {
    name: 'sub',
    forward([a, b]) {
      const out = new Float64Array(a!.length);
      for (let i = 0; i < out.length; i++) out[i] = a![i]! - b![i]!;
      return out;
    },
    vjp: (_inputs, _output, dy, _batch, wants) => [
      dy,
      wants[1] === 'none' ? undefined : negated(dy),
    ],
  },
  mul: {
    name: 'mul',
    forward: ([a, b]) => product(a!, b!),
    vjp: ([a, b], _output, dy, _batch, wants) => [
      wants[0] === 'none' ? undefined : product(dy, b!),
      wants[1] === 'none' ? undefined : product(dy, a!),
    ],
  },
};

function negated(x: Float64Array): Float64Array {
  const out = new Float64Array(x.length);
  for (let i = 0; i < out.length; i++) out[i] = -x[i]!;
  return out;
}

function product(a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = a[i]! * b[i]!;
  return out;
}

function broadcastRule(
  kind: Kind,
  shapeA: Shape,
  shapeB: Shape,
  shape: Shape,
  sharedA: boolean,
  sharedB: boolean,
): Rule {
  const size = sizeOf(shape);
  const sizeA = sizeOf(shapeA);
  const sizeB = sizeOf(shapeB);
  const indexA = indexMap(shapeA, shape);
  const indexB = indexMap(shapeB, shape);
  const stepA = sharedA ? 0 : sizeA;
  const stepB = sharedB ? 0 : sizeB;
  return {
    name: kind,
    forward([a, b], batch) {
      const out = new Float64Array(batch * size);
      for (let e = 0; e < batch; e++) {
        const o = e * size;
        const ao = e * stepA;
        const bo = e * stepB;
        if (kind === 'add')
          for (let i = 0; i < size; i++) out[o + i] = a![ao + indexA[i]!]! + b![bo + indexB[i]!]!;
        else if (kind === 'sub')
          for (let i = 0; i < size; i++) out[o + i] = a![ao + indexA[i]!]! - b![bo + indexB[i]!]!;
        else
          for (let i = 0; i < size; i++) out[o + i] = a![ao + indexA[i]!]! * b![bo + indexB[i]!]!;
      }
      return out;
    },
    vjp([a, b], _output, dy, batch, wants) {
      /** Sums `sign · dy · factor` over the elements that one number of the input was repeated to. */
      const reduce = (
        which: 0 | 1,
        shared: boolean,
        ownSize: number,
        own: Int32Array,
        sign: number,
        factor: Float64Array | undefined,
        factorStep: number,
        factorIndex: Int32Array,
      ): Float64Array | undefined => {
        const want = wants[which]!;
        if (want === 'none') return undefined;
        const grad = gradientOf(ownSize, batch, shared, want);
        const step = gradientStep(ownSize, shared, want);
        for (let e = 0; e < batch; e++) {
          const o = e * size;
          const g = e * step;
          if (factor === undefined)
            for (let i = 0; i < size; i++) grad[g + own[i]!]! += sign * dy[o + i]!;
          else {
            const f = e * factorStep;
            for (let i = 0; i < size; i++)
              grad[g + own[i]!]! += dy[o + i]! * factor[f + factorIndex[i]!]!;
          }
        }
        return grad;
      };
      const times = kind === 'mul';
      return [
        reduce(0, sharedA, sizeA, indexA, 1, times ? b : undefined, stepB, indexB),
        reduce(
          1,
          sharedB,
          sizeB,
          indexB,
          kind === 'sub' ? -1 : 1,
          times ? a : undefined,
          stepA,
          indexA,
        ),
      ];
    },
  };
}

function broadcast(name: string, a: Shape, b: Shape): Shape {
  const length = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let i = 0; i < length; i++) {
    const x = a[a.length - length + i] ?? 1;
    const y = b[b.length - length + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new ValueError(
        `${name}: shapes ${shapeText(a)} and ${shapeText(b)} do not fit together`,
        {
          remedy:
            'Each axis must have the same size in both, or size 1 in one of them (shapes do not include the batch)',
        },
      );
    }
    shape.push(Math.max(x, y));
  }
  return shape;
}

/** For each element of `shape` the element of the smaller array that it comes from. */
function indexMap(from: Shape, shape: Shape): Int32Array {
  const offset = shape.length - from.length;
  const strides = stridesOf(from);
  const map = new Int32Array(sizeOf(shape));
  let block = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis]!;
    const stride = axis >= offset && from[axis - offset]! > 1 ? strides[axis - offset]! : 0;
    for (let i = 1; i < size; i++) {
      for (let j = 0; j < block; j++) map[i * block + j] = map[j]! + i * stride;
    }
    block *= size;
  }
  return map;
}

/**
 * Product with a fixed number, `c · x`.
 *
 * @throws ValueError where the factor is not finite.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(1, -2), [2], 'batch');
 * const y = ops.scale(x, 3);
 * await tape.run();
 * console.log(tape.value(y)); // 3, -6
 * ```
 */
export function scale(x: Tensor, factor: number): Tensor {
  if (!Number.isFinite(factor)) throw new ValueError(`scale: the factor ${factor} is not finite`);
  const times = (values: Float64Array): Float64Array => {
    const out = new Float64Array(values.length);
    for (let i = 0; i < out.length; i++) out[i] = factor * values[i]!;
    return out;
  };
  return x.tape.record(
    { name: 'scale', forward: ([v]) => times(v!), vjp: (_inputs, _output, dy) => [times(dy)] },
    [x],
    x.shape,
  );
}
