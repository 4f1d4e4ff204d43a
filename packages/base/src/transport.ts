import {
  CircuitError,
  EnvironmentError,
  FormatError,
  KetworkError,
  UnsupportedError,
  ValueError,
  type ErrorDetails,
} from './errors.ts';

/** From pool to worker. */
export type ToWorker =
  | { readonly type: 'start'; readonly data: unknown }
  | { readonly type: 'call'; readonly id: number; readonly request: unknown };

/** From worker to pool. */
export type FromWorker =
  | { readonly type: 'done'; readonly id: number; readonly response: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly error: SentError };

/** An error as plain data. */
export type SentError =
  | {
      readonly type: 'error';
      readonly name: string;
      readonly message: string;
      readonly stack: string | undefined;
      readonly cause: SentError | undefined;
      readonly ketwork:
        | { readonly code: string; readonly operation?: number; readonly remedy?: string }
        | undefined;
    }
  | { readonly type: 'value'; readonly value: unknown };

const classes = [CircuitError, ValueError, UnsupportedError, FormatError, EnvironmentError];
const builtIn = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];

/** An error as data that can be sent, with its causes (a few: they may form a circle). */
export function packError(error: unknown, depth = 0): SentError {
  if (!(error instanceof Error)) {
    try {
      return { type: 'value', value: structuredClone(error) };
    } catch {
      return { type: 'value', value: String(error) };
    }
  }
  const ketwork =
    error instanceof KetworkError
      ? {
          code: error.code,
          ...(error.operation === undefined ? {} : { operation: error.operation }),
          ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
        }
      : undefined;
  const cause =
    error.cause === undefined || depth > 8 ? undefined : packError(error.cause, depth + 1);
  return {
    type: 'error',
    name: error.name,
    message: error.message,
    stack: error.stack,
    cause,
    ketwork,
  };
}

/** The error again, of its class where that is known here. */
export function unpackError(sent: SentError): unknown {
  if (sent.type === 'value') return sent.value;
  const { name, message, stack, ketwork } = sent;
  const cause = sent.cause === undefined ? undefined : unpackError(sent.cause);
  const error =
    ketwork === undefined
      ? unpackPlain(name, message, cause)
      : unpackKetwork(name, message, { ...ketwork, cause });
  if (error.name !== name) error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}

function unpackPlain(name: string, message: string, cause: unknown): Error {
  const Class = builtIn.find((known) => known.name === name) ?? Error;
  return new Class(message, cause === undefined ? undefined : { cause });
}

function unpackKetwork(
  name: string,
  message: string,
  details: ErrorDetails & { readonly code: string },
): KetworkError {
  // The class is recognised by its code, since a minifier may have renamed it.
  const Class = classes.find((known) => new known('').code === details.code);
  const make = (what: string): KetworkError =>
    Class === undefined ? new KetworkError(details.code, what, details) : new Class(what, details);
  // The constructor adds place and remedy to the text: take them off first.
  const frame = make('\0').message.split('\0');
  const [before, after] = [frame[0] ?? '', frame[1] ?? ''];
  const error = make(message.slice(before.length, message.length - after.length));
  if (error.message !== message) error.message = message;
  return error;
}

/** One end of a connection between threads. */
export interface Port {
  /** Sends a value; the buffers in `transfer` move instead of being copied. */
  send(message: unknown, transfer: readonly Transferable[]): void;
}

/** What happens to a worker thread. */
export interface ThreadEvents {
  message(message: FromWorker): void;
  /** The thread is gone, or cannot be trusted any more. */
  dead(reason: string, cause?: unknown): void;
}

/** A worker thread seen from its pool. */
export interface Thread extends Port {
  /** Whether the thread keeps the process alive (Node only). */
  hold(on: boolean): void;
  terminate(): void;
}

type NodeThreads = typeof import('node:worker_threads');

/** Node's threads, or undefined elsewhere. Not imported: a bundler for browsers must not meet a `node:` module. */
function nodeThreads(): NodeThreads | undefined {
  const { process } = globalThis as { process?: NodeJS.Process };
  return process?.versions?.node === undefined
    ? undefined
    : process.getBuiltinModule?.('node:worker_threads');
}

/** Starts a thread from a module; in a browser by `webWorker`, where that is given. */
export function startThread(
  url: URL,
  events: ThreadEvents,
  webWorker: () => object = () => new Worker(url, { type: 'module' }),
): Thread {
  const threads = nodeThreads();
  if (threads !== undefined) {
    // A worker inherits the flags of the process, and refuses to load a file under `node --input-type=module --eval …`.
    const inline = process.execArgv.some((flag) => flag.startsWith('--input-type'));
    const worker = new threads.Worker(url, inline ? { execArgv: [] } : {});
    worker.on('message', (message: FromWorker) => events.message(message));
    worker.on('messageerror', (cause) => events.dead('sent something that cannot be read', cause));
    worker.on('error', (cause) => events.dead(`failed: ${String(cause)}`, cause));
    worker.on('exit', (code) => events.dead(`exited with code ${code}`));
    worker.unref();
    return {
      send: (message, transfer) =>
        worker.postMessage(message, transfer as import('node:worker_threads').Transferable[]),
      hold: (on) => (on ? worker.ref() : worker.unref()),
      terminate: () => void worker.terminate(),
    };
  }
  if (typeof Worker !== 'function') {
    throw new EnvironmentError('this runtime has no worker threads', {
      remedy: 'Run in the calling thread instead',
    });
  }
  const worker = webWorker() as Worker;
  worker.addEventListener('message', (event: MessageEvent<FromWorker>) =>
    events.message(event.data),
  );
  worker.addEventListener('messageerror', () => events.dead('sent something that cannot be read'));
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    events.dead(`failed: ${event.message || `${url.href} could not be loaded`}`, event.error);
  });
  return {
    send: (message, transfer) => worker.postMessage(message, [...transfer]),
    hold: () => {},
    terminate: () => worker.terminate(),
  };
}

/** The worker's own end of the connection; undefined in a main thread. */
export function parentPort(receive: (message: ToWorker) => void): Port | undefined {
  const threads = nodeThreads();
  if (threads !== undefined) {
    const port = threads.parentPort;
    if (port === null) return undefined;
    port.on('message', receive);
    return {
      send: (message, transfer) =>
        port.postMessage(message, transfer as import('node:worker_threads').Transferable[]),
    };
  }
  const scope = globalThis as unknown as {
    WorkerGlobalScope?: new () => object;
    postMessage(message: unknown, transfer: Transferable[]): void;
    addEventListener(type: 'message', listener: (event: MessageEvent<ToWorker>) => void): void;
  };
  if (scope.WorkerGlobalScope === undefined || !(globalThis instanceof scope.WorkerGlobalScope))
    return undefined;
  scope.addEventListener('message', (event) => receive(event.data));
  return { send: (message, transfer) => scope.postMessage(message, [...transfer]) };
}
