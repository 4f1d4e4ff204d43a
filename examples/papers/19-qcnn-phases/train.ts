// Quantum convolutional neural networks: Cong, Choi and Lukin, arXiv:1810.03573.
import {
  adam,
  classesOf,
  cpu,
  crossEntropy,
  evaluate,
  fit,
  forward,
  key,
  mnist,
  normal,
  predict,
  qcnn,
  resizeImages,
  sequential,
  splitDataset,
} from 'ketwork';
import type { Dataset } from 'ketwork';
import { lineChart } from '@ketwork/plot';
import { rounded, spread } from '../../common/experiment.ts';
import type { Experiment, ExperimentOptions, ExperimentResult } from '../../common/experiment.ts';
import { textTable } from '../../common/table.ts';
import { judge } from './claims.ts';
import type { DigitRun, PhaseRun } from './claims.ts';
import { CHAIN, DIGIT_MODELS, SIDE, onStates, parameterCount } from './models.ts';
import { asData, grounds } from './phases.ts';
import type { Ground } from './phases.ts';

const PAIRS = [
  ['0', '1'],
  ['3', '6'],
] as const;

const range = (from: number, to: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));

const experiment: Experiment = {
  number: '19',
  title: 'Quantum convolutional neural networks: phases and digits',
  source: 'arXiv:1810.03573',
  async run({ quick, seeds, epochs, expect, part }: ExperimentOptions): Promise<ExperimentResult> {
    const [trainPoints, side] = quick ? [20, 6] : [40, 20];
    const passes = epochs ?? (quick ? 15 : 60);
    const [images, digitPasses] = quick ? [100, 1] : [600, 10];
    expect(seeds.length * 4);
    // Training points like those of the paper: equally spaced, h2 = 0, labels from the exact solution, h1 < 1.
    const train = await grounds(
      CHAIN,
      range(0, 1.95, trainPoints).map((h1) => ({ h1, h2: 0 })),
    );
    const between = await grounds(
      CHAIN,
      range(0.025, 1.975, trainPoints).map((h1) => ({ h1, h2: 0 })),
    );
    const plane = await grounds(
      CHAIN,
      range(-1.6, 1.6, side).flatMap((h2) => range(0, 1.6, side).map((h1) => ({ h1, h2 }))),
    );
    const [h1s, h2s] = [range(0, 1.6, 9), range(1.6, -1.6, 9)];
    const coarse = await grounds(
      CHAIN,
      h2s.flatMap((h2) => h1s.map((h1) => ({ h1, h2 }))),
    );
    const map: string[][] = [];
    const curves: { seed: number; values: number[] }[] = [];
    const phases: PhaseRun[] = [];
    const digits: DigitRun[] = [];
    for (const seed of seeds) {
      const own = await part(`phases, seed ${seed}`, () =>
        recognise(seed, passes, { train, between, plane, coarse }),
      );
      phases.push(own.run);
      curves.push({ seed, values: own.curve });
      if (map.length === 0) {
        h2s.forEach((h2, row) => {
          const cells = own.coarse.slice(9 * row, 9 * row + 9);
          const orders = coarse.slice(9 * row, 9 * row + 9).map((ground) => ground.stringOrder);
          map.push([
            h2.toFixed(1),
            ...cells.map((p, i) => `${p.toFixed(2)} / ${orders[i]!.toFixed(2)}`),
          ]);
        });
      }
      for (const pair of PAIRS) {
        digits.push(
          ...(await part(`digits ${pair.join('/')}, seed ${seed}`, () =>
            classify(pair, seed, images, digitPasses),
          )),
        );
      }
    }
    const poolingDifference = await comparePooling(seeds[0]!);
    const h1 = between.map((ground) => ground.h1);
    const table = {
      caption: 'Digits of 16 × 16 pixels: accuracy on test images, mean ± deviation over the seeds',
      columns: ['pair', 'model', 'parameters', 'accuracy'],
      rows: PAIRS.flatMap((pair) =>
        Object.keys(DIGIT_MODELS).map((model) => {
          const found = digits.filter((run) => run.model === model && run.pair === pair.join('/'));
          return [
            pair.join('/'),
            model,
            `${found[0]!.parameters}`,
            spread(found.map((run) => run.accuracy)),
          ];
        }),
      ),
    };
    const plan = {
      caption:
        'The plane, first seed: probability of the cluster phase / string order, by h2 (rows) and h1 (columns)',
      columns: ['h2', ...h1s.map((h1) => h1.toFixed(1))],
      rows: map,
    };
    const chart = lineChart(
      [
        ...curves.map(({ seed, values }) => ({ name: `network, seed ${seed}`, values, x: h1 })),
        { name: 'string order', values: between.map((ground) => ground.stringOrder), x: h1 },
      ],
      { title: 'Cluster phase against the field h1, h2 = 0', xLabel: 'h1', yLabel: 'probability' },
    );
    return {
      data: {
        settings: {
          qubits: CHAIN,
          trainPoints,
          epochs: passes,
          planeSide: side,
          images,
          digitEpochs: digitPasses,
          optimizer: 'adam',
          seeds,
        },
        poolingDifference,
        phases,
        digits,
        curves: curves.map(({ seed, values }) => ({ seed, values: values.map((p) => rounded(p)) })),
        map: { h1: h1s.map((h1) => rounded(h1, 1)), rows: map },
        stringOrder: between.map((ground) => rounded(ground.stringOrder)),
      },
      claims: judge(phases, digits, poolingDifference),
      text: [plan, table]
        .map(({ caption, columns, rows }) => `${caption}\n${textTable(columns, rows)}`)
        .join('\n\n'),
      report: [
        {
          title: 'Phases',
          blocks: [
            {
              svg: chart,
              caption:
                'What the network says between its training points, and the string order of the same ground states.',
            },
            plan,
          ],
        },
        { title: 'Digits', blocks: [table] },
      ],
    };
  },
};

async function recognise(
  seed: number,
  epochs: number,
  data: Readonly<Record<'train' | 'between' | 'plane' | 'coarse', readonly Ground[]>>,
): Promise<{ run: PhaseRun; curve: number[]; coarse: number[] }> {
  const { train, between, plane } = data;
  const inPhase = ({ h1 }: Ground): boolean => h1 < 1;
  const model = onStates();
  const { seconds } = await fit(model, asData(train, inPhase), {
    loss: crossEntropy,
    optimizer: adam(0.03),
    epochs,
    batchSize: 10,
    seed,
  });
  const clear = plane.filter(
    ({ h2, stringOrder }) => Math.abs(h2) > 1e-9 && (stringOrder > 0.7 || stringOrder < 0.1),
  );
  const accuracy = async (
    states: readonly Ground[],
    label: (g: Ground) => boolean,
  ): Promise<number> => {
    const labelled = asData(states, label);
    const found = classesOf(await predict(model, labelled.inputs), states.length);
    return found.filter((c, i) => c === labelled.labels[i]).length / states.length;
  };
  const probabilities = async (states: readonly Ground[]): Promise<number[]> => {
    const logits = await predict(model, asData(states, inPhase).inputs);
    return states.map((_, i) => 1 / (1 + Math.exp(logits[2 * i]! - logits[2 * i + 1]!)));
  };
  const curve = await probabilities(between);
  const turn = curve.findIndex((p) => p < 0.5);
  return {
    curve,
    coarse: await probabilities(data.coarse),
    run: {
      seed,
      parameters: parameterCount(model),
      line: rounded(await accuracy(between, inPhase)),
      plane: rounded(await accuracy(clear, ({ stringOrder }) => stringOrder > 0.5)),
      planePoints: clear.length,
      boundary: rounded(turn < 0 ? between.at(-1)!.h1 : between[turn]!.h1),
      seconds: rounded(seconds, 2),
    },
  };
}

async function classify(
  pair: readonly [string, string],
  seed: number,
  count: number,
  epochs: number,
): Promise<DigitRun[]> {
  const some = async (split: 'train' | 'test'): Promise<Dataset> => {
    const all = await mnist({ split, classes: [...pair], from: import.meta.url });
    return resizeImages(splitDataset(all, [count], key(seed))[0]!, SIDE);
  };
  const [train, test] = [await some('train'), await some('test')];
  const runs: DigitRun[] = [];
  for (const [name, make] of Object.entries(DIGIT_MODELS)) {
    const model = make();
    const { seconds } = await fit(model, train, {
      loss: crossEntropy,
      optimizer: adam(0.03),
      epochs,
      batchSize: 20,
      seed,
    });
    const { metrics } = await evaluate(model, test, { loss: crossEntropy });
    runs.push({
      pair: pair.join('/'),
      model: name,
      seed,
      parameters: parameterCount(model),
      accuracy: rounded(metrics['accuracy']!),
      seconds: rounded(seconds, 2),
    });
  }
  return runs;
}

/** Largest difference between the outputs of the network with either kind of pooling. */
async function comparePooling(seed: number): Promise<number> {
  const x = normal(key(seed), 3 * 6);
  const outputs = await Promise.all(
    (['controlled', 'measured'] as const).map(async (pooling) => {
      const network = sequential(qcnn(6, { pooling }).layer()).build(seed);
      network.bind!(await cpu());
      return forward(network, x);
    }),
  );
  return Math.max(...[...outputs[0]!].map((value, i) => Math.abs(value - outputs[1]![i]!)));
}

export default experiment;
