// The coordinator is killed (SIGKILL) and started again with the same command, at each step of a round.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Transport } from '../../src/client/transport.ts';
import { decodeMessage } from '../../src/wire/message.ts';
import { KINDS } from '../../src/wire/protocol.ts';
import { addedOpenly, takePart, trainLight, undisturbed } from './light.ts';
import { Keeper } from './keeper.ts';
import type { ChildEnd } from './restart.child.ts';

const names = ['a', 'b', 'c'];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'restart-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

function check({ history, weights }: ChildEnd, rounds: number): void {
  expect(history.map(({ participants }) => participants.length)).toEqual(
    Array.from({ length: rounds }, () => history[0]!.selected.length),
  );
  expect(weights).toEqual([...undisturbed(history, names.length)]);
}

describe('a coordinator that is killed', () => {
  it('at any step of talking to participants goes on, and the result is the same', async () => {
    const keeper = new Keeper({ names, journal: folder, rounds: 6 });
    const url = await keeper.ready;
    const done = new Set<string>();
    const once = (what: string): void => {
      if (done.has(what)) return;
      done.add(what);
      keeper.kill();
    };
    let trained = 0;
    let answered = 0;
    /** Kills before and after requests of this participant, in one round each. */
    const killing =
      (send: Transport): Transport =>
      async (call) => {
        if (call.path === '/v1/instruction' && trained === 1) once('asked for an instruction');
        const reply = await send(call);
        if (call.path === '/v1/answer' && reply.status === 200) {
          answered++;
          if (answered === 3) once('answer taken');
        }
        return reply;
      };
    const parts = names.map((name) =>
      takePart(url, name, {
        transport: name === 'a' ? killing : (send) => send,
        train: (body) => {
          if (name === 'a') trained = body.task.round;
          if (name === 'a' && body.task.round === 2) once('instruction given');
          if (name === 'b' && body.task.round === 5) once('another one trains');
          return trainLight(name, body);
        },
      }),
    );
    const end = await keeper.end;
    await Promise.all(parts);
    expect(keeper.kills).toBe(4);
    check(end, 6);
  });

  it('before any operation on its journal goes on, and the result is the same', async () => {
    // Each process gets a little further than the one before.
    const keeper = new Keeper({ names, journal: folder, rounds: 2 }, [14, 19, 15, 18]);
    const url = await keeper.ready;
    const trained = new Map<string, number>();
    const parts = names.map((name) =>
      takePart(url, name, {
        train: (body) => {
          const key = `${name} ${body.task.round} ${body.task.attempt}`;
          trained.set(key, (trained.get(key) ?? 0) + 1);
          return trainLight(name, body);
        },
      }),
    );
    const end = await keeper.end;
    await Promise.all(parts);
    expect(keeper.kills).toBeGreaterThanOrEqual(3);
    check(end, 2);
    // Nobody trains twice for one round: what was made is sent again.
    for (const count of trained.values()) expect(count).toBe(1);
  });

  it('within a secure sum uses up no attempt, and asks nobody twice for one', async () => {
    const options = { names, journal: folder, rounds: 1, secure: true, attempts: 1 };
    const keeper = new Keeper(options);
    const url = await keeper.ready;
    const asked: string[] = [];
    const killed = new Set<unknown>();
    const killing =
      (send: Transport): Transport =>
      async (call) => {
        if (call.path === '/v1/answer') {
          // Before the masked update of the first attempt, and of the second.
          const { attempt, step } = decodeMessage(call.body!) as Record<string, unknown>;
          if (step === 2 && killed.size < 2 && !killed.has(attempt)) {
            killed.add(attempt);
            keeper.kill();
          }
        }
        const reply = await send(call);
        if (call.path !== '/v1/instruction' || reply.status !== 200) return reply;
        const { attempt, step, kind } = decodeMessage(reply.body) as Record<string, unknown>;
        if (kind !== KINDS.finished) asked.push(`${attempt as number} ${step as number}`);
        return reply;
      };
    const parts = names.map((name) =>
      takePart(url, name, { transport: name === 'a' ? killing : (send) => send }),
    );
    const end = await keeper.end;
    await Promise.all(parts);
    expect(keeper.kills).toBe(2);
    expect(end.history.map(({ attempts }) => attempts)).toEqual([3]);
    expect(new Set(asked).size).toBe(asked.length);
    expect(end.weights).toEqual([...(await addedOpenly(end.history, names.length))]);
  });

  it('within a secure sum begins the round again with new keys, and the result is the same', async () => {
    const keeper = new Keeper({ names, journal: folder, rounds: 2, secure: true });
    const url = await keeper.ready;
    let trained = 0;
    let answers = 0;
    const killing =
      (send: Transport): Transport =>
      async (call) => {
        // The third answer of a round is the masked update.
        if (call.path === '/v1/answer' && ++answers === 3) keeper.kill();
        return send(call);
      };
    const parts = names.map((name) =>
      takePart(url, name, {
        transport: name === 'a' ? killing : (send) => send,
        train: (body) => {
          trained++;
          return trainLight(name, body);
        },
      }),
    );
    const end = await keeper.end;
    await Promise.all(parts);
    expect(keeper.kills).toBe(1);
    expect(end.history.map(({ attempts }) => attempts)).toEqual([2, 1]);
    expect(trained).toBe(2 * names.length);
    expect(end.weights).toEqual([...(await addedOpenly(end.history, names.length))]);
  });
});
