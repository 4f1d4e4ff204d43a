// The browser's store against a small stand-in for IndexedDB; in a real browser it is tested where a tab takes part.
import { EnvironmentError } from '@ketwork/base';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { InUseError, browserStateStore } from '../../src/index.ts';

const kept = new Map<string, unknown>();
let full = false;

class Later extends EventTarget {
  result: unknown;
  error: Error | null = null;

  constructor(...events: readonly string[]) {
    super();
    setTimeout(() => events.forEach((name) => this.dispatchEvent(new Event(name))));
  }
}

const database = {
  close: () => {},
  createObjectStore: () => {},
  transaction: (_: string, mode = 'readonly', options = {}) => {
    if (mode === 'readwrite') expect(options).toEqual({ durability: 'strict' });
    const change = new Later(full ? 'abort' : 'complete');
    if (full) change.error = new Error('QuotaExceededError');
    return Object.assign(change, {
      objectStore: () => ({
        get: (name: string) => Object.assign(new Later('success'), { result: kept.get(name) }),
        put: (value: unknown, name: string) => void (full || kept.set(name, value)),
      }),
    });
  },
};

beforeEach(() => {
  const open = (): Later =>
    Object.assign(new Later('upgradeneeded', 'success'), { result: database });
  vi.stubGlobal('indexedDB', { open });
  const held = new Set<string>();
  const request = async (
    name: string,
    _: object,
    work: (lock: object | null) => Promise<void> | undefined,
  ): Promise<void> => {
    if (held.has(name)) return work(null);
    held.add(name);
    await work({ name });
    held.delete(name);
  };
  vi.stubGlobal('navigator', { locks: { request } });
});
afterEach(() => {
  full = false;
  kept.clear();
  vi.unstubAllGlobals();
});

test('keeps bytes by name, for one at a time', async () => {
  const store = browserStateStore('north');
  expect(await store.open()).toBeUndefined();
  await store.save(Uint8Array.of(1, 2));
  const other = browserStateStore('north');
  await expect(other.open()).rejects.toThrow(InUseError);
  await expect(store.open()).rejects.toThrow(InUseError);
  const south = browserStateStore('south');
  expect(await south.open()).toBeUndefined();
  await south.close();
  await store.close();
  expect(await other.open()).toEqual(Uint8Array.of(1, 2));
  await other.close();
});

test('says that something is not kept, or cannot be read, and lets go then', async () => {
  const store = browserStateStore('north');
  await store.open();
  full = true;
  await expect(store.save(Uint8Array.of(1))).rejects.toThrow(/cannot write .*QuotaExceeded/);
  await store.close();
  kept.set('north', 'something else');
  await expect(store.open()).rejects.toThrow(/cannot read .*something else/);
  kept.delete('north');
  expect(await store.open()).toBeUndefined();
});

test('needs a page that may keep things', async () => {
  vi.unstubAllGlobals();
  vi.stubGlobal('indexedDB', undefined);
  await expect(browserStateStore('north').open()).rejects.toThrow(EnvironmentError);
});
