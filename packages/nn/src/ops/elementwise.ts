import type { Tensor } from '../contract.ts';
import type { Rule } from '../tape.ts';

/**
 * Hyperbolic tangent, element by element.
 *
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(0, 100), [2], 'batch');
 * const y = ops.tanh(x);
 * await tape.run();
 * console.log(tape.value(y)); // 0, 1
 * ```
 */
export function tanh(x: Tensor): Tensor {
  return x.tape.record(tanhRule, [x], x.shape);
}

/**
 * Logistic function `1 / (1 + e^-x)`, element by element.
 *
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(0, 100), [2], 'batch');
 * const y = ops.sigmoid(x);
 * await tape.run();
 * console.log(tape.value(y)); // 0.5, 1
 * ```
 */
export function sigmoid(x: Tensor): Tensor {
  return x.tape.record(sigmoidRule, [x], x.shape);
}

/**
 * `max(0, x)`, element by element; its derivative at 0 is taken as 0.
 *
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(-1, 2), [2], 'batch');
 * const y = ops.relu(x);
 * await tape.run();
 * console.log(tape.value(y)); // 0, 2
 * ```
 */
export function relu(x: Tensor): Tensor {
  return x.tape.record(reluRule, [x], x.shape);
}

/**
 * Gaussian error linear unit in its tanh form, `x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))`
 * (Hendrycks and Gimpel, arXiv:1606.08415), element by element.
 *
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(0, 100), [2], 'batch');
 * const y = ops.gelu(x);
 * await tape.run();
 * console.log(tape.value(y)); // 0, 100
 * ```
 */
export function gelu(x: Tensor): Tensor {
  return x.tape.record(geluRule(), [x], x.shape);
}

/**
 * Exponential function, element by element.
 *
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(0, -1000), [2], 'batch');
 * const y = ops.exp(x);
 * await tape.run();
 * console.log(tape.value(y)); // 1, 0
 * ```
 */
export function exp(x: Tensor): Tensor {
  return x.tape.record(expRule, [x], x.shape);
}

/**
 * Natural logarithm, element by element; NaN below 0.
 *
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(1, Math.E), [2], 'batch');
 * const y = ops.log(x);
 * await tape.run();
 * console.log(tape.value(y)); // 0, 1
 * ```
 */
export function log(x: Tensor): Tensor {
  return x.tape.record(logRule, [x], x.shape);
}

/**
 * Inverse tangent in radians, element by element: brings any number into (-π/2, π/2), as angles of an encoding.
 *
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(0, 1), [2], 'batch');
 * const y = ops.atan(x);
 * await tape.run();
 * console.log(tape.value(y)); // 0, 0.785
 * ```
 */
export function atan(x: Tensor): Tensor {
  return x.tape.record(atanRule, [x], x.shape);
}

/** Logistic function of one number without overflow at either end. */
export function logistic(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

/** A rule from the function and its derivative, the latter given the input and the function's value. */
function pointwise(
  name: string,
  value: (x: number) => number,
  derivative: (x: number, y: number) => number,
): Rule {
  return {
    name,
    forward([x], _batch, room) {
      const out = room(x!.length);
      for (let i = 0; i < out.length; i++) out[i] = value(x![i]!);
      return out;
    },
    vjp([x], y, dy, _batch, _wants, room) {
      const out = room(dy.length);
      for (let i = 0; i < out.length; i++) out[i] = dy[i]! * derivative(x![i]!, y[i]!);
      return [out];
    },
  };
}

const tanhRule = pointwise('tanh', Math.tanh, (_x, y) => 1 - y * y);
const sigmoidRule = pointwise('sigmoid', logistic, (_x, y) => y * (1 - y));
const expRule = pointwise('exp', Math.exp, (_x, y) => y);
const logRule = pointwise('log', Math.log, (x) => 1 / x);
const atanRule = pointwise('atan', Math.atan, (x) => 1 / (1 + x * x));

const GELU_SCALE = Math.sqrt(2 / Math.PI);
const GELU_CUBIC = 0.044715;

/** Keeps the hyperbolic tangents, which take most of its time, for the way back. */
function geluRule(): Rule {
  let tangents = new Float64Array(0);
  return {
    name: 'gelu',
    forward([x]) {
      const out = new Float64Array(x!.length);
      tangents = new Float64Array(x!.length);
      for (let i = 0; i < out.length; i++) {
        const v = x![i]!;
        const t = Math.tanh(GELU_SCALE * (v + GELU_CUBIC * v * v * v));
        tangents[i] = t;
        out[i] = 0.5 * v * (1 + t);
      }
      return out;
    },
    vjp([x], _y, dy) {
      const out = new Float64Array(dy.length);
      for (let i = 0; i < out.length; i++) {
        const v = x![i]!;
        const t = tangents[i]!;
        const slope = GELU_SCALE * (1 + 3 * GELU_CUBIC * v * v);
        out[i] = dy[i]! * (0.5 * (1 + t) + 0.5 * v * (1 - t * t) * slope);
      }
      return [out];
    },
  };
}

// Written out and without branches, which of random numbers take ten times as long as the rest. A NaN stays one, and
// -Infinity becomes one, so that they are seen in the loss.
const reluRule: Rule = {
  name: 'relu',
  forward([x], _batch, room) {
    const out = room(x!.length);
    for (let i = 0; i < out.length; i++) {
      const v = x![i]!;
      out[i] = 0.5 * (v + Math.abs(v));
    }
    return out;
  },
  vjp([x], _y, dy, _batch, _wants, room) {
    const out = room(dy.length);
    for (let i = 0; i < out.length; i++) out[i] = dy[i]! * Number(!(x![i]! <= 0));
    return [out];
  },
};
