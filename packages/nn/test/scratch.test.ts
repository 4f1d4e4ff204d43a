import {
  batchNorm,
  conv2d,
  crossEntropy,
  dense,
  flatten,
  lossValues,
  maxPool2d,
  relu,
  sequential,
  valueAndGrad,
} from '@ketwork/nn';
import { describe, expect, test } from 'vitest';
import { Scratch } from '../src/scratch.ts';

describe('Scratch', () => {
  test('gives back to the next pass what a pass took, but not what left it, nor small arrays', () => {
    const scratch = new Scratch();
    const first = scratch.lease();
    const [a, b, small] = [first.room(20_000), first.room(20_000), first.room(10)];
    first.end([b.subarray(5)]);
    const second = scratch.lease();
    const again = second.room(20_000);
    expect(again).toBe(a);
    expect(second.room(20_000)).not.toBe(b);
    expect(second.room(10)).not.toBe(small);
  });

  test('gives nothing to a pass that begins before another one ends', () => {
    const scratch = new Scratch();
    scratch.lease().end([]);
    const first = scratch.lease();
    const a = first.room(20_000);
    const second = scratch.lease();
    expect(second.room(20_000)).not.toBe(a);
    first.end([]);
    expect(second.room(20_000)).not.toBe(a);
  });
});

describe('passes that use memory again', () => {
  const network = sequential(
    conv2d(1, 8, { kernel: 5, padding: 2 }),
    batchNorm(),
    relu(),
    maxPool2d(2),
    conv2d(8, 8, { kernel: 3, padding: 1 }),
    relu(),
    flatten(),
    dense(3),
  ).build([1, 20, 20], 1);
  const batchOf = (count: number, shift: number) => ({
    x: Float64Array.from({ length: count * 400 }, (_, i) => Math.sin(shift + i * i)),
    y: Array.from({ length: count }, (_, i) => i % 3),
  });

  test('give what new functions give, and leave earlier results alone', async () => {
    const gradient = valueAndGrad(network, crossEntropy);
    const loss = lossValues(network, crossEntropy);
    const batches = [batchOf(6, 0), batchOf(6, 1), batchOf(4, 2), batchOf(6, 3)];
    const results = [];
    const losses = [];
    for (const batch of batches) {
      results.push(await gradient(batch));
      losses.push(await loss(batch));
    }
    for (const [i, batch] of batches.entries()) {
      // Running statistics move on with every pass, but do not enter a pass that trains.
      expect(await valueAndGrad(network, crossEntropy)(batch)).toEqual(results[i]);
    }
    expect(losses[3]!.outputs.length).toBe(18);
    expect(await loss(batches[1]!)).toEqual(await lossValues(network, crossEntropy)(batches[1]!));
  });
});
