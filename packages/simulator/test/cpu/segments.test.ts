import { fold, key, normal } from '@ketwork/base';
import {
  X,
  Z,
  amplitudes,
  circuit,
  counts,
  expval,
  heisenberg,
  hermitian,
  hermitianSlot,
  input,
  pauliSum,
  probabilities,
  state,
  variance,
  weight,
} from '@ketwork/circuit';
import type { Circuit, Measurement } from '@ketwork/circuit';
import { cpu, evolve, reference } from '@ketwork/simulator';
import { Random, randomCircuit, randomMeasurement, randomValues } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { needsCuts } from '../../src/cpu/segments/split.ts';

const engine = await cpu();

/** Random Hermitian matrices, `[batch, d, d, 2]`. */
function matrices(seed: number, d: number, batch = 1): Float64Array {
  const out = new Float64Array(batch * 2 * d * d);
  for (let e = 0; e < batch; e++) {
    const x = normal(fold(key(seed), e), 2 * d * d);
    for (let r = 0; r < d; r++) {
      for (let c = 0; c < d; c++) {
        const a = 2 * (r * d + c);
        const b = 2 * (c * d + r);
        out[e * 2 * d * d + a] = (x[a]! + x[b]!) / 2;
        out[e * 2 * d * d + a + 1] = (x[a + 1]! - x[b + 1]!) / 2;
      }
    }
  }
  return out;
}

function expectClose(a: ArrayLike<number>, b: ArrayLike<number>, within = 1e-10): void {
  expect(a.length).toBe(b.length);
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
  expect(worst).toBeLessThan(within);
}

/** Results, and gradients of all slots in every form, are those of the reference engine. */
function checkAgainstReference(
  made: Circuit,
  measurements: readonly Measurement[],
  values: Record<string, Float64Array>,
  wrt: readonly string[],
  batch: number,
): void {
  const ours = engine.compile(made, measurements);
  expect(ours.explain().details['regime']).toBe('segmented');
  const theirs = reference().compile(made, measurements);
  const results = ours.run(values) as Float64Array[];
  const expected = theirs.run(values) as Float64Array[];
  results.forEach((result, i) => expectClose(result, expected[i]!));
  const dy = expected.map((y, i) => normal(fold(key(99), i), y.length));
  for (const mode of [{}, { perExample: true }, { squaredNorms: true }]) {
    const a = ours.vjp(values, dy, { wrt, ...mode });
    const b = theirs.vjp(values, dy, { wrt, ...mode });
    for (const name of wrt) expectClose(a[name]!, b[name]!, 1e-9);
  }
  const a = ours.jacobian(values, { wrt });
  const b = theirs.jacobian(values, { wrt });
  for (const name of wrt) expectClose(a[name]!, b[name]!, 1e-9);
  expect(results[0]!.length / batch).toBe(ours.outputShapes[0]!.reduce((x, y) => x * y, 1));
}

describe('evolution under matrices that come with the data', () => {
  test('a matrix per example, used twice, with trained times between gates', () => {
    const made = circuit(
      3,
      {
        a: hermitianSlot(4, { differentiable: true }),
        t: weight([2]),
        w: weight([3]),
        x: input([3]),
      },
      (q, { a, t, w, x }) => {
        q.angleEmbedding(x);
        q.evolution(a, t.at(0), [2, 0]);
        q.angleEmbedding(w, { rotation: 'Y' }).cnot(0, 1);
        q.evolution(a, t.at(1).times(x.at(0)), [0, 1]);
        q.cnot(1, 2).rx(w.at(0), 2);
      },
    );
    const values = {
      a: matrices(1, 4, 3),
      t: Float64Array.of(0.4, -0.7),
      w: Float64Array.of(0.3, 0.1, 0.9),
      x: normal(key(2), 9),
    };
    const read = [expval(Z(0), X(1).mul(Z(2))), variance(Z(1)), probabilities([2, 0])];
    checkAgainstReference(made, read, values, ['a', 't', 'w', 'x'], 3);
  });

  test('a shared, trained matrix, without any batch, first and last of all', () => {
    const made = circuit(
      2,
      { a: hermitianSlot(4, { axis: 'shared', differentiable: true }), t: weight() },
      (q, { a, t }) => {
        q.evolution(a, t, [0, 1]);
        q.h(0).cnot(0, 1);
        q.evolution(a, 0.3, [1, 0]);
        q.evolution(a, t, [0, 1]);
      },
    );
    const values = { a: matrices(3, 4), t: Float64Array.of(0.8) };
    checkAgainstReference(made, [state(), expval(Z(0))], values, ['a', 't'], 1);
  });

  test('a shared matrix with a batch that begins behind it, and controls', () => {
    const made = circuit(
      3,
      {
        a: hermitianSlot(2, { axis: 'shared', differentiable: true }),
        x: input([2]),
        w: weight(),
      },
      (q, { a, x, w }) => {
        q.h(0).h(2).rx(w, 1);
        q.control([0, { qubit: 2, value: 0 }], () => q.evolution(a, 0.7, [1]));
        q.rx(x.at(0), 1).cnot(1, 2);
        q.control([1], () => q.evolution(a, x.at(1), [0]));
      },
    );
    const values = { a: matrices(4, 2), x: normal(key(5), 8), w: Float64Array.of(0.3) };
    checkAgainstReference(made, [expval(Z(0), Z(1), X(2))], values, ['a', 'x', 'w'], 4);
  });

  test('amplitudes and matrices of observables from slots', () => {
    const made = circuit(
      3,
      {
        p: amplitudes([4]),
        a: hermitianSlot(2, { differentiable: true }),
        o: hermitianSlot(2, { differentiable: true }),
      },
      (q, { p, a, o }) => {
        q.declare(o).h(0);
        q.evolution(a, 0.5, [0]);
        q.prepare(p, [2, 1], { normalize: true }).cnot(0, 1);
        q.evolution(a, 1.5, [1]).cnot(1, 2);
      },
    );
    const o = hermitian(hermitianSlot('o', 2, { differentiable: true }), [2]);
    const values = { p: normal(key(6), 8), a: matrices(7, 2, 2), o: matrices(8, 2, 2) };
    checkAgainstReference(made, [expval(o, Z(1)), variance(o)], values, ['p', 'a', 'o'], 2);
  });

  test('more than a chunk of examples, with the same bits on several threads', async () => {
    const batch = 150;
    const made = circuit(
      2,
      { a: hermitianSlot(4, { differentiable: true }), t: weight([2]), w: weight([6]) },
      (q, { a, t, w }) => {
        q.h(0).h(1);
        for (let layer = 0; layer < 2; layer++) {
          q.evolution(a, t.at(layer), [0, 1]);
          q.rot(w.at(3 * layer), w.at(3 * layer + 1), w.at(3 * layer + 2), layer).cnot(0, 1);
        }
      },
    );
    const values = {
      a: matrices(9, 4, batch),
      t: Float64Array.of(0.4, 0.8),
      w: normal(key(10), 6),
    };
    const read = expval(Z(0), Z(1));
    const dy = normal(key(11), 2 * batch);
    const program = engine.compile(made, read);
    const [y, g] = [program.run(values), program.vjp(values, dy, { wrt: ['a', 't', 'w'] })];
    const theirs = reference().compile(made, read);
    expectClose(y, theirs.run(values));
    expectClose(g.t, theirs.vjp(values, dy, { wrt: ['t'] }).t, 1e-9);
    const workers = await cpu({ threads: 2 });
    const there = workers.compile(made, read);
    expect(await there.run(values)).toEqual(y);
    expect(await there.vjp(values, dy, { wrt: ['a', 't', 'w'] })).toEqual(g);
    workers.dispose();
    // Part of the batch.
    const part = program.run({ ...values, a: values.a.subarray(32 * 64, 32 * 100) });
    expect(part).toEqual(y.subarray(128, 200));
  });

  test('shots, and single precision', async () => {
    const made = circuit(2, { a: hermitianSlot(4) }, (q, { a }) =>
      q.h(0).evolution(a, 0.5, [0, 1]),
    );
    const values = { a: matrices(12, 4, 2) };
    const exact = engine.compile(made, expval(Z(0), X(1))).run(values);
    const shots = engine
      .compile(made, expval(Z(0), X(1)), { shots: 20_000 })
      .run(values, { seed: 1 });
    expectClose(shots, exact, 0.03);
    const [tally] = engine.compile(made, counts(100)).run(values);
    expect(Object.values(tally!).reduce((a, b) => a + b, 0)).toBe(100);
    const single = (await cpu({ precision: 'f32' })).compile(made, expval(Z(0), X(1)));
    expectClose(single.run(values), exact, 1e-6);
  });

  test('a matrix of five qubits, ten layers, equals a dense product', () => {
    const made = circuit(5, { a: hermitianSlot(32), t: weight([10]) }, (q, { a, t }) => {
      for (let q5 = 0; q5 < 5; q5++) q.h(q5);
      for (let layer = 0; layer < 10; layer++) q.evolution(a, t.at(layer), [0, 1, 2, 3, 4]);
    });
    const a = matrices(13, 32);
    const t = normal(key(14), 10);
    const start = new Float64Array(64).map((_, i) => (i % 2 === 0 ? 1 / Math.sqrt(32) : 0));
    const total = t.reduce((x, y) => x + y, 0);
    const expected = evolve(hermitian(a, [0, 1, 2, 3, 4]), start, total);
    expectClose(engine.compile(made, state()).run({ a, t }), expected, 1e-11);
  });

  test('goes on behind a map that is not unitary, without gradients', () => {
    const made = circuit(2, { a: hermitianSlot(2), t: weight() }, (q, { a, t }) => {
      q.h(0).cnot(0, 1);
      q.linear(
        [
          [1, 0],
          [0, 0.5],
        ],
        [0],
      );
      q.evolution(a, t, [1]).rx(0.3, 0);
    });
    const values = { a: matrices(31, 2, 2), t: Float64Array.of(0.8) };
    const read = [expval(Z(0), X(1)), variance(Z(1)), state(), probabilities()];
    const program = engine.compile(made, read);
    const expected = reference().compile(made, read).run(values);
    program.run(values).forEach((result, i) => expectClose(result, expected[i]!));
    expect(() => program.jacobian(values)).toThrow(/operation 2: .*not unitary.*parameter-shift/);
    const shots = engine.compile(made, probabilities(), { shots: 20_000 }).run(values);
    expectClose(shots, expected[3]!, 0.02);
  });

  test('is refused for large matrices', () => {
    const large = circuit(11, { a: hermitianSlot(2 ** 11) }, (q, { a }) =>
      q.evolution(
        a,
        1,
        Array.from({ length: 11 }, (_, i) => i),
      ),
    );
    expect(() => engine.compile(large, state())).toThrow(/operation 0: .*11 qubits.*trotter/);
  });
});

test('random circuits that are cut, with prepared amplitudes, drifts and slots of every kind', () => {
  let compared = 0;
  for (let seed = 0; seed < 300; seed++) {
    const random = new Random(seed + 51_000);
    const made = randomCircuit(random.child(0), {
      qubits: random.integer(1, 4),
      ops: random.integer(2, 10),
      filters: false,
      drifts: seed % 2 === 0,
    });
    if (!needsCuts(made)) continue;
    const batch = made.slots.some(({ axis }) => axis === 'batch') ? 3 : 1;
    const values = randomValues(random.child(1), made, batch);
    const read = (['expval', 'variance', 'probabilities', 'state'] as const).map((type) =>
      randomMeasurement(random, made, type),
    );
    const wrt = made.slots.map(({ name }) => name);
    checkAgainstReference(made, read, values, wrt, batch);
    compared++;
  }
  expect(compared).toBeGreaterThan(50);
});

test('amplitudes that are not normalised have derivatives along themselves', () => {
  const made = circuit(1, { a: hermitianSlot(2), p: amplitudes([2]) }, (q, { a, p }) => {
    q.prepare(p, [0], { normalize: false });
    q.evolution(a, 0.4, [0]);
  });
  const p = Float64Array.of(0.6, 0.8);
  const program = engine.compile(made, expval(pauliSum([[1, 'I']])));
  // ⟨ψ|ψ⟩ is p₀² + p₁²; a norm that is off stays so.
  const found = program.jacobian({ a: matrices(4, 2), p }, { wrt: ['p'] });
  expectClose(found.p, [1.2, 1.6], 1e-12);
  const longer = p.map((x) => x * (1 + 5e-7));
  expectClose(program.run({ a: matrices(4, 2), p: longer }), [(1 + 5e-7) ** 2], 1e-12);
});

describe('evolution with a drift', () => {
  test('of a matrix from a slot or fixed, with times from slots, and controls', () => {
    const made = circuit(
      3,
      {
        a: hermitianSlot(4, { differentiable: true }),
        t: weight([2]),
        x: input([2]),
      },
      (q, { a, t, x }) => {
        q.h(0).ry(x.at(0), 1).cnot(1, 2);
        q.evolution(a, t.at(0), [2, 0], { drift: Z(0).add(X(2)), driftTime: x.at(1) });
        q.rx(t.at(1), 1).cnot(0, 1);
        q.control([{ qubit: 1, value: 0 }], () =>
          q.evolution(X(0).mul(Z(2)), t.at(1), undefined, { drift: Z(0).scale(0.7) }),
        );
        q.cnot(1, 2);
      },
    );
    const values = {
      a: matrices(21, 4, 3),
      t: Float64Array.of(0.4, -0.7),
      x: normal(key(22), 6),
    };
    checkAgainstReference(made, [expval(Z(0), X(1)), probabilities()], values, ['a', 't', 'x'], 3);
  });

  test('shared by a batch, or without one', () => {
    const drift = [0.3, 0, 0, -0.5, 0, 0.5, -0.3, 0];
    const made = circuit(
      2,
      { a: hermitianSlot(2, { axis: 'shared', differentiable: true }), t: weight(), x: input() },
      (q, { a, t, x }) => {
        q.h(0).evolution(a, t, [0], { drift }).cnot(0, 1).rx(x, 1);
      },
    );
    const values = { a: matrices(23, 2), t: Float64Array.of(0.6), x: normal(key(24), 3) };
    checkAgainstReference(made, [expval(Z(0), X(1))], values, ['a', 't', 'x'], 3);
    const alone = circuit(1, { t: weight() }, (q, { t }) =>
      q.evolution(Z(0), t, [0], { drift: X(0), driftTime: t }),
    );
    checkAgainstReference(alone, [expval(Z(0)), state()], { t: Float64Array.of(0.6) }, ['t'], 1);
  });

  test('is refused on more than ten qubits', () => {
    const all = Array.from({ length: 11 }, (_, q) => q);
    const made = circuit(11, (q) => q.evolution(Z(0), 0.3, all, { drift: X(10) }));
    expect(() => engine.compile(made, state())).toThrow(/a drift acts on 11 qubits/);
  });
});

describe('evolution under large Pauli sums', () => {
  const qubits = 10;
  const sum = heisenberg(qubits, { field: 0.4 }).add(pauliSum([[0.3, 'XYZXYZXYZX']]));
  const layer = circuit(qubits, { t: weight(), w: weight([qubits]) }, (q, { t, w }) => {
    q.angleEmbedding(w);
    q.evolution(sum, t);
    for (let i = 1; i < qubits; i++) q.cnot(i - 1, i);
  });
  const values = { t: [0.9], w: normal(key(15), qubits) };

  test('is the evolution of the state', () => {
    const start = circuit(qubits, { w: weight([qubits]) }, (q, { w }) => q.angleEmbedding(w));
    const before = engine.compile(start, state()).run({ w: values.w });
    const after = evolve(sum, before, 0.9, { method: 'krylov', tolerance: 1e-13 });
    const rest = circuit(qubits, { p: amplitudes([2 ** qubits, 2]) }, (q, { p }) => {
      q.prepare(
        p,
        Array.from({ length: qubits }, (_, i) => i),
        { normalize: true },
      );
      for (let i = 1; i < qubits; i++) q.cnot(i - 1, i);
    });
    const expected = engine.compile(rest, state()).run({ p: after });
    expectClose(engine.compile(layer, state()).run(values), expected, 1e-12);
  });

  test('has gradients by time and by what comes before and after', () => {
    const program = engine.compile(layer, expval(Z(0), X(3).mul(Z(4))));
    const found = program.jacobian(values);
    const h = 1e-5;
    const slope = (change: (step: number) => typeof values): Float64Array => {
      const [up, down] = [program.run(change(h)), program.run(change(-h))];
      return up.map((x, i) => (x - down[i]!) / (2 * h));
    };
    expectClose(
      found.t,
      slope((step) => ({ ...values, t: [0.9 + step] })),
      1e-8,
    );
    const third = slope((step) => ({
      ...values,
      w: values.w.map((x, i) => (i === 3 ? x + step : x)),
    }));
    expectClose([found.w[3]!, found.w[qubits + 3]!], third, 1e-8);
  });

  test('under controls it acts where they hold', () => {
    const nine = heisenberg(9);
    const made = circuit(10, (q) => {
      for (let i = 0; i < 10; i++) q.ry(0.3 * (i + 1), i);
      q.control([{ qubit: 4, value: 0 }], () => {
        q.append(
          circuit(9, (inner) => inner.evolution(nine, 0.5)),
          [0, 1, 2, 3, 5, 6, 7, 8, 9],
        );
      });
    });
    // On the qubits but one: the control splits the state in two.
    const before = engine
      .compile(
        circuit(10, (q) => {
          for (let i = 0; i < 10; i++) q.ry(0.3 * (i + 1), i);
        }),
        state(),
      )
      .run();
    const after = engine.compile(made, state()).run();
    const pick = (x: Float64Array, value: number): Float64Array => {
      const out: number[] = [];
      for (let i = 0; i < 1024; i++)
        if (((i >> 5) & 1) === value) out.push(x[2 * i]!, x[2 * i + 1]!);
      return Float64Array.from(out);
    };
    expectClose(pick(after, 1), pick(before, 1), 1e-14);
    const half = pick(before, 0);
    const norm = Math.hypot(...half);
    const evolved = evolve(
      nine,
      half.map((x) => x / norm),
      0.5,
      { method: 'krylov' },
    );
    expectClose(
      pick(after, 0),
      evolved.map((x) => x * norm),
      1e-12,
    );
  });

  test('memory counts states, series and factors', () => {
    const program = engine.compile(layer, expval(Z(0)));
    const bytes = 16 * 2 ** qubits;
    expect(program.estimateMemory()).toBeGreaterThan(4 * bytes + 8 * 2 ** qubits * 10);
    expect(program.estimateMemory(1, { gradient: true })).toBeGreaterThan(program.estimateMemory());
  });

  test('terms that commute stay rotations, however many', () => {
    const zz = pauliSum(Array.from({ length: 11 }, (_, i) => [0.1 * i + 0.1, 'ZZ', [i, i + 1]]));
    const made = circuit(12, (q) => q.h(0).evolution(zz, 0.5));
    expect(engine.compile(made, state()).explain().details['regime']).not.toBe('segmented');
  });
});
