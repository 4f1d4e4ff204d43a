import { FormatError, hint, KetworkError } from '@ketwork/base';
import {
  coordinateMedian,
  fedAdam,
  fedAvg,
  fedAvgM,
  fedProx,
  krum,
  trimmedMean,
} from '@ketwork/federated';
import type { FederationOptions, LocalTraining, Strategy } from '@ketwork/federated';
import { lossNamed, optimizerFromJSON } from '@ketwork/nn';
import type { Model } from '@ketwork/nn';
import { modelFromJSON } from '@ketwork/training';
import { dirname, resolve } from 'node:path';
import type { Arguments } from '../arguments.ts';
import { readText } from '../files.ts';
import { UsageError } from '../usage.ts';
import { readData, readSource } from './data.ts';
import type { DataSource } from './data.ts';

type Members = Readonly<Record<string, unknown>>;

/** Options of a federation as they are in its file; all but what depends on code. */
export type SharedOptions = Omit<FederationOptions, 'onRound' | 'signal' | 'metrics'>;

/** A federation's file. */
export interface Configuration {
  /** Folder of the file; other names of files in it are seen from there. */
  readonly folder: string;
  /** A fresh model. */
  readonly model: Model;
  /** Rounds, strategy and training; undefined where the file is one of a participant and has none. */
  readonly options: SharedOptions | undefined;
  /** Where the examples of a participant, or of all together, are. */
  readonly data: DataSource | undefined;
  /** Where the examples of each participant of a simulation are. */
  readonly datasets: readonly DataSource[] | Readonly<Record<string, DataSource>> | undefined;
  /** Names of parameters that stay with the participant. */
  readonly personal: readonly string[] | undefined;
  /** What only some commands read; checked by them. */
  readonly simulate: Members;
  readonly serve: Members;
  readonly join: Members;
}

const SHARED = [
  'rounds',
  'seed',
  'clients',
  'local',
  'strategy',
  'personal',
  'privacy',
  'secureAggregation',
  'maxNorm',
  'maxExamples',
  'minimum',
  'attempts',
  'evaluation',
];

/** Reads a federation's file. Messages begin with its name. @throws KetworkError */
export async function readConfiguration(file: string): Promise<Configuration> {
  const content = await readText(file);
  try {
    return await configurationOf(
      parsed(content),
      file === '-' ? process.cwd() : dirname(resolve(file)),
    );
  } catch (cause) {
    if (!(cause instanceof KetworkError)) throw cause;
    const name = file === '-' ? 'standard input' : file;
    throw new KetworkError(cause.code, `${name}: ${cause.message}`, { cause });
  }
}

async function configurationOf(json: unknown, folder: string): Promise<Configuration> {
  const given = membersOf(json, 'the configuration', [
    'model',
    'data',
    'datasets',
    'simulate',
    'serve',
    'join',
    ...SHARED,
  ]);
  const { model, data, datasets, simulate = {}, serve = {}, join = {}, personal } = given;
  if (model === undefined) {
    throw new FormatError('there is no model', {
      remedy: 'Name a file with the JSON of a model, or put the JSON under "model"',
    });
  }
  return {
    folder,
    model: modelFromJSON(
      typeof model === 'string' ? await readText(resolve(folder, model)) : model,
    ),
    options: given['rounds'] === undefined ? undefined : await optionsOf(given, folder),
    data: data === undefined ? undefined : readSource(data, 'data'),
    datasets: datasets === undefined ? undefined : sourcesOf(datasets),
    personal: personal as readonly string[] | undefined,
    simulate: membersOf(simulate, 'simulate'),
    serve: membersOf(serve, 'serve'),
    join: membersOf(join, 'join', [
      'privacyLimit',
      'state',
      'allowInsecure',
      'identity',
      'identities',
      'least',
      'threshold',
    ]),
  };
}

function sourcesOf(json: unknown): Configuration['datasets'] {
  if (Array.isArray(json)) return json.map((source, i) => readSource(source, `datasets[${i}]`));
  const entries = Object.entries(membersOf(json, 'datasets'));
  return Object.fromEntries(
    entries.map(([name, source]) => [name, readSource(source, `datasets.${name}`)]),
  );
}

/** The options of a federation. @throws FormatError where the file has none, being one of a participant. */
export function federationOf({ options }: Configuration): SharedOptions {
  if (options !== undefined) return options;
  throw new FormatError('the configuration has no rounds', {
    remedy: 'Give "rounds" and "local", which say what participants do',
  });
}

/** The library checks the values of what is handed on as it is. */
async function optionsOf(given: Members, folder: string): Promise<SharedOptions> {
  const { strategy, local, evaluation } = given;
  const plain = Object.fromEntries(
    SHARED.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]),
  );
  return {
    seed: 0,
    ...plain,
    local: localOf(local),
    ...(strategy === undefined ? {} : { strategy: strategyOf(strategy) }),
    ...(evaluation === undefined
      ? {}
      : { evaluation: await readData(readSource(evaluation, 'evaluation'), folder) }),
  } as unknown as SharedOptions;
}

function localOf(json: unknown): LocalTraining {
  const known = ['loss', 'optimizer', 'epochs', 'batchSize'];
  const { loss: name, optimizer, ...numbers } = membersOf(json, 'local', known);
  const loss = typeof name === 'string' ? lossNamed(name) : undefined;
  if (loss === undefined) {
    throw new FormatError(`local.loss is ${JSON.stringify(name) ?? 'missing'}`, {
      remedy: 'Use crossEntropy, binaryCrossEntropy, hinge or mse',
    });
  }
  const { name: kind, ...settings } = membersOf(optimizer, 'local.optimizer');
  return { ...numbers, loss, optimizer: optimizerFromJSON({ name: kind, settings }) };
}

const strategies: Readonly<Record<string, (settings: never) => Strategy>> = {
  fedAvg: () => fedAvg(),
  fedProx,
  fedAvgM,
  fedAdam,
  coordinateMedian: () => coordinateMedian(),
  trimmedMean,
  krum,
};

function strategyOf(json: unknown): Strategy {
  const { name, ...settings } =
    typeof json === 'string' ? { name: json } : membersOf(json, 'strategy');
  const make =
    typeof name === 'string' && Object.hasOwn(strategies, name) ? strategies[name] : undefined;
  if (make === undefined) {
    const known = Object.keys(strategies);
    throw new FormatError(
      `there is no strategy ${JSON.stringify(name) ?? ''}${hint(String(name), known)}`,
      { remedy: `Use one of ${known.join(', ')}` },
    );
  }
  const made = make(settings as never);
  checkNames(settings, `strategy ${name}`, Object.keys(made.settings));
  return made;
}

function parsed(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw new FormatError('the configuration is not JSON', {
      cause,
      remedy: 'Check that it is complete',
    });
  }
}

/** An object's members, of which others than the known ones are refused. @throws FormatError */
export function membersOf(json: unknown, where: string, known?: readonly string[]): Members {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new FormatError(`${where} is ${json === undefined ? 'missing' : 'not an object'}`);
  }
  if (known !== undefined) checkNames(json as Members, where, known);
  return json as Members;
}

function checkNames(given: Members, where: string, known: readonly string[]): void {
  const extra = Object.keys(given).find((name) => !known.includes(name));
  if (extra === undefined) return;
  throw new FormatError(`${where} has an unknown member '${extra}'${hint(extra, known)}`, {
    remedy: known.length === 0 ? 'Remove it' : `Known are ${known.join(', ')}`,
  });
}

/** The one configuration that a command works on. @throws UsageError */
export function oneConfiguration({ files }: Arguments): string {
  const [file] = files;
  if (file === undefined)
    throw new UsageError('no configuration is named; - reads the standard input');
  if (files.length > 1)
    throw new UsageError(`one configuration is wanted, but there are ${files.length}`);
  return file;
}
