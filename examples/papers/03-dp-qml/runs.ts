import { adam, crossEntropy, evaluate, fit, membershipInference, rdpAccountant } from 'ketwork';
import type { FitOptions } from 'ketwork';
import { rounded } from '../../common/experiment.ts';
import { TASKS, taskOf } from './data.ts';
import { VARIANTS } from './models.ts';
import type { Variant } from './models.ts';

export const DELTA = 1e-5;
const BATCH = 64;
const RATE = 0.05;

/** A model trained once with so much noise; 0 is ordinary training, without clipping. */
export interface Run {
  readonly task: string;
  readonly model: string;
  readonly seed: number;
  readonly noise: number;
  readonly parameters: number;
  /** By the privacy-loss distribution; null without noise. */
  readonly epsilon: number | null;
  readonly steps: number;
  readonly accuracy: number;
  /** Of the loss-threshold attack. */
  readonly advantage: number;
  readonly auc: number;
  readonly seconds: number;
}

/** Trains all models on all tasks with one seed. */
export async function runsOf(
  seed: number,
  noises: readonly number[],
  steps: number,
  counts: readonly [number, number],
  progress: (share: number, text: string) => void,
): Promise<Run[]> {
  const runs: Run[] = [];
  const all = TASKS.length * VARIANTS.length * noises.length;
  for (const name of TASKS) {
    const task = await taskOf(name, seed, counts);
    for (const variant of VARIANTS) {
      const [train, test] = [variant.prepare(task.train), variant.prepare(task.test)];
      const features = task.train.inputs.length / task.train.size;
      for (const noise of noises) {
        progress(runs.length / all, `${name}, ${variant.name}, noise ${noise}`);
        runs.push(await runOf({ name, train, test, features }, variant, seed, noise, steps));
      }
    }
  }
  return runs;
}

async function runOf(
  task: {
    readonly name: string;
    readonly train: ReturnType<Variant['prepare']>;
    readonly test: ReturnType<Variant['prepare']>;
    readonly features: number;
  },
  variant: Variant,
  seed: number,
  noise: number,
  steps: number,
): Promise<Run> {
  const { train, test, features } = task;
  const model = variant.make(features);
  const options: FitOptions = {
    loss: crossEntropy,
    optimizer: adam(RATE),
    epochs: Math.ceil(steps / Math.ceil(train.size / BATCH)),
    batchSize: BATCH,
    seed,
  };
  // The data are public, and figures shall be the same in every run: the noise may come from the seed.
  const privacy = {
    clippingNorm: 1,
    noiseMultiplier: noise,
    delta: DELTA,
    randomness: 'seeded-unsafe',
  } as const;
  const result = await fit(model, train, noise === 0 ? options : { ...options, privacy });
  const { metrics } = await evaluate(model, test, { loss: crossEntropy });
  const attack = await membershipInference(model, train, test, {
    loss: crossEntropy,
    delta: DELTA,
  });
  return {
    task: task.name,
    model: variant.name,
    seed,
    noise,
    parameters: model.network!.parameters.reduce((sum, { data }) => sum + data.length, 0),
    epsilon: result.privacy === undefined ? null : rounded(result.privacy.epsilon),
    steps: result.steps,
    accuracy: rounded(metrics['accuracy']!),
    advantage: rounded(attack.advantage),
    auc: rounded(attack.auc),
    seconds: rounded(result.seconds, 2),
  };
}

/** Steps of the card with the ε it has for them, by integer orders. */
const ANCHORS = [
  { sampleRate: 0.01, noiseMultiplier: 1.1, steps: 1000, delta: 1e-5, epsilon: 1.725 },
  { sampleRate: 256 / 60000, noiseMultiplier: 1.1, steps: 14100, delta: 1e-5, epsilon: 2.601 },
  { sampleRate: 0.064, noiseMultiplier: 1, steps: 300, delta: 1e-5, epsilon: 8.471 },
  { sampleRate: 0.064, noiseMultiplier: 2, steps: 300, delta: 1e-5, epsilon: 2.789 },
  { sampleRate: 0.1, noiseMultiplier: 1.5, steps: 200, delta: 1e-3, epsilon: 4.077 },
] as const;

/** Ratios of our Rényi accountant to these values. */
export function anchorRatios(): number[] {
  const orders = Array.from({ length: 254 }, (_, i) => i + 2);
  return ANCHORS.map((one) => rdpAccountant(one, { orders }).epsilon(one.delta) / one.epsilon);
}
