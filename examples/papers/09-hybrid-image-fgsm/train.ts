// Hybrid quantum-classical model for image classification: arXiv:2509.13353.
import { lineChart } from '@ketwork/plot';
import { mean, spread } from '../../common/experiment.ts';
import type { Experiment, ExperimentOptions, ExperimentResult } from '../../common/experiment.ts';
import { textTable } from '../../common/table.ts';
import { ATTACKS, EPSILON } from './attacks.ts';
import { circuitErrors } from './checks.ts';
import { figures, judge } from './claims.ts';
import { NETWORKS } from './models.ts';
import { ALL, FEW, TRAINING, runColoured, runDigits } from './runs.ts';
import type { Run, Settings } from './runs.ts';

const FULL: Record<'digits' | 'coloured', Settings> = {
  digits: { quick: false, train: 3000, test: 500, epochs: [8, 30], attacks: ALL },
  coloured: { quick: false, train: 1500, test: 300, epochs: [15], attacks: FEW },
};
const QUICK: typeof FULL = {
  digits: { quick: true, train: 192, test: 10, epochs: [1, 2], attacks: ALL },
  coloured: { quick: true, train: 64, test: 10, epochs: [1], attacks: FEW },
};
/** Seeds of the comparison on coloured shapes, on which no claim rests. */
const COLOURED_SEEDS = 3;

const experiment: Experiment = {
  number: '09',
  title: 'Hybrid quantum-classical networks for images, and attacks on them',
  source: 'arXiv:2509.13353',
  async run({ quick, seeds, epochs, expect, part }: ExperimentOptions): Promise<ExperimentResult> {
    const settings = quick ? QUICK : FULL;
    const plan = epochs === undefined ? settings.digits : { ...settings.digits, epochs: [epochs] };
    const few = seeds.slice(0, COLOURED_SEEDS);
    expect(1 + 10 * seeds.length + 3 * few.length);
    const errors = await part('checks', () => circuitErrors(seeds[0]!, 20));
    const digits: Run[] = [];
    for (const seed of seeds) {
      const name = `digits, seed ${seed}`;
      digits.push(...(await part(name, ({ progress }) => runDigits(seed, plan, progress), 10)));
    }
    const coloured: Run[] = [];
    for (const seed of few) {
      const own = settings.coloured;
      const name = `coloured shapes, seed ${seed}`;
      coloured.push(...(await part(name, ({ progress }) => runColoured(seed, own, progress), 3)));
    }
    const found = { errors, digits, coloured, epochs: plan.epochs.at(-1)! };
    const tables = [
      ...plan.epochs.map((count) =>
        table(`MNIST after ${count} epochs, ${seeds.length} seeds`, digits, count),
      ),
      table(
        `Coloured shapes, three channels, ${few.length} seeds`,
        coloured,
        settings.coloured.epochs.at(-1)!,
      ),
    ];
    return {
      data: {
        settings: {
          ...settings,
          digits: plan,
          training: TRAINING,
          attacks: Object.values(ATTACKS).map((attack) => ({
            name: attack.name,
            ...attack.settings,
          })),
          seeds,
        },
        sources: { digits: 'MNIST, real images', coloured: 'generated: coloured shapes' },
        ...found,
      },
      claims: judge(found),
      text: tables
        .map(({ caption, columns, rows }) => `${caption}\n${textTable(columns, rows)}`)
        .join('\n\n'),
      report: [{ title: 'Results', blocks: [...tables, losses(digits)] }],
    };
  },
};

interface Summary {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

function table(title: string, runs: readonly Run[], epochs: number): Summary {
  const first = runs[0]!.after[epochs]!;
  const attacks = Object.keys(first.attacked) as (keyof typeof first.attacked)[];
  const transfers = Object.keys(first.transfer);
  return {
    caption: `${title}: test accuracy, also under attacks of ${EPSILON}, their own and transferred (from the CNN; on it from the hybrid)`,
    columns: [
      'network',
      'parameters',
      'clean',
      ...attacks,
      ...transfers.map((name) => `transferred ${name}`),
      'worst',
      's/epoch',
    ],
    rows: Object.keys(NETWORKS).map((network) => {
      const own = runs.filter((run) => run.network === network);
      const of = (read: Parameters<typeof figures>[3]): string =>
        spread(figures(runs, network, epochs, read));
      return [
        network,
        `${own[0]!.parameters}`,
        of(({ clean }) => clean),
        ...attacks.map((name) => of(({ attacked }) => attacked[name])),
        ...transfers.map((name) => of(({ transfer }) => transfer[name]!)),
        of(({ worst }) => worst),
        mean(own.map((run) => run.secondsPerEpoch)).toFixed(2),
      ];
    }),
  };
}

/** Training loss by epoch, mean over the seeds. */
function losses(runs: readonly Run[]): { readonly svg: string } {
  const series = Object.keys(NETWORKS).map((name) => {
    const own = runs.filter((run) => run.network === name);
    return {
      name,
      values: own[0]!.trainLoss.map((_, i) => mean(own.map((run) => run.trainLoss[i]!))),
    };
  });
  return {
    svg: lineChart(series, {
      title: 'Training loss, smoothed labels',
      xLabel: 'epoch',
      yLabel: 'cross-entropy',
    }),
  };
}

export default experiment;
