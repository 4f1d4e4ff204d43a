import {
  circuit,
  expval,
  hermitian,
  hermitianSlot,
  input,
  probabilities,
  state,
  weight,
  X,
  Z,
} from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { cpu, reference } from '@ketwork/simulator';
import { expectClose } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { exactRounding } from '../../src/cpu/arithmetic.ts';
import { keptPlans, planOf } from '../../src/cpu/plan.ts';
import type { Plan } from '../../src/cpu/plan.ts';

const engine = await cpu();

/** Built anew at every call. */
const ansatz = (angle = 0.3, name = 'w'): Circuit =>
  circuit(5, { x: input([5]), [name]: weight([10]) }, (q, slots) => {
    q.angleEmbedding(slots['x']!);
    for (let i = 0; i < 5; i++) {
      q.ry(slots[name]!.at(i), i).cnot(i, (i + 1) % 5);
      q.rx(slots[name]!.at(5 + i), i).rz(angle, i);
    }
  });
const numbers = (count: number, seed: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => Math.sin(seed + 1.7 * i));
const valuesOf = (seed: number, batch = 3): Record<string, Float64Array> => ({
  x: numbers(5 * batch, seed),
  w: numbers(10, seed + 0.5),
});

describe('plans', () => {
  it('are shared by circuits of equal operations, slots and measurements', () => {
    const plan = (c: Circuit, readsState = false): Plan =>
      planOf({ circuit: c, measurements: [expval(Z(0))], readsState, numerics: exactRounding });
    const first = plan(ansatz());
    expect(plan(ansatz()).modules).toBe(first.modules);
    expect(plan(ansatz()).lowered.elements).toBe(first.lowered.elements);
    expect(plan(ansatz()).lowered.angles).not.toBe(first.lowered.angles);
    for (const other of [
      plan(ansatz(0.4)),
      plan(ansatz(0.3, 'v')),
      plan(ansatz(), true),
      plan(JSON.parse(JSON.stringify(ansatz())) as Circuit),
      planOf({
        circuit: ansatz(),
        measurements: [expval(X(0))],
        readsState: false,
        numerics: exactRounding,
      }),
      planOf({
        circuit: ansatz(),
        measurements: [expval(Z(0))],
        readsState: false,
        numerics: { ...exactRounding, precision: 'f32' },
      }),
    ])
      expect(other.modules).not.toBe(first.modules);
  });

  it('serve programs that are alive at once, each with values of its own', () => {
    const measured = expval(Z(0), X(3));
    const dy = numbers(6, 2);
    const truth = [1, 2].map((seed) => {
      const program = reference().compile(ansatz(), measured);
      return { y: program.run(valuesOf(seed)), g: program.vjp(valuesOf(seed), dy) };
    });
    const [a, b] = [engine.compile(ansatz(), measured), engine.compile(ansatz(), measured)];
    for (let round = 0; round < 3; round++) {
      [a, b].forEach((program, i) => expectClose(program.run(valuesOf(i + 1)), truth[i]!.y, 1e-12));
      [b, a].forEach((program, i) => {
        const g = program.vjp(valuesOf(2 - i), dy);
        for (const name of ['x', 'w']) expectClose(g[name]!, truth[1 - i]!.g[name]!, 1e-12);
      });
    }
    a.dispose();
    expectClose(b.run(valuesOf(2)), truth[1]!.y, 1e-12);
    expect(() => a.run(valuesOf(1))).toThrow('disposed');
    const c = engine.compile(ansatz(), measured);
    expectClose(c.vjp(valuesOf(1), dy)['w']!, truth[0]!.g['w']!, 1e-12);
    expectClose(b.vjp(valuesOf(2), dy)['w']!, truth[1]!.g['w']!, 1e-12);
  });

  it('keep constants, slots of matrices and engines apart', async () => {
    const exact = await cpu({ reproducible: true });
    const single = await cpu({ precision: 'f32' });
    for (const angle of [0.3, 0.4, 0.3])
      for (const [on, tolerance] of [
        [engine, 1e-12],
        [exact, 1e-12],
        [single, 1e-5],
      ] as const) {
        const c = ansatz(angle);
        const expected = reference()
          .compile(c, probabilities([0, 4]))
          .run(valuesOf(3));
        expectClose(on.compile(c, probabilities([0, 4])).run(valuesOf(3)), expected, tolerance);
      }
    const prepared = (values: readonly number[]): Circuit =>
      circuit(2, (q) => q.prepare(values, [0, 1]).h(0));
    for (const values of [
      [1, 0, 0, 0],
      [0, 0, 0, 1],
    ]) {
      const c = prepared(values);
      expectClose(engine.compile(c, state()).run(), reference().compile(c, state()).run(), 1e-14);
    }
    const measured = circuit(1, { a: hermitianSlot(2) }, (q) => void q.h(0));
    const run = (a: readonly number[]): number =>
      engine.compile(measured, expval(hermitian(hermitianSlot('a', 2), [0]))).run({ a })[0]!;
    expect(run([1, 0, 0, 0, 0, 0, 3, 0])).toBeCloseTo(2, 14);
    expect(run([1, 0, 0, 0, 0, 0, 5, 0])).toBeCloseTo(3, 14);
  });

  it('of large states serve several programs too', () => {
    const make = (): Circuit =>
      circuit(14, { w: weight([14]) }, (q, { w }) => {
        for (let i = 0; i < 14; i++) q.ry(w.at(i), i).cnot(i, (i + 5) % 14);
        q.crz(0.7, 0, 13);
      });
    const [a, b] = [engine.compile(make(), expval(Z(3))), engine.compile(make(), expval(Z(3)))];
    const mean = (seed: number): Float64Array =>
      reference()
        .compile(make(), expval(Z(3)))
        .run({ w: numbers(14, seed) });
    expectClose(a.run({ w: numbers(14, 1) }), mean(1), 1e-12);
    expectClose(b.run({ w: numbers(14, 2) }), mean(2), 1e-12);
    const ga = a.vjp({ w: numbers(14, 1) }, [1]);
    a.dispose();
    const gb = b.vjp({ w: numbers(14, 1) }, [1]);
    expect(gb['w']).toEqual(ga['w']);
  });

  it('are kept up to a number', () => {
    const { limit } = keptPlans();
    for (let i = 0; i < limit + 20; i++) engine.compile(ansatz(1 + i), expval(Z(0)));
    expect(keptPlans().count).toBe(limit);
  });
});
