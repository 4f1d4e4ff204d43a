// Central privacy over HTTP: what the coordinator keeps from everybody else, and whom it waits for.
import { fold } from '@ketwork/base';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CentralPrivacy } from '../../src/contract.ts';
import { chooseEach, keysOf, namedUniform } from '../../src/rounds/keys.ts';
import { Journal } from '../../src/server/journal.ts';
import { coordinate, takePart, tokenOf } from './light.ts';

const names = ['a', 'b', 'c', 'd'];
const privacy: CentralPrivacy = {
  kind: 'central',
  clippingNorm: 1,
  noiseMultiplier: 1,
  delta: 1e-2,
  randomness: 'seeded-unsafe',
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'central-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

it('refuses a status that everybody may read', async () => {
  await expect(coordinate(names, { privacy, status: 'open' })).rejects.toThrow(
    'an open status would tell everybody who took part',
  );
  await using server = await coordinate(names, { privacy, status: { token: tokenOf('status') } });
  expect(server.status().done).toBe(0);
});

it('waits for all, of whom each is drawn with the stated probability', async () => {
  await using server = await coordinate(names, { privacy, clients: 2, rounds: 1 });
  const parts = names.slice(0, 3).map((name) => takePart(server.url, name));
  while (server.status().participants.filter(({ present }) => present).length < 3)
    await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(server.status().phase).toBe('waiting');
  parts.push(takePart(server.url, 'd'));
  await Promise.all(parts);
  expect((await server.result).history).toHaveLength(1);
});

it.each([
  ['draws anew after a crash where chance is cryptographic', 'cryptographic', 'waiting'],
  ['goes on where it follows from the seed', 'seeded-unsafe', 'training'],
] as const)('%s', async (_, randomness, phase) => {
  const options = { privacy: { ...privacy, randomness }, clients: 3, journal: folder, rounds: 1 };
  const first = await coordinate(names, options);
  const run = first.run;
  await first.close();
  // One whom the seed draws; by chance it is drawn in three of four tries.
  const key = fold(fold(keysOf(5).selection, 1), 1);
  const present = chooseEach(names, 3 / 4, (name) => namedUniform(key, name)).slice(0, 1);
  expect(present).toHaveLength(1);
  for (let tries = 0; tries < 8; tries++) {
    const journal = new Journal(folder);
    await journal.begin({ run, round: 1, attempt: 1, present, selected: present });
    await journal.close();
    const again = await coordinate(names, options);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await expect.poll(() => again.status().phase).toBe(phase);
    await again.close();
  }
});

it('takes no answers from the log of another run', async () => {
  const first = await coordinate(names, { journal: folder, rounds: 1 });
  const { run } = first;
  await first.close();
  for (const [whose, phase] of [
    ['of another', 'waiting'],
    [run, 'training'],
  ] as const) {
    const journal = new Journal(folder);
    await journal.begin({ run: whose, round: 1, attempt: 1, present: names, selected: names });
    await journal.append('a', { examples: 1, weights: new Float64Array(8), loss: 1 });
    await journal.close();
    const again = await coordinate(names, { journal: folder, rounds: 1 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await expect.poll(() => again.status().phase).toBe(phase);
    expect(again.status().participants[0]!.answered).toBe(phase === 'training');
    await again.close();
  }
});
