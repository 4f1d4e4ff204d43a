// The coordinator is killed (SIGKILL) and started again with the same command, at each step of a round.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Transport } from '../../src/client/transport.ts';
import { takePart, trainLight, undisturbed } from './light.ts';
import type { ChildEnd, ChildOptions } from './restart.child.ts';

const script = fileURLToPath(new URL('restart.child.ts', import.meta.url));
const names = ['a', 'b', 'c'];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'restart-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Keeps a coordinator running: starts it again whenever it is killed, until it ends by itself. */
class Keeper {
  readonly #options: Omit<ChildOptions, 'port' | 'killAt'>;
  readonly #killAt: number[];
  readonly end: Promise<ChildEnd>;
  readonly ready: Promise<string>;
  kills = 0;
  #port = 0;
  #child: ChildProcess | undefined;

  constructor(options: Omit<ChildOptions, 'port' | 'killAt'>, killAt: readonly number[] = []) {
    this.#options = options;
    this.#killAt = [...killAt];
    const ready = Promise.withResolvers<string>();
    this.ready = ready.promise;
    this.end = this.#keep(ready.resolve);
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  async #keep(ready: (url: string) => void): Promise<ChildEnd> {
    for (;;) {
      const killAt = this.#killAt.shift();
      const options: ChildOptions = {
        ...this.#options,
        port: this.#port,
        ...(killAt === undefined ? {} : { killAt }),
      };
      const child = spawn(process.execPath, [script, JSON.stringify(options)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      this.#child = child;
      const exit = new Promise<NodeJS.Signals | null>((resolve) => {
        child.once('exit', (_, signal) => resolve(signal));
      });
      let end: ChildEnd | undefined;
      for await (const line of createInterface(child.stdout)) {
        const said = JSON.parse(line) as ChildEnd | { port: number };
        if ('port' in said) {
          this.#port = said.port;
          ready(`http://127.0.0.1:${said.port}`);
        } else end = said;
      }
      const signal = await exit;
      if (end !== undefined) return end;
      if (signal !== 'SIGKILL') throw new Error('the coordinator ended before its time');
      this.kills++;
    }
  }
}

function check({ history, weights }: ChildEnd, rounds: number): void {
  expect(history.map(({ participants }) => participants.length)).toEqual(
    Array.from({ length: rounds }, () => history[0]!.selected.length),
  );
  expect(weights).toEqual([...undisturbed(history as never, names.length)]);
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
    const keeper = new Keeper({ names, journal: folder, rounds: 2 }, [3, 8, 13, 17, 19, 24, 14]);
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
    expect(keeper.kills).toBeGreaterThanOrEqual(5);
    check(end, 2);
    // Nobody trains twice for one round: what was made is sent again.
    for (const count of trained.values()) expect(count).toBe(1);
  });
});
