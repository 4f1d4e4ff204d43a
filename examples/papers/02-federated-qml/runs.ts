import { crossEntropy, fit, partitionDirichlet, partitionIid, rmsprop, simulate } from 'ketwork';
import type { DataPart, Dataset, FederationOptions, FitResult } from 'ketwork';
import { mean, rounded } from '../../common/experiment.ts';
import type { Task } from './data.ts';
import { MODELS } from './models.ts';

/** Names of {@link MODELS}. */
export type ModelName = keyof typeof MODELS;

/** How participants, and the central baseline, train. */
export const LOCAL = {
  optimizer: 'rmsprop',
  learningRate: 0.01,
  alpha: 0.99,
  batchSize: 32,
} as const;
/** Concentration of the uneven split. */
const UNEVEN = 0.3;
/** Rounds, or epochs, at the end over which accuracies are averaged. */
const LAST = 5;

/** A federation. */
export interface Plan {
  readonly model: ModelName;
  /** Number of participants, and how many are asked in a round. */
  readonly clients: number;
  readonly perRound: number;
  readonly rounds: number;
  readonly localEpochs: number;
  readonly uneven?: boolean;
  /** Noise multiplier of central privacy. */
  readonly noise?: number;
}

/** What came of a federation. */
export interface FederationRun extends Plan {
  readonly seed: number;
  /** On the server's test data, after every round. */
  readonly accuracy: readonly number[];
  /** Mean of the last five. */
  readonly final: number;
  /** Mean local loss by round. */
  readonly loss: readonly number[];
  /** Most examples that took part in a round. */
  readonly examples: number;
  /** Least and most examples of a participant. */
  readonly shares: readonly [least: number, most: number];
  /** Bytes of weights sent in a round. */
  readonly bytes: number;
  readonly epsilon: number | null;
  readonly seconds: number;
}

/** The same with the weights at the end, one after the other. */
export interface Federated {
  readonly run: FederationRun;
  readonly weights: Float64Array;
}

/** δ of private federations, below one over the number of participants. */
export const DELTA = 1e-3;
/** Largest change of weights by a participant where the federation is private. */
export const CLIP = 1;

/** Optimiser as on the card. */
function optimizer(): ReturnType<typeof rmsprop> {
  return rmsprop(LOCAL.learningRate, { alpha: LOCAL.alpha });
}

/** Splits the training examples. */
function partsOf(train: Dataset, { clients, uneven = false }: Plan, seed: number): DataPart[] {
  return uneven
    ? partitionDirichlet(train, clients, { alpha: UNEVEN, seed })
    : partitionIid(train, clients, { seed });
}

/** Runs a federation in this process. */
export async function federation(task: Task, plan: Plan, seed: number): Promise<Federated> {
  const parts = partsOf(task.train, plan, seed);
  const model = MODELS[plan.model]();
  const options: FederationOptions = {
    rounds: plan.rounds,
    clients: plan.perRound,
    local: {
      loss: crossEntropy,
      optimizer: optimizer(),
      epochs: plan.localEpochs,
      batchSize: LOCAL.batchSize,
    },
    seed,
    evaluation: task.test,
    ...(plan.noise === undefined
      ? {}
      : {
          privacy: {
            kind: 'central',
            clippingNorm: CLIP,
            noiseMultiplier: plan.noise,
            delta: DELTA,
            // The data are public, and figures shall be the same in every run.
            randomness: 'seeded-unsafe',
          },
        }),
  };
  const { history, seconds } = await simulate(model, parts, options);
  const accuracy = history.map(({ evaluation }) => rounded(evaluation!.metrics['accuracy']!));
  const sizes = parts.map(({ indices }) => indices.length);
  const run: FederationRun = {
    ...plan,
    seed,
    accuracy,
    final: rounded(mean(accuracy.slice(-LAST))),
    loss: history.map(({ loss }) => rounded(loss)),
    examples: Math.max(...history.map(({ examples }) => examples)),
    shares: [Math.min(...sizes), Math.max(...sizes)],
    bytes: Math.max(...history.map(({ bytes }) => bytes)),
    epsilon: history.at(-1)!.epsilon ?? null,
    seconds: rounded(seconds, 2),
  };
  const weights = model.network!.parameters.flatMap(({ data }) => [...data]);
  return { run, weights: Float64Array.from(weights) };
}

/** What came of training on all examples in one place. */
export interface CentralRun {
  readonly model: ModelName;
  readonly seed: number;
  readonly epochs: number;
  readonly accuracy: readonly number[];
  /** Mean of the last five epochs. */
  readonly final: number;
  readonly seconds: number;
}

/** The central baseline: the same model, optimiser and examples. */
export async function central(
  task: Task,
  name: ModelName,
  epochs: number,
  seed: number,
): Promise<CentralRun> {
  const { history, seconds }: FitResult = await fit(MODELS[name](), task.train, {
    loss: crossEntropy,
    optimizer: optimizer(),
    epochs,
    batchSize: LOCAL.batchSize,
    seed,
    validation: task.test,
  });
  const accuracy = history.map(({ validation }) => rounded(validation!.metrics['accuracy']!));
  const final = rounded(mean(accuracy.slice(-LAST)));
  return { model: name, seed, epochs, accuracy, final, seconds: rounded(seconds, 2) };
}

/** Rounds until an accuracy of 0.9 times the final one is reached. */
export function roundsToNine({ accuracy, final }: FederationRun): number {
  return accuracy.findIndex((value) => value >= 0.9 * final) + 1;
}
