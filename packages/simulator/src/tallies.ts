/** What is read from the outcomes of shots: bits, counts, frequencies and sums of an observable's values. */
import type { Observable } from '@ketwork/circuit';
import { parity } from './bits.ts';
import type { Counts } from './contract.ts';
import type { HermitianEigen } from './hermitian.ts';
import { outcomeValue } from './settings.ts';
import type { Block } from './settings.ts';

/** Shots of one setting in one example. */
export interface Shots {
  /** Qubits (and classical bits, numbered after them) read, ascending: the first is the most significant bit of an outcome. */
  readonly qubits: readonly number[];
  readonly outcomes: Uint32Array;
  readonly eigen: (block: Block) => HermitianEigen;
  /** Sum of the probabilities: 1, or the squared norm left by maps that are not unitary. */
  readonly norm: number;
}

/** Outcomes of the first shots on some qubits, the first one most significant. */
function outcomesOn(
  { qubits, outcomes }: Shots,
  on: readonly number[],
  shots: number,
): Uint32Array {
  const places = Int32Array.from(on, (q) => qubits.length - 1 - qubits.indexOf(q));
  const all = outcomes.subarray(0, shots);
  if (places.length === qubits.length && places.every((p, i) => p === places.length - 1 - i))
    return all;
  const out = new Uint32Array(shots);
  for (let s = 0; s < shots; s++) {
    const from = all[s]!;
    let outcome = 0;
    for (let i = 0; i < places.length; i++) outcome = (outcome << 1) | ((from >>> places[i]!) & 1);
    out[s] = outcome;
  }
  return out;
}

/** Eight bits as eight bytes, most significant first, in the form of a double that is only ever copied. */
let bytesOf: Float64Array | undefined;

function spreadBytes(): Float64Array {
  if (bytesOf === undefined) {
    const bytes = new Uint8Array(8 * 256).map((_, i) => ((i >> 3) >> (7 - (i & 7))) & 1);
    bytesOf = new Float64Array(bytes.buffer);
  }
  return bytesOf;
}

/** The bits of each shot, a byte each, first qubit first: `[shots, k]`. */
export function writeSamples(example: Shots, on: readonly number[], out: Uint8Array): void {
  const k = on.length;
  const shots = out.length / k;
  const outcomes = outcomesOn(example, on, shots);
  if (k < 8) {
    for (let s = 0, i = 0; s < shots; s++)
      for (let p = k - 1; p >= 0; p--) out[i++] = (outcomes[s]! >>> p) & 1;
    return;
  }
  const spread = spreadBytes();
  const little = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  const view = new DataView(out.buffer, out.byteOffset, out.length);
  for (let s = 0; s < shots; s++) {
    const outcome = outcomes[s]!;
    const start = s * k;
    // The last eight bits may overlap those before.
    for (let at = 0; at < k; at += 8) {
      const from = Math.min(at, k - 8);
      view.setFloat64(start + from, spread[(outcome >>> (k - 8 - from)) & 255]!, little);
    }
  }
}

/** How often each outcome was drawn, with the outcome's bits, first qubit first, as the key. */
export function countsOf(example: Shots, on: readonly number[], shots: number): Counts {
  const k = on.length;
  const outcomes = outcomesOn(example, on, shots);
  const counts: Counts = {};
  const add = bitStrings(k, (bits, n) => {
    counts[bits] = n;
  });
  if (2 ** k <= 4 * shots) {
    const tally = tallyOf(outcomes, k);
    for (let outcome = 0; outcome < tally.length; outcome++)
      if (tally[outcome]! > 0) add(outcome, tally[outcome]!);
    return counts;
  }
  const sorted = outcomes.slice().sort();
  for (let s = 0, start = 0; s < shots; s++) {
    if (s + 1 < shots && sorted[s + 1] === sorted[s]) continue;
    add(sorted[s]!, s + 1 - start);
    start = s + 1;
  }
  return counts;
}

/** Calls back with the bit string of a number; numbers that come in ascending order share most of their strings. */
function bitStrings(
  k: number,
  deliver: (bits: string, n: number) => void,
): (outcome: number, n: number) => void {
  const low = Math.min(k, 10);
  const ends: string[] = [];
  let prefixOf = -1;
  let prefix = '';
  return (outcome, n) => {
    const high = outcome >>> low;
    if (high !== prefixOf) {
      prefixOf = high;
      prefix = k > low ? high.toString(2).padStart(k - low, '0') : '';
    }
    const rest = outcome & (2 ** low - 1);
    deliver(prefix + (ends[rest] ??= rest.toString(2).padStart(low, '0')), n);
  };
}

function tallyOf(outcomes: Uint32Array, k: number): Uint32Array {
  const tally = new Uint32Array(2 ** k);
  for (let s = 0; s < outcomes.length; s++) tally[outcomes[s]!]!++;
  return tally;
}

/** Estimated probabilities, `[2^k]`. */
export function writeFrequencies(
  example: Shots,
  on: readonly number[],
  shots: number,
  out: Float64Array,
): void {
  const outcomes = outcomesOn(example, on, shots);
  for (let s = 0; s < shots; s++) out[outcomes[s]!]!++;
  for (let i = 0; i < out.length; i++) out[i] = (example.norm * out[i]!) / shots;
}

/** Tallies of shots, made when first asked for. */
const tallies = new WeakMap<Uint32Array, Uint32Array>();

/** Mean over the first shots of an observable's value, or of its square, times the norm. */
export function meanOf(
  observable: Observable,
  power: 1 | 2,
  example: Shots,
  shots: number,
): number {
  const { qubits, outcomes, eigen, norm } = example;
  const mine = outcomes.subarray(0, shots);
  // With more shots than outcomes, outcomes are counted once for all observables.
  let tally: Uint32Array | undefined;
  if (2 ** qubits.length <= shots && shots === outcomes.length) {
    tally = tallies.get(outcomes) ?? tallyOf(mine, qubits.length);
    tallies.set(outcomes, tally);
  }
  let sum = 0;
  if (observable.type === 'pauli' && power === 1) {
    for (const { coefficient, paulis } of observable.terms) {
      let mask = 0;
      for (const { qubit } of paulis) mask |= 1 << (qubits.length - 1 - qubits.indexOf(qubit));
      const odd = tally === undefined ? oddShots(mine, mask) : oddCount(tally, mask);
      sum += coefficient * (shots - 2 * odd);
    }
    return (norm * sum) / shots;
  }
  const value = outcomeValue(observable, qubits, eigen);
  if (tally === undefined) for (let s = 0; s < shots; s++) sum += value(mine[s]!) ** power;
  else for (let i = 0; i < tally.length; i++) sum += tally[i]! * value(i) ** power;
  return (norm * sum) / shots;
}

/** How many outcomes have an odd number of bits under the mask. */
function oddShots(outcomes: Uint32Array, mask: number): number {
  let odd = 0;
  for (let s = 0; s < outcomes.length; s++) odd += parity(outcomes[s]! & mask);
  return odd;
}

/** The same from a tally. */
function oddCount(tally: Uint32Array, mask: number): number {
  let odd = 0;
  for (let i = 0; i < tally.length; i++) odd += tally[i]! * parity(i & mask);
  return odd;
}
