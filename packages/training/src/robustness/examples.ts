import { ValueError, fold, key, sizeOf, split } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import { inputGradients, lossValues, networkOf } from '@ketwork/nn';
import type { BuiltLayer, Loss, Model } from '@ketwork/nn';
import { Examples } from '../data.ts';
import type { TrainingData, WeightedBatch } from '../data.ts';
import { Breather, bindEngine } from '../engine.ts';
import { checkBatchSize } from '../evaluate.ts';
import type { PredictOptions } from '../evaluate.ts';
import { piecesOf } from '../gradient.ts';
import { checkAttack } from './attack.ts';
import type { Attack } from './attack.ts';

/** Options of {@link adversarialExamples}. */
export interface AdversarialOptions extends PredictOptions {
  /** The loss that is raised. */
  readonly loss: Loss;
  /** The attack. */
  readonly attack: Attack;
  /** Seed of what the attack draws, an integer from 0 to 2^53 - 1. */
  readonly seed: number;
  /**
   * What the model is to say instead, one target for every example, as the loss reads them: the attack then lowers the loss
   * of these. Default: it raises the loss of the labels.
   */
  readonly targets?: ArrayLike<number>;
}

/**
 * Changes inputs so that a model errs, knowing the model (a white-box attack): gradients go through all its layers, quantum
 * ones included. The model behaves as in use; nothing of it is changed. What is drawn is drawn by example, so the result
 * does not depend on the batch size.
 *
 * @returns Inputs, `[examples, ...inputShape]`.
 * @throws ValueError where the model is not built, data, targets or seed do not fit, or an input is outside the attack's range;
 * what layers, loss and engine throw. Rejects, never throws at once.
 * @example
 * ```ts
 * import { crossEntropy, dense, sequential } from '@ketwork/nn';
 * import { adversarialExamples, evaluate, pgd } from '@ketwork/training';
 * const model = sequential(dense(2, 2));
 * model.build(1);
 * const data = { inputs: [0.1, 0.9, 0.8, 0.3], labels: [0, 1] };
 * const attack = pgd(0.3, { steps: 5, range: [0, 1] });
 * const inputs = await adversarialExamples(model, data, { loss: crossEntropy, attack, seed: 1 });
 * console.log((await evaluate(model, { ...data, inputs }, { loss: crossEntropy })).metrics['accuracy']);
 * ```
 */
export async function adversarialExamples(
  model: Model | BuiltLayer,
  data: TrainingData,
  { loss, attack, seed, targets, engine, batchSize = 256 }: AdversarialOptions,
): Promise<Float64Array> {
  const where = 'adversarialExamples';
  const network = networkOf(model);
  checkBatchSize(where, batchSize);
  checkAttack(where, attack, data.inputs);
  if (targets !== undefined && targets.length !== data.labels.length)
    throw new ValueError(`${where}: ${targets.length} targets for ${data.labels.length} labels`, {
      remedy: 'Give as many targets as labels',
    });
  const labels = targets ?? data.labels;
  const examples = new Examples(where, { inputs: data.inputs, labels }, network.inputShape);
  const root = key(seed);
  await bindEngine(network, engine);
  const breather = new Breather();
  const craft = crafter(network, loss, attack, targets !== undefined);
  const inputs = new Float64Array(data.inputs.length);
  const width = sizeOf(network.inputShape);
  for (const { first, count } of piecesOf(examples.size, batchSize)) {
    inputs.set(await craft(examples.range(first, first + count), root, first), first * width);
    await breather.pause();
  }
  return inputs;
}

/** Makes adversarial inputs of a batch, of which `firstExample` is the number of the first. */
export type Craft = (batch: WeightedBatch, key: Key, firstExample: number) => Promise<Float64Array>;

/** An attack on a model. @param targeted Whether the loss is to be lowered. */
export function crafter(network: BuiltLayer, loss: Loss, attack: Attack, targeted: boolean): Craft {
  const gradients = inputGradients(network, loss);
  const values = lossValues(network, loss);
  const turned = (numbers: Float64Array): Float64Array =>
    targeted ? numbers.map((value) => -value) : numbers;
  return async ({ x, y, count }, root, firstExample) => {
    const [attackKey, passKey] = split(root, 2);
    let passes = 0;
    // Layers that draw, such as measurements with shots, draw anew in every pass.
    const pass = (): { key: Key; firstExample: number } => ({
      key: fold(passKey!, passes++),
      firstExample,
    });
    const inputs = await attack.perturb({
      x,
      count,
      firstExample,
      key: attackKey!,
      async gradient(at) {
        const { losses, grads } = await gradients({ x: at, y }, pass());
        return { losses: turned(losses), grads: turned(grads) };
      },
      losses: async (at) => turned((await values({ x: at, y }, pass())).losses),
    });
    if (inputs.length !== x.length)
      throw new ValueError(
        `${attack.name}: perturb returned ${inputs.length} numbers where ${x.length} are needed`,
      );
    return inputs;
  };
}
