import { EnvironmentError, ValueError } from './errors.ts';
import {
  startThread,
  unpackError,
  type FromWorker,
  type Thread,
  type ToWorker,
} from './transport.ts';

/** Options of {@link createPool}. */
export interface PoolOptions {
  /** Module that the workers run; it calls `serve`. See {@link workerUrl}. */
  readonly url: URL;
  /**
   * How a browser starts a worker. Bundlers follow only a literal
   * `() => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })`; by default it starts from `url`, which
   * serves unbundled pages.
   */
  readonly webWorker?: () => object;
  /** Largest number of workers, at least 1; each starts when there is work for it. */
  readonly size: number;
  /** Copied to every worker as it starts, as `context.data`. */
  readonly workerData?: unknown;
}

/** Options of one call. */
export interface CallOptions {
  /** Rejects the call when aborted; a request not yet sent is dropped, the answer to one already sent is ignored. */
  readonly signal?: AbortSignal;
}

/** One place of a pool, which keeps its worker, and the state in it, from call to call. */
export interface PoolWorker<Request = unknown, Response = unknown> {
  /** How often the worker here has been replaced after its death, which loses the state kept in it. */
  readonly restarts: number;
  /** Like {@link Pool.run}, by this worker, after the earlier calls to it. */
  run(
    request: Request,
    transfer?: readonly Transferable[],
    options?: CallOptions,
  ): Promise<Response>;
}

/** Workers that answer requests. */
export interface Pool<Request = unknown, Response = unknown> extends Disposable {
  /** Largest number of workers. */
  readonly size: number;
  /**
   * Sends a request to the first worker that is free. It is copied, and the buffers in `transfer` moved, when it is
   * sent: leave it unchanged until the promise settles.
   *
   * Rejects with the handler's error; with EnvironmentError where the worker dies or the pool is disposed; with
   * ValueError where the request cannot be copied; with the signal's reason where it is aborted.
   */
  run(
    request: Request,
    transfer?: readonly Transferable[],
    options?: CallOptions,
  ): Promise<Response>;
  /** The worker at a place, 0 to `size - 1`. @throws ValueError for any other index. */
  worker(index: number): PoolWorker<Request, Response>;
  /** Ends all workers and rejects their calls; later calls are rejected too. */
  dispose(): void;
}

interface Call {
  readonly id: number;
  readonly request: unknown;
  readonly transfer: readonly Transferable[];
  /** Settles the promise once; later calls do nothing. */
  settle(outcome: { readonly response: unknown } | { readonly error: unknown }): void;
  settled: boolean;
}

interface Place {
  thread: Thread | undefined;
  restarts: number;
  /** The call the worker is busy with. */
  current: Call | undefined;
  /** Whether the thread keeps the process alive. */
  held: boolean;
  /** Calls that must run here. */
  readonly queue: Call[];
}

/**
 * Opens a pool of worker threads, in Node and in browsers. Idle workers never keep a Node process alive. A worker
 * that dies rejects the calls that need it and is replaced when the next call needs one.
 *
 * @throws ValueError where the size is not a positive integer or the url is not a URL.
 * @example
 * ```ts
 * import { createPool } from '@ketwork/base';
 * const source = `
 *   import { parentPort } from 'node:worker_threads';
 *   parentPort.on('message', ({ type, id, request }) => {
 *     if (type === 'call') parentPort.postMessage({ type: 'done', id, response: request * 2 });
 *   });
 * `; // stands for a module of its own that calls serve((x: number) => x * 2)
 * const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
 * const pool = createPool<number, number>({ url, size: 2 });
 * console.log(await Promise.all([pool.run(1), pool.run(2), pool.run(3)])); // 2, 4, 6
 * pool.dispose();
 * ```
 */
export function createPool<Request = unknown, Response = unknown>(
  options: PoolOptions,
): Pool<Request, Response> {
  const { url, size, workerData, webWorker } = options;
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new ValueError(`pool size ${String(size)} is not a positive integer`);
  }
  if (!(url instanceof URL)) {
    throw new ValueError('pool url is not a URL', {
      remedy: "Give new URL('./worker.js', import.meta.url)",
    });
  }
  const places: Place[] = Array.from({ length: size }, () => ({
    thread: undefined,
    restarts: 0,
    current: undefined,
    held: false,
    queue: [],
  }));
  const shared: Call[] = [];
  let calls = 0;
  let disposed = false;

  /** Free places take work: their own first, then the shared. Running workers are preferred to new ones. */
  const dispatch = (): void => {
    for (const place of places) {
      while (place.current === undefined && place.queue.length > 0)
        send(place, place.queue.shift()!);
    }
    while (shared.length > 0) {
      const free = places.filter((place) => place.current === undefined);
      const place = free.find(({ thread }) => thread !== undefined) ?? free[0];
      if (place === undefined) break;
      send(place, shared.shift()!);
    }
    // A thread keeps the process alive while somebody waits for it, be it behind an abandoned call.
    for (const place of places) {
      const { current, queue, thread } = place;
      const needed =
        current !== undefined && (!current.settled || queue.length > 0 || shared.length > 0);
      if (thread !== undefined && place.held !== needed) thread.hold(needed);
      place.held = needed;
    }
  };

  const send = (place: Place, call: Call): void => {
    if (call.settled) return;
    try {
      place.thread ??= start(place);
    } catch (error) {
      call.settle({ error });
      return;
    }
    try {
      const message: ToWorker = { type: 'call', id: call.id, request: call.request };
      place.thread.send(message, call.transfer);
    } catch (cause) {
      call.settle({
        error: new ValueError(`the request cannot be sent to a worker: ${String(cause)}`, {
          remedy: 'Send plain data, typed arrays and buffers that have not been moved',
          cause,
        }),
      });
      return;
    }
    place.current = call;
  };

  const start = (place: Place): Thread => {
    const events = {
      message: (message: FromWorker): void => {
        if (place.thread === thread) receive(place, message);
      },
      dead: (reason: string, cause?: unknown): void => {
        if (place.thread === thread) bury(place, reason, cause);
      },
    };
    const thread = startThread(url, events, webWorker);
    try {
      thread.send({ type: 'start', data: workerData } satisfies ToWorker, []);
    } catch (cause) {
      thread.terminate();
      throw new ValueError(`workerData cannot be sent to a worker: ${String(cause)}`, { cause });
    }
    return thread;
  };

  const receive = (place: Place, message: FromWorker): void => {
    const call = place.current;
    if (call === undefined || call.id !== message.id) return;
    place.current = undefined;
    if (message.type === 'done') call.settle({ response: message.response });
    else call.settle({ error: unpackError(message.error) });
    dispatch();
  };

  const bury = (place: Place, reason: string, cause: unknown): void => {
    const lost =
      place.current === undefined
        ? place.queue.splice(0)
        : [place.current, ...place.queue.splice(0)];
    place.thread?.terminate();
    place.thread = undefined;
    place.current = undefined;
    place.held = false;
    place.restarts++;
    for (const call of lost) {
      const details = { remedy: 'Call again: a new worker takes its place', cause };
      call.settle({ error: new EnvironmentError(`a worker ${reason}`, details) });
    }
    dispatch();
  };

  const run = (
    queue: Call[],
    request: Request,
    transfer: readonly Transferable[] = [],
    { signal }: CallOptions = {},
  ): Promise<Response> =>
    new Promise((resolve, reject) => {
      if (disposed) {
        reject(
          new EnvironmentError('the pool has been disposed', {
            remedy: 'Open another with createPool',
          }),
        );
        return;
      }
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      const abort = (): void => {
        const waiting = queue.indexOf(call);
        if (waiting >= 0) queue.splice(waiting, 1);
        call.settle({ error: signal?.reason });
        dispatch();
      };
      const call: Call = {
        id: calls++,
        request,
        transfer,
        settled: false,
        settle(outcome) {
          if (call.settled) return;
          call.settled = true;
          signal?.removeEventListener('abort', abort);
          if ('response' in outcome) resolve(outcome.response as Response);
          else reject(outcome.error);
        },
      };
      signal?.addEventListener('abort', abort);
      queue.push(call);
      dispatch();
    });

  const dispose = (): void => {
    disposed = true;
    const lost = shared.splice(0);
    for (const place of places) {
      if (place.current !== undefined) lost.push(place.current);
      lost.push(...place.queue.splice(0));
      place.thread?.terminate();
      place.thread = undefined;
      place.current = undefined;
    }
    for (const call of lost)
      call.settle({ error: new EnvironmentError('the pool was disposed during the call') });
  };

  return {
    size,
    run: (request, transfer, callOptions) => run(shared, request, transfer, callOptions),
    worker(index) {
      const place = places[index];
      if (place === undefined) {
        throw new ValueError(`worker ${index} is not one of the pool's`, {
          remedy: `Use 0 to ${size - 1}`,
        });
      }
      return {
        get restarts() {
          return place.restarts;
        },
        run: (request, transfer, callOptions) => run(place.queue, request, transfer, callOptions),
      };
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
}

/**
 * The module of a worker beside the calling one: `./worker.js` in a built package, `./worker.ts` where the caller
 * runs from its sources.
 *
 * @param url `new URL('./worker.js', import.meta.url)`, written out so that bundlers see it.
 * @param caller `import.meta.url`.
 * @example
 * ```ts
 * import { workerUrl } from '@ketwork/base';
 * const caller = 'file:///project/src/engine.ts'; // import.meta.url
 * console.log(workerUrl(new URL('./worker.js', caller), caller).href); // file:///project/src/worker.ts
 * ```
 */
export function workerUrl(url: URL, caller: string): URL {
  if (!new URL(caller).pathname.endsWith('.ts')) return url;
  const source = new URL(url);
  source.pathname = source.pathname.replace(/\.js$/, '.ts');
  return source;
}
