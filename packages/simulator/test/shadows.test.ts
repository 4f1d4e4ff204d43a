import {
  X,
  Y,
  Z,
  circuit,
  denseMatrix,
  expval,
  hermitian,
  input,
  ising,
  pauli,
  projector,
  state,
  weight,
} from '@ketwork/circuit';
import {
  classicalShadow,
  cpu,
  purity,
  reducedDensity,
  reference,
  shadowDensity,
  shadowExpectation,
  shadowPurity,
  shadowSize,
} from '@ketwork/simulator';
import type { ClassicalShadow } from '@ketwork/simulator';
import { beforeAll, describe, expect, test } from 'vitest';

const engine = await cpu();
const made = circuit(4, { x: input([4]), w: weight([4]) }, (q, { x, w }) => {
  q.angleEmbedding(x).cnot(0, 1).cnot(1, 2).angleEmbedding(w, { rotation: 'Y' }).cnot(2, 3).s(1);
});
const values = { x: [0.3, 1.1, -0.7, 2, 1, 0.2, 0.4, -1.3], w: [0.5, 0.9, -0.4, 1.2] };
const SNAPSHOTS = 40_000;
let shadow: ClassicalShadow;

beforeAll(() => {
  shadow = classicalShadow(engine, made, values, { snapshots: SNAPSHOTS, seed: 5 });
});

describe('classical shadows', () => {
  test('are measurements in random bases, evenly drawn', () => {
    expect([shadow.qubits, shadow.batch, shadow.snapshots]).toEqual([4, 2, SNAPSHOTS]);
    expect(shadow.bases.length).toBe(4 * SNAPSHOTS);
    expect(shadow.outcomes.length).toBe(8 * SNAPSHOTS);
    for (let basis = 0; basis < 3; basis++) {
      const share = shadow.bases.filter((b) => b === basis).length / shadow.bases.length;
      // Five standard deviations.
      expect(Math.abs(share - 1 / 3)).toBeLessThan(
        (5 * Math.sqrt(2 / 9)) / Math.sqrt(4 * SNAPSHOTS),
      );
    }
    expect(classicalShadow(engine, made, values, { snapshots: 50, seed: 5 })).toEqual(
      classicalShadow(engine, made, values, { snapshots: 50, seed: 5 }),
    );
    const other = classicalShadow(engine, made, values, { snapshots: 50, seed: 6 });
    expect(other.bases).not.toEqual(shadow.bases.subarray(0, 200));
  });

  test('estimate observables within the error of their weight', () => {
    const observables = [
      Z(0),
      X(1),
      Y(2),
      Z(0).mul(X(1)),
      pauli('XYZ'),
      X(0)
        .scale(0.5)
        .add(Z(3), Y(1).mul(Y(2)).scale(-0.7)),
    ];
    const norms = [3, 3, 3, 9, 27, (0.5 * Math.sqrt(3) + Math.sqrt(3) + 0.7 * 3) ** 2];
    const exact = engine.compile(made, expval(...observables)).run(values);
    for (const groups of [1, 10]) {
      const found = shadowExpectation(shadow, observables, { groups });
      found.forEach((value, i) => {
        // Medians have π/2 times the variance of means.
        const deviation = Math.sqrt((1.6 * norms[i % 6]!) / SNAPSHOTS);
        expect(Math.abs(value - exact[i]!)).toBeLessThan(4.5 * deviation);
      });
    }
  });

  test('estimate projectors and matrices as their Pauli strings', () => {
    const both = [
      projector([1, 0], [2, 0]),
      hermitian(denseMatrix(projector([1, 0], [0, 1]), 2), [2, 0]),
    ];
    const [a, b] = shadowExpectation(shadow, both);
    const [exact] = engine.compile(made, expval(both[0]!)).run(values);
    expect(a).toBeCloseTo(b!, 12);
    expect(Math.abs(a! - exact!)).toBeLessThan(4.5 * Math.sqrt(4 / SNAPSHOTS));
  });

  test('estimate density matrices and purities of parts', () => {
    const states = engine.compile(made, state()).run(values);
    const exact = reducedDensity({ state: states }, [2, 1], { qubits: 4 });
    const found = shadowDensity(shadow, [2, 1]);
    expect(found.length).toBe(exact.length);
    found.forEach((value, i) => expect(Math.abs(value - exact[i]!)).toBeLessThan(0.05));
    expect(found[0]! + found[10]! + found[20]! + found[30]!).toBeCloseTo(1, 12);
    const purities = shadowPurity(shadow, [0, 3]);
    purity({ state: states }, { of: [0, 3], qubits: 4 }).forEach((p, i) =>
      expect(Math.abs(p - purities[i]!)).toBeLessThan(0.06),
    );
  });

  test('on other engines: the reference, workers', async () => {
    const bell = circuit(2, (q) => q.h(0).cnot(0, 1));
    const observables = [Z(0).mul(Z(1)), Y(0).mul(Y(1)), X(0)];
    const workers = await cpu({ threads: 1 });
    for (const one of [
      classicalShadow(reference(), bell, {}, { snapshots: 4000, seed: 1 }),
      await classicalShadow(workers, bell, {}, { snapshots: 4000, seed: 1 }),
    ]) {
      const [zz, yy, x] = shadowExpectation(one, observables);
      expect(Math.abs(zz! - 1)).toBeLessThan(0.2);
      expect(Math.abs(yy! + 1)).toBeLessThan(0.2);
      expect(Math.abs(x!)).toBeLessThan(0.13);
    }
    workers.dispose();
  });

  test('with many qubits every snapshot has a basis of its own', () => {
    const chain = circuit(10, (q) => {
      q.h(0);
      for (let i = 1; i < 10; i++) q.cnot(i - 1, i);
    });
    const large = classicalShadow(engine, chain, {}, { snapshots: 5000, seed: 2 });
    const [energy] = shadowExpectation(large, [ising(10)]);
    // All ZZ are 1, all X are 0; the variance of the sum is at most (9·3 + 10·√3)².
    expect(Math.abs(energy! + 9)).toBeLessThan((4 * (27 + 17.4)) / Math.sqrt(5000));
  });

  test('say how many snapshots a bound takes', () => {
    const size = shadowSize([Z(0), Z(0).mul(Z(1))], { error: 0.1, failure: 0.01 });
    expect(size).toEqual({ groups: 12, snapshots: 12 * 30_600 });
    expect(shadowSize([projector([0], [3])], { error: 1, failure: 0.5 }).snapshots).toBe(
      3 * Math.ceil((34 * 3) / 4),
    );
  });

  test('refuse what does not fit', () => {
    const draw = (snapshots: number) => () => classicalShadow(engine, made, values, { snapshots });
    expect(draw(0)).toThrow(/0 snapshots/);
    expect(() => classicalShadow(engine, made, { ...values, w: [1] }, { snapshots: 3 })).toThrow(
      /slot 'w'/,
    );
    expect(() => shadowExpectation(shadow, [Z(4)])).toThrow(/qubit 4/);
    expect(() => shadowExpectation(shadow, [Z(0)], { groups: 0 })).toThrow(/0 groups/);
    expect(() => shadowDensity(shadow, [0, 0])).toThrow(/no part/);
    expect(() => shadowSize([Z(0)], { error: 0, failure: 0.1 })).toThrow(/error of 0/);
  });
});
