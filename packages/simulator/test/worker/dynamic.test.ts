import {
  circuit,
  counts,
  expval,
  input,
  probabilities,
  successProbability,
  weight,
  X,
  Z,
} from '@ketwork/circuit';
import { cpu, hosted } from '@ketwork/simulator';
import type { AsyncEngine, Engine } from '@ketwork/simulator';
import { Random } from '@ketwork/testing';
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
  beforeAll(async () => {
    here = await cpu();
    // Every batch is worth cutting.
    engines.push(await hosted({ engine: 'cpu' }), await threaded(2, 1e-9));
  });
  afterAll(() => engines.forEach((engine) => engine.dispose()));

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
