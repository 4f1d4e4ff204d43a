import { ValueError } from '@ketwork/base';
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
