import { FormatError } from '@ketwork/base';
import { appendFile, mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RoundsState } from '../../src/rounds/state.ts';
import { stateFromBytes } from '../../src/saved.ts';
import { InUseError } from '../../src/errors.ts';
import { Journal } from '../../src/server/journal.ts';
import { coordinate, takePart } from './light.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('a journal', () => {
  it('keeps the last state, as stateFromBytes reads it', async () => {
    const state = (round: number): RoundsState => ({
      identity: 'x',
      run: 'y',
      round,
      attempt: 1,
      weights: Float64Array.of(round),
      strategy: { m: Float64Array.of(NaN) },
      history: [],
      epsilons: {},
    });
    const journal = new Journal(join(folder, 'new'));
    expect(await journal.load()).toBeUndefined();
    await journal.save(state(1));
    await journal.save(state(2));
    expect(await new Journal(journal.folder).load()).toEqual(state(2));
    const bytes = await readFile(join(journal.folder, 'state.safetensors'));
    expect(stateFromBytes(bytes).rounds).toEqual(state(2));
    expect(await readdir(journal.folder)).toEqual(['state.safetensors']);
  });

  it('keeps the answers of the open round, those that come together too', async () => {
    const journal = new Journal(folder);
    await journal.begin({ round: 3 });
    await Promise.all(['a', 'b', 'c'].map((name, i) => journal.append(name, { i })));
    await journal.append('d', { weights: Float64Array.of(4) });
    await journal.close();
    const again = new Journal(folder);
    expect(await again.logged()).toEqual({
      opening: { round: 3 },
      answers: [
        { from: 'a', answer: { i: 0 } },
        { from: 'b', answer: { i: 1 } },
        { from: 'c', answer: { i: 2 } },
        { from: 'd', answer: { weights: Float64Array.of(4) } },
      ],
    });
    await again.begin({ round: 4 });
    await again.close();
    expect((await new Journal(folder).logged())?.answers).toEqual([]);
  });

  it('keeps no answer for another round than its own', async () => {
    const journal = new Journal(folder);
    await journal.begin({ round: 1 });
    const late = journal.append('a', { x: 1 });
    await journal.begin({ round: 2 });
    await late;
    await journal.close();
    expect(await new Journal(folder).logged()).toEqual({ opening: { round: 2 }, answers: [] });
  });

  it('torn anywhere gives the answers that are whole, and goes on behind them', async () => {
    const journal = new Journal(folder);
    const sizes: number[] = [];
    await journal.begin({ round: 1 });
    for (const name of ['a', 'b', 'c']) {
      sizes.push((await readFile(join(folder, 'round.log'))).length);
      await journal.append(name, { name });
    }
    await journal.close();
    const whole = await readFile(join(folder, 'round.log'));
    for (let length = whole.length - 1; length >= 0; length -= 7) {
      await writeFile(join(folder, 'round.log'), whole.subarray(0, length));
      const torn = new Journal(folder);
      const logged = await torn.logged();
      const count = Math.max(0, sizes.filter((size) => size <= length).length - 1);
      expect(logged?.answers.map(({ from }) => from) ?? []).toEqual(
        ['a', 'b', 'c'].slice(0, count),
      );
      expect(logged === undefined).toBe(length < sizes[0]!);
      if (logged === undefined) continue;
      await torn.resume();
      await torn.append('x', { name: 'x' });
      await torn.close();
      expect((await new Journal(folder).logged())?.answers.at(-1)?.from).toBe('x');
    }
  });

  it('takes no bytes for an answer whose checksum they do not have', async () => {
    const journal = new Journal(folder);
    await journal.begin({ round: 1 });
    await journal.append('a', { x: 1 });
    await journal.close();
    const path = join(folder, 'round.log');
    const { length } = await readFile(path);
    const bytes = await readFile(path);
    bytes[length - 1]! ^= 1;
    await writeFile(path, bytes);
    expect((await new Journal(folder).logged())?.answers).toEqual([]);
    // Zeros, which some file systems leave after a crash.
    await truncate(path, 0);
    await appendFile(path, new Uint8Array(64));
    expect(await new Journal(folder).logged()).toBeUndefined();
  });

  it('is had by one coordinator at a time, which says who it is', async () => {
    const options = { journal: folder, linger: 0 };
    const first = await coordinate(['a', 'b'], options);
    const second = coordinate(['a', 'b'], options);
    await expect(second).rejects.toThrow(InUseError);
    await expect(second).rejects.toMatchObject({
      holder: { pid: process.pid },
      message: expect.stringContaining(`the journal in ${folder} is in use by process`),
    });
    await first.close();
    const again = await coordinate(['a', 'b'], options);
    expect(again.run).toBe(first.run);
    await again.close();
  });

  it('is free where a federation could not begin, or is over', async () => {
    const options = { journal: folder, linger: Infinity };
    await expect(coordinate(['a'], { ...options, rounds: 0 })).rejects.toThrow('rounds');
    const taken = await coordinate(['a']);
    await expect(coordinate(['a'], { ...options, listen: taken.port })).rejects.toThrow('listen');
    await taken.close();
    await using first = await coordinate(['a'], options);
    await takePart(first.url, 'a');
    await first.result;
    await using second = await coordinate(['a'], options);
    expect((await second.result).history).toHaveLength(3);
  });

  it('is not read from other files', async () => {
    await writeFile(join(folder, 'state.safetensors'), 'something else');
    await expect(new Journal(folder).load()).rejects.toThrow(FormatError);
  });
});
