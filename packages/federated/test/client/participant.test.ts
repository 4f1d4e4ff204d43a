import { describe, expect, it, vi } from 'vitest';
import { Caller } from '../../src/client/caller.ts';
import { participation } from '../../src/client/participant.ts';
import { limitsFor } from '../../src/server/limits.ts';
import type { Plain } from '../../src/wire/message.ts';
import { KINDS, PATHS } from '../../src/wire/protocol.ts';

/** Seconds that requests may take to which a coordinator answers with one round. */
async function patience(size: number, transferSeconds?: number): Promise<Record<string, number>> {
  const signal = new AbortController().signal;
  const caller = new Caller(() => Promise.reject(new Error('unused')), 1, 1, signal);
  const weights = new Float64Array(size);
  const id = { run: 'r', round: 1, attempt: 1, step: 0 };
  const task = {
    run: 'r',
    round: 1,
    attempt: 1,
    seed: 1,
    epochs: 1,
    firstEpoch: 1,
    batchSize: 1,
    loss: 'mse',
    optimizer: { name: 'sgd', settings: {} },
    proximal: 0,
  };
  const replies: Plain[] = [
    { run: 'r', participant: 'a', rounds: 1, pollSeconds: 25, population: 2 },
    { ...id, kind: KINDS.train, body: { task, weights } },
    { outcome: 'accepted' },
    { ...id, kind: KINDS.finished, body: { rounds: 1, reason: 'completed', weights } },
  ];
  const waited: Record<string, number> = {};
  vi.spyOn(caller, 'call').mockImplementation(async (_, path, seconds) => {
    waited[path] = seconds;
    return replies.shift();
  });
  const train = async (): Promise<{ examples: number; weights: Float64Array; loss: number }> => ({
    examples: 1,
    weights,
    loss: 0,
  });
  const steps = participation({
    caller,
    hello: { layout: '' },
    size,
    transferSeconds,
    train,
    signal,
  });
  while ((await steps.next()).done !== true);
  return waited;
}

describe('the time that requests may take', () => {
  it('grows with the bytes of the model, on both sides', async () => {
    const small = await patience(10);
    expect(small[PATHS.answer]).toBeCloseTo(90, 0);
    expect(small[PATHS.instruction]).toBeCloseTo(55, 0);
    const large = await patience(1_000_000);
    expect(large[PATHS.join]).toBe(90);
    expect(large[PATHS.answer]).toBeCloseTo(170, 0);
    expect(large[PATHS.instruction]).toBeCloseTo(135, 0);
    expect(limitsFor({}, 2, 8_000_000).bodySeconds).toBe(140);
    expect(limitsFor({ bodySeconds: 7 }, 2, 8_000_000).bodySeconds).toBe(7);
  });

  it('is what the participant says', async () => {
    const waited = await patience(1_000_000, 500);
    expect([waited[PATHS.answer], waited[PATHS.instruction]]).toEqual([590, 555]);
  });
});
