import type { MaybePromise } from '@ketwork/nn';

/** Goes on at once after a value, later after a promise. */
export function after<A, B>(
  value: MaybePromise<A>,
  next: (value: A) => MaybePromise<B>,
): MaybePromise<B> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** All values at once where all are there, else a promise of all. */
export function together<T>(values: readonly MaybePromise<T>[]): MaybePromise<T[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as T[]);
}
