// What a participant keeps from one participation to the next, and what it does not begin with.
import { crossEntropy, dense, sequential, sgd, stateOf, tanh } from '@ketwork/nn';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  InUseError,
  ParticipantStateError,
  federate,
  fileStateStore,
  join,
  simulate,
} from '../../src/index.ts';
import type { FederateOptions, JoinOptions, StateStore } from '../../src/index.ts';
import { RecordKeeper } from '../../src/stores/keeper.ts';
import { recordFromBytes, recordToBytes } from '../../src/stores/record.ts';
import type { ParticipantRecord } from '../../src/stores/record.ts';
import { classical, clouds, shares } from '../simulate/common.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path(tmpdir(), 'store-'));
  file = path(folder, 'a.state');
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const tokens = { a: 'the-token-of-participant-a', b: 'the-token-of-participant-b' };
const options: FederateOptions = {
  rounds: 2,
  seed: 1,
  tokens: { a: tokens.a },
  local: { loss: crossEntropy, optimizer: sgd(0.1), batchSize: 5 },
  linger: 10,
};
const noise = { kind: 'local', clippingNorm: 1, noiseMultiplier: 4, delta: 1e-2 } as const;
const data = clouds(20, 1);

/** A store that lasts as long as the test. */
function held(bytes?: Uint8Array): StateStore & { bytes: Uint8Array | undefined } {
  return {
    bytes,
    async open() {
      return this.bytes;
    },
    async save(given) {
      this.bytes = given.slice();
    },
    close: async () => {},
  };
}

const record: ParticipantRecord = {
  participant: 'a',
  task: { shared: '[]', personal: '[]' },
  personal: Float64Array.of(1, NaN, -0),
  rounds: 3,
  spent: [{ noiseMultiplier: 1.1, sampleRate: 0.3, steps: 7 }],
  last: {
    run: 'r',
    round: 3,
    answer: { examples: 4, weights: Float64Array.of(0.1), loss: NaN, epsilon: Infinity },
  },
};

describe('a record', () => {
  it('comes back with all its bits', () => {
    expect(recordFromBytes(recordToBytes(record))).toEqual(record);
    const { last: _last, ...short } = record;
    expect(recordFromBytes(recordToBytes(short))).toEqual(short);
  });

  it('is refused where any bit is another one, or any end is missing', () => {
    const bytes = recordToBytes(record);
    const fault = (given: Uint8Array): string => {
      try {
        const read = recordFromBytes(given);
        // The one thing that is not looked at is what safetensors pads its header with.
        expect(read).toEqual(record);
        return 'the same';
      } catch (error) {
        return error instanceof ParticipantStateError ? error.fault : String(error);
      }
    };
    for (let length = 0; length < bytes.length; length++)
      expect(fault(bytes.subarray(0, length))).toBe('damaged');
    const found = new Map<string, number>();
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at]! ^= 1 << (at % 8);
      const what = fault(changed);
      found.set(what, (found.get(what) ?? 0) + 1);
    }
    expect([...found.keys()].filter((what) => what !== 'the same')).toEqual(['damaged']);
    expect(found.get('the same') ?? 0).toBeLessThan(16);
    expect(fault(new TextEncoder().encode('{}'))).toBe('damaged');
  });
});

describe('what keeps records', () => {
  it('looks at the shared weights as well as at the personal ones', async () => {
    const store = held(recordToBytes(record));
    const opening = (change: object): Promise<unknown> =>
      new RecordKeeper(store, { ...record.task, ...change }).open();
    expect(await opening({})).toEqual(record);
    for (const change of [{ shared: '[{}]' }, { personal: '[{}]' }])
      await expect(opening(change)).rejects.toMatchObject({ fault: 'task' });
  });
});

describe('a participant with a store', () => {
  const take = async (
    federation: Partial<FederateOptions>,
    own: Partial<JoinOptions>,
  ): Promise<{ outcomes: string[]; reasons: string[]; state: unknown }> => {
    await using server = await federate(classical(), { ...options, ...federation });
    const part = join(server.url, classical(), data, { token: tokens.a, ...own });
    const outcomes: string[] = [];
    const reasons: string[] = [];
    for await (const { outcome, reason } of part) {
      outcomes.push(outcome);
      if (reason !== undefined) reasons.push(reason);
      if (outcome === 'failed') break;
    }
    return { outcomes, reasons, state: (await part).state };
  };

  it('goes on where it left, with the same bits as if it had stayed', async () => {
    const federation = {
      ...options,
      rounds: 5,
      tokens,
      waitFor: 2,
      personal: ['2'],
      roundTimeout: 60,
    };
    const [first, second] = shares([12, 8], 1);
    const model = (): ReturnType<typeof classical> => classical();
    const simulated = model();
    const { personal } = await simulate(simulated, { a: first!, b: second! }, federation);
    const served = model();
    await using server = await federate(served, { ...federation, linger: 10 });
    const own = { personal: ['2'], seed: 1 };
    const stays = join(server.url, model(), second!, { token: tokens.b, ...own });
    const done = stays.then(({ reason }) => reason);
    let joined = model();
    for (const rounds of [2, 1, Infinity]) {
      let left = rounds;
      joined = model();
      const part = join(server.url, joined, first!, {
        token: tokens.a,
        ...own,
        store: fileStateStore(file),
        // Without a word of farewell.
        onRound: () => {
          if (--left === 0) throw new Error('gone');
        },
      });
      await part.then(undefined, ({ message }: Error) => expect(message).toBe('gone'));
    }
    expect(await done).toBe('completed');
    expect(stateOf(served)).toEqual(stateOf(simulated));
    expect(stateOf(joined)).toEqual({ ...stateOf(simulated), ...personal['a'] });
    expect(recordFromBytes(await readFile(file))).toMatchObject({
      participant: 'a',
      rounds: 5,
      last: { run: server.run, round: 5 },
    });
    expect((await readdir(folder)).sort()).toEqual(['a.state', 'a.state.lock']);
    if (process.platform !== 'win32') expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('keeps account of what is told, whether it has a limit or not', async () => {
    const store = held();
    expect((await take({ privacy: noise }, { store })).outcomes).toEqual(['accepted', 'accepted']);
    const limit = { epsilon: 0.8, delta: 1e-2 };
    const more = await take({ privacy: noise }, { store, privacyLimit: limit });
    expect(more.outcomes).toEqual(['accepted', 'failed']);
    expect(more.reasons[0]).toContain('it allows');
    // An answer without noise tells all.
    const open = held();
    expect((await take({}, { store: open })).state).toMatchObject({
      spent: [{ noiseMultiplier: 0, steps: 2 }],
    });
    const late = await take({ privacy: noise }, { store: open, privacyLimit: limit });
    expect(late.outcomes).toEqual(['failed']);
    expect(late.reasons[0]).toContain('ε = Infinity');
    const seeded = { ...noise, randomness: 'seeded-unsafe' } as const;
    expect((await take({ privacy: seeded }, { store: held() })).state).toMatchObject({
      spent: [{ noiseMultiplier: 0, steps: 2 }],
    });
  });

  it('counts a round that failed, which is told', async () => {
    const store = held();
    const bad = { inputs: Float64Array.from(data.inputs, () => NaN), labels: data.labels };
    await using server = await federate(classical(), { ...options, privacy: noise });
    const part = join(server.url, classical(), bad, { token: tokens.a, store });
    for await (const { outcome } of part) {
      expect(outcome).toBe('failed');
      break;
    }
    expect(recordFromBytes(store.bytes!)).toMatchObject({ rounds: 0, spent: [{ steps: 1 }] });
  });

  it('tells nothing that it could not keep', async () => {
    await using server = await federate(classical(), { ...options, privacy: noise });
    const paths: string[] = [];
    const { fetch } = globalThis;
    const spy = vi.spyOn(globalThis, 'fetch').mockImplementation((to, init) => {
      paths.push(new URL(String(to)).pathname);
      return fetch(to, init);
    });
    try {
      const store = { ...held(), save: () => Promise.reject(new Error('no space')) };
      const part = join(server.url, classical(), data, { token: tokens.a, store });
      await expect(part).rejects.toMatchObject({
        name: 'ParticipantStateError',
        fault: 'not-kept',
        message: 'the state of the participant is not kept: no space',
      });
    } finally {
      spy.mockRestore();
    }
    expect(paths).not.toContain('/v1/answer');
  });

  it('is not another one, nor one of another task', async () => {
    const store = held();
    await take({ personal: ['2'] }, { store, personal: ['2'] });
    const { bytes } = store;
    const fault = async (
      token: string,
      personal: readonly string[],
      model = classical(),
    ): Promise<unknown> => {
      await using server = await federate(sequential(dense(2, 4), tanh(), dense(4, 2)), {
        ...options,
        tokens,
        personal,
      });
      const part = join(server.url, model, data, { token, personal, store });
      return await part.then(
        () => 'none',
        (error: unknown) => (error as ParticipantStateError).fault,
      );
    };
    expect(await fault(tokens.b, ['2'])).toBe('participant');
    expect(await fault(tokens.a, ['0'])).toBe('task');
    expect(await fault(tokens.a, [])).toBe('task');
    const wide = sequential(dense(2, 5), tanh(), dense(5, 2));
    expect(await fault(tokens.a, ['2'], wide)).toBe('task');
    expect(store.bytes).toBe(bytes);
  });

  it('is not begun with what cannot be read, which stays as it is', async () => {
    for (const content of ['', 'something else']) {
      await writeFile(file, content);
      const store = fileStateStore(file);
      const part = join('http://127.0.0.1:9', classical(), data, { token: tokens.a, store });
      await expect(part).rejects.toMatchObject({ fault: 'damaged' });
      expect(await readFile(file, 'utf8')).toBe(content);
    }
    const store = fileStateStore(folder);
    const part = join('http://127.0.0.1:9', classical(), data, { token: tokens.a, store });
    await expect(part).rejects.toMatchObject({ code: 'ENVIRONMENT' });
  });

  it('has its state for itself while it takes part', async () => {
    await using server = await federate(classical(), options);
    const store = fileStateStore(file);
    const first = join(server.url, classical(), data, { token: tokens.a, store });
    for await (const _ of first) {
      const again = join(server.url, classical(), data, { token: tokens.a, store });
      await expect(again).rejects.toThrow(InUseError);
      await expect(again).rejects.toThrow(
        new RegExp(`state in ${file} is in use by process ${process.pid}`),
      );
    }
    expect((await first).reason).toBe('completed');
    await store.open();
    await store.close();
  });

  it('has one beginning', () => {
    const state = { personal: new Float64Array(0), rounds: 0 };
    const both = { token: tokens.a, store: held(), state };
    expect(() => join('http://127.0.0.1:9', classical(), data, both)).toThrow(
      /both a store and a state/,
    );
  });
});
