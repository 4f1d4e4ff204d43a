import { ValueError } from '@ketwork/base';
import {
  angle,
  circuit,
  counts,
  expval,
  hermitianSlot,
  hermitian,
  input,
  probabilities,
  samples,
  state,
  successProbability,
  variance,
  weight,
  X,
  Z,
} from '@ketwork/circuit';
import type { Circuit, Measurement } from '@ketwork/circuit';
import { cpu, reference } from '@ketwork/simulator';
import type { Engine } from '@ketwork/simulator';
import {
  expectClose,
  Random,
  randomDynamicCircuit,
  randomMeasurement,
  randomValues,
} from '@ketwork/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { knownCases } from '../dynamic-cases.ts';

let engine: Engine;
const judge = reference();
beforeAll(async () => {
  engine = await cpu();
});

describe('circuits of which the results are known', () => {
  it.each(knownCases)('$name', ({ circuit: c, values, measurements, expected }) => {
    const results = engine.compile(c, measurements).run(values);
    results.forEach((actual, i) =>
      expectClose(actual as Float64Array, expected[i]!, 1e-12, measurements[i]!.type),
    );
  });
});

describe('post-selection', () => {
  const kept = circuit(2, { w: weight([]), x: input([]) }, (q, { w, x }) =>
    q.ry(w.at(), 0).ry(x.at(), 1).cnot(0, 1).measure(1, 0, { postselect: 1 }).h(0),
  );

  it('gives the normalised state', () => {
    const values = { w: [0.7], x: [0.2, 1.9] };
    const list = [state(), expval(X(0)), probabilities({ bits: [0] })] as const;
    const want = judge.compile(kept, list).run(values);
    engine
      .compile(kept, list)
      .run(values)
      .forEach((x, i) => expectClose(x, want[i]!, 1e-13));
  });

  it('has gradients by the quotient rule, per example and summed', () => {
    const values = { w: [0.7], x: [0.2, 1.9, -0.4] };
    const list = [
      expval(X(0), Z(0).mul(Z(1))),
      variance(
        X(0).add(Z(0).scale(0.3)),
        hermitian(
          [
            [1, 0.5],
            [0.5, -2],
          ],
          [0],
        ),
      ),
      probabilities({ qubits: [0], bits: [0] }),
      successProbability(),
    ];
    const random = new Random(4);
    const dy = [6, 6, 12, 3].map((size) => random.normals(size));
    for (const options of [{}, { perExample: true }, { squaredNorms: true }]) {
      const want = judge.compile(kept, list).vjp(values, dy, options);
      const have = engine.compile(kept, list).vjp(values, dy, options);
      for (const name of ['w', 'x'] as const) expectClose(have[name], want[name], 1e-12, name);
    }
    const want = judge.compile(kept, list).jacobian(values);
    const have = engine.compile(kept, list).jacobian(values);
    for (const name of ['w', 'x'] as const) expectClose(have[name], want[name], 1e-12, name);
  });

  it('has gradients of the state, with one or several post-selections', () => {
    const twice = circuit(2, { w: weight([]), x: input([]) }, (q, { w, x }) =>
      q
        .ry(w.at(), 0)
        .rx(x.at(), 1)
        .cz(0, 1)
        .measure(1, 0, { postselect: 1 })
        .h(1)
        .crz(w.at(), 0, 1)
        .ry(0.8, 0)
        .cnot(0, 1)
        .measure(0, 1, { postselect: 0 })
        .rx(x.at(), 0),
    );
    const values = { w: [0.7], x: [0.2, 1.9] };
    for (const c of [kept, twice]) {
      const list = [state(), expval(X(1))];
      const want = judge.compile(c, list).jacobian(values);
      const have = engine.compile(c, list).jacobian(values);
      for (const name of ['w', 'x'] as const) expectClose(have[name], want[name], 1e-12, name);
    }
  });

  it('refuses derivatives that it does not have', () => {
    const trained = circuit(1, (q) =>
      q.declare(hermitianSlot('h', 2)).ry(0.3, 0).measure(0, 0, { postselect: 1 }),
    );
    const observable = hermitian(hermitianSlot('h', 2), [0]);
    const program = engine.compile(trained, expval(observable));
    expectClose(program.run({ h: [1, 0, 0, 0, 0, 0, 5, 0] }), [5], 1e-13);
    expect(() => program.vjp({ h: [1, 0, 0, 0, 0, 0, 5, 0] }, [1])).toThrow(/in slot 'h'/);
    const filtered = circuit(1, { w: weight([]) }, (q, { w }) =>
      q
        .ry(w.at(), 0)
        .linear(
          [
            [1, 0],
            [0, 0.5],
          ],
          [0],
        )
        .measure(0, 0)
        .h(0),
    );
    expect(() => engine.compile(filtered, expval(Z(0))).vjp({ w: [1] }, [1])).toThrow(
      /^operation 1: a map that is not unitary/,
    );
  });

  it('refuses to divide by nothing, with the example', () => {
    const program = engine.compile(kept, expval(Z(0)));
    expect(() => program.run({ w: [0], x: [1, 0] })).toThrow(ValueError);
    expect(() => program.run({ w: [0], x: [1, 0] })).toThrow(
      'the post-selections of example 1 hold with probability 0.0',
    );
    expect(engine.compile(kept, successProbability()).run({ w: [0], x: [0] })).toEqual(
      Float64Array.of(0),
    );
  });
});

describe('bits of circuits that never measure', () => {
  it('are 0', () => {
    const plain = circuit(1, (q) => q.h(0).if(3, (then) => then.x(0)));
    const [p, both] = engine
      .compile(plain, [probabilities({ bits: [3] }), probabilities({ qubits: [0], bits: [0] })])
      .run();
    expectClose(p, [1, 0], 1e-15);
    expectClose(both, [0.5, 0, 0.5, 0], 1e-15);
  });
});

describe('shots', () => {
  it('are those of the reference', () => {
    for (let seed = 0; seed < 25; seed++) {
      const random = new Random(seed + 50);
      const c = randomDynamicCircuit(random.child(0), { qubits: 2, ops: 6, slotGenerators: false });
      const values = randomValues(random.child(1), c, 2);
      const list: Measurement[] = [
        randomMeasurement(random, c, 'samples', 50),
        randomMeasurement(random, c, 'expval'),
        { type: 'successProbability' },
      ];
      let want: ArrayLike<number>[];
      try {
        want = judge.compile(c, list, { shots: 50 }).run(values, { seed }) as ArrayLike<number>[];
      } catch (error) {
        expect((error as Error).message).toMatch(/nothing is left/);
        continue;
      }
      const program = engine.compile(c, list, { shots: 50 });
      // Where the deferred circuit is large, trajectories draw other shots.
      if (program.explain().details.deferred !== true) continue;
      const have = program.run(values, { seed }) as ArrayLike<number>[];
      expectClose(have[0]!, want[0]!, 0, `samples of ${seed}`);
      expectClose(have[1]!, want[1]!, 1e-12, `expval of ${seed}`);
      expectClose(have[2]!, want[2]!, 1e-12, `success of ${seed}`);
    }
  });

  it('estimate what exact runs give, also where a condition makes a map that is not unitary', () => {
    const filtered = circuit(1, (q) =>
      q
        .ry(1.2, 0)
        .measure(0, 0)
        .if(0, (then) =>
          then.linear(
            [
              [1, 0],
              [0, 0.5],
            ],
            [0],
          ),
        ),
    );
    const list = [expval(Z(0)), probabilities({ bits: [0] }), successProbability()];
    for (const c of [
      filtered,
      circuit(1, (q) => q.append(filtered).measure(0, 1, { postselect: 1 })),
    ]) {
      const exact = engine.compile(c, list).run();
      const wanted = judge.compile(c, list).run();
      const drawn = engine.compile(c, list, { shots: 20_000 }).run({}, { seed: 8 });
      list.forEach((m, i) => {
        expectClose(exact[i]!, wanted[i]!, 1e-13, m.type);
        expectClose(drawn[i]!, exact[i]!, 0.02, m.type);
      });
    }
  });

  /** One qubit that is measured and reset many times: too many qubits to defer. */
  const long: Circuit = circuit(2, { x: input([]) }, (q, { x }) => {
    q.ry(x.at(), 0).cnot(0, 1);
    for (let bit = 0; bit < 40; bit++) q.measure(1, bit).reset(1).h(1);
    q.measure(0, 40);
  });

  it('come from trajectories where measurements cannot be deferred', () => {
    const program = engine.compile(long, [
      counts(400, { bits: [40] }),
      samples(400, { bits: [0, 40] }),
    ]);
    const [tally, bits] = program.run({ x: [1.2] }, { seed: 3 });
    expect(Math.abs((tally[0]!['1'] ?? 0) / 400 - Math.sin(0.6) ** 2)).toBeLessThan(0.08);
    for (let s = 0; s < 400; s++) expect(bits[2 * s]).toBe(bits[2 * s + 1]);
  });

  it('is refused exactly there, with a remedy', () => {
    const all = Array.from({ length: 20 }, (_, i) => 2 * i);
    expect(() => engine.compile(long, probabilities({ bits: all }))).not.toThrow();
    const fed = circuit(1, (q) => {
      for (let bit = 0; bit < 40; bit++) q.ry(0.1 * bit, 0).measure(0, bit);
      q.h(0);
    });
    expect(() => engine.compile(fed, expval(Z(0)))).toThrow(
      /needs 41 qubits, and there may be .*trajectories/,
    );
  });
});

describe('explain', () => {
  it('says that measurements are deferred', () => {
    const [first] = knownCases;
    const program = engine.compile(first!.circuit, expval(Z(2)));
    const { text, details } = program.explain();
    expect(text).toMatch(
      /^cpu: measurements, resets and conditions are deferred to the end of the circuit: 3 qubits and 2 bits on 3 qubits\. cpu: /,
    );
    expect(details).toMatchObject({ engine: 'cpu', deferred: true, deferredQubits: 3 });
    expect(program.estimateMemory(4, { gradient: true })).toBeGreaterThan(
      program.estimateMemory(4),
    );
    expect(engine.compile(first!.circuit, counts(3)).explain().text).toMatch(/then seeded shots/);
    program.dispose();
    expect(() => program.run(first!.values)).toThrow(/disposed/);
  });
});

describe('errors of the deferred circuit', () => {
  it('name the operation of the circuit that was given', () => {
    const c = circuit(1, { x: input([]) }, (q, { x }) =>
      q.h(0).measure(0, 0).reset(0).barrier().rx(angle.asin(x.at()), 0),
    );
    const run = (): unknown => engine.compile(c, expval(Z(0))).run({ x: [0.5, 2] });
    expect(run).toThrow(/^operation 4: the angle of example 1 is NaN/);
    expect(run).toThrow(expect.objectContaining({ code: 'VALUE', operation: 4 }));
  });
});
