import { describe, expect, it } from 'vitest';
import { patiently } from '../../src/adapter/patience.ts';
import { webGpu } from '../../src/adapter/webgpu.ts';

/** Turns of the event loop, of one that is never left idle, during some milliseconds of work and after the first of them. */
async function turnsOf(milliseconds: number, counted: number): Promise<number> {
  let turns = 0;
  let going = true;
  const start = performance.now();
  const look = (): void => {
    if (performance.now() - start > counted) turns++;
    if (going) setImmediate(look);
  };
  setImmediate(look);
  const work = new Promise<string>((done) => void setTimeout(() => done('done'), milliseconds));
  expect(await patiently(work)).toBe('done');
  going = false;
  return turns;
}

describe('waiting for a device', () => {
  it('leaves time between the turns of long calls', async () => {
    await webGpu();
    // Half a millisecond each, after ten.
    const turns = await turnsOf(110, 10);
    expect(turns).toBeGreaterThan(0);
    expect(turns).toBeLessThan(250);
  });

  it('passes on what a call fails with', async () => {
    await webGpu();
    await expect(patiently(Promise.reject(new Error('lost')))).rejects.toThrow('lost');
    const late = new Promise((_, fail) => void setTimeout(() => fail(new Error('late')), 5));
    await expect(patiently(late)).rejects.toThrow('late');
  });
});
