import { UnsupportedError, EnvironmentError, createPool, workerUrl } from '@ketwork/base';
import type { Key, Pool, PoolWorker } from '@ketwork/base';
import { couplingLayer, stateOf } from '@ketwork/nn';
import type { BuiltLayer, Loss, LossValues, Model, ValueAndGrad } from '@ketwork/nn';
import type { WeightedBatch } from '../data.ts';
import type { LossesOf } from '../evaluate.ts';
import { GradientSum, joined, partOf, pieceByPiece, piecesOf } from '../gradient.ts';
import type { BatchGradient } from '../gradient.ts';
import { contributionsOf, perExampleOf } from '../privacy/contributions.ts';
import type { Contribute, ContributionPlan } from '../privacy/contributions.ts';
import type { PrivacyPlan } from '../privacy/options.ts';
import { isOwnAttack } from '../robustness/attacks.ts';
import { craftHere, hardenerOf } from '../robustness/training.ts';
import type { AdversarialTraining, CraftAll, Hardener } from '../robustness/training.ts';
import type { Team } from './options.ts';
import type {
  ContributionResponse,
  Request,
  Response,
  ShareRequest,
  WorkerData,
} from './protocol.ts';

/** What a run computes with its model; may hold threads. */
export interface Work {
  readonly gradient: BatchGradient;
  /** Clipped gradients of a private run. */
  readonly contribute: Contribute | undefined;
  /** Makes some examples of a batch adversarial; undefined where that is not asked for. */
  readonly harden: Hardener | undefined;
  /** Measures batches by the workers; undefined where there are none. */
  readonly losses: LossesOf | undefined;
  close(): void;
}

/** What decides about the work of a run. */
export interface WorkPlan {
  readonly model: Model;
  readonly loss: Loss;
  readonly batchSize: number;
  readonly team: Team | undefined;
  readonly privatePlan: PrivacyPlan | undefined;
  readonly adversarial?: AdversarialTraining;
}

/** The work of a run: in this thread, or by its workers. @throws UnsupportedError where examples are coupled. */
export function openWork(plan: WorkPlan, network: BuiltLayer): Work {
  const { model, loss, batchSize, team, privatePlan, adversarial } = plan;
  if (team !== undefined && network.couplesExamples) {
    throw new UnsupportedError(
      `fit: ${couplingLayer(network)} makes every example depend on the others of its batch, which workers cut into pieces`,
      { remedy: 'Use layerNorm instead of batchNorm, or leave out workers' },
    );
  }
  const pieceSize = privatePlan?.stretch ?? team?.pieceSize ?? batchSize;
  const contributions = privatePlan && contributionPlan(privatePlan, network, batchSize);
  const secretly = privatePlan !== undefined;
  const shared = adversarial !== undefined && isOwnAttack(adversarial.attack);
  // Another's attack might look at several examples; a private one must not.
  const craft =
    adversarial &&
    craftHere(network, loss, adversarial.attack, secretly && !shared ? 1 : pieceSize);
  const work: Work = {
    gradient: pieceByPiece(network, loss, pieceSize),
    contribute: contributions && contributionsOf(network, loss, contributions),
    harden: adversarial && hardenerOf(adversarial, secretly, craft!),
    losses: undefined,
    close: () => {},
  };
  if (team === undefined || team.count === 1) return work;
  const { count, module } = team;
  const attack = shared ? adversarial.attack : undefined;
  const pool = openPool(count, {
    model: model.toJSON(),
    inputShape: network.inputShape,
    state: stateOf(network),
    loss: loss.name,
    module,
    contributions,
    attack: attack && { name: attack.name, settings: attack.settings },
  });
  const share = sharer(pool, network, pieceSize);
  return {
    gradient: gradientBy(share, pieceSize),
    contribute: contributions && contributionsBy(share),
    harden: shared ? hardenerOf(adversarial, secretly, craftBy(share)) : work.harden,
    losses: {
      atOnce: count,
      of: (batch, place) =>
        call<LossValues>(pool.worker(place), {
          type: 'losses',
          parameters: network.parameters.map((parameter) => parameter.data),
          batch,
        }),
    },
    close: () => pool.dispose(),
  };
}

function contributionPlan(
  { clipping, stretch, perExample }: PrivacyPlan,
  network: BuiltLayer,
  batchSize: number,
): ContributionPlan {
  return {
    perLayer: clipping === 'per-layer',
    stretch,
    perExample: perExample ?? perExampleOf(network),
    // Room for what a draw may have above its mean, so that few steps need a short second pass.
    passSize: Math.min(2 * batchSize, Math.ceil(batchSize + 4 * Math.sqrt(batchSize))),
  };
}

function openPool(size: number, workerData: WorkerData): Pool<Request, Response> {
  // Bundlers follow the literal in `webWorker`; written out here, they would copy the module a second time.
  const file = './worker.js';
  const url = workerUrl(new URL(file, import.meta.url), import.meta.url);
  const webWorker = (): object =>
    new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  return createPool<Request, Response>({ url, webWorker, size, workerData });
}

/** Asks every worker for consecutive pieces of a batch; answers come in the order of the pieces. */
type Sharer = <R extends Response>(
  batch: WeightedBatch,
  key: Key,
  request: (share: ShareRequest) => Request,
) => Promise<R[]>;

function sharer(pool: Pool<Request, Response>, network: BuiltLayer, pieceSize: number): Sharer {
  return async <R extends Response>(
    batch: WeightedBatch,
    key: Key,
    request: (share: ShareRequest) => Request,
  ) => {
    const pieces = piecesOf(batch.count, pieceSize);
    const parameters = network.parameters.map(({ data }) => data);
    const answers: Promise<R>[] = [];
    for (let w = 0; w < pool.size; w++) {
      const mine = pieces.slice(
        Math.floor((w * pieces.length) / pool.size),
        Math.floor(((w + 1) * pieces.length) / pool.size),
      );
      if (mine.length === 0) continue;
      const first = mine[0]!.first;
      const count = mine.reduce((sum, piece) => sum + piece.count, 0);
      const share: ShareRequest = {
        parameters,
        batch: partOf(batch, { first, count }),
        first,
        pieces: mine.map((piece) => ({ ...piece, first: piece.first - first })),
        key,
      };
      answers.push(call<R>(pool.worker(w), request(share)));
    }
    return Promise.all(answers);
  };
}

function gradientBy(share: Sharer, pieceSize: number): BatchGradient {
  return async (batch, key) => {
    const answers = await share<readonly ValueAndGrad[]>(batch, key, (mine) => ({
      type: 'gradients',
      ...mine,
    }));
    const results = answers.flat();
    const total = new GradientSum(batch.count);
    piecesOf(batch.count, pieceSize).forEach(({ count }, i) => total.add(results[i]!, count));
    return total.result();
  };
}

function contributionsBy(share: Sharer): Contribute {
  return async ({ batch, key, norm }, give) => {
    const answers = await share<ContributionResponse>(batch, key, (mine) => ({
      type: 'contributions',
      norm,
      ...mine,
    }));
    for (const { sums } of answers) for (const sum of sums) give(sum);
    return {
      losses: joined(answers.map(({ losses }) => losses)),
      outputs: joined(answers.map(({ outputs }) => outputs)),
      unclipped: answers.reduce((sum, { unclipped }) => sum + unclipped, 0),
    };
  };
}

function craftBy(share: Sharer): CraftAll {
  return async (batch, key) =>
    joined(await share<Float64Array>(batch, key, (mine) => ({ type: 'craft', ...mine })));
}

/** Asks a worker, and where it dies once more the one that takes its place. */
async function call<R extends Response>(
  worker: PoolWorker<Request, Response>,
  request: Request,
): Promise<R> {
  const { restarts } = worker;
  const died = (error: unknown, times: number): boolean =>
    error instanceof EnvironmentError && worker.restarts >= restarts + times;
  try {
    return (await worker.run(request)) as R;
  } catch (error) {
    if (!died(error, 1)) throw error;
  }
  try {
    return (await worker.run(request)) as R;
  } catch (cause) {
    if (!died(cause, 2)) throw cause;
    throw new EnvironmentError(
      `fit: ${(cause as EnvironmentError).message.split('.')[0]}, twice at the same step`,
      {
        remedy: 'Check memory and the modules it loads, or train with workers: 1',
        cause,
      },
    );
  }
}
