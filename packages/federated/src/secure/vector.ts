import { ValueError } from '@ketwork/base';
import { fixedPoint, readFixed, writeFixed } from './fixed-point.ts';
import type { FixedPoint } from './fixed-point.ts';

/** What decides how updates become integers; the same for all participants of a round. */
export interface VectorPlan {
  /** How many participants may add to the sum. */
  readonly participants: number;
  /** How many shared weights there are. */
  readonly size: number;
  /** Largest Euclidean norm of a change of weights; participants clip to it. */
  readonly clippingNorm: number;
  /** Most examples one participant may count for. */
  readonly maxExamples: number;
  /** Whether changes are added times examples, or as they are. */
  readonly weighted: boolean;
}

/** The part of an update that is added up. */
export interface Contribution {
  /** Change of the weights, `[size]`. */
  readonly delta: Float64Array;
  /** Weight of the update, an integer of at least 1. */
  readonly examples: number;
  /** Mean loss; beyond ±1024 it counts as ±1024. */
  readonly loss: number;
}

/** Sums over participants. */
export interface ContributionSum {
  /** Changes, times examples where the plan says so, `[size]`. */
  readonly delta: Float64Array;
  /** Examples. */
  readonly examples: number;
  /** Losses times examples. */
  readonly loss: number;
}

const LOSS_BOUND = 1024;

function formats(plan: VectorPlan): readonly [FixedPoint, FixedPoint, FixedPoint] {
  const { participants, clippingNorm, maxExamples, weighted } = plan;
  if (!Number.isSafeInteger(maxExamples) || maxExamples < 1 || maxExamples > 2 ** 32) {
    throw new ValueError(`maxExamples is ${maxExamples}, not an integer from 1 to 2^32`);
  }
  return [
    fixedPoint(weighted ? clippingNorm * maxExamples : clippingNorm, participants),
    { bound: maxExamples, step: 1 },
    fixedPoint(LOSS_BOUND * maxExamples, participants),
  ];
}

/** Words of 32 bits of one masked vector: two per number, and the examples and the loss beside the weights. */
export function vectorWords(plan: VectorPlan): number {
  return 2 * (plan.size + 2);
}

/**
 * An update as integers modulo 2^64: changes (times examples), examples, loss times examples. Weights of the mean thus are
 * as hidden as the update itself.
 *
 * @throws ValueError where the update has the wrong size, is not finite, is beyond the clipping norm or has more examples
 * than the plan allows.
 */
export function encodeContribution(plan: VectorPlan, update: Contribution): Uint32Array {
  const [deltas, counts, losses] = formats(plan);
  const { delta, examples, loss } = update;
  if (delta.length !== plan.size) {
    throw new ValueError(`the update has ${delta.length} numbers, the weights ${plan.size}`);
  }
  if (!Number.isSafeInteger(examples) || examples < 1 || examples > counts.bound) {
    throw new ValueError(`${examples} examples are not from 1 to ${counts.bound}`, {
      remedy: 'Raise maxExamples of secureAggregation for all participants',
    });
  }
  if (Number.isNaN(loss)) throw new ValueError('the loss of the update is not a number');
  const norm = Math.sqrt(delta.reduce((sum, value) => sum + value * value, 0));
  if (!(norm <= plan.clippingNorm * (1 + 1e-9))) {
    throw new ValueError(
      `the update has the norm ${norm}, beyond the clipping norm ${plan.clippingNorm}`,
    );
  }
  const words = new Uint32Array(vectorWords(plan));
  const counted = plan.weighted ? delta.map((value) => value * examples) : delta;
  writeFixed(deltas, counted, words, 0);
  writeFixed(counts, Float64Array.of(examples), words, 2 * plan.size);
  const clamped = Math.min(Math.max(loss, -LOSS_BOUND), LOSS_BOUND) * examples;
  writeFixed(losses, Float64Array.of(clamped), words, 2 * plan.size + 2);
  return words;
}

/** The sums in a vector of which all masks are gone. */
export function decodeSum(plan: VectorPlan, words: Uint32Array): ContributionSum {
  const [deltas, counts, losses] = formats(plan);
  return {
    delta: readFixed(deltas, words, 0, plan.size),
    examples: readFixed(counts, words, 2 * plan.size, 1)[0]!,
    loss: readFixed(losses, words, 2 * plan.size + 2, 1)[0]!,
  };
}
