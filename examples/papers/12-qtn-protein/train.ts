// Quantum tensor networks for protein classification, arXiv:2403.06890.
import {
  adam,
  binaryCrossEntropy,
  densityMatrix,
  evaluate,
  fit,
  fold,
  key,
  loadState,
  permutation,
  proteins,
  splitDataset,
  stateOf,
} from 'ketwork';
import type { Dataset, Model, TrainingData } from 'ketwork';
import { mean, rounded, spread } from '../../common/experiment.ts';
import type { Experiment, ExperimentOptions, ExperimentResult } from '../../common/experiment.ts';
import { textTable } from '../../common/table.ts';
import { check } from './checks.ts';
import { judge } from './claims.ts';
import type { Run } from './claims.ts';
import { VARIANTS, noisyMerge, tensorNetwork } from './models.ts';
import type { Variant } from './models.ts';

const NOISE = 0.01;
const BATCH = 20;
const RATE = 0.05;

const experiment: Experiment = {
  number: '12',
  title: 'Quantum tensor networks for protein classification',
  source: 'arXiv:2403.06890',
  async run({
    quick,
    seed,
    seeds,
    epochs,
    expect,
    part,
  }: ExperimentOptions): Promise<ExperimentResult> {
    const lengths = quick ? [32] : [16, 32];
    const count = quick ? 120 : 400;
    const passes = epochs ?? (quick ? 3 : 20);
    expect(seeds.length * lengths.length * VARIANTS.length);
    const runs: Run[] = [];
    for (const length of lengths) {
      for (const own of seeds) {
        for (const variant of VARIANTS) {
          const name = `length ${length}, ${variant.name}, seed ${own}`;
          runs.push(await part(name, () => trained(variant, length, own, count, passes)));
        }
      }
    }
    const checks = await check(seed);
    const table = summary(runs, lengths);
    return {
      data: {
        settings: {
          epochs: passes,
          batchSize: BATCH,
          rate: RATE,
          optimizer: 'adam',
          seeds,
          train: count,
          test: count,
          noise: NOISE,
        },
        source:
          'generated: windows with and without a hydrophobic segment (UniProt cannot be had offline)',
        checks,
        runs,
      },
      claims: judge(runs, checks),
      text: `${table.caption}\n${textTable(table.columns, table.rows)}`,
      report: [{ title: 'Accuracy', blocks: [table] }],
    };
  },
};

async function trained(
  variant: Variant,
  length: number,
  seed: number,
  count: number,
  epochs: number,
): Promise<Run> {
  const [train, test] = splitDataset(
    proteins({ count: 2 * count, length, seed }),
    [count, count],
    key(seed),
  ) as [Dataset, Dataset];
  const model = variant.make(length);
  const { seconds } = await fit(model, variant.features(train, length), {
    loss: binaryCrossEntropy,
    optimizer: adam(RATE),
    epochs,
    batchSize: BATCH,
    seed,
  });
  const network = model.network!;
  const about = {
    model: variant.name,
    length,
    seed,
    parameters: network.parameters.reduce((sum, { data }) => sum + data.length, 0),
    accuracy: await accuracyOf(model, variant.features(test, length)),
    seconds: rounded(seconds, 2),
  };
  if (!variant.quantum) return about;
  const noisy = tensorNetwork(variant.name, length, noisyMerge(NOISE));
  loadState(noisy.build([length], seed), stateOf(network));
  noisy.network!.bind!(densityMatrix());
  return {
    ...about,
    shuffled: await accuracyOf(model, shuffled(test, length, seed)),
    noisy: await accuracyOf(noisy, test),
  };
}

async function accuracyOf(model: Model, data: TrainingData): Promise<number> {
  const { metrics } = await evaluate(model, data, { loss: binaryCrossEntropy });
  return rounded(metrics['accuracy']!);
}

/** The sequences with the letters of each in random order. */
function shuffled({ inputs, labels }: TrainingData, length: number, seed: number): TrainingData {
  const out = Float64Array.from(inputs);
  for (let e = 0; e < labels.length; e++) {
    const order = permutation(fold(fold(key(seed), 9), e), length);
    for (let i = 0; i < length; i++) out[e * length + i] = inputs[e * length + order[i]!]!;
  }
  return { inputs: out, labels };
}

function summary(runs: readonly Run[], lengths: readonly number[]) {
  const rows = lengths.flatMap((length) =>
    VARIANTS.map(({ name, quantum }) => {
      const own = runs.filter((run) => run.model === name && run.length === length);
      const values = own.map(({ accuracy }) => accuracy);
      const optional = (pick: (run: Run) => number | undefined): string =>
        quantum ? mean(own.map((run) => pick(run)!)).toFixed(3) : '–';
      return [
        `${length}`,
        name,
        `${own[0]!.parameters}`,
        spread(values),
        Math.max(...values).toFixed(3),
        optional((run) => run.shuffled),
        optional((run) => run.noisy),
        mean(own.map(({ seconds }) => seconds)).toFixed(1),
      ];
    }),
  );
  return {
    caption: 'Test accuracy, mean ± deviation over the seeds',
    columns: ['length', 'model', 'parameters', 'accuracy', 'best', 'shuffled', '1 % noise', 's'],
    rows,
  };
}

export default experiment;
