import { EnvironmentError } from './errors.ts';
import { packError, parentPort, type FromWorker } from './transport.ts';

/** What a handler of {@link serve} gets besides the request. */
export interface ServeContext {
  /** The `workerData` of the pool, copied. */
  readonly data: unknown;
  /** Marks buffers of the response to be moved instead of copied; they cannot be used here afterwards. */
  transfer(...buffers: Transferable[]): void;
}

/** Answers one request; requests of one worker come one after the other. */
export type Handler<Request, Response> = (
  request: Request,
  context: ServeContext,
) => Response | Promise<Response>;

/**
 * The worker's side of a pool: answers every request with what the handler returns. Errors it throws reject the
 * caller's promise, with class, code, operation and remedy kept. Call it before the first `await` of the module, or
 * a browser may lose early requests.
 *
 * @throws EnvironmentError where the module does not run in a worker.
 * @example
 * A module that a pool starts:
 * ```ts
 * import { serve } from '@ketwork/base';
 * export function start(): void {
 *   serve((numbers: Float64Array) => numbers.reduce((sum, x) => sum + x, 0));
 * }
 * ```
 */
export function serve<Request, Response>(handler: Handler<Request, Response>): void {
  let data: unknown;
  const port = parentPort((message) => {
    if (message.type === 'start') data = message.data;
    else void answer(message.id, message.request as Request);
  });
  if (port === undefined) {
    throw new EnvironmentError('serve was called outside a worker', {
      remedy: 'Start the module with createPool',
    });
  }
  const answer = async (id: number, request: Request): Promise<void> => {
    const moved: Transferable[] = [];
    try {
      const response = await handler(request, {
        data,
        transfer: (...buffers) => void moved.push(...buffers),
      });
      port.send({ type: 'done', id, response } satisfies FromWorker, moved);
    } catch (error) {
      port.send({ type: 'failed', id, error: packError(error) } satisfies FromWorker, []);
    }
  };
}
