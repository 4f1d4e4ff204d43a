// Federated quantum machine learning: Chen and Yoo, arXiv:2103.12010.
import type { Experiment, ExperimentOptions, ExperimentResult } from '../../common/experiment.ts';
import { textTable } from '../../common/table.ts';
import { identities } from './checks.ts';
import { judge, sameSamples } from './claims.ts';
import type { Findings } from './claims.ts';
import { taskOf } from './data.ts';
import { hybrid, parametersOf } from './models.ts';
import { CLIP, DELTA, LOCAL, central, federation } from './runs.ts';
import type { CentralRun, FederationRun, Plan } from './runs.ts';
import { NAMES, chart, tablesOf } from './tables.ts';
import type { Settings } from './tables.ts';

const FULL: Settings = {
  train: 1520,
  test: 400,
  rounds: 30,
  clients: 20,
  perRound: 5,
  localEpochs: [1, 2, 4],
  curve: [1, 5, 20, 50, 100],
  converged: 60,
  private: { clients: 100, perRound: 20, localEpochs: 2, noises: [0.5, 1, 2, 4] },
};
const QUICK: Settings = {
  ...FULL,
  train: 400,
  test: 100,
  rounds: 4,
  localEpochs: [1, 2],
  curve: [1, 100],
  converged: 4,
  private: { ...FULL.private, noises: [1] },
};
/** Everything of one seed. */
type SeedRuns = Pick<
  Findings,
  'federated' | 'curve' | 'uneven' | 'private' | 'central' | 'repeated'
>;

async function runsOf(
  seed: number,
  settings: Settings,
  progress: (share: number, text: string) => void,
): Promise<SeedRuns> {
  const { rounds, clients, perRound, localEpochs, converged } = settings;
  const task = await taskOf(seed, settings);
  const base: Plan = { model: 'hybrid', clients, perRound, rounds, localEpochs: 1 };
  const all = async (what: string, plans: readonly Plan[]): Promise<FederationRun[]> => {
    const runs: FederationRun[] = [];
    for (const plan of plans) {
      progress(runs.length / plans.length, `${what}, ${plan.model}, ${plan.clients} participants`);
      runs.push((await federation(task, plan, seed)).run);
    }
    return runs;
  };
  const federated = await all(
    'even',
    localEpochs.map((local) => ({ ...base, localEpochs: local })),
  );
  const [once, again] = [await federation(task, base, seed), await federation(task, base, seed)];
  const curve = await all(
    'curve',
    NAMES.flatMap((model) =>
      settings.curve.map((count) => ({
        ...base,
        model,
        clients: count,
        perRound: Math.min(perRound, count),
      })),
    ),
  );
  const uneven = await all(
    'uneven',
    localEpochs.map((local) => ({ ...base, localEpochs: local, uneven: true })),
  );
  const { noises, ...own } = settings.private;
  const noisy = await all(
    'private',
    NAMES.flatMap((model) => noises.map((noise) => ({ ...base, ...own, model, noise }))),
  );
  const lengths = new Set([
    ...localEpochs.map((local) => sameSamples(rounds, perRound, clients, local)),
    converged,
  ]);
  const centralRuns: CentralRun[] = [];
  for (const model of NAMES)
    for (const epochs of lengths) centralRuns.push(await central(task, model, epochs, seed));
  return {
    federated,
    curve,
    uneven,
    private: noisy,
    central: centralRuns,
    repeated: again.weights.every((value, i) => Object.is(value, once.weights[i])),
  };
}

const experiment: Experiment = {
  number: '02',
  title: 'Federated quantum machine learning',
  source: 'arXiv:2103.12010',
  async run({ quick, seeds, expect, part }: ExperimentOptions): Promise<ExperimentResult> {
    const settings = quick ? QUICK : FULL;
    expect(seeds.length + 0.2);
    const { train } = settings;
    const equal = await part(
      'identities',
      async () =>
        identities((await taskOf(seeds[0]!, settings)).train, settings.clients, seeds[0]!),
      0.2,
    );
    const runs: SeedRuns[] = [];
    for (const seed of seeds)
      runs.push(await part(`seed ${seed}`, ({ progress }) => runsOf(seed, settings, progress)));
    const found: Findings = {
      identities: equal,
      repeated: runs.every(({ repeated }) => repeated),
      parameters: parametersOf(hybrid()),
      train,
      federated: runs.flatMap((run) => run.federated),
      curve: runs.flatMap((run) => run.curve),
      uneven: runs.flatMap((run) => run.uneven),
      private: runs.flatMap((run) => run.private),
      central: runs.flatMap((run) => run.central),
    };
    const tables = tablesOf(found, settings);
    return {
      data: {
        settings: { ...settings, local: LOCAL, clippingNorm: CLIP, delta: DELTA, seeds },
        sources: { images: 'MNIST, real images', backbone: 'backbone.ts' },
        ...found,
      },
      claims: judge(found),
      text: tables
        .map(({ caption, columns, rows }) => `${caption}\n${textTable(columns, rows)}`)
        .join('\n\n'),
      report: [{ title: 'Results', blocks: [...tables, chart(found)] }],
    };
  },
};

export default experiment;
