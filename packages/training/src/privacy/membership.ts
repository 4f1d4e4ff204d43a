import { ValueError } from '@ketwork/base';
import { lossValues, networkOf, rocAuc } from '@ketwork/nn';
import type { BuiltLayer, Loss, Model } from '@ketwork/nn';
import type { AsyncEngine, Engine } from '@ketwork/simulator';
import { Examples } from '../data.ts';
import type { TrainingData } from '../data.ts';
import { bindEngine } from '../engine.ts';
import { checkBatchSize } from '../evaluate.ts';
import { proportionBound } from './proportion.ts';

/** Options of {@link membershipInference}. */
export interface MembershipOptions {
  /** The loss that the attacker knows, as a rule that of training. */
  readonly loss: Loss;
  /** δ at which the lower bound on ε is given. Default 0. */
  readonly delta?: number;
  /** Confidence of the lower bound on ε, between 0 and 1. Default 0.95. */
  readonly confidence?: number;
  /** Engine for the quantum layers. Default: the one that is bound, else the CPU in this thread. */
  readonly engine?: Engine | AsyncEngine;
  /** Examples per pass. Default 256. */
  readonly batchSize?: number;
}

/** How well an attacker tells members from others, see {@link membershipInference}. */
export interface MembershipReport {
  /** Area under the ROC curve of `-loss`: 0.5 is chance. */
  readonly auc: number;
  /** Share of members minus share of others at or below the threshold, on examples that did not choose it: 0 is chance. */
  readonly advantage: number;
  /** The loss up to which the attacker says "member". */
  readonly threshold: number;
  /** Share of members recognised, on the examples that did not choose the threshold. */
  readonly truePositiveRate: number;
  /** Share of others taken for members, likewise. */
  readonly falsePositiveRate: number;
  /**
   * ε below which, with the confidence asked for, training cannot have been private at this δ; 0 where the attack shows
   * nothing. A guarantee below it is refuted; a bound above it proves no guarantee.
   */
  readonly epsilonLowerBound: number;
}

/**
 * The loss-threshold attack (Yeom et al. 2018, arXiv:1709.01604): who has a low loss is taken for a training example. It
 * needs no shadow models. The threshold is chosen on every second example and judged on the others; the lower bound on ε is
 * `log((TPR - δ) / FPR)`, or the same of the complements, with Clopper–Pearson limits (Jagielski et al. 2020,
 * arXiv:2006.07709).
 *
 * An audit: it can show that a model tells too much, never that it tells nothing.
 *
 * @param members Examples the model was trained on.
 * @param nonMembers Examples of the same distribution that it has not seen.
 * @throws ValueError where the model is not built, data do not fit or there are fewer than two examples of either.
 * @example
 * ```ts
 * import { adam, crossEntropy, dense, sequential, tanh } from '@ketwork/nn';
 * import { fit, membershipInference } from '@ketwork/training';
 * const model = sequential(dense(2, 16), tanh(), dense(16, 2));
 * const members = { inputs: [0, 0, 0, 1, 1, 0, 1, 1], labels: [0, 1, 1, 0] };
 * await fit(model, members, { loss: crossEntropy, optimizer: adam(0.1), epochs: 100, seed: 1 });
 * const others = { inputs: [0, 0, 0, 1, 1, 0, 1, 1], labels: [1, 0, 0, 1] };
 * const { auc } = await membershipInference(model, members, others, { loss: crossEntropy });
 * console.log(auc); // 1
 * ```
 */
export async function membershipInference(
  model: Model | BuiltLayer,
  members: TrainingData,
  nonMembers: TrainingData,
  options: MembershipOptions,
): Promise<MembershipReport> {
  const { loss, delta = 0, confidence = 0.95, engine, batchSize = 256 } = options;
  checkBatchSize('membershipInference', batchSize);
  if (!(delta >= 0 && delta < 1))
    throw new ValueError(`membershipInference: delta is ${delta}, not from 0 to below 1`);
  if (!(confidence > 0 && confidence < 1))
    throw new ValueError(`membershipInference: confidence is ${confidence}, not between 0 and 1`);
  const network = networkOf(model);
  const inside = new Examples('membershipInference: members', members, network.inputShape);
  const outside = new Examples('membershipInference: non-members', nonMembers, network.inputShape);
  for (const [what, { size }] of [
    ['members', inside],
    ['non-members', outside],
  ] as const) {
    if (size < 2)
      throw new ValueError(
        `membershipInference: ${size} ${what} are too few to choose a threshold and judge it`,
      );
  }
  await bindEngine(network, engine);
  const of = lossValues(network, loss);
  const lossesOf = async (examples: Examples): Promise<Float64Array> => {
    const out = new Float64Array(examples.size);
    for (let start = 0; start < examples.size; start += batchSize) {
      const batch = examples.range(start, Math.min(examples.size, start + batchSize));
      out.set((await of(batch)).losses, start);
    }
    const bad = out.findIndex((value) => Number.isNaN(value));
    if (bad >= 0) throw new ValueError(`membershipInference: the loss of example ${bad} is NaN`);
    return out;
  };
  return attack(await lossesOf(inside), await lossesOf(outside), delta, confidence);
}

/** The attack on losses. */
export function attack(
  members: Float64Array,
  others: Float64Array,
  delta: number,
  confidence: number,
): MembershipReport {
  const half = (values: Float64Array, rest: 0 | 1): Float64Array =>
    values.filter((_, i) => i % 2 === rest);
  const threshold = bestThreshold(half(members, 0), half(others, 0));
  const below = (values: Float64Array): number => values.filter((one) => one <= threshold).length;
  const [inside, outside] = [half(members, 1), half(others, 1)];
  const [hits, mistakes] = [below(inside), below(outside)];
  const truePositiveRate = hits / inside.length;
  const falsePositiveRate = mistakes / outside.length;
  // Four limits, so that all hold at once with the confidence asked for.
  const risk = (1 - confidence) / 4;
  const bound = (low: readonly [number, number], high: readonly [number, number]): number => {
    const most = proportionBound(...high, risk, 'upper');
    return Math.log((proportionBound(...low, risk, 'lower') - delta) / most);
  };
  const bounds = [
    bound([hits, inside.length], [mistakes, outside.length]),
    bound([outside.length - mistakes, outside.length], [inside.length - hits, inside.length]),
  ];
  return {
    auc: rocAuc(
      [...members, ...others].map((one) => -one),
      [...members.map(() => 1), ...others.map(() => 0)],
    ),
    advantage: truePositiveRate - falsePositiveRate,
    threshold,
    truePositiveRate,
    falsePositiveRate,
    epsilonLowerBound: Math.max(0, ...bounds.filter((one) => !Number.isNaN(one))),
  };
}

/** The loss at which the shares below differ most. */
function bestThreshold(members: Float64Array, others: Float64Array): number {
  const [a, b] = [members.toSorted(), others.toSorted()];
  let [i, j, best] = [0, 0, -Infinity];
  let threshold = a[0]!;
  for (const value of a) {
    while (i < a.length && a[i]! <= value) i++;
    while (j < b.length && b[j]! <= value) j++;
    const difference = i / a.length - j / b.length;
    if (difference > best) [best, threshold] = [difference, value];
  }
  return threshold;
}
