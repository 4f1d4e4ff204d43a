import { UnsupportedError, ValueError } from '@ketwork/base';
import { circuit, input, weight } from '@ketwork/circuit';
import {
  alignKernel,
  alignmentGradient,
  angleFeatureMap,
  fidelityKernel,
  projectedKernel,
  targetAlignment,
  trainableFeatureMap,
} from '@ketwork/kernels';
import { cpu, hosted } from '@ketwork/simulator';
import { centralDifferences, expectClose, Random } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { values } from './reference.ts';

const engine = await cpu();
const map = trainableFeatureMap(4, 4);
const w = Float64Array.from(values.w.flat(2));

describe('target alignment', () => {
  it('agrees with PennyLane', () => {
    const gram = values.maps.trainable.gram.flat();
    expect(targetAlignment(gram, values.labels)).toBeCloseTo(values.alignment, 12);
    const rescaled = targetAlignment(gram, values.unbalancedLabels, { rescale: true });
    expect(rescaled).toBeCloseTo(values.alignmentRescaled, 12);
    expect(
      targetAlignment(
        gram,
        values.labels.map((l) => (l > 0 ? 1 : 0)),
      ),
    ).toBeCloseTo(values.alignment, 12);
  });

  it('is 1 for the ideal matrix, and centred takes out what all elements share', () => {
    const y = [1, -1, -1];
    const ideal = y.flatMap((a) => y.map((b) => a * b));
    expect(targetAlignment(ideal, y)).toBeCloseTo(1, 14);
    const shared = ideal.map((k) => 0.5 * k + 3);
    expect(targetAlignment(shared, y, { centered: true })).toBeCloseTo(1, 14);
    expect(targetAlignment(shared, y)).toBeLessThan(0.5);
  });

  for (const options of [{}, { rescale: true }, { centered: true }]) {
    it(`has the gradient of central differences, through states and reduced states ${JSON.stringify(options)}`, () => {
      const labels = values.unbalancedLabels;
      for (const kernel of [fidelityKernel(engine, map), projectedKernel(engine, map)]) {
        const loss = (v: Float64Array): number[] => [
          targetAlignment(kernel.matrix(values.x, { values: { w: v } }), labels, options),
        ];
        const gram = kernel.matrix(values.x, { values: { w } });
        const { dK } = alignmentGradient(gram, labels, options);
        const found = kernel.vjp(values.x, dK, { values: { w } })['w']!;
        expectClose(found, centralDifferences(loss, w), 1e-8);
        expect(Math.max(...found.map(Math.abs))).toBeGreaterThan(1e-3);
      }
    });
  }

  it('refuses one class, other lengths, and NaN', () => {
    expect(() => targetAlignment([1, 0, 0, 1], [1, 1])).toThrow(/one class/);
    expect(() => targetAlignment([1, 0, 0, 1], [1])).toThrow(ValueError);
    expect(() => targetAlignment([1, 0, 0], [1, -1])).toThrow(ValueError);
    expect(() => targetAlignment([1, Number.NaN, 0, 1], [1, -1])).toThrow(ValueError);
    expect(() => targetAlignment([0, 0, 0, 0], [1, -1])).toThrow(ValueError);
    for (const k of [0.1, 0.7, 1]) {
      const constant = new Float64Array(49).fill(k);
      const labels = [1, -1, 1, 1, -1, 1, 1];
      expect(() => targetAlignment(constant, labels, { centered: true })).toThrow(ValueError);
    }
  });
});

describe('training a kernel', () => {
  const random = new Random(4);
  const x = Array.from({ length: 16 }, () => [random.uniform(-1, 1), random.uniform(-1, 1)]);
  const labels = x.map(([a, b]) => (a! + b! > 0 ? 1 : 0));
  const small = trainableFeatureMap(2, 2, { alpha: 1.5 });
  const begin = { w: Array.from({ length: 8 }, () => random.uniform(-0.3, 0.3)) };

  it('raises the alignment, and the same seed gives the same bits, here and elsewhere', async () => {
    const kernel = fidelityKernel(engine, small);
    const options = { values: begin, steps: 25, batchSize: 12, seed: 3 };
    const seen: number[] = [];
    const first = await alignKernel(kernel, x, labels, {
      ...options,
      onStep: (step) => seen.push(step),
    });
    const before = targetAlignment(kernel.matrix(x, { values: begin }), labels);
    const after = targetAlignment(kernel.matrix(x, { values: first.values }), labels);
    expect(after).toBeGreaterThan(before + 0.1);
    expect(seen).toHaveLength(25);
    expect(begin.w).not.toEqual([...first.values['w']!]);
    const remote = await hosted({ engine: 'cpu' });
    expect(await alignKernel(fidelityKernel(remote, small), x, labels, options)).toEqual(first);
    remote.dispose();
  });

  it('leaves shared slots alone that are not differentiable', async () => {
    const map = circuit(1, (q) => {
      const fixed = weight('fixed', [], { differentiable: false });
      q.ry(input('x', [2]).at(0), 0)
        .rx(fixed.at(), 0)
        .ry(weight('w', []).at(), 0);
      q.rz(input('x', [2]).at(1), 0).rx(weight('w', []).at(), 0);
    });
    const found = await alignKernel(fidelityKernel(engine, map), x, labels, {
      values: { fixed: [0.3], w: [0.2] },
      steps: 3,
    });
    expect([...found.values['fixed']!]).toEqual([0.3]);
    expect(found.values['w']![0]).not.toBe(0.2);
  });

  it('stops when asked to, and refuses what does not fit', async () => {
    const kernel = fidelityKernel(engine, small);
    const stop = new AbortController();
    const run = alignKernel(kernel, x, labels, {
      values: begin,
      signal: stop.signal,
      onStep: (step) => step === 2 && stop.abort(new Error('enough')),
    });
    await expect(run).rejects.toThrow('enough');
    await expect(alignKernel(kernel, x, labels, { values: { w: [1] } })).rejects.toThrow(
      ValueError,
    );
    await expect(alignKernel(kernel, x, labels.slice(1), { values: begin })).rejects.toThrow(
      ValueError,
    );
    const batch = alignKernel(kernel, x, labels, { values: begin, batchSize: 1 });
    await expect(batch).rejects.toThrow(ValueError);
    const without = fidelityKernel(engine, angleFeatureMap(2));
    await expect(alignKernel(without, x, labels, { values: {} })).rejects.toThrow(UnsupportedError);
  });
});
