import { toHex, utf8 } from './bytes.ts';
import { SecureAggregationError } from './error.ts';
import { digest } from './keys.ts';

/**
 * The last sum that a participant has helped to open, kept by those who insist on signatures. What it sends is the same
 * in all attempts at a round, so that a second sum of the same round, without somebody or under other weights, would show
 * with the first one what single participants sent.
 */
export interface OpenedSum {
  /** Name of the run. */
  readonly run: string;
  /** The round. */
  readonly round: number;
  /** Digest of whose vectors it had, and of how they were made. */
  readonly sum: string;
}

/** What a sum is told apart by: whose vectors it has, and how vectors are made from what was trained. */
export async function sumOf(
  survivors: readonly string[],
  task: unknown,
  weights: Float64Array,
): Promise<string> {
  const bytes = new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength);
  return toHex(await digest(utf8(`${JSON.stringify([survivors, task])}\n`), bytes));
}

/** Refuses a second sum of one round, and sums of rounds before it. @throws SecureAggregationError (`exposing`). */
export function checkOpening(before: OpenedSum | undefined, { run, round, sum }: OpenedSum): void {
  if (before?.run !== run || round > before.round) return;
  if (round === before.round && sum === before.sum) return;
  throw new SecureAggregationError(
    'exposing',
    round === before.round
      ? `this participant has helped to open another sum of round ${round}; both together could show single updates`
      : `this participant has helped to open the sum of round ${before.round}, which was after round ${round}`,
  );
}
