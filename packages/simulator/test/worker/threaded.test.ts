import { EnvironmentError, UnsupportedError, ValueError } from '@ketwork/base';
import type { Pool, PoolWorker } from '@ketwork/base';
import {
  amplitudes,
  angle,
  circuit,
  counts,
  expval,
  hermitian,
  hermitianSlot,
  input,
  probabilities,
  samples,
  variance,
  weight,
  X,
  Y,
  Z,
} from '@ketwork/circuit';
import { cpu } from '@ketwork/simulator';
import type { AsyncEngine, CpuOptions, Engine } from '@ketwork/simulator';
import { afterAll, describe, expect, expectTypeOf, it } from 'vitest';
import { hosted } from '../../src/worker/hosted.ts';
import { answer } from '../../src/worker/parts.ts';
import type { Request, Response } from '../../src/worker/protocol.ts';
import { threaded, threadedBy } from '../../src/worker/threaded.ts';

const local: Engine = await cpu();
/** One, two and three workers, which share any batch of more than a chunk, however little the work. */
const engines: AsyncEngine[] = [
  await hosted({ engine: 'cpu' }),
  await threaded(2, 0),
  await threaded(3, 0),
];
const [, two] = engines as [AsyncEngine, AsyncEngine, AsyncEngine];
afterAll(() => {
  for (const engine of [local, ...engines]) engine.dispose();
});

const model = circuit(2, { x: input([2]), w: weight([3]) }, (q, { x, w }) =>
  q
    .rx(x.at(0), 0)
    .ry(x.at(1), 1)
    .cnot(0, 1)
    .rot(w.at(0), w.at(1), 0.3, 0)
    .rz(angle.mul(w.at(2), x.at(0)), 1)
    .ry(w.at(2), 1),
);
const numbers = (length: number, step: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => ((i * step) % 3) - 1);
const valuesOf = (batch: number): { x: Float64Array; w: Float64Array } => ({
  x: numbers(2 * batch, 0.7310585786),
  w: Float64Array.of(0.7, 0.8, -0.4),
});

describe.each([1, 63, 64, 65, 130, 1000, 4096 + 17])(
  'a batch of %i in 1, 2 and 3 workers',
  (batch) => {
    const values = valuesOf(batch);

    it('gives the bits of the synchronous engine, and leaves what it is given alone', async () => {
      const list = [expval(Z(0), X(1)), variance(Y(0)), probabilities()] as const;
      const here = local.compile(model, list);
      const dy = [numbers(2 * batch, 0.31), numbers(batch, 0.17), undefined];
      const kept = structuredClone([values, dy]);
      const wanted = here.run(values);
      for (const engine of engines) {
        using there = engine.compile(model, list);
        expect(await there.run(values)).toEqual(wanted);
        for (const options of [
          {},
          { wrt: ['w'] },
          { wrt: ['x'] },
          { perExample: true },
          { squaredNorms: true },
        ] as const) {
          expect(await there.vjp(values, dy, options)).toEqual(here.vjp(values, dy, options));
        }
        expect(await there.jacobian(values)).toEqual(here.jacobian(values));
      }
      expect([values, dy]).toEqual(kept);
    });

    it('writes into out', async () => {
      const here = local.compile(model, probabilities()).run(values);
      for (const engine of engines) {
        const out = new Float64Array(4 * batch);
        expect(await engine.compile(model, probabilities()).run(values, { out })).toBe(out);
        expect(out).toEqual(here);
      }
    });

    it('draws the same shots', async () => {
      const list = [samples(5), counts(6), expval(Z(0), X(0)), probabilities([1])] as const;
      const options = { shots: 7 };
      const here = local.compile(model, list, options);
      const wanted = here.run(values, { seed: 9 });
      for (const engine of engines) {
        const there = engine.compile(model, list, options);
        expect(await there.run(values, { seed: 9 })).toEqual(wanted);
      }
      if (batch > 64) expect(here.run(values, { seed: 8 })).not.toEqual(wanted);
    });
  },
);

it('cuts every kind of slot', async () => {
  const several = circuit(
    2,
    {
      a: amplitudes([4], { differentiable: true }),
      m: hermitianSlot(2, { differentiable: true }),
      h: hermitianSlot(2, { axis: 'shared', differentiable: true }),
      w: weight([]),
    },
    (q, { a, w }) => q.prepare(a, [0, 1], { normalize: true }).rx(w.at(), 0).cnot(0, 1),
  );
  const batch = 150;
  const matrices = Float64Array.from(
    { length: 8 * batch },
    (_, i) => [1, 0, 0.5, 0.25, 0.5, -0.25, -1, 0][i % 8]! * (1 + Math.floor(i / 8) / batch),
  );
  const values = {
    a: numbers(4 * batch, 0.7310585786).map((x) => x + 1.5),
    m: matrices,
    h: matrices.slice(0, 8),
    w: [0.3],
  };
  const measured = expval(
    hermitian(hermitianSlot('m', 2), [0]),
    hermitian(hermitianSlot('h', 2), [1]),
  );
  const here = local.compile(several, measured);
  const there = two.compile(several, measured);
  const dy = numbers(2 * batch, 0.41);
  expect(await there.run(values)).toEqual(here.run(values));
  expect(await there.vjp(values, dy)).toEqual(here.vjp(values, dy));
});

it('takes nested and plain arrays', async () => {
  const rows = Array.from({ length: 70 }, (_, i) => [i / 70, -i / 35]);
  const given = { x: rows as unknown as ArrayLike<number>, w: [0.1, 0.2, 0.3] };
  const flat = { x: rows.flat(), w: [0.1, 0.2, 0.3] };
  const dy = rows.map(([x]) => x!);
  expect(await two.compile(model, expval(Z(0))).vjp(given, dy)).toEqual(
    local.compile(model, expval(Z(0))).vjp(flat, dy),
  );
});

describe('errors', () => {
  /** What both engines say. */
  const refused = async (work: (engine: Engine | AsyncEngine) => unknown): Promise<string> => {
    const found: string[] = [];
    for (const engine of [local, two]) {
      try {
        await work(engine);
        found.push('nothing');
      } catch (error) {
        const { name, code, message } = error as ValueError;
        found.push(`${name} ${code} ${message}`);
      }
    }
    expect(found[1]).toBe(found[0]);
    return found[0]!;
  };
  const batch = 300;
  const values = valuesOf(batch);

  it('are those of the synchronous engine', async () => {
    const bad = { ...values, x: values.x.with(401, Number.NaN) };
    const run =
      (given: object, options: object) =>
      (engine: Engine | AsyncEngine): unknown =>
        engine.compile(model, expval(Z(0))).run(given as never, options);
    const vjp =
      (dy: unknown, options: object) =>
      (engine: Engine | AsyncEngine): unknown =>
        engine.compile(model, expval(Z(0))).vjp(values, dy as never, options);
    expect(await refused(run(bad, {}))).toContain("slot 'x' holds NaN at index 401");
    expect(await refused(run({ w: values.w }, {}))).toContain("slot 'x' has no value");
    await expect(run(values, { out: new Float64Array(3) })(two)).rejects.toThrow(
      "'out' has 3 numbers and the result has 300",
    );
    expect(await refused(vjp([1], {}))).toContain('300 examples');
    expect(await refused(vjp(undefined, {}))).toContain('dy is missing');
    const dy = new Float64Array(batch);
    expect(await refused(vjp(dy, { wrt: ['v'] }))).toContain("wrt names 'v'");
    expect(await refused(vjp(dy, { perExample: true, squaredNorms: true }))).toContain('both');
  });

  it('name the example as numbered in the whole batch, and the operation', async () => {
    const roots = circuit(1, { x: input() }, (q, { x }) => q.h(0).rx(angle.sqrt(x), 0));
    const x = new Float64Array(batch).fill(1);
    x[290] = x[222] = -1;
    const dy = new Float64Array(batch).fill(1);
    const work = (engine: Engine | AsyncEngine): unknown =>
      engine.compile(roots, expval(Z(0))).run({ x });
    expect(await refused(work)).toContain('operation 1: the angle of example 222 is NaN');
    expect(await refused((engine) => engine.compile(roots, expval(Z(0))).vjp({ x }, dy))).toContain(
      'of example 222',
    );
    expect(
      await refused((engine) => engine.compile(roots, expval(Z(0))).jacobian({ x })),
    ).toContain('of example 222');
  });

  it('refuse what a program that draws shots cannot do', async () => {
    const dy = new Float64Array(batch);
    const options = { shots: 3 };
    expect(
      await refused((engine) => engine.compile(model, expval(Z(0)), options).vjp(values, dy)),
    ).toContain('UnsupportedError');
    expect(
      await refused((engine) => engine.compile(model, expval(Z(0)), options).jacobian(values)),
    ).toContain('UnsupportedError');
    expect(
      await refused((engine) => engine.compile(model, counts(3)).run(values, { out: dy })),
    ).toContain("'out' cannot be used");
  });

  it('refuse disposed programs and engines', async () => {
    const program = two.compile(model, expval(Z(0)));
    await program.run(values);
    program.dispose();
    await expect(program.run(values)).rejects.toMatchObject({ code: 'DISPOSED' });
    const short = await threaded(2, 0);
    const cut = short.compile(model, expval(Z(0)));
    const pending = cut.run(values);
    short.dispose();
    await expect(pending).rejects.toBeInstanceOf(EnvironmentError);
    await expect(cut.run(values)).rejects.toBeInstanceOf(EnvironmentError);
  });

  it('refuse numbers of threads that are none', async () => {
    await expect(cpu({ threads: 1.5 })).rejects.toBeInstanceOf(ValueError);
    await expect(cpu({ threads: -1 })).rejects.toThrow('-1 threads');
    await expect(cpu({ threads: Number.NaN })).rejects.toThrow("'auto'");
    expect(() =>
      two.compile(
        circuit(1, (q) => q.bitFlip(0.1, 0)),
        expval(Z(0)),
      ),
    ).toThrow(UnsupportedError);
  });
});

describe('an aborted call', () => {
  it('rejects with the reason, and the engine goes on', async () => {
    const program = two.compile(model, expval(Z(0)));
    const values = valuesOf(2000);
    const dy = new Float64Array(2000).fill(1);
    const wanted = await program.vjp(values, dy);
    const reason = new Error('enough');
    for (const call of [
      (signal: AbortSignal): unknown => program.run(values, { signal }),
      (signal: AbortSignal): unknown => program.vjp(values, dy, { signal }),
      (signal: AbortSignal): unknown => program.jacobian(values, { signal }),
      (signal: AbortSignal): unknown => program.run(valuesOf(3), { signal }),
    ]) {
      await expect(call(AbortSignal.abort(reason))).rejects.toBe(reason);
      const later = new AbortController();
      const pending = call(later.signal);
      later.abort(reason);
      await expect(pending).rejects.toBe(reason);
    }
    expect(await program.vjp(values, dy, { signal: new AbortController().signal })).toEqual(wanted);
  });
});

describe('the choice of workers', () => {
  it('is explained', async () => {
    using engine = await cpu({ threads: 2 });
    const { text, details } = engine.compile(model, expval(Z(0))).explain();
    expect(text).toMatch(/^cpu in 2 workers: batches of \d+ examples or more \(gradients: \d+\)/);
    expect(details).toMatchObject({ engine: 'cpu', workers: 2, chunk: 64, splits: true });
    const { splitFrom, splitGradientFrom } = details as Record<string, number>;
    expect(splitFrom).toBeGreaterThan(splitGradientFrom!);
    expect(splitGradientFrom).toBeGreaterThan(64);
    const larger = circuit(10, { x: input() }, (q, { x }) => q.rx(x, 0).rx(x, 9));
    const wide = engine.compile(larger, expval(Z(0))).explain();
    expect(wide.details['splitFrom']).toBeLessThan(splitFrom!);
    const fixed = engine.compile(
      circuit(1, (q) => q.h(0)),
      expval(Z(0)),
    );
    expect(fixed.explain().text).toContain('no batch to cut');
    expect(fixed.explain().details['splits']).toBe(false);
  });

  it('shows in the type of the engine', () => {
    expectTypeOf(cpu()).resolves.toEqualTypeOf<Engine>();
    expectTypeOf(cpu({ threads: 0 })).resolves.toEqualTypeOf<Engine>();
    expectTypeOf(() => cpu({ threads: 2 })).returns.resolves.toEqualTypeOf<AsyncEngine>();
    expectTypeOf(() => cpu({ threads: 'auto' })).returns.resolves.toEqualTypeOf<AsyncEngine>();
    expectTypeOf((threads: number) => cpu({ threads })).returns.resolves.toEqualTypeOf<
      Engine | AsyncEngine
    >();
    expectTypeOf((options: CpuOptions) => cpu(options)).returns.resolves.toEqualTypeOf<
      Engine | AsyncEngine
    >();
  });

  it("is left to the machine by 'auto'", async () => {
    using engine = await cpu({ threads: 'auto' });
    expect(engine.synchronous).toBe(false);
    const workers = engine.compile(model, expval(Z(0))).explain().details['workers'] ?? 1;
    expect(workers).toBe(navigator.hardwareConcurrency);
    expect(await engine.compile(model, expval(Z(0))).run(valuesOf(200))).toEqual(
      local.compile(model, expval(Z(0))).run(valuesOf(200)),
    );
  });
});

describe('the workers', () => {
  /** Workers in this thread: `log` says what each was asked; those named in `deaths` die of their call of that number. */
  function pretend(
    size: number,
    deaths: readonly string[] = [],
  ): { pool: Pool<Request, Response>; log: string[] } {
    const log: string[] = [];
    const places = Array.from({ length: size }, (_, place): PoolWorker<Request, Response> => {
      let programs = new Map<number, ReturnType<typeof local.compile>>();
      let calls = 0;
      let restarts = 0;
      return {
        get restarts() {
          return restarts;
        },
        async run(request) {
          if (request.type === 'describe') {
            return { type: 'description', name: 'cpu', capabilities: local.capabilities };
          }
          if (request.type === 'dispose') {
            programs.delete(request.program);
            return { type: 'done' };
          }
          const spec = 'spec' in request ? request.spec : undefined;
          if (spec !== undefined) {
            programs.set(request.program, local.compile(spec.circuit, spec.measurements));
          }
          if (request.type === 'compile') return { type: 'done' };
          const { part } = request.call;
          const size = part === undefined ? 'all' : `${part.first}+${part.count}/${part.piece}`;
          log.push(`${place}: ${request.call.method} ${size}`);
          if (deaths.includes(`${place}.${calls++}`)) {
            programs = new Map();
            restarts++;
            throw new EnvironmentError('a worker exited with code 1');
          }
          const program = programs.get(request.program);
          if (program === undefined) return { type: 'missing' };
          return { type: 'result', result: answer(program, request.call) };
        },
      };
    });
    const pool: Pool<Request, Response> = {
      size,
      run: (request) => places[0]!.run(request),
      worker: (index) => places[index]!,
      dispose() {},
      [Symbol.dispose]() {},
    };
    return { pool, log };
  }
  const batch = 330; // 6 chunks
  const values = valuesOf(batch);
  const dy = new Float64Array(batch).fill(1);

  it('get even parts, in pieces where gradients are summed; small batches go to one, by turns', async () => {
    const { pool, log } = pretend(2);
    const engine = await threadedBy(pool, 0);
    const first = engine.compile(model, expval(Z(0)));
    const second = engine.compile(model, expval(Z(0)));
    await first.run(values);
    await second.vjp(values, dy);
    await second.vjp(values, dy, { squaredNorms: true });
    await first.run(valuesOf(64));
    await second.run(valuesOf(64));
    expect(log).toEqual([
      '0: run 0+192/64',
      '1: run 192+138/64',
      '1: vjp 0+192/64',
      '0: vjp 192+138/64',
      '1: vjp 0+192/330',
      '0: vjp 192+138/330',
      '0: run all',
      '1: run all',
    ]);
  });

  it('are as many as the work pays for', async () => {
    const { pool, log } = pretend(3);
    const program = (await threadedBy(pool, 10e-6)).compile(model, expval(Z(0)));
    const from = program.explain().details['splitFrom'] as number;
    await program.run(valuesOf(from - 1));
    await program.run(valuesOf(from));
    await program.run(valuesOf(2 * from));
    expect(log.map((line) => line.slice(0, 6))).toEqual([
      '0: run',
      '0: run',
      '1: run',
      '0: run',
      '1: run',
      '2: run',
    ]);
    expect(log[0]).toBe('0: run all');
  });

  it('that die are replaced, and only their part is repeated', async () => {
    const { pool, log } = pretend(2, ['1.0']);
    const program = (await threadedBy(pool, 0)).compile(model, expval(Z(0)));
    expect(await program.vjp(values, dy)).toEqual(
      local.compile(model, expval(Z(0))).vjp(values, dy),
    );
    // The new worker lacks the program: it is asked a third time, with the circuit.
    expect(log.toSorted()).toEqual([
      '0: vjp 0+192/64',
      ...Array.from({ length: 3 }, () => '1: vjp 192+138/64'),
    ]);
  });

  it('that die twice fail the call, not the program', async () => {
    const { pool } = pretend(2, ['1.0', '1.1']);
    const program = (await threadedBy(pool, 0)).compile(model, expval(Z(0)));
    await expect(program.run(values)).rejects.toThrow('exited with code 1');
    expect(await program.run(values)).toEqual(local.compile(model, expval(Z(0))).run(values));
  });
});
