import { UnsupportedError, ValueError } from '@ketwork/base';
import {
  circuit,
  counts,
  expval,
  probabilities,
  samples,
  state,
  successProbability,
  variance,
  weight,
  X,
  Y,
  Z,
} from '@ketwork/circuit';
import type { Measurement } from '@ketwork/circuit';
import { reference } from '@ketwork/simulator';
import {
  centralDifferences,
  expectClose,
  Random,
  randomDynamicCircuit,
  randomMeasurement,
  randomValues,
} from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { knownCases } from '../dynamic-cases.ts';

const engine = reference();

describe('circuits of which the results are known', () => {
  it.each(knownCases)('$name', ({ circuit: c, values, measurements, expected }) => {
    const results = engine.compile(c, measurements).run(values);
    results.forEach((actual, i) =>
      expectClose(actual as Float64Array, expected[i]!, 1e-12, measurements[i]!.type),
    );
  });
});

describe('density matrices of branches', () => {
  it('agree with the state vector where nothing is measured', () => {
    for (let seed = 0; seed < 30; seed++) {
      const random = new Random(seed);
      const plain = randomDynamicCircuit(random.child(0), {
        qubits: 3,
        ops: 8,
        dynamic: ['measure'],
        postselect: false,
      });
      const ops = plain.ops.filter(({ type }) => type !== 'measure');
      // A channel that does nothing makes the reference take density matrices.
      const idle = { type: 'channel', channel: 'bitFlip', qubits: [0], angles: [0] } as const;
      const vector = { ...plain, ops };
      const mixed = { ...plain, ops: [...ops, idle] };
      const list = (['expval', 'variance', 'probabilities', 'successProbability'] as const).map(
        (type) => randomMeasurement(random, { ...plain, bits: 0 }, type),
      );
      const values = randomValues(random, plain, 2);
      const want = engine.compile(vector, list);
      const have = engine.compile(mixed, list);
      const expected = want.run(values);
      have
        .run(values)
        .forEach((x, i) => expectClose(x as Float64Array, expected[i] as Float64Array, 1e-12));
      const dy = expected.map((x) => random.normals((x as Float64Array).length));
      const gradients = want.vjp(values, dy);
      for (const [name, g] of Object.entries(have.vjp(values, dy)))
        expectClose(g, gradients[name]!, 1e-11, name);
    }
  });

  it('have the derivatives of central differences, through every kind of operation', () => {
    const kinds = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const random = new Random(seed + 1000);
      const c = randomDynamicCircuit(random.child(0), {
        qubits: 2,
        ops: 6,
        dynamic: ['channel', 'measure', 'reset', 'conditional'],
      });
      for (const op of c.ops) kinds.add(op.type);
      const list: Measurement[] = (
        ['expval', 'variance', 'probabilities', 'successProbability'] as const
      ).map((type) => randomMeasurement(random, c, type));
      const scalars = c.slots.filter(({ kind }) => kind === 'scalar');
      const values = randomValues(random, c, 1);
      const program = engine.compile(c, list);
      let jacobians: Record<string, Float64Array>;
      try {
        jacobians = program.jacobian(values, { wrt: scalars.map(({ name }) => name) });
      } catch (error) {
        expect((error as Error).message).toMatch(/nothing is left/);
        continue;
      }
      for (const { name } of scalars) {
        const wanted = centralDifferences(
          (x) => program.run({ ...values, [name]: x }).flatMap((y) => [...(y as Float64Array)]),
          values[name]!,
        );
        expectClose(jacobians[name]!, wanted, 2e-6, `seed ${seed}, ${name}`);
      }
    }
    for (const kind of ['channel', 'measure', 'reset', 'conditional', 'gate', 'evolution'])
      expect(kinds).toContain(kind);
  });

  it('differentiate by parameters of channels, also where Kraus matrices have no derivative', () => {
    const noisy = circuit(1, { p: weight([2]) }, (q, { p }) =>
      q.h(0).bitFlip(p.at(0), 0).amplitudeDamping(p.at(1), 0).measure(0, 0),
    );
    const program = engine.compile(noisy, [expval(Z(0)), probabilities({ bits: [0] })]);
    const { p } = program.jacobian({ p: [0, 0] }, {});
    // ⟨Z⟩ = γ for a state on the equator; flipping changes nothing there.
    expectClose(p, [0, 1, 0, 0.5, 0, -0.5], 1e-12);
  });
});

describe('states, shots and limits', () => {
  const kept = circuit(2, { w: weight([]) }, (q, { w }) =>
    q.ry(w.at(), 0).cnot(0, 1).h(1).measure(1, 0, { postselect: 0 }),
  );

  it('gives the state that a post-selection leaves, and its derivative', () => {
    const program = engine.compile(kept, state());
    const [c, s] = [Math.cos(0.25), Math.sin(0.25)];
    expectClose(program.run({ w: [0.5] }), [c, 0, 0, 0, s, 0, 0, 0], 1e-14);
    const { w } = program.jacobian({ w: [0.5] });
    expectClose(w, [-s / 2, 0, 0, 0, c / 2, 0, 0, 0], 1e-14);
    // The same results by density matrices.
    const both = engine.compile(kept, [expval(X(0), Y(0), Z(0)), state()]);
    expectClose(both.run({ w: [0.5] })[0], [2 * c * s, 0, c * c - s * s], 1e-14);
  });

  it('refuses a state where there is none', () => {
    const measured = circuit(1, (q) => q.h(0).measure(0, 0));
    expect(() => engine.compile(measured, state())).toThrow(UnsupportedError);
    expect(() => engine.compile(measured, state())).toThrow(
      /^operation 1: a measure leaves a mixture/,
    );
    const branching = circuit(1, (q) =>
      q
        .h(0)
        .measure(0, 0, { postselect: 1 })
        .if(0, (then) => then.measure(0, 1, { postselect: 1 })),
    );
    expect(() => engine.compile(branching, state())).toThrow(/^operation 2: a conditional/);
  });

  it('refuses to divide by nothing', () => {
    const never = circuit(1, (q) => q.measure(0, 0, { postselect: 1 }));
    for (const m of [expval(Z(0)), state(), counts(3)])
      expect(() => engine.compile(never, m).run()).toThrow(ValueError);
    expect(() => engine.compile(never, expval(Z(0))).run()).toThrow(
      'the post-selections hold with probability 0.0, so nothing is left to measure',
    );
  });

  it('refuses density matrices that are too large', () => {
    const wide = circuit(9, (q) => q.h(0).measure(0, 0));
    expect(() => engine.compile(wide, expval(Z(0)))).toThrow(/at most 8 qubits/);
  });

  it('draws bits, and qubits with them', () => {
    const coin = circuit(1, { w: weight([]) }, (q, { w }) =>
      q.ry(w.at(), 0).measure(0, 0).h(0).measure(0, 2),
    );
    const [together, tally, estimate] = engine
      .compile(
        coin,
        [
          samples(2000, { qubits: [0], bits: [0, 1, 2] }),
          counts(2000, { bits: [2, 0] }),
          probabilities({ bits: [0] }),
        ],
        { shots: 2000 },
      )
      .run({ w: [1.2] }, { seed: 5 });
    let ones = 0;
    for (let s = 0; s < 2000; s++) {
      const [qubit, first, never, second] = together.subarray(4 * s, 4 * s + 4);
      expect(qubit).toBe(second);
      expect(never).toBe(0);
      ones += first!;
    }
    expect(Math.abs(ones / 2000 - Math.sin(0.6) ** 2)).toBeLessThan(0.05);
    // One experiment: all three read the same shots.
    expect((tally[0]!['01'] ?? 0) + (tally[0]!['11'] ?? 0)).toBe(ones);
    expect(estimate[1]).toBe(ones / 2000);
  });

  it('estimates the success probability and what is kept', () => {
    const [p, z] = engine
      .compile(kept, [successProbability(), expval(Z(0))], { shots: 4000 })
      .run({ w: [0.5] }, { seed: 2 });
    expect(Math.abs(p[0]! - 0.5)).toBeLessThan(0.03);
    expect(p[0]! * 4000).toBeCloseTo(Math.round(p[0]! * 4000), 9);
    expect(Math.abs(z[0]! - Math.cos(0.5))).toBeLessThan(0.05);
  });

  it('divides variances as expectation values', () => {
    const [v] = engine.compile(kept, variance(Z(0))).run({ w: [0.5] });
    expect(v).toBeCloseTo(Math.sin(0.5) ** 2, 13);
  });
});
