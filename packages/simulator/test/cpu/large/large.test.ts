import {
  circuit,
  expval,
  input,
  probabilities,
  state,
  variance,
  weight,
  X,
  Y,
  Z,
} from '@ketwork/circuit';
import type { Circuit, Measurement } from '@ketwork/circuit';
import {
  expectClose,
  Random,
  randomCircuit,
  randomMeasurement,
  randomTerm,
  randomValues,
} from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { cpu, reference } from '@ketwork/simulator';
import { checkProgram } from '../../../src/compile.ts';
import { cpuCapabilities } from '../../../src/cpu/capabilities.ts';
import { largeSizes } from '../../../src/cpu/large/module.ts';
import type { LargeSizes } from '../../../src/cpu/large/module.ts';
import { EngineMemory } from '../../../src/cpu/memory.ts';
import { passes } from '../../../src/cpu/passes/sequence.ts';
import { CpuProgram } from '../../../src/cpu/program.ts';

/** Engines by precision, and how far results may be from exact ones, and gradients. */
const kinds = [
  { precision: 'f64', results: 1e-12, gradients: 1e-11, fewest: 4 },
  { precision: 'f32', results: 1e-5, gradients: 3e-5, fewest: 5 },
] as const;
const memories = {
  f64: new EngineMemory(),
  f32: new EngineMemory({ precision: 'f32', fused: false }),
};

/** A program of the CPU engine with its own idea of what is a large state. */
function compile<M extends readonly Measurement[]>(
  on: Circuit,
  measurements: M,
  sizes: LargeSizes,
  precision: 'f64' | 'f32' = 'f64',
): CpuProgram<string, M> {
  const checked = checkProgram(on, measurements, {}, cpuCapabilities);
  return new CpuProgram(on, measurements, {}, checked, memories[precision], passes, sizes);
}

const never = { from: 99, local: 13 };

/** What a packed state can be read for. */
function readable(random: Random, on: Circuit): Measurement[] {
  const types = random.sample(['expval', 'variance', 'probabilities', 'state'] as const, 2);
  const drawn = types.map((type): Measurement => {
    const measurement = randomMeasurement(random, on, type);
    if (!('observables' in measurement)) return measurement;
    const observables = measurement.observables.filter((o) => o.type !== 'hermitian');
    return { ...measurement, observables };
  });
  const some = drawn.filter((m) => !('observables' in m) || m.observables.length > 0);
  return some.length > 0 ? some : [expval(Z(0), X(1), Y(on.qubits - 1))];
}

const judge = reference();

describe.each(kinds)('large states, in chunks, in $precision', (kind) => {
  const { precision, fewest } = kind;

  it.each([0, 1, 2, 3, 4, 5])('agree with the reference on random circuits, part %i', (part) => {
    let large = 0;
    for (let seed = 60 * part; seed < 60 * (part + 1); seed++) {
      const random = new Random(seed);
      const qubits = random.integer(fewest, 9);
      const on = randomCircuit(random, {
        qubits,
        ops: random.integer(3, 40),
        slotGenerators: false,
        kinds: random.chance(0.5)
          ? ['gate']
          : ['gate', 'matrix', 'evolution', 'barrier', 'statePreparation'],
      });
      const measurements = readable(random, on);
      const batched = on.slots.some(({ axis }) => axis === 'batch');
      const values = randomValues(random, on, batched ? random.integer(1, 3) : 1);
      // Half of them with 64-bit addresses, which take another way through the encoder.
      const sizes = { from: 2, local: random.integer(fewest, qubits), wide: seed % 2 === 0 };
      const program = compile(on, measurements, sizes, precision);
      if (program.explain().details['regime'] !== 'large state') continue;
      large++;
      const exact = judge.compile(on, measurements);
      const results = program.run(values) as readonly Float64Array[];
      const expected = exact.run(values) as readonly Float64Array[];
      results.forEach((result, i) =>
        expectClose(result, expected[i]!, kind.results, `seed ${seed}`),
      );
      if (on.ops.some((op) => op.type === 'matrix' && !op.unitary)) continue;
      const dy = results.map((y) => Float64Array.from(y, () => random.uniform(-0.5, 0.5)));
      const options = random.pick([{}, { perExample: true }, { squaredNorms: true }]);
      const gradients = program.vjp(values, dy, options);
      const rules = exact.vjp(values, dy, options);
      for (const [name, rule] of Object.entries(rules))
        expectClose(gradients[name]!, rule, kind.gradients, `seed ${seed}, ${name}`);
      program.dispose();
    }
    expect(large).toBeGreaterThan(25);
  });

  it('read sums of many Pauli strings', () => {
    let large = 0;
    for (let seed = 0; seed < 12; seed++) {
      const random = new Random(seed);
      const qubits = random.integer(6, 9);
      const all = Array.from({ length: qubits }, (_, q) => q);
      const on = randomCircuit(random, { qubits, ops: 30, kinds: ['gate'] });
      const sums = [40, 200].map((length) => ({
        type: 'pauli' as const,
        terms: Array.from({ length }, () => randomTerm(random, all)),
      }));
      const measurements = [expval(...sums), variance(sums[0]!)] as const;
      const values = randomValues(random, on, 1);
      const program = compile(on, measurements, { from: 2, local: fewest + 1 }, precision);
      const exact = judge.compile(on, measurements);
      // Gates on more than two qubits keep some circuits whole.
      if (program.explain().details['regime'] !== 'large state') continue;
      large++;
      const results = program.run(values);
      const expected = exact.run(values);
      results.forEach((result, i) =>
        expectClose(result, expected[i]!, 10 * kind.results, `seed ${seed}`),
      );
      const dy = results.map((y) => Float64Array.from(y, () => random.uniform(-0.5, 0.5)));
      const gradients = program.vjp(values, dy);
      for (const [name, rule] of Object.entries(exact.vjp(values, dy as never)))
        expectClose(gradients[name]!, rule, 10 * kind.gradients, `seed ${seed}, ${name}`);
    }
    expect(large).toBeGreaterThan(4);
  });

  /** Rotations, ladders of CNOTs across all chunk borders, controlled and diagonal gates far apart. */
  const mixed = (qubits: number): Circuit<'x' | 'w'> =>
    circuit(qubits, { x: input([2]), w: weight([2, qubits]) }, (q, { x, w }) => {
      for (let i = 0; i < qubits; i++) q.ry(w.at(0, i), i);
      for (let i = 0; i < qubits; i++) q.cnot(i, (i + 1) % qubits);
      q.rx(x.at(0), 0).crz(x.at(1), qubits - 1, 1);
      for (let i = 0; i < qubits; i++) q.rx(w.at(1, i), i);
      for (let i = 0; i + 3 < qubits; i++) q.rzz(w.at(0, i), i, i + 3).cp(0.3 * i, i + 3, i);
      q.toffoli(0, qubits - 1, 5)
        .toffoli(0, 1, qubits - 1)
        .swap(0, qubits - 2)
        .h(3)
        .cz(0, 1);
      for (let i = 0; i < qubits; i++) q.h(i);
    });

  it('give the same bits with 64-bit addresses', () => {
    const on = mixed(15);
    const values = randomValues(new Random(5), on, 2);
    const measured = [expval(Z(0), X(14), Y(3)), probabilities([2, 14])] as const;
    const narrow = compile(on, measured, { from: 14, local: 13 }, precision);
    const wide = compile(on, measured, { from: 14, local: 13, wide: true }, precision);
    expect(wide.run(values)).toEqual(narrow.run(values));
    const dy = [new Float64Array(6).fill(0.5), new Float64Array(8).fill(-1)];
    expect(wide.vjp(values, dy as never)).toEqual(narrow.vjp(values, dy as never));
  });

  it.each([14, 15, 17])('agree with the same state as a whole at %i qubits', (qubits) => {
    const on = mixed(qubits);
    const measurements = [
      expval(Z(0), X(1), Y(qubits - 1), Z(qubits - 1)),
      variance(X(0)),
      probabilities([0, qubits - 1, 3]),
    ] as const;
    const random = new Random(qubits);
    const values = randomValues(random, on, 2);
    const large = compile(on, measurements, { from: 14, local: 13 }, precision);
    const whole = compile(on, measurements, never);
    expect(large.explain().details).toMatchObject({ regime: 'large state' });
    const results = large.run(values) as readonly Float64Array[];
    const expected = whole.run(values) as readonly Float64Array[];
    results.forEach((result, i) => expectClose(result, expected[i]!, kind.results));
    const dy = results.map((y) => Float64Array.from(y, () => random.uniform(-0.5, 0.5)));
    const gradients = large.vjp(values, dy);
    for (const [name, rule] of Object.entries(whole.vjp(values, dy as never)))
      expectClose(gradients[name]!, rule, kind.gradients, name);
  });

  it('read Pauli strings together, across the last qubit too', () => {
    const qubits = 9;
    const on: Circuit = circuit(qubits, { w: weight([2, qubits, 3]) }, (q, { w }) =>
      q.stronglyEntanglingLayers(w),
    );
    const letters = [X, Y, Z];
    const sums = [0, 1, qubits - 2].map((i) => {
      const terms = letters.flatMap((a) =>
        letters.map((b) =>
          a(i)
            .mul(b(i + 1))
            .mul(X(3)),
        ),
      );
      return terms.reduce((sum, term, k) => sum.add(term.scale(0.3 + 0.1 * k)));
    });
    const all = [X, Y].flatMap((letter) =>
      Array.from({ length: 32 }, (_, k) =>
        [0, 1, 2, 5, qubits - 1].reduce(
          (word, i, bit) => (((k >> bit) & 1) === 1 ? word.mul(letter(i)) : word),
          letter(7),
        ),
      ),
    );
    const measurements = [
      expval(...sums),
      variance(sums[2]!),
      expval(all.reduce((a, b) => a.add(b))),
    ];
    const values = randomValues(new Random(1), on, 1);
    const program = compile(on, measurements, { from: 2, local: 5 }, precision);
    expect(program.explain().details).toMatchObject({ regime: 'large state' });
    const exact = judge.compile(on, measurements);
    const expected = exact.run(values) as readonly Float64Array[];
    (program.run(values) as readonly Float64Array[]).forEach((result, i) =>
      expectClose(result, expected[i]!, 10 * kind.results, `measurement ${i}`),
    );
    const dy = expected.map((y) => y.map((_, i) => 0.3 + 0.1 * i));
    const rules = exact.vjp(values, dy);
    const gradients = program.vjp(values, dy);
    for (const [name, rule] of Object.entries(rules))
      expectClose(gradients[name]!, rule, 10 * kind.gradients, name);
  });

  it('keeps the state, with its global phase', () => {
    const on = mixed(14);
    const values = randomValues(new Random(3), on, 1);
    const [large] = compile(on, [state()], { from: 14, local: 13 }, precision).run(values);
    const [whole] = compile(on, [state()], never).run(values);
    expectClose(large as Float64Array, whole as Float64Array, kind.results / 10);
  });

  it('is what the engine chooses from 14 qubits on', async () => {
    const engine = await cpu({ precision });
    const explained = engine.compile(mixed(14), expval(Z(0))).explain();
    expect(explained.details).toMatchObject({
      regime: 'large state',
      precision,
      chunks: precision === 'f64' ? 2 : 1,
    });
    expect(explained.text).toMatch(/stages? over/);
    expect(engine.compile(mixed(13), expval(Z(0))).explain().details['regime']).toBe('batched');
  });
});

it('keeps the digits of single precision in sums over a million probabilities', () => {
  const n = 20;
  const on = circuit(n, { w: weight([2, n]) }, (q, { w }) => {
    for (let i = 0; i < n; i++) q.ry(w.at(0, i), i);
    for (let i = 0; i < n; i++) q.cnot(i, (i + 1) % n);
    for (let i = 0; i < n; i++) q.rx(w.at(1, i), i);
  });
  const measurements = [
    expval(Z(0), X(1).mul(Y(2)), X(n - 1), Y(n - 2)),
    expval(X(0).mul(X(1)), X(0).mul(X(1)).mul(Z(5)), X(0).mul(X(1)).mul(Z(7))),
    probabilities([5, n - 2]),
  ] as const;
  // Near a uniform superposition, whose probabilities are all as small.
  const w = Float64Array.from({ length: 2 * n }, (_, i) => 1.5 + 0.3 * Math.sin(i));
  const [single, double] = (['f32', 'f64'] as const).map(
    (precision) =>
      compile(on, measurements, largeSizes[precision], precision).run({
        w,
      }) as readonly Float64Array[],
  );
  single!.forEach((result, i) => expectClose(result, double![i]!, 5e-7));
});
