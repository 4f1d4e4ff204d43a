import { circuit, expval, input, probabilities, variance, weight, X, Z } from '@ketwork/circuit';
import { differentiate } from '@ketwork/gradients';
import { cpu, reference } from '@ketwork/simulator';
import { describe, expect, test } from 'vitest';

const ansatz = circuit(2, { x: input([2]), w: weight([3]) }, (q, { x, w }) =>
  q
    .rx(x.at(0), 0)
    .ry(x.at(1), 1)
    .ry(w.at(0), 0)
    .crx(w.at(1), 0, 1)
    .rz(w.at(2).times(2), 1)
    .rx(w.at(2), 1),
);
const values = { x: [0.4, 1.1, -0.7, 0.2], w: [0.9, -1.3, 0.5] };

const measurements = {
  expval: expval(Z(0), X(1), Z(0).mul(Z(1)).scale(0.5).add(X(0))),
  variance: variance(Z(0), X(1), Z(0).mul(Z(1)).scale(0.5).add(X(0))),
  probabilities: probabilities(),
};

function error(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum / b.length);
}

describe.each(Object.entries({ reference: reference(), cpu: await cpu() }))(
  'on %s',
  (_, engine) => {
    test.each(Object.entries(measurements))('gradients of %s converge as 1/√shots', (__, m) => {
      const exact = reference().compile(ansatz, m).jacobian(values);
      const errorAt = (shots: number): number => {
        const program = differentiate(engine, ansatz, m, { shots });
        expect(program.method).toBe('parameter-shift');
        // The mean square over seeds, slots and outputs, so that chance hardly matters.
        const squares = [1, 2, 3].flatMap((seed) => {
          const found = program.jacobian(values, { seed });
          return [error(found.x, exact.x) ** 2, error(found.w, exact.w) ** 2];
        });
        return Math.sqrt(squares.reduce((a, b) => a + b, 0) / squares.length);
      };
      const few = errorAt(100);
      const many = errorAt(10_000);
      expect(few).toBeLessThan(0.4);
      expect(many).toBeLessThan(few / 5);
      expect(many).toBeGreaterThan(few / 20);
    });

    test('gradients by shots are repeatable by seed, and differ between seeds', () => {
      const program = differentiate(engine, ansatz, measurements.expval, { shots: 50 });
      const dy = [1, 0, 0, 1, 0, 0];
      const once = program.vjp(values, dy, { seed: 5 });
      expect(program.vjp(values, dy, { seed: 5 })).toEqual(once);
      expect(program.vjp(values, dy, { seed: 6 })).not.toEqual(once);
      expect(program.vjp(values, dy)).toEqual(program.vjp(values, dy, { seed: 0 }));
    });

    test('every shift draws its own shots', () => {
      // Nothing depends on the phase: with common random numbers both shifts would give the same counts, and 0 exactly.
      const blind = circuit(1, { w: weight([1]) }, (q, { w }) =>
        q
          .h(0)
          .h(0)
          .ry(Math.PI / 2, 0)
          .rx(w.at(0), 0),
      );
      const program = differentiate(engine, blind, expval(Z(0)), { shots: 100 });
      const found = [1, 2, 3, 4, 5, 6].map((seed) => program.jacobian({ w: [0] }, { seed }).w[0]!);
      expect(new Set(found).size).toBeGreaterThan(2);
      expect(Math.max(...found.map(Math.abs))).toBeLessThan(0.5);
    });
  },
);
