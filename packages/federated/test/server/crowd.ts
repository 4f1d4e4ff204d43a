// Many light participants in one process, half of which drop out of every round, each in its own way.
import { fold, key, uniform } from '@ketwork/base';
import type { RoundRecord } from '../../src/contract.ts';
import type { Transport } from '../../src/client/transport.ts';
import { Unreachable } from '../../src/client/transport.ts';
import { coordinate, lightModel, takePart, trainLight, undisturbed } from './light.ts';

/** Size of a crowd. */
export interface CrowdOptions {
  readonly participants: number;
  readonly rounds: number;
  /** Seconds for which a round waits. */
  readonly roundTimeout: number;
  /** Numbers in the weights. */
  readonly size: number;
}

/** What came of it. */
export interface CrowdFigures {
  readonly history: readonly RoundRecord[];
  /** Answers by what became of them, as their senders heard. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Updates that count, of participants that dropped out of the round, or twice in one. */
  readonly wrong: number;
  /** Whether the weights are those of rounds in which the same participants answered and nothing went wrong. */
  readonly same: boolean;
  readonly seconds: number;
}

type Way = 'answers' | 'silent' | 'late' | 'cut off' | 'lies' | 'twice';
const WAYS: readonly Way[] = ['silent', 'late', 'cut off', 'lies'];

/** How a participant behaves in a round: half of them drop out. One in ten of the others sends everything twice. */
function wayOf(place: number, round: number): Way {
  const [drops, which] = uniform(fold(fold(key(500), place), round), 2);
  if (drops! < 0.5) return WAYS[Math.floor(which! * WAYS.length)]!;
  return which! < 0.1 ? 'twice' : 'answers';
}

/** Lets a crowd take part in a federation. */
export async function crowd(options: CrowdOptions): Promise<CrowdFigures> {
  const { participants, rounds, roundTimeout, size } = options;
  const names = Array.from({ length: participants }, (_, k) => `p${String(k).padStart(4, '0')}`);
  const model = lightModel(size);
  const federation = { rounds, maxNorm: 1e6, minimum: Math.ceil(participants / 10) };
  await using server = await coordinate(
    names,
    { ...federation, roundTimeout, waitFor: participants },
    model,
  );
  const outcomes: Record<string, number> = {};
  const gone = Promise.withResolvers<void>();
  const parts = names.map(async (name, k) => {
    let round = 0;
    const afterwards = (): Promise<unknown> =>
      Promise.race([
        gone.promise,
        new Promise((resolve) => {
          setTimeout(resolve, 1100 * roundTimeout);
        }),
      ]);
    const transport =
      (send: Transport): Transport =>
      async (call) => {
        const way = call.path === '/v1/answer' ? wayOf(k, round) : 'answers';
        if (way === 'twice') await send(call);
        if (way === 'answers' || way === 'twice' || way === 'lies') return send(call);
        if (way === 'cut off') {
          const cut = AbortSignal.timeout(1);
          await send({ ...call, body: call.body!.slice(0, -8), signal: cut }).catch(() => {});
        }
        await afterwards();
        if (way === 'late') return send(call);
        const text = JSON.stringify({ error: { code: 'STALE', reason: way } });
        const body = new TextEncoder().encode(text);
        return { status: 409, type: 'application/json', retryAfter: undefined, body };
      };
    try {
      const { rounds: mine } = await takePart(server.url, name, {
        size,
        transport,
        giveUpAfter: 2,
        train: (body) => {
          round = body.task.round;
          const answer = trainLight(name, body);
          return wayOf(k, round) === 'lies' ? { ...answer, loss: NaN } : answer;
        },
      });
      for (const { outcome } of mine) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    } catch (error) {
      // Who is away when the federation ends does not find it again.
      if (!(error instanceof Unreachable)) throw error;
    }
  });
  const { history, seconds } = await server.result;
  gone.resolve();
  await Promise.all(parts);
  const counted = history.flatMap(({ round, participants: counting }) =>
    counting.map((name) => [round, name] as const),
  );
  const wrong = counted.filter(([round, name]) => WAYS.includes(wayOf(names.indexOf(name), round)));
  const twice = counted.length - new Set(counted.map(([round, name]) => `${round} ${name}`)).size;
  const expected = undisturbed(history, participants, federation, size);
  const same = expected.every((value, i) => Object.is(value, model.weights[i]));
  return { history, outcomes, wrong: wrong.length + twice, same, seconds };
}
