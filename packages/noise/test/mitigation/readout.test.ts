import { key } from '@ketwork/base';
import { circuit, counts, expval, probabilities, samples, X, Z } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { cpu, densityMatrix, hosted } from '@ketwork/simulator';
import { Random } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import {
  calibrateReadout,
  calibrationCircuits,
  noiseModel,
  readoutMitigation,
  readoutProbabilities,
  readoutSamples,
} from '../../src/index.ts';

const model = noiseModel({
  readout: [
    { p10: 0.03, p01: 0.08 },
    { qubit: 1, p10: 0.1, p01: 0.02 },
  ],
});
const made = circuit(3, (q) => q.ry(0.7, 0).cnot(0, 1).rx(1.1, 2).cz(1, 2).ry(0.4, 1));
const engine = densityMatrix();
const order = [2, 0, 1];
const exact = engine.compile(made, probabilities(order)).run();
const zzz = Z(0)
  .mul(Z(1))
  .scale(0.7)
  .add(Z(2))
  .add(Z(1).mul(Z(2)).mul(Z(0)));
const ideal = engine.compile(made, expval(zzz)).run()[0]!;

/** A full confusion matrix of errors of all bits together. */
function correlated(k: number): Float64Array {
  const size = 2 ** k;
  const random = new Random(k);
  const rows = Array.from({ length: size }, (_, i) => {
    const row = Array.from({ length: size }, (__, j) => (i === j ? 4 : 0.3 * random.uniform()));
    const sum = row.reduce((a, b) => a + b);
    return row.map((x) => x / sum);
  });
  return Float64Array.from(rows.flat());
}

const close = (a: ArrayLike<number>, b: ArrayLike<number>, limit = 1e-12): void => {
  expect(a.length).toBe(b.length);
  Array.from(a).forEach((x, i) => expect(Math.abs(x - b[i]!)).toBeLessThan(limit));
};

describe('readout mitigation', () => {
  it('inverts exactly: probabilities, expectation values, any number of examples', () => {
    const both = Float64Array.from([...exact, ...exact.toReversed()]);
    const read = readoutProbabilities(both, order, model);
    const mitigation = readoutMitigation(model, order);
    close(mitigation.probabilities(read), both);
    close(mitigation.probabilities(read, { method: 'least-squares' }), both, 1e-9);
    const values = mitigation.expval(zzz, read);
    expect(values[0]).toBeCloseTo(ideal, 12);
    expect(values.length).toBe(2);
    const matrix = correlated(3);
    const full = readoutMitigation([matrix], order);
    const misread = Float64Array.from({ length: 8 }, (_, j) =>
      exact.reduce((sum, p, i) => sum + p * matrix[8 * i + j]!, 0),
    );
    close(full.probabilities(misread), exact);
    close(full.probabilities(misread, { method: 'least-squares' }), exact, 1e-9);
    expect(full.expval(zzz, misread)[0]).toBeCloseTo(ideal, 12);
    // The tensor product of single matrices is a full one.
    const product = Float64Array.from({ length: 64 }, (_, at) => {
      const [i, j] = [at >> 3, at & 7];
      return readoutProbabilities(
        Float64Array.from({ length: 8 }, (__, s) => (s === i ? 1 : 0)),
        order,
        model,
      )[j]!;
    });
    close(readoutMitigation([product], order).probabilities(read), both);
  });

  it('takes counts, and gives numbers that add to the shots', () => {
    const shots = 20_000;
    const drawn = engine.compile(made, samples(shots, order)).run({}, { seed: 3 });
    const read = readoutSamples(drawn, order, model, key(9));
    const tallied: Record<string, number> = {};
    for (let s = 0; s < shots; s++) {
      const outcome = [...read.subarray(3 * s, 3 * s + 3)].join('');
      tallied[outcome] = (tallied[outcome] ?? 0) + 1;
    }
    const mitigation = readoutMitigation(model, order);
    const [found] = mitigation.counts([tallied]);
    expect(Object.values(found!).reduce((a, b) => a + b)).toBeCloseTo(shots, 6);
    const noisy =
      Object.entries(tallied).reduce((sum, [o, n]) => sum + n * (o[2] === '1' ? -1 : 1), 0) / shots;
    const better = mitigation.expval(Z(1), [tallied])[0]!;
    const truth = engine.compile(made, expval(Z(1))).run()[0]!;
    expect(Math.abs(noisy - truth)).toBeGreaterThan(0.03);
    expect(Math.abs(better - truth)).toBeLessThan(4 / 0.88 / Math.sqrt(shots));
    // Counts and their frequencies say the same.
    const p = Float64Array.from(
      { length: 8 },
      (_, i) => (tallied[i.toString(2).padStart(3, '0')] ?? 0) / shots,
    );
    expect(mitigation.expval(zzz, [tallied])[0]).toBeCloseTo(mitigation.expval(zzz, p)[0]!, 12);
    const full = readoutMitigation([correlated(3)], order);
    expect(full.expval(zzz, [tallied])[0]).toBeCloseTo(full.expval(zzz, p)[0]!, 12);
    // Many qubits go through their outcomes only.
    const many = Array.from({ length: 60 }, (_, i) => i);
    const wide = readoutMitigation(model, many);
    expect(wide.expval(Z(0).mul(Z(59)), [{ ['0'.repeat(60)]: 3 }])[0]).toBeCloseTo(
      (0.95 / 0.89) ** 2,
      10,
    );
    expect(() => wide.counts([{ ['0'.repeat(60)]: 3 }])).toThrow(/2\^60/);
  });

  it('finds the closest probabilities by least squares', () => {
    const mitigation = readoutMitigation(model, [0, 1]);
    const random = new Random(4);
    for (let round = 0; round < 20; round++) {
      const raw = Array.from({ length: 4 }, () => (random.chance(0.5) ? random.uniform() : 0.001));
      const sum = raw.reduce((a, b) => a + b);
      const read = raw.map((x) => x / sum);
      const found = mitigation.probabilities(read, { method: 'least-squares' });
      expect(found.every((x) => x >= 0)).toBe(true);
      expect(found.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
      const distance = (p: ArrayLike<number>): number =>
        readoutProbabilities(p, [0, 1], model).reduce(
          (total, x, i) => total + (x - read[i]!) ** 2,
          0,
        );
      const own = distance(found);
      // No other probabilities are closer: it is a convex problem, so looking around is enough.
      for (let from = 0; from < 4; from++) {
        for (let to = 0; to < 4; to++) {
          const step = Math.min(1e-4, found[from]!);
          if (from === to || step === 0) continue;
          const moved = Float64Array.from(found);
          moved[from]! -= step;
          moved[to]! += step;
          expect(distance(moved)).toBeGreaterThan(own - 1e-15);
        }
      }
      const plain = mitigation.probabilities(read);
      if (plain.every((x) => x >= 0)) close(found, plain, 1e-9);
    }
  });

  it('calibrates itself on an engine, exactly and by shots', async () => {
    expect(calibrationCircuits([1, 2]).map((one) => one.ops.length)).toEqual([0, 2]);
    const full = calibrationCircuits([2, 0], 'full');
    expect(
      full.map((one) => one.ops.flatMap((op) => (op.type === 'gate' ? op.qubits : []))),
    ).toEqual([[], [0], [2], [2, 0]]);
    const tensored = calibrateReadout(engine, order, { noise: model });
    readoutMitigation(model, order).matrices.forEach((m, i) => close(tensored.matrices[i]!, m));
    const read = readoutProbabilities(exact, order, model);
    close(
      calibrateReadout(engine, order, { noise: model, type: 'full' }).probabilities(read),
      exact,
    );
    const shots = 20_000;
    const sampled = calibrateReadout(engine, order, { noise: model, shots, seed: 6 });
    sampled.matrices.forEach((m, i) => close(m, tensored.matrices[i]!, 4 * Math.sqrt(0.1 / shots)));
    expect(calibrateReadout(engine, order, { noise: model, shots, seed: 6 }).matrices).toEqual(
      sampled.matrices,
    );
    expect(calibrateReadout(engine, order, { noise: model, shots, seed: 7 }).matrices).not.toEqual(
      sampled.matrices,
    );
    const run = (one: Circuit) =>
      readoutProbabilities(engine.compile(one, probabilities(order)).run(), order, model);
    close(calibrateReadout(run, order, { type: 'full' }).probabilities(read), exact);
    const later = calibrateReadout((one) => Promise.resolve(run(one)), order);
    expect(later).toBeInstanceOf(Promise);
    close((await later).probabilities(read), exact);
    using remote = await hosted({ engine: 'cpu' });
    const withoutGates = noiseModel({ readout: model.readout });
    close(
      (await calibrateReadout(remote, order, { noise: withoutGates })).probabilities(read),
      exact,
    );
    using local = await cpu();
    const [clean] = local.compile(made, counts(100, order)).run({}, { seed: 1 });
    expect(calibrateReadout(local, order).counts([clean!])).toEqual([clean]);
  });

  it('names what does not fit', () => {
    const fault = (work: () => unknown): string => {
      try {
        work();
      } catch (error) {
        return String(error);
      }
      return 'no error';
    };
    const one = readoutMitigation(model, [0]);
    expect([
      fault(() => readoutMitigation(model, [])),
      fault(() => readoutMitigation(model, [1, 1])),
      fault(() => readoutMitigation([[1, 0, 0, 1]], [0, 1])),
      fault(() =>
        readoutMitigation(
          [
            [1, 0, 0, 1],
            [1, 0, 0, 1],
          ],
          [0],
        ),
      ),
      fault(() => readoutMitigation([[0.9, 0.2, 0, 1]], [0])),
      fault(() => readoutMitigation([[1.1, -0.1, 0, 1]], [0])),
      fault(() => readoutMitigation([[0.5, 0.5, 0.5, 0.5]], [0])),
      fault(() => one.probabilities([1, 0, 0])),
      fault(() => one.probabilities([1, Number.NaN])),
      fault(() => one.probabilities([1, 0], { method: 'best' as 'inverse' })),
      fault(() => one.counts([{ '00': 3 }])),
      fault(() => one.counts([{}])),
      fault(() => one.expval(X(0), [1, 0])),
      fault(() => one.expval(Z(3), [1, 0])),
      fault(() =>
        calibrationCircuits(
          Array.from({ length: 11 }, (_, i) => i),
          'full',
        ),
      ),
      fault(() => calibrateReadout(() => [1, 0, 0], [0])),
      fault(() => calibrateReadout(engine, [0], { seed: -1 })),
    ]).toMatchInlineSnapshot(`
      [
        "CircuitError: the qubits read are []. Use integers from 0, each of them once",
        "CircuitError: the qubits read are [1, 1]. Use integers from 0, each of them once",
        "ValueError: confusion matrix 0 has 4 numbers. Give [4, 4]",
        "ValueError: 2 confusion matrices for 1 qubits. Give one [2, 2] for each, or one [2^k, 2^k] for at most 10 qubits",
        "ValueError: row 0 of confusion matrix 0 is [0.9, 0.2]. Rows are probabilities of what is read, for each true outcome",
        "ValueError: row 0 of confusion matrix 0 is [1.1, -0.1]. Rows are probabilities of what is read, for each true outcome",
        "ValueError: confusion matrix 0 has no inverse. Outcomes that are read alike cannot be told apart",
        "ValueError: 3 probabilities are not those of 1 qubits. Give [batch, 2^1], or counts and expval for many qubits",
        "ValueError: a probability is not finite. Use finite numbers",
        "ValueError: there is no method 'best'. Use 'inverse' or 'least-squares'",
        "ValueError: '00': 3 is not a count of 1 qubits. Use bit strings of length 1 and numbers from 0",
        "ValueError: there are no counts. Give at least one",
        "CircuitError: X of qubit 0 is not read. Turn the qubit so that Z is read, and give Z",
        "CircuitError: qubit 3 was not read. The mitigation is for qubits 0",
        "ValueError: a full calibration of 11 qubits takes 2^11 circuits. Use at most 10 qubits, or a tensored one",
        "ValueError: the run function returned 3 probabilities. Return 2^1",
        "ValueError: seed -1 is not an integer from 0 to 2^53 - 1. Give a non-negative integer, such as 7",
      ]
    `);
  });
});
