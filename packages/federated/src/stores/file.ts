import { EnvironmentError, readIfThere, replaceFile } from '@ketwork/base';
import { FileLock } from '../files/lock.ts';
import { nodeModule, OWN } from '../node.ts';
import type { StateStore } from './store.ts';

/**
 * Keeps a participant's state in a file, which only its owner may read; Node only. The file is replaced whole and on the disk
 * before the coordinator hears of what it holds. While a participation has it, others are refused, by a lock on an empty file beside it
 * (`.lock`), which ends with the process.
 *
 * @param path Name of the file; made where there is none, in a folder that exists.
 * @throws (as rejections of `join`) InUseError, ParticipantStateError; EnvironmentError where the file cannot be read.
 * @example
 * ```ts
 * import { fileStateStore, join } from '@ketwork/federated';
 * import type { Participation } from '@ketwork/federated';
 * import { dense, sequential } from '@ketwork/nn';
 * export function take(url: string, token: string): Participation {
 *   const data = { inputs: [1, 2], labels: [2, 4] };
 *   return join(url, sequential(dense(1, 1)), data, { token, store: fileStateStore('north.state') });
 * }
 * ```
 */
export function fileStateStore(path: string): StateStore {
  const what = `the participant's state in ${path}`;
  const file = nodeModule('node:path', 'fileStateStore').resolve(path);
  let lock: FileLock | undefined;
  const during = async <T>(verb: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      throw new EnvironmentError(`cannot ${verb} ${what}: ${text}`, {
        remedy: 'Check that its folder may be written to and the disk is not full',
        cause,
      });
    }
  };
  return {
    async open() {
      lock = new FileLock(`${file}.lock`, what);
      try {
        return await during('read', () => readIfThere(file));
      } catch (error) {
        lock.release();
        throw error;
      }
    },
    save: (bytes) => during('write', () => replaceFile(file, bytes, OWN)),
    async close() {
      lock?.release();
      lock = undefined;
    },
  };
}
