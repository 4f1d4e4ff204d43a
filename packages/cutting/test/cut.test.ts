import { UnsupportedError, ValueError } from '@ketwork/base';
import {
  circuit,
  expval,
  hermitian,
  input,
  probabilities,
  projector,
  state,
  variance,
  weight,
  X,
  Y,
  Z,
} from '@ketwork/circuit';
import type { Builder, Circuit, Measurement } from '@ketwork/circuit';
import { cutCircuit } from '@ketwork/cutting';
import type { CutOptions } from '@ketwork/cutting';
import { differentiate } from '@ketwork/gradients';
import { cpu, reference } from '@ketwork/simulator';
import { expectClose, Random } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';

const randomNumbers = (seed: number, count: number): Float64Array => {
  const random = new Random(seed);
  return Float64Array.from({ length: count }, () => random.uniform(-2, 2));
};

/** The chain of card 07: encoding, then a block on each pair of neighbours. */
const chain: Circuit<'x' | 'w'> = circuit(
  8,
  { x: input([8]), w: weight([7, 4]) },
  (q, { x, w }) => {
    for (let i = 0; i < 8; i++) q.h(i).ry(x.at(i), i);
    for (let i = 0; i < 7; i++) {
      q.ry(w.at(i, 0), i)
        .rz(w.at(i, 1), i)
        .ry(w.at(i, 2), i + 1)
        .rz(w.at(i, 3), i + 1);
      q.cnot(i, i + 1);
    }
  },
);
/** Behind the third block: four qubits before the cut, five behind it. */
const behindThird = 16 + 5 * 3;
const engine = await cpu();

describe('the chain of eight qubits', () => {
  const measurements = [
    expval(Z(4), Z(5), Z(6), Z(7), Z(0), X(1), Z(2), X(0).mul(Y(6)), Z(1).mul(Z(3)).mul(Z(7))),
    variance(X(0).mul(Y(6)).add(Z(5).scale(0.3))),
    probabilities([6, 1]),
  ] as const;
  const cut = cutCircuit(engine, chain, measurements, {
    cuts: [{ wire: 3, before: behindThird }],
  });
  const whole = engine.compile(chain, measurements);

  it('runs on fragments of four and five qubits, in 3 + 4 · 3 settings or fewer', () => {
    expect(cut.cut.fragments).toEqual([4, 5]);
    expect(cut.cut.overhead).toBe(16);
    expect(cut.explain().details).toMatchObject({ fragments: 2, qubits: 5, wires: 1, gates: 0 });
    const z = cutCircuit(engine, chain, expval(Z(5)), { cuts: [{ wire: 3, before: behindThird }] });
    expect(z.cut.runs).toBe(3 + 4);
  });

  it('gives what the whole circuit gives, for 100 sets of parameters', () => {
    const values = { x: randomNumbers(1, 100 * 8), w: randomNumbers(2, 28) };
    const expected = whole.run(values);
    cut.run(values).forEach((result, i) => expectClose(result, expected[i]!, 1e-10));
  });

  it('has the gradients of the whole circuit: sums, per example, squared norms', () => {
    const values = { x: randomNumbers(3, 5 * 8), w: randomNumbers(4, 28) };
    const dy = whole.outputShapes.map((shape, i) => randomNumbers(5 + i, 5 * shape[0]!));
    for (const options of [{}, { perExample: true }, { squaredNorms: true }]) {
      const expected = whole.vjp(values, dy, options);
      const gradients = cut.vjp(values, dy, options);
      expectClose(gradients.x, expected.x, 1e-10);
      expectClose(gradients.w, expected.w, 1e-10);
    }
    const only = cut.vjp(values, dy, { wrt: ['w'] });
    expect(Object.keys(only)).toEqual(['w']);
  });

  it('has the Jacobian of the whole circuit', () => {
    const values = { x: randomNumbers(6, 2 * 8), w: randomNumbers(7, 28) };
    const expected = whole.jacobian(values);
    const jacobian = cut.jacobian(values);
    expectClose(jacobian.x, expected.x, 1e-10);
    expectClose(jacobian.w, expected.w, 1e-10);
  });

  it('estimates from a budget of shots, closer with more', () => {
    const values = { x: randomNumbers(8, 20 * 8), w: randomNumbers(9, 28) };
    const exact = engine.compile(chain, expval(Z(4), Z(7))).run(values);
    const spread = (shots: number): number => {
      const estimated = cutCircuit(engine, chain, expval(Z(4), Z(7)), {
        cuts: [{ wire: 3, before: behindThird }],
        shots,
      });
      expect(estimated.cut.shotsPerRun).toBe(Math.floor(shots / estimated.cut.runs));
      const y = estimated.run(values, { seed: 3 });
      expect(estimated.run(values, { seed: 3 })).toEqual(y);
      return Math.sqrt(y.reduce((sum, v, i) => sum + (v - exact[i]!) ** 2, 0) / y.length);
    };
    const [few, many] = [spread(7 * 256), spread(7 * 4096)];
    expect(many).toBeLessThan(0.05);
    expect(few / many).toBeGreaterThan(2.5);
    expect(few / many).toBeLessThan(6.5);
  });
});

describe('cut gates', () => {
  const build = (add: (q: Builder) => unknown): Circuit =>
    circuit(4, (q) => {
      for (let i = 0; i < 4; i++) q.ry(0.3 + 0.4 * i, i).rx(0.5 - 0.2 * i, i);
      q.cnot(0, 1).cnot(2, 3);
      add(q);
      for (let i = 0; i < 4; i++) q.rx(0.7 - 0.3 * i, i).rz(0.2 * i, i);
      q.cz(0, 1).cz(3, 2);
    });
  const gates: [string, (q: Builder) => unknown][] = [
    ['CNOT', (q) => q.cnot(1, 2)],
    ['CZ', (q) => q.cz(2, 1)],
    ['CY', (q) => q.cy(1, 2)],
    ['CH', (q) => q.ch(1, 2)],
    ['RZZ', (q) => q.rzz(0.7, 1, 2)],
    ['RXX', (q) => q.rxx(-1.3, 2, 1)],
    ['RYY', (q) => q.ryy(2.1, 1, 2)],
    ['CRX', (q) => q.crx(0.9, 1, 2)],
    ['CRZ', (q) => q.crz(-0.9, 1, 2)],
    ['CP', (q) => q.cp(1.1, 1, 2)],
    ['PauliRot', (q) => q.pauliRot(0.8, 'XY', [1, 2])],
    ['a controlled unitary', (q) => q.control([1], (c) => c.unitary(someUnitary, [2]))],
    ['a control of value 0', (q) => q.control([{ qubit: 2, value: 0 }], (c) => c.ry(0.6, 1))],
    ['a control of value 0 on X', (q) => q.control([{ qubit: 2, value: 0 }], (c) => c.x(1))],
  ];
  const measurement = expval(
    Z(0),
    X(3),
    Y(1).mul(X(2)),
    Z(0).mul(Z(3)),
    projector([1, 0], [1, 2]),
    Y(0).mul(Y(1)).mul(Y(2)).mul(Y(3)),
  );
  it.each(gates)('%s', (_, add) => {
    const c = build(add);
    const cut = cutCircuit(engine, c, measurement, { cuts: [{ gate: 10 }] });
    expect(cut.cut.fragments).toEqual([2, 2]);
    expectClose(cut.run(), reference().compile(c, measurement).run(), 1e-12);
  });

  it('with angles to train, per example and shared, and a wire besides', () => {
    const c = circuit(4, { x: input([2]), w: weight([3]) }, (q, { x, w }) => {
      q.ry(x.at(0), 0).ry(w.at(0), 1).ry(0.4, 2).ry(0.3, 3).cnot(0, 1).cnot(2, 3);
      q.rzz(w.at(1).times(x.at(1)), 1, 2)
        .rx(w.at(2), 1)
        .rx(x.at(1), 2);
      q.cnot(0, 1).cnot(2, 3).ry(w.at(0).plus(0.2), 3);
    });
    const whole = engine.compile(c, measurement);
    const cut = cutCircuit(engine, c, measurement, {
      cuts: [{ gate: 6 }, { wire: 3, before: 10 }],
    });
    expect(cut.cut.fragments).toEqual([2, 3]);
    const values = { x: randomNumbers(1, 6), w: randomNumbers(2, 3) };
    expectClose(cut.run(values), whole.run(values), 1e-12);
    const dy = randomNumbers(3, 3 * 6);
    for (const perExample of [false, true]) {
      const expected = whole.vjp(values, dy, { perExample });
      const gradients = cut.vjp(values, dy, { perExample });
      expectClose(gradients.x, expected.x, 1e-10);
      expectClose(gradients.w, expected.w, 1e-10);
    }
  });
});

describe('other ways to cut', () => {
  it('three wires in a row, found by the search', () => {
    const cut = cutCircuit(engine, chain, expval(Z(7), Z(0).mul(Z(7))), {
      maxQubits: 3,
      gates: false,
    });
    expect(Math.max(...cut.cut.fragments)).toBe(3);
    const values = { x: randomNumbers(1, 16), w: randomNumbers(2, 28) };
    expectClose(
      cut.run(values),
      engine.compile(chain, expval(Z(7), Z(0).mul(Z(7)))).run(values),
      1e-10,
    );
  });

  it('both ends of a cut in one fragment', () => {
    const c = circuit(2, (q) => q.ry(0.4, 0).cnot(0, 1).rx(0.3, 1).cnot(1, 0).ry(0.2, 0));
    const cut = cutCircuit(engine, c, expval(Z(0), X(1)), { cuts: [{ wire: 0, before: 3 }] });
    expect(cut.cut.fragments).toEqual([3]);
    expectClose(cut.run(), engine.compile(c, expval(Z(0), X(1))).run(), 1e-12);
  });

  it('on an engine that answers later', async () => {
    using remote = await cpu({ threads: 2 });
    const cuts = [{ wire: 3, before: behindThird }];
    const cut = cutCircuit(remote, chain, expval(Z(7)), { cuts });
    const local = cutCircuit(engine, chain, expval(Z(7)), { cuts });
    const values = { x: randomNumbers(1, 16), w: randomNumbers(2, 28) };
    expect(await cut.run(values)).toEqual(local.run(values));
    expect(await cut.vjp(values, [1, -1])).toEqual(local.vjp(values, [1, -1]));
    expect(await cut.jacobian(values)).toEqual(local.jacobian(values));
    await expect(
      cut.run(values, { signal: AbortSignal.abort(new Error('enough')) }),
    ).rejects.toThrow('enough');
  });

  it('needs no cut where nothing is to be cut, and idle qubits do no harm', () => {
    const c = circuit(3, (q) => q.ry(0.4, 1));
    const cut = cutCircuit(engine, c, expval(Z(0), Z(1), X(2)), { cuts: [] });
    expectClose(cut.run(), [1, Math.cos(0.4), 0], 1e-12);
  });

  it('agrees with parameter-shift', () => {
    const cut = cutCircuit(engine, chain, expval(Z(7)), {
      cuts: [{ wire: 3, before: behindThird }],
      method: 'parameter-shift',
    });
    const values = { x: randomNumbers(1, 8), w: randomNumbers(2, 28) };
    const expected = differentiate(engine, chain, expval(Z(7))).vjp(values, [1]);
    expectClose(cut.vjp(values, [1]).w, expected.w, 1e-10);
  });
});

describe('what cannot be cut', () => {
  const refused: [string, CutOptions, Measurement, RegExp][] = [
    ['a place behind the end', { cuts: [{ wire: 0, before: 99 }] }, expval(Z(0)), /operation 99/],
    [
      'a wire before its first operation',
      { cuts: [{ wire: 2, before: 0 }] },
      expval(Z(0)),
      /before the first/,
    ],
    [
      'a wire behind its last operation',
      { cuts: [{ wire: 0, before: 21 }] },
      expval(Z(0)),
      /behind the last/,
    ],
    ['a qubit that is not there', { cuts: [{ wire: 8, before: 20 }] }, expval(Z(0)), /qubit 8/],
    [
      'a gate on one qubit',
      { cuts: [{ gate: 0 }] },
      expval(Z(0)),
      /no rotation, phase or controlled/,
    ],
    [
      'the same cut twice',
      {
        cuts: [
          { wire: 3, before: 31 },
          { wire: 3, before: 31 },
        ],
      },
      expval(Z(0)),
      /twice/,
    ],
    ['without cuts or a size', {}, expval(Z(0)), /neither cuts nor maxQubits/],
    [
      'into single qubits without cut gates',
      { maxQubits: 1, gates: false },
      expval(Z(0)),
      /no cuts found/,
    ],
  ];
  it.each(refused)('%s', (_, options, measurement, message) => {
    expect(() => cutCircuit(engine, chain, measurement, options)).toThrow(message);
  });

  it('states, matrices, too many cuts, too few shots', () => {
    const cuts = [{ wire: 3, before: behindThird }];
    expect(() => cutCircuit(engine, chain, state(), { cuts })).toThrow(UnsupportedError);
    expect(() =>
      cutCircuit(
        engine,
        chain,
        expval(
          hermitian(
            [
              [1, 0],
              [0, -1],
            ],
            [0],
          ),
        ),
        { cuts },
      ),
    ).toThrow(/Pauli strings/);
    expect(() => cutCircuit(engine, chain, probabilities(), { cuts: [] })).not.toThrow();
    expect(() => cutCircuit(engine, chain, expval(Z(7)), { cuts, shots: 3 })).toThrow(ValueError);
    const long = circuit(12, (q) => {
      for (let i = 0; i < 11; i++) q.h(i).cnot(i, i + 1);
    });
    const all = Array.from({ length: 11 }, (_, i) => ({ gate: 2 * i + 1 }));
    expect(() => cutCircuit(engine, long, expval(Z(0)), { cuts: all })).toThrow(/at most 10 cuts/);
  });

  it('a disposed program', () => {
    const cut = cutCircuit(engine, chain, expval(Z(7)), { maxQubits: 5 });
    cut.dispose();
    expect(() => cut.run()).toThrow(/disposed/);
  });
});

const someUnitary = [
  [
    { re: 0.6, im: 0 },
    { re: 0, im: 0.8 },
  ],
  [
    { re: 0.8 * Math.cos(0.3), im: 0.8 * Math.sin(0.3) },
    { re: 0.6 * Math.sin(0.3), im: -0.6 * Math.cos(0.3) },
  ],
];
