// The coordinator is killed (SIGKILL) and started again with the same command, at each step of a round.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Transport } from '../../src/client/transport.ts';
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
