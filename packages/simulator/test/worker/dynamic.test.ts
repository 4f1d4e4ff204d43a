import {
  circuit,
  counts,
  expval,
  hermitianSlot,
  input,
  probabilities,
  successProbability,
  weight,
  X,
  Z,
} from '@ketwork/circuit';
import { cpu, hosted, reference } from '@ketwork/simulator';
import type { AsyncEngine, Engine } from '@ketwork/simulator';
import { expectClose, Random } from '@ketwork/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { threaded } from '../../src/worker/threaded.ts';

const model = circuit(2, { x: input([2]), w: weight([3]) }, (q, { x, w }) =>
  q
    .ry(x.at(0), 0)
    .rx(x.at(1), 1)
    .measure(0, 0)
    .if(
      0,
      (then) => then.rot(w.at(0), w.at(1), w.at(2), 1),
      (otherwise) => otherwise.reset(1),
    )
    .cnot(1, 0)
    .ry(0.9, 0)
    .measure(0, 1, { postselect: 1 }),
);
const list = [expval(X(1), Z(1)), probabilities({ bits: [0] }), successProbability()] as const;
const batch = 150;
const random = new Random(3);
const values = { x: random.normals(2 * batch), w: random.normals(3) };
const dy = [random.normals(2 * batch), random.normals(2 * batch), random.normals(batch)];

describe('measurements and feedback in workers', () => {
  let here: Engine;
  const engines: AsyncEngine[] = [];
  let measured: AsyncEngine;
  beforeAll(async () => {
    here = await cpu();
    // Every batch is worth cutting.
    measured = await threaded(2, 1e-3);
    engines.push(await hosted({ engine: 'cpu' }), await threaded(2, 1e-9));
  });
  afterAll(() => [measured, ...engines].forEach((engine) => engine.dispose()));

  it('have the same bits as in this thread', async () => {
    const program = here.compile(model, list);
    const results = program.run(values);
    const gradients = program.vjp(values, dy);
    const drawn = here.compile(model, counts(50, { bits: [0, 1] })).run(values, { seed: 9 });
    for (const engine of engines) {
      const there = engine.compile(model, list);
      expect(await there.run(values)).toEqual(results);
      expect(await there.vjp(values, dy)).toEqual(gradients);
      const shots = engine.compile(model, counts(50, { bits: [0, 1] }));
      expect(await shots.run(values, { seed: 9 })).toEqual(drawn);
    }
  });

  it('names examples as in the whole batch', async () => {
    const last = circuit(1, { x: input([]) }, (q, { x }) =>
      q.ry(x.at(), 0).measure(0, 0, { postselect: 1 }),
    );
    const x = new Float64Array(batch).fill(1);
    x[140] = 0;
    for (const engine of engines) {
      await expect(engine.compile(last, expval(Z(0))).run({ x })).rejects.toThrow(
        /^the post-selections of example 140 hold/,
      );
    }
  });

  it('counts the qubits of deferred measurements', async () => {
    const again = circuit(1, { w: weight([]) }, (q, { w }) => {
      for (let bit = 0; bit < 13; bit++) q.ry(w.at(), 0).measure(0, bit);
      q.h(0);
    });
    const state = 16 * 2 ** 14;
    const inside = here.compile(again, expval(Z(0)));
    expect(inside.estimateMemory()).toBeGreaterThanOrEqual(state);
    for (const engine of engines) {
      const there = engine.compile(again, expval(Z(0)));
      expect(there.estimateMemory()).toBeGreaterThanOrEqual(state);
      expect(there.estimateMemory(1, { gradient: true })).toBeGreaterThanOrEqual(3 * state);
      // Drawn by trajectories, which stay on one qubit.
      expect(engine.compile(again, counts(2)).estimateMemory()).toBeLessThan(state);
    }
    const kept = circuit(1, (q) => {
      for (let bit = 0; bit < 10; bit++) q.ry(0.3, 0).measure(0, bit, { postselect: 0 });
    });
    for (const engine of engines) {
      const there = engine.compile(kept, expval(Z(0)));
      expect(there.estimateMemory()).toBeLessThan(1000);
      expect(there.estimateMemory(1, { gradient: true })).toBeGreaterThan(16 * 2 ** 10);
    }
    for (const [engine, bytes] of [
      ['density-matrix', 8 * 4 ** 4],
      ['reference', 16 * 4 ** 3 * 2],
    ] as const) {
      using other = await hosted({ engine });
      const fed = circuit(3, (q) =>
        q
          .h(0)
          .measure(0, 0)
          .if(0, (then) => then.x(1)),
      );
      expect(other.compile(fed, expval(Z(1))).estimateMemory()).toBeGreaterThanOrEqual(bytes);
    }
  });

  it('evolves under a matrix of a slot behind a post-selection', async () => {
    const selected = circuit(2, { a: hermitianSlot(2), x: input([]) }, (q, { a, x }) =>
      q.ry(x.at(), 0).cnot(0, 1).measure(0, 0, { postselect: 1 }).evolution(a, 0.4, [0]),
    );
    const given = {
      a: Float64Array.from({ length: 3 * 8 }, (_, i) => [1, 0, 0.4, 0.3, 0.4, -0.3, 0, 0][i % 8]!),
      x: [0.4, 0.8, 2],
    };
    const judged = reference().compile(selected, expval(Z(0)));
    const weights = Float64Array.of(1, -2, 0.5);
    for (const engine of [here, ...engines]) {
      const program = engine.compile(selected, expval(Z(0)));
      expectClose(await program.run(given), judged.run(given), 1e-12);
      const found = await program.vjp(given, weights, { wrt: ['x'] });
      expectClose(found.x, judged.vjp(given, weights, { wrt: ['x'] }).x, 1e-12);
    }
  });

  it('takes the deferred circuit for the size of the work', () => {
    const light = circuit(1, { x: input([]) }, (q, { x }) => q.ry(x.at(), 0).measure(0, 0));
    const heavy = circuit(1, { x: input([]) }, (q, { x }) => {
      for (let bit = 0; bit < 12; bit++) q.ry(x.at(), 0).measure(0, bit);
      q.h(0);
    });
    const from = (c: typeof light): number =>
      Number(measured.compile(c, expval(Z(0))).explain().details['splitFrom']);
    expect(from(heavy)).toBeLessThan(from(light) / 10);
    const wide = circuit(12, (q) => {
      for (let i = 0; i < 12; i++) q.h(i).measure(i, i).h(i);
    });
    const all = expval(...Array.from({ length: 12 }, (_, i) => Z(i)));
    expect(measured.compile(wide, all).explain().details['together']).toBe(true);
  });

  it('refuses at compile what cannot be deferred or cut', () => {
    const long = circuit(1, (q) => {
      for (let bit = 0; bit < 40; bit++) q.ry(0.1 * bit, 0).measure(0, bit);
      q.h(0);
    });
    const eleven = Array.from({ length: 11 }, (_, i) => i);
    const large = circuit(11, { a: hermitianSlot(2 ** 11) }, (q, { a }) =>
      q.h(0).measure(0, 0).reset(0).evolution(a, 0.4, eleven),
    );
    for (const engine of [here, ...engines]) {
      expect(() => engine.compile(long, expval(Z(0)))).toThrow(/needs 41 qubits.*trajectories/);
      expect(() => engine.compile(large, expval(Z(0)))).toThrow(
        /^operation 3: .*11 qubits.*trotter/,
      );
    }
  });

  it('runs large states together', async () => {
    const wide = circuit(16, { w: weight([16]) }, (q, { w }) => {
      for (let i = 0; i < 16; i++) q.ry(w.at(i), i);
      for (let i = 0; i < 15; i++) q.cnot(i, i + 1);
      q.measure(3, 0)
        .h(3)
        .if(0, (then) => then.ry(0.4, 8))
        .measure(5, 1, { postselect: 0 });
      for (let i = 0; i < 15; i++) q.cz(i, i + 1).ry(0.3, i);
    });
    const all = expval(...Array.from({ length: 16 }, (_, i) => Z(i).add(X(i))));
    const w = new Random(1).normals(16);
    const program = here.compile(wide, all);
    const result = program.run({ w });
    const weights = new Random(2).normals(16);
    const gradient = program.vjp({ w }, weights);
    const there = engines[1]!.compile(wide, all);
    expect(await there.run({ w })).toEqual(result);
    expect(await there.vjp({ w }, weights)).toEqual(gradient);
  });
});
