import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import {
  CircuitError,
  createPool,
  EnvironmentError,
  KetworkError,
  UnsupportedError,
  ValueError,
  workerUrl,
  type Pool,
} from '../src/index.ts';
import type { Task } from './pool.worker.ts';

const url = workerUrl(new URL('./pool.worker.js', import.meta.url), import.meta.url);
const pools: Disposable[] = [];
function open(size: number, workerData?: unknown): Pool<Task> {
  const pool = createPool<Task>({ url, size, workerData });
  pools.push(pool);
  return pool;
}
afterEach(() => {
  for (const pool of pools.splice(0)) pool[Symbol.dispose]();
});

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.unreachable('the call succeeded'),
    (error: Error) => error,
  );
}

describe('a pool', () => {
  it('answers many calls, each its own', async () => {
    const pool = open(2);
    const calls = Array.from({ length: 40 }, (_, i) =>
      pool.run({ do: 'sum', numbers: Float64Array.of(i, 1) }),
    );
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  });

  it('runs calls side by side and fills free workers first', async () => {
    const pool = open(2);
    await Promise.all([pool.worker(0).run({ do: 'count' }), pool.worker(1).run({ do: 'count' })]);
    let longDone = false;
    const long = pool.run({ do: 'wait', milliseconds: 400 }).then(() => (longDone = true));
    for (let i = 0; i < 5; i++) await pool.run({ do: 'count' });
    expect(longDone).toBe(false);
    await long;
  });

  it('moves buffers there and back', async () => {
    const pool = open(1);
    const numbers = Float64Array.of(1, 2, 3);
    expect(await pool.run({ do: 'double', numbers }, [numbers.buffer])).toEqual(
      Float64Array.of(2, 4, 6),
    );
    expect(numbers.length).toBe(0);
  });

  it('gives every worker a copy of its data', async () => {
    const pool = open(2, { seed: 7 });
    expect(await pool.worker(0).run({ do: 'data' })).toEqual({ seed: 7 });
    expect(await pool.worker(1).run({ do: 'data' })).toEqual({ seed: 7 });
  });

  it('keeps state by place', async () => {
    const pool = open(2);
    const [first, second] = [pool.worker(0), pool.worker(1)];
    const calls = [first, first, second, first].map((worker) => worker.run({ do: 'count' }));
    expect(await Promise.all(calls)).toEqual([1, 2, 1, 3]);
    expect(() => pool.worker(2)).toThrow("worker 2 is not one of the pool's. Use 0 to 1");
  });

  it('checks its options', () => {
    expect(() => createPool({ url, size: 0 })).toThrow(ValueError);
    expect(() => createPool({ url, size: 1.5 })).toThrow('pool size 1.5');
    expect(() => createPool({ url: './x.js' as unknown as URL, size: 1 })).toThrow(ValueError);
  });
});

describe('errors from a worker', () => {
  it('keep class, code, operation and remedy', async () => {
    const error = (await failureOf(open(1).run({ do: 'fail', how: 'circuit' }))) as CircuitError;
    expect(error).toBeInstanceOf(CircuitError);
    expect(error.message).toBe('operation 3: qubit 5 is out of range. Use qubits 0 to 3');
    expect(error).toMatchObject({
      name: 'CircuitError',
      code: 'CIRCUIT',
      operation: 3,
      remedy: 'Use qubits 0 to 3',
    });
    expect(error.stack).toContain('pool.worker');
  });

  it('keep causes, codes of their own and built-in classes', async () => {
    const pool = open(1);
    const unsupported = await failureOf(pool.run({ do: 'fail', how: 'unsupported' }));
    expect(unsupported).toBeInstanceOf(UnsupportedError);
    expect(unsupported.cause).toBeInstanceOf(TypeError);
    expect((unsupported.cause as Error).message).toBe('deeper');
    const custom = await failureOf(pool.run({ do: 'fail', how: 'custom' }));
    expect(custom).toBeInstanceOf(KetworkError);
    expect(custom).toMatchObject({
      code: 'MINE',
      message: 'operation 0: oh',
      operation: 0,
      name: 'KetworkError',
    });
    expect(await failureOf(pool.run({ do: 'fail', how: 'range' }))).toStrictEqual(
      new RangeError('too far'),
    );
    expect(await failureOf(pool.run({ do: 'fail', how: 'text' }))).toBe('just text');
    expect((await failureOf(pool.run({ do: 'fail', how: 'circle' }))).message).toBe('round');
  });

  it('leave the worker alive', async () => {
    const pool = open(1);
    await pool.run({ do: 'count' });
    await failureOf(pool.run({ do: 'fail', how: 'circuit' }));
    expect((await failureOf(pool.run({ do: 'unsendable' }))).name).toBe('DataCloneError');
    const unsent = { do: 'sum', numbers: (() => 1) as never } as const;
    expect(await failureOf(pool.run(unsent))).toBeInstanceOf(ValueError);
    expect(await pool.run({ do: 'count' })).toBe(2);
    expect(pool.worker(0).restarts).toBe(0);
  });

  it('include workerData that cannot be copied', async () => {
    const pool = open(1, () => 1);
    expect((await failureOf(pool.run({ do: 'count' }))).message).toMatch(
      /^workerData cannot be sent to a worker/,
    );
  });
});

describe('a dead worker', () => {
  it.each(['die', 'crash'] as const)('rejects its calls and is replaced (%s)', async (how) => {
    const pool = open(1);
    const worker = pool.worker(0);
    await worker.run({ do: 'count' });
    const lost = [worker.run({ do: how }), worker.run({ do: 'count' })];
    const free = pool.run({ do: 'count' });
    for (const call of lost) {
      const error = await failureOf(call);
      expect(error).toBeInstanceOf(EnvironmentError);
      expect(error.message).toBe(
        how === 'die'
          ? 'a worker exited with code 3. Call again: a new worker takes its place'
          : 'a worker failed: TypeError: out of turn. Call again: a new worker takes its place',
      );
    }
    expect(await free).toBe(1);
    expect(worker.restarts).toBe(1);
    expect(await worker.run({ do: 'count' })).toBe(2);
  });

  it('is also one whose module does not load', async () => {
    const pool = createPool({ url: new URL('./no-such-file.js', import.meta.url), size: 1 });
    pools.push(pool);
    const error = await failureOf(pool.run(1));
    expect(error).toBeInstanceOf(EnvironmentError);
    expect(error.message).toContain('no-such-file.js');
  });
});

describe('abort', () => {
  it('rejects a running call and drops a waiting one', async () => {
    const pool = open(1);
    await pool.run({ do: 'count' });
    const running = new AbortController();
    const waiting = new AbortController();
    const first = pool.run({ do: 'wait', milliseconds: 100 }, [], { signal: running.signal });
    const second = pool.run({ do: 'count' }, [], { signal: waiting.signal });
    const third = pool.run({ do: 'count' });
    waiting.abort(new Error('not needed'));
    running.abort();
    expect((await failureOf(first)).name).toBe('AbortError');
    expect((await failureOf(second)).message).toBe('not needed');
    expect(await third).toBe(2);
    expect((await failureOf(pool.run({ do: 'count' }, [], { signal: running.signal }))).name).toBe(
      'AbortError',
    );
    expect(await pool.run({ do: 'count' })).toBe(3);
  });
});

describe('dispose', () => {
  it('rejects calls under way and later ones', async () => {
    const pool = open(1);
    const running = failureOf(pool.run({ do: 'wait', milliseconds: 10_000 }));
    const waiting = failureOf(pool.worker(0).run({ do: 'count' }));
    pool[Symbol.dispose]();
    expect((await running).message).toBe('the pool was disposed during the call');
    expect(await waiting).toBeInstanceOf(EnvironmentError);
    expect((await failureOf(pool.run({ do: 'count' }))).message).toContain(
      'the pool has been disposed',
    );
    pool.dispose();
  });
});

describe('in a process of its own', () => {
  const run = async (body: string): Promise<string> => {
    const index = new URL('../src/index.ts', import.meta.url).href;
    const script = `import { createPool, serve } from '${index}';
      const pool = createPool({ url: new URL('${url.href}'), size: 2 });
      ${body}`;
    const args = ['--input-type=module', '--eval', script];
    return (await promisify(execFile)(process.execPath, args, { timeout: 20_000 })).stdout.trim();
  };

  it('a pool that is idle or abandoned lets the process end, a busy one does not', async () => {
    expect(await run(`console.log(await pool.run({ do: 'count' }));`)).toBe('1');
    expect(
      await run(`pool.run({ do: 'wait', milliseconds: 300 }).then((x) => console.log(x));`),
    ).toBe('waited');
    expect(
      await run(`const signal = AbortSignal.timeout(200);
        setTimeout(() => {}, 400);
        pool.run({ do: 'wait', milliseconds: 60_000 }, [], { signal }).catch((e) => console.log(e.name));`),
    ).toBe('TimeoutError');
    expect(
      await run(`const stop = new AbortController();
        pool.worker(0).run({ do: 'wait', milliseconds: 500 }, [], { signal: stop.signal }).catch(() => {});
        setTimeout(() => {
          stop.abort();
          pool.worker(0).run({ do: 'count' }).then((x) => console.log('after', x));
        }, 200);`),
    ).toBe('after 1');
  });

  it('serve refuses to run outside a worker', async () => {
    expect(await run(`try { serve(() => 1); } catch (e) { console.log(e.name, e.message); }`)).toBe(
      'EnvironmentError serve was called outside a worker. Start the module with createPool',
    );
  });
});

describe('workerUrl', () => {
  it('chooses source or build by the caller', () => {
    const built = 'https://host/dist/engine.js';
    expect(workerUrl(new URL('./worker.js', built), built).href).toBe(
      'https://host/dist/worker.js',
    );
    const source = 'file:///p/src/engine.ts?t=1';
    expect(workerUrl(new URL('./worker.js', source), source).href).toBe('file:///p/src/worker.ts');
  });
});
