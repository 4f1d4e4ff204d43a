import { UnsupportedError, ValueError } from '@ketwork/base';
import type { KetworkError } from '@ketwork/base';
import type { Loss, Model } from '@ketwork/nn';
import { modelFromJSON } from '../model-json.ts';
import { lossNamed } from './losses.ts';

/** How a step is shared by worker threads, see `workers` of `FitOptions`. */
export interface WorkersOptions {
  /** Number of threads; with 1 the work stays in the calling thread. */
  readonly count: number;
  /**
   * Examples that are differentiated together. A batch is cut into pieces of this size, whatever the number of workers,
   * and their gradients are added in order, so results depend on this number and not on the number of workers. Default:
   * an eighth of the batch size, rounded up; in private training of `batchSize · accumulate`, at most 32.
   */
  readonly pieceSize?: number;
  /**
   * A module with what the workers need to make the model again beyond the layers and losses of Ketwork: its exports
   * `kinds` (rules of layers by kind, as for `layerFromJSON`) and `losses` (an array). Every worker imports it.
   */
  readonly module?: URL;
}

/** Workers as `fit` has checked them. */
export interface Team {
  readonly count: number;
  readonly pieceSize: number;
  readonly module: string | undefined;
}

/** Checks the option `workers`, and that model and loss can be made again in another thread. */
export function teamOf(
  model: Model,
  options: {
    readonly workers?: number | WorkersOptions;
    readonly loss: Loss;
    readonly engine?: unknown;
  },
  usualPiece: number,
): Team | undefined {
  const { workers, loss, engine } = options;
  if (workers === undefined) return undefined;
  const given: WorkersOptions = typeof workers === 'number' ? { count: workers } : workers;
  const { count, pieceSize = usualPiece, module } = given;
  for (const [what, value] of [
    ['number of workers', count],
    ['size of pieces', pieceSize],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new ValueError(`fit: the ${what} is ${value}, not a positive integer`);
  }
  if (module !== undefined && !(module instanceof URL))
    throw new ValueError('fit: workers.module is not a URL', {
      remedy: "Give new URL('./my-layers.js', import.meta.url)",
    });
  if (count > 1 && engine !== undefined) {
    throw new UnsupportedError('fit: an engine cannot be shared by workers', {
      remedy: 'Leave out engine, each worker has a CPU engine of its own, or leave out workers',
    });
  }
  if (count > 1 && module === undefined) checkRemade(model, loss);
  return { count, pieceSize, module: module?.href };
}

/** Refuses a model or a loss that workers could not make again. */
function checkRemade(model: Model, loss: Loss): void {
  const remedy =
    "Give its rules in a module, workers: { count, module: new URL('./my-layers.js', import.meta.url) }, or use no workers";
  if (lossNamed(loss.name, []) !== loss)
    throw new UnsupportedError(`fit: workers do not know the loss '${loss.name}'`, { remedy });
  let json: unknown;
  try {
    json = structuredClone(model.toJSON());
    modelFromJSON(json);
  } catch (cause) {
    const why = (cause as Partial<KetworkError>).message ?? String(cause);
    throw new UnsupportedError(`fit: workers could not make the model again: ${why}`, {
      remedy,
      cause,
    });
  }
}
