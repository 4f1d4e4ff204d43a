import { FormatError } from '@ketwork/base';
import { partitionDirichlet, partitionIid, partitionShards, simulate } from '@ketwork/federated';
import { saveModel } from '@ketwork/training';
import type { TrainingData } from '@ketwork/training';
import { readArguments } from '../arguments.ts';
import type { OptionTable } from '../arguments.ts';
import { federationOf, membersOf, oneConfiguration, readConfiguration } from './config.ts';
import type { Configuration } from './config.ts';
import { readData } from './data.ts';
import { untilInterrupted } from './interrupt.ts';
import { Progress } from './progress.ts';
import { described, report } from './report.ts';

const options: OptionTable = { workers: { type: 'string' }, out: { type: 'string' } };

/** Help of `ketwork federated simulate`. */
export const simulateHelp: string = `Usage: ketwork federated simulate <configuration> [options]

Runs a federation in this process, the same rounds as over HTTP, and prints what came of it as JSON. Progress goes to the
standard error. Ctrl-C ends it; the rounds that are done count.

Options:
  --workers N  threads that train participants at the same time; default 1; the result has the same bits for any number
  --out FILE   write the model (*.safetensors) at the end
  --debug      show where an error was thrown
  --help       show this text

The configuration is that of ketwork federated serve. The data of each participant are under "datasets", by name or as a
list; or all of them are under "data" and shared out by
  "simulate": {"partition": "iid", "participants": 10}            at random, or
              {"partition": "dirichlet", "participants": 10, "alpha": 0.5}
              {"partition": "shards", "participants": 10, "shards": 2}
              and "seed" for any of them
`;

/** Simulates a federation. @returns the JSON to print. */
export async function simulateFederation(args: readonly string[]): Promise<string> {
  const given = readArguments(args, options);
  const workers = given.integer('workers', 1, 256) ?? 1;
  const configuration = await readConfiguration(oneConfiguration(given));
  const federation = federationOf(configuration);
  const datasets = await datasetsOf(configuration);
  const progress = new Progress();
  const interrupt = untilInterrupted();
  try {
    const { model } = configuration;
    const run = simulate(model, datasets, { ...federation, workers, signal: interrupt.signal });
    for await (const record of run) {
      progress.step(record.round, federation.rounds, described(record));
    }
    progress.end();
    const result = await run;
    const out = given.text('out');
    if (out !== undefined) await saveModel(out, model);
    return report(result, out === undefined ? {} : { model: out });
  } finally {
    progress.end();
    interrupt.stop();
  }
}

/** Data of every participant. @throws FormatError */
async function datasetsOf(
  configuration: Configuration,
): Promise<readonly TrainingData[] | Readonly<Record<string, TrainingData>>> {
  const { data, datasets, folder, model, simulate: settings } = configuration;
  const partition = readPartition(settings);
  if (datasets !== undefined) {
    const read = Object.entries(datasets).map(
      async ([name, source]) => [name, await readData(source, folder)] as const,
    );
    const all = await Promise.all(read);
    return Array.isArray(datasets) ? all.map(([, own]) => own) : Object.fromEntries(all);
  }
  if (data === undefined || partition === undefined) {
    throw new FormatError(
      `the configuration has no ${data === undefined ? 'data' : '"simulate"'}`,
      {
        remedy: 'Give "datasets" of participants, or "data" and how to share it out in "simulate"',
      },
    );
  }
  const inputShape = model.network?.inputShape ?? model.inputShape;
  const whole = await readData(data, folder);
  return partition({ ...whole, ...(inputShape === undefined ? {} : { inputShape }) });
}

type Partition = (data: TrainingData) => readonly TrainingData[];

/** How data are shared out, checked before any are read; undefined where nothing is said about it. */
function readPartition(settings: Readonly<Record<string, unknown>>): Partition | undefined {
  const { partition = 'iid', participants, seed = 0, alpha, shards } = settings;
  membersOf(settings, 'simulate', ['partition', 'participants', 'seed', 'alpha', 'shards']);
  if (Object.keys(settings).length === 0) return undefined;
  const numbers = { participants, seed, alpha: alpha ?? 0.5, shards: shards ?? 2 };
  const wrong = Object.entries(numbers).find(([, value]) => typeof value !== 'number');
  if (wrong !== undefined) throw new FormatError(`simulate.${wrong[0]} is not a number`);
  const { participants: count, ...rest } = numbers as Readonly<
    Record<keyof typeof numbers, number>
  >;
  if (partition === 'iid') return (data) => partitionIid(data, count, rest);
  if (partition === 'dirichlet') return (data) => partitionDirichlet(data, count, rest);
  if (partition === 'shards') return (data) => partitionShards(data, count, rest);
  throw new FormatError(`simulate.partition is ${JSON.stringify(partition)}`, {
    remedy: 'Use iid, dirichlet or shards',
  });
}
