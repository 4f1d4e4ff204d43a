import { UnsupportedError, ValueError } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import type { BuiltLayer, Loss } from '@ketwork/nn';
import type { WeightedBatch } from '../data.ts';
import { partOf, piecesOf } from '../gradient.ts';
import { checkAttack } from './attack.ts';
import type { Attack } from './attack.ts';
import { crafter, sharePiece } from './examples.ts';

/** How a run of `fit` hardens its model, see `adversarial` of `FitOptions`. */
export interface AdversarialTraining {
  /** The attack, made anew in every step against the model as it is then. */
  readonly attack: Attack;
  /** Share of the examples of each step that it changes, above 0 and at most 1. Default 0.5. */
  readonly share?: number;
}

/** Refuses settings out of range, data outside the range of the attack, and private training. */
export function checkAdversarial(
  { attack, share = 0.5 }: AdversarialTraining,
  inputs: ArrayLike<number>,
  secretly: boolean,
): void {
  // Which examples of a batch are attacked, and with what random numbers, depends on the others in it.
  if (secretly)
    throw new UnsupportedError(
      'fit: adversarial examples depend on the rest of their batch, which the proof of privacy does not allow',
      { remedy: 'Leave out adversarial or privacy' },
    );
  checkAttack('fit: adversarial', attack, inputs);
  if (!(share > 0 && share <= 1))
    throw new ValueError(`fit: the adversarial share ${share} is not above 0 and at most 1`);
}

/** The settings as text, for a run that is to be resumed. */
export function adversarialText({ attack, share = 0.5 }: AdversarialTraining): string {
  return `${attack.name} ${JSON.stringify({ share, ...attack.settings })}`;
}

/** Replaces a share of a batch by adversarial examples; the order of examples is drawn, so it is the first ones. */
export type Hardener = (batch: WeightedBatch, key: Key) => Promise<WeightedBatch>;

/** Hardens the batches of a run; undefined where that is not asked for. */
export function hardenerOf(
  network: BuiltLayer,
  plan: {
    readonly loss: Loss;
    readonly batchSize: number;
    readonly adversarial?: AdversarialTraining;
  },
): Hardener | undefined {
  const { loss, batchSize, adversarial } = plan;
  if (adversarial === undefined) return undefined;
  const { attack, share = 0.5 } = adversarial;
  const craft = crafter(network, loss, attack, false);
  return async (batch, key) => {
    const chosen = sharePiece(batch, share);
    const x = batch.x.slice();
    const width = x.length / batch.count;
    for (const piece of piecesOf(chosen.count, batchSize))
      x.set(await craft(partOf(chosen, piece), key, piece.first), piece.first * width);
    return { ...batch, x };
  };
}
