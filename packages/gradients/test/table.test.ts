import { UnsupportedError } from '@ketwork/base';
import {
  circuit,
  densityOperator,
  expval,
  hermitian,
  input,
  probabilities,
  projector,
  state,
  successProbability,
  variance,
  weight,
  X,
  Y,
  Z,
} from '@ketwork/circuit';
import type { Measurement } from '@ketwork/circuit';
import { differentiate, differentiationMethods, methodLimit } from '@ketwork/gradients';
import { cpu, densityMatrix, reference } from '@ketwork/simulator';
import type { DifferentiatedProgram } from '@ketwork/gradients';
import type { Engine } from '@ketwork/simulator';
import { centralDifferences, expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';

/** Gates of one, two and four terms, shared angles, expressions, an evolution whose strings do not commute. */
const model = circuit(2, { x: input([2]), w: weight([3]) }, (q, { x, w }) =>
  q
    .rx(x.at(0), 0)
    .ry(x.at(1).times(w.at(0)), 1)
    .crx(w.at(1), 0, 1)
    .rot(w.at(0), w.at(2), 0.3, 0)
    .evolution(X(0).mul(X(1)).add(Z(0).scale(0.5)), w.at(2).plus(0.2), [0, 1])
    .cp(w.at(1), 1, 0)
    .ry(0.4, 1),
);
const values = { x: [0.4, 1.1, -0.7, 0.2], w: [0.9, -1.3, 0.5] };
const BATCH = 2;

const matrix = [0.5, 0, 0.2, -0.3, 0.2, 0.3, -1, 0];
const observables = [
  Z(0),
  X(0).mul(Y(1)).scale(0.7).add(Z(1)),
  projector([1], [1]),
  hermitian(matrix, [1]),
] as const;

const measurements: Partial<Record<Measurement['type'], Measurement>> = {
  expval: expval(...observables),
  variance: variance(...observables),
  probabilities: probabilities([1, 0]),
  state: state(),
  successProbability: successProbability(),
  densityOperator: densityOperator([1]),
};

const engines: readonly Engine[] = [reference(), await cpu(), densityMatrix()];

/** Derivatives of the exact results by every number of `values`, `[batch, outputs, elements of the example]`. */
function slopes(m: Measurement): { x: Float64Array; w: Float64Array } {
  const exact = m.type === 'densityOperator' ? densityMatrix() : reference();
  const program = exact.compile(model, m);
  const outputs = program.outputShapes[0]!.reduce((a, b) => a * b, 1);
  const f = (v: Float64Array): Float64Array =>
    program.run({ x: v.subarray(0, 4), w: v.subarray(4) }) as Float64Array;
  const all = centralDifferences(f, [...values.x, ...values.w]);
  const at = (row: number, column: number): number => all[row * 7 + column]!;
  const x = new Float64Array(BATCH * outputs * 2);
  const w = new Float64Array(BATCH * outputs * 3);
  for (let b = 0; b < BATCH; b++) {
    for (let o = 0; o < outputs; o++) {
      const row = b * outputs + o;
      for (let i = 0; i < 2; i++) x[row * 2 + i] = at(row, 2 * b + i);
      for (let i = 0; i < 3; i++) w[row * 3 + i] = at(row, 4 + i);
    }
  }
  return { x, w };
}

describe.each(engines)('on $name', (engine) => {
  const { capabilities } = engine;
  describe.each(differentiationMethods)('$method', ({ method, cells, accuracy }) => {
    test.each(Object.keys(measurements) as Measurement['type'][])('%s, exact', (type) => {
      const m = measurements[type]!;
      const make = (): DifferentiatedProgram<'x' | 'w', Measurement> =>
        differentiate(engine, model, m, { method, samples: 3 });
      const limit = methodLimit(method, type, false, capabilities);
      if ('never' in cells[type].exact) expect(limit).toBeDefined();
      if (limit !== undefined) {
        expectRefusal(make, limit);
        return;
      }
      const expected = slopes(m);
      if (method === 'spsa') {
        // Random: many directions, and what the estimate says of its own error.
        const program = differentiate(engine, model, m, { method, samples: 20 });
        const sizes = program.outputShapes[0]!.reduce((a, b) => a * b, 1);
        const dy = Float64Array.from({ length: BATCH * sizes }, (_, i) => Math.cos(1 + 2 * i));
        const found = program.estimate(values, dy, { repeats: 25, seed: 3 });
        expectEstimate(
          found,
          contracted(expected, dy, sizes),
          4.5,
          1e-4,
          type === 'successProbability',
        );
        return;
      }
      const found = make().jacobian(values);
      const tolerance = accuracy === 'step' ? 1e-6 : 1e-7;
      expectClose(found.x, expected.x, tolerance, 'x');
      expectClose(found.w, expected.w, tolerance, 'w');
    });

    test.each(Object.keys(measurements) as Measurement['type'][])('%s, shots', (type) => {
      const m = measurements[type]!;
      const shots = 400;
      const make = (): DifferentiatedProgram<'x' | 'w', Measurement> =>
        differentiate(engine, model, m, { method, shots, step: 0.1, samples: 3 });
      const limit = methodLimit(method, type, true, capabilities);
      if ('never' in cells[type].shots) expect(limit).toBeDefined();
      if (limit !== undefined) {
        expectRefusal(make, limit);
        return;
      }
      const program = make();
      const sizes = program.outputShapes[0]!.reduce((a, b) => a * b, 1);
      const dy = Float64Array.from({ length: BATCH * sizes }, (_, i) => Math.cos(1 + 2 * i));
      const found = program.estimate(values, dy, {
        repeats: engine.name === 'density-matrix' ? 10 : 20,
        seed: 11,
      });
      // A variance from shots is smaller by one part in `shots`; a step of 0.1 leaves about 0.01.
      const bias = (accuracy === 'step' ? 0.02 : 0) + (type === 'variance' ? 0.02 : 1e-9);
      expectEstimate(
        found,
        contracted(slopes(m), dy, sizes),
        4.5,
        bias,
        type === 'successProbability',
      );
    });
  });

  test.each(['samples', 'counts'] as const)('%s, by no method', (type) => {
    for (const { method } of differentiationMethods) {
      for (const shots of [false, true]) {
        expect(methodLimit(method, type, shots, capabilities)).toBe(
          'random outcomes have no derivative',
        );
        expect(() =>
          differentiate(
            engine,
            model,
            { type, shots: 10 },
            { method, ...(shots ? { shots: 10 } : {}) },
          ),
        ).toThrow(`no method can differentiate ${type}`);
      }
    }
  });
});

/** An error at compile that says why, or that the engine has no such measurement at all, and what works instead. */
function expectRefusal(make: () => unknown, limit: string): void {
  let text = 'nothing was thrown';
  try {
    make();
  } catch (error) {
    expect(error).toBeInstanceOf(UnsupportedError);
    text = (error as Error).message;
  }
  if (text.includes(limit)) expect(text).toMatch(/\. (Use|Ask|Leave|It gives) [a-z{]/);
  else expect(text).toMatch(/cannot (compute|estimate|be estimated)/);
}

/** Jacobians contracted with cotangents: x per example, w summed. */
function contracted(
  jacobian: { x: Float64Array; w: Float64Array },
  dy: Float64Array,
  outputs: number,
): { x: Float64Array; w: Float64Array } {
  const x = new Float64Array(2 * BATCH);
  const w = new Float64Array(3);
  dy.forEach((weightOf, row) => {
    const b = Math.floor(row / outputs);
    for (let i = 0; i < 2; i++) x[2 * b + i]! += weightOf * jacobian.x[row * 2 + i]!;
    for (let i = 0; i < 3; i++) w[i]! += weightOf * jacobian.w[row * 3 + i]!;
  });
  return { x, w };
}

/** Every estimate within so many of its own standard errors, and errors that are not idle. */
function expectEstimate(
  found: {
    gradients: Record<string, Float64Array>;
    standardErrors: Record<string, Float64Array>;
  },
  expected: Record<string, Float64Array>,
  errors: number,
  bias: number,
  certain: boolean,
): void {
  for (const [name, array] of Object.entries(expected)) {
    array.forEach((value, i) => {
      const error = found.standardErrors[name]![i]!;
      // Without post-selection its probability is 1, whatever the shots.
      if (!certain) expect(error).toBeGreaterThan(0);
      expect(error).toBeLessThan(1);
      expect(Math.abs(found.gradients[name]![i]! - value), `${name}[${i}]`).toBeLessThan(
        errors * error + bias,
      );
    });
  }
}
