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

  it('looks between sleeps', async () => {
    const slept: boolean[] = [];
    const work = patiently(after(30), {});
    for (let turns = 0, before = 0; turns < 40; turns++, before = sleep.mock.calls.length) {
      await turn();
      slept.push(sleep.mock.calls.length > before);
    }
    await work;
    expect(slept.some(Boolean)).toBe(true);
    // Our own turns may fall on either side of theirs.
    expect(slept.filter((now, i) => now && slept[i - 1] === true && slept[i - 2] === true)).toEqual(
      [],
    );
  });

  it('sleeps from the first turn, and longer, where the last call of its kind was long', async () => {
    const kind = {};
    await patiently(after(60), kind);
    await turn();
    sleep.mockClear();
    const work = patiently(after(60), kind);
    // What a call puts off until the next microtask is done before.
    expect(sleep).not.toHaveBeenCalled();
    await turn();
    await turn();
    expect(sleep.mock.calls[0]?.[3]).toBe(0.5);
    await work;
    await turn();
    sleep.mockClear();
    // Another size is another kind.
    const another = patiently(turn(), kind, 2);
    await another;
    expect(sleep).not.toHaveBeenCalled();
  });

  it('is not held up again by a sleep that was too long', async () => {
    const kind = {};
    const short = (): Promise<number> => new Promise((done) => void setImmediate(() => done(0)));
    await patiently(after(3), kind);
    for (let calls = 0; calls < 20; calls++) await patiently(short(), kind);
    await turn();
    sleep.mockClear();
    for (let calls = 0; calls < 20; calls++) await patiently(short(), kind);
    // A busy machine may hold one up.
    expect(sleep.mock.calls.length).toBeLessThan(3);
  });

  it('does not take one call that was held up for what the next one takes', async () => {
    const kind = {};
    await patiently(turn(), kind);
    await patiently(after(60), kind);
    await turn();
    sleep.mockClear();
    await patiently(turn(), kind);
    expect(sleep).not.toHaveBeenCalled();
  });

  it('passes on what a call fails with', async () => {
    await expect(patiently(Promise.reject(new Error('lost')), {})).rejects.toThrow('lost');
    const late = new Promise((_, fail) => void setTimeout(() => fail(new Error('late')), 5));
    await expect(patiently(late, {})).rejects.toThrow('late');
  });
});
