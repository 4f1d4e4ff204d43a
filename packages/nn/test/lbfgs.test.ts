import { ValueError } from '@ketwork/base';
import { adam, dense, lbfgs, mse, sequential, tanh, valueAndGrad } from '@ketwork/nn';
import type { LossAndGrads, Parameter } from '@ketwork/nn';
import { describe, expect, it } from 'vitest';

function parameter(...data: number[]): Parameter[] {
  return [{ name: 'x', shape: [data.length], data: Float64Array.from(data) }];
}

/** The chained Rosenbrock function; its minimum, 0, is at 1, 1, …. */
function rosenbrock(x: Float64Array): LossAndGrads {
  const grad = new Float64Array(x.length);
  let loss = 0;
  for (let i = 0; i + 1 < x.length; i++) {
    const [a, b] = [1 - x[i]!, x[i + 1]! - x[i]! ** 2];
    loss += a * a + 100 * b * b;
    grad[i]! += -2 * a - 400 * x[i]! * b;
    grad[i + 1]! += 200 * b;
  }
  return { loss, grads: [grad] };
}

describe('lbfgs', () => {
  it.each([
    [2, 60],
    [10, 120],
    [50, 400],
  ])('minimises the Rosenbrock function of %i variables', async (n, most) => {
    const p = parameter(...Array.from({ length: n }, (_, i) => (i % 2 === 0 ? -1.2 : 1)));
    const result = await lbfgs({ maxIterations: 400 }).minimize(p, () => rosenbrock(p[0]!.data));
    expect(result.reason).toBe('gradient');
    expect(result.evaluations).toBeLessThan(most);
    for (const x of p[0]!.data) expect(Math.abs(x - 1)).toBeLessThan(1e-6);
    expect(rosenbrock(p[0]!.data).loss).toBe(result.loss);
    // Every iteration goes down: the first Wolfe condition.
    result.losses.slice(1).forEach((loss, i) => expect(loss).toBeLessThan(result.losses[i]!));
    expect(result.losses.length).toBe(result.iterations + 1);
  });

  it('minimises a quadratic function of n variables in about n iterations', async () => {
    const scales = [1, 4, 30, 200];
    const p = parameter(3, -2, 1, 0.5);
    const result = await lbfgs().minimize(p, () => ({
      loss: p[0]!.data.reduce((sum, x, i) => sum + (scales[i]! * x * x) / 2, 0),
      grads: [p[0]!.data.map((x, i) => scales[i]! * x)],
    }));
    expect(result.reason).toBe('gradient');
    expect(result.iterations).toBeLessThan(25);
  });

  it('steps meet the strong Wolfe conditions', async () => {
    // One iteration at a time, looked at from outside.
    const [decrease, curvature] = [1e-4, 0.1];
    const p = parameter(-1.2, 1, 0.3, -0.7);
    for (let k = 0; k < 25; k++) {
      const start = p[0]!.data.slice();
      const before = rosenbrock(start);
      const result = await lbfgs({
        maxIterations: 1,
        maxEvaluations: 60,
        decrease,
        curvature,
      }).minimize(p, () => rosenbrock(p[0]!.data));
      expect(result.iterations).toBe(1);
      const after = rosenbrock(p[0]!.data);
      const d = p[0]!.data.map((x, i) => x - start[i]!);
      const slope = (g: ArrayLike<number>): number => d.reduce((sum, x, i) => sum + x * g[i]!, 0);
      expect(after.loss).toBeLessThanOrEqual(before.loss + decrease * slope(before.grads[0]!));
      expect(Math.abs(slope(after.grads[0]!))).toBeLessThanOrEqual(
        curvature * Math.abs(slope(before.grads[0]!)) * (1 + 1e-9),
      );
    }
  });

  it('fits a small network in far fewer evaluations than Adam', async () => {
    const x = Float64Array.from({ length: 32 }, (_, i) => i / 16 - 1);
    const y = x.map((v) => Math.sin(3 * v));
    const batch = { x, y };
    const made = (): ReturnType<typeof sequential> => {
      const net = sequential(dense(1, 8), tanh(), dense(8, 1));
      net.build(1);
      return net;
    };
    const net = made();
    const gradients = valueAndGrad(net, mse);
    const result = await lbfgs({ maxIterations: 150 }).minimize(net.network!.parameters, () =>
      gradients(batch),
    );
    expect(result.loss).toBeLessThan(1e-4);
    expect((await gradients(batch)).loss).toBe(result.loss);

    const other = made();
    const others = valueAndGrad(other, mse);
    const optimizer = adam(0.01);
    const state = optimizer.init(other.network!.parameters);
    let loss = Infinity;
    for (let i = 0; i < result.evaluations; i++) {
      const found = await others(batch);
      ({ loss } = found);
      optimizer.step(other.network!.parameters, found.grads, state);
    }
    expect(result.loss).toBeLessThan(loss / 100);
  });

  it('waits for closures that return promises', async () => {
    const p = parameter(-1.2, 1);
    const q = parameter(-1.2, 1);
    const now = await lbfgs().minimize(p, () => rosenbrock(p[0]!.data));
    const later = await lbfgs().minimize(q, async () => Promise.resolve(rosenbrock(q[0]!.data)));
    expect(later).toEqual(now);
    expect(q[0]!.data).toEqual(p[0]!.data);
  });

  it('avoids where the loss is not finite', async () => {
    const p = parameter(0.01);
    // log x is not a number left of 0, where the first step leads.
    const result = await lbfgs().minimize(p, () => {
      const [x = 0] = p[0]!.data;
      return { loss: x - Math.log(x), grads: [[1 - 1 / x]] };
    });
    expect(['gradient', 'loss']).toContain(result.reason);
    expect(p[0]!.data[0]).toBeCloseTo(1, 5);
  });

  it('stops at its limits, at the best values', async () => {
    const p = parameter(-1.2, 1);
    const few = await lbfgs({ maxIterations: 5, maxEvaluations: 100 }).minimize(p, () =>
      rosenbrock(p[0]!.data),
    );
    expect([few.reason, few.iterations]).toEqual(['iterations', 5]);
    const q = parameter(-1.2, 1);
    const calls = await lbfgs({ maxEvaluations: 7 }).minimize(q, () => rosenbrock(q[0]!.data));
    expect([calls.reason, calls.evaluations]).toEqual(['evaluations', 7]);
    expect(rosenbrock(q[0]!.data).loss).toBe(calls.loss);
    // A kink, where no step has both properties; what was reached is kept.
    const r = parameter(1, 1);
    const kink = await lbfgs().minimize(r, () => {
      const [x = 0, y = 0] = r[0]!.data;
      return { loss: Math.abs(x) + y * y, grads: [[Math.sign(x), 2 * y]] };
    });
    expect(kink.loss).toBeLessThan(1);
    expect(['line search', 'evaluations', 'gradient', 'loss']).toContain(kink.reason);
  });

  it('refuses what does not fit', () => {
    const p = parameter(1, 2);
    expect(() => lbfgs().minimize(p, () => ({ loss: 0, grads: [] }))).toThrow(
      new ValueError('lbfgs: there are 0 gradients for 1 parameters'),
    );
    expect(() => lbfgs().minimize(p, () => ({ loss: 0, grads: [[1]] }))).toThrow(
      'lbfgs: the gradient of x has 1 elements, the parameter 2',
    );
    expect(() => lbfgs().minimize(p, () => ({ loss: Number.NaN, grads: [[1, 1]] }))).toThrow(
      'lbfgs: the loss or its gradient is not finite at the start',
    );
    expect([...p[0]!.data]).toEqual([1, 2]);
    for (const bad of [
      { memory: 0 },
      { maxIterations: 1.5 },
      { gradientTolerance: -1 },
      { decrease: 0.95 },
      { curvature: 1 },
    ])
      expect(() => lbfgs(bad)).toThrow(ValueError);
  });
});
