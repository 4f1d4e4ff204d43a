import {
  circuit,
  expval,
  input,
  pauli,
  probabilities,
  samples,
  successProbability,
  variance,
  X,
  Z,
} from '@ketwork/circuit';
import type { Circuit, Measurement, Op } from '@ketwork/circuit';
import { reference } from '@ketwork/simulator';
import {
  Random,
  randomDynamicCircuit,
  randomMeasurement,
  randomUnitary,
  randomValues,
} from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { noisyCircuit, programOf, randomMixture } from './circuits.ts';

const exact = reference();
const TRAJECTORIES = 2000;

/** Random circuits with everything that is random in them. */
function* dynamicCircuits(count: number, first: number): Generator<[Random, Circuit]> {
  for (let seed = first, found = 0; found < count; seed++) {
    const random = new Random(seed);
    const made = randomDynamicCircuit(random, {
      qubits: random.integer(1, 4),
      ops: 10,
      filters: false,
      slotGenerators: false,
      dynamic: ['channel', 'measure', 'reset', 'conditional'],
    });
    const [success] = exact.compile(made, successProbability()).run(randomValues(random, made, 1));
    if (success! < 0.2) continue;
    found++;
    yield [random, made];
  }
}

/** Random circuits with Pauli noise only, whose trajectories are run as signs. */
function* pauliCircuits(count: number, first: number): Generator<[Random, Circuit]> {
  for (let seed = first; seed < first + count; seed++) {
    const random = new Random(seed);
    const options = { qubits: random.integer(1, 5), ops: 12, slotGenerators: false };
    const made = noisyCircuit(random, options, (qubits) => randomMixture(random, qubits));
    const last = random.chance(0.5)
      ? Array.from({ length: made.qubits }, (_, q): Op => ({ type: 'measure', qubit: q, bit: q }))
      : [];
    yield [random, { ...made, bits: last.length, ops: [...made.ops, ...last] }];
  }
}

/** Channels with other parameters: what a wrong probability would look like. */
const spoilt = (ops: readonly Op[]): Op[] =>
  ops.map((op) => {
    if (op.type === 'conditional')
      return { ...op, then: spoilt(op.then), otherwise: spoilt(op.otherwise) };
    if (op.type !== 'channel') return op;
    const angles = op.angles.map((p) => (typeof p === 'number' ? 0.8 * p : p));
    return { ...op, angles };
  });

/** Deviations in units of their standard errors; an event that was never seen has none, and counts as rare. */
function scores(
  values: ArrayLike<number>,
  errors: ArrayLike<number>,
  wanted: ArrayLike<number>,
): number[] {
  return Array.from(values, (value, i) => {
    const off = value - wanted[i]!;
    return off / Math.hypot(errors[i]!, Math.abs(off) < 1e-9 ? 1 : 2 / TRAJECTORIES);
  }).filter((score) => Math.abs(score) > 1e-8);
}

const meanSquare = (list: readonly number[]): number =>
  list.reduce((sum, x) => sum + x * x, 0) / list.length;

describe('trajectories and the exact density matrix', () => {
  it('agree on random circuits with channels, measurements, resets, feedback and post-selection', () => {
    const all: number[] = [];
    for (const [random, made] of dynamicCircuits(50, 7000)) {
      const measurements = (
        ['expval', 'variance', 'probabilities', 'successProbability'] as const
      ).map((type) => randomMeasurement(random, made, type));
      const values = randomValues(random, made, 2);
      const { values: means, errors } = programOf(made, measurements, {
        trajectories: TRAJECTORIES,
        seed: random.integer(1000),
      }).runWithErrors(values);
      const wanted = exact.compile(made, measurements).run(values);
      measurements.forEach((_, m) => {
        all.push(
          ...scores(means[m] as Float64Array, errors[m] as Float64Array, wanted[m] as Float64Array),
        );
      });
    }
    expect(all.length).toBeGreaterThan(400);
    expect(Math.max(...all.map(Math.abs))).toBeLessThan(5);
    expect(meanSquare(all)).toBeGreaterThan(0.7);
    expect(meanSquare(all)).toBeLessThan(1.3);
  });

  it('disagree where a channel has other probabilities', () => {
    const all: number[] = [];
    const noisy = (scale: number): Circuit =>
      circuit(2, (q) =>
        q
          .ry(0.9, 0)
          .amplitudeDamping(0.3 * scale, 0)
          .cnot(0, 1)
          .depolarizing(0.2 * scale, [0, 1])
          .phaseDamping(0.3 * scale, 1)
          .generalizedAmplitudeDamping(0.2 * scale, 0.3, 0),
      );
    const read = [expval(Z(0), Z(1), pauli('XX')), probabilities()] as const;
    const { values, errors } = programOf(noisy(1), read, {
      trajectories: TRAJECTORIES,
    }).runWithErrors();
    const wrong = exact.compile({ ...noisy(1), ops: spoilt(noisy(1).ops) }, read).run();
    read.forEach((_, m) => all.push(...scores(values[m]!, errors[m]!, wrong[m]!)));
    expect(Math.max(...all.map(Math.abs))).toBeGreaterThan(6);
    const right = exact.compile(noisy(1), read).run();
    const fair = read.flatMap((_, m) => scores(values[m]!, errors[m]!, right[m]!));
    expect(Math.max(...fair.map(Math.abs))).toBeLessThan(4);
  });

  it('agree where Kraus matrices act on two and three qubits', () => {
    const all: number[] = [];
    for (const k of [2, 3]) {
      const random = new Random(60 + k);
      const d = 2 ** k;
      // The first columns of a unitary on one qubit more, cut in two, are complete.
      const unitary = randomUnitary(random, 2 * d);
      const kraus = [0, 1].map((half) =>
        Array.from({ length: 2 * d * d }, (_, i) => {
          const [row, rest] = [Math.floor(i / (2 * d)), i % (2 * d)];
          return unitary[2 * (half * d + row) * 2 * d + rest]!;
        }),
      );
      const wide = circuit(4, (q) =>
        q
          .ry(0.4, 0)
          .cnot(0, 1)
          .h(2)
          .cnot(2, 3)
          .channel('wide', [], [3, 1, 2].slice(0, k), { kraus: kraus.map((m) => [...m]) })
          .amplitudeDamping(0.3, 1)
          .rx(0.7, 3),
      );
      const read = [expval(Z(1), X(3), pauli('XX', [0, 3])), probabilities()] as const;
      const wanted = exact.compile(wide, read).run();
      const { values, errors } = programOf(wide, read, {
        trajectories: TRAJECTORIES,
      }).runWithErrors();
      read.forEach((_, m) => all.push(...scores(values[m]!, errors[m]!, wanted[m]!)));
    }
    expect(all.length).toBeGreaterThan(20);
    expect(Math.max(...all.map(Math.abs))).toBeLessThan(4);
  });

  it('draw shots with the exact probabilities', () => {
    let degrees = 0;
    let chiSquare = 0;
    for (const [random, made] of [...dynamicCircuits(40, 8000), ...pauliCircuits(20, 8500)]) {
      const read = randomMeasurement(random, made, 'probabilities');
      if (read.type !== 'probabilities') continue;
      const { type: _, ...wires } = read;
      const values = randomValues(random, made, 1);
      const shots = 1500;
      const p = exact.compile(made, read).run(values);
      const drawn: Measurement = { type: 'samples', shots, ...wires };
      const rows = programOf(made, drawn, { trajectories: 1, seed: 3 }).run(values);
      const k = Math.log2(p.length);
      const tally = new Float64Array(p.length);
      for (let s = 0; s < shots; s++) {
        let outcome = 0;
        for (let i = 0; i < k; i++) outcome = 2 * outcome + rows[s * k + i]!;
        tally[outcome]!++;
      }
      p.forEach((probability, outcome) => {
        if (probability < 1e-12) expect(tally[outcome]).toBe(0);
        if (probability * shots < 8) return;
        degrees++;
        chiSquare += (tally[outcome]! - probability * shots) ** 2 / (probability * shots);
      });
    }
    expect(degrees).toBeGreaterThan(100);
    // Each term has mean 1 - p and a variance of about 2.
    expect(chiSquare).toBeLessThan(degrees + 4 * Math.sqrt(2 * degrees));
    expect(chiSquare).toBeGreaterThan(0.5 * degrees - 4 * Math.sqrt(2 * degrees));
  });

  it('estimate observables from shots, whatever basis they are measured in', () => {
    const all: number[] = [];
    for (const [random, made] of dynamicCircuits(15, 9000)) {
      const read = [
        randomMeasurement(random, made, 'expval'),
        randomMeasurement(random, made, 'variance'),
      ];
      const values = randomValues(random, made, 1);
      const wanted = exact.compile(made, read).run(values);
      const repeats = Array.from({ length: 12 }, (_, seed) =>
        programOf(made, read, { trajectories: 1, shots: 400 }).run(values, { seed }),
      );
      wanted.forEach((right, m) => {
        (right as Float64Array).forEach((x, i) => {
          const list = repeats.map((result) => (result[m] as Float64Array)[i]!);
          const mean = list.reduce((a, b) => a + b, 0) / list.length;
          const spread = Math.sqrt(
            list.reduce((sum, y) => sum + (y - mean) ** 2, 0) / (list.length * (list.length - 1)),
          );
          // Sample variances are too small by one part in the number of shots.
          const bias = m === 1 ? 0.01 * Math.abs(x) : 0;
          all.push((mean - x) / Math.hypot(spread, bias, 1e-3));
        });
      });
    }
    expect(all.length).toBeGreaterThan(40);
    expect(meanSquare(all)).toBeLessThan(1.8);
    expect(Math.max(...all.map(Math.abs))).toBeLessThan(6);
  });
});

describe('standard errors', () => {
  const cases: readonly [string, Circuit][] = [
    [
      'signs',
      circuit(2, (q) => q.ry(0.8, 0).depolarizing(0.3, 0).cnot(0, 1).bitFlip(0.2, 1).rx(0.5, 1)),
    ],
    [
      'tree',
      circuit(2, (q) =>
        q
          .ry(0.8, 0)
          .amplitudeDamping(0.4, 0)
          .cnot(0, 1)
          .measure(1, 0)
          .if(0, (b) => b.rx(0.5, 0)),
      ),
    ],
  ];
  it.each(cases)('are the spread of repeated runs: %s', (_, noisy) => {
    const read = [expval(Z(0), X(1)), variance(Z(0)), probabilities([0])] as const;
    const program = programOf(noisy, read, { trajectories: 80 });
    const runs = Array.from({ length: 250 }, (__, seed) => program.runWithErrors({}, { seed }));
    const columns = runs.map(({ values }) => values.flatMap((list) => [...list]));
    const errors = runs.map((run) => run.errors.flatMap((list) => [...list]));
    columns[0]!.forEach((___, i) => {
      const list = columns.map((row) => row[i]!);
      const mean = list.reduce((a, b) => a + b, 0) / list.length;
      const spread = Math.sqrt(list.reduce((sum, y) => sum + (y - mean) ** 2, 0) / list.length);
      const told = Math.sqrt(meanSquare(errors.map((row) => row[i]!)));
      if (spread < 1e-9) expect(told).toBeLessThan(1e-7);
      // The spread of 250 runs is known to some 5 %.
      else expect(Math.abs(told / spread - 1)).toBeLessThan(0.2);
    });
  });
});

describe('seeds', () => {
  const flip = circuit(1, (q) => q.h(0).amplitudeDamping(0.2, 0).measure(0, 0));

  it('decide, and the number of shots does not change the first ones', () => {
    const few = programOf(flip, samples(300, { bits: [0] }), { trajectories: 1 }).run(
      {},
      { seed: 4 },
    );
    const many = programOf(flip, samples(700, { bits: [0] }), { trajectories: 1 });
    expect(many.run({}, { seed: 4 }).subarray(0, 300)).toEqual(few);
    expect(many.run({}, { seed: 5 }).subarray(0, 300)).not.toEqual(few);
  });

  it('give examples numbers of their own, whatever batch they are in', () => {
    const turn = circuit(1, { x: input([]) }, (q, { x }) =>
      q.ry(x.at(), 0).amplitudeDamping(0.3, 0).measure(0, 0),
    );
    const program = programOf(turn, samples(200, { bits: [0] }), { trajectories: 1 });
    const both = program.run({ x: [1.5, 1.5] });
    expect(both.subarray(0, 200)).toEqual(program.run({ x: [1.5] }));
    expect(both.subarray(200)).not.toEqual(both.subarray(0, 200));
  });
});
