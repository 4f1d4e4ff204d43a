// The pre-trained network: its recipe, and the file made by it. `node backbone.ts` makes the file again.
import { fileURLToPath } from 'node:url';
import {
  adam,
  conv2d,
  crossEntropy,
  dense,
  evaluate,
  fit,
  flatten,
  forward,
  key,
  loadModel,
  maxPool2d,
  mnist,
  relu,
  saveModel,
  sequential,
  splitDataset,
} from 'ketwork';
import type { Dataset, Model } from 'ketwork';
import { rounded } from '../../common/experiment.ts';

/** Where the file is. */
const FILE: string = fileURLToPath(new URL('backbone.safetensors', import.meta.url));
/** Numbers that the network makes of an image. */
export const FEATURES = 32;
/** Digits that it knows; the task's 8 and 9 are not among them. */
const DIGITS: readonly string[] = ['0', '1', '2', '3', '4', '5', '6', '7'];
const RECIPE = { images: 2000, test: 1000, epochs: 3, batchSize: 32, learningRate: 2e-3, seed: 1 };

/** Layers up to the features. */
function trunk(): ReturnType<typeof sequential>['layers'] {
  return [
    conv2d(1, 8, 3),
    relu(),
    maxPool2d(2),
    conv2d(8, 16, 3),
    relu(),
    maxPool2d(2),
    flatten(),
    dense(400, FEATURES),
    relu(),
  ];
}

/** Trains the network on digits 0 to 7. */
export async function trainBackbone(): Promise<{
  readonly model: Model;
  readonly accuracy: number;
}> {
  const { images, test, epochs, batchSize, learningRate, seed } = RECIPE;
  const some = async (split: 'train' | 'test', count: number): Promise<Dataset> => {
    const all = await mnist({ split, classes: DIGITS, from: import.meta.url });
    return { ...splitDataset(all, [count], key(seed))[0]!, inputShape: [1, 28, 28] };
  };
  const model = sequential(...trunk(), dense(FEATURES, DIGITS.length));
  const optimizer = adam(learningRate);
  const data = await some('train', images);
  await fit(model, data, { loss: crossEntropy, optimizer, epochs, batchSize, seed });
  const { metrics } = await evaluate(model, await some('test', test), { loss: crossEntropy });
  return { model, accuracy: rounded(metrics['accuracy']!) };
}

/** The trained network as stored beside this file. */
export function storedBackbone(): Promise<Model> {
  return loadModel(FILE);
}

/** The features of images, frozen: computed once, `[examples, 32]`. */
export async function featuresOf(images: Dataset): Promise<Dataset> {
  const stored = await storedBackbone();
  const model = sequential(...stored.layers.slice(0, -1));
  const network = model.build([1, 28, 28], 0);
  // Parameters come in the order of the layers; those of the last layer are left out.
  for (const [i, { data }] of network.parameters.entries())
    data.set(stored.network!.parameters[i]!.data);
  const inputs = await forward(network, images.inputs);
  return { ...images, inputs, inputShape: [FEATURES] };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { model, accuracy } = await trainBackbone();
  await saveModel(FILE, model, { recipe: JSON.stringify(RECIPE), testAccuracy: `${accuracy}` });
  console.log(`accuracy ${accuracy} on digits 0 to 7, written to ${FILE}`);
}
