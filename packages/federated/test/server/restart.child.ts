// A coordinator in a process of its own, which may be killed, and kills itself before an operation on files where asked to.
import { fileURLToPath } from 'node:url';
import type { RoundRecord } from '../../src/contract.ts';
import { dieBefore } from './die-before.ts';
import { coordinate, lightModel, secureAggregation } from './light.ts';

/** What the process is told by its argument. */
export interface ChildOptions {
  readonly names: readonly string[];
  readonly journal: string;
  readonly port: number;
  readonly rounds: number;
  /** Whether updates are added in secret. */
  readonly secure?: boolean;
  /** How often a round is tried. */
  readonly attempts?: number;
  /** The operation on files before which it kills itself, from 1. */
  readonly killAt?: number;
}

/** What it says when it ends. */
export interface ChildEnd {
  readonly history: readonly RoundRecord[];
  readonly weights: readonly number[];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = JSON.parse(process.argv[2]!) as ChildOptions;
  const { names, journal, port, rounds, secure, attempts, killAt } = options;
  if (killAt !== undefined) dieBefore(killAt);
  const model = lightModel();
  const server = await coordinate(
    names,
    {
      journal,
      rounds,
      listen: port,
      waitFor: names.length,
      linger: 20,
      ...(attempts === undefined ? {} : { attempts }),
      ...(secure === true ? { secureAggregation } : {}),
    },
    model,
  );
  console.log(JSON.stringify({ port: server.port }));
  const { history } = await server.result;
  const end: ChildEnd = { history, weights: [...model.weights] };
  console.log(JSON.stringify(end));
}
