/** Waiting for a device without keeping a core busy. */
import { looksForNews } from './webgpu.ts';

/** Milliseconds of a call after which the next one like it is a long one from its start. */
const LONG = 0.25;
/** Milliseconds after which any call is one. */
const LATE = 0.1;
/** The longest time that the thread sleeps at once. */
const LONGEST = 0.5;
/** The part of the time waited so far that it sleeps before it looks again. */
const PART = 1 / 20;
/** The part of the time that the last call like it took, in which there is no need to look. */
const SURE = 3 / 4;
/** How much longer than the last one a call counts at most: one that something else held up says nothing of the next. */
const RISE = 5 / 4;

/** A call under way. */
interface Wait {
  readonly start: number;
  /** What the last call like it took, where that was long; else 0. */
  readonly before: number;
  /** How often the thread has slept since it began. */
  rests: number;
}

/** Milliseconds to sleep for a call. */
function restOf({ start, before }: Wait, now: number): number {
  const age = now - start;
  return before === 0 && age < LATE ? 0 : Math.max(SURE * before - age, PART * age);
}

const waits = new Set<Wait>();
// Pages that are not isolated have no shared memory.
let cell: Int32Array<SharedArrayBuffer> | undefined;
/** Whether turns are held up, and whether the next one is not. */
let turning = false;
let rested = false;

/**
 * Sleeps in every other turn of the event loop: in the turn between, all that looks for news has looked. The first sleep comes with
 * the first turn, when what the call has put off until then, its commands maybe, has been done.
 */
function turn(): void {
  turning = waits.size > 0;
  if (!turning) return;
  setImmediate(turn);
  const now = performance.now();
  let rest = rested ? 0 : LONGEST;
  for (const wait of waits) rest = Math.min(rest, restOf(wait, now));
  rested = rest > 0;
  if (!rested) return;
  cell ??= new Int32Array(new SharedArrayBuffer(4));
  Atomics.wait(cell, 0, 0, rest);
  for (const wait of waits) wait.rests++;
}

/** Milliseconds that the last calls of each kind took, by the number of bits of their size. */
const last = new WeakMap<object, Float64Array>();

/**
 * Waits for what a device does. Dawn in Node looks for news in every turn of the event loop and leaves no time between turns,
 * which keeps a core busy; where the driver computes on the CPU, that is one of those it computes on, and what it has moved aside
 * there stays there for milliseconds. Here the turns of a long call get further apart, by a twentieth of the time it has taken so
 * far and half a millisecond at most. Short calls and browsers are left alone.
 *
 * @param kind what calls have in common that take about as long where they are of about one size: after a long one, the next is a
 * long one from its start, and is looked for when most of the time has passed that the last one took
 */
export async function patiently<T>(work: Promise<T>, kind: object, size = 1): Promise<T> {
  if (!looksForNews()) return await work;
  const times = last.get(kind) ?? new Float64Array(33);
  last.set(kind, times);
  const bits = 32 - Math.clz32(size);
  const before = times[bits] as number;
  const wait = { start: performance.now(), before: before < LONG ? 0 : before, rests: 0 };
  waits.add(wait);
  if (!turning) {
    turning = true;
    setImmediate(turn);
  }
  try {
    return await work;
  } finally {
    waits.delete(wait);
    const time = performance.now() - wait.start;
    // One that was over when the thread woke up may have taken less: else sleeping alone would make calls long.
    const over = wait.before > 0 && wait.rests <= 1;
    const most = before === 0 ? time : Math.max(LATE, RISE * before);
    times[bits] = over ? SURE * before : Math.min(time, most);
  }
}
