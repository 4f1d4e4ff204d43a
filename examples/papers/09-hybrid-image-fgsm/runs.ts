import { adamw, fit, loadState, stateOf } from 'ketwork';
import type { Dataset, Model, ShapedArray } from 'ketwork';
import { rounded } from '../../common/experiment.ts';
import { ATTACKS, craft, standing } from './attacks.ts';
import type { AttackName, Crafted, Standing } from './attacks.ts';
import { coloured, digits } from './data.ts';
import type { Counts, Split } from './data.ts';
import { COLOURED, NETWORKS, REDUCED, parameterCount, smoothed } from './models.ts';
import type { Sizes } from './models.ts';

/** What is run. */
export interface Settings extends Counts {
  readonly quick: boolean;
  /** Epochs after which the network is measured, ascending. */
  readonly epochs: readonly number[];
  readonly attacks: readonly AttackName[];
}

/** How all networks are trained; the card's settings. */
export const TRAINING = {
  optimizer: 'adamw',
  learningRate: 3e-3,
  weightDecay: 0.01,
  clip: 1,
  labelSmoothing: 0.1,
  batchSize: 64,
} as const;

/** What came of one network and one seed. */
export interface Run {
  readonly network: string;
  readonly seed: number;
  readonly parameters: number;
  /** Loss of the training images by epoch. */
  readonly trainLoss: readonly number[];
  /** Of the fastest epoch. */
  readonly secondsPerEpoch: number;
  /** By number of epochs. */
  readonly after: Readonly<Record<string, Standing>>;
}

type Progress = (share: number, text: string) => void;

/** A network with its parameters after some numbers of epochs. */
interface Trained {
  readonly model: Model;
  readonly trainLoss: readonly number[];
  readonly secondsPerEpoch: number;
  readonly states: ReadonlyMap<number, Record<string, ShapedArray>>;
}

async function train(
  model: Model,
  data: Dataset,
  epochs: readonly number[],
  seed: number,
  progress: Progress,
): Promise<Trained> {
  const { learningRate, weightDecay, clip, labelSmoothing, batchSize } = TRAINING;
  const states = new Map<number, Record<string, ShapedArray>>();
  const run = fit(model, data, {
    loss: smoothed(labelSmoothing),
    metrics: [],
    optimizer: adamw(learningRate, { weightDecay }),
    clip: { norm: clip },
    epochs: epochs.at(-1)!,
    batchSize,
    seed,
    onEpoch({ epoch, loss }) {
      if (epochs.includes(epoch)) states.set(epoch, structuredClone(stateOf(model)));
      progress(epoch / epochs.at(-1)!, `epoch ${epoch}, loss ${loss.toFixed(3)}`);
    },
  });
  const { history } = await run;
  const seconds = history.map((record, i) => record.seconds - (history[i - 1]?.seconds ?? 0));
  return {
    model,
    trainLoss: history.map(({ loss }) => rounded(loss)),
    secondsPerEpoch: rounded(Math.min(...seconds), 3),
    states,
  };
}

/** Trains the networks on the same images by the same loop and attacks them. */
async function compare(
  sizes: Sizes,
  { train: images, test }: Split,
  { epochs, attacks }: Settings,
  seed: number,
  progress: Progress,
): Promise<Run[]> {
  const names = Object.keys(NETWORKS);
  const steps = 2 * names.length;
  const trained = new Map<string, Trained>();
  for (const [i, name] of names.entries()) {
    const own: Progress = (share, text) => progress((i + share) / steps, `${name}, ${text}`);
    trained.set(name, await train(NETWORKS[name]!(sizes), images, epochs, seed, own));
  }
  const after = new Map<string, Record<string, Standing>>(names.map((name) => [name, {}]));
  for (const [k, count] of epochs.entries()) {
    const crafted = new Map<string, Crafted>();
    for (const [i, name] of names.entries()) {
      progress(0.5 + (k + i / names.length) / 2 / epochs.length, `attacks on ${name}`);
      const { model, states } = trained.get(name)!;
      loadState(model, states.get(count)!);
      crafted.set(name, await craft(model, test, attacks, seed));
    }
    for (const name of names) {
      const { random: _, ...foreign } = crafted.get(name === 'cnn' ? 'hybrid' : 'cnn')!;
      const { model } = trained.get(name)!;
      after.get(name)![count] = await standing(model, test, crafted.get(name)!, foreign);
    }
  }
  return names.map((name) => {
    const { trainLoss, secondsPerEpoch } = trained.get(name)!;
    return {
      network: name,
      seed,
      parameters: parameterCount(NETWORKS[name]!(sizes), sizes),
      trainLoss,
      secondsPerEpoch,
      after: after.get(name)!,
    };
  });
}

/** The comparison on MNIST. */
export async function runDigits(
  seed: number,
  settings: Settings,
  progress: Progress,
): Promise<Run[]> {
  const images = await digits(seed, settings, settings.quick);
  return compare(REDUCED, images, settings, seed, progress);
}

/** The comparison on coloured shapes, three channels. */
export function runColoured(seed: number, settings: Settings, progress: Progress): Promise<Run[]> {
  return compare(COLOURED, coloured(seed, settings), settings, seed, progress);
}

/** All attacks, and those of the comparison on coloured shapes. */
export const ALL: readonly AttackName[] = Object.keys(ATTACKS) as AttackName[];
export const FEW: readonly AttackName[] = ['random', 'fgsm', 'pgd-10'];
