// A participant is killed (SIGKILL) at each step of keeping its state and of telling: what it tells is what it has kept.
import { crossEntropy, sgd } from '@ketwork/nn';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { federate, fileStateStore, join } from '../../src/index.ts';
import type { FederateOptions } from '../../src/index.ts';
import { classical, clouds } from '../simulate/common.ts';
import type { ChildLine, ChildOptions } from './participant.child.ts';

const script = fileURLToPath(new URL('participant.child.ts', import.meta.url));
const token = 'the-token-of-participant-a';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path(tmpdir(), 'participant-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

interface Told {
  /** What was sent in each round, without repetitions. */
  readonly sent: ReadonlyMap<number, ReadonlySet<string>>;
  readonly kills: number;
  readonly end: Extract<ChildLine, { rounds: number }>;
}

/** Keeps a participant running until it ends by itself; it kills itself before these operations, or is killed on these lines. */
async function keptRunning(
  options: Omit<ChildOptions, 'killAt'>,
  killAt: readonly number[],
  killOn: (line: ChildLine) => boolean = () => false,
): Promise<Told> {
  const sent = new Map<number, Set<string>>();
  const rest = [...killAt];
  for (let kills = 0; ; kills++) {
    const at = rest.shift();
    const given: ChildOptions = { ...options, ...(at === undefined ? {} : { killAt: at }) };
    const child = spawn(process.execPath, [script, JSON.stringify(given)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = new Promise<NodeJS.Signals | null>((resolve) => {
      child.once('exit', (_, signal) => resolve(signal));
    });
    let end: Told['end'] | undefined;
    for await (const text of createInterface(child.stdout)) {
      const line = JSON.parse(text) as ChildLine;
      if (killOn(line)) child.kill('SIGKILL');
      if ('rounds' in line) end = line;
      else sent.set(line.round, (sent.get(line.round) ?? new Set()).add(line.sent));
    }
    if (end !== undefined) return { sent, kills, end };
    if ((await exit) !== 'SIGKILL') throw new Error('the participant ended before its time');
  }
}

const options: FederateOptions = {
  rounds: 4,
  seed: 1,
  tokens: { a: token },
  local: { loss: crossEntropy, optimizer: sgd(0.1), batchSize: 5 },
  privacy: { kind: 'local', clippingNorm: 1, noiseMultiplier: 4, delta: 1e-2 },
  linger: 30,
};

const one = { noiseMultiplier: 4, sampleRate: 1 };

describe('a participant that is killed', () => {
  it('before any operation on its file tells one answer a round, and counts it', async () => {
    await using server = await federate(classical(), { ...options, personal: ['2'] });
    // Six operations keep a state: twice through those of the first one, and into those of the second and third.
    const told = await keptRunning(
      { url: server.url, token, state: path(folder, 'a.state'), personal: ['2'] },
      [1, 2, 3, 4, 5, 6, 9, 13],
    );
    expect(told.kills).toBeGreaterThanOrEqual(7);
    expect((await server.result).history.map(({ round }) => round)).toEqual([1, 2, 3, 4]);
    expect([...told.sent].map(([round, answers]) => [round, answers.size])).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 1],
    ]);
    expect(told.end).toMatchObject({ rounds: 4, spent: [{ ...one, steps: 4 }] });
  });

  it('when its answer leaves tells the same again, and cannot spend what it has spent', async () => {
    await using server = await federate(classical(), { ...options, rounds: 3 });
    const state = path(folder, 'a.state');
    // Three rounds spend 0.76, four 0.92.
    const privacyLimit = { epsilon: 0.8, delta: 1e-2 };
    const killed = new Set<number>();
    const told = await keptRunning({ url: server.url, token, state, privacyLimit }, [], (line) => {
      if (!('sent' in line) || killed.has(line.round)) return false;
      killed.add(line.round);
      return true;
    });
    expect(told.kills).toBe(3);
    expect([...told.sent.values()].map((answers) => answers.size)).toEqual([1, 1, 1]);
    expect(told.end.spent).toEqual([{ ...one, steps: 3 }]);

    await using other = await federate(classical(), { ...options, linger: 0 });
    const store = fileStateStore(state);
    const part = join(other.url, classical(), clouds(20, 1), { token, store, privacyLimit });
    for await (const { outcome, reason } of part) {
      expect([outcome, reason]).toEqual([
        'failed',
        'with this round the participant would have spent ε = 0.9196, more than the 0.8 it allows. ' +
          'Ask for more noise or fewer rounds, or join with a larger limit',
      ]);
      break;
    }
    expect((await part).state).toMatchObject({ rounds: 3, spent: [{ ...one, steps: 3 }] });
  });
});
