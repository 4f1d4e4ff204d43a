import { ValueError } from '@ketwork/base';
import { gaussianProcess, kernelRidge, nystrom, rbfKernel, selectC, svm } from '@ketwork/kernels';
import { rocAuc } from '@ketwork/nn';
import { expectClose, Random } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { values } from './reference.ts';

const { points, test, labels, gamma, targets, ridge, gp } = values.machines;
const kernel = rbfKernel(3, { gamma });
const gram = kernel.matrix(points);
const between = kernel.between(test, points);
const n = labels.length;

describe('support vector machines', () => {
  for (const { C, dual, bias, decision } of values.machines.svm) {
    it(`agree with scikit-learn at C = ${C}`, () => {
      const machine = svm(gram, labels, { C, tolerance: 1e-11 });
      expect(machine.converged).toBe(true);
      // LIBSVM keeps the kernel in single precision.
      expectClose(machine.dual, dual, 1e-5);
      expect(machine.bias).toBeCloseTo(bias, 5);
      expectClose(machine.decide(between), decision, 1e-5);
      expect([...machine.support]).toEqual(dual.flatMap((d, i) => (Math.abs(d) > 1e-9 ? [i] : [])));
    });
  }

  it('meet the conditions of optimality on 300 examples that overlap', () => {
    const random = new Random(3);
    const x = Array.from({ length: 300 }, () => [random.normal(), random.normal()]);
    const y = x.map(([a, b]) => (a! * b! + 0.8 * random.normal() > 0 ? 1 : -1));
    const k = rbfKernel(2).matrix(x);
    const machine = svm(k, y, { C: 3, tolerance: 1e-6 });
    const margins = machine.decide(k).map((f, i) => y[i]! * f);
    machine.dual.forEach((d, i) => {
      const alpha = d * y[i]!;
      expect(alpha).toBeGreaterThanOrEqual(0);
      expect(alpha).toBeLessThanOrEqual(3);
      if (alpha === 0) expect(margins[i]).toBeGreaterThan(1 - 1e-5);
      else if (alpha === 3) expect(margins[i]).toBeLessThan(1 + 1e-5);
      else expect(Math.abs(margins[i]! - 1)).toBeLessThan(1e-5);
    });
    expect(Math.abs(machine.dual.reduce((a, b) => a + b, 0))).toBeLessThan(1e-9);
  });

  it('read rows, stop early and refuse what does not fit', () => {
    const rows = {
      size: n,
      row: (i: number) => Float32Array.from(gram.subarray(i * n, (i + 1) * n)),
    };
    expectClose(
      svm(rows, labels, { tolerance: 1e-6 }).decide(between),
      svm(gram, labels, { tolerance: 1e-6 }).decide(between),
      1e-4,
    );
    expect(svm(gram, labels, { maxIterations: 3 })).toMatchObject({
      iterations: 3,
      converged: false,
    });
    expect(() => svm(gram, labels, { C: 0 })).toThrow(ValueError);
    expect(() => svm(gram, labels, { tolerance: 0 })).toThrow(ValueError);
    expect(() => svm(gram, labels, { maxIterations: Number.NaN })).toThrow(ValueError);
    expect(() => svm(gram, labels.slice(1))).toThrow(ValueError);
    expect(() => svm([1, Number.NaN, 0, 1], [1, -1])).toThrow(ValueError);
    expect(() =>
      svm(
        gram,
        labels.map(() => 1),
      ),
    ).toThrow(/one class/);
    expect(() => svm(gram, labels).decide([1, 2])).toThrow(ValueError);
    expect(() => svm(gram, labels, { signal: AbortSignal.abort(new Error('enough')) })).toThrow(
      'enough',
    );
  });

  it('do not cycle on a kernel that is not positive', () => {
    const random = new Random(5);
    const broken = new Float64Array(400);
    for (let i = 0; i < 20; i++)
      for (let j = 0; j <= i; j++)
        broken[i * 20 + j] = broken[j * 20 + i] = i === j ? 1 : random.uniform(-1, 1);
    const machine = svm(
      broken,
      Array.from({ length: 20 }, (_, i) => i % 2),
      { C: 5 },
    );
    expect(machine.converged).toBe(true);
  });
});

describe('choosing C', () => {
  it('takes the best mean AUC, the same for a seed, with both classes in each fold', () => {
    const random = new Random(6);
    const x = Array.from({ length: 60 }, () => [random.normal(), random.normal()]);
    const y = x.map(([a, b], i) => (i % 4 === 0 && a! + b! + random.normal() > -1 ? 1 : 0));
    const k = rbfKernel(2).matrix(x);
    const found = selectC(k, y, { candidates: [0.01, 1, 1000], folds: 4, seed: 2 });
    expect(found).toEqual(selectC(k, y, { candidates: [0.01, 1, 1000], folds: 4, seed: 2 }));
    expect(found.auc).toBe(Math.max(...found.scores.map(({ auc }) => auc)));
    expect(found.scores.map(({ folds }) => folds.length)).toEqual([4, 4, 4]);
    expect(selectC(k, y, { seed: 3, candidates: [1] }).scores).not.toEqual(
      selectC(k, y, { seed: 2, candidates: [1] }).scores,
    );
    expect(() => selectC(k, y, { folds: 50 })).toThrow(ValueError);
    expect(() => selectC(k, y, { candidates: [] })).toThrow(ValueError);
  });
});

describe('regression', () => {
  it('agrees with scikit-learn: kernel ridge', () => {
    const machine = kernelRidge(gram, targets, { lambda: ridge.lam });
    expectClose(machine.predict(between), ridge.predicted, 1e-10);
    expect(() => kernelRidge(gram, targets, { lambda: 0 })).toThrow(ValueError);
    expect(() => kernelRidge(gram, targets.slice(1))).toThrow(ValueError);
    expect(() => kernelRidge([1, 3, 3, 1], [1, 2], { lambda: 0.1 })).toThrow(/positive definite/);
  });

  it('agrees with scikit-learn: Gaussian process', () => {
    const process = gaussianProcess(gram, targets, { noise: gp.noise });
    expect(process.logMarginalLikelihood).toBeCloseTo(gp.logMarginal, 9);
    const { mean, variance } = process.predict(between);
    expectClose(mean, gp.mean, 1e-10);
    expectClose(variance.map(Math.sqrt), gp.deviation, 1e-10);
    expect(
      process.predict(
        between,
        test.map(() => 2),
      ).variance[0],
    ).toBeCloseTo(variance[0]! + 1, 12);
    expect(() => process.predict(between, [1])).toThrow(ValueError);
    expect(() => gaussianProcess(gram, targets, { noise: -1 })).toThrow(ValueError);
  });

  it("approximates by Nyström's method, exactly with all examples as landmarks", () => {
    const product = (f: Float64Array, rank: number): number[] =>
      Array.from({ length: n * n }, (_, at) => {
        const [i, j] = [Math.floor(at / n) * rank, (at % n) * rank];
        let sum = 0;
        for (let k = 0; k < rank; k++) sum += f[i + k]! * f[j + k]!;
        return sum;
      });
    const all = nystrom(kernel, points);
    expectClose(product(all.transform(points), n), gram, 1e-7);
    const some = nystrom(kernel, points.slice(0, 20));
    const near = product(some.transform(points), 20);
    expect(some.rank).toBe(20);
    for (let i = 0; i < 20; i++) expect(near[i * n + i]).toBeCloseTo(1, 7);
    // What is left out is a positive matrix, so that its diagonal is not negative.
    for (let i = 20; i < n; i++) expect(gram[i * n + i]! - near[i * n + i]!).toBeGreaterThan(-1e-9);
    expect(() => nystrom(kernel, points, { cutoff: 2 })).toThrow(ValueError);
  });
});

it('the area under the ROC curve agrees with scikit-learn', () => {
  const { scores, labels: truth, value } = values.auc;
  expect(rocAuc(scores, truth)).toBeCloseTo(value, 14);
});
