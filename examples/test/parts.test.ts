import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { deviation, median, spread } from '../common/experiment.ts';
import { Parts } from '../common/parts.ts';
import type { RunIdentity } from '../common/parts.ts';

describe('parts of an experiment', () => {
  let sources: string;
  let folder: string;
  let calls: string[];
  let shown: { share: number; text: string; skipped: number }[];
  beforeEach(() => {
    sources = mkdtempSync(join(tmpdir(), 'ketwork-parts-'));
    folder = join(sources, 'kept');
    writeFileSync(join(sources, 'train.ts'), '1');
    calls = [];
    shown = [];
  });
  afterEach(() => rmSync(sources, { recursive: true }));

  const open = (identity: Partial<RunIdentity> = {}): Promise<Parts> =>
    Parts.open(sources, folder, { quick: false, seeds: [1], ...identity }, (share, text, skipped) =>
      shown.push({ share, text, skipped }),
    );
  const run = async (
    parts: Parts,
    names: readonly string[],
    failing?: string,
  ): Promise<number[]> => {
    parts.expect(names.length);
    const results: number[] = [];
    for (const name of names) {
      results.push(
        await parts.part(name, async ({ progress, checkpoint }) => {
          calls.push(name);
          writeFileSync(checkpoint, 'half done');
          progress(0.5, 'half');
          if (name === failing) throw new Error('pulled the plug');
          return name.length / 3;
        }),
      );
    }
    return results;
  };

  test('are done once, also where a run was stopped', async () => {
    await expect(run(await open(), ['a', 'bb', 'ccc'], 'bb')).rejects.toThrow('plug');
    expect(calls).toEqual(['a', 'bb']);
    // The checkpoint of the part that was stopped is there, that of the finished one is not.
    expect(
      readdirSync(folder)
        .map((name) => name.replace(/.*\./, ''))
        .sort(),
    ).toEqual(['json', 'safetensors']);
    calls = [];
    shown = [];
    const again = await open();
    expect(await run(again, ['a', 'bb', 'ccc'])).toEqual([1 / 3, 2 / 3, 1]);
    expect(calls).toEqual(['bb', 'ccc']);
    expect(again.earlierSeconds).toBeGreaterThan(0);
    expect(shown[0]).toMatchObject({ text: 'a: done before' });
    expect(shown.at(-1)!.share).toBeCloseTo(2.5 / 3, 12);
    expect(shown.at(-1)!.skipped).toBeCloseTo(1 / 3, 12);
    await again.clear();
    expect(readdirSync(sources)).toEqual(['train.ts']);
  });

  test('are done anew after a change of settings or of the experiment', async () => {
    await run(await open(), ['a']);
    await run(await open({ seeds: [2] }), ['a']);
    await run(await open({ quick: true }), ['a']);
    await run(await open({ variant: 'large' }), ['a']);
    await run(await open({ epochs: 3 }), ['a']);
    expect(calls.length).toBe(5);
    await run(await open(), ['a']);
    expect(calls.length).toBe(5);
    writeFileSync(join(sources, 'train.ts'), '2');
    const changed = await open();
    await run(changed, ['a']);
    expect(calls.length).toBe(6);
    // Others keep theirs.
    await changed.clear();
    expect(readdirSync(folder).length).toBeGreaterThan(0);
  });

  test('have names of their own', async () => {
    await expect(run(await open(), ['a', 'a'])).rejects.toThrow('two parts named a');
  });
});

test('means and spreads', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
  expect([deviation([5]), deviation([1, 3])]).toEqual([0, Math.SQRT2]);
  expect(spread([0.95, 0.96])).toBe('0.955 ± 0.007');
});
