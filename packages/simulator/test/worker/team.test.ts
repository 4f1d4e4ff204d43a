import { createPool } from '@ketwork/base';
import {
  angle,
  circuit,
  expval,
  hermitian,
  input,
  probabilities,
  state,
  weight,
  X,
  Z,
} from '@ketwork/circuit';
import { cpu } from '@ketwork/simulator';
import type { AsyncEngine, Engine } from '@ketwork/simulator';
import { afterAll, describe, expect, it, vi } from 'vitest';
import type { Request, Response } from '../../src/worker/protocol.ts';
import { threadedBy } from '../../src/worker/threaded.ts';

const QUBITS = 17;
const local: Engine = await cpu();
const two: AsyncEngine = await cpu({ threads: 2 });
const three: AsyncEngine = await cpu({ threads: 3 });
afterAll(() => {
  for (const engine of [local, two, three]) engine.dispose();
});

const model = circuit(QUBITS, { x: input([2]), w: weight([2, QUBITS]) }, (q, { x, w }) => {
  for (let i = 0; i < QUBITS; i++) q.ry(w.at(0, i), i);
  for (let i = 0; i < QUBITS; i++) q.cnot(i, (i + 1) % QUBITS);
  q.rx(x.at(0), 0).rzz(x.at(1), 0, QUBITS - 1);
  for (let i = 0; i < QUBITS; i++) q.rx(w.at(1, i), i);
});
const measured = [expval(Z(0), X(3), Z(QUBITS - 1)), probabilities([0, QUBITS - 1])] as const;
const values = {
  x: [0.1, 0.2, -0.3, 0.4],
  w: Float64Array.from({ length: 2 * QUBITS }, (_, i) => Math.sin(i)),
};
const dy = [Float64Array.of(1, -2, 0.5, 0.3, 2, 1), Float64Array.of(1, 0, 0, 2, 0, 3, 0, 0)];

describe('a large state in several workers', () => {
  it('gives the bits of the synchronous engine', async () => {
    const here = local.compile(model, measured);
    for (const engine of [two, three]) {
      using there = engine.compile(model, measured);
      expect(there.explain().details).toMatchObject({ together: true });
      expect(await there.run(values)).toEqual(here.run(values));
      expect(await there.vjp(values, dy)).toEqual(here.vjp(values, dy));
      const options = { perExample: true, wrt: ['w'] } as const;
      expect(await there.vjp(values, dy, options)).toEqual(here.vjp(values, dy, options));
    }
  });

  it('gives the bits of the synchronous engine in single precision', async () => {
    const alone = await cpu({ precision: 'f32' });
    const here = alone.compile(model, measured);
    expect(here.explain().details).toMatchObject({ regime: 'large state', precision: 'f32' });
    for (const threads of [1, 2, 3]) {
      const engine = await cpu({ precision: 'f32', threads });
      const there = engine.compile(model, measured);
      if (threads > 1) expect(there.explain().details).toMatchObject({ together: true });
      expect(await there.run(values)).toEqual(here.run(values));
      expect(await there.vjp(values, dy)).toEqual(here.vjp(values, dy));
      const whole = engine.compile(model, state());
      expect(await whole.run(values)).toEqual(alone.compile(model, state()).run(values));
      engine.dispose();
    }
    alone.dispose();
  });

  it('takes calls of several programs at the same time, in order', async () => {
    const other = circuit(16, { w: weight([16]) }, (q, { w }) => {
      for (let i = 0; i < 16; i++) q.rx(w.at(i), i).cnot(i, (i + 5) % 16);
    });
    const given = { w: values.w.subarray(0, 16) };
    const a = two.compile(model, measured);
    const b = two.compile(other, expval(Z(2)));
    const calls = Array.from({ length: 4 }, () => [a.run(values), b.run(given)] as const).flat();
    const results = await Promise.all(calls);
    const wanted = [
      local.compile(model, measured).run(values),
      local.compile(other, expval(Z(2))).run(given),
    ];
    results.forEach((result, i) => expect(result).toEqual(wanted[i % 2]));
  });

  it('writes into out', async () => {
    const out = new Float64Array(2);
    const there = two.compile(model, expval(Z(0)));
    expect(await there.run(values, { out })).toBe(out);
    expect(out).toEqual(local.compile(model, expval(Z(0))).run(values));
  });

  it('falls back to one worker for read-outs that need the whole state', async () => {
    const matrix = hermitian([1, 0, 0, 0, 0, 0, -1, 0], [0]);
    const there = two.compile(model, expval(matrix));
    expect(await there.run(values)).toEqual(local.compile(model, expval(matrix)).run(values));
    expect(there.explain().details).toMatchObject({ together: false });
  });

  it('reports an error of the work itself, and works on', async () => {
    const risky = circuit(QUBITS, { w: weight([]) }, (q, { w }) => q.rx(angle.asin(w.at()), 0));
    const there = two.compile(risky, expval(Z(0)));
    await expect(there.run({ w: [2] })).rejects.toThrow(/angle/);
    expect(await there.run({ w: [0.5] })).toEqual(
      local.compile(risky, expval(Z(0))).run({ w: [0.5] }),
    );
  });

  it('stops when aborted, and works on', async () => {
    const there = two.compile(model, measured);
    const wanted = await there.run(values);
    const many = { x: new Float64Array(400), w: values.w };
    const reason = new Error('enough');
    await expect(there.run(values, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    for (const delay of [0, 10, 40]) {
      const later = new AbortController();
      const call = there.run(many, { signal: later.signal });
      setTimeout(() => later.abort(reason), delay);
      await expect(call).rejects.toBe(reason);
      expect(await there.run(values)).toEqual(wanted);
    }
  });

  it('runs in one worker where pages may not share memory', async () => {
    vi.stubGlobal('crossOriginIsolated', false);
    const there = two.compile(model, measured);
    vi.unstubAllGlobals();
    expect(there.explain().details).toMatchObject({ together: false });
    expect(await there.run(values)).toEqual(local.compile(model, measured).run(values));
  });
});

describe('a worker that dies while others wait for it', () => {
  const mortal = async (meetings: number): Promise<{ engine: AsyncEngine; fuse: Int32Array }> => {
    const fuse = new Int32Array(new SharedArrayBuffer(4));
    const pool = createPool<Request, Response>({
      url: new URL('./mortal-worker.ts', import.meta.url),
      size: 2,
      workerData: { engine: 'cpu', options: undefined, fuse },
    });
    const engine = await threadedBy(pool, 0);
    fuse[0] = meetings;
    return { engine, fuse };
  };

  it.each([1, 2, 5, 8])('is replaced and the call repeated: at meeting %i', async (meetings) => {
    const { engine, fuse } = await mortal(meetings);
    using program = engine.compile(model, measured);
    const wanted = local.compile(model, measured).run(values);
    expect(await program.run(values)).toEqual(wanted);
    expect(fuse[0]).toBe(0);
    expect(await program.run(values)).toEqual(wanted);
    engine.dispose();
  });
});
