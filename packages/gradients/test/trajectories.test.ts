import { circuit, expval, weight, X, Z } from '@ketwork/circuit';
import { differentiate } from '@ketwork/gradients';
import { reference, trajectories } from '@ketwork/simulator';
import { describe, expect, it } from 'vitest';

const damped = circuit(2, { w: weight([3]) }, (q, { w }) =>
  q
    .ry(w.at(0), 0)
    .amplitudeDamping(0.2, 0)
    .cnot(0, 1)
    .rx(w.at(1), 1)
    .measure(1, 0)
    .if(0, (b) => b.ry(w.at(2), 0)),
);
const flipped = circuit(2, { w: weight([3]) }, (q, { w }) =>
  q.ry(w.at(0), 0).depolarizing(0.2, 0).cnot(0, 1).rx(w.at(1), 1).bitFlip(0.1, 1).ry(w.at(2), 0),
);
const w = [0.7, 1.3, -0.4];

describe('gradients over trajectories', () => {
  it.each([
    ['states decide', damped, {}],
    ['states do not decide', flipped, {}],
    ['from shots', damped, { shots: 300 }],
  ] as const)('by parameter-shift scatter about the exact ones: %s', async (_, made, options) => {
    const engine = await trajectories({ trajectories: 300 });
    const read = expval(Z(0), X(1));
    const program = differentiate(engine, made, read, { method: 'parameter-shift', ...options });
    const exact = differentiate(reference(), made, read).vjp({ w }, [1, 0.5])['w'];
    const runs = Array.from(
      { length: 60 },
      (__, seed) => program.vjp({ w }, [1, 0.5], { seed })['w'],
    );
    expect(program.vjp({ w }, [1, 0.5], { seed: 3 })['w']).toEqual(runs[3]);
    exact.forEach((slope, i) => {
      const list = runs.map((gradient) => gradient[i]!);
      const mean = list.reduce((a, b) => a + b, 0) / list.length;
      const spread = Math.sqrt(
        list.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (list.length - 1),
      );
      expect(spread).toBeGreaterThan(1e-4);
      expect(spread).toBeLessThan(0.2);
      expect(Math.abs(mean - slope)).toBeLessThan((4.5 * spread) / Math.sqrt(list.length));
    });
  });
});
