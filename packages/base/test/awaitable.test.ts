import { ValueError, awaitableSteps } from '@ketwork/base';
import { describe, expect, test } from 'vitest';

function counting(until: number, fails = false) {
  const seen = { steps: 0, left: 0 };
  async function* steps(): AsyncGenerator<number, string> {
    for (let i = 1; i <= until && seen.left === 0; i++) {
      seen.steps = i;
      await Promise.resolve();
      if (fails && i === until) throw new ValueError('no more');
      yield i;
    }
    return `${seen.steps} steps`;
  }
  return { seen, run: awaitableSteps('count', steps(), () => seen.left++) };
}

describe('awaitableSteps', () => {
  test('does nothing until it is awaited, and once only', async () => {
    const { seen, run } = counting(3);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(seen.steps).toBe(0);
    expect([await run, await run]).toEqual(['3 steps', '3 steps']);
    expect(seen).toEqual({ steps: 3, left: 0 });
  });

  test('yields its steps, then its result', async () => {
    const { run } = counting(3);
    const steps: number[] = [];
    for await (const step of run) steps.push(step);
    expect(steps).toEqual([1, 2, 3]);
    expect(await run).toBe('3 steps');
    expect(() => run[Symbol.asyncIterator]()).toThrow(
      'count: this run has been started already. Loop over the steps of a run once',
    );
  });

  test('ends where its loop is left', async () => {
    const { seen, run } = counting(1000);
    for await (const step of run) if (step === 2) break;
    expect(await run).toBe('2 steps');
    expect(seen).toEqual({ steps: 2, left: 1 });
  });

  test('fails where its steps do, in the loop and where it is awaited', async () => {
    const awaited = counting(2, true).run;
    await expect(awaited).rejects.toThrow('no more');
    const { run } = counting(2, true);
    const loop = async (): Promise<void> => {
      for await (const step of run) expect(step).toBe(1);
    };
    await expect(loop()).rejects.toThrow(ValueError);
    await expect(run).rejects.toThrow('no more');
  });
});
