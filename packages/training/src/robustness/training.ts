import { ValueError, fold, uniform } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import { gatherRows } from '@ketwork/nn';
import type { BuiltLayer, Loss } from '@ketwork/nn';
import type { WeightedBatch } from '../data.ts';
import { partOf, piecesOf } from '../gradient.ts';
import { checkAttack } from './attack.ts';
import type { Attack } from './attack.ts';
import { crafter } from './examples.ts';

/** How a run of `fit` hardens its model, see `adversarial` of `FitOptions`. */
export interface AdversarialTraining {
  /** The attack, made anew in every step against the model as it is then. */
  readonly attack: Attack;
  /** Share of the examples of each step that it changes, above 0 and at most 1; in private training the probability that it changes an example. Default 0.5. */
  readonly share?: number;
}

/** Refuses settings out of range, and data outside the range of the attack. */
export function checkAdversarial(
  { attack, share = 0.5 }: AdversarialTraining,
  inputs: ArrayLike<number>,
): void {
  checkAttack('fit: adversarial', attack, inputs);
  if (!(share > 0 && share <= 1))
    throw new ValueError(`fit: the adversarial share ${share} is not above 0 and at most 1`);
}

/** The settings as text, for a run that is to be resumed. */
export function adversarialText({ attack, share = 0.5 }: AdversarialTraining): string {
  return `${attack.name} ${JSON.stringify({ share, ...attack.settings })}`;
}

/** Makes adversarial inputs of examples. */
export type CraftAll = (batch: WeightedBatch, key: Key) => Promise<Float64Array>;

/** Attacks examples in this thread, so many at once. */
export function craftHere(
  network: BuiltLayer,
  loss: Loss,
  attack: Attack,
  atOnce: number,
): CraftAll {
  const craft = crafter(network, loss, attack, false);
  return async (batch, key) => {
    const x = new Float64Array(batch.x.length);
    const width = x.length / batch.count;
    for (const piece of piecesOf(batch.count, atOnce))
      x.set(await craft(partOf(batch, piece), key, piece.first), piece.first * width);
    return x;
  };
}

/** Replaces a share of a batch by adversarial examples. */
export type Hardener = (batch: WeightedBatch, key: Key) => Promise<WeightedBatch>;

/**
 * Hardens the batches of a run.
 *
 * @param secretly Whether each example is chosen apart, by chance. Else it is the first ones, as the order is drawn.
 */
export function hardenerOf(
  { share = 0.5 }: AdversarialTraining,
  secretly: boolean,
  craft: CraftAll,
): Hardener {
  return async (batch, key) => {
    if (batch.count === 0) return batch;
    const chosen = secretly ? byChance(batch.count, share, fold(key, 2)) : firstOf(batch, share);
    const x = batch.x.slice();
    const width = x.length / batch.count;
    const part = {
      count: chosen.length,
      x: gatherRows(batch.x, width, chosen),
      y: gatherRows(batch.y, batch.y.length / batch.count, chosen),
    };
    if (part.count === 0) return batch;
    const inputs = await craft(part, key);
    chosen.forEach((e, i) => x.set(inputs.subarray(i * width, (i + 1) * width), e * width));
    return { ...batch, x };
  };
}

function firstOf(batch: WeightedBatch, share: number): Uint32Array {
  const count = Math.max(1, Math.round(share * batch.count));
  return Uint32Array.from({ length: count }, (_, e) => e);
}

function byChance(count: number, share: number, key: Key): Uint32Array {
  const draws = uniform(key, count);
  return Uint32Array.from({ length: count }, (_, e) => e).filter((e) => draws[e]! < share);
}
