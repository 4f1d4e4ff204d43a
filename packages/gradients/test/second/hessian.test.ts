import {
  amplitudes,
  angle,
  circuit,
  counts,
  expval,
  hermitianSlot,
  input,
  probabilities,
  variance,
  weight,
  X,
  Z,
} from '@ketwork/circuit';
import type { Circuit, Measurement } from '@ketwork/circuit';
import { differentiate, hessian } from '@ketwork/gradients';
import { cpu, reference } from '@ketwork/simulator';
import { centralDifferences, expectClose, Random, randomHermitian } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { energy, mixed, pennylane, rotations } from '../reference-values.ts';

const engines = [reference(), await cpu()];
const METHODS = ['adjoint', 'parameter-shift'] as const;

/** Controlled gates, expressions, a batch, shared angles and evolutions with few and with many frequencies. */
const model = circuit(2, { x: input([2]), w: weight([2]) }, (q, { x, w }) =>
  q
    .rx(x.at(0).times(w.at(0)), 0)
    .ry(angle.sin(x.at(1)), 1)
    .crx(w.at(1), 0, 1)
    .rot(w.at(0), angle.exp(w.at(1)), 0.3, 0)
    .evolution(X(0).mul(X(1)).add(Z(0).scale(0.5)), w.at(1).plus(0.2), [0, 1])
    .evolution([...randomHermitian(new Random(4), 4)], x.at(0), [1, 0])
    .ry(0.4, 1),
);
const values = { x: [0.4, 1.1, -0.7, 0.2], w: [0.9, -0.6] };

/** Central differences of the exact Jacobian, `[batch, outputs, P, P]` with P = x (2 numbers), w (2 numbers). */
function differences(c: Circuit<'x' | 'w'>, m: Measurement): Float64Array {
  const program = differentiate(reference(), c, m);
  const outputs = program.outputShapes[0]!.reduce((a, b) => a * b, 1);
  const all = centralDifferences(
    (v) => {
      const { x, w } = program.jacobian({ x: v.subarray(0, 4), w: v.subarray(4) });
      const out: number[] = [];
      for (let row = 0; row < 2 * outputs; row++)
        out.push(x[2 * row]!, x[2 * row + 1]!, w[2 * row]!, w[2 * row + 1]!);
      return out;
    },
    [...values.x, ...values.w],
    1e-5,
  );
  const out = new Float64Array(2 * outputs * 16);
  for (let b = 0; b < 2; b++) {
    for (let o = 0; o < outputs; o++) {
      for (let p = 0; p < 4; p++) {
        for (let r = 0; r < 4; r++) {
          const row = (b * outputs + o) * 4 + p;
          out[row * 4 + r] = all[row * 6 + (r < 2 ? 2 * b + r : 2 + r)]!;
        }
      }
    }
  }
  return out;
}

const measurements: Measurement[] = [
  expval(Z(0), X(1).mul(Z(0)).add(X(0))),
  variance(Z(0).add(X(1).scale(0.5)), Z(1)),
  probabilities(),
];

describe.each(engines)('on $name', (engine) => {
  describe.each(METHODS)('%s', (method) => {
    test.each(measurements)('agrees with central differences: $type', (m) => {
      const program = hessian(engine, model, m, { method });
      expect(program.method).toBe(method);
      const found = program.run(values);
      expectClose(found, differences(model, m), 1e-7);
      for (let start = 0; start < found.length; start += 16) {
        for (let p = 0; p < 4; p++)
          for (let r = 0; r < p; r++)
            expect(found[start + 4 * p + r]).toBeCloseTo(found[start + 4 * r + p]!, 12);
      }
    });

    test("agrees with PennyLane's", () => {
      for (const [c, expected] of [
        [rotations, pennylane.rotations],
        [mixed, pennylane.mixed],
      ] as const) {
        const at = { w: pennylane.weights };
        expectClose(hessian(engine, c, energy, { method }).run(at), expected.hessian, 1e-12);
        expectClose(differentiate(engine, c, energy).jacobian(at).w, expected.gradient, 1e-12);
      }
    });

    test('does not depend on how the batch of shifts is cut', () => {
      const m = measurements[0]!;
      const whole = hessian(engine, model, m, { method }).run(values);
      expectClose(hessian(engine, model, m, { method, memory: 3000 }).run(values), whole, 1e-12);
    });
  });
});

test('several measurements, some slots, and what each row stands for', () => {
  const list = [expval(Z(0)), variance(X(1))] as const;
  const program = hessian(reference(), model, list, { wrt: ['w', 'x'] });
  expect(program.parameters).toEqual([
    { slot: 'w', index: 0 },
    { slot: 'w', index: 1 },
    { slot: 'x', index: 0 },
    { slot: 'x', index: 1 },
  ]);
  expect(program.outputs).toBe(2);
  const both = program.run(values);
  const first = hessian(reference(), model, list[0]).run(values);
  const order = [2, 3, 0, 1];
  for (let p = 0; p < 4; p++)
    for (let r = 0; r < 4; r++)
      expect(both[32 + 4 * p + r]).toBeCloseTo(first[16 + 4 * order[p]! + order[r]!]!, 12);
  const part = hessian(reference(), model, list[0], { wrt: ['w'] }).run(values);
  expect(part.length).toBe(2 * 4);
  expect(part[1]).toBeCloseTo(first[4 * 2 + 3]!, 12);
  program.dispose();
});

test('a run serves every derivative that needs it', () => {
  const turn = circuit(1, { w: weight([3]) }, (q, { w }) =>
    q.rx(w.at(0), 0).ry(w.at(1), 0).rz(w.at(2), 0).h(0),
  );
  // 1 without shifts, 6 with one, 4 · 3 pairs, and two of each angle with itself.
  const twice = hessian(reference(), turn, expval(Z(0)), { method: 'parameter-shift' });
  expect(twice.evaluations).toBe(1 + 6 + 12 + 6);
  expect(hessian(reference(), turn, expval(Z(0))).evaluations).toBe(1 + 6);
});

test('from shots, within their noise, and repeatable', async () => {
  const turn = circuit(1, { w: weight([2]) }, (q, { w }) => q.rx(w.at(0), 0).ry(w.at(1), 0));
  const exact = hessian(reference(), turn, expval(Z(0))).run({ w: [0.4, 0.9] });
  const program = hessian(await cpu(), turn, expval(Z(0)), { shots: 40_000 });
  expect(program.method).toBe('parameter-shift');
  const found = program.run({ w: [0.4, 0.9] }, { seed: 3 });
  expectClose(found, exact, 0.025);
  expect(Math.max(...found.map((x, i) => Math.abs(x - exact[i]!)))).toBeGreaterThan(1e-5);
  expect(program.run({ w: [0.4, 0.9] }, { seed: 3 })).toEqual(found);
});

test('a worker computes the same', async () => {
  const remote = await cpu({ threads: 1 });
  const local = await cpu();
  for (const method of METHODS) {
    const there = await hessian(remote, model, measurements[1]!, { method }).run(values);
    expect(there).toEqual(hessian(local, model, measurements[1]!, { method }).run(values));
  }
  const program = hessian(remote, model, measurements[0]!);
  await expect(program.run({ x: [1], w: [1, 1] })).rejects.toThrow('x');
  remote.dispose();
});

describe('what cannot be is refused when compiling', () => {
  const made =
    (m: Measurement, options: Parameters<typeof hessian>[3] = {}, c: Circuit = model) =>
    () =>
      hessian(reference(), c, m, options);

  test('measurements and methods', () => {
    expect(made(counts(10))).toThrow('there are no second derivatives of counts. Measure expval');
    expect(made({ type: 'state' })).toThrow('there are no second derivatives of state');
    expect(made(expval(Z(0)), { method: 'adjoint', shots: 10 })).toThrow(
      'adjoint differentiation needs the exact state, not shots',
    );
    expect(made(expval(Z(0)), { method: 'spsa' as 'adjoint' })).toThrow(
      "there is no method 'spsa' for second derivatives. Use best, adjoint or parameter-shift",
    );
  });

  test('slots', () => {
    const loaded = circuit(
      2,
      { a: amplitudes([2]), h: hermitianSlot(2), w: weight([1]), v: weight([1]) },
      (q, { a, h, w, v }) =>
        q.prepare(a, [0], { normalize: true }).evolution(h, w.at(0), [0]).rx(v.at(0), 0),
    );
    expect(made(expval(Z(0)), { wrt: ['a'] }, loaded)).toThrow(
      "cannot differentiate by slot 'a': it holds amplitudes, not angles. Leave 'a' out of wrt",
    );
    expect(made(expval(Z(0)), { wrt: ['w'] }, loaded)).toThrow("cannot differentiate by slot 'w'");
    const second = hessian(reference(), loaded, expval(Z(0)), { wrt: ['v'] });
    const at = { a: [1, 0.5], h: [1, 0, 0, 0, 0, 0, -1, 0], w: [0.3], v: [0.2] };
    expect(second.run(at).length).toBe(1);
  });
});
