import {
  circuit,
  counts,
  evaluateAngle,
  expval,
  gates,
  input,
  probabilities,
  state,
  weight,
  Z,
} from '@ketwork/circuit';
import type { Circuit, Measurement } from '@ketwork/circuit';
import { reference } from '@ketwork/simulator';
import {
  centralDifferences,
  embedded,
  expectClose,
  expm,
  identity,
  matmul,
  matvec,
  pauliWord,
  Random,
  randomCircuit,
  randomMeasurement,
  randomValues,
  scaled,
  sum,
} from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { hermitianEigen } from '../../src/hermitian.ts';

const engine = reference();

/** State of a circuit by full matrices: controls as projectors, evolutions by a Taylor series. */
function naiveState(c: Circuit, values: Record<string, Float64Array>): Float64Array {
  const d = 2 ** c.qubits;
  let psi: Float64Array = new Float64Array(2 * d);
  psi[0] = 1;
  const read = (slot: string, index: number): number => values[slot]![index]!;
  for (const op of c.ops) {
    if (op.type === 'barrier') continue;
    if (op.type === 'statePreparation') {
      const raw =
        'slot' in op.amplitudes
          ? values[op.amplitudes.slot]!
          : Float64Array.from(op.amplitudes.values);
      const k = 2 ** op.qubits.length;
      const amplitudes =
        raw.length === 2 * k
          ? raw
          : Float64Array.from({ length: 2 * k }, (_, i) => (i % 2 ? 0 : raw[i / 2]!));
      const norm = op.normalize ? Math.hypot(...amplitudes) : 1;
      const column = new Float64Array(2 * k * k);
      for (let r = 0; r < k; r++) {
        column[2 * r * k] = amplitudes[2 * r]! / norm;
        column[2 * r * k + 1] = amplitudes[2 * r + 1]! / norm;
      }
      psi = matvec(embedded(column, op.qubits, c.qubits), psi);
      continue;
    }
    let m: ArrayLike<number>;
    if (op.type === 'gate') {
      const row = gates.find((g) => g.name === op.gate)!;
      m = row.matrix(
        op.angles.map((a) => evaluateAngle(a, read)),
        op.word ?? 'Z'.repeat(op.qubits.length),
      );
    } else if (op.type === 'matrix') {
      m = op.matrix;
    } else if (op.type === 'evolution') {
      const g = op.generator;
      const words = (terms: Extract<typeof g, { terms: unknown }>['terms']): Float64Array =>
        sum(
          ...terms.map((t) =>
            scaled(
              pauliWord(
                op.qubits.map((q) => t.paulis.find((p) => p.qubit === q)?.pauli ?? 'I').join(''),
              ),
              t.coefficient,
            ),
          ),
        );
      const a = 'slot' in g ? values[g.slot]! : 'matrix' in g ? g.matrix : words(g.terms);
      const part = scaled(a, 0, -evaluateAngle(op.time, read));
      const b = op.drift?.generator;
      m = expm(
        b === undefined
          ? part
          : sum(
              part,
              scaled(
                'matrix' in b ? b.matrix : words(b.terms),
                0,
                -evaluateAngle(op.drift!.time, read),
              ),
            ),
      );
    } else {
      throw new Error(op.type);
    }
    // P ⊗ M + (1 - P), P being the projector on the values of the controls.
    let p = identity(d);
    for (const { qubit, value } of op.controls) {
      p = matmul(
        p,
        embedded(
          value === 1 ? [0, 0, 0, 0, 0, 0, 1, 0] : [1, 0, 0, 0, 0, 0, 0, 0],
          [qubit],
          c.qubits,
        ),
      );
    }
    const full = sum(matmul(p, embedded(m, op.qubits, c.qubits)), identity(d), scaled(p, -1));
    psi = matvec(full, psi);
  }
  return psi;
}

describe('reference', () => {
  it('agrees with products of full matrices on random circuits', () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = new Random(seed);
      const c = randomCircuit(random, { qubits: random.integer(1, 4), ops: random.integer(1, 12) });
      const values = randomValues(random, c, 1);
      expectClose(
        engine.compile(c, state()).run(values),
        naiveState(c, values),
        1e-12,
        `seed ${seed}`,
      );
    }
  });

  it('evolves under generators with a drift, and differentiates by both times', () => {
    for (let seed = 0; seed < 40; seed++) {
      const random = new Random(3000 + seed);
      const c = randomCircuit(random, {
        qubits: 2,
        ops: 5,
        kinds: ['gate', 'evolution'],
        drifts: true,
      });
      const values = randomValues(random, c, 1);
      expectClose(
        engine.compile(c, state()).run(values),
        naiveState(c, values),
        1e-12,
        `seed ${seed}`,
      );
      const jacobian = engine.compile(c, state()).jacobian(values);
      for (const { name, kind } of c.slots.filter((slot) => slot.kind === 'scalar')) {
        const at = (v: Float64Array): Float64Array => naiveState(c, { ...values, [name]: v });
        const expected = centralDifferences(at, values[name]!);
        expectClose(jacobian[name]!, expected, 1e-7, `seed ${seed}, ${name}, ${kind}`);
      }
    }
  });

  it('has derivatives that central differences confirm, by every kind of slot', () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new Random(1000 + seed);
      const c = randomCircuit(random, { qubits: random.integer(1, 3), ops: random.integer(1, 8) });
      const values = randomValues(random, c, 1);
      const types: Measurement['type'][] = ['expval', 'variance', 'probabilities', 'state'];
      const m = randomMeasurement(random, c, random.pick(types));
      const program = engine.compile(c, m);
      const jacobian = program.jacobian(values);
      for (const slot of c.slots) {
        // Off the unit sphere and off Hermitian matrices, values would be refused: move along allowed directions only.
        const v = values[slot.name]!;
        const raw = c.ops.some(
          (op) =>
            op.type === 'statePreparation' &&
            !op.normalize &&
            'slot' in op.amplitudes &&
            op.amplitudes.slot === slot.name,
        );
        if (raw) continue;
        const at = (x: Float64Array): ArrayLike<number> =>
          program.run({ ...values, [slot.name]: x }) as Float64Array;
        const size = v.length;
        const outputs = jacobian[slot.name]!.length / size;
        if (slot.kind !== 'hermitian') {
          expectClose(
            jacobian[slot.name]!,
            centralDifferences(at, v),
            1e-7,
            `seed ${seed} by ${slot.name}`,
          );
          continue;
        }
        const direction = randomValues(random, { ...c, slots: [slot] }, 1)[slot.name]!;
        const along = centralDifferences(
          (t) => at(v.map((x, i) => x + t[0]! * direction[i]!)),
          [0],
        );
        const want = Float64Array.from({ length: outputs }, (_, o) =>
          direction.reduce((s, x, i) => s + x * jacobian[slot.name]![o * size + i]!, 0),
        );
        expectClose(along, want, 1e-7, `seed ${seed} by ${slot.name}`);
      }
    }
  });

  it('contracts jacobians in vjp: summed, per example and as squared norms', () => {
    const random = new Random(5);
    const c = randomCircuit(random, { qubits: 3, ops: 10 });
    const batch = 3;
    const values = randomValues(random, c, batch);
    const program = engine.compile(c, [randomMeasurement(random, c, 'expval'), probabilities()]);
    const sizes = program.outputShapes.map((s) => s[0]!);
    const outputs = sizes[0]! + sizes[1]!;
    const dy = sizes.map((s) => random.normals(batch * s));
    const jacobian = program.jacobian(values);
    const rows = program.vjp(values, dy, { perExample: true });
    const sums = program.vjp(values, dy);
    const norms = program.vjp(values, dy, { squaredNorms: true });
    for (const slot of c.slots) {
      const size = slot.shape.reduce((a, b) => a * b, 1);
      const want = new Float64Array(batch * size);
      for (let e = 0; e < batch; e++) {
        for (let o = 0; o < outputs; o++) {
          const weightOf =
            o < sizes[0]! ? dy[0]![e * sizes[0]! + o]! : dy[1]![e * sizes[1]! + o - sizes[0]!]!;
          for (let i = 0; i < size; i++)
            want[e * size + i]! += weightOf * jacobian[slot.name]![(e * outputs + o) * size + i]!;
        }
      }
      expectClose(rows[slot.name]!, want, 1e-13);
      if (slot.axis === 'batch') {
        expectClose(sums[slot.name]!, want, 1e-13);
        expectClose(norms[slot.name]!, want, 1e-13);
      } else {
        expectClose(
          sums[slot.name]!,
          Float64Array.from(
            { length: size },
            (_, i) => want[i]! + want[size + i]! + want[2 * size + i]!,
          ),
          1e-13,
        );
        expectClose(
          norms[slot.name]!,
          Float64Array.from({ length: batch }, (_, e) =>
            want.slice(e * size, (e + 1) * size).reduce((s, x) => s + x * x, 0),
          ),
          1e-13,
        );
      }
    }
  });

  it('puts qubit 0 in the most significant bit', () => {
    const flip = circuit(2, (q) => q.x(0));
    expect([...engine.compile(flip, probabilities()).run()]).toEqual([0, 0, 1, 0]);
    expect([...engine.compile(flip, probabilities([1, 0])).run()]).toEqual([0, 1, 0, 0]);
  });

  it('writes into out, and gives one entry per measurement', () => {
    const turn = circuit(1, (q) => q.rx(input('x', []).at(), 0));
    const out = new Float64Array(2);
    const program = engine.compile(turn, expval(Z(0)));
    expect(program.run({ x: [0.3, 0.4] }, { out })).toBe(out);
    expectClose(out, [Math.cos(0.3), Math.cos(0.4)], 1e-15);
    expect(() => program.run({ x: [0.3] }, { out })).toThrow(
      "'out' has 2 numbers and the result has 1",
    );
    const [z, p] = engine.compile(turn, [expval(Z(0)), probabilities()]).run({ x: [0.3] });
    expectClose(z, [Math.cos(0.3)], 1e-15);
    expectClose(p, [Math.cos(0.15) ** 2, Math.sin(0.15) ** 2], 1e-15);
  });

  it('refuses gradients of shots, both reductions at once and disposed programs', () => {
    const turn = circuit(1, (q) => q.rx(weight('w', []).at(), 0));
    const values = { w: [0.1] } as never;
    expect(() => engine.compile(turn, counts(10)).vjp(values, [])).toThrow('parameter-shift');
    expect(() => engine.compile(turn, expval(Z(0)), { shots: 10 }).jacobian(values)).toThrow(
      'parameter-shift',
    );
    const program = engine.compile(turn, expval(Z(0)));
    expect(() => program.vjp(values, [1], { perExample: true, squaredNorms: true })).toThrow(
      'both',
    );
    program.dispose();
    expect(() => program.run(values)).toThrow('disposed');
  });
});

describe('hermitianEigen', () => {
  it('diagonalises, degenerate spectra too', () => {
    const random = new Random(3);
    const cases = [
      random.normals(32),
      identity(4),
      pauliWord('XY'),
      pauliWord('ZZ'),
      new Float64Array(32),
    ];
    for (const raw of cases) {
      const d = 4;
      const m = Float64Array.from(raw, (x, i) => {
        const mirror = 2 * (((i >> 1) % d) * d + Math.floor((i >> 1) / d)) + (i & 1);
        return (x + (i & 1 ? -1 : 1) * raw[mirror]!) / 2;
      });
      const { values, vectors } = hermitianEigen(m, d);
      for (let i = 0; i < d; i++) {
        const v = vectors.subarray(2 * d * i, 2 * d * (i + 1));
        expectClose(
          matvec(m, v),
          v.map((x) => x * values[i]!),
          1e-13,
        );
        for (let j = 0; j <= i; j++) {
          const u = vectors.subarray(2 * d * j, 2 * d * (j + 1));
          expectClose([u.reduce((s, x, k) => s + x * v[k]!, 0)], [i === j ? 1 : 0], 1e-13);
        }
        if (i > 0) expect(values[i]!).toBeGreaterThanOrEqual(values[i - 1]!);
      }
    }
  });
});
