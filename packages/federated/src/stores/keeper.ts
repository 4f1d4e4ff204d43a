import { recordFromBytes, recordToBytes } from './record.ts';
import type { ParticipantRecord } from './record.ts';
import { ParticipantStateError } from './store.ts';
import type { StateStore } from './store.ts';

type Task = ParticipantRecord['task'];

/** Keeps the record of one participant in a store. */
export class RecordKeeper {
  readonly #store: StateStore;
  readonly #task: Task;
  #participant: string | undefined;
  #held = false;

  constructor(store: StateStore, task: Task) {
    this.#store = store;
    this.#task = task;
  }

  /**
   * Takes the store.
   * @returns what was kept; undefined where nothing was.
   * @throws InUseError where somebody else has it; ParticipantStateError where the record is damaged or of another task.
   */
  async open(): Promise<ParticipantRecord | undefined> {
    const bytes = await this.#store.open();
    this.#held = true;
    if (bytes === undefined) return undefined;
    const record = recordFromBytes(bytes);
    const { shared, personal } = this.#task;
    if (record.task.shared !== shared || record.task.personal !== personal)
      throw new ParticipantStateError(
        'task',
        'the state of the participant belongs to another model, or other personal layers',
        { remedy: 'Join with those, or keep the state of this task in another place' },
      );
    this.#participant = record.participant;
    return record;
  }

  /** Learns the name by which the coordinator knows the participant. @throws ParticipantStateError where the record is of another one. */
  joined(participant: string): void {
    const known = this.#participant;
    if (known !== undefined && known !== participant)
      throw new ParticipantStateError(
        'participant',
        `the state is that of '${known}', but the coordinator knows this participant as '${participant}'`,
        { remedy: `Join with the token of '${known}', or keep the state in another place` },
      );
    this.#participant = participant;
  }

  /** Keeps what has come about; it outlasts the process when this resolves. @throws ParticipantStateError (`not-kept`). */
  async save(record: Omit<ParticipantRecord, 'participant' | 'task'>): Promise<void> {
    const participant = this.#participant;
    if (participant === undefined) throw new Error('the participant has no name yet');
    try {
      await this.#store.save(recordToBytes({ participant, task: this.#task, ...record }));
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      throw new ParticipantStateError(
        'not-kept',
        `the state of the participant is not kept: ${text}`,
        {
          cause,
        },
      );
    }
  }

  /** Lets others have the store. */
  async close(): Promise<void> {
    if (!this.#held) return;
    this.#held = false;
    await this.#store.close();
  }
}
