import { circuit, expval, hermitianSlot, input, variance, weight, X, Y, Z } from '@ketwork/circuit';
import { differentiate } from '@ketwork/gradients';
import { checkProgram, cpu, reference } from '@ketwork/simulator';
import { expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { pennylane } from '../reference-values.ts';

/** A cross-resonance gate, exp(-i (a ZX + b (XI + …))), with both times trained, among ordinary gates. */
const driven = circuit(2, { x: input([1]), w: weight([3]) }, (q, { x, w }) =>
  q
    .ry(x.at(0), 0)
    .rx(w.at(2), 1)
    .evolution(Z(0).mul(X(1)).add(Y(1).scale(0.3)), w.at(0), [0, 1], {
      drift: X(0).add(Z(1).scale(0.6)),
      driftTime: w.at(1).times(1.5),
    })
    .crx(w.at(2), 0, 1),
);
const values = { x: [0.3, 1.2], w: [0.7, -0.4, 0.9] };
const m = expval(Z(0), X(1).add(Z(0).mul(Z(1))));

describe('stochastic-shift', () => {
  test('estimates the exact derivative, and says how far it is off', () => {
    const exact = reference().compile(driven, m).vjp(values, [1, -0.5, 0.7, 0.2]);
    const program = differentiate(reference(), driven, m, {
      method: 'stochastic-shift',
      samples: 4,
    });
    const found = program.estimate(values, [1, -0.5, 0.7, 0.2], { repeats: 60, seed: 1 });
    for (const name of ['x', 'w'] as const) {
      found.gradients[name].forEach((value, i) => {
        const error = found.standardErrors[name][i]!;
        expect(Math.abs(value - exact[name][i]!), `${name}[${i}]`).toBeLessThan(4 * error + 1e-10);
        expect(error).toBeLessThan(0.02);
      });
    }
    // Chance is in the two times only.
    expect(found.standardErrors.w[0]).toBeGreaterThan(1e-5);
    expect(found.standardErrors.w[1]).toBeGreaterThan(1e-5);
    expect(found.standardErrors.w[2]).toBeLessThan(1e-12);
    expect(found.standardErrors.x[0]).toBeLessThan(1e-12);
  });

  test('of a driven gate agrees with the exact derivative that PennyLane gives', () => {
    const { theta, value, derivative } = pennylane.driven;
    const gate = circuit(2, { t: weight([1]) }, (q, { t }) =>
      q
        .ry(0.3, 0)
        .rx(0.9, 1)
        .evolution(Z(0).mul(X(1)), t.at(0), [0, 1], { drift: X(0).add(Z(1).scale(0.6)) }),
    );
    const zy = expval(Z(0).mul(Y(1)));
    const exact = differentiate(reference(), gate, zy, { method: 'adjoint' });
    expect(exact.run({ t: [theta] })[0]).toBeCloseTo(value, 12);
    expect(exact.jacobian({ t: [theta] }).t[0]).toBeCloseTo(derivative, 9);
    const drawn = differentiate(reference(), gate, zy, { method: 'stochastic-shift', samples: 50 });
    expect(drawn.jacobian({ t: [theta] }, { seed: 2 }).t[0]).toBeCloseTo(derivative, 2);
  });

  test('more samples are better than by 1/√samples, since they are spread evenly', () => {
    const exact = reference().compile(driven, m).jacobian(values).w;
    const error = (samples: number): number => {
      const program = differentiate(reference(), driven, m, {
        method: 'stochastic-shift',
        samples,
      });
      const seeds = [1, 2, 3, 4];
      return Math.sqrt(
        seeds
          .map((seed) => program.jacobian(values, { seed }).w)
          .reduce((sum, w) => sum + w.reduce((s, x, i) => s + (x - exact[i]!) ** 2, 0), 0) /
          seeds.length,
      );
    };
    expect(error(32)).toBeLessThan(error(2) / 8);
  });

  test('also from shots, and of a variance', () => {
    const v = variance(Z(0), X(1));
    const dy = [1, 0.5, -0.7, 0.3];
    const exact = reference().compile(driven, v).vjp(values, dy).w;
    const program = differentiate(reference(), driven, v, { shots: 300, samples: 2 });
    expect(program.method).toBe('stochastic-shift');
    const found = program.estimate(values, dy, { repeats: 40, seed: 5, wrt: ['w'] });
    found.gradients.w.forEach((value, i) => {
      const error = found.standardErrors.w[i]!;
      expect(Math.abs(value - exact[i]!)).toBeLessThan(4 * error + 0.02);
    });
  });

  test('is repeatable by its seed', () => {
    const program = differentiate(reference(), driven, m, { method: 'stochastic-shift' });
    const once = program.jacobian(values, { seed: 8 });
    expect(program.jacobian(values, { seed: 8 })).toEqual(once);
    expect(program.jacobian(values, { seed: 9 })).not.toEqual(once);
    expect(program.jacobian(values)).toEqual(program.jacobian(values, { seed: 0 }));
  });

  test('is parameter-shift where nothing drifts', async () => {
    const plain = circuit(2, { w: weight([2]) }, (q, { w }) =>
      q.rx(w.at(0), 0).crz(w.at(1), 0, 1).rx(0.3, 1),
    );
    const one = { w: [0.4, 0.9] };
    const at = differentiate(await cpu(), plain, m, { method: 'stochastic-shift' }).jacobian(one);
    expectClose(at.w, reference().compile(plain, m).jacobian(one).w, 1e-12);
  });

  test('other methods refuse a drift and name it', () => {
    for (const method of ['parameter-shift', 'hadamard-test'] as const) {
      const program = differentiate(reference(), driven, m, { method });
      expect(() => program.jacobian(values, { wrt: ['w'] })).toThrow(
        /by slot 'w': it enters an evolution with a drift, .* Use adjoint, stochastic-shift, finite-difference or spsa, or leave 'w' out/,
      );
      const exact = reference().compile(driven, m).jacobian(values).x;
      expectClose(program.jacobian(values, { wrt: ['x'] }).x, exact, 1e-9);
    }
    const unknown = circuit(1, { h: hermitianSlot(2), w: weight([1]) }, (q, { h, w }) =>
      q.evolution(h, w.at(0), [0], { drift: X(0) }),
    );
    const program = differentiate(reference(), unknown, expval(Z(0)), {
      method: 'stochastic-shift',
    });
    expect(() => program.jacobian({ h: [1, 0, 0, 0, 0, 0, -1, 0], w: [1] })).toThrow(
      /whose generator is given at run time/,
    );
  });

  test('the CPU engine differentiates through a drift as the reference does', async () => {
    const found = differentiate(await cpu(), driven, m).jacobian(values);
    const exact = reference().compile(driven, m).jacobian(values);
    expectClose(found.w, exact.w, 1e-10);
    expectClose(found.x, exact.x, 1e-10);
  });

  test('an engine without drifts says so', () => {
    const plain = { ...reference().capabilities, engine: 'plain', evolutionDrift: false };
    expect(() => checkProgram(driven, m, {}, plain)).toThrow(
      "operation 2: engine 'plain' cannot run an evolution with a drift",
    );
  });
});
