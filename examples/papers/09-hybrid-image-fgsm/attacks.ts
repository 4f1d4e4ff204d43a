import {
  adversarialExamples,
  classesOf,
  crossEntropy,
  fgsm,
  inputGradients,
  networkOf,
  pgd,
  predict,
  signNoise,
} from 'ketwork';
import type { Attack, Dataset, Model } from 'ketwork';
import { rounded } from '../../common/experiment.ts';

/** Size of the perturbations, in units of a pixel from 0 to 1, and the step of the author's code. */
export const EPSILON = 0.1;
const STEP = 0.01;
const range = [0, 1] as const;

/** Names of the attacks on a network itself; the first is random and no attack. */
export type AttackName = 'random' | 'fgsm' | 'pgd-10' | 'pgd-40';

/** These attacks. */
export const ATTACKS: Readonly<Record<AttackName, Attack>> = {
  random: signNoise(EPSILON, { range }),
  fgsm: fgsm(EPSILON, { range }),
  'pgd-10': pgd(EPSILON, { steps: 10, stepSize: STEP, range }),
  'pgd-40': pgd(EPSILON, { steps: 40, stepSize: STEP, restarts: 2, range }),
};

/** What a network is right about. */
export interface Standing {
  readonly clean: number;
  /** By attack: images that are right without and under it. */
  readonly attacked: Readonly<Record<AttackName, number>>;
  /** The same under examples that were crafted against another network. */
  readonly transfer: Readonly<Record<string, number>>;
  /** Images that are right whatever of all this is done. */
  readonly worst: number;
  /** Share of the images whose loss has a gradient of 0 with respect to every pixel: attacks by gradients are blind there. */
  readonly blind: number;
}

/** Adversarial inputs, by name of the attack. */
export type Crafted = Partial<Record<AttackName, Float64Array>>;

/** Attacks a network. @param seed Of what the attacks draw. */
export async function craft(
  model: Model,
  test: Dataset,
  names: readonly AttackName[],
  seed: number,
): Promise<Crafted> {
  const crafted: Crafted = {};
  for (const name of names) {
    const attack = ATTACKS[name];
    crafted[name] = await adversarialExamples(model, test, { loss: crossEntropy, attack, seed });
  }
  return crafted;
}

/** Measures a network on images and on what attacks made of them, by its own and by another one's. */
export async function standing(
  model: Model,
  test: Dataset,
  own: Crafted,
  foreign: Crafted = {},
): Promise<Standing> {
  const right = await rightOnes(model, test, test.inputs);
  const worst = [...right];
  const under = async (crafted: Crafted): Promise<Record<string, number>> => {
    const found: Record<string, number> = {};
    for (const [name, inputs] of Object.entries(crafted)) {
      const now = await rightOnes(model, test, inputs);
      const both = now.map((one, e) => one && right[e]!);
      both.forEach((one, e) => (worst[e] &&= one));
      found[name] = share(both);
    }
    return found;
  };
  return {
    clean: share(right),
    attacked: (await under(own)) as Record<AttackName, number>,
    transfer: await under(foreign),
    worst: share(worst),
    blind: await blindShare(model, test),
  };
}

function share(of: readonly boolean[]): number {
  return rounded(of.filter(Boolean).length / of.length);
}

async function rightOnes(model: Model, test: Dataset, inputs: Float64Array): Promise<boolean[]> {
  const classes = classesOf(await predict(model, inputs), test.size);
  return Array.from(classes, (found, e) => found === test.labels[e]);
}

async function blindShare(model: Model, test: Dataset): Promise<number> {
  const gradients = inputGradients(networkOf(model), crossEntropy);
  const count = Math.min(200, test.size);
  const width = test.inputs.length / test.size;
  const { grads } = await gradients({
    x: test.inputs.subarray(0, count * width),
    y: test.labels.subarray(0, count),
  });
  const blind = Array.from({ length: count }, (_, e) =>
    grads.subarray(e * width, (e + 1) * width).every((g) => g === 0),
  );
  return share(blind);
}
