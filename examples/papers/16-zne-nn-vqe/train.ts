// Zero-noise extrapolation via neural networks in VQE, arXiv:2403.07025.
import { cpu, densityMatrix, expval, fold, key, learnedMitigation, uniform } from 'ketwork';
import { mean, rounded } from '../../common/experiment.ts';
import type { Experiment, ExperimentOptions, ExperimentResult } from '../../common/experiment.ts';
import { textTable } from '../../common/table.ts';
import { ANGLES, ansatz, startAngles, transverseIsing, vqe, zzzz } from './circuits.ts';
import { check } from './checks.ts';
import { judge, typical } from './claims.ts';
import { energies, extrapolated, folded } from './sweeps.ts';
import type { Folding, Method, Settings, Sweep } from './sweeps.ts';

const GRID = Array.from({ length: 12 }, (_, i) => rounded(0.01 * (i + 1), 2));

const experiment: Experiment = {
  number: '16',
  title: 'Zero-noise extrapolation via neural networks in VQE',
  source: 'arXiv:2403.07025',
  async run({ quick, seed, progress }: ExperimentOptions): Promise<ExperimentResult> {
    const settings: Settings = {
      grid: GRID,
      shots: 4096,
      vqeSteps: 60,
      networks: quick ? 5 : 10,
      networkSteps: quick ? 400 : 4000,
    };
    const starts = Array.from({ length: quick ? 1 : 4 }, (_, i) => seed + i);
    const noisy = densityMatrix();
    const clean = await cpu();
    const sweeps: Sweep[] = [];
    const foldings: Folding[] = [];
    const total = 3 * starts.length + 2;
    let done = 0;
    const say = async (text: string): Promise<void> => {
      progress(done++ / total, text);
      await new Promise((resolve) => setImmediate(resolve));
    };
    const jobs = [...starts.map((one) => [zzzz, one] as const), [transverseIsing, seed] as const];
    let firstAngles: Float64Array | undefined;
    for (const [problem, own] of jobs) {
      await say(`${problem.name}, start ${own}: exact`);
      const theta = vqe(
        clean,
        problem,
        startAngles(fold(key(own), 0)),
        settings.vqeSteps,
        undefined,
      );
      firstAngles ??= theta;
      using program = clean.compile(ansatz, expval(problem.hamiltonian));
      const ideal = program.run({ theta })[0]!;
      const about = { problem: problem.name, seed: own, ideal };
      const exact = energies(noisy, problem, theta, GRID);
      sweeps.push(extrapolated({ ...about, kind: 'fixed angles', values: exact }, settings));
      if (problem !== zzzz) continue;
      foldings.push(folded(noisy, problem, theta, ideal, GRID[0]!, own));
      await say(`${problem.name}, start ${own}: shots`);
      const drawn = energies(noisy, problem, theta, GRID, { count: settings.shots, seed: own });
      sweeps.push(extrapolated({ ...about, kind: 'fixed angles, shots', values: drawn }, settings));
      if (quick) continue;
      await say(`${problem.name}, start ${own}: VQE under noise`);
      const tuned = vqe(noisy, problem, startAngles(fold(key(own), 0)), settings.vqeSteps, GRID);
      const values = GRID.map(
        (p, i) => energies(noisy, problem, tuned.subarray(i * ANGLES, (i + 1) * ANGLES), [p])[0]!,
      );
      sweeps.push(extrapolated({ ...about, kind: 'VQE under noise', values }, settings));
    }
    await say('several circuits');
    const several = learnAcross(seed, quick);
    const checks = await check(zzzz, firstAngles!, GRID, seed);
    return {
      data: {
        settings: { ...settings, starts, qubits: 4, layers: 2, optimizer: 'adam 0.2' },
        checks,
        sweeps: sweeps.map((sweep) => ({
          ...sweep,
          ideal: rounded(sweep.ideal, 6),
          values: sweep.values.map((x) => rounded(x, 6)),
          networks: sweep.networks.map((x) => rounded(x)),
          errors: roundedAll(sweep.errors),
        })),
        foldings: foldings.map(roundedAll),
        several: roundedAll(several),
      },
      claims: judge(sweeps, checks, quick),
      text: summary(sweeps, foldings, several),
    };
  },
};

/** Mean |error| over test circuits that were not trained on. */
interface Several {
  readonly train: number;
  readonly test: number;
  readonly raw: number;
  readonly learned: number;
}

/** One network for all circuits: (p, E(p)) of random angles at a random p to E(0). */
function learnAcross(seed: number, quick: boolean): Several {
  const [train, test] = quick ? [60, 30] : [200, 50];
  const count = train + test;
  const theta = uniform(fold(key(seed), 1), count * ANGLES, { low: -Math.PI, high: Math.PI });
  const p = uniform(fold(key(seed), 2), count, { low: 0.01, high: 0.12 });
  const engine = densityMatrix();
  const rows: number[] = [];
  const targets: number[] = [];
  for (let i = 0; i < count; i++) {
    const own = theta.subarray(i * ANGLES, (i + 1) * ANGLES);
    const [noisy, ideal] = energies(engine, zzzz, own, [p[i]!, 0]);
    rows.push(p[i]!, noisy!);
    targets.push(ideal!);
  }
  const { predict } = learnedMitigation(rows.slice(0, 2 * train), targets.slice(0, train), {
    networks: 5,
    steps: quick ? 200 : 4000,
    seed,
  });
  const asked = rows.slice(2 * train);
  const { values } = predict(asked);
  const truth = targets.slice(train);
  return {
    train,
    test,
    raw: mean(truth.map((value, i) => Math.abs(asked[2 * i + 1]! - value))),
    learned: mean(truth.map((value, i) => Math.abs(values[i]! - value))),
  };
}

const METHODS: readonly Method[] = [
  'raw',
  'network',
  'worst network',
  'linear',
  'quadratic',
  'exponential',
  'exponential to 0',
  'Richardson',
];

function summary(sweeps: readonly Sweep[], foldings: readonly Folding[], several: Several): string {
  const kinds = [...new Set(sweeps.map(({ problem, kind }) => `${problem}|${kind}`))].map(
    (both) => {
      const [problem, kind] = both.split('|') as [string, Sweep['kind']];
      return [
        `${problem}, ${kind}`,
        ...METHODS.map((m) => typical(sweeps, problem, kind, m).toFixed(3)),
      ];
    },
  );
  const names = ['linear', 'Richardson', 'exponential'] as const;
  const byFolding = foldings.map((one) => [
    `start ${one.seed}`,
    one.raw.toFixed(3),
    ...names.map((name) => one[name].toFixed(3)),
  ]);
  return [
    '|error| at no noise, median over the starts',
    textTable(['what', ...METHODS], kinds),
    `Gates folded to scales 1, 3, 5 at p = ${GRID[0]}, ZZZZ`,
    textTable(['start', 'raw', 'linear', 'Richardson', 'exponential to 0'], byFolding),
    `One network for ${several.train} random circuits, on ${several.test} others: mean |error| ${several.learned.toFixed(3)}, without it ${several.raw.toFixed(3)}`,
  ].join('\n');
}

/** Numbers of a record with four decimals. */
function roundedAll(record: object): Record<string, number> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, rounded(value)]));
}

export default experiment;
