import { KetworkError } from '@ketwork/base';

/**
 * Why secure aggregation stopped or refused a message:
 * - `malformed`: bytes that are no message, or a message with parts missing or of the wrong size.
 * - `stale`: a message of another run, round or attempt.
 * - `order`: a message of a phase that is over or has not begun, or a second answer to one question.
 * - `unknown`: a participant that does not take part, or not any more.
 * - `threshold`: fewer participants than needed to unmask are left; the round can be repeated.
 * - `tampered`: an encrypted share that does not open.
 * - `forged`: keys or shares that do not fit what was announced.
 * - `exposing`: a request whose answers would unmask a single participant.
 */
export type SecureAggregationFault =
  | 'malformed'
  | 'stale'
  | 'order'
  | 'unknown'
  | 'threshold'
  | 'tampered'
  | 'forged'
  | 'exposing';

/**
 * A message or request that secure aggregation refuses, or a round it cannot finish. Code `SECURE_AGGREGATION`.
 *
 * @example
 * ```ts
 * import { SecureAggregationError } from '@ketwork/federated';
 * const error = new SecureAggregationError('threshold', '2 participants are left, 3 are needed');
 * console.log(error.fault); // threshold
 * ```
 */
export class SecureAggregationError extends KetworkError {
  /** Name of the class. */
  override name: string = 'SecureAggregationError';
  /** What kind of fault it is. */
  readonly fault: SecureAggregationFault;
  /** The participant at fault, where it is known. */
  readonly participant: string | undefined;

  constructor(
    fault: SecureAggregationFault,
    what: string,
    details: { participant?: string; remedy?: string; cause?: unknown } = {},
  ) {
    super('SECURE_AGGREGATION', what, details);
    this.fault = fault;
    this.participant = details.participant;
  }
}
