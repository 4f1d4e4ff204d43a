// The variant on all of MNIST: 60,000 images, ten classes, the paper's network and its classical twin.
import { adam, crossEntropy, evaluate, fit, mnist, take } from 'ketwork';
import type { Dataset, Model } from 'ketwork';
import { confusionMatrix, lineChart } from '@ketwork/plot';
import type { ExperimentOptions, ExperimentResult, Part } from '../../common/experiment.ts';
import { rounded } from '../../common/experiment.ts';
import { textTable } from '../../common/table.ts';
import { judgeFull } from './full-claims.ts';
import { PAPER_CHANNELS, SIDE, hqnnParallel, largeTwin, parameterCount } from './models.ts';

const BATCH = 64;
const RATE = 2e-3;
const EPOCHS = 8;
/** Training images at the end that only choose the epoch. */
const VALIDATION = 5000;

const DIGITS = Array.from({ length: 10 }, (_, digit) => String(digit));

/** One training on all of MNIST. */
export interface FullRun {
  readonly model: string;
  readonly parameters: number;
  readonly epochs: number;
  /** Mean loss and accuracy while training, and accuracy on the validation images, by epoch. */
  readonly trainLoss: readonly number[];
  readonly trainAccuracy: readonly number[];
  readonly validationAccuracy: readonly number[];
  /** The epoch with the highest validation accuracy, which is the one tested. */
  readonly bestEpoch: number;
  /** Accuracy on the 10,000 test images, measured once. */
  readonly testAccuracy: number;
  readonly confusion: readonly (readonly number[])[];
  /** Wall time of training with validation, of all sittings. */
  readonly seconds: number;
  readonly secondsPerEpoch: number;
}

interface Parts {
  readonly train: Dataset;
  readonly validation: Dataset;
  readonly test: Dataset;
}

/** The networks, by the name of the variant that trains them. */
const NETWORKS: Readonly<Record<string, readonly [name: string, make: () => Model]>> = {
  'full-mnist': ['HQNN-Parallel', () => hqnnParallel(PAPER_CHANNELS)],
  'full-mnist-twin': ['classical twin', () => largeTwin(PAPER_CHANNELS)],
};

/** Trains the network of a variant. */
export async function fullMnist(options: ExperimentOptions): Promise<ExperimentResult> {
  const { seed } = options;
  const epochs = options.epochs ?? EPOCHS;
  const all = await mnist({ from: import.meta.url });
  const data: Parts = {
    train: take(all, all.size - VALIDATION),
    validation: take(all, VALIDATION, all.size - VALIDATION),
    test: await mnist({ split: 'test', from: import.meta.url }),
  };
  const [name, make] = NETWORKS[options.variant!]!;
  const run = await options.part(`${name}, seed ${seed}`, (part) =>
    train(name, make(), data, seed, epochs, part),
  );
  const settings = {
    epochs,
    batchSize: BATCH,
    optimizer: 'adam',
    learningRate: RATE,
    schedule: 'half a cosine from the rate to 0',
    images: { train: data.train.size, validation: data.validation.size, test: data.test.size },
  };
  const outcome = { ...run, twinParameters: parameterCount(largeTwin(PAPER_CHANNELS), SIDE) };
  const curves = [
    { name: 'training', values: run.trainAccuracy },
    { name: 'validation', values: run.validationAccuracy },
  ];
  return {
    data: { settings, runs: [run] },
    claims: options.variant === 'full-mnist' ? judgeFull(outcome) : [],
    text: summary(run),
    report: [
      {
        title: `${run.model} on all of MNIST`,
        blocks: [
          `Test accuracy ${run.testAccuracy} of epoch ${run.bestEpoch}, ${run.parameters} parameters, ${run.secondsPerEpoch} s per epoch.`,
          lineChart(curves, { title: 'Accuracy', xLabel: 'epoch', yLabel: 'accuracy' }),
          confusionMatrix(run.confusion, DIGITS, { title: 'Test images' }),
        ],
      },
    ],
  };
}

function summary(run: FullRun): string {
  const rows = run.trainLoss.map((loss, i) => [
    `${i + 1}`,
    loss.toFixed(4),
    run.trainAccuracy[i]!.toFixed(4),
    run.validationAccuracy[i]!.toFixed(4),
  ]);
  return [
    `${run.model}, ${run.parameters} parameters, ${run.secondsPerEpoch} s per epoch`,
    textTable(['epoch', 'loss', 'training', 'validation'], rows),
    `Test accuracy of epoch ${run.bestEpoch}: ${run.testAccuracy}`,
  ].join('\n');
}

async function train(
  name: string,
  model: Model,
  { train: images, validation, test }: Parts,
  seed: number,
  epochs: number,
  part: Part,
): Promise<FullRun> {
  const steps = epochs * Math.ceil(images.size / BATCH);
  const run = fit(model, images, {
    loss: crossEntropy,
    optimizer: adam((step) => (RATE / 2) * (1 + Math.cos((Math.PI * step) / steps))),
    epochs,
    batchSize: BATCH,
    seed,
    validation,
    // Never stops early, but keeps the best epoch.
    earlyStop: { patience: epochs, monitor: 'accuracy' },
    checkpoint: { path: part.checkpoint, resume: true },
  });
  for await (const step of run) {
    const seen = step.record?.validation?.metrics['accuracy'];
    const text = `epoch ${step.epoch} of ${epochs}, loss ${step.loss.toFixed(4)}`;
    part.progress(
      step.progress,
      seen === undefined ? text : `${text}, validation accuracy ${seen.toFixed(4)}`,
    );
  }
  const { history, best } = await run;
  const { metrics, confusion } = await evaluate(model, test, { loss: crossEntropy });
  const seconds = history.at(-1)!.seconds;
  return {
    model: name,
    parameters: parameterCount(model, SIDE),
    epochs,
    trainLoss: history.map(({ loss }) => rounded(loss, 5)),
    trainAccuracy: history.map((record) => rounded(record.metrics['accuracy']!, 5)),
    validationAccuracy: history.map(({ validation: v }) => rounded(v!.metrics['accuracy']!)),
    bestEpoch: best!.epoch,
    testAccuracy: rounded(metrics['accuracy']!),
    confusion: confusion!,
    seconds: rounded(seconds, 1),
    secondsPerEpoch: rounded(seconds / epochs, 1),
  };
}
