import { KetworkError } from '@ketwork/base';

/**
 * Where a participant keeps its state from one participation to the next: {@link fileStateStore} in Node,
 * {@link browserStateStore} in browsers, or one of your own. The bytes hold personal parameters, the answer given last and the
 * account of what was told of the data: they belong with the data, and an old copy of them must not come back.
 *
 * @example
 * ```ts
 * import type { StateStore } from '@ketwork/federated';
 * // A state that lasts as long as the program.
 * export function heldState(): StateStore {
 *   let kept: Uint8Array | undefined;
 *   return {
 *     open: async () => kept,
 *     save: async (bytes) => void (kept = bytes),
 *     close: async () => {},
 *   };
 * }
 * ```
 */
export interface StateStore {
  /**
   * Takes the state for one participation, and nobody else until it is closed: two that went on from the same state would
   * count privacy once that is spent twice.
   *
   * @returns what was kept last; undefined where nothing ever was. What is there but cannot be read is an error.
   * @throws (as a rejection) InUseError where another participation has it.
   */
  open(): Promise<Uint8Array | undefined>;
  /** Keeps these bytes in the place of those before, whole or not at all; resolves when they outlast the end of the process. */
  save(bytes: Uint8Array): Promise<void>;
  /** Lets others have the state. Called once after every `open` that succeeded. */
  close(): Promise<void>;
}

/**
 * Why a participant's state is not used, or not kept:
 * - `damaged`: it was cut off or changed, or is something else. It is left as it is.
 * - `task`: it belongs to another model, or other personal layers.
 * - `participant`: it belongs to a participant that the coordinator knows by another name.
 * - `not-kept`: the store could not keep it; nothing was told to the coordinator then.
 */
export type ParticipantStateFault = 'damaged' | 'task' | 'participant' | 'not-kept';

/**
 * A state with which a participation does not begin or go on. Code `PARTICIPANT_STATE`.
 *
 * @example
 * ```ts
 * import { ParticipantStateError } from '@ketwork/federated';
 * const error = new ParticipantStateError('participant', 'the state is that of north, not of south');
 * console.log(error.fault); // participant
 * ```
 */
export class ParticipantStateError extends KetworkError {
  /** Name of the class. */
  override name: string = 'ParticipantStateError';
  /** Why, for programs. */
  readonly fault: ParticipantStateFault;

  constructor(
    fault: ParticipantStateFault,
    what: string,
    details: { readonly remedy?: string; readonly cause?: unknown } = {},
  ) {
    super('PARTICIPANT_STATE', what, details);
    this.fault = fault;
  }
}
