/** Means over trajectories of one circuit, and shots, one per trajectory. */
import { ValueError } from '@ketwork/base';
import type { Circuit } from '@ketwork/circuit';
import type { SlotValues } from '../values.ts';
import { Draws } from './draws.ts';
import { Sums } from './readings.ts';
import type { Readings } from './readings.ts';
import { CHUNK } from './runner.ts';
import type { Runner } from './runner.ts';

/** Shots of a post-selected circuit are given up after so many trajectories for each shot. */
const MOST_TRIES = 1000;

/** Runs trajectories of one example and adds up what is read. */
export function meansOf(
  runner: Runner,
  readings: Readings,
  read: SlotValues,
  index: number,
  {
    seed,
    firstExample,
    trajectories,
  }: { seed: number; firstExample: number; trajectories: number },
): Sums {
  const draws = new Draws(seed, firstExample + index);
  const total = new Sums(readings);
  for (let first = 0; first < trajectories; first += CHUNK) {
    const count = Math.min(CHUNK, trajectories - first);
    const sums = new Sums(readings);
    sums.tried = count;
    runner.means({ read, index, draws }, first, count, sums);
    total.merge(sums);
  }
  return total;
}

/** The refusal where no trajectory passes the post-selections. */
export function noneKept(tried: number, example: number): ValueError {
  return new ValueError(
    `example ${example}: none of ${tried} trajectories passed the post-selections`,
    { remedy: 'Run more trajectories, or check that the outcomes asked for can occur' },
  );
}

/** Measures qubits and classical bits once in each of `shots` trajectories that pass all post-selections. */
export function shotsOf(
  runner: Runner,
  circuit: Circuit,
  read: SlotValues,
  index: number,
  {
    seed,
    stream,
    firstExample,
    shots,
    wires,
  }: {
    readonly seed: number;
    readonly stream: number;
    readonly firstExample: number;
    readonly shots: number;
    /** Qubits, and bits numbered after them; the first one most significant. */
    readonly wires: readonly number[];
  },
): Uint32Array {
  const draws = new Draws(seed, firstExample + index, stream);
  const out = new Uint32Array(shots);
  const { qubits, bits: width } = circuit;
  let found = 0;
  for (let first = 0; found < shots; first += CHUNK) {
    if (first >= MOST_TRIES * shots + 1e5) throw noneKept(first, firstExample + index);
    // Without post-selection no more trajectories than shots are run.
    const count = Math.min(CHUNK, Math.max(shots - first, found < first ? CHUNK : shots - found));
    const { kept, outcomes, bits } = runner.shots({ read, index, draws }, first, count);
    for (let t = 0; t < count && found < shots; t++) {
      if (kept[t] === 0) continue;
      let outcome = 0;
      for (const wire of wires) {
        const bit =
          wire < qubits
            ? ((outcomes[t] as number) >>> (qubits - 1 - wire)) & 1
            : (bits[t * width + wire - qubits] as number);
        outcome = 2 * outcome + bit;
      }
      out[found++] = outcome;
    }
  }
  return out;
}
