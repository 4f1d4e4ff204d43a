/** Waiting times between tries: doubling from 0.1 seconds on, shortened by chance so that participants do not come in step. */
export class Backoff {
  readonly #longest: number;
  #tries = 0;
  #since: number | undefined;

  /** @param longest Longest pause in seconds. */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** Seconds since the first of the tries that failed in a row. */
  get failing(): number {
    return this.#since === undefined ? 0 : performance.now() / 1000 - this.#since;
  }

  /** A try failed: seconds to wait. */
  next(): number {
    this.#since ??= performance.now() / 1000;
    const longest = Math.min(this.#longest, 0.1 * 2 ** this.#tries++);
    const [draw] = crypto.getRandomValues(new Uint32Array(1));
    return longest * (0.5 + draw! / 2 ** 33);
  }
}

/** Waits, but no longer than until the signal aborts. */
export function pause(seconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      resolve();
    };
    const timer = setTimeout(stop, 1000 * seconds);
    signal.addEventListener('abort', stop);
  });
}
