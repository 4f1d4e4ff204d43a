import { describe, expect, it } from 'vitest';
import { patiently } from '../../src/adapter/patience.ts';
import { webGpu } from '../../src/adapter/webgpu.ts';

/** Turns of the event loop, of one that is never left idle, during calls of some milliseconds and after the first of them. */
async function turnsOf(milliseconds: number, counted: number, calls: number): Promise<number> {
  let turns = 0;
  let going = true;
  const start = performance.now();
  const look = (): void => {
    if (performance.now() - start > counted) turns++;
    if (going) setImmediate(look);
  };
  setImmediate(look);
  const work = Array.from({ length: calls }, (_, i) =>
    patiently(new Promise<number>((done) => void setTimeout(() => done(i), milliseconds))),
  );
  expect(await Promise.all(work)).toEqual(work.map((_, i) => i));
  going = false;
  return turns;
}

describe('waiting for a device', () => {
  it('leaves time between the turns of long calls', async () => {
    await webGpu();
    // Half a millisecond each, after ten.
    const one = await turnsOf(110, 10, 1);
    expect(one).toBeGreaterThan(0);
    expect(one).toBeLessThan(250);
    // Several at once sleep no longer than one.
    expect(await turnsOf(110, 10, 100)).toBeGreaterThan(one / 20);
  });

  it('leaves no time once calls are done', async () => {
    await webGpu();
    await patiently(new Promise<void>((done) => void setTimeout(done, 20)));
    const start = performance.now();
    for (let turns = 0; turns < 600; turns++)
      await new Promise<void>((done) => void setImmediate(done));
    // Held up they would take 300.
    expect(performance.now() - start).toBeLessThan(200);
  });

  it('passes on what a call fails with', async () => {
    await webGpu();
    await expect(patiently(Promise.reject(new Error('lost')))).rejects.toThrow('lost');
    const late = new Promise((_, fail) => void setTimeout(() => fail(new Error('late')), 5));
    await expect(patiently(late)).rejects.toThrow('late');
  });
});
