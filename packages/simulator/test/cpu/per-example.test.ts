import { angle, circuit, expval, input, weight, X, Z } from '@ketwork/circuit';
import { cpu, reference } from '@ketwork/simulator';
import { expectClose, expectSameBits } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';

const [qubits, batch, size] = [3, 67, 9];

/** Every element once; some twice; some in expressions, one of them with the data. The last weights reach no observable. */
const circuits = {
  once: circuit(qubits, (q) => {
    const w = weight('w', [size]);
    q.angleEmbedding(input('x', [qubits]));
    for (let i = 0; i < 6; i++)
      q.rot(0.1, 0.2, 0.3, i % qubits)
        .ry(w.at(i), i % qubits)
        .cnot(0, 1);
    for (let i = 6; i < size; i++) q.rz(w.at(i), 2);
  }),
  twice: circuit(qubits, (q) => {
    const w = weight('w', [size]);
    q.angleEmbedding(input('x', [qubits]));
    for (let i = 0; i < 2 * size; i++)
      q.ry(w.at(i % size), i % qubits).cnot(i % qubits, (i + 1) % qubits);
  }),
  expressions: circuit(qubits, (q) => {
    const w = weight('w', [size]);
    const x = input('x', [qubits]);
    for (let i = 0; i < size; i++) {
      q.rx(w.at(i), i % qubits).cnot(0, 1);
      if (i % 3 === 0) q.rz(angle.sin(w.at(i)), 1).ry(angle.mul(w.at(i), x.at(i % qubits)), 0);
    }
    q.angleEmbedding(x);
  }),
};
const x = Float64Array.from({ length: batch * qubits }, (_, i) => Math.sin(1 + i * i));
const w = Float64Array.from({ length: size }, (_, i) => 0.3 + Math.cos(3 * i));
const dy = Float64Array.from({ length: 2 * batch }, (_, i) => Math.cos(i));

describe.each(Object.entries(circuits))('gradients of each example, %s', (_, ansatz) => {
  const measured = expval(Z(0), X(1).mul(Z(2)));

  test('agree with the reference', async () => {
    const program = (await cpu()).compile(ansatz, measured);
    const options = { wrt: ['w'] } as const;
    const rows = program.vjp({ x, w }, dy, { ...options, perExample: true }).w!;
    const theirs = reference()
      .compile(ansatz, measured)
      .vjp({ x, w }, dy, { ...options, perExample: true });
    expectClose(rows, theirs.w!, 1e-12);
    const squares = Float64Array.from({ length: batch }, (__, e) =>
      rows.slice(e * size, (e + 1) * size).reduce((sum, g) => sum + g * g, 0),
    );
    expectClose(program.vjp({ x, w }, dy, { ...options, squaredNorms: true }).w!, squares, 1e-13);
    expect(squares.every((square) => square > 0)).toBe(true);
  });

  test.each(['f64', 'f32'] as const)('have the same bits in any batch, %s', async (precision) => {
    const program = (await cpu({ precision })).compile(ansatz, measured);
    await expectSameBits(batch, (from, to) => {
      const values = { x: x.slice(from * qubits, to * qubits), w };
      const some = dy.slice(2 * from, 2 * to);
      return Promise.resolve({
        rows: program.vjp(values, some, { wrt: ['w'], perExample: true }).w!,
        norms: program.vjp(values, some, { wrt: ['w'], squaredNorms: true }).w!,
      });
    });
  });
});

test('gradients of each example are written into memory that is reused, where it fits', async () => {
  for (const [name, ansatz] of Object.entries(circuits)) {
    const engine = await cpu();
    const program = engine.compile(ansatz, expval(Z(0), X(1).mul(Z(2))));
    const options = { wrt: ['w'], perExample: true } as const;
    const fresh = program.vjp({ x, w }, dy, options).w!;
    const own = new Float64Array(batch * size).fill(Number.NaN);
    const again = program.vjp({ x, w }, dy, { ...options, reuse: { w: own } }).w!;
    expect(again, name).toBe(own);
    expect(again, name).toEqual(fresh);
    // Another length, norms and sums take memory of their own.
    const short = new Float64Array(size);
    expect(program.vjp({ x, w }, dy, { ...options, reuse: { w: short } }).w, name).toEqual(fresh);
    for (const form of [{ squaredNorms: true }, {}]) {
      const given = new Float64Array('squaredNorms' in form ? batch : size);
      const plain = program.vjp({ x, w }, dy, { wrt: ['w'], ...form }).w!;
      expect(program.vjp({ x, w }, dy, { wrt: ['w'], ...form, reuse: { w: given } }).w).toEqual(
        plain,
      );
      expect(given.every((number) => number === 0)).toBe(true);
    }
    expect(short.every((number) => number === 0)).toBe(true);
  }
});

test('memory to reuse stays with the caller of another thread', async () => {
  const engine = await cpu({ threads: 1 });
  const program = engine.compile(circuits.once, expval(Z(0), X(1).mul(Z(2))));
  const own = new Float64Array(batch * size);
  const options = { wrt: ['w'], perExample: true, reuse: { w: own } } as const;
  const rows = (await program.vjp({ x, w }, dy, options)).w!;
  engine.dispose();
  expect(rows.some((number) => number !== 0)).toBe(true);
  expect(own.every((number) => number === 0)).toBe(true);
});

/** Rotations about Z merge into tables: of one pass, of two and of three, and with more parities than have code of their own. */
describe.each([
  [4, 2],
  [5, 1],
  [8, 1],
  [9, 1],
  [8, 7],
])('gradients of tables, %i qubits, phases up to %i apart', (n, reach) => {
  const ansatz = circuit(n, { x: input([n]), w: weight([2, n, 1 + reach]) }, (q, slots) => {
    q.angleEmbedding(slots.x);
    for (let layer = 0; layer < 2; layer++) {
      for (let i = 0; i < n; i++) {
        q.rz(slots.w.at(layer, i, 0), i);
        for (let d = 1; d <= Math.min(reach, n - 1 - i); d++)
          q.rzz(slots.w.at(layer, i, d), i, i + d);
      }
      for (let i = 0; i < n; i++) q.cnot(i, (i + 1) % n).ry(0.3 + i, i);
    }
  });
  const weights = Float64Array.from({ length: 2 * n * (1 + reach) }, (_, i) => Math.cos(3 * i));
  const data = Float64Array.from({ length: 3 * n }, (_, i) => Math.sin(1 + i * i));
  const values = { x: data, w: weights };
  const measured = expval(Z(0), X(1).mul(Z(2)));

  test.each([
    ['f64', 1e-12],
    ['f32', 1e-4],
  ] as const)('agree with the reference, %s', async (precision, tolerance) => {
    const program = (await cpu({ precision })).compile(ansatz, measured);
    const theirs = reference()
      .compile(ansatz, measured)
      .vjp(values, dy.slice(0, 6), { perExample: true });
    const rows = program.vjp(values, dy.slice(0, 6), { perExample: true });
    expectClose(rows.w, theirs.w, tolerance);
    expectClose(rows.x, theirs.x, tolerance);
    const summed = program.vjp(values, dy.slice(0, 6)).w;
    const sums = summed.map((_, k) =>
      [0, 1, 2].reduce((sum, e) => sum + (theirs.w[e * summed.length + k] as number), 0),
    );
    expectClose(summed, sums, tolerance);
    expect(program.explain().text).toContain('table');
  });
});
