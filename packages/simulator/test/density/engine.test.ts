import {
  circuit,
  counts,
  densityOperator,
  expval,
  hermitian,
  input,
  probabilities,
  projector,
  samples,
  state,
  successProbability,
  variance,
  weight,
  X,
  Y,
  Z,
} from '@ketwork/circuit';
import type { Builder, Circuit, HermitianObservable } from '@ketwork/circuit';
import {
  denseDensityMatrix,
  denseExpectation,
  embedded,
  matmul,
  pauliWord,
  Random,
  randomHermitian,
  randomValues,
  sum,
} from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { cpu, densityMatrix, hosted, reference } from '../../src/index.ts';
import { stageSizes } from '../../src/density/program.ts';
import { exampleOf, noisyCircuit, programOf, smallSizes } from './programs.ts';

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let worst = a.length === b.length ? 0 : Infinity;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
  return worst;
}

describe('the density matrix engine and dense Kraus matrices', () => {
  for (const [name, sizes] of [
    ['whole vectors', stageSizes],
    ['chunks', smallSizes],
  ] as const) {
    for (const qubits of [1, 2, 3, 4, 5]) {
      it(`agree on random circuits of ${qubits} qubits in ${name}`, () => {
        const rounds = qubits < 5 ? 40 : 8;
        let compared = 0;
        for (let seed = 0; seed < rounds; seed++) {
          // Without slots there is one example, which is packed from five qubits on.
          const made = noisyCircuit(1000 * qubits + seed, qubits, seed % 2 === 0);
          const batch = made.slots.some(({ axis }) => axis === 'batch') ? 3 : 1;
          const values = randomValues(new Random(seed), made, batch);
          const dense = Array.from({ length: batch }, (_, example) =>
            denseDensityMatrix(made, exampleOf(made, values, example)),
          );
          if (dense.some(({ success }) => !(success > 1e-3))) continue;
          compared++;
          const program = programOf(made, [densityOperator(), successProbability()], sizes);
          const [rho, success] = program.run(values);
          dense.forEach((expected, example) => {
            const size = expected.rho.length;
            const mine = rho.subarray(example * size, (example + 1) * size);
            expect(distance(mine, expected.rho), `seed ${seed}`).toBeLessThan(1e-12);
            expect(success[example]).toBeCloseTo(expected.success, 12);
          });
        }
        expect(compared).toBeGreaterThan(rounds / 3);
      });
    }
  }

  it('agree on every measurement', () => {
    const made = noisyCircuit(4, 4, false);
    const { rho } = denseDensityMatrix(made);
    const A = hermitian(randomHermitian(new Random(1), 4), [2, 0]);
    const { matrix } = A as HermitianObservable & { matrix: readonly number[] };
    const pauliSum = X(0).mul(Y(2)).scale(0.7).add(Z(3)).add(X(1).scale(-2));
    const sumMatrix = sum(
      pauliWord('XIYI').map((x) => 0.7 * x),
      pauliWord('IIIZ'),
      pauliWord('IXII').map((x) => -2 * x),
    );
    const dense = embedded(matrix, [2, 0], 4);
    const P = embedded(
      [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0,
      ],
      [3, 1],
      4,
    );
    const of = (a: Float64Array): [number, number] => {
      const mean = denseExpectation(a, rho);
      return [mean, denseExpectation(matmul(a, a), rho) - mean ** 2];
    };
    const observables = [pauliSum, A, projector([1, 0], [3, 1])] as const;
    const [means, variances, p, reduced] = densityMatrix()
      .compile(made, [
        expval(...observables),
        variance(...observables),
        probabilities([2, 0]),
        densityOperator([3, 1]),
      ])
      .run();
    const expected = [sumMatrix, dense, P].map(of);
    expect(
      distance(
        means,
        expected.map(([mean]) => mean),
      ),
    ).toBeLessThan(1e-12);
    expect(
      distance(
        variances,
        expected.map(([, v]) => v),
      ),
    ).toBeLessThan(1e-12);
    for (let outcome = 0; outcome < 4; outcome++) {
      const projected = new Float64Array(32);
      projected[10 * outcome] = 1;
      expect(p[outcome]).toBeCloseTo(denseExpectation(embedded(projected, [2, 0], 4), rho), 12);
      for (let other = 0; other < 4; other++) {
        const unit = new Float64Array(32);
        unit[2 * (4 * other + outcome)] = 1;
        const entry = denseExpectation(embedded(unit, [3, 1], 4), rho);
        expect(reduced[2 * (4 * outcome + other)]).toBeCloseTo(entry, 12);
      }
    }
  });
});

describe('the density matrix engine and statevectors', () => {
  it('agree without noise, with wide gates, evolutions and slots of every kind', async () => {
    const engine = await cpu();
    const x = input('x', [3]);
    const w = weight('w', [2]);
    const build = (q: Builder): unknown =>
      q
        .h(0)
        .rx(x.at(0), 1)
        .control([0, { qubit: 1, value: 0 }, 2], (c) => c.ry(x.at(1), 3).x(4))
        .pauliRot(w.at(0), 'XYZX', [4, 0, 2, 1])
        .multiRZ(x.at(2), [0, 1, 2, 3])
        .fredkin(0, 4, 2)
        .evolution(Z(0).mul(X(2)).add(X(0).scale(0.5)), w.at(1), [0, 2])
        .unitary(randomMatrix, [4, 1, 3]);
    const random = new Random(3);
    const values = { x: random.normals(9), w: random.normals(2) };
    for (const made of [
      circuit(5, build),
      circuit(5, (q) => q.append({ ...circuit(5, build), slots: shared(circuit(5, build)) })),
    ]) {
      const given = made.slots.some(({ axis }) => axis === 'batch')
        ? values
        : { ...values, x: values.x.subarray(0, 3) };
      const measured = expval(Z(4), X(1).mul(Y(3)), Y(2));
      expect(
        distance(
          densityMatrix().compile(made, measured).run(given),
          engine.compile(made, measured).run(given),
        ),
      ).toBeLessThan(1e-12);
    }
  });

  it('leave states unnormalised after a filter', () => {
    const made = circuit(1, (q) => q.h(0).linear([[1, 0], [0, 0.5]], [0])); // prettier-ignore
    const measured = expval(Z(0), X(0));
    expect(
      distance(
        densityMatrix().compile(made, measured).run(),
        reference().compile(made, measured).run(),
      ),
    ).toBeLessThan(1e-15);
  });
});

const randomMatrix = randomUnitaryOf(8);

/** A unitary matrix without zeros: the product of rotations between neighbours and phases. */
function randomUnitaryOf(d: number): number[] {
  let matrix = new Float64Array(2 * d * d);
  for (let i = 0; i < d; i++) matrix[2 * (i * d + i)] = 1;
  for (let round = 0; round < 2 * d; round++) {
    const step = new Float64Array(2 * d * d);
    const i = round % (d - 1);
    for (let k = 0; k < d; k++) {
      step[2 * (k * d + k)] = Math.cos(k + round);
      step[2 * (k * d + k) + 1] = Math.sin(k + round);
    }
    const [c, s] = [Math.cos(round + 1), Math.sin(round + 1)];
    for (const [row, column, x] of [
      [i, i, c],
      [i, i + 1, -s],
      [i + 1, i, s],
      [i + 1, i + 1, c],
    ] as const) {
      step[2 * (row * d + column)] = x;
      step[2 * (row * d + column) + 1] = 0;
    }
    matrix = Float64Array.from(matmul(step, matrix));
  }
  return [...matrix];
}

function shared(made: Circuit): Circuit['slots'] {
  return made.slots.map((slot) => ({ ...slot, axis: 'shared' }));
}

describe('shots of the density matrix engine', () => {
  it('follow the exact probabilities', () => {
    const engine = densityMatrix();
    const made = circuit(2, (q) => q.h(0).cnot(0, 1).depolarizing(0.3, [0, 1]));
    const exact = engine.compile(made, probabilities()).run();
    const [tally] = engine.compile(made, counts(20_000)).run({}, { seed: 5 });
    for (let outcome = 0; outcome < 4; outcome++) {
      const seen = (tally![outcome.toString(2).padStart(2, '0')] ?? 0) / 20_000;
      const error = Math.sqrt((exact[outcome]! * (1 - exact[outcome]!)) / 20_000);
      expect(Math.abs(seen - exact[outcome]!)).toBeLessThan(4 * error);
    }
    const estimated = engine.compile(made, expval(Z(0).mul(Z(1)), X(0).mul(X(1))), {
      shots: 20_000,
    });
    const means = engine.compile(made, expval(Z(0).mul(Z(1)), X(0).mul(X(1)))).run();
    expect(distance(estimated.run({}, { seed: 1 }), means)).toBeLessThan(0.03);
    expect(engine.compile(made, samples(5)).run({}, { seed: 1 })).toHaveLength(10);
    expect(estimated.estimateMemory(1)).toBeGreaterThan(0);
  });
});

describe('programs of the density matrix engine', () => {
  it('give the same bits for any split of a batch', () => {
    const made = circuit(3, { x: input([3]), w: weight([3]) }, (q, { x, w }) => {
      for (const i of [0, 1, 2]) q.rx(x.at(i), i).ry(w.at(i), i).amplitudeDamping(0.1, i);
      q.cnot(0, 1).cnot(1, 2).depolarizing(0.1, [0, 2]);
    });
    const program = densityMatrix().compile(made, expval(Z(0), X(1), Y(2)));
    const random = new Random(2);
    const [x, w] = [random.normals(3 * 131), random.normals(3)];
    const whole = program.run({ x, w });
    for (const example of [0, 1, 64, 130]) {
      const alone = program.run({ x: x.subarray(3 * example, 3 * example + 3), w });
      expect(alone).toEqual(whole.slice(3 * example, 3 * example + 3));
    }
    const out = new Float64Array(whole.length);
    expect(program.run({ x, w }, { out })).toBe(out);
    expect(out).toEqual(whole);
  });

  it('run in a worker, too', async () => {
    const made = circuit(2, { x: input([2]) }, (q, { x }) =>
      q.rx(x.at(0), 0).cnot(0, 1).amplitudeDamping(0.2, 1).ry(x.at(1), 1),
    );
    const values = { x: [0.3, 1, -0.4, 2] };
    const here = densityMatrix().compile(made, expval(Z(0), X(1)));
    const worker = await hosted({ engine: 'density-matrix' });
    const there = worker.compile(made, expval(Z(0), X(1)));
    expect(await there.run(values)).toEqual(here.run(values));
    worker.dispose();
  });

  it('say what they do and how much memory it takes', () => {
    const made = circuit(10, { w: weight([10]) }, (q, { w }) => {
      for (let i = 0; i < 10; i++) q.ry(w.at(i), i);
      for (let i = 0; i < 9; i++) q.cnot(i, i + 1).depolarizing(0.01, [i, i + 1]);
    });
    const program = densityMatrix().compile(made, expval(Z(9)));
    expect(program.explain().details).toMatchObject({ engine: 'density-matrix', regime: 'packed' });
    expect(program.estimateMemory()).toBeGreaterThan(8 * 4 ** 10);
    expect(program.estimateMemory()).toBeLessThan(10 * 4 ** 10);
    const gradient = program.estimateMemory(1, { gradient: true });
    expect(gradient).toBeGreaterThan(3 * 8 * 4 ** 10);
    expect(gradient).toBeLessThan(2 ** 30);
  });

  it('refuse what they cannot do', () => {
    const engine = densityMatrix();
    const fault = (work: () => unknown): string => {
      try {
        work();
      } catch (error) {
        return String(error);
      }
      return 'no error';
    };
    const one = (build: (q: Builder) => unknown): Circuit => circuit(1, build);
    const p = weight('p', []);
    const noisy = one((q) => q.amplitudeDamping(p.at(), 0));
    const relaxed = one((q) => q.resetError(p.at(), 0.6, 0));
    expect([
      fault(() =>
        engine.compile(
          circuit(13, (q) => q.h(0)),
          expval(Z(0)),
        ),
      ),
      fault(() =>
        engine.compile(
          one((q) => q.h(0)),
          state(),
        ),
      ),
      fault(() =>
        engine.compile(
          circuit(3, (q) => q.measure(0, 0).if(0, (then) => then.depolarizing(0.1, [0, 1, 2]))),
          expval(Z(0)),
        ),
      ),
      fault(() =>
        engine.compile(
          circuit(12, (q) => q.measure(0, 0)),
          probabilities({ bits: [0] }),
        ),
      ),
      fault(() => engine.compile(noisy, expval(Z(0))).run({ p: [1.2] })),
      fault(() => engine.compile(noisy, expval(Z(0))).run({ p: [-0.1] })),
      fault(() => engine.compile(relaxed, expval(Z(0))).run({ p: [0.5] })),
      fault(() => engine.compile(noisy, expval(Z(0)), { shots: 10 }).vjp({ p: [0.1] }, [1])),
      fault(() =>
        engine
          .compile(
            one((q) => q.measure(0, 0, { postselect: 1 })),
            expval(Z(0)),
          )
          .run(),
      ),
      fault(() => engine.compile(noisy, densityOperator(), { shots: 10 })),
    ]).toMatchInlineSnapshot(`
      [
        "UnsupportedError: the circuit has 13 qubits; engine 'density-matrix' takes at most 12. Use fewer qubits or an engine with a higher maxQubits",
        "UnsupportedError: engine 'density-matrix' cannot compute state exactly. It gives expval, variance, probabilities, densityOperator, successProbability exactly",
        "UnsupportedError: operation 1: the density matrix engine cannot run a channel on 3 qubits under a condition. Use channels on one or two qubits there",
        "UnsupportedError: the circuit takes 1 classical bits besides 12 qubits, 13 in all; the density matrix engine holds 12. Use fewer qubits, read fewer bits, or use trajectories",
        "ValueError: operation 0: amplitudeDamping of example 0 got γ = 1.2. Use 0 to 1",
        "ValueError: operation 0: amplitudeDamping of example 0 got γ = -0.1. Use 0 to 1",
        "ValueError: operation 0: resetError of example 0: the probabilities add to 1.1. They may add to 1 at most",
        "UnsupportedError: the adjoint method needs exact results, and this program draws shots. Compile without shots, or differentiate with 'parameter-shift' of @ketwork/gradients",
        "ValueError: the post-selections hold with probability 0.0, so nothing is left to measure. Post-select on outcomes that occur, or change the values",
        "UnsupportedError: a state cannot be estimated from shots. Compile it without shots, or ask for samples, counts or probabilities",
      ]
    `);
    const program = engine.compile(noisy, expval(Z(0)));
    program.dispose();
    expect(() => program.run({ p: [0.1] })).toThrow(/disposed/);
    engine.dispose();
    expect(() => engine.compile(noisy, expval(Z(0)))).toThrow(/disposed/);
  });
});
