import { EnvironmentError, readIfThere, replaceFile } from '@ketwork/base';
import type { FileHandle } from 'node:fs/promises';
import type { RoundsState } from '../rounds/state.ts';
import { stateFromBytes, stateToBytes } from '../saved.ts';
import { decodeMessage, encodeMessage } from '../wire/message.ts';
import type { Plain } from '../wire/message.ts';
import { FileLock } from '../files/lock.ts';
import { nodeModule, OWN } from '../node.ts';

const STATE = 'state.safetensors';
const LOG = 'round.log';
const LOCK = 'coordinator.lock';

/** What is known of the round that was open when a coordinator stopped. */
export interface LoggedRound {
  /** What was noted when it was opened. */
  readonly opening: Plain;
  /** The answers that were accepted, in the order of arrival. */
  readonly answers: readonly { readonly from: string; readonly answer: Plain }[];
}

/**
 * A coordinator's memory on disk, in a folder of its own. `state.safetensors`, as `stateToBytes` writes it, says where the federation
 * stands and is replaced whole, after every round; `round.log` holds the answers to the open round and is appended to. Both are on the
 * disk, and not only in the care of the system, before anybody hears of what they hold.
 */
export class Journal {
  readonly folder: string;
  readonly #fs: typeof import('node:fs/promises') = nodeModule('node:fs/promises', 'a journal');
  readonly #crc32: (bytes: Uint8Array) => number = nodeModule('node:zlib', 'a journal').crc32;
  readonly #join: (...parts: string[]) => string = nodeModule('node:path', 'a journal').join;
  #lock: FileLock | undefined;
  #log: FileHandle | undefined;
  #waiting: Uint8Array[] = [];
  #flushing: Promise<void> | undefined;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Keeps other coordinators from it, until it is closed. @throws InUseError where another one has it. */
  async lock(): Promise<void> {
    await this.#do('make', () => this.#makeFolder());
    this.#lock ??= new FileLock(this.#path(LOCK), `the journal in ${this.folder}`);
  }

  /** The state that was saved last; undefined where there is none. */
  async load(): Promise<RoundsState | undefined> {
    const bytes = await this.#read(STATE);
    return bytes && stateFromBytes(bytes).rounds;
  }

  /** Replaces the state, whole or not at all. */
  async save(rounds: RoundsState): Promise<void> {
    await this.#write(STATE, stateToBytes({ rounds, participants: {} }));
  }

  /** Begins the log of a round. */
  async begin(opening: Plain): Promise<void> {
    await this.#closeLog();
    await this.#write(LOG, this.#record(opening));
    this.#log = await this.#do('open', () => this.#fs.open(this.#path(LOG), 'a'));
  }

  /** Goes on with the log of the round that {@link logged} has read. */
  async resume(): Promise<void> {
    await this.#closeLog();
    this.#log = await this.#do('open', () => this.#fs.open(this.#path(LOG), 'a'));
  }

  /** Adds an answer to the log; resolves when it is on the disk. Answers that come together are written together. */
  async append(from: string, answer: Plain): Promise<void> {
    this.#waiting.push(this.#record({ from, answer }));
    this.#flushing ??= this.#flush();
    await this.#flushing;
  }

  async #flush(): Promise<void> {
    // One turn later, so that whatever arrives together shares the disk's work.
    await Promise.resolve();
    const log = this.#log;
    try {
      while (this.#waiting.length > 0 && log !== undefined) {
        const records = this.#waiting;
        this.#waiting = [];
        await this.#do('append to', async () => {
          for (const record of records) await log.appendFile(record);
          await log.datasync();
        });
      }
    } finally {
      this.#flushing = undefined;
    }
  }

  /** The round in the log, as far as it was written; undefined where there is none. What was torn off at the end is cut off. */
  async logged(): Promise<LoggedRound | undefined> {
    const bytes = await this.#read(LOG);
    if (bytes === undefined) return undefined;
    const records: Plain[] = [];
    let at = 0;
    for (;;) {
      const record = this.#recordAt(bytes, at);
      if (record === undefined) break;
      records.push(decodeMessage(record, record.length));
      at += 8 + record.length;
    }
    const [opening, ...answers] = records;
    if (opening === undefined) return undefined;
    if (at < bytes.length) await this.#do('shorten', () => this.#fs.truncate(this.#path(LOG), at));
    return { opening, answers: answers as { from: string; answer: Plain }[] };
  }

  /** Ends the log, and lets other coordinators have the journal. */
  async close(): Promise<void> {
    await this.#closeLog();
    this.#lock?.release();
    this.#lock = undefined;
  }

  /** Ends the log when all is written that was to be; who waits for that hears of a failure itself. */
  async #closeLog(): Promise<void> {
    await this.#flushing?.catch(() => {});
    const log = this.#log;
    this.#log = undefined;
    this.#waiting = [];
    await log?.close();
  }

  #record(value: Plain): Uint8Array {
    const message = encodeMessage(value);
    const record = new Uint8Array(8 + message.length);
    const view = new DataView(record.buffer);
    view.setUint32(0, message.length, true);
    view.setUint32(4, this.#crc32(message), true);
    record.set(message, 8);
    return record;
  }

  /** The record at a place, if it is whole. */
  #recordAt(bytes: Uint8Array, at: number): Uint8Array | undefined {
    if (at + 8 > bytes.length) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8);
    const length = view.getUint32(0, true);
    if (length === 0 || at + 8 + length > bytes.length) return undefined;
    const record = bytes.subarray(at + 8, at + 8 + length);
    return this.#crc32(record) === view.getUint32(4, true) ? record : undefined;
  }

  /** Replaces a file, whole or not at all. */
  async #write(name: string, bytes: Uint8Array): Promise<void> {
    await this.#do('write', async () => {
      await this.#makeFolder();
      await replaceFile(this.#path(name), bytes, OWN);
    });
  }

  async #makeFolder(): Promise<void> {
    await this.#fs.mkdir(this.folder, { recursive: true, mode: 0o700 });
  }

  #read(name: string): Promise<Uint8Array | undefined> {
    return this.#do('read', () => readIfThere(this.#path(name)));
  }

  #path(name: string): string {
    return this.#join(this.folder, name);
  }

  async #do<T>(what: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (cause) {
      throw this.#failed(what, cause);
    }
  }

  #failed(what: string, cause: unknown): EnvironmentError {
    const text = cause instanceof Error ? cause.message : String(cause);
    return new EnvironmentError(`cannot ${what} the journal in ${this.folder}: ${text}`, {
      remedy: 'Check that the folder may be written to and the disk is not full',
      cause,
    });
  }
}
