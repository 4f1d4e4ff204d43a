/** Waiting for a device without keeping a core busy. */
import { looksForNews } from './webgpu.ts';

/** Milliseconds after which a call is a long one, and the longest time that the thread sleeps at once. */
const LONG = 1;
const LONGEST = 0.5;
/** The part of the time waited so far that it sleeps before it looks again. */
const PART = 1 / 20;

// Pages that are not isolated have no shared memory.
let cell: Int32Array<SharedArrayBuffer> | undefined;
/** Long calls under way, when the first of them began, and whether turns are held up. */
let long = 0;
let since = 0;
let turning = false;

function turn(): void {
  turning = long > 0;
  if (!turning) return;
  cell ??= new Int32Array(new SharedArrayBuffer(4));
  Atomics.wait(cell, 0, 0, Math.min(LONGEST, (performance.now() - since) * PART));
  setImmediate(turn);
}

/**
 * Waits for what a device does. Dawn in Node looks for news in every turn of the event loop and leaves no time between turns,
 * which keeps a core busy; where the driver computes on the CPU, that is one of those it computes on. Here the turns of a long
 * call get further apart, by a twentieth of the time it has taken so far and half a millisecond at most. Short calls and
 * browsers are left alone.
 */
export async function patiently<T>(work: Promise<T>): Promise<T> {
  if (!looksForNews()) return await work;
  const start = performance.now();
  let counted = false;
  const timer = setTimeout(() => {
    counted = true;
    if (long++ === 0) since = start;
    if (!turning) turn();
  }, LONG);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    if (counted) long--;
  }
}
