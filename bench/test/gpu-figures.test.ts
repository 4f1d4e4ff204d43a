import { EnvironmentError, UnsupportedError } from '@ketwork/base';
import { cpu } from '@ketwork/simulator';
import type { Engine } from '@ketwork/simulator';
import { describe, expect, it } from 'vitest';
import type { BackEnd, Bed } from '../gpu/bed.ts';
import { copiesOnCpu } from '../gpu/copies.ts';
import { figures, stretches } from '../gpu/figures.ts';
import type { Figure } from '../gpu/figures.ts';
import { elapsed } from '../harness/measure.ts';

const engine = await cpu();

function backEnd(name: string, change: Partial<BackEnd> = {}): BackEnd {
  return {
    name,
    gpu: false,
    software: false,
    engine: async () => engine,
    copies: async (bytes) => copiesOnCpu(bytes),
    timer: elapsed,
    ...change,
  };
}

async function made(
  backEnds: readonly BackEnd[],
  skipped: string[] = [],
  next?: (what: string) => unknown,
): Promise<Figure[]> {
  const sweep = { work: 'gradient', batch: 2, layers: 1, qubits: [2, 3] } as const;
  const bed: Bed = {
    backEnds,
    sizes: { qubits: 5, layers: 1, small: [2], batch: 2, alone: 1, sweep },
    settings: { rounds: 1, sampleSeconds: 1e-4, warmSeconds: 1e-3 },
    skip: ({ name }, reason) => skipped.push(`${name}: ${reason}`),
    ...(next === undefined ? {} : { next }),
  };
  const list: Figure[] = [];
  for await (const figure of figures(bed)) list.push(figure);
  return list;
}

/** An engine whose programs do something else than compute. */
function broken(run: () => Float64Array, from = 0): Engine {
  return new Proxy(engine, {
    get(target, name) {
      if (name !== 'compile') return Reflect.get(target, name, target) as unknown;
      return (...args: Parameters<Engine['compile']>) => {
        const program = target.compile(...args);
        const { qubits } = args[0];
        if (qubits < from) return program;
        return new Proxy(program, {
          get: (own, key) => {
            if (key === 'run') return run;
            const value = Reflect.get(own, key, own) as unknown;
            return typeof value === 'function' ? (value.bind(own) as unknown) : value;
          },
        });
      };
    },
  });
}

describe('figures of back ends', () => {
  it('cover every back end, and compare it with the CPU, with itself and with copies', async () => {
    const backEnds = [
      backEnd('cpu'),
      backEnd('other', { gpu: true, plain: async () => engine as never }),
    ];
    const list = await made(backEnds);
    const seen = list.map(({ kind, backEnd: { name }, row }) => [kind, name, row.peerName].join());
    expect(seen).toEqual([
      'sweep,cpu,',
      'sweep,other,cpu',
      'sweep,cpu,',
      'sweep,other,cpu',
      'gates,cpu,',
      'gates,other,other, a pass for every gate',
      'values,cpu,cpu, one by one',
      'values,other,other, one by one',
      'gradients,cpu,',
      'gradients,other,cpu',
      'bytes,cpu,copies of memory',
    ]);
    for (const { row } of list) expect(row.ours, row.case).toBeGreaterThan(0);
  });

  it('leave out a back end from its failure on, and go on with the others', async () => {
    const lost = broken(() => {
      throw new EnvironmentError('the device was lost');
    }, 3);
    const skipped: string[] = [];
    const list = await made(
      [backEnd('cpu'), backEnd('fails', { engine: async () => lost })],
      skipped,
    );
    expect(skipped).toEqual(['fails: the device was lost']);
    const own = list.filter(({ backEnd: { name } }) => name === 'fails');
    expect(own.map(({ kind, qubits }) => `${kind} ${qubits}`)).toEqual(['sweep 2']);
    expect(list.filter(({ backEnd: { name } }) => name === 'cpu')).toHaveLength(6);
  });

  it('go on with a back end that cannot do one part of them', async () => {
    const small = broken(() => {
      throw new UnsupportedError('too many qubits');
    }, 4);
    const skipped: string[] = [];
    const list = await made(
      [backEnd('cpu'), backEnd('small', { engine: async () => small })],
      skipped,
    );
    expect(skipped).toEqual(['small: too many qubits', 'small: too many qubits']);
    const own = list.filter(({ backEnd: { name } }) => name === 'small');
    expect(own.map(({ kind, qubits }) => `${kind} ${qubits}`)).toEqual([
      'sweep 2',
      'sweep 3',
      'values 2',
      'gradients 2',
    ]);
  });

  it('leave out a back end whose numbers are others', async () => {
    const wrong = broken(() => new Float64Array(4).fill(0.123));
    const skipped: string[] = [];
    await made([backEnd('cpu'), backEnd('wrong', { engine: async () => wrong })], skipped);
    expect(skipped.join()).toMatch(/^wrong: wrong: number \d is .* here and 0.123 there$/);
  });

  it('end when they are stopped', async () => {
    const stop = AbortSignal.abort();
    const stopped = made([backEnd('cpu')], [], () => stop.throwIfAborted());
    await expect(stopped).rejects.toThrow(/abort/i);
  });

  it('say who is ahead, in stretches of sizes', () => {
    const [a, b] = [backEnd('a'), backEnd('b')];
    const times = (one: BackEnd, from: number, list: readonly number[]): Figure[] =>
      list.map((ours, i) => ({
        kind: 'sweep',
        backEnd: one,
        qubits: from + i,
        row: { ours } as Figure['row'],
      }));
    const list = [...times(a, 2, [1, 2, 9, 40]), ...times(b, 2, [3, 3, 5])];
    expect(stretches(list)).toEqual([
      { from: 2, to: 3, backEnd: a },
      { from: 4, to: 4, backEnd: b },
      { from: 5, to: 5, backEnd: a },
    ]);
    expect(stretches([])).toEqual([]);
  });
});
