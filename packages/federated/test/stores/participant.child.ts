// A participant in a process of its own, which keeps its state in a file and kills itself before an operation on files where
// asked to. It tells what it sends before it does.
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { fileStateStore, join } from '../../src/index.ts';
import { decodeMessage } from '../../src/wire/message.ts';
import { dieBefore } from '../server/die-before.ts';
import { clouds, classical } from '../simulate/common.ts';

/** What the process is told by its argument. */
export interface ChildOptions {
  readonly url: string;
  readonly token: string;
  readonly state: string;
  readonly personal?: readonly string[];
  readonly privacyLimit?: { readonly epsilon: number; readonly delta: number };
  /** The operation on files before which it kills itself, from 1. */
  readonly killAt?: number;
}

/** What it says: answers before they leave, then how it ended. */
export type ChildLine =
  | { readonly sent: string; readonly round: number }
  | { readonly rounds: number; readonly spent: unknown; readonly outcomes: readonly string[] };

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url, token, state, killAt, ...options } = JSON.parse(process.argv[2]!) as ChildOptions;
  if (killAt !== undefined) dieBefore(killAt);
  const { fetch } = globalThis;
  globalThis.fetch = async (to, init) => {
    if (String(to).endsWith('/v1/answer')) {
      const { round, body } = decodeMessage(init!.body as Uint8Array) as Record<string, unknown>;
      const weights = (body as { weights?: Float64Array } | null)?.weights;
      const sent = createHash('sha256')
        .update(weights === undefined ? 'failed' : new Uint8Array(weights.buffer))
        .digest('hex');
      console.log(JSON.stringify({ sent, round }));
    }
    return fetch(to, init);
  };
  const store = fileStateStore(state);
  const result = await join(url, classical(), clouds(20, 1), { token, store, ...options });
  const { rounds, spent } = result.state;
  const outcomes = result.history.map(({ outcome }) => outcome);
  console.log(JSON.stringify({ rounds, spent, outcomes }));
}
