import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MockInstance } from 'vitest';
import { patiently } from '../../src/adapter/patience.ts';
import { webGpu } from '../../src/adapter/webgpu.ts';

const after = (milliseconds: number): Promise<number> =>
  new Promise((done) => void setTimeout(() => done(milliseconds), milliseconds));
const turn = (): Promise<void> => new Promise((done) => void setImmediate(done));

describe('waiting for a device', () => {
  let sleep: MockInstance<typeof Atomics.wait>;
  beforeEach(async () => {
    await webGpu();
    sleep = vi.spyOn(Atomics, 'wait');
  });
  afterEach(() => sleep.mockRestore());

  it.each([1, 100])('sleeps once a turn at most, and not long, during %i calls', async (calls) => {
    let going = true;
    let most = 0;
    const watched = (async () => {
      for (let before = 0; going; before = sleep.mock.calls.length) {
        await turn();
        most = Math.max(most, sleep.mock.calls.length - before);
      }
    })();
    const all = Array.from({ length: calls }, () => patiently(after(60), {}));
    expect(await Promise.all(all)).toEqual(all.map(() => 60));
    going = false;
    await watched;
    expect(sleep.mock.calls.length).toBeGreaterThan(0);
    // A turn may begin between two looks.
    expect(most).toBeLessThanOrEqual(2);
    for (const [, , , milliseconds] of sleep.mock.calls) {
      expect(milliseconds).toBeGreaterThan(0);
      expect(milliseconds).toBeLessThanOrEqual(0.5);
    }
  });

  it('does not sleep once calls are done', async () => {
    await patiently(after(20), {});
    await turn();
    sleep.mockClear();
    for (let turns = 0; turns < 50; turns++) await turn();
    expect(sleep).not.toHaveBeenCalled();
  });

  it('sleeps from the start, and longer, where the last call of its kind was long', async () => {
    const kind = {};
    await patiently(after(60), kind);
    await turn();
    sleep.mockClear();
    const work = patiently(after(60), kind);
    expect(sleep).toHaveBeenCalledOnce();
    expect(sleep.mock.calls[0]?.[3]).toBe(0.5);
    await work;
    await turn();
    sleep.mockClear();
    const another = patiently(after(1), kind, 2);
    expect(sleep).not.toHaveBeenCalled();
    await another;
    await patiently(after(60), kind);
    await turn();
    sleep.mockClear();
    await patiently(Promise.resolve(), kind);
    expect(sleep).toHaveBeenCalledOnce();
    // That one was short.
    await turn();
    sleep.mockClear();
    const other = patiently(after(20), kind);
    expect(sleep).not.toHaveBeenCalled();
    await other;
  });

  it('passes on what a call fails with', async () => {
    await expect(patiently(Promise.reject(new Error('lost')), {})).rejects.toThrow('lost');
    const late = new Promise((_, fail) => void setTimeout(() => fail(new Error('late')), 5));
    await expect(patiently(late, {})).rejects.toThrow('late');
  });
});
