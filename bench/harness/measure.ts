/**
 * Interleaved timing. tinybench runs each task to its end before the next one and only in this process; ratios on a
 * machine shared with others need all sides alternating round by round, Python peers included.
 */

/** Runs the work a number of times and returns the time it took, in seconds: processor time unless said otherwise. */
export type Timer = (calls: number) => number | Promise<number>;

/** How long and how often to measure. */
export interface Settings {
  readonly rounds: number;
  /** Processor time that one sample should take, in seconds; work that takes longer runs once per sample. */
  readonly sampleSeconds: number;
  /** What the rounds of one comparison may take together, in seconds; fewer rounds are made where they would take longer. */
  readonly budgetSeconds?: number;
  /** The longest warm-up of one side, in seconds of wall time. Default 2.5; a call that takes longer is made once. */
  readonly warmSeconds?: number;
}

/** Processor time of this process: it does not count while other jobs hold the core. Includes garbage collection. */
export function processSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** A timer of work in this process. */
export function local(work: () => unknown): Timer {
  return (calls) => {
    const start = processSeconds();
    for (let i = 0; i < calls; i++) work();
    return processSeconds() - start;
  };
}

/** A timer of work that other threads share: wall time, since they add up their processor time. */
export function elapsed(work: () => unknown): Timer {
  return async (calls) => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) await work();
    return (performance.now() - start) / 1000;
  };
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

/**
 * Runs until optimised code has replaced the first code: until three samples in a row bring nothing better than 3 %.
 * Returns the seconds of one call.
 */
async function warm(timer: Timer, { sampleSeconds, warmSeconds = 2.5 }: Settings): Promise<number> {
  const began = performance.now();
  let calls = 1;
  let best = Infinity;
  let idle = 0;
  while (idle < 3) {
    const perCall = (await timer(calls)) / calls;
    if (perCall < 0.97 * best) idle = 0;
    else idle++;
    best = Math.min(best, perCall);
    if (performance.now() - began > 1000 * warmSeconds) break;
    calls = callsFor(best, sampleSeconds / 2);
    // Compiled code arrives from other threads, which a busy machine may not have let run yet.
    await pause(10);
  }
  return best;
}

function callsFor(perCall: number, sampleSeconds: number): number {
  return Math.max(1, Math.min(1e6, Math.round(sampleSeconds / Math.max(perCall, 1e-7))));
}

/** From this many seconds on a call is its own warm-up: optimised code replaces the first code long before its end. */
const SLOW_CALL = 2;

/**
 * Seconds per call of each side, one sample per round; the sides alternate, and each round starts with another one. The
 * number of rounds is at least one, whatever the budget; the warm-up of a slow side is its first.
 */
export async function interleave(
  timers: readonly Timer[],
  settings: Settings,
): Promise<number[][]> {
  const { rounds, sampleSeconds, budgetSeconds = Infinity } = settings;
  const samples: number[][] = timers.map(() => []);
  const bests: number[] = [];
  for (const [side, timer] of timers.entries()) {
    bests.push(await warm(timer, settings));
    if (bests[side]! >= SLOW_CALL) samples[side]!.push(bests[side]!);
  }
  // Code that sides share was optimised for the first of them, and is made anew once it has seen what the others do with it.
  for (let side = 0; side < timers.length - 1; side++) {
    if (bests[side]! > sampleSeconds) continue;
    bests[side] = Math.min(bests[side]!, await warm(timers[side]!, settings));
  }
  const calls = bests.map((best) => callsFor(best, sampleSeconds));
  const perRound = bests.reduce((sum, best, side) => sum + calls[side]! * best, 0);
  const made = Math.max(1, Math.min(rounds, Math.floor(budgetSeconds / perRound)));
  for (let round = 0; round < made; round++) {
    for (let turn = 0; turn < timers.length; turn++) {
      const side = (turn + round) % timers.length;
      if (samples[side]!.length > round) continue;
      samples[side]!.push((await timers[side]!(calls[side]!)) / calls[side]!);
    }
  }
  return samples;
}
