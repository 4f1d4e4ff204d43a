import {
  adam,
  batchNorm,
  crossEntropy,
  dense,
  dropout,
  evaluate,
  featureStatistics,
  fit,
  key,
  relu,
  sequential,
  splitDataset,
  standardize,
} from 'ketwork';
import type { Model } from 'ketwork';
import type { Split } from './features.ts';

/** Dense layers of 128 and 64 with batch normalisation and dropout, then ten classes. */
export function classifier(features: number): Model {
  return sequential(
    dense(features, 128),
    relu(),
    batchNorm(),
    dropout(0.3),
    dense(128, 64),
    relu(),
    batchNorm(),
    dropout(0.3),
    dense(64, 10),
  );
}

/** What a classifier came to. */
export interface Classified {
  readonly parameters: number;
  readonly testAccuracy: number;
  readonly validationAccuracy: number;
  /** Epochs until early stop, and the best of them, whose parameters were taken. */
  readonly epochs: number;
  readonly best: number;
}

/** Trains on nine tenths of the training examples, stops by the others, and measures the test examples once. */
export async function classify(
  { train, test }: Split,
  epochs: number,
  seed: number,
  progress: (share: number) => void,
): Promise<Classified> {
  const [learn, validation] = splitDataset(train, [0.9, 0.1], key(seed));
  const statistics = featureStatistics(learn!);
  const model = classifier(train.inputShape[0]!);
  const training = fit(model, standardize(learn!, statistics), {
    loss: crossEntropy,
    optimizer: adam(1e-3),
    epochs,
    batchSize: 64,
    seed,
    validation: standardize(validation!, statistics),
    earlyStop: { patience: 6 },
  });
  for await (const step of training) progress(step.progress);
  const { history, best } = await training;
  const measured = await evaluate(model, standardize(test, statistics), { loss: crossEntropy });
  return {
    parameters: model.network!.parameters.reduce((sum, { data }) => sum + data.length, 0),
    testAccuracy: measured.metrics['accuracy']!,
    validationAccuracy: history[best!.epoch - 1]!.validation!.metrics['accuracy']!,
    epochs: history.length,
    best: best!.epoch,
  };
}
