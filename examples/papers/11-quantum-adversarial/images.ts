import {
  accuracy,
  adam,
  adversarialExamples,
  applyNoise,
  bim,
  circuit,
  crossEntropy,
  dense,
  densityMatrix,
  evaluate,
  fit,
  flatten,
  key,
  loadState,
  mnist,
  noiseModel,
  pgd,
  predict,
  probabilities,
  resizeImages,
  robustAccuracy,
  sequential,
  signNoise,
  splitDataset,
  stateOf,
  take,
} from 'ketwork';
import type { Attack, Dataset, Loss, Model } from 'ketwork';
import { rounded } from '../../common/experiment.ts';
import { READOUT, SIDE, imageCircuit, imageModel, likelihood } from './models.ts';

/** Sizes of a run on images. */
export interface ImageSettings {
  readonly train: number;
  readonly test: number;
  readonly epochs: number;
  /** Epochs of adversarial training, after those. */
  readonly hardening: number;
  /** Test images that are classified with noise, too. */
  readonly noisy: number;
  /** How far a pixel from 0 to 1 turns. */
  readonly scale: number;
}

/** Size of the perturbations that claims are about, in units of a pixel from 0 to 1. */
export const EPSILON = 0.1;
export const EPSILONS: readonly number[] = [0, 0.02, 0.05, 0.1, 0.15];
const range = [0, 1] as const;

/** The attack of the card: ten steps along the sign, together ε. */
const attack = (epsilon: number): Attack => bim(epsilon, { steps: 10, range });
const strong = pgd(EPSILON, { steps: 20, restarts: 2, range });

/** Accuracies of a classifier on test images. */
export interface Standing {
  readonly clean: number;
  /** Under random signs of size ε. */
  readonly noise: number;
  /** Robust accuracy by size, see EPSILONS; attacks on this very classifier. */
  readonly curve: readonly number[];
  /** Robust accuracy under 20 steps from two random starts, ε as above. */
  readonly strong: number;
}

/** What came of one seed. */
export interface ImageRun {
  readonly seed: number;
  readonly parameters: number;
  readonly plain: Standing;
  readonly hardened: Standing;
  /** Accuracy on the examples that were crafted against the plain classifier: its own, and that of the hardened one. */
  readonly oldAttacks: { readonly plain: number; readonly hardened: number };
  /** Logistic regression on the same pixels, trained alike. */
  readonly logistic: Standing & { readonly parameters: number };
  /** The same, hardened alike. */
  readonly logisticHardened: Standing;
  /** Test images with |p - 1/2| > 0.1 that keep their label under gate noise, and how many there are. */
  readonly noisy: { readonly kept: number; readonly of: number };
  readonly seconds: number;
}

/** Digits 0 and 1, 28 × 28 set into 32 × 32 and averaged to 16 × 16. */
export async function digits(
  seed: number,
  counts: { readonly train: number; readonly test: number },
): Promise<{ readonly train: Dataset; readonly test: Dataset }> {
  const some = async (split: 'train' | 'test'): Promise<Dataset> => {
    const images = await mnist({ split, classes: ['0', '1'], from: import.meta.url });
    const share = Math.min(counts[split], images.size);
    return resizeImages(padded(splitDataset(images, [share], key(seed))[0]!), SIDE);
  };
  return { train: flat(await some('train')), test: flat(await some('test')) };
}

/** Two pixels of paper on each side. */
function padded(images: Dataset): Dataset {
  const inputs = new Float64Array(images.size * 32 * 32);
  for (let e = 0; e < images.size; e++)
    for (let y = 0; y < 28; y++)
      inputs.set(
        images.inputs.subarray((e * 28 + y) * 28, (e * 28 + y + 1) * 28),
        (e * 32 + y + 2) * 32 + 2,
      );
  return { ...images, inputs, inputShape: [32, 32] };
}

/** Averages of numbers from 0 to 1 may be above 1 by rounding. */
function flat(images: Dataset): Dataset {
  const inputs = images.inputs.map((value) => Math.max(0, Math.min(1, value)));
  return { ...images, inputs, inputShape: [SIDE * SIDE] };
}

async function accuracyOf(model: Model, data: Dataset, loss: Loss): Promise<number> {
  return (await evaluate(model, data, { loss, metrics: [accuracy] })).metrics['accuracy']!;
}

async function standing(model: Model, test: Dataset, loss: Loss, seed: number): Promise<Standing> {
  const noise = { loss, attack: signNoise(EPSILON, { range }), seed };
  const inputs = await adversarialExamples(model, test, noise);
  const curve = await robustAccuracy(model, test, { loss, attack, epsilons: EPSILONS, seed });
  const [worst] = await robustAccuracy(model, test, {
    loss,
    attack: () => strong,
    epsilons: [EPSILON],
    seed,
  });
  return {
    clean: rounded(await accuracyOf(model, test, loss)),
    noise: rounded(await accuracyOf(model, { ...test, inputs }, loss)),
    curve: curve.map((point) => rounded(point.accuracy)),
    strong: rounded(worst!.accuracy),
  };
}

/** Trains, attacks, trains with attacks, attacks again. */
export async function runImages(
  seed: number,
  settings: ImageSettings,
  progress: (share: number, text: string) => void,
): Promise<ImageRun> {
  const start = performance.now();
  const { train, test } = await digits(seed, settings);
  const { scale, epochs, hardening } = settings;
  const loss = likelihood;
  const common = { loss, batchSize: 25, metrics: [accuracy], seed };
  const plain = imageModel(scale);
  await fit(plain, train, { ...common, optimizer: adam(0.05), epochs });
  progress(0.2, 'trained');
  const plainStanding = await standing(plain, test, loss, seed);
  const old = {
    ...test,
    inputs: await adversarialExamples(plain, test, { loss, attack: attack(EPSILON), seed }),
  };
  progress(0.4, 'attacked');

  const hardened = imageModel(scale);
  hardened.build([SIDE * SIDE], seed);
  loadState(hardened, stateOf(plain));
  const mixed = {
    optimizer: adam(0.02),
    epochs: hardening,
    adversarial: { attack: pgd(EPSILON, { steps: 5, range }), share: 0.5 },
  };
  await fit(hardened, train, { ...common, ...mixed });
  progress(0.8, 'hardened');

  const logistic = sequential(flatten(), dense(SIDE * SIDE, 2));
  const classical = { ...common, loss: crossEntropy };
  await fit(logistic, train, { ...classical, optimizer: adam(0.05), epochs });
  const logisticStanding = await standing(logistic, test, crossEntropy, seed);
  // Goes on from its weights.
  await fit(logistic, train, { ...classical, ...mixed });
  const hardenedStanding = await standing(hardened, test, loss, seed);
  const parameters = (model: Model): number =>
    model.network!.parameters.reduce((sum, { data }) => sum + data.length, 0);
  return {
    seed,
    parameters: parameters(plain),
    plain: plainStanding,
    hardened: hardenedStanding,
    oldAttacks: {
      plain: rounded(await accuracyOf(plain, old, loss)),
      hardened: rounded(await accuracyOf(hardened, old, loss)),
    },
    logistic: {
      ...logisticStanding,
      parameters: parameters(logistic),
    },
    logisticHardened: await standing(logistic, test, crossEntropy, seed),
    noisy: await underNoise(plain, take(test, Math.min(settings.noisy, test.size)), scale),
    seconds: rounded((performance.now() - start) / 1000, 1),
  };
}

/** Depolarizing noise after gates as the paper's chip has it: 6e-4 of one qubit, 6e-3 of two. Exact, by density matrices. */
async function underNoise(
  model: Model,
  images: Dataset,
  scale: number,
): Promise<ImageRun['noisy']> {
  const noise = noiseModel({
    gates: [
      { after: 'RX', noise: circuit(1, (q) => q.depolarizing(6e-4, 0)) },
      { after: 'RZ', noise: circuit(1, (q) => q.depolarizing(6e-4, 0)) },
      { after: 'CNOT', noise: circuit(2, (q) => q.depolarizing(6e-3, [0, 1])) },
    ],
  });
  const noisy = applyNoise(imageCircuit(scale), noise);
  const outputs = await predict(model, images.inputs);
  using program = densityMatrix().compile(noisy, probabilities([READOUT]));
  const w = model.network!.parameters[0]!.data;
  const found = program.run({ x: images.inputs, w });
  const sure = Array.from({ length: images.size }, (_, e) => e).filter(
    (e) => Math.abs(outputs[2 * e]! - 0.5) > 0.1,
  );
  const kept = sure.filter((e) => found[2 * e]! > 0.5 === outputs[2 * e]! > 0.5);
  return { kept: kept.length, of: sure.length };
}
