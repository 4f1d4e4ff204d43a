import { EnvironmentError } from '@ketwork/base';
import type { DatabaseSync } from 'node:sqlite';
import { InUseError } from '../errors.ts';
import type { LockHolder } from '../errors.ts';
import { nodeModule } from '../node.ts';

/** Result code of SQLite where another connection has the lock. */
const BUSY = 5;

/**
 * A lock on an empty file, between processes and within one. It is the system's own and goes with the process that holds it,
 * also where that is killed, so that none is ever left behind: nothing must be guessed from process numbers, which come again,
 * and mean nothing in another container. Node reaches such locks through SQLite only, which takes one on a database
 * whose transaction is never written.
 */
export class FileLock {
  readonly #database: DatabaseSync;
  readonly #note: string;

  /**
   * Takes a lock; who holds it is noted in a file beside. The file itself must not be opened by other means: to close it
   * would end the lock.
   *
   * @param what What is locked, for messages.
   * @throws InUseError where it is taken; EnvironmentError where the file cannot be made or locked.
   */
  constructor(file: string, what: string) {
    const path = nodeModule('node:path', what).resolve(file);
    const fs = nodeModule('node:fs', what);
    this.#note = `${path}.json`;
    const { DatabaseSync } = sqlite(what);
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path);
      database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
      this.#database = database;
      const holder: LockHolder = {
        pid: process.pid,
        host: nodeModule('node:os', what).hostname(),
        since: new Date().toISOString(),
      };
      fs.writeFileSync(this.#note, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
    } catch (cause) {
      database?.close();
      if ((cause as { errcode?: number }).errcode === BUSY)
        throw new InUseError(what, holderIn(this.#note));
      const text = cause instanceof Error ? cause.message : String(cause);
      throw new EnvironmentError(`cannot lock ${what} with the file ${path}: ${text}`, {
        remedy: 'Check that the folder may be written to and its file system has locks',
        cause,
      });
    }
  }

  /** Lets others have it. The file stays: to remove it could part two that come for it at the same time. */
  release(): void {
    if (!this.#database.isOpen) return;
    nodeModule('node:fs', 'a lock').rmSync(this.#note, { force: true });
    this.#database.close();
  }
}

function holderIn(note: string): LockHolder | undefined {
  try {
    const text = nodeModule('node:fs', 'a lock').readFileSync(note, 'utf8');
    const { pid, host, since } = JSON.parse(text) as Partial<LockHolder>;
    if (Number.isSafeInteger(pid) && typeof host === 'string' && typeof since === 'string')
      return { pid: pid!, host, since };
  } catch {
    // It has just come, or gone.
  }
  return undefined;
}

/** Loads SQLite without what Node prints where a program does so: that its interface may change does not concern users. */
function sqlite(what: string): typeof import('node:sqlite') {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return nodeModule('node:sqlite', what);
  } finally {
    process.emitWarning = emitWarning;
  }
}
