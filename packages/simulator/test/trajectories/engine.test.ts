import { KetworkError, UnsupportedError, ValueError } from '@ketwork/base';
import {
  circuit,
  counts,
  expval,
  input,
  probabilities,
  samples,
  state,
  successProbability,
  variance,
  weight,
  X,
  Z,
} from '@ketwork/circuit';
import { hosted, reference, trajectories } from '@ketwork/simulator';
import { expectClose } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';

const noisy = circuit(3, { x: input([2]), w: weight([3]) }, (q, { x, w }) => {
  q.ry(x.at(0), 0).depolarizing(0.1, 0).cnot(0, 1).depolarizing(0.1, [0, 1]);
  q.ry(x.at(1), 1).ry(w.at(0), 2).cnot(1, 2).bitFlip(0.1, 2).rx(w.at(1), 0).ry(w.at(2), 1);
});
const damped = circuit(3, { x: input([2]), w: weight([3]) }, (q, { x, w }) => {
  q.ry(x.at(0), 0).amplitudeDamping(0.2, 0).cnot(0, 1).depolarizing(0.1, [0, 1]);
  q.ry(x.at(1), 1)
    .ry(w.at(0), 2)
    .measure(1, 0)
    .if(0, (b) => b.x(2));
  q.cnot(1, 2).reset(0).rx(w.at(1), 0).ry(w.at(2), 1);
});
const values = { x: [0.3, 1.2, -0.4, 0.9], w: [0.5, 1.1, -0.8] };
const read = [expval(Z(0), X(1).add(Z(2))), variance(Z(1)), probabilities([2, 0])] as const;

describe('trajectories()', () => {
  it('teleports a state and counts the outcomes', async () => {
    const teleport = circuit(3, (q) =>
      q
        .ry(0.9, 0)
        .h(1)
        .cnot(1, 2)
        .cnot(0, 1)
        .h(0)
        .measure(0, 0)
        .measure(1, 1)
        .if(1, (b) => b.x(2))
        .if(0, (b) => b.z(2)),
    );
    const engine = await trajectories({ trajectories: 200 });
    const { values: z, errors, kept } = engine.compile(teleport, expval(Z(2))).runWithErrors();
    expect(z[0]).toBeCloseTo(Math.cos(0.9), 12);
    expect(errors[0]).toBeLessThan(1e-7);
    expect([...kept]).toEqual([200]);
    const [record] = engine.compile(teleport, counts(4000, { bits: [0, 1] })).run({}, { seed: 1 });
    for (const bits of ['00', '01', '10', '11'])
      expect(Math.abs(record![bits]! - 1000)).toBeLessThan(5 * Math.sqrt(750));
  });

  it('repeats until success, within bounds', async () => {
    // Flip a coin until it shows 1, at most 3 times more.
    const coin = circuit(1, (q) =>
      q
        .h(0)
        .measure(0, 0)
        .while({ bits: [0], value: 0 }, 3, (b) => b.h(0).measure(0, 0)),
    );
    const engine = await trajectories({ trajectories: 8000 });
    const { values: p, errors } = engine
      .compile(coin, probabilities({ bits: [0] }))
      .runWithErrors();
    expect(Math.abs(p[0]! - 1 / 16)).toBeLessThan(4 * errors[0]!);
    expect(errors[0]).toBeCloseTo(Math.sqrt(((1 / 16) * (15 / 16)) / 8000), 3);
  });

  it('discards what a post-selection does not keep', async () => {
    const kept = circuit(2, (q) => q.ry(1, 0).cnot(0, 1).measure(0, 0, { postselect: 1 }));
    const engine = await trajectories({ trajectories: 3000, seed: 2 });
    const program = engine.compile(kept, [expval(Z(1)), successProbability()]);
    const { values: found, errors, kept: number } = program.runWithErrors();
    expect(found[0][0]).toBeCloseTo(-1, 12);
    const p = Math.sin(0.5) ** 2;
    expect(number[0]).toBe(Math.round(found[1][0]! * 3000));
    expect(Math.abs(found[1][0]! - p)).toBeLessThan(4 * errors[1][0]!);
    expect(errors[1][0]).toBeCloseTo(Math.sqrt((p * (1 - p)) / 3000), 3);
    const rows = engine.compile(kept, samples(500, { bits: [0] })).run();
    expect(rows.length).toBe(500);
    expect(rows.every((bit) => bit === 1)).toBe(true);
    const never = circuit(1, (q) => q.measure(0, 0, { postselect: 1 }));
    expect(() => engine.compile(never, expval(Z(0))).run()).toThrow(
      'none of 3000 trajectories passed the post-selections',
    );
    expect(() => engine.compile(never, counts(10)).run()).toThrow(ValueError);
    expect([...engine.compile(never, successProbability()).run()]).toEqual([0]);
  });

  it('runs 22 qubits', async () => {
    const n = 22;
    const large = circuit(n, (q) => {
      for (let i = 0; i < n; i++) q.h(i);
      for (let i = 0; i + 1 < n; i++) q.cz(i, i + 1);
      q.amplitudeDamping(0.5, 3).measure(7, 0);
    });
    const engine = await trajectories({ trajectories: 2 });
    const { values: found, kept } = engine.compile(large, expval(Z(7), X(15))).runWithErrors();
    expect([...kept]).toEqual([2]);
    // Qubit 7 was measured; the neighbours of qubit 15 leave it without a mean.
    expect(Math.abs(Math.abs(found[0]!) - 1) < 1e-12 || Math.abs(found[0]!) < 1e-12).toBe(true);
    expect(Math.abs(found[1]!)).toBeLessThan(1e-12);
  });

  it('refuses what it cannot do', async () => {
    const engine = await trajectories();
    expect(() => engine.compile(noisy, state())).toThrow(UnsupportedError);
    const filter = circuit(1, (q) =>
      q.linear(
        [
          [1, 0],
          [0, 0.5],
        ],
        [0],
      ),
    );
    expect(() => engine.compile(filter, expval(Z(0)))).toThrow('not unitary');
    const tree = engine.compile(damped, expval(Z(0)));
    expect(() => tree.vjp(values, [1, 1])).toThrow('parameter-shift');
    const shots = engine.compile(noisy, expval(Z(0)), { shots: 10 });
    expect(() => shots.vjp(values, [1, 1])).toThrow(UnsupportedError);
    expect(() => shots.runWithErrors(values)).toThrow('no standard errors');
    const rate = circuit(1, { p: weight([]) }, (q, { p }) => q.bitFlip(p.at(), 0));
    const ofRate = engine.compile(rate, expval(Z(0)));
    expect(() => ofRate.vjp({ p: [0.2] }, [1])).toThrow("depend on slot 'p'");
    expect(() => ofRate.run({ p: [1.2] })).toThrow(ValueError);
    for (const wrong of [0, -1, 1.5, NaN])
      await expect(trajectories({ trajectories: wrong })).rejects.toThrow(ValueError);
    await expect(trajectories({ threads: -1 })).rejects.toThrow(ValueError);
    await expect(trajectories({ seed: 0.5 })).rejects.toThrow(ValueError);
    tree.dispose();
    expect(() => tree.run(values)).toThrow(KetworkError);
    engine.dispose();
    expect(() => engine.compile(noisy, expval(Z(0)))).toThrow(KetworkError);
  });

  it('explains itself and writes into arrays that are given', async () => {
    const engine = await trajectories({ trajectories: 30 });
    expect(engine.compile(noisy, expval(Z(0))).explain().details).toMatchObject({
      engine: 'trajectories',
      regime: 'signs',
      trajectories: 30,
    });
    const program = engine.compile(damped, expval(Z(0)));
    expect(program.explain().details['regime']).toBe('tree');
    expect(program.estimateMemory(2)).toBeGreaterThan(1000);
    const out = new Float64Array(2);
    expect(program.run(values, { out })).toBe(out);
    expect(out).toEqual(program.run(values));
    expect(() => program.run(values, { out: new Float64Array(3) })).toThrow(ValueError);
  });

  it('has the probabilities of channels as slots', async () => {
    const rate = circuit(2, { p: input([]) }, (q, { p }) => q.bitFlip(p.at(), 0).cnot(0, 1));
    const engine = await trajectories({ trajectories: 4000 });
    const { values: z, errors } = engine
      .compile(rate, expval(Z(1)))
      .runWithErrors({ p: [0, 0.2, 1] });
    expect(z[0]).toBe(1);
    expect(Math.abs(z[1]! - 0.6)).toBeLessThan(4 * errors[1]!);
    expect(z[2]).toBe(-1);
  });
});

describe('trajectories in workers', () => {
  it('give the same bits for any number of workers', async () => {
    const options = { trajectories: 900, seed: 5 };
    const local = await trajectories(options);
    for (const threads of [2, 3]) {
      const engine = await trajectories({ ...options, threads });
      for (const made of [noisy, damped]) {
        const here = local.compile(made, read).runWithErrors(values);
        const program = engine.compile(made, read);
        expect(await program.runWithErrors(values)).toEqual(here);
        expect(await program.run(values)).toEqual(here.values);
      }
      engine.dispose();
    }
  });

  it('draw the same shots and have the same gradients', async () => {
    const engine = await trajectories({ trajectories: 300, threads: 2 });
    const local = await trajectories({ trajectories: 300 });
    const drawn = await engine.compile(damped, samples(70)).run(values, { seed: 3 });
    expect(drawn).toEqual(local.compile(damped, samples(70)).run(values, { seed: 3 }));
    const gradients = await engine.compile(noisy, expval(Z(0))).vjp(values, [1, 2]);
    expect(gradients).toEqual(local.compile(noisy, expval(Z(0))).vjp(values, [1, 2]));
    const jacobian = await engine.compile(noisy, expval(Z(1))).jacobian(values);
    expect(jacobian).toEqual(local.compile(noisy, expval(Z(1))).jacobian(values));
    const program = engine.compile(noisy, expval(Z(0)));
    await expect(program.run({ x: [1], w: [1, 2, 3] })).rejects.toThrow(ValueError);
    expect(program.explain().details['workers']).toBe(2);
    engine.dispose();
  });

  it('can be hosted', async () => {
    const engine = await hosted({ engine: 'trajectories', options: { trajectories: 4000 } });
    const means = await engine.compile(noisy, expval(Z(0))).run(values);
    expectClose(
      means,
      reference()
        .compile(noisy, expval(Z(0)))
        .run(values),
      0.08,
    );
    engine.dispose();
  });
});
