/**
 * Rate limits: each key may make `burst` requests at once and `rate` per second in the long run. Remembers a bounded
 * number of keys; who is forgotten begins anew.
 */
export class Buckets {
  readonly #rate: number;
  readonly #burst: number;
  readonly #capacity: number;
  readonly #now: () => number;
  readonly #buckets: Map<string, { level: number; at: number }> = new Map();

  /** @param now Seconds from any time on. */
  constructor(
    rate: number,
    burst: number,
    capacity: number,
    now: () => number = () => performance.now() / 1000,
  ) {
    this.#rate = rate;
    this.#burst = burst;
    this.#capacity = capacity;
    this.#now = now;
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Seconds until this key may make a request; 0 where it may now, which then counts. */
  take(key: string): number {
    const wait = this.wait(key);
    if (wait === 0) this.#buckets.get(key)!.level -= 1;
    return wait;
  }

  /** The same without counting it. */
  wait(key: string): number {
    const now = this.#now();
    const old = this.#buckets.get(key);
    const level =
      old === undefined
        ? this.#burst
        : Math.min(this.#burst, old.level + (now - old.at) * this.#rate);
    // Deleted and set again, so that the map is in the order of last use.
    this.#buckets.delete(key);
    this.#buckets.set(key, { level, at: now });
    if (this.#buckets.size > this.#capacity) {
      const [oldest] = this.#buckets.keys();
      this.#buckets.delete(oldest!);
    }
    return level >= 1 ? 0 : (1 - level) / this.#rate;
  }
}

/** The key under which an address is limited: networks of IPv6 count as one, since everybody has a whole one. */
export function addressKey(address: string | undefined): string {
  if (address === undefined) return '';
  if (!address.includes(':') || address.includes('.')) return address.replace(/^::ffff:/i, '');
  const [head = '', tail] = address.split('%', 1)[0]!.split('::');
  const groups = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - groups.length - last.length;
  const all = [...groups, ...Array.from({ length: Math.max(0, zeros) }, () => '0'), ...last];
  return all.slice(0, 4).join(':');
}
