// The two losses of the paper: a step of the forward-backward trapezoid rule, and the steady state.
import { adam, fold } from 'ketwork';
import type { Key } from 'ketwork';
import { copyParameters, distribution } from './ansatz.ts';
import type { Ansatz, Evaluation } from './ansatz.ts';
import type { Lattice } from './system.ts';

/** How strings are chosen: all of them, or so many drawn from the network's own distribution at every iteration. */
export type Mode = 'full' | number;

/** Settings of the optimiser: Adam with decay rates 0.9 and 0.98, its rate lowered once. */
export interface Schedule {
  readonly iterations: number;
  readonly rate: number;
  /** Iteration from which the rate is lower. */
  readonly lowerAt: number;
  /** What it is multiplied with then. */
  readonly factor: number;
}

/** Strings of a loss, with the weights of their terms, which carry no gradient. */
interface Terms {
  readonly strings: Int32Array;
  /** Shares of the samples; 1 for each string where all are summed. */
  readonly shares: Float64Array;
}

/** Strings to be evaluated, and where each is among them. */
interface Reach {
  readonly strings: Int32Array;
  /** `[4^N]`; -1 for strings that are not. */
  readonly places: Int32Array;
}

function chooseTerms(system: Lattice, ansatz: Ansatz, mode: Mode, key: Key): Terms {
  if (mode === 'full')
    return { strings: system.everything, shares: new Float64Array(system.size).fill(1) };
  const counts = new Map<number, number>();
  for (const a of ansatz.sample(mode, key)) counts.set(a, (counts.get(a) ?? 0) + 1);
  return {
    strings: Int32Array.from(counts.keys()),
    shares: Float64Array.from(counts.values(), (n) => n / mode),
  };
}

/** Strings and all that their rows of O reach, each once. */
function reachOf(system: Lattice, strings: Int32Array): Reach {
  const { size, everything } = system;
  const places = new Int32Array(size).fill(-1);
  const reached: number[] = [];
  const add = (b: number): void => {
    if (places[b]! >= 0) return;
    places[b] = reached.length;
    reached.push(b);
  };
  if (strings !== everything) {
    for (const a of strings) add(a);
    for (const a of strings) for (const b of system.row(a).strings) add(b);
  }
  // One list for all that reach everything, so that its layout is worked out once.
  if (strings === everything || reached.length === size)
    return { strings: everything, places: everything };
  return { strings: Int32Array.from(reached), places };
}

/** (O p)_a. */
function flow(system: Lattice, { places }: Reach, p: Float64Array, a: number): number {
  const { strings, coefficients } = system.row(a);
  let sum = 0;
  for (let k = 0; k < strings.length; k++) sum += coefficients[k]! * p[places[strings[k]!]!]!;
  return sum;
}

/**
 * Σ_a |x_a - c_a| of x = identity · p + generator · O p, over all strings or as the mean of |x_a - c_a|/p_a over drawn
 * ones, and its gradient by p; the p that divides has none.
 */
function absoluteLoss(
  system: Lattice,
  { strings, shares }: Terms,
  reach: Reach,
  p: Float64Array,
  mode: Mode,
  parts: { readonly identity: number; readonly generator: number },
  target: (a: number) => number,
): { loss: number; dp: Float64Array } {
  const { places } = reach;
  const dp = new Float64Array(p.length);
  let loss = 0;
  strings.forEach((a, i) => {
    const own = places[a]!;
    const x = parts.identity * p[own]! + parts.generator * flow(system, reach, p, a) - target(a);
    const weight = mode === 'full' ? 1 : shares[i]! / p[own]!;
    loss += weight * Math.abs(x);
    const slope = weight * Math.sign(x);
    dp[own]! += slope * parts.identity;
    const { strings: from, coefficients } = system.row(a);
    const factor = slope * parts.generator;
    for (let k = 0; k < from.length; k++) dp[places[from[k]!]!]! += factor * coefficients[k]!;
  });
  return { loss, dp };
}

/** Minimises a loss given by its gradient; returns the mean of the last losses. */
function minimise(
  ansatz: Ansatz,
  { iterations, rate, lowerAt, factor }: Schedule,
  step: (iteration: number) => { loss: number; evaluation: Evaluation; dp: Float64Array },
): number {
  const optimizer = adam((done) => (done < lowerAt ? rate : rate * factor), { beta2: 0.98 });
  const state = optimizer.init(ansatz.parameters);
  const counted = Math.min(10, iterations);
  let last = 0;
  for (let i = 0; i < iterations; i++) {
    const { loss, evaluation, dp } = step(i);
    if (i >= iterations - counted) last += loss / counted;
    optimizer.step(ansatz.parameters, evaluation.backward(dp), state);
  }
  return last;
}

/**
 * One step of p(t + 2δ) - δ O p(t + 2δ) = p(t) + δ O p(t): the ansatz, at p(t) to begin with, learns to make the sum of
 * the absolute differences small. `old` is the ansatz at t; it is not changed.
 *
 * @returns the mean loss of the last ten iterations.
 */
export function trapezoidStep(
  system: Lattice,
  ansatz: Ansatz,
  old: Ansatz,
  delta: number,
  mode: Mode,
  schedule: Schedule,
  key: Key,
): number {
  const right = new Float64Array(system.size).fill(Number.NaN);
  return minimise(ansatz, schedule, (i) => {
    const terms = chooseTerms(system, ansatz, mode, fold(key, i));
    const missing = terms.strings.filter((a) => Number.isNaN(right[a]!));
    if (missing.length > 0) {
      const reach = reachOf(system, missing.length === system.size ? system.everything : missing);
      const { p } = old.evaluate(reach.strings);
      for (const a of missing) right[a] = p[reach.places[a]!]! + delta * flow(system, reach, p, a);
    }
    const reach = reachOf(system, terms.strings);
    const evaluation = ansatz.evaluate(reach.strings);
    const parts = { identity: 1, generator: -delta };
    const target = (a: number): number => right[a]!;
    return {
      ...absoluteLoss(system, terms, reach, evaluation.p, mode, parts, target),
      evaluation,
    };
  });
}

/**
 * The steady state: Σ_a |(O p)_a| becomes small.
 *
 * @returns the mean loss of the last ten iterations.
 */
export function findSteadyState(
  system: Lattice,
  ansatz: Ansatz,
  mode: Mode,
  schedule: Schedule,
  key: Key,
): number {
  return minimise(ansatz, schedule, (i) => {
    const terms = chooseTerms(system, ansatz, mode, fold(key, i));
    const reach = reachOf(system, terms.strings);
    const evaluation = ansatz.evaluate(reach.strings);
    const parts = { identity: 0, generator: 1 };
    return {
      ...absoluteLoss(system, terms, reach, evaluation.p, mode, parts, () => 0),
      evaluation,
    };
  });
}

/** Settings of an evolution in steps of 2δ. */
export interface Evolution {
  readonly delta: number;
  readonly steps: number;
  readonly mode: Mode;
  readonly schedule: Schedule;
  readonly key: Key;
}

/** Probabilities at t = 0, 2δ, 4δ, … of an ansatz that is moved step by step, and the loss that each step ended with. */
export async function evolveAnsatz(
  system: Lattice,
  make: () => Ansatz,
  { delta, steps, mode, schedule, key }: Evolution,
  progress: (share: number, text: string) => void,
): Promise<{ p: Float64Array[]; losses: number[] }> {
  const ansatz = make();
  const old = make();
  const p = [distribution(ansatz)];
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    copyParameters(ansatz, old);
    losses.push(trapezoidStep(system, ansatz, old, delta, mode, schedule, fold(key, step)));
    p.push(distribution(ansatz));
    progress((step + 1) / steps, `step ${step + 1} of ${steps}: loss ${losses.at(-1)!.toFixed(4)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { p, losses };
}
