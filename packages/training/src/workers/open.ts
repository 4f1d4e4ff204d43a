import { UnsupportedError, EnvironmentError, createPool, workerUrl } from '@ketwork/base';
import type { Pool, PoolWorker } from '@ketwork/base';
import { couplingLayer, stateOf } from '@ketwork/nn';
import type { BuiltLayer, Loss, LossValues, Model, ValueAndGrad } from '@ketwork/nn';
import type { LossesOf } from '../evaluate.ts';
import { GradientSum, partOf, pieceByPiece, piecesOf } from '../gradient.ts';
import type { BatchGradient } from '../gradient.ts';
import type { Team } from './options.ts';
import type { Request, Response, WorkerData } from './protocol.ts';

/** What a run computes with its model; may hold threads. */
export interface Work {
  readonly gradient: BatchGradient;
  /** Measures batches by the workers; undefined where there are none. */
  readonly losses: LossesOf | undefined;
  close(): void;
}

/** The work of a run: in this thread, or by its workers. @throws UnsupportedError where examples are coupled. */
export function openWork(
  plan: {
    readonly model: Model;
    readonly loss: Loss;
    readonly batchSize: number;
    readonly team: Team | undefined;
  },
  network: BuiltLayer,
): Work {
  const here = (size: number): Work => ({
    gradient: pieceByPiece(network, loss, size),
    losses: undefined,
    close: () => {},
  });
  const { model, loss, batchSize, team } = plan;
  if (team === undefined) return here(batchSize);
  if (network.couplesExamples) {
    throw new UnsupportedError(
      `fit: ${couplingLayer(network)} makes every example depend on the others of its batch, which workers cut into pieces`,
      { remedy: 'Use layerNorm instead of batchNorm, or leave out workers' },
    );
  }
  const { count, pieceSize, module } = team;
  if (count === 1) return here(pieceSize);
  const data: WorkerData = {
    model: model.toJSON(),
    inputShape: network.inputShape,
    state: stateOf(network),
    loss: loss.name,
    module,
  };
  const pool = openPool(count, data);
  return {
    gradient: byWorkers(pool, network, pieceSize),
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

function openPool(size: number, workerData: WorkerData): Pool<Request, Response> {
  // Bundlers follow the literal in `webWorker`; written out here, they would copy the module a second time.
  const file = './worker.js';
  const url = workerUrl(new URL(file, import.meta.url), import.meta.url);
  const webWorker = (): object =>
    new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  return createPool<Request, Response>({ url, webWorker, size, workerData });
}

/** Every worker takes consecutive pieces; what they return is added in the order of the pieces. */
function byWorkers(
  pool: Pool<Request, Response>,
  network: BuiltLayer,
  pieceSize: number,
): BatchGradient {
  return async (batch, key) => {
    const pieces = piecesOf(batch.count, pieceSize);
    const parameters = network.parameters.map(({ data }) => data);
    const shares = Array.from({ length: pool.size }, (_, w) => {
      const mine = pieces.slice(
        Math.floor((w * pieces.length) / pool.size),
        Math.floor(((w + 1) * pieces.length) / pool.size),
      );
      if (mine.length === 0) return [];
      const first = mine[0]!.first;
      const count = mine.reduce((sum, piece) => sum + piece.count, 0);
      const request: Request = {
        type: 'gradients',
        parameters,
        batch: partOf(batch, { first, count }),
        first,
        pieces: mine.map((piece) => ({ ...piece, first: piece.first - first })),
        key,
      };
      return call<readonly ValueAndGrad[]>(pool.worker(w), request);
    });
    const results = (await Promise.all(shares)).flat();
    const total = new GradientSum(batch.count);
    results.forEach((result, i) => total.add(result, pieces[i]!.count));
    return total.result();
  };
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
