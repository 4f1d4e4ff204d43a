import { ValueError } from './errors.ts';

/** Long work in steps: loop over them, or await the result, or both one after the other. It starts with either. */
export interface AwaitableSteps<Step, Result> extends AsyncIterable<Step>, PromiseLike<Result> {}

/**
 * Makes of a generator of steps something that can be looped over and awaited. A loop may be left: the rest of the generator
 * then runs after `leave` was called, which should make it end soon, so that the result tells where it stood.
 *
 * @param where Who made it, for messages.
 * @param steps Not yet started. Its return value is the result.
 * @param leave Called when a loop over the steps is left.
 * @example
 * ```ts
 * import { awaitableSteps } from '@ketwork/base';
 * let left = false;
 * async function* count(): AsyncGenerator<number, string> {
 *   for (let i = 1; i <= 3 && !left; i++) yield i;
 *   return left ? 'left' : 'done';
 * }
 * const run = awaitableSteps('count', count(), () => (left = true));
 * for await (const i of run) if (i === 2) break;
 * console.log(await run); // left
 * ```
 */
export function awaitableSteps<Step, Result>(
  where: string,
  steps: AsyncGenerator<Step, Result>,
  leave: () => unknown,
): AwaitableSteps<Step, Result> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  // A loop over the steps throws the error itself; that nobody awaits the result then is no second error.
  promise.catch(() => {});
  let started = false;
  const next = async (): Promise<IteratorResult<Step, Result>> => {
    try {
      const result = await steps.next();
      if (result.done === true) resolve(result.value);
      return result;
    } catch (error) {
      reject(error);
      throw error;
    }
  };
  const drain = async (): Promise<void> => {
    try {
      while ((await next()).done !== true);
    } catch {
      // The result carries it.
    }
  };
  return {
    then(onFulfilled, onRejected) {
      if (!started) {
        started = true;
        void drain();
      }
      return promise.then(onFulfilled, onRejected);
    },
    [Symbol.asyncIterator]() {
      if (started) {
        throw new ValueError(`${where}: this run has been started already`, {
          remedy: 'Loop over the steps of a run once, before awaiting it',
        });
      }
      started = true;
      return {
        next: async () => {
          const { done, value } = await next();
          return done === true ? { done, value: undefined } : { done: false, value };
        },
        return: async () => {
          leave();
          await drain();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
