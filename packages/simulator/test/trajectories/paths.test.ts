import {
  circuit,
  expval,
  gates,
  probabilities,
  samples,
  variance,
  weight,
  X,
  Z,
} from '@ketwork/circuit';
import type { Circuit, Measurement, Op } from '@ketwork/circuit';
import { reference } from '@ketwork/simulator';
import {
  centralDifferences,
  expectClose,
  Random,
  randomCircuit,
  randomMeasurement,
  randomValues,
} from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { noisyCircuit, programOf, randomMixture } from './circuits.ts';

const regime = (program: { explain(): { details: Readonly<Record<string, unknown>> } }): unknown =>
  program.explain().details['regime'];

describe('the two ways to run trajectories', () => {
  it('agree trajectory by trajectory on random circuits with Pauli noise', () => {
    let signs = 0;
    for (let seed = 0; seed < 60; seed++) {
      const random = new Random(900 + seed);
      const noisy = noisyCircuit(
        random,
        { qubits: random.integer(1, 6), ops: 14, slotGenerators: false },
        (qubits) => randomMixture(random, qubits),
      );
      const measurements = (['expval', 'variance', 'probabilities'] as const).map((type) =>
        randomMeasurement(random, noisy, type),
      );
      const values = randomValues(random, noisy, 2);
      const trajectories = random.pick([1, 37, 300]);
      const fast = programOf(noisy, measurements, { trajectories, seed });
      const slow = programOf(noisy, measurements, { trajectories, seed, mostStates: 8 });
      if (regime(fast) === 'signs') signs++;
      const [a, b] = [fast.runWithErrors(values), slow.runWithErrors(values)];
      a.values.forEach((means, m) =>
        expectClose(means as Float64Array, b.values[m] as Float64Array, 1e-11, `seed ${seed}`),
      );
      if (trajectories === 1) continue;
      a.errors.forEach((errors, m) => {
        // Errors of numbers that do not fluctuate are rounding, magnified by the square root.
        expectClose(errors as Float64Array, b.errors[m] as Float64Array, 1e-6, `seed ${seed}`);
      });
    }
    expect(signs).toBe(60);
  });

  it('agree for every gate of the table, with and without controls', () => {
    for (const row of gates) {
      for (const controlled of [false, true]) {
        const k = row.qubits === 'any' ? 2 : row.qubits;
        const n = Math.max(2, k + 1);
        const qubits = Array.from({ length: k }, (_, q) => q);
        const noise = (): Op[] =>
          Array.from({ length: n }, (_, q) => ({
            type: 'channel',
            channel: 'depolarizing',
            qubits: [q],
            angles: [0.7],
          }));
        const ops: Op[] = [
          ...Array.from({ length: n }, (_, q): Op => ({
            type: 'gate',
            gate: 'U3',
            qubits: [q],
            angles: [0.4 + q, 1.1 - q, 0.3],
            controls: [],
          })),
          ...noise(),
          {
            type: 'gate',
            gate: row.name,
            qubits,
            angles: row.parameters.map((_, i) => 0.7 + 0.9 * i),
            controls: controlled ? [{ qubit: k, value: 0 }] : [],
            ...(row.name === 'PauliRot' && { word: 'XY' }),
          },
          ...noise(),
        ];
        const noisy: Circuit = { ...circuit(n, (q) => q.h(0)), ops };
        const read = [expval(X(0), Z(n - 1), X(0).mul(Z(n - 1))), probabilities()] as const;
        const fast = programOf(noisy, read, { trajectories: 64, seed: 5 });
        const slow = programOf(noisy, read, { trajectories: 64, seed: 5, mostStates: 8 });
        expect(regime(fast)).toBe('signs');
        const [a, b] = [fast.run(), slow.run()];
        a.forEach((means, m) => expectClose(means, b[m]!, 1e-12, `${row.name} ${controlled}`));
      }
    }
  });

  it('give what the reference gives where nothing is random', () => {
    for (let seed = 0; seed < 30; seed++) {
      const random = new Random(300 + seed);
      const bare = randomCircuit(random, {
        qubits: random.integer(1, 6),
        ops: 16,
        filters: false,
        drifts: true,
      });
      const list: Measurement[] = (['expval', 'variance', 'probabilities'] as const).map((type) =>
        randomMeasurement(random, bare, type),
      );
      const values = randomValues(random, bare, 2);
      const expected = reference().compile(bare, list).run(values);
      const slow = programOf(bare, list, { trajectories: 2, mostStates: 1 }).run(values);
      const fast = programOf(bare, list, { trajectories: 2 }).run(values);
      expected.forEach((means, m) => {
        expectClose(slow[m] as Float64Array, means as Float64Array, 1e-11, `tree ${seed}`);
        expectClose(fast[m] as Float64Array, means as Float64Array, 1e-11, `signs ${seed}`);
      });
    }
  });

  it('take several chunks of trajectories and fewer states than they would like', () => {
    const noisy = circuit(3, (q) => {
      for (let layer = 0; layer < 4; layer++)
        for (let i = 0; i < 3; i++)
          q.ry(0.5 + layer + i, i)
            .cnot(i, (i + 1) % 3)
            .amplitudeDamping(0.3, i);
    });
    const read = [expval(Z(0), X(1)), probabilities()] as const;
    const run = (mostStates: number): Float64Array[] =>
      programOf(noisy, read, { trajectories: 600, seed: 2, mostStates }).run();
    const many = run(24);
    for (const few of [1, 2, 3])
      run(few).forEach((means, m) => expectClose(means, many[m]!, 1e-13, `${few} states`));
  });

  it('go on where an engine in single precision applies what they leave to it', () => {
    const long = circuit(4, (q) => {
      for (let i = 0; i < 400; i++)
        q.pauliRot(0.1 + 0.7 * i, 'XYZ', [i % 4, (i + 1) % 4, (i + 2) % 4]);
      q.amplitudeDamping(0.2, 0);
    });
    const read = expval(Z(0), X(2));
    const how = { trajectories: 30, seed: 1 };
    const exact = programOf(long, read, how).run();
    expectClose(programOf(long, read, { ...how, precision: 'f32' }).run(), exact, 1e-4);
  });

  it('differentiate Pauli noise exactly along branches', () => {
    for (let seed = 0; seed < 12; seed++) {
      const random = new Random(500 + seed);
      const noisy = noisyCircuit(
        random,
        { qubits: random.integer(2, 4), ops: 10, slotGenerators: false },
        (qubits) => randomMixture(random, qubits),
      );
      const measurements = (['expval', 'variance', 'probabilities'] as const).map((type) =>
        randomMeasurement(random, noisy, type),
      );
      const slots = noisy.slots.filter(({ kind }) => kind === 'scalar');
      const values = randomValues(random, noisy, 2);
      const program = programOf(noisy, measurements, { trajectories: 40, seed });
      const results = program.run(values) as Float64Array[];
      const dy = results.map((means) => random.normals(means.length));
      const wrt = slots.map(({ name }) => name);
      const gradients = program.vjp(values, dy, { wrt });
      const rows = program.vjp(values, dy, { wrt, perExample: true });
      const norms = program.vjp(values, dy, { wrt, squaredNorms: true });
      for (const { name, axis } of slots) {
        const numeric = centralDifferences((x) => {
          const moved = program.run({ ...values, [name]: x }) as Float64Array[];
          return [
            moved.reduce(
              (sum, means, m) => sum + means.reduce((s, y, i) => s + y * dy[m]![i]!, 0),
              0,
            ),
          ];
        }, values[name]!);
        expectClose(gradients[name]!, numeric, 1e-7, `${seed} ${name}`);
        if (axis === 'batch') continue;
        const size = gradients[name]!.length;
        const sum = gradients[name]!.map((_, i) => rows[name]![i]! + rows[name]![size + i]!);
        expectClose(sum, gradients[name]!, 1e-12, name);
        const squares = [0, 1].map((e) =>
          rows[name]!.subarray(e * size, (e + 1) * size).reduce((s, x) => s + x * x, 0),
        );
        expectClose(norms[name]!, squares, 1e-12, name);
      }
    }
  });

  it('have Jacobians along branches', () => {
    const noisy = circuit(2, { w: weight([2]) }, (q, { w }) =>
      q.ry(w.at(0), 0).depolarizing(0.2, 0).cnot(0, 1).rx(w.at(1), 1).bitFlip(0.1, 1),
    );
    const program = programOf(noisy, [expval(Z(0), Z(1)), variance(Z(1))], { trajectories: 50 });
    const w = [0.4, 1.3];
    const numeric = centralDifferences((x) => program.run({ w: x }).flatMap((y) => [...y]), w);
    expectClose(program.jacobian({ w })['w']!, numeric, 1e-8);
  });
});

describe('qubits that are measured last', () => {
  const noise = circuit(3, (q) =>
    q
      .ry(0.9, 0)
      .depolarizing(0.2, 0)
      .cnot(0, 1)
      .depolarizing(0.2, [0, 1])
      .measure(1, 2)
      .ry(0.4, 2)
      .bitFlip(0.2, 2)
      .measure(0, 0)
      .barrier()
      .measure(2, 1),
  );
  const shots = 4000;

  it('are read as bits, whichever way trajectories are run', () => {
    const read = { bits: [0, 1, 2] };
    const wanted = reference().compile(noise, probabilities(read)).run();
    const programs = [{}, { mostStates: 8 }].map((how) =>
      programOf(noise, samples(shots, read), { trajectories: 1, ...how }),
    );
    expect(regime(programs[0]!)).toBe('signs');
    for (const program of programs) {
      const rows = program.run({}, { seed: 8 });
      const tally = new Float64Array(8);
      for (let s = 0; s < shots; s++)
        tally[4 * rows[3 * s]! + 2 * rows[3 * s + 1]! + rows[3 * s + 2]!]!++;
      tally.forEach((count, outcome) => {
        const p = wanted[outcome]!;
        expect(Math.abs(count / shots - p)).toBeLessThan(4.5 * Math.sqrt((p * (1 - p)) / shots));
      });
    }
  });

  it('agree with the qubits themselves', () => {
    const rows = programOf(noise, samples(200, { qubits: [1, 0, 2], bits: [2, 0, 1] }), {
      trajectories: 1,
    }).run();
    for (let s = 0; s < 200; s++)
      expect(rows.subarray(6 * s, 6 * s + 3)).toEqual(rows.subarray(6 * s + 3, 6 * s + 6));
  });

  it('need no measurement where only their values are read', () => {
    const read = [expval(Z(0), Z(1).mul(Z(2))), variance(Z(2)), probabilities([2, 0])] as const;
    const wanted = reference().compile(noise, read).run();
    const fast = programOf(noise, read, { trajectories: 4000 });
    const slow = programOf(noise, read, { trajectories: 4000, mostStates: 8 });
    expect(regime(fast)).toBe('signs');
    for (const program of [fast, slow]) {
      const { values, errors } = program.runWithErrors();
      wanted.forEach((right, m) =>
        right.forEach((x, i) =>
          expect(Math.abs(values[m]![i]! - x)).toBeLessThan(4.5 * errors[m]![i]! + 1e-9),
        ),
      );
    }
    for (const other of [expval(X(0)), probabilities({ bits: [0] })])
      expect(regime(programOf(noise, other, { trajectories: 4 }))).toBe('tree');
  });

  it('are collapsed where something else is read', () => {
    const plus = circuit(1, (q) => q.h(0).bitFlip(0.1, 0).measure(0, 0));
    const program = programOf(plus, expval(X(0)), { trajectories: 500 });
    expect(regime(program)).toBe('tree');
    expect(Math.abs(program.run()[0]!)).toBeLessThan(1e-12);
    // Measured in another basis after the measurement: half of the shots each.
    const [x] = programOf(plus, expval(X(0)), { trajectories: 1, shots }).run();
    expect(Math.abs(x!)).toBeLessThan(4.5 / Math.sqrt(shots));
  });
});
