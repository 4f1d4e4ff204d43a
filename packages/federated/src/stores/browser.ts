import { EnvironmentError } from '@ketwork/base';
import { InUseError } from '../errors.ts';
import type { StateStore } from './store.ts';

const DATABASE = 'ketwork-federated';
const STATES = 'states';

/**
 * Keeps a participant's state in the browser (IndexedDB), under a name, for pages of the same origin. Pages from HTTPS or from
 * this machine only, as the lock (Web Locks) that keeps other tabs from it. Browsers may throw away what pages keep where space gets short, or
 * users clear it, and privacy spent is forgotten then; the browser is asked not to (`navigator.storage.persist`).
 *
 * @throws (as rejections of `join`) InUseError, ParticipantStateError; EnvironmentError where the browser keeps nothing.
 * @example
 * ```ts
 * import { browserStateStore, join } from '@ketwork/federated';
 * import type { Participation } from '@ketwork/federated';
 * import { dense, sequential } from '@ketwork/nn';
 * export function take(url: string, token: string): Participation {
 *   const data = { inputs: [1, 2], labels: [2, 4] };
 *   return join(url, sequential(dense(1, 1)), data, { token, store: browserStateStore('north') });
 * }
 * ```
 */
export function browserStateStore(name: string): StateStore {
  const what = `the participant's state '${name}' in this browser`;
  let database: IDBDatabase | undefined;
  let release: (() => void) | undefined;
  const during = async <T>(verb: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      throw new EnvironmentError(`cannot ${verb} ${what}: ${text}`, {
        remedy: 'Check that the page may keep data, and that there is space',
        cause,
      });
    }
  };
  const read = (): Promise<Uint8Array | undefined> =>
    during('read', async () => {
      database = await openDatabase();
      const given: unknown = await settled(
        database.transaction(STATES).objectStore(STATES).get(name),
      );
      if (given === undefined || given instanceof Uint8Array) return given;
      throw new Error('there is something else in its place');
    });
  return {
    async open() {
      if (globalThis.indexedDB === undefined || globalThis.navigator?.locks === undefined)
        throw new EnvironmentError(`${what} needs IndexedDB and Web Locks`, {
          remedy: 'Serve the page over HTTPS or from localhost; in Node use fileStateStore',
        });
      const taken = await takeLock(`ketwork federated ${name}`);
      if (taken === undefined) throw new InUseError(what);
      release = taken;
      // A refusal changes nothing but how soon the browser may throw it away.
      void navigator.storage?.persist?.().catch(() => {});
      try {
        return await read();
      } catch (error) {
        taken();
        throw error;
      }
    },
    save: (bytes) =>
      during('write', async () => {
        const change = database!.transaction(STATES, 'readwrite', { durability: 'strict' });
        const done = new Promise<void>((resolve, reject) => {
          change.addEventListener('complete', () => resolve());
          change.addEventListener('abort', () =>
            reject(change.error ?? new Error('the browser gave up')),
          );
        });
        change.objectStore(STATES).put(bytes, name);
        await done;
      }),
    async close() {
      database?.close();
      database = undefined;
      release?.();
      release = undefined;
    },
  };
}

/** Takes a lock that ends with the tab. @returns what gives it back; undefined where somebody else has it. */
function takeLock(name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    const request = navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      if (lock === null) {
        resolve(undefined);
        return undefined;
      }
      return new Promise<void>((release) => resolve(release));
    });
    request.catch(reject);
  });
}

function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.addEventListener('upgradeneeded', () => request.result.createObjectStore(STATES));
  return settled(request);
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () =>
      reject(request.error ?? new Error('the browser refuses')),
    );
  });
}
