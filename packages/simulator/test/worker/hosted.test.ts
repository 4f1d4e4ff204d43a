import { CircuitError, EnvironmentError, UnsupportedError, ValueError } from '@ketwork/base';
import {
  angle,
  circuit,
  counts,
  expval,
  input,
  probabilities,
  samples,
  state,
  weight,
  X,
  Z,
} from '@ketwork/circuit';
import type { AsyncEngine } from '@ketwork/simulator';
import { cpu, hosted, reference } from '@ketwork/simulator';
import type { Engine } from '@ketwork/simulator';
import type { Pool } from '@ketwork/base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostedBy } from '../../src/worker/hosted.ts';
import type { Request, Response } from '../../src/worker/protocol.ts';

const model = circuit(2, { x: input([2]), w: weight([2]) }, (q, { x, w }) =>
  q.rx(x.at(0), 0).ry(x.at(1), 1).cnot(0, 1).rot(w.at(0), w.at(1), 0.3, 0),
);
const values = { x: Float64Array.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6), w: Float64Array.of(0.7, 0.8) };

describe.each([
  { name: 'reference', create: (): Engine => reference() },
  { name: 'cpu', create: (): Promise<Engine> => cpu() },
])('hosted $name', ({ name, create }) => {
  let engine: AsyncEngine;
  let local: Engine;
  beforeAll(async () => {
    engine = await hosted({ engine: name });
    local = await create();
  });
  afterAll(() => {
    engine.dispose();
    local.dispose();
  });

  it('says what it hosts', () => {
    expect([engine.name, engine.synchronous]).toEqual([name, false]);
    expect(engine.capabilities).toEqual(local.capabilities);
  });

  it('gives the results and gradients of the engine itself', async () => {
    const list = [expval(Z(0), X(1)), probabilities()] as const;
    const here = local.compile(model, list);
    using there = engine.compile(model, list);
    expect(there.outputShapes).toEqual(here.outputShapes);
    expect(await there.run(values)).toEqual(here.run(values));
    const dy = [Float64Array.of(1, 2, 3, 4, 5, 6), undefined];
    for (const options of [
      {},
      { perExample: true },
      { squaredNorms: true },
      { wrt: ['w'] },
    ] as const) {
      expect(await there.vjp(values, dy, options)).toEqual(here.vjp(values, dy, options));
    }
    expect(await there.jacobian(values, { wrt: ['x'] })).toEqual(
      here.jacobian(values, { wrt: ['x'] }),
    );
    // Nothing of the caller's was moved away.
    expect([values.x.length, values.w.length, dy[0]!.length]).toEqual([6, 2, 6]);
  });

  it('draws the same shots', async () => {
    const list = [samples(20), counts(30)] as const;
    const there = await engine.compile(model, list).run(values, { seed: 9 });
    expect(there).toEqual(local.compile(model, list).run(values, { seed: 9 }));
  });

  it('keeps programs apart and answers calls in flight together', async () => {
    const programs = [0.1, 0.2, 0.3].map((t) =>
      engine.compile(
        circuit(1, (q) => q.ry(t, 0)),
        expval(Z(0)),
      ),
    );
    const results = await Promise.all(programs.flatMap((p) => [p.run(), p.run()]));
    expect(results.map((r) => r[0]!.toFixed(6))).toEqual(
      [0.1, 0.1, 0.2, 0.2, 0.3, 0.3].map((t) => Math.cos(t).toFixed(6)),
    );
    for (const p of programs) p.dispose();
  });

  it('writes into out and takes views of larger arrays', async () => {
    const program = engine.compile(model, expval(Z(0)));
    const big = new Float64Array(100).fill(0.5);
    const out = new Float64Array(3);
    const result = await program.run({ x: big.subarray(3, 9), w: [0.1, 0.2] }, { out });
    expect(result).toBe(out);
    expect(out).toEqual(
      local.compile(model, expval(Z(0))).run({ x: new Float64Array(6).fill(0.5), w: [0.1, 0.2] }),
    );
    expect(big.length).toBe(100);
    await expect(program.run(values, { out: new Float64Array(2) })).rejects.toThrow(
      "'out' has 2 numbers",
    );
  });

  it('refuses circuits at compile, here, and values in the worker, with class and message', async () => {
    expect(() => engine.compile(model, expval(Z(5)))).toThrow(CircuitError);
    expect(() =>
      engine.compile(
        circuit(1, (q) => q.reset(0)),
        state(),
      ),
    ).toThrow(UnsupportedError);
    const program = engine.compile(model, expval(Z(0)));
    const failed = program.run({ x: [1, Number.NaN], w: [1, 2] });
    await expect(failed).rejects.toBeInstanceOf(ValueError);
    await expect(failed).rejects.toThrow("slot 'x' holds NaN at index 1");
    const bad = circuit(1, { x: input([]) }, (q, { x }) => q.h(0).rx(angle.log(x.at()), 0));
    await expect(engine.compile(bad, expval(Z(0))).run({ x: [-1] })).rejects.toMatchObject({
      code: 'VALUE',
      operation: 1,
    });
  });

  it('refuses disposed programs and engines that do not exist', async () => {
    const program = engine.compile(model, expval(Z(0)));
    program.dispose();
    await expect(program.run(values)).rejects.toThrow('disposed');
    await expect(hosted({ engine: 'abacus' })).rejects.toThrow("there is no engine 'abacus'");
  });

  it('counts memory with batch and gradients', () => {
    const program = engine.compile(model, expval(Z(0)));
    expect(program.estimateMemory(2)).toBeGreaterThan(program.estimateMemory(1));
    expect(program.estimateMemory(2, { gradient: true })).toBeGreaterThan(
      program.estimateMemory(2),
    );
    expect(program.explain().text).toContain('worker');
  });

  it('ends calls when disposed', async () => {
    const short = await hosted({ engine: name });
    const program = short.compile(model, expval(Z(0)));
    const pending = program.run(values);
    short.dispose();
    await expect(pending).rejects.toBeInstanceOf(EnvironmentError);
    await expect(program.run(values)).rejects.toBeInstanceOf(EnvironmentError);
  });
});

describe('a worker that dies', () => {
  /** A pool whose worker forgets its programs, as if it had been replaced, and fails the calls numbered in `deaths`. */
  function mortal(deaths: readonly number[]): { pool: Pool<Request, Response>; log: string[] } {
    const engine = reference();
    const log: string[] = [];
    let programs = new Map<number, ReturnType<typeof engine.compile>>();
    let restarts = 0;
    let calls = 0;
    const answer = async (request: Request): Promise<Response> => {
      log.push(
        request.type === 'call' && request.spec !== undefined ? 'call with spec' : request.type,
      );
      switch (request.type) {
        case 'describe':
          return { type: 'description', name: engine.name, capabilities: engine.capabilities };
        case 'dispose':
          return { type: 'done' };
        case 'compile':
          programs.set(
            request.program,
            engine.compile(request.spec.circuit, request.spec.measurements),
          );
          return { type: 'done' };
        case 'call': {
          if (deaths.includes(calls++)) {
            programs = new Map();
            restarts++;
            throw new EnvironmentError('a worker exited with code 1');
          }
          if (request.spec !== undefined) {
            programs.set(
              request.program,
              engine.compile(request.spec.circuit, request.spec.measurements),
            );
          }
          const program = programs.get(request.program);
          if (program === undefined) return { type: 'missing' };
          return { type: 'result', result: program.run(request.call.arguments[0] as never) };
        }
      }
    };
    const worker = {
      get restarts() {
        return restarts;
      },
      run: answer,
    };
    return {
      pool: { size: 1, run: answer, worker: () => worker, dispose() {}, [Symbol.dispose]() {} },
      log,
    };
  }

  it('is replaced: the program is compiled anew and the call repeated', async () => {
    const { pool, log } = mortal([1]);
    const program = (await hostedBy(pool)).compile(model, expval(Z(0)));
    const first = await program.run(values);
    expect(await program.run(values)).toEqual(first);
    expect(log).toEqual(['describe', 'compile', 'call', 'call', 'call', 'call with spec']);
  });

  it('fails the call when the next one dies too', async () => {
    const { pool } = mortal([0, 1]);
    const program = (await hostedBy(pool)).compile(model, expval(Z(0)));
    await expect(program.run(values)).rejects.toThrow('exited with code 1');
    expect((await program.run(values)).length).toBe(3);
  });
});
