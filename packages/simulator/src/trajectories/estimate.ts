/** Means over trajectories of one circuit, and shots, one per trajectory. */
import { ValueError } from '@ketwork/base';
import type { Circuit } from '@ketwork/circuit';
import type { CheckedProgram } from '../compile.ts';
import type { Measurements, Results } from '../contract.ts';
import type { SlotValues } from '../values.ts';
import type { Estimate } from './contract.ts';
import { Draws } from './draws.ts';
import { Sums } from './readings.ts';
import type { Readings } from './readings.ts';
import { CHUNK } from './runner.ts';
import type { Runner } from './runner.ts';

/** Shots of a post-selected circuit are given up after so many trajectories for each shot. */
const MOST_TRIES = 1000;

/** Trajectories as whole chunks: chunks `first` to `first + count`. */
export interface ChunkRange {
  readonly first: number;
  readonly count: number;
}

/** How many chunks so many trajectories make. */
export const chunksOf = (trajectories: number): number => Math.ceil(trajectories / CHUNK);

/** Runs trajectories of one example: the sums of each chunk. */
export function sumsOf(
  runner: Runner,
  readings: Readings,
  read: SlotValues,
  index: number,
  {
    seed,
    firstExample,
    trajectories,
    range = { first: 0, count: chunksOf(trajectories) },
  }: {
    readonly seed: number;
    readonly firstExample: number;
    readonly trajectories: number;
    readonly range?: ChunkRange | undefined;
  },
): Sums[] {
  const draws = new Draws(seed, firstExample + index);
  return Array.from({ length: range.count }, (_, c) => {
    const first = (range.first + c) * CHUNK;
    const count = Math.min(CHUNK, trajectories - first);
    const sums = new Sums(readings);
    sums.tried = count;
    runner.means({ read, index, draws }, first, count, sums);
    return sums;
  });
}

/** Puts the results of a batch together from the sums of each example's chunks, added up in their order. */
export function estimateOf<M extends Measurements>(
  readings: Readings,
  { measurements, outputSizes: sizes, single }: CheckedProgram,
  batch: number,
  chunks: (example: number) => readonly Sums[],
  { out, firstExample = 0 }: { readonly out?: Float64Array; readonly firstExample?: number },
): Estimate<M> {
  const make = (): Float64Array[] => sizes.map((size) => new Float64Array(batch * size));
  const [means, errors] = [make(), make()];
  const kept = new Float64Array(batch);
  const success = measurements.every(({ type }) => type === 'successProbability');
  for (let e = 0; e < batch; e++) {
    const sums = new Sums(readings);
    for (const chunk of chunks(e)) sums.merge(chunk);
    kept[e] = sums.kept;
    if (sums.kept === 0 && !success) throw noneKept(sums.tried, firstExample + e);
    sizes.forEach((size, m) => {
      const row = (list: readonly Float64Array[]): Float64Array =>
        (list[m] as Float64Array).subarray(e * size, (e + 1) * size);
      sums.write(m, row(means), row(errors));
    });
  }
  if (out !== undefined) {
    out.set(means[0] as Float64Array);
    means[0] = out;
  }
  const bare = (list: readonly Float64Array[]): Results<M> =>
    (single ? list[0] : list) as Results<M>;
  return { values: bare(means), errors: bare(errors), kept };
}

/** The refusal where no trajectory passes the post-selections. */
function noneKept(tried: number, example: number): ValueError {
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
