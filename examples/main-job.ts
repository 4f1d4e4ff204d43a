// The main job of the workspace (npm start): trains the quantum convolutional network of paper 05 and a classical one of
// the same size on handwritten digits and on detector-like images, and reports what came out.
import {
  circuitFigure,
  confusionMatrix,
  lineChart,
  report,
  sampleGrid,
  writeReport,
} from '@ketwork/plot';
import type { ReportSection } from '@ketwork/plot';
import { adam, crossEntropy, draw, evaluate, fit, quantumFilter, specs, take } from 'ketwork';
import type { Dataset, Evaluation, FitResult, Model } from 'ketwork';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { machine, peakMemory, versions } from './common/environment.ts';
import { rounded, writeJson } from './common/experiment.ts';
import { ProgressBar, duration } from './common/progress.ts';
import { textTable } from './common/table.ts';
import { classicalNetwork, parameterCount, quantumNetwork } from './papers/05-qcnn-hep/models.ts';
import { digits, muonElectron, muonProton } from './papers/05-qcnn-hep/tasks.ts';
import type { Task } from './papers/05-qcnn-hep/tasks.ts';

const quick = process.argv.includes('--quick');
const SEED = 1;
const EPOCHS = quick ? 2 : 20;
const [TRAIN, TEST] = quick ? [200, 100] : [2000, 1000];
const BATCH = 20;
const RATE = 0.02;
const TASKS: readonly Task[] = [digits, muonElectron, muonProton];
const MODELS = [
  { name: 'quantum', make: () => quantumNetwork({ reupload: true }) },
  { name: 'classical', make: () => classicalNetwork(5) },
] as const;
const out = join(dirname(fileURLToPath(import.meta.url)), 'results', quick ? 'quick' : '.');

interface Outcome {
  readonly task: Task;
  readonly name: string;
  readonly parameters: number;
  readonly test: Dataset;
  readonly result: FitResult;
  readonly evaluation: Evaluation;
}

const start = performance.now();
const filter = quantumFilter(4, { layers: 2 });
const { depth, weights } = specs(filter);
console.log(
  `The quantum filter: a window of 2 × 2 pixels on 4 qubits, depth ${depth}, ${weights} trained angles, read out as ⟨Z⟩ of qubit 0\n`,
);
console.log(draw(quantumFilter(4, { layers: 1 })));
console.log('… the layer above twice, the encoding repeated before each (data re-uploading).\n');
console.log(
  `Two such filters slide over 16 × 16 images (16 → 8 → 4), then a dense layer. ${TRAIN} training and ${TEST} test images, ${EPOCHS} epochs.\n`,
);

const outcomes: Outcome[] = [];
const bar = new ProgressBar('training');
// A quantum run takes about as long as six classical ones.
const cost = (name: string): number => (name === 'quantum' ? 6 : 1);
const total = TASKS.length * MODELS.reduce((sum, { name }) => sum + cost(name), 0);
let done = 0;
for (const task of TASKS) {
  const { train, test } = await task.load(SEED, TRAIN, TEST);
  for (const { name, make } of MODELS) {
    const model = make();
    const result = await trained(model, train, test, (share, text) =>
      bar.update((done + cost(name) * share) / total, `${task.name}, ${name}: ${text}`),
    );
    done += cost(name);
    const evaluation = await evaluate(model, test, { loss: crossEntropy });
    outcomes.push({ task, name, parameters: parameterCount(make()), test, result, evaluation });
  }
}
bar.done();

async function trained(
  model: Model,
  train: Dataset,
  validation: Dataset,
  progress: (share: number, text: string) => void,
): Promise<FitResult> {
  const run = fit(model, train, {
    loss: crossEntropy,
    optimizer: adam(RATE),
    epochs: EPOCHS,
    batchSize: BATCH,
    seed: SEED,
    validation,
  });
  for await (const step of run) {
    progress(
      step.progress,
      `epoch ${step.epoch}, loss ${step.loss.toFixed(3)}, ${Math.round(step.samplesPerSecond)} images/s`,
    );
  }
  return run;
}

const columns = [
  'images',
  'network',
  'parameters',
  'test accuracy',
  'test loss',
  'best epoch',
  'seconds',
  'images/s',
];
const rows = outcomes.map(({ task, name, parameters: count, result, evaluation }) => {
  const accuracies = testAccuracy(result);
  return [
    task.name,
    name,
    `${count}`,
    evaluation.metrics['accuracy']!.toFixed(3),
    evaluation.loss.toFixed(3),
    `${Math.max(...accuracies).toFixed(3)} in ${accuracies.indexOf(Math.max(...accuracies)) + 1}`,
    result.seconds.toFixed(1),
    `${Math.round(result.samplesPerSecond)}`,
  ];
});
console.log(`\n${textTable(columns, rows)}\n`);

function testAccuracy(result: FitResult): number[] {
  return result.history.map(({ validation }) => validation!.metrics['accuracy']!);
}

const wallTime = (performance.now() - start) / 1000;
const html = report({
  title: 'Quantum and classical convolution of the same size',
  summary:
    'The quantum convolutional filters of arXiv:2012.12177 with data re-uploading, and a classical network of as many parameters, ' +
    'on MNIST digits (real images) and on generated images like those of a liquid-argon detector. One seed: differences of one or two percent mean little.',
  tiles: outcomes.map(({ task, name, evaluation }) => ({
    label: `${task.name}, ${name}`,
    value: (100 * evaluation.metrics['accuracy']!).toFixed(1),
    unit: '%',
    note: 'test accuracy',
  })),
  sections: [
    {
      title: 'Comparison',
      blocks: [
        {
          columns,
          rows,
          caption: `After ${EPOCHS} epochs with Adam at rate ${RATE}, batches of ${BATCH}.`,
        },
      ],
    },
    {
      title: 'The quantum filter',
      blocks: [
        circuitFigure(
          filter,
          'One window of 2 × 2 pixels x on four qubits; w are the trained angles. Read out as ⟨Z⟩ of qubit 0.',
        ),
      ],
    },
    ...TASKS.map(taskSection),
  ],
  seed: SEED,
  versions: versions(),
  wallTime: rounded(wallTime, 1),
});
await writeReport(join(out, 'main-job.html'), html);
await writeJson(join(out, 'main-job.json'), {
  seed: SEED,
  versions: versions(),
  machine: machine(),
  wallTime: rounded(wallTime, 1),
  peakMemoryMiB: Math.round(peakMemory()),
  settings: {
    epochs: EPOCHS,
    batchSize: BATCH,
    optimizer: 'adam',
    rate: RATE,
    trainCount: TRAIN,
    testCount: TEST,
  },
  runs: outcomes.map(({ task, name, parameters: count, result, evaluation }) => ({
    task: task.name,
    source: task.source,
    network: name,
    parameters: count,
    testAccuracy: testAccuracy(result).map((value) => rounded(value)),
    trainLoss: result.history.map(({ loss }) => rounded(loss)),
    testLoss: result.history.map(({ validation }) => rounded(validation!.loss)),
    confusion: evaluation.confusion,
    seconds: rounded(result.seconds, 2),
    samplesPerSecond: Math.round(result.samplesPerSecond),
  })),
});

function taskSection(task: Task): ReportSection {
  const own = outcomes.filter((outcome) => outcome.task === task);
  const { test } = own[0]!;
  const shown = take(test, 24);
  return {
    title: task.name,
    blocks: [
      `Source: ${task.source}.`,
      {
        svg: lineChart(
          own.map(({ name, result }) => ({ name, values: testAccuracy(result) })),
          { title: 'Test accuracy', xLabel: 'epoch', yLabel: 'share correct', yStyle: 'percent' },
        ),
      },
      {
        svg: lineChart(
          own.flatMap(({ name, result }) => [
            { name: `${name}, training`, values: result.history.map(({ loss }) => loss) },
            {
              name: `${name}, test`,
              values: result.history.map(({ validation }) => validation!.loss),
            },
          ]),
          { title: 'Loss', xLabel: 'epoch', yLabel: 'cross-entropy (nats)' },
        ),
      },
      ...own.map(({ name, evaluation }) => ({
        svg: confusionMatrix(evaluation.confusion!, test.classes, { title: `Confusion, ${name}` }),
      })),
      {
        svg: sampleGrid(shown, own[0]!.evaluation.predictions!.slice(0, shown.size), {
          title: 'Predictions of the quantum network',
        }),
        wide: true,
      },
    ],
  };
}

console.log(`Report: ${join(out, 'main-job.html')}`);
console.log(`Figures: ${join(out, 'main-job.json')}`);
console.log(
  `${duration((performance.now() - start) / 1000)}, peak memory ${Math.round(peakMemory())} MiB`,
);
