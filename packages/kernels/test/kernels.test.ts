import { CircuitError, UnsupportedError, ValueError } from '@ketwork/base';
import { circuit, input } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import {
  amplitudeFeatureMap,
  angleFeatureMap,
  fidelityKernel,
  iqpFeatureMap,
  pairMeanFeatureMap,
  projectedKernel,
  rbfKernel,
  sampleKernel,
  trainableFeatureMap,
  zzFeatureMap,
} from '@ketwork/kernels';
import type { Kernel } from '@ketwork/kernels';
import { cpu, densityMatrix, hosted, reference, trajectories } from '@ketwork/simulator';
import { centralDifferences, expectClose, Random } from '@ketwork/testing';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { values } from './reference.ts';

const engine = await cpu();
const w = values.w.flat(2);

const points = (seed: number, count: number, features: number): Float64Array => {
  const random = new Random(seed);
  return Float64Array.from({ length: count * features }, () => random.uniform(-1, 1));
};

/** Symmetric to the bit, diagonal 1, no negative eigenvalue beyond rounding. */
function checkGram(gram: Float64Array, n: number, diagonal = 1e-12): void {
  for (let i = 0; i < n; i++) {
    expect(Math.abs(gram[i * n + i]! - 1)).toBeLessThan(diagonal);
    for (let j = 0; j < i; j++) expect(gram[i * n + j]).toBe(gram[j * n + i]);
  }
  const rows = Array.from({ length: n }, (_, i) => [...gram.subarray(i * n, (i + 1) * n)]);
  const eigen = new EigenvalueDecomposition(new Matrix(rows), { assumeSymmetric: true });
  expect(Math.min(...eigen.realEigenvalues)).toBeGreaterThan(-1e-9);
}

const maps: readonly [keyof typeof values.maps, Circuit][] = [
  ['pairMean', pairMeanFeatureMap(4, { alpha: values.alpha })],
  ['iqp', iqpFeatureMap(4, { repeats: 2 })],
  ['zz', zzFeatureMap(4)],
  ['trainable', trainableFeatureMap(4, 4)],
];

describe('the fidelity kernel', () => {
  for (const [name, map] of maps) {
    const options = name === 'trainable' ? { values: { w } } : {};
    it(`agrees with PennyLane on the map ${name}, both ways`, () => {
      for (const method of ['states', 'inversion'] as const) {
        const kernel = fidelityKernel(engine, map, { method });
        const gram = kernel.matrix(values.x, options);
        expectClose(gram, values.maps[name].gram.flat(), 1e-9, `${method} gram`);
        const between = kernel.between(values.y, values.x, options);
        expectClose(between, values.maps[name].between.flat(), 1e-9, `${method} between`);
        checkGram(gram, 6);
      }
    });
  }

  it('agrees with the dense reference engine and a remote one, the latter to the bit', async () => {
    const x = points(3, 9, 5);
    const map = pairMeanFeatureMap(5, { pattern: 'ring', repeats: 2 });
    const gram = fidelityKernel(engine, map).matrix(x);
    expectClose(gram, fidelityKernel(reference(), map).matrix(x), 1e-12);
    const remote = await hosted({ engine: 'cpu' });
    const kernel = fidelityKernel(remote, map);
    expect(await kernel.matrix(x)).toEqual(gram);
    const between = fidelityKernel(engine, map).between(x.subarray(0, 10), x);
    expect(await kernel.between(x.subarray(0, 10), x)).toEqual(between);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(kernel.matrix(x, { signal })).rejects.toThrow('enough');
    await expect(kernel.matrix([1])).rejects.toThrow(ValueError);
    kernel.dispose();
    await expect(kernel.matrix(x)).rejects.toThrow(/dispose/);
    remote.dispose();
  });

  it('is cos²((x - x′)/2) for a rotation of one qubit, and a squared cosine for amplitudes', () => {
    const x = points(1, 5, 1);
    const gram = fidelityKernel(engine, angleFeatureMap(1, { alpha: 1.7 })).matrix(x);
    const expected = Array.from(
      { length: 25 },
      (_, k) => Math.cos((1.7 * (x[Math.floor(k / 5)]! - x[k % 5]!)) / 2) ** 2,
    );
    expectClose(gram, expected, 1e-14);
    const cosines = fidelityKernel(engine, amplitudeFeatureMap(1)).between(
      [3, 4],
      [
        [1, 0],
        [1, 1],
      ],
    );
    expectClose(cosines, [9 / 25, 49 / 50], 1e-14);
  });

  it('has the same bits whatever the blocks', () => {
    const x = points(2, 300, 3);
    const map = pairMeanFeatureMap(3);
    const whole = fidelityKernel(engine, map).matrix(x);
    const blocks = fidelityKernel(engine, map, { memory: 2 * 37 * 32 * 8 });
    expect(blocks.matrix(x)).toEqual(whole);
    const y = points(4, 50, 3);
    expect(blocks.between(y, x)).toEqual(fidelityKernel(engine, map).between(y, x));
    checkGram(
      whole.filter((_, k) => k % 300 < 20 && k < 20 * 300),
      20,
    );
  });

  it('draws one binomial number per pair from shots, whatever the blocks', () => {
    const x = points(5, 40, 3);
    const map = pairMeanFeatureMap(3);
    const exact = fidelityKernel(engine, map).matrix(x);
    const estimated = fidelityKernel(engine, map, { shots: 500 }).matrix(x, { seed: 3 });
    const blocks = fidelityKernel(engine, map, { shots: 500, memory: 2 * 7 * 32 * 8 });
    expect(blocks.matrix(x, { seed: 3 })).toEqual(estimated);
    expect(fidelityKernel(engine, map, { shots: 500 }).matrix(x, { seed: 4 })).not.toEqual(
      estimated,
    );
    const pairs = fidelityKernel(engine, map, { shots: 500, method: 'inversion' });
    expectClose(pairs.matrix(x, { seed: 3 }), estimated, 1e-12);
    expectClose(sampleKernel(exact, { shots: 500, seed: 3 }), estimated, 0);
    const rectangle = fidelityKernel(engine, map).between(x.subarray(0, 30), x);
    const shots = fidelityKernel(engine, map, { shots: 500 });
    const drawn = sampleKernel(rectangle, { shots: 500, seed: 3, columns: 40 });
    expect(drawn).toEqual(shots.between(x.subarray(0, 30), x, { seed: 3 }));
    expect(() => sampleKernel([1, 0.5, 0.5], { shots: 5 })).toThrow(ValueError);
    expect(() => sampleKernel([1, 2, 2, 1], { shots: 5 })).toThrow(/not a probability/);
    for (const columns of [0, 1.25, Number.NaN])
      expect(() => sampleKernel([1, 1, 1, 1, 1], { shots: 5, columns })).toThrow(ValueError);
    let chi = 0;
    for (let i = 0; i < 40; i++) {
      expect(estimated[i * 40 + i]).toBe(1);
      for (let j = 0; j < i; j++) {
        const p = exact[i * 40 + j]!;
        expect(Number.isInteger(Math.round(500 * estimated[i * 40 + j]! * 1e9) / 1e9)).toBe(true);
        expect(estimated[i * 40 + j]).toBe(estimated[j * 40 + i]);
        chi += (500 * (estimated[i * 40 + j]! - p) ** 2) / (p * (1 - p));
      }
    }
    // 780 squared deviations of variance 1.
    expect(Math.abs(chi - 780)).toBeLessThan(5 * Math.sqrt(2 * 780));
  });

  it('runs pairs with noise, where the diagonal may be measured', async () => {
    const noisy = (c: Circuit): Circuit =>
      circuit(c.qubits, (q) => {
        q.append(c);
        for (let i = 0; i < c.qubits; i++) q.depolarizing(0.1, i);
      });
    const map = pairMeanFeatureMap(2);
    const x = points(6, 4, 2);
    const options = { method: 'inversion', rewrite: noisy, measureDiagonal: true } as const;
    const gram = fidelityKernel(densityMatrix(), map, options).matrix(x);
    const drawn = fidelityKernel(await trajectories({ trajectories: 4000 }), map, options);
    const near = drawn.matrix(x, { seed: 1 });
    expect(near).toEqual(drawn.matrix(x, { seed: 1 }));
    expectClose(near, gram, 0.04);
    // Depolarizing by 0.1 replaces Z by (1 - 4·0.1/3) Z.
    const shrink = 1 - 0.4 / 3;
    expect(gram[0]).toBeCloseTo(((1 + shrink) / 2) ** 2, 12);
    expect(gram[1]).toBe(gram[4]);
    expect(
      fidelityKernel(densityMatrix(), map, { ...options, measureDiagonal: false }).matrix(x)[0],
    ).toBe(1);
  });

  it('refuses what does not fit, before any work', () => {
    const two = circuit(1, { a: input([1]), b: input([1]) }, (q, { a, b }) =>
      q.rx(a.at(0), 0).ry(b.at(0), 0),
    );
    expect(() => fidelityKernel(engine, two)).toThrow(CircuitError);
    expect(() =>
      fidelityKernel(
        engine,
        circuit(1, (q) => q.h(0)),
      ),
    ).toThrow(/no batch slot/);
    expect(() => fidelityKernel(engine, angleFeatureMap(2), { shots: 0.5 })).toThrow(ValueError);
    expect(() => fidelityKernel(engine, angleFeatureMap(2), { method: 'swap' as never })).toThrow(
      ValueError,
    );
    expect(() => fidelityKernel(engine, angleFeatureMap(2), { rewrite: (c) => c })).toThrow(
      UnsupportedError,
    );
    expect(() => fidelityKernel(engine, amplitudeFeatureMap(2), { method: 'inversion' })).toThrow(
      CircuitError,
    );
    expect(() => angleFeatureMap(0)).toThrow(CircuitError);
    expect(() => zzFeatureMap(2, { pattern: 'star' as never })).toThrow(/chain, ring or full/);
    const kernel = fidelityKernel(engine, angleFeatureMap(2));
    expect(() => kernel.matrix([1, 2, 3])).toThrow(ValueError);
    expect(() => kernel.matrix([1, Number.NaN])).toThrow(ValueError);
    expect(() => kernel.matrix([1, 2], { seed: -1 })).toThrow(ValueError);
    expect(() => kernel.vjp([1, 2], [1])).toThrow(UnsupportedError);
    kernel.dispose();
    expect(() => kernel.matrix([1, 2])).toThrow(/dispose/);
  });
});

describe('the projected and the Gaussian kernel', () => {
  it('agrees with PennyLane', () => {
    const { gamma, gram } = values.projected;
    const map = pairMeanFeatureMap(4, { alpha: values.alpha });
    const found = projectedKernel(engine, map, { gamma }).matrix(values.x);
    expectClose(found, gram.flat(), 1e-9);
    checkGram(found, 6);
    const shots = projectedKernel(engine, map, { gamma, shots: 100_000 }).matrix(values.x, {
      seed: 1,
    });
    expectClose(shots, gram.flat(), 0.02);
  });

  it('draws shots of its own for every example, whatever the blocks', async () => {
    const map = pairMeanFeatureMap(4, { alpha: values.alpha });
    const settings = { gamma: 1, shots: 50 };
    const kernel = projectedKernel(engine, map, settings);
    const expected = kernel.matrix(values.x, { seed: 2 });
    const small = { ...settings, memory: 2 * 2 * 8 * 12 };
    expect(projectedKernel(engine, map, small).matrix(values.x, { seed: 2 })).toEqual(expected);
    const remote = await hosted({ engine: 'cpu' });
    const there = projectedKernel(remote, map, small);
    expect(await there.matrix(values.x, { seed: 2 })).toEqual(expected);
    remote.dispose();
    // Two estimates of one state are not the same one.
    const [x] = values.x;
    expect(kernel.between([x!], [x!], { seed: 2 })[0]).toBeLessThan(1);
    expect(kernel.matrix([x!, x!], { seed: 2 })[1]).toBeLessThan(1);
  });

  it('is exp(-γ d²)', () => {
    const kernel = rbfKernel(2, { gamma: 0.5 });
    expectClose(
      kernel.between(
        [0, 0],
        [
          [1, 1],
          [0, 0],
        ],
      ),
      [Math.exp(-1), 1],
      1e-15,
    );
    expect(kernel.circuit).toBeUndefined();
    expect(() => rbfKernel(0)).toThrow(ValueError);
    expect(() => rbfKernel(2, { gamma: 0 })).toThrow(ValueError);
    expect(() => kernel.matrix([1, Number.NaN])).toThrow(ValueError);
  });
});

describe('gradients of kernels', () => {
  const map = trainableFeatureMap(3, 2);
  const x = points(7, 6, 2);
  const weights = points(8, 1, 12).map((v) => 2 * v);
  const dK = points(9, 6, 6);
  const kernels: readonly [string, Kernel][] = [
    ['fidelity', fidelityKernel(engine, map)],
    ['projected', projectedKernel(engine, map, { gamma: 0.4 })],
  ];
  for (const [name, kernel] of kernels) {
    it(`agree with central differences (${name})`, () => {
      const loss = (v: Float64Array): number[] => [
        kernel.matrix(x, { values: { w: v } }).reduce((sum, k, i) => sum + dK[i]! * k, 0),
      ];
      const found = kernel.vjp(x, dK, { values: { w: weights } })['w']!;
      expectClose(found, centralDifferences(loss, weights), 1e-8);
      expect(Math.max(...found.map(Math.abs))).toBeGreaterThan(0.01);
    });
  }

  it('refuses a matrix of another size', () => {
    expect(() => kernels[0]![1].vjp(x, [1], { values: { w: weights } })).toThrow(ValueError);
  });
});
