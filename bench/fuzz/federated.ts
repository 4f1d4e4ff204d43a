import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openFuzzTarget } from '../../packages/federated/test/server/malformed.ts';
import { Judge } from './tally.ts';
import type { Tally } from './tally.ts';

/** Requests after which memory is measured for the first time: by then everything has been compiled. */
const WARM = 5000;
/** Growth of memory in MB that counts as a failure. */
const ALLOWED = 16;

/** Malformed requests to a coordinator, all to one. */
export interface FederatedFuzz extends AsyncDisposable {
  /** Sends one request, which must be refused with a reason. */
  check(seed: number, tally: Tally): Promise<void>;
  /** Lets the federation end as if there had been none, and compares memory. */
  conclude(tally: Tally): Promise<void>;
}

/** Opens a coordinator to be fuzzed. */
export async function fuzzFederated(): Promise<FederatedFuzz> {
  const target = await openFuzzTarget();
  const sent: Record<number, number> = {};
  let count = 0;
  let before: number | undefined;
  return {
    check: async (seed, tally) => {
      const judged = new Judge(tally, seed, 0);
      try {
        const status = await target.refuses(seed);
        sent[status] = (sent[status] ?? 0) + 1;
      } catch (error) {
        judged.thrown(error);
      }
      judged.close('request');
      if (++count === WARM) before = megabytes();
    },
    conclude: async (tally) => {
      const grown = before === undefined ? 0 : megabytes() - before;
      if (!(grown <= ALLOWED)) tally.failures.push(`memory has grown by ${grown.toFixed(1)} MB`);
      try {
        await target.conclude();
      } catch (error) {
        tally.failures.push(String(error));
      }
      console.log(
        `${count} requests: memory has grown by ${grown.toFixed(1)} MB; answers by status`,
        sent,
      );
    },
    [Symbol.asyncDispose]: () => target[Symbol.asyncDispose](),
  };
}

/** Memory of objects and buffers that are in use, in MB. */
function megabytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let i = 0; i < 3; i++) collect();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}
