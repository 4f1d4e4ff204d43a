/** Waiting for a device without keeping a core busy. */
import { looksForNews } from './webgpu.ts';

/** Milliseconds of a call after which the next one like it is a long one from its start. */
const LONG = 0.8;
/** Milliseconds after which any call is one: Node's timers count whole ones, and come up to one early. */
const LATE = 2;
/** The longest time that the thread sleeps at once. */
const LONGEST = 0.5;
/** The part of the time waited so far that it sleeps before it looks again. */
const PART = 1 / 20;
/** The part of the time that the last call like it took, in which there is no need to look. */
const SURE = 3 / 4;

// Pages that are not isolated have no shared memory.
let cell: Int32Array<SharedArrayBuffer> | undefined;
/** Long calls under way; of the first of them when it began and until when it is not expected to end; whether turns are held up. */
let long = 0;
let since = 0;
let early = 0;
let turning = false;
/** Milliseconds of the last sleep. */
let slept = 0;

function turn(): void {
  turning = long > 0;
  if (!turning) return;
  cell ??= new Int32Array(new SharedArrayBuffer(4));
  const now = performance.now();
  slept = Math.min(LONGEST, Math.max((now - since) * PART, early - now));
  Atomics.wait(cell, 0, 0, slept);
  setImmediate(turn);
}

/** Milliseconds that the last calls of each kind took, by the number of bits of their size. */
const last = new WeakMap<object, Float64Array>();

/**
 * Waits for what a device does. Dawn in Node looks for news in every turn of the event loop and leaves no time between turns,
 * which keeps a core busy; where the driver computes on the CPU, that is one of those it computes on. Here the turns of a long
 * call get further apart, by a twentieth of the time it has taken so far and half a millisecond at most. Short calls and
 * browsers are left alone.
 *
 * @param kind what calls have in common that take about as long where they are of about one size: after a long one, the next is a
 * long one from its start, and is looked for when most of the time has passed that the last one took
 */
export async function patiently<T>(work: Promise<T>, kind: object, size = 1): Promise<T> {
  if (!looksForNews()) return await work;
  const start = performance.now();
  const times = last.get(kind) ?? new Float64Array(33);
  last.set(kind, times);
  const bits = 32 - Math.clz32(size);
  const before = times[bits] as number;
  const known = before >= LONG;
  let counted = false;
  const count = (): void => {
    counted = true;
    if (long++ === 0) [since, early] = [start, known ? start + SURE * before : 0];
    if (!turning) turn();
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  if (known) count();
  else timer = setTimeout(count, LATE);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    if (counted) long--;
    // It may have been over for as long as the last sleep: else one long call would make those after it long.
    times[bits] = performance.now() - start - (counted ? slept : 0);
  }
}
