import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ChildEnd, ChildOptions } from './restart.child.ts';

const script = fileURLToPath(new URL('restart.child.ts', import.meta.url));

/** Keeps a coordinator running: starts it again whenever it is killed, until it ends by itself. */
export class Keeper {
  readonly #options: Omit<ChildOptions, 'port' | 'killAt'>;
  readonly #killAt: number[];
  readonly end: Promise<ChildEnd>;
  readonly ready: Promise<string>;
  /** How often the coordinator was killed. */
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
