import {
  amplitudes,
  circuit,
  expval,
  input,
  probabilities,
  projector,
  variance,
  weight,
  X,
  Y,
  Z,
} from '@ketwork/circuit';
import type { Circuit, Measurement } from '@ketwork/circuit';
import {
  metricTensor,
  qnSpsa,
  quantumNaturalGradient,
  rotosolve,
  spsaOptimizer,
} from '@ketwork/gradients';
import type { AsyncCircuitOptimizer, CircuitOptimizer } from '@ketwork/gradients';
import { cpu, reference } from '@ketwork/simulator';
import type { AsyncEngine, Engine } from '@ketwork/simulator';
import { expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { energy, pennylane, rotations } from '../reference-values.ts';

/** The transverse-field Ising model on three qubits, and an ansatz that reaches its ground state. */
const ising = expval(
  Z(0)
    .mul(Z(1))
    .add(Z(1).mul(Z(2)), X(0), X(1), X(2))
    .scale(-1),
);
/** Its lowest eigenvalue, by diagonalisation. */
const GROUND = -3.493959207434937;
const ansatz = circuit(3, { w: weight([3, 3]) }, (q, { w }) => {
  for (let i = 0; i < 3; i++) q.ry(w.at(0, i), i);
  for (let layer = 1; layer < 3; layer++) {
    q.cnot(0, 1).cnot(1, 2);
    for (let i = 0; i < 3; i++) q.ry(w.at(layer, i), i);
  }
});
const START = [0.3, -0.5, 0.8, 0.1, 0.6, -0.2, 0.4, -0.9, 0.7];

/** Costs along the way, and the final weights. */
function walk(
  optimizer: CircuitOptimizer<'w'>,
  steps: number,
  start: readonly number[] = START,
): { readonly costs: number[]; readonly w: Float64Array } {
  const values = { w: Float64Array.from(start) };
  const state = optimizer.init();
  const costs = Array.from({ length: steps }, () => optimizer.step(values, state));
  expect(state.step).toBe(steps);
  return { costs, w: values.w };
}

/** The cost of weights, exactly. */
function costAt(w: Float64Array): number {
  return reference().compile(ansatz, ising).run({ w })[0]!;
}

describe.each([reference(), await cpu()])('on $name', (engine) => {
  test("the natural gradient takes PennyLane's steps", () => {
    const optimizer = quantumNaturalGradient(engine, rotations, energy, {
      learningRate: 0.1,
      regularization: 0.01,
    });
    const values = { w: Float64Array.from(pennylane.weights) };
    const state = optimizer.init();
    for (const expected of pennylane.naturalGradient) {
      optimizer.step(values, state);
      expectClose(values.w, expected, 1e-9);
    }
  });

  test("Rotosolve reaches PennyLane's costs", () => {
    const optimizer = rotosolve(engine, rotations, energy);
    const values = { w: Float64Array.from(pennylane.weights) };
    const state = optimizer.init();
    for (const [, cost] of pennylane.rotosolve) {
      expect(optimizer.step(values, state)).toBeCloseTo(cost as number, 6);
      expect(engine.compile(rotations, energy).run(values)[0]).toBeCloseTo(cost as number, 6);
    }
  });

  test.each(['full', 'block-diagonal', 'diagonal'] as const)(
    'the natural gradient with the %s metric reaches the ground state',
    (approximation) => {
      const { costs, w } = walk(
        quantumNaturalGradient(engine, ansatz, ising, { approximation, learningRate: 0.05 }),
        150,
      );
      expect(costs[0]).toBeCloseTo(costAt(Float64Array.from(START)), 12);
      expect(costAt(w)).toBeLessThan(GROUND + 5e-3);
    },
  );

  test('Rotosolve goes down at every step, to the ground state', () => {
    const { costs, w } = walk(rotosolve(engine, ansatz, ising), 40);
    costs.slice(1).forEach((cost, i) => expect(cost).toBeLessThan(costs[i]! + 1e-12));
    expect(costAt(w)).toBeCloseTo(costs.at(-1)!, 10);
    expect(costAt(w)).toBeLessThan(GROUND + 5e-3);
  });

  test('SPSA and its natural form come close', () => {
    const spsa = walk(spsaOptimizer(engine, ansatz, ising, { samples: 4, learningRate: 0.5 }), 200);
    expect(costAt(spsa.w)).toBeLessThan(GROUND + 0.05);
    const natural = walk(
      qnSpsa(engine, ansatz, ising, { samples: 4, learningRate: 0.05, regularization: 0.05 }),
      200,
    );
    expect(costAt(natural.w)).toBeLessThan(GROUND + 0.05);
  });
});

describe('Rotosolve', () => {
  test('finds the minimum along weights of several frequencies', () => {
    // One weight in three gates, one of them controlled, scaled by 2 and -1: frequencies in halves.
    const shared = circuit(2, { w: weight([1]) }, (q, { w }) =>
      q
        .ry(w.at(0), 0)
        .crx(w.at(0).times(2), 0, 1)
        .evolution(X(0).mul(X(1)).scale(0.7), w.at(0).negate().plus(0.3), [0, 1])
        .ry(0.3, 1),
    );
    const m = expval(Z(0).add(Y(1), X(0).mul(X(1))));
    const program = reference().compile(shared, m);
    const values = { w: Float64Array.of(0.2) };
    const optimizer = rotosolve(reference(), shared, m);
    const cost = optimizer.step(values, optimizer.init());
    expect(program.run(values)[0]).toBeCloseTo(cost, 8);
    // Nothing nearby on a fine grid is lower.
    for (let i = -200; i <= 200; i++)
      expect(program.run({ w: [0.2 + i * 0.015] })[0]!).toBeGreaterThan(cost - 1e-9);
  });

  test('uses 2R + 1 runs for a weight, and leaves one without effect alone', () => {
    const engine = reference();
    let rows = 0;
    const counting = {
      ...engine,
      compile: ((c: Circuit, m: never, o: never) => {
        const program = engine.compile(c, m, o);
        const run = program.run.bind(program);
        program.run = (values, options) => {
          rows += (values as unknown as { w: Float64Array }).w.length / 3;
          return run(values, options);
        };
        return program;
      }) as typeof engine.compile,
    };
    const c = circuit(2, { w: weight([3]) }, (q, { w }) => q.ry(w.at(0), 0).cry(w.at(2), 0, 1));
    const values = { w: Float64Array.of(0.1, 5, 0.3) };
    const optimizer = rotosolve(counting, c, expval(Z(1)));
    optimizer.step(values, optimizer.init());
    expect(rows).toBe(3 + 5);
    expect(values.w[1]).toBe(5);
  });

  test('averages over a batch and probabilities, and works from shots', async () => {
    const c = circuit(1, { x: input([1]), w: weight([1]) }, (q, { x, w }) =>
      q.ry(x.at(0), 0).ry(w.at(0), 0),
    );
    const values = { x: [0.2, 0.6], w: Float64Array.of(0.3) };
    // The mean of cos(x + w) is lowest where w = π - 0.4.
    const exact = rotosolve(reference(), c, expval(Z(0)));
    exact.step(values, exact.init());
    expect(Math.cos(values.w[0]!)).toBeCloseTo(Math.cos(Math.PI - 0.4), 9);
    const drawn = rotosolve(await cpu(), c, expval(projector([0], [0])), { shots: 5000, seed: 3 });
    drawn.step(values, drawn.init());
    expect(Math.abs(Math.cos(values.w[0]!) - Math.cos(Math.PI - 0.4))).toBeLessThan(0.05);
  });

  test('refuses what it cannot know', () => {
    const made =
      (build: (w: ReturnType<typeof weight<'w'>>) => Circuit, m = expval(Z(0))) =>
      () =>
        rotosolve(reference(), build(weight('w', [2])), m);
    const one = (angle: (w: ReturnType<typeof weight<'w'>>) => ReturnType<typeof w.at>) =>
      made((w) => circuit(1, (q) => q.rx(angle(w), 0)));
    const w = weight('w', [2]);
    expect(one((v) => v.at(0).times(v.at(1)))).toThrow(
      "operation 0: rotosolve cannot train element 0 of slot 'w': an angle depends on it other than as a constant multiple",
    );
    expect(one((v) => v.at(0).times(v.at(0)))).toThrow('other than as a constant multiple');
    expect(() => rotosolve(reference(), ansatz, variance(Z(0)))).toThrow(
      'rotosolve cannot minimise a cost of type variance. Measure expval, probabilities',
    );
    const drifting = circuit(1, (q) => q.evolution(X(0), w.at(0), [0], { drift: Z(0) }));
    expect(() => rotosolve(reference(), drifting, expval(Z(0)))).toThrow(
      "rotosolve cannot differentiate by slot 'w': it enters an evolution with a drift",
    );
  });
});

interface MakerOptions {
  readonly shots?: number;
  readonly seed?: number;
}
/** All optimisers have these forms in common. */
interface Maker {
  (engine: Engine, c: Circuit<'w'>, m: Measurement, options?: MakerOptions): CircuitOptimizer<'w'>;
  (
    engine: AsyncEngine,
    c: Circuit<'w'>,
    m: Measurement,
    options?: MakerOptions,
  ): AsyncCircuitOptimizer<'w'>;
}
const makers: Readonly<Record<string, Maker>> = {
  quantumNaturalGradient,
  spsaOptimizer,
  qnSpsa,
  rotosolve,
};

describe('shots and seeds', () => {
  test.each(Object.entries(makers))(
    '%s is repeatable by seed and continues from its state',
    async (_, make) => {
      const engine = await cpu();
      const made = (seed: number): CircuitOptimizer<'w'> =>
        make(engine, ansatz, ising, { shots: 200, seed });
      const whole = walk(made(1), 4);
      expect(walk(made(1), 4)).toEqual(whole);
      expect(walk(made(2), 4).w).not.toEqual(whole.w);
      // Saved after two steps and continued by another optimiser.
      const values = { w: Float64Array.from(START) };
      const first = made(1);
      let state = first.init();
      first.step(values, state);
      first.step(values, state);
      state = structuredClone(state);
      const second = made(1);
      second.step(values, state);
      second.step(values, state);
      expect(values.w).toEqual(whole.w);
      first.dispose();
      second.dispose();
    },
  );

  test('SPSA goes down with few shots', async () => {
    const optimizer = spsaOptimizer(await cpu(), ansatz, ising, {
      shots: 50,
      learningRate: 0.5,
      samples: 2,
    });
    expect(costAt(walk(optimizer, 200).w)).toBeLessThan(GROUND + 0.4);
  });

  test('a worker takes the same steps', async () => {
    const local = await cpu();
    const remote = await cpu({ threads: 1 });
    for (const make of Object.values(makers)) {
      const here = walk(make(local, ansatz, ising), 2);
      const optimizer = make(remote, ansatz, ising);
      const values = { w: Float64Array.from(START) };
      const state = optimizer.init();
      const costs = [await optimizer.step(values, state), await optimizer.step(values, state)];
      expect({ costs, w: values.w }).toEqual(here);
      optimizer.dispose();
    }
    remote.dispose();
  });
});

test('the samples of QN-SPSA average to the metric tensor', () => {
  const optimizer = qnSpsa(reference(), ansatz, ising, {
    learningRate: 0,
    perturbation: 0.02,
    samples: 400,
  });
  const values = { w: Float64Array.from(START) };
  const state = optimizer.init();
  for (let i = 0; i < 5; i++) optimizer.step(values, state);
  const exact = metricTensor(reference(), ansatz).run({ w: START });
  expectClose(state.slots['metric']!, exact, 0.12);
});

test('what does not fit is refused, and nothing is changed', () => {
  const c = circuit(1, { a: amplitudes([2]), w: weight([1]), x: input([1]) }, (q, { a, w, x }) =>
    q.prepare(a, [0], { normalize: true }).ry(w.at(0), 0).rx(x.at(0), 0),
  );
  const m = expval(Z(0));
  expect(() => spsaOptimizer(reference(), c, m, { wrt: ['x'] })).toThrow(
    "spsaOptimizer cannot train slot 'x', which is given per example. Name slots of scalars that the batch shares",
  );
  expect(() => rotosolve(reference(), c, m, { wrt: ['a'] })).toThrow('of kind amplitudes');
  expect(() => qnSpsa(reference(), c, m)).toThrow(
    "operation 0: qnSpsa cannot run operations of type 'statePreparation' backwards. Use spsaOptimizer",
  );
  const none = circuit(1, (q) => q.h(0));
  expect(() => spsaOptimizer(reference(), none, m)).toThrow('finds nothing to train');
  expect(() => spsaOptimizer(reference(), c, m, { perturbation: 0 })).toThrow(
    'spsaOptimizer: perturbation is 0, not a finite number above 0',
  );
  expect(() => quantumNaturalGradient(reference(), c, m, { learningRate: -1 })).toThrow(
    'learningRate is -1',
  );
  expect(() => spsaOptimizer(reference(), c, { type: 'state' })).toThrow(
    'spsaOptimizer cannot minimise a cost of type state. Measure expval, variance, probabilities',
  );
  const optimizer = spsaOptimizer(reference(), ansatz, probabilities([0]));
  const state = optimizer.init();
  expect(() => optimizer.step({ w: START }, state)).toThrow(
    "spsaOptimizer: slot 'w' is no Float64Array of 9 numbers. Give one; steps change it in place",
  );
  const values = { w: Float64Array.from(START) };
  expect(() => optimizer.step(values, { step: -1, slots: {} })).toThrow('Use the state that init');
  expect([...values.w]).toEqual(START);
  expect(state.step).toBe(0);
});
