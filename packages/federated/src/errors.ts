import { KetworkError, ValueError } from '@ketwork/base';
import type { ErrorDetails } from '@ketwork/base';

/** Why an update was refused. */
export type UpdateFault =
  | 'malformed'
  | 'run'
  | 'round'
  | 'closed'
  | 'not-selected'
  | 'size'
  | 'not-finite'
  | 'norm'
  | 'examples';

/**
 * An update that does not count, with the reason as a word. Code `VALUE`.
 *
 * @example
 * ```ts
 * import { UpdateError } from '@ketwork/federated';
 * const error = new UpdateError('round', 'the update belongs to round 3, not 4');
 * console.log(error.fault, error.message); // round the update belongs to round 3, not 4
 * ```
 */
export class UpdateError extends ValueError {
  /** Name of the class. */
  override name: string = 'UpdateError';
  /** Why, for programs. */
  readonly fault: UpdateFault;

  constructor(fault: UpdateFault, what: string, details?: ErrorDetails) {
    super(what, details);
    this.fault = fault;
  }
}

/** Who keeps a journal or a participant's state to itself, by its own statement. */
export interface LockHolder {
  /** Number of the process. */
  readonly pid: number;
  /** Name of its machine. */
  readonly host: string;
  /** When it began, as ISO 8601. */
  readonly since: string;
}

/**
 * A journal or a participant's state that somebody else works on: two that wrote to one would count updates twice, and
 * privacy once. Code `IN_USE`. It is free as soon as that process has ended, however it ended.
 *
 * @example
 * ```ts
 * import { InUseError } from '@ketwork/federated';
 * const holder = { pid: 4711, host: 'lab', since: '2026-01-01T00:00:00.000Z' };
 * const error = new InUseError('the journal in state', holder);
 * console.log(error.message.split('.')[0]); // the journal in state is in use by process 4711 on lab since 2026-01-01T00:00:00
 * ```
 */
export class InUseError extends KetworkError {
  /** Name of the class. */
  override name: string = 'InUseError';
  /** Who uses it; undefined where that is not known. */
  readonly holder: LockHolder | undefined;

  /** @param what Such as `the journal in state`. */
  constructor(what: string, holder?: LockHolder) {
    const by =
      holder === undefined
        ? 'somebody else'
        : `process ${holder.pid} on ${holder.host} since ${holder.since}`;
    super('IN_USE', `${what} is in use by ${by}`, {
      remedy: 'Wait for its end or end it, or name another place',
    });
    this.holder = holder;
  }
}
