import { circuit, expval, input, weight, X, Z } from '@ketwork/circuit';
import { differentiate } from '@ketwork/gradients';
import { cpu, reference } from '@ketwork/simulator';
import type { CompileOptions, Engine } from '@ketwork/simulator';
import { expectClose } from '@ketwork/testing';
import { expect, test } from 'vitest';

const model = circuit(2, { x: input([1]), w: weight([2]) }, (q, { x, w }) =>
  q.ry(x.at(0), 0).crx(w.at(0), 0, 1).ry(w.at(1), 0).rx(w.at(1), 1),
);
const values = { x: [0.4, 1.3, -0.8], w: [0.9, -1.3] };
const m = expval(Z(0).add(X(1)));
const dy = [1, -0.5, 0.3];
const exact = reference().compile(model, m).vjp(values, dy);

test('standard errors say how far estimates scatter', async () => {
  const program = differentiate(await cpu(), model, m, { shots: 200 });
  const runs = Array.from({ length: 60 }, (_, seed) =>
    program.estimate(values, dy, { repeats: 8, seed, wrt: ['w'] }),
  );
  for (const i of [0, 1]) {
    const found = runs.map((run) => run.gradients.w[i]!);
    const mean = found.reduce((a, b) => a + b, 0) / found.length;
    const scatter = Math.sqrt(
      found.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (found.length - 1),
    );
    const claimed = Math.sqrt(
      runs.reduce((sum, run) => sum + run.standardErrors.w[i]! ** 2, 0) / runs.length,
    );
    // Both are known to a tenth or so.
    expect(scatter / claimed).toBeGreaterThan(0.7);
    expect(scatter / claimed).toBeLessThan(1.4);
    expect(Math.abs(mean - exact.w[i]!)).toBeLessThan((4 * claimed) / Math.sqrt(60));
  }
});

test('estimates have the shapes of a vjp', () => {
  const program = differentiate(reference(), model, m, { shots: 20 });
  const sum = program.estimate(values, dy);
  expect([sum.gradients.x.length, sum.gradients.w.length]).toEqual([3, 2]);
  expect(Object.keys(program.estimate(values, dy, { wrt: ['w'] }).gradients)).toEqual(['w']);
  const rows = program.estimate(values, dy, { perExample: true });
  expect(rows.standardErrors.w.length).toBe(6);
  for (const i of [0, 1]) {
    const total = [0, 1, 2].reduce((all, b) => all + rows.gradients.w[2 * b + i]!, 0);
    expect(total).toBeCloseTo(sum.gradients.w[i]!, 12);
  }
  expect(program.estimate(values, dy, { seed: 0 })).toEqual(sum);
  expect(program.estimate(values, dy, { seed: 1 })).not.toEqual(sum);
  expect(() => program.estimate(values, dy, { repeats: 1 })).toThrow('repeats is 1');
});

test('without chance there is no error', async () => {
  for (const method of ['adjoint', 'parameter-shift', 'finite-difference'] as const) {
    const program = differentiate(await cpu(), model, m, { method });
    const { gradients, standardErrors } = program.estimate(values, dy);
    expectClose(gradients.w, exact.w, 1e-8);
    expect([...standardErrors.w, ...standardErrors.x]).toEqual([0, 0, 0, 0, 0]);
  }
});

test('a worker gives the same estimates', async () => {
  const local = await cpu();
  const remote = await cpu({ threads: 1 });
  const options = { shots: 50, method: 'parameter-shift' } as const;
  const here = differentiate(local, model, m, options).estimate(values, dy, { seed: 4 });
  const there = await differentiate(remote, model, m, options).estimate(values, dy, { seed: 4 });
  expect(there).toEqual(here);
  const sure = await differentiate(remote, model, m).estimate(values, dy);
  expectClose(sure.gradients.w, exact.w, 1e-10);
  remote.dispose();
});

test('weighted shots go where coefficients are large, and lower the error', () => {
  const engine = reference();
  const compiled: (number | undefined)[] = [];
  const watching: Engine = {
    ...engine,
    compile(c, list, options: CompileOptions = {}) {
      compiled.push(options.shots);
      return engine.compile(c, list, options);
    },
  };
  // A controlled rotation has two large and two small coefficients, 0.427 and 0.073.
  const one = circuit(2, { w: weight([1]) }, (q, { w }) =>
    q.h(0).ry(0.7, 1).crx(w.at(0), 0, 1).rx(0.2, 0),
  );
  const at = { w: [0.6] };
  const error = (allocation: 'uniform' | 'weighted'): number => {
    const program = differentiate(watching, one, expval(Z(1)), { shots: 100, allocation });
    const { gradients, standardErrors } = program.estimate(at, [1], { repeats: 400, seed: 2 });
    const truth = reference()
      .compile(one, expval(Z(1)))
      .vjp(at, [1]).w[0]!;
    expect(Math.abs(gradients.w[0]! - truth)).toBeLessThan(4 * standardErrors.w[0]!);
    return standardErrors.w[0]!;
  };
  const uniform = error('uniform');
  compiled.length = 0;
  const weighted = error('weighted');
  expect(compiled).toEqual([100, 100, 171, 29]);
  // √(4 Σc² / (Σ|c|)²) = 1.22 if all runs had one variance.
  expect(uniform / weighted).toBeGreaterThan(1.05);
});
