import {
  adam,
  dense,
  fit,
  forward,
  mse,
  principalComponents,
  projectComponents,
  relu,
  restoreComponents,
  sequential,
  sigmoid,
} from 'ketwork';
import type { Dataset, Model } from 'ketwork';
import { withFeatures } from './data.ts';

/** Numbers of the code. */
export const LATENTS = 64;

/** What training made of the images. */
export interface Codes {
  readonly train: Dataset;
  readonly test: Dataset;
  /** Mean squared error per pixel of the test images, restored from their codes. */
  readonly testError: number;
  /** Loss by epoch. */
  readonly losses: readonly number[];
}

/** 784–256–64 and back: 435,536 parameters. */
export function autoencoder(): { readonly encoder: Model; readonly whole: Model } {
  const encoder = sequential(dense(784, 256), relu(), dense(256, LATENTS));
  const decoder = sequential(dense(LATENTS, 256), relu(), dense(256, 784), sigmoid());
  return { encoder, whole: sequential(encoder, decoder) };
}

/** Trains the autoencoder on images and encodes all of them. */
export async function learnCodes(
  train: Dataset,
  test: Dataset,
  epochs: number,
  seed: number,
  progress: (share: number, text: string) => void,
): Promise<Codes> {
  const { whole } = autoencoder();
  const targets = { inputs: train.inputs, labels: train.inputs, inputShape: [784] };
  const options = { loss: mse, optimizer: adam(1e-3), epochs, batchSize: 64, seed };
  const training = fit(whole, targets, options);
  for await (const step of training)
    progress(step.progress, `autoencoder, epoch ${step.epoch}: ${step.loss.toFixed(4)}`);
  const { history } = await training;
  // The first child is the encoder with the parameters that have been trained.
  const [encoder] = whole.network!.children!;
  const codes = async (data: Dataset): Promise<Dataset> =>
    withFeatures(data, await forward(encoder!, data.inputs));
  return {
    train: await codes(train),
    test: await codes(test),
    testError: squaredError(await forward(whole, test.inputs), test.inputs),
    losses: history.map(({ loss }) => loss),
  };
}

/**
 * Mean squared errors per pixel of test images that some numbers of principal components of the training images restore,
 * the largest number last.
 */
export function componentErrors(
  train: Dataset,
  test: Dataset,
  counts: readonly number[],
): readonly number[] {
  const all = principalComponents(train, counts.at(-1)!);
  return counts.map((count) => {
    const components = all.components.subarray(0, count * all.mean.length);
    const pca = { ...all, components, variances: all.variances.subarray(0, count) };
    return squaredError(restoreComponents(projectComponents(test, pca), pca).inputs, test.inputs);
  });
}

function squaredError(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length;
}
