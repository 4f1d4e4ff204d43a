import { sizeOf, UnsupportedError, ValueError } from '@ketwork/base';
import type { Tensor } from '../contract.ts';
import { shapeText } from '../shape.ts';
import type { Rule } from '../tape.ts';
import { gradientOf, gradientStep, refuseShape } from './common.ts';

/** Running statistics of a batch normalisation; in training each pass moves them towards the batch's. */
export interface RunningStatistics {
  /** Running mean, `[channels]`. */
  readonly mean: Float64Array;
  /** Running unbiased variance, `[channels]`. */
  readonly variance: Float64Array;
  /** Weight of the batch's statistics in the update, from 0 to 1. */
  readonly momentum: number;
}

/**
 * Batch normalisation (Ioffe and Szegedy, arXiv:1502.03167) of `[channels, …]`: `(x - mean) / √(variance + eps)` per
 * channel, times gain plus shift (both `[channels]`, shared). In training with the statistics of the batch (biased
 * variance), which also enter the running ones (unbiased variance, as in PyTorch) when the tape runs; otherwise with
 * the running ones.
 *
 * @throws ValueError where shapes do not fit, or training has fewer than two numbers per channel.
 * @throws UnsupportedError, when the tape goes back, where gradients per example are asked for in training.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(2);
 * const x = tape.constant(Float64Array.of(1, 3), [1], 'batch');
 * const gain = tape.constant(Float64Array.of(1), [1], 'shared');
 * const shift = tape.constant(Float64Array.of(0), [1], 'shared');
 * const running = { mean: Float64Array.of(0), variance: Float64Array.of(1), momentum: 0.1 };
 * const y = ops.batchNorm(x, gain, shift, running, { training: true, eps: 1e-12 });
 * await tape.run();
 * console.log(tape.value(y)); // -1, 1
 * ```
 */
export function batchNorm(
  x: Tensor,
  gain: Tensor,
  shift: Tensor,
  running: RunningStatistics,
  options: { readonly training: boolean; readonly eps: number },
): Tensor {
  const channels =
    x.shape[0] ?? refuseShape('batchNorm', x.shape, 'there must be an axis of channels');
  checkChannels('batchNorm', [gain, shift], [channels]);
  if (x.axis !== 'batch') throw new ValueError('batchNorm: the input must be on the batch axis');
  const inner = sizeOf(x.shape.slice(1));
  if (options.training && x.tape.batch * inner < 2) {
    throw new ValueError('batchNorm: one number per channel has no variance', {
      remedy:
        'Train with more than one example per batch, drop the last short batch, or use layerNorm',
    });
  }
  const rule = batchNormRule(channels, inner, running, options.training, options.eps);
  return x.tape.record(rule, [x, gain, shift], x.shape);
}

function batchNormRule(
  channels: number,
  inner: number,
  running: RunningStatistics,
  training: boolean,
  eps: number,
): Rule {
  const mean = new Float64Array(channels);
  const inverse = new Float64Array(channels);
  return {
    name: 'batchNorm',
    forward([x, gain, shift], batch, room) {
      if (training) batchStatistics(x!, batch);
      else {
        mean.set(running.mean);
        for (let c = 0; c < channels; c++) inverse[c] = 1 / Math.sqrt(running.variance[c]! + eps);
      }
      const out = room(x!.length);
      eachChannel(batch, (c, from, to) => {
        const factor = inverse[c]! * gain![c]!;
        const middle = mean[c]!;
        const added = shift![c]!;
        for (let i = from; i < to; i++) out[i] = (x![i]! - middle) * factor + added;
      });
      return out;
    },
    vjp([x, gain], _output, dy, batch, wants, room) {
      if (training && wants.includes('perExample')) {
        throw new UnsupportedError(
          'batchNorm: in training every example depends on the others of its batch, so there is no gradient per example',
          {
            remedy: 'Use layerNorm',
          },
        );
      }
      const dGain = wants[1] === 'none' ? undefined : gradientOf(channels, batch, true, wants[1]!);
      const dShift = wants[2] === 'none' ? undefined : gradientOf(channels, batch, true, wants[2]!);
      const step = gradientStep(
        channels,
        true,
        wants.includes('perExample') ? 'perExample' : 'sum',
      );
      const sum = new Float64Array(channels);
      const sumHat = new Float64Array(channels);
      eachChannel(batch, (c, from, to, e) => {
        let total = 0;
        let hat = 0;
        for (let i = from; i < to; i++) {
          total += dy[i]!;
          hat += dy[i]! * (x![i]! - mean[c]!) * inverse[c]!;
        }
        sum[c]! += total;
        sumHat[c]! += hat;
        if (dGain !== undefined) dGain[e * step + c]! += hat;
        if (dShift !== undefined) dShift[e * step + c]! += total;
      });
      if (wants[0] === 'none') return [undefined, dGain, dShift];
      const count = batch * inner;
      const dx = room(dy.length);
      eachChannel(batch, (c, from, to) => {
        const factor = gain![c]! * inverse[c]!;
        if (!training) {
          for (let i = from; i < to; i++) dx[i] = factor * dy[i]!;
          return;
        }
        const a = sum[c]! / count;
        const b = (sumHat[c]! / count) * inverse[c]!;
        for (let i = from; i < to; i++) dx[i] = factor * (dy[i]! - a - (x![i]! - mean[c]!) * b);
      });
      return [dx, dGain, dShift];
    },
  };

  function eachChannel(
    batch: number,
    visit: (channel: number, from: number, to: number, example: number) => void,
  ): void {
    let from = 0;
    for (let e = 0; e < batch; e++) {
      for (let c = 0; c < channels; c++, from += inner) visit(c, from, from + inner, e);
    }
  }

  function batchStatistics(x: Float64Array, batch: number): void {
    const count = batch * inner;
    mean.fill(0);
    inverse.fill(0);
    eachChannel(batch, (c, from, to) => {
      mean[c]! += sumOf(x, from, to);
    });
    for (let c = 0; c < channels; c++) mean[c]! /= count;
    eachChannel(batch, (c, from, to) => {
      inverse[c]! += sumOfSquares(x, from, to, mean[c]!);
    });
    const { momentum } = running;
    for (let c = 0; c < channels; c++) {
      const variance = inverse[c]! / count;
      running.mean[c] = (1 - momentum) * running.mean[c]! + momentum * mean[c]!;
      running.variance[c] =
        (1 - momentum) * running.variance[c]! + (momentum * variance * count) / (count - 1);
      inverse[c] = 1 / Math.sqrt(variance + eps);
    }
  }
}

/** Sum from an index to before another, in four partial sums: one alone would wait for each addition. */
function sumOf(x: Float64Array, from: number, to: number): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  let i = from;
  for (; i + 4 <= to; i += 4) {
    a += x[i]!;
    b += x[i + 1]!;
    c += x[i + 2]!;
    d += x[i + 3]!;
  }
  for (; i < to; i++) a += x[i]!;
  return a + b + (c + d);
}

/** Sum of the squared distances from a number, likewise. */
function sumOfSquares(x: Float64Array, from: number, to: number, middle: number): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  let i = from;
  for (; i + 4 <= to; i += 4) {
    const [p, q, r, s] = [
      x[i]! - middle,
      x[i + 1]! - middle,
      x[i + 2]! - middle,
      x[i + 3]! - middle,
    ];
    a += p * p;
    b += q * q;
    c += r * r;
    d += s * s;
  }
  for (; i < to; i++) a += (x[i]! - middle) * (x[i]! - middle);
  return a + b + (c + d);
}

/**
 * Layer normalisation (Ba, Kiros and Hinton, arXiv:1607.06450): each example (or each row of it) is brought to mean 0
 * and variance 1 over the trailing axes that gain and shift (of one shape, shared) cover, then times gain plus shift.
 *
 * @throws ValueError where gain and shift do not have the shape of the input's trailing axes.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(1, 3), [2], 'batch');
 * const gain = tape.constant(Float64Array.of(1, 1), [2], 'shared');
 * const shift = tape.constant(Float64Array.of(0, 5), [2], 'shared');
 * const y = ops.layerNorm(x, gain, shift, 1e-12);
 * await tape.run();
 * console.log(tape.value(y)); // -1, 6
 * ```
 */
export function layerNorm(x: Tensor, gain: Tensor, shift: Tensor, eps: number): Tensor {
  const axes = gain.shape.length;
  checkChannels('layerNorm', [gain, shift], x.shape.slice(x.shape.length - axes));
  if (axes === 0 || axes > x.shape.length)
    refuseShape('layerNorm', x.shape, `gain has shape ${shapeText(gain.shape)}`);
  if (x.axis !== 'batch') throw new ValueError('layerNorm: the input must be on the batch axis');
  const n = sizeOf(gain.shape);
  return x.tape.record(layerNormRule(n, sizeOf(x.shape) / n, eps), [x, gain, shift], x.shape);
}

function layerNormRule(n: number, rows: number, eps: number): Rule {
  let normalized = new Float64Array(0);
  let inverse = new Float64Array(0);
  return {
    name: 'layerNorm',
    forward([x, gain, shift], batch) {
      const out = new Float64Array(x!.length);
      normalized = new Float64Array(x!.length);
      inverse = new Float64Array(batch * rows);
      for (let r = 0; r < inverse.length; r++) {
        const row = r * n;
        let mean = 0;
        for (let i = 0; i < n; i++) mean += x![row + i]!;
        mean /= n;
        let variance = 0;
        for (let i = 0; i < n; i++) variance += (x![row + i]! - mean) ** 2;
        const factor = 1 / Math.sqrt(variance / n + eps);
        inverse[r] = factor;
        for (let i = 0; i < n; i++) {
          const hat = (x![row + i]! - mean) * factor;
          normalized[row + i] = hat;
          out[row + i] = hat * gain![i]! + shift![i]!;
        }
      }
      return out;
    },
    vjp([, gain], _output, dy, batch, wants) {
      const dGain = wants[1] === 'none' ? undefined : gradientOf(n, batch, true, wants[1]!);
      const dShift = wants[2] === 'none' ? undefined : gradientOf(n, batch, true, wants[2]!);
      const gainStep = gradientStep(n, true, wants[1]!);
      const shiftStep = gradientStep(n, true, wants[2]!);
      const dx = wants[0] === 'none' ? undefined : new Float64Array(dy.length);
      for (let r = 0; r < batch * rows; r++) {
        const row = r * n;
        const e = Math.floor(r / rows);
        if (dGain !== undefined)
          for (let i = 0; i < n; i++)
            dGain[e * gainStep + i]! += dy[row + i]! * normalized[row + i]!;
        if (dShift !== undefined)
          for (let i = 0; i < n; i++) dShift[e * shiftStep + i]! += dy[row + i]!;
        if (dx === undefined) continue;
        let a = 0;
        let b = 0;
        for (let i = 0; i < n; i++) {
          const g = dy[row + i]! * gain![i]!;
          a += g;
          b += g * normalized[row + i]!;
        }
        a /= n;
        b /= n;
        for (let i = 0; i < n; i++)
          dx[row + i] = inverse[r]! * (dy[row + i]! * gain![i]! - a - normalized[row + i]! * b);
      }
      return [dx, dGain, dShift];
    },
  };
}

function checkChannels(
  name: string,
  tensors: readonly Tensor[],
  expected: readonly number[],
): void {
  for (const tensor of tensors) {
    if (tensor.axis !== 'shared') throw new ValueError(`${name}: gain and shift must be shared`);
    if (shapeText(tensor.shape) !== shapeText(expected)) {
      refuseShape(name, tensor.shape, `gain and shift must have shape ${shapeText(expected)}`);
    }
  }
}
