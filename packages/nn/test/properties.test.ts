import { key } from '@ketwork/base';
import { batches, crossEntropy, loadSafetensors, ops, saveSafetensors, Tape } from '@ketwork/nn';
import type { Tensor } from '@ketwork/nn';
import { expectClose } from '@ketwork/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkOperation, evaluate, gradients, random } from './check.ts';

type Step = (x: Tensor, w: Tensor) => Tensor;

/** Operations on `[2, 3]`, so that any of them may follow any other. */
const steps: Record<string, Step> = {
  tanh: (x) => ops.tanh(x),
  sigmoid: (x) => ops.sigmoid(x),
  gelu: (x) => ops.gelu(x),
  atan: (x) => ops.atan(x),
  softmax: (x) => ops.softmax(x),
  scale: (x) => ops.scale(x, -0.7),
  add: (x, w) => ops.add(x, ops.flatten(ops.slice(w, 0, 1))),
  mul: (x, w) => ops.mul(x, ops.slice(w, 1, 2)),
  matmul: (x, w) => ops.matmul(x, w),
  concat: (x) => ops.concat([ops.slice(x, 1, 2), ops.slice(x, 0, 1)]),
  reshape: (x) => ops.reshape(ops.sum(ops.reshape(x, [1, 2, 3]), 0), [2, 3]),
  outer: (x) => ops.mul(ops.reshape(ops.mean(x, 1), [2, 1]), ops.mean(x, 0)),
  twice: (x) => ops.sub(ops.mul(x, x), x),
};

const chains = fc.array(fc.constantFrom(...Object.keys(steps)), { minLength: 1, maxLength: 6 });

describe('any chain of operations', () => {
  it('has gradients that agree with central differences and with the batch-of-one loop', () => {
    fc.assert(
      fc.property(chains, fc.integer({ min: 1, max: 5 }), fc.nat(1000), (names, batch, seed) => {
        checkOperation(
          batch,
          [
            { shape: [2, 3], axis: 'batch' },
            { shape: [3, 3], axis: 'shared' },
          ],
          (x, w) => names.reduce((y, name) => steps[name]!(y, w), x),
          seed,
        );
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it('has gradients linear in the cotangent', () => {
    fc.assert(
      fc.property(chains, fc.double({ min: -3, max: 3, noNaN: true }), (names, factor) => {
        const inputs = [
          { shape: [2, 3], axis: 'batch' as const },
          { shape: [3, 3], axis: 'shared' as const },
        ];
        const data = [random(1, 12), random(2, 9)];
        const op = (x?: Tensor, w?: Tensor): Tensor =>
          names.reduce((y, name) => steps[name]!(y, w!), x!);
        const [a, b] = [random(3, 12), random(4, 12)];
        const of = (dy: Float64Array): Float64Array[] => gradients(2, inputs, data, op, dy, 'sum');
        const [both, first, second] = [of(a.map((v, i) => v + factor * b[i]!)), of(a), of(b)];
        both.forEach((g, i) =>
          expectClose(
            g,
            first[i]!.map((v, k) => v + factor * second[i]![k]!),
            1e-12,
          ),
        );
      }),
      { numRuns: 60, seed: 2 },
    );
  });
});

describe('cross-entropy', () => {
  it('does not change where all logits are shifted', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e3, max: 1e3, noNaN: true }), fc.nat(2), (shift, label) => {
        const z = random(5, 3);
        const of = (outputs: Float64Array): Float64Array =>
          evaluate(1, [{ shape: [3], axis: 'batch' }], [outputs], (x) =>
            crossEntropy.apply(x, [label]),
          );
        expectClose(of(z.map((v) => v + shift)), of(z), 1e-12);
      }),
      { seed: 3 },
    );
  });
});

describe('safetensors', () => {
  it('give back any arrays, to the bit', () => {
    const array = fc.array(fc.double(), { maxLength: 20 }).map((values) => {
      const data = Float64Array.from(values);
      return { shape: [1, data.length], data };
    });
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string().filter((name) => name !== '__metadata__'),
          array,
        ),
        (tensors) => {
          const plain = Object.fromEntries(Object.entries(tensors));
          expect(loadSafetensors(saveSafetensors(plain)).tensors).toEqual(plain);
        },
      ),
      { seed: 4 },
    );
  });
});

describe('batches', () => {
  it('are a partition of the examples', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 50 }),
        fc.nat(),
        (n, size, seed) => {
          const all = [...batches(n, size, key(seed))].flatMap((batch) => [...batch]);
          expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
        },
      ),
      { seed: 5 },
    );
  });
});

describe('a tape', () => {
  it('gives the same bits every time', () => {
    const run = (): Float64Array => {
      const tape = new Tape(3);
      const x = tape.constant(random(1, 18), [2, 3], 'batch');
      const w = tape.constant(random(2, 9), [3, 3], 'shared');
      const y = Object.values(steps).reduce((t, step) => step(t, w), x);
      void tape.run();
      return tape.value(y);
    };
    expect(run()).toEqual(run());
  });
});
