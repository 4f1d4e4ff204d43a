import { ValueError } from '@ketwork/base';
import { X, Y, Z, circuit, expval, input, probabilities, weight } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { cpu, hosted } from '@ketwork/simulator';
import type { CpuOptions } from '@ketwork/simulator';
import { expectClose } from '@ketwork/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { threaded } from '../../src/worker/threaded.ts';

const single = await cpu({ precision: 'f32' });
const double = await cpu();
const workers = [
  await hosted({ engine: 'cpu', options: { precision: 'f32' } }),
  await threaded(2, 0, { precision: 'f32' }),
];
afterAll(() => {
  for (const engine of [single, double, ...workers]) engine.dispose();
});

const layers = (qubits: number, depth: number): Circuit<'x' | 'w'> =>
  circuit(qubits, { x: input([qubits]), w: weight([depth, qubits, 3]) }, (q, { x, w }) => {
    q.angleEmbedding(x);
    q.stronglyEntanglingLayers(w);
  });
const values = (qubits: number, depth: number, batch: number): Record<'x' | 'w', Float64Array> => ({
  x: Float64Array.from({ length: qubits * batch }, (_, i) => 3 * Math.sin(7 * i)),
  w: Float64Array.from({ length: 3 * qubits * depth }, (_, i) => 3 * Math.cos(i * i)),
});
const measured = expval(Z(0), X(1).mul(Y(2)));

describe('single precision', () => {
  it('says what it is', () => {
    expect(single.capabilities.precision).toEqual(['f32']);
    expect(double.capabilities.precision).toEqual(['f64']);
    for (const engine of workers) expect(engine.capabilities.precision).toEqual(['f32']);
    const program = single.compile(layers(3, 1), measured);
    const { text, details } = program.explain();
    expect(details['precision']).toBe('f32');
    expect(text).toContain('four examples per vector');
    expect(double.compile(layers(3, 1), measured).explain().details['precision']).toBe('f64');
    // Twice the examples in a block of the same size.
    expect(single.compile(layers(9, 1), measured).estimateMemory()).toBeLessThan(
      1.5 * double.compile(layers(9, 1), measured).estimateMemory(),
    );
  });

  it.each(Array.from({ length: 33 }, (_, i) => i + 1))(
    'gives %i examples together the bits they have alone',
    (batch) => {
      const program = single.compile(layers(3, 2), measured);
      const { x, w } = values(3, 2, batch);
      const dy = Float64Array.from({ length: 2 * batch }, (_, i) => Math.cos(i));
      const y = program.run({ x, w });
      const gradients = program.vjp({ x, w }, dy, { perExample: true });
      for (let i = 0; i < batch; i++) {
        const one = { x: x.slice(3 * i, 3 * i + 3), w };
        expect(y.slice(2 * i, 2 * i + 2)).toEqual(program.run(one));
        const alone = program.vjp(one, dy.slice(2 * i, 2 * i + 2));
        expect(gradients.x.slice(3 * i, 3 * i + 3)).toEqual(alone.x);
        expectClose(gradients.w.slice(18 * i, 18 * i + 18), alone.w, 1e-6);
      }
    },
  );

  it.each([
    [2, 40],
    [5, 10],
    [8, 30],
    [10, 4],
  ])('of %i qubits and %i layers is within 2e-6 of double precision', (qubits, depth) => {
    const given = values(qubits, depth, 7);
    const on = qubits === 2 ? expval(Z(0)) : measured;
    const made = layers(qubits, depth);
    const y = double.compile(made, on).run(given);
    expectClose(single.compile(made, on).run(given), y, 2e-6);
    const dy = y.map((_, i) => Math.cos(i));
    for (const options of [{}, { perExample: true }, { squaredNorms: true }]) {
      const expected = double.compile(made, on).vjp(given, dy, options);
      const found = single.compile(made, on).vjp(given, dy, options);
      for (const slot of ['x', 'w'] as const)
        expectClose(found[slot], expected[slot], 2e-6, `${slot} ${JSON.stringify(options)}`);
    }
  });

  it('keeps its exponents where 600 rotations leave out the smallest cosines', () => {
    const made = circuit(3, { x: input(), w: weight([600]) }, (q, { x, w }) => {
      q.ry(x, 0);
      for (let i = 0; i < 600; i++)
        (i % 2 === 0 ? q.rx(w.at(i), i % 3) : q.ry(w.at(i), i % 3)).cnot(i % 3, (i + 1) % 3);
    });
    // Quarter turns of the Bloch sphere have the largest tangents, 1.
    const given = { x: [0.3, 0.4], w: new Float64Array(600).fill(Math.PI / 2 - 1e-3) };
    const y = double.compile(made, measured).run(given);
    expectClose(single.compile(made, measured).run(given), y, 2e-5);
    const g = double.compile(made, measured).vjp(given, [1, 2, 3, 4]);
    const h = single.compile(made, measured).vjp(given, [1, 2, 3, 4]);
    expectClose(h.w, g.w, 2e-5);
    expectClose(h.x, g.x, 2e-5);
  });

  it('has the same bits in workers', async () => {
    const given = values(3, 2, 150);
    const dy = Float64Array.from({ length: 300 }, (_, i) => Math.cos(i));
    const local = single.compile(layers(3, 2), measured);
    for (const engine of workers) {
      const program = engine.compile(layers(3, 2), measured);
      expect(await program.run(given)).toEqual(local.run(given));
      expect(await program.vjp(given, dy)).toEqual(local.vjp(given, dy));
    }
  });

  it('runs one state of many qubits', () => {
    const made = circuit(15, (q) => {
      q.h(0);
      for (let i = 1; i < 15; i++) q.cnot(i - 1, i);
      q.ry(0.3, 7);
    });
    expectClose(
      single.compile(made, probabilities([0, 7])).run(),
      double.compile(made, probabilities([0, 7])).run(),
      1e-6,
    );
  });

  it('is refused by another name', async () => {
    await expect(cpu({ precision: 'f16' } as unknown as CpuOptions)).rejects.toThrow(ValueError);
  });
});
