import { ValueError } from '@ketwork/base';
import type { BuiltLayer, Loss, Model } from '@ketwork/nn';
import type { TrainingData } from '../data.ts';
import { evaluate } from '../evaluate.ts';
import type { PredictOptions } from '../evaluate.ts';
import { classesOf, truthOf, widthOf } from '../metrics/classes.ts';
import type { Attack } from './attack.ts';
import { adversarialExamples } from './examples.ts';

/** Options of {@link robustAccuracy}. */
export interface RobustAccuracyOptions extends PredictOptions {
  /** The loss that the attack raises. */
  readonly loss: Loss;
  /** The attack of each size, such as `fgsm` or `(epsilon) => pgd(epsilon, { steps: 40 })`. */
  readonly attack: (epsilon: number) => Attack;
  /** Sizes of perturbations, in units of the inputs. */
  readonly epsilons: readonly number[];
  /** Seed of what the attacks draw, an integer from 0 to 2^53 - 1; the same for all sizes. */
  readonly seed: number;
  /** What the model is to say instead of the labels, see `targets` of {@link adversarialExamples}. */
  readonly targets?: ArrayLike<number>;
}

/** How a classifier stands an attack of one size. */
export interface RobustnessPoint {
  /** Size of the perturbations. */
  readonly epsilon: number;
  /** Share of examples whose class is right both as they are and under attack. */
  readonly accuracy: number;
  /** Mean loss of the perturbed examples, with their true labels. */
  readonly loss: number;
}

/**
 * The robust-accuracy curve of a classifier. An example that is not classified rightly as it is counts as wrong at every
 * size: it is itself in the ball. Classes are read as by `accuracy`. The curve bounds the robustness from above only: a
 * better attack may find more, so compare several (more steps, restarts, attacks crafted against another model).
 *
 * @returns One point per size, in their order.
 * @throws ValueError where there is no size; what the attacks, `adversarialExamples` and `evaluate` throw. Rejects, never
 * throws at once.
 * @example
 * ```ts
 * import { binaryCrossEntropy, dense, sequential } from '@ketwork/nn';
 * import { fgsm, robustAccuracy } from '@ketwork/training';
 * const model = sequential(dense(1, 1));
 * model.build(1);
 * model.network!.parameters[0]!.data[0] = 1; // class 1 where x > 0
 * const data = { inputs: [-2, -0.5, 0.5, 2], labels: [0, 0, 1, 1] };
 * const curve = await robustAccuracy(model, data, { loss: binaryCrossEntropy, attack: fgsm, epsilons: [0, 1, 3], seed: 1 });
 * console.log(curve.map(({ accuracy }) => accuracy)); // 1, 0.5, 0
 * ```
 */
export async function robustAccuracy(
  model: Model | BuiltLayer,
  data: TrainingData,
  { attack, epsilons, ...options }: RobustAccuracyOptions,
): Promise<RobustnessPoint[]> {
  if (epsilons.length === 0)
    throw new ValueError('robustAccuracy: there is no epsilon', { remedy: 'Give one or more' });
  const attacks = epsilons.map((epsilon) => attack(epsilon));
  const measuring = { ...options, metrics: [] };
  const clean = await evaluate(model, data, measuring);
  const truth = truthOf(data.labels, clean.examples, widthOf(clean.outputs, clean.examples));
  const right = classesOf(clean.outputs, clean.examples).map((c, e) => (c === truth[e] ? 1 : 0));
  const points: RobustnessPoint[] = [];
  for (const one of attacks) {
    const inputs = await adversarialExamples(model, data, { ...options, attack: one });
    const { outputs, loss } = await evaluate(model, { ...data, inputs }, measuring);
    const classes = classesOf(outputs, clean.examples);
    const robust = right.reduce((sum, was, e) => sum + (classes[e] === truth[e] ? was : 0), 0);
    points.push({ epsilon: one.epsilon, accuracy: robust / clean.examples, loss });
  }
  return points;
}
