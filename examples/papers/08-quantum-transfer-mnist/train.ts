// Quantum transfer learning for MNIST: a circuit between autoencoder and classifier, arXiv:2408.03351.
import { cpu, probabilities } from 'ketwork';
import { circuitFigure, lineChart } from '@ketwork/plot';
import { mean, rounded, spread } from '../../common/experiment.ts';
import type { Experiment, ExperimentOptions, ExperimentResult } from '../../common/experiment.ts';
import { textTable } from '../../common/table.ts';
import { LATENTS, componentErrors, learnCodes } from './autoencoder.ts';
import { ALL, COMPONENTS, LATENT, SHOTS, SINGLE, accuracies, drawn, judge } from './claims.ts';
import type { Checks, Compression, Run } from './claims.ts';
import { classify } from './classifier.ts';
import { digits } from './data.ts';
import { QUBITS, angles, circuitFeatures, featureCircuit } from './features.ts';
import type { Split } from './features.ts';

/** Names of all features, in the order of the tables. */
const FEATURES = [LATENT, COMPONENTS, SINGLE, ...SHOTS.toReversed().map(drawn), ALL];

interface Seed {
  readonly compression: Compression;
  readonly runs: readonly Run[];
}

interface Sizes {
  readonly train: number;
  readonly test: number;
  /** Epochs of the autoencoder, and at most of the classifier. */
  readonly autoencoder: number;
  readonly classifier: number;
}

const experiment: Experiment = {
  number: '08',
  title: 'Quantum transfer learning for MNIST',
  source: 'arXiv:2408.03351',
  async run(options: ExperimentOptions): Promise<ExperimentResult> {
    const { quick, seeds, expect, part } = options;
    const sizes: Sizes = quick
      ? { train: 300, test: 100, autoencoder: 2, classifier: 2 }
      : { train: 4000, test: 2000, autoencoder: 10, classifier: 50 };
    const classifierEpochs = options.epochs ?? sizes.classifier;
    expect(seeds.length);
    const checks = await check();
    const results: Seed[] = [];
    for (const seed of seeds) {
      results.push(
        await part(`seed ${seed}`, ({ progress }) =>
          runSeed(seed, { ...sizes, classifier: classifierEpochs }, progress),
        ),
      );
    }
    const runs = results.flatMap((result) => result.runs);
    const compression = results.map((result) => result.compression);
    const columns = ['features', 'numbers', 'parameters', 'test accuracy', 'epochs'];
    const rows = FEATURES.map((features) => {
      const own = runs.filter((run) => run.features === features);
      return [
        features,
        `${{ [LATENT]: LATENTS, [COMPONENTS]: QUBITS }[features] ?? 2 ** QUBITS}`,
        `${own[0]!.parameters}`,
        spread(accuracies(runs, features)),
        mean(own.map(({ best }) => best)).toFixed(1),
      ];
    });
    const caption = `Test accuracy of the same classifier on different features, mean and deviation over ${seeds.length} seeds; epochs until the best`;
    return {
      data: { settings: { ...sizes, seeds, qubits: QUBITS }, checks, compression, runs },
      claims: judge(runs, compression, checks, quick),
      text: `${caption}\n${textTable(columns, rows)}\n\nError per pixel of the autoencoder: ${spread(
        compression.map(({ autoencoder }) => autoencoder),
        4,
      )}`,
      report: [
        { title: 'Accuracy', blocks: [{ columns, rows, caption }] },
        {
          title: 'The circuit',
          blocks: [
            circuitFigure(featureCircuit('first')),
            'Nothing in it is trained. The 32 probabilities of the outcomes are the features of the classifier; they carry five numbers, one of which the Hadamard gate folds.',
          ],
        },
        {
          title: 'Autoencoder',
          blocks: [
            {
              svg: lineChart(
                compression.map(({ seed, losses }) => ({ name: `seed ${seed}`, values: losses })),
                { title: 'Training loss', xLabel: 'epoch', yLabel: 'squared error per pixel' },
              ),
            },
          ],
        },
      ],
    };
  },
};

/** Everything for one seed: images, autoencoder, features, and a classifier on each of them. */
async function runSeed(
  seed: number,
  sizes: Sizes,
  progress: (share: number, text: string) => void,
): Promise<Seed> {
  const images = await digits(seed, sizes.train, sizes.test);
  const codes = await learnCodes(
    images.train,
    images.test,
    sizes.autoencoder,
    seed,
    (share, text) => progress(0.4 * share, text),
  );
  const [pca16, pca64] = componentErrors(images.train, images.test, [16, LATENTS]);
  const compression = {
    seed,
    autoencoder: rounded(codes.testError, 5),
    pca16: rounded(pca16!, 5),
    pca64: rounded(pca64!, 5),
    losses: codes.losses.map((loss) => rounded(loss, 5)),
  };
  const five = angles(codes);
  const single = (shots?: number): Promise<Split> => circuitFeatures(five, 'first', shots, seed);
  const features: [string, Split][] = [
    [LATENT, codes],
    [COMPONENTS, five],
    [SINGLE, await single()],
    [ALL, await circuitFeatures(five, 'all', undefined, seed)],
  ];
  for (const shots of SHOTS) features.push([drawn(shots), await single(shots)]);
  const runs: Run[] = [];
  for (const [i, [name, split]] of features.entries()) {
    const report = (share: number): void =>
      progress(0.4 + (0.6 * (i + share)) / features.length, name);
    const result = await classify(split, sizes.classifier, seed, report);
    runs.push({
      features: name,
      seed,
      ...result,
      testAccuracy: rounded(result.testAccuracy),
      validationAccuracy: rounded(result.validationAccuracy),
    });
  }
  return { compression: { ...compression, shares: five.shares.map((x) => rounded(x)) }, runs };
}

/** What is known about the circuit, checked on angles over the whole range. */
async function check(): Promise<Checks> {
  using program = (await cpu()).compile(featureCircuit('first'), probabilities());
  const count = 50;
  const a = Float64Array.from({ length: count * QUBITS }, (_, i) => (i * 2.4) % Math.PI);
  const p = program.run({ a });
  let sums = 0;
  for (let e = 0; e < count; e++) {
    const total = p.subarray(32 * e, 32 * (e + 1)).reduce((sum, value) => sum + value, 0);
    sums = Math.max(sums, Math.abs(total - 1));
  }
  const zero = program.run({ a: new Float64Array(QUBITS) });
  const zeroAngles = zero.reduce(
    (worst, value, i) => Math.max(worst, Math.abs(value - (i === 0 || i === 31 ? 0.5 : 0))),
    0,
  );
  return { sums, zeroAngles };
}

export default experiment;
