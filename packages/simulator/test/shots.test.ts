import { key } from '@ketwork/base';
import {
  circuit,
  counts,
  expval,
  hermitian,
  hermitianSlot,
  input,
  probabilities,
  projector,
  samples,
  variance,
  weight,
  X,
  Y,
  Z,
} from '@ketwork/circuit';
import type { Circuit, Measurement, Observable } from '@ketwork/circuit';
import { reference, sampleOutcomes, withShots } from '@ketwork/simulator';
import {
  expectClose,
  Random,
  randomCircuit,
  randomObservable,
  randomValues,
} from '@ketwork/testing';
import { describe, expect, it } from 'vitest';

const engine = reference();
const bell = circuit(2, (q) => q.h(0).cnot(0, 1));
const tilted = circuit(3, { x: input([3]) }, (q, { x }) =>
  q.ry(x.at(0), 0).rx(x.at(1), 1).ry(x.at(2), 2).cnot(0, 1).rz(0.4, 1).cnot(1, 2),
);
const values = { x: [0.3, 1.1, -0.7, 2.0, 0.4, 0.9] };

describe('sampleOutcomes', () => {
  it('is frozen', () => {
    expect([...sampleOutcomes([0.1, 0.2, 0.3, 0.4], key(7), 3, 16)]).toMatchInlineSnapshot(`
      [
        3,
        3,
        2,
        2,
        3,
        2,
        3,
        3,
        2,
        3,
        3,
        3,
        3,
        2,
        3,
        2,
      ]
    `);
  });

  it('never draws what has probability 0, and takes sums other than 1', () => {
    const drawn = sampleOutcomes([0, 2, 0, 6, 0], key(1), 0, 4000);
    expect(new Set(drawn)).toEqual(new Set([1, 3]));
    expect(drawn.filter((x) => x === 1).length / 4000).toBeCloseTo(0.25, 1);
    expect([...sampleOutcomes([1], key(1), 0, 3)]).toEqual([0, 0, 0]);
    expect(() => sampleOutcomes([0, 0], key(1), 0, 1)).toThrow('all probabilities are 0');
  });

  it('gives each shot its own number: fewer shots are the first of more', () => {
    const p = [0.2, 0.5, 0.3];
    expect(sampleOutcomes(p, key(4), 2, 100)).toEqual(
      sampleOutcomes(p, key(4), 2, 1000).slice(0, 100),
    );
  });
});

describe('withShots', () => {
  it('has frozen streams', () => {
    const program = engine.compile(
      tilted,
      [samples(3), counts(200), expval(Z(0), X(1), Y(2)), probabilities([2, 0])],
      { shots: 200 },
    );
    expect(program.run(values, { seed: 7 })).toMatchInlineSnapshot(`
      [
        Uint8Array [
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          1,
          1,
          1,
          1,
          0,
          0,
          0,
          1,
          1,
          1,
        ],
        [
          {
            "000": 121,
            "001": 22,
            "010": 6,
            "011": 50,
            "100": 1,
          },
          {
            "000": 47,
            "001": 14,
            "011": 1,
            "100": 4,
            "110": 25,
            "111": 109,
          },
        ],
        Float64Array [
          0.99,
          -0.2,
          0.02,
          -0.38,
          -0.02,
          -0.07,
        ],
        Float64Array [
          0.635,
          0.005,
          0.36,
          0,
          0.235,
          0.145,
          0.075,
          0.545,
        ],
      ]
    `);
    expect(program.run(values, { seed: 7 })).toEqual(program.run(values, { seed: 7 }));
    expect(program.run(values, { seed: 8 })).not.toEqual(program.run(values, { seed: 7 }));
    expect(engine.compile(bell, counts(1000)).run({}, { seed: 7 })).toMatchInlineSnapshot(`
      [
        {
          "00": 498,
          "11": 502,
        },
      ]
    `);
  });

  it('gives an example the same shots in any batch at the same place', () => {
    const program = engine.compile(tilted, samples(50));
    const both = program.run(values, { seed: 3 });
    expect(program.run({ x: values.x.slice(0, 3) }, { seed: 3 })).toEqual(both.slice(0, 150));
  });

  it('reads samples, counts, probabilities and Z observables of one program from the same shots', () => {
    const [bits, tally, p, z] = engine
      .compile(
        tilted,
        [
          samples(100),
          counts(100, [1]),
          probabilities([2]),
          expval(Z(0).mul(Z(1)), projector([1], [2])),
        ],
        { shots: 100 },
      )
      .run(values, { seed: 5 });
    for (let e = 0; e < 2; e++) {
      const rows = Array.from({ length: 100 }, (_, s) =>
        bits.slice((e * 100 + s) * 3, (e * 100 + s + 1) * 3),
      );
      expect(tally[e]!['1'] ?? 0).toBe(rows.filter((r) => r[1] === 1).length);
      expect(p[2 * e + 1]).toBeCloseTo(rows.filter((r) => r[2] === 1).length / 100, 12);
      expect(z[2 * e]).toBeCloseTo(
        rows.reduce((s, r) => s + (r[0] === r[1] ? 1 : -1), 0) / 100,
        12,
      );
      expect(z[2 * e + 1]).toBeCloseTo(p[2 * e + 1]!, 12);
    }
  });

  it('shares settings between strings that commute qubit by qubit', () => {
    const compiled: Circuit[] = [];
    const compile = (
      c: Circuit,
      m: readonly Measurement[],
    ): ReturnType<typeof engine.compile<string, readonly Measurement[]>> => {
      compiled.push(c);
      return engine.compile(c, m);
    };
    withShots(compile, tilted, expval(Z(0), Z(1).mul(X(2)), X(2), Y(2), Z(0).mul(Y(2))), {
      shots: 10,
    });
    expect(
      compiled.map((c) =>
        c.ops.slice(tilted.ops.length).map((op) => (op.type === 'gate' ? op.gate : op.type)),
      ),
    ).toEqual([['H'], ['Sdg', 'H']]);
  });

  it('estimates what an exact run gives', () => {
    const shots = 20_000;
    for (let seed = 0; seed < 40; seed++) {
      const random = new Random(seed);
      const c = randomCircuit(random, { qubits: random.integer(1, 3), ops: 6, filters: false });
      const given = randomValues(random, c, 2);
      const observables: Observable[] = Array.from({ length: 3 }, () =>
        randomObservable(random, c),
      );
      const list = [
        { type: 'expval', observables },
        { type: 'variance', observables },
        { type: 'probabilities' },
      ] as const;
      const exact = engine.compile(c, list).run(given);
      const estimated = engine.compile(c, list, { shots }).run(given, { seed });
      list.forEach((m, i) => {
        // Observables here have norms up to about 6, and squares accordingly; five deviations.
        const bound = m.type === 'probabilities' ? 0.02 : m.type === 'expval' ? 0.2 : 1.5;
        expectClose(
          estimated[i]!,
          exact[i]!,
          bound / Math.max(1, ...exact[i]!.map(Math.abs)),
          `seed ${seed}, ${m.type}`,
        );
      });
    }
  });

  it('gives exact results where the state is an eigenstate, in every basis', () => {
    const states = circuit(3, (q) => q.h(0).h(1).s(1).x(2));
    const mean = expval(
      X(0),
      Y(1),
      Z(2),
      X(0).mul(Y(1)).mul(Z(2)),
      X(0).add(Y(1)).add(Z(2).scale(2)),
      hermitian(
        [
          [0, 1],
          [1, 0],
        ],
        [0],
      ),
    );
    expectClose(engine.compile(states, mean, { shots: 20 }).run(), [1, 1, -1, -1, 0, 1], 1e-12);
    const spread = { ...mean, type: 'variance' } as const;
    expectClose(engine.compile(states, spread, { shots: 20 }).run(), [0, 0, 0, 0, 0, 0], 1e-12);
  });

  it('measures Hermitian matrices that come with the data, each example in its own basis', () => {
    const data = circuit(1, { h: hermitianSlot(2), t: weight([]) }, (q, { t }) => q.ry(t.at(), 0));
    const m = {
      type: 'expval',
      observables: [{ type: 'hermitian', qubits: [0], matrix: { slot: 'h' } }],
    } as const;
    // X and Z of the state of angle π/2, which is |+⟩: X is certain, Z is not.
    const h = [0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, -1, 0];
    const y = engine.compile(data, m, { shots: 400 }).run({ h, t: [Math.PI / 2] }, { seed: 1 });
    expect(y[0]).toBeCloseTo(1, 12);
    expect(Math.abs(y[1]!)).toBeLessThan(0.25);
  });

  it('estimates what a map that is not unitary leaves, norm included', () => {
    const filtered = circuit(1, (q) =>
      q.h(0).linear(
        [
          [1, 0],
          [0, 0],
        ],
        [0],
      ),
    );
    const list = [expval(Z(0)), variance(Z(0)), probabilities()] as const;
    const exact = engine.compile(filtered, list).run();
    engine
      .compile(filtered, list, { shots: 10 })
      .run()
      .forEach((y, i) => expectClose(y, exact[i]!, 1e-12));
    expect(engine.compile(filtered, counts(10)).run()).toEqual([{ 0: 10 }]);
  });

  it('takes constants without shots', () => {
    const constant = { type: 'pauli', terms: [{ coefficient: 1.5, paulis: [] }] } as const;
    const list = [
      { type: 'expval', observables: [constant] },
      { type: 'variance', observables: [constant] },
    ] as const;
    const [mean, spread] = engine.compile(bell, list, { shots: 1 }).run();
    expect([...mean, ...spread]).toEqual([1.5, 0]);
  });

  it('refuses out and seeds that are not integers', () => {
    const program = engine.compile(bell, expval(Z(0)), { shots: 10 });
    expect(() => program.run({}, { out: new Float64Array(1) })).toThrow("'out' cannot be used");
    expect(() => program.run({}, { seed: 0.5 })).toThrow('seed');
  });
});
