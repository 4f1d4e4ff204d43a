import {
  cpu,
  dense,
  fit,
  forward,
  key,
  mse as squaredError,
  qgru,
  qlstm,
  qrnn,
  quantumReservoir,
  ridgeRegression,
  rmsprop,
  sequential,
  spinReservoir,
  split,
  uniform,
} from 'ketwork';
import type { Layer, Model, SeriesWindows } from 'ketwork';
import { counting } from './counting.ts';
import type { Circuits } from './counting.ts';
import { mse } from './tasks.ts';
import type { Task } from './tasks.ts';

/** What came of one model on one task with one seed. */
export interface Run {
  readonly task: string;
  readonly model: string;
  /** Deviation of the random angles, where there are any. */
  readonly scale?: number;
  readonly seed: number;
  /** Numbers that are trained. */
  readonly parameters: number;
  readonly trainError: number;
  readonly testError: number;
  readonly circuits: Circuits;
  readonly seconds: number;
  /** Loss by epoch of what was trained by gradients: the whole network, or the read-out alone. Kept for one seed. */
  readonly losses?: readonly number[];
  /** The same in short: the first epoch whose loss is at most 1.1 times that of the last one, and the loss of the last. */
  readonly settled?: { readonly epochs: number; readonly loss: number };
}

export type Cell = 'qrnn' | 'qgru' | 'qlstm';

export const CELLS: readonly Cell[] = ['qrnn', 'qgru', 'qlstm'];
export const SCALES: readonly number[] = [0.01, 0.3, 1];
export const HIDDEN = 3;
export const LAMBDA = 1e-6;
const UNITS = 5;
const BATCH = 10;

export const QUANTUM: Readonly<Record<Cell, string>> = {
  qrnn: 'QRNN',
  qgru: 'QGRU',
  qlstm: 'QLSTM',
};

/** The trained networks: 28, 76 and 149 parameters. */
export function trainedNetwork(cell: Cell): Model {
  const make = { qrnn, qgru, qlstm }[cell];
  return sequential(make({ hidden: HIDDEN }), dense(1));
}

/** Number of trained numbers of a model. */
export function parameterCount(model: Model, shape: readonly number[]): number {
  const { parameters } = model.build(shape, 1);
  return parameters.reduce((sum, { data }) => sum + data.length, 0);
}

/** Trains the whole network by gradients, as the reservoirs' twin. */
export async function trained(cell: Cell, data: Task, seed: number, epochs: number): Promise<Run> {
  const { engine, circuits } = counting(await cpu());
  const model = trainedNetwork(cell);
  const start = performance.now();
  const run = await fit(model, data.train, settings(seed, epochs, { engine }));
  const seconds = (performance.now() - start) / 1000;
  const spent = { ...circuits };
  const outputs = async (part: SeriesWindows): Promise<Float64Array> =>
    await forward(model, part.inputs);
  return {
    task: data.name,
    model: `${QUANTUM[cell]} trained`,
    seed,
    parameters: parameterCount(trainedNetwork(cell), data.train.inputShape),
    trainError: mse(await outputs(data.train), data.train.labels),
    testError: mse(await outputs(data.test), data.test.labels),
    circuits: spent,
    seconds,
    ...settledFrom(run.history.map(({ loss }) => loss)),
  };
}

/** A reservoir of a random recurrent network; with `epochs` a read-out by gradients is trained besides. */
export async function randomNetwork(
  cell: Cell,
  scale: number,
  data: Task,
  seed: number,
  epochs?: number,
): Promise<Run> {
  const layer = quantumReservoir({ cell, hidden: HIDDEN, scale });
  return { ...(await reservoir(`${QUANTUM[cell]}-RC`, layer, data, seed, epochs)), scale };
}

/** A reservoir of five spins, read at two times per step; its inputs go from 0 to 1. */
export async function spins(data: Task, seed: number, epochs: number): Promise<Run> {
  const layer = spinReservoir({ qubits: UNITS, virtualNodes: 2 });
  const unit = (part: SeriesWindows): SeriesWindows => ({
    ...part,
    inputs: part.inputs.map((value) => (value + 1) / 2),
  });
  const moved = { ...data, train: unit(data.train), test: unit(data.test) };
  return reservoir('spin reservoir', layer, moved, seed, epochs);
}

async function reservoir(
  name: string,
  layer: Layer,
  data: Task,
  seed: number,
  epochs?: number,
): Promise<Run> {
  const { engine, circuits } = counting(await cpu());
  const network = layer.build(data.train.inputShape, key(seed));
  network.bind!(engine);
  const start = performance.now();
  const features = await forward(network, data.train.inputs);
  const read = ridgeRegression(features, data.train.labels, { lambda: LAMBDA });
  const seconds = (performance.now() - start) / 1000;
  const spent = { ...circuits };
  const test = await forward(network, data.test.inputs);
  return {
    task: data.name,
    model: name,
    seed,
    parameters: read.weights.length + 1,
    trainError: mse(read.predict(features), data.train.labels),
    testError: mse(read.predict(test), data.test.labels),
    circuits: spent,
    seconds,
    ...(epochs === undefined
      ? {}
      : settledFrom(await gradientReadOut(features, data.train.labels, seed, epochs))),
  };
}

/** The read-out by gradients instead of in closed form: loss by epoch. */
async function gradientReadOut(
  features: Float64Array,
  labels: Float64Array,
  seed: number,
  epochs: number,
): Promise<number[]> {
  const model = sequential(dense(features.length / labels.length, 1));
  const { history } = await fit(model, { inputs: features, labels }, settings(seed, epochs));
  return history.map(({ loss }) => loss);
}

/** Five random units, `h ← tanh(0.5 W x + U h + b)`, U scaled to the spectral radius 0.9, and the same read-out. */
export async function classicalReservoir(data: Task, seed: number, epochs: number): Promise<Run> {
  const [inKey, loopKey, biasKey] = split(key(seed), 3);
  const draw = (k: typeof inKey, count: number): Float64Array =>
    uniform(k!, count, { low: -1, high: 1 });
  const enter = draw(inKey, UNITS).map((value) => value / 2);
  const loop = draw(loopKey, UNITS * UNITS);
  const bias = draw(biasKey, UNITS).map((value) => value / 2);
  const radius = spectralRadius(loop, UNITS);
  const start = performance.now();
  const features = (part: SeriesWindows): Float64Array => {
    const [steps] = part.inputShape;
    const out = new Float64Array(part.size * UNITS);
    for (let e = 0; e < part.size; e++) {
      let h = new Float64Array(UNITS);
      for (let t = 0; t < steps!; t++) {
        const x = part.inputs[e * steps! + t]!;
        h = h.map((_, i) => {
          let sum = enter[i]! * x + bias[i]!;
          for (let j = 0; j < UNITS; j++) sum += (0.9 / radius) * loop[i * UNITS + j]! * h[j]!;
          return Math.tanh(sum);
        });
      }
      out.set(h, e * UNITS);
    }
    return out;
  };
  const own = features(data.train);
  const read = ridgeRegression(own, data.train.labels, { lambda: LAMBDA });
  return {
    task: data.name,
    model: 'RNN-5 reservoir',
    seed,
    parameters: UNITS + 1,
    trainError: mse(read.predict(own), data.train.labels),
    testError: mse(read.predict(features(data.test)), data.test.labels),
    circuits: { forward: 0, backward: 0 },
    seconds: (performance.now() - start) / 1000,
    ...settledFrom(await gradientReadOut(own, data.train.labels, seed, epochs)),
  };
}

/** Largest absolute eigenvalue, from the growth of powers of the matrix. */
function spectralRadius(matrix: Float64Array, n: number): number {
  let power = matrix;
  let scale = 0;
  const doublings = 12;
  for (let d = 0; d < doublings; d++) {
    const square = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        for (let k = 0; k < n; k++) square[i * n + j]! += power[i * n + k]! * power[k * n + j]!;
      }
    }
    const norm = Math.hypot(...square);
    power = square.map((value) => value / norm);
    scale = 2 * scale + Math.log(norm);
  }
  return Math.exp(scale / 2 ** doublings);
}

/** Linear regression on the four values of the window: no hidden state, no circuit. */
export function autoregression(data: Task): Run {
  const start = performance.now();
  const read = ridgeRegression(data.train.inputs, data.train.labels, { lambda: LAMBDA });
  return {
    task: data.name,
    model: 'AR(4)',
    seed: 0,
    parameters: read.weights.length + 1,
    trainError: mse(read.predict(data.train.inputs), data.train.labels),
    testError: mse(read.predict(data.test.inputs), data.test.labels),
    circuits: { forward: 0, backward: 0 },
    seconds: (performance.now() - start) / 1000,
  };
}

/** Losses by epoch with what claims read of them. */
export function settledFrom(losses: readonly number[]): Required<Pick<Run, 'losses' | 'settled'>> {
  const loss = losses.at(-1)!;
  return { losses, settled: { epochs: losses.findIndex((one) => one <= 1.1 * loss) + 1, loss } };
}

/** How everything that is trained by gradients is trained here. */
function settings<Extra extends object>(
  seed: number,
  epochs: number,
  extra: Extra = {} as Extra,
): Parameters<typeof fit>[2] & Extra {
  return {
    loss: squaredError,
    optimizer: rmsprop(0.01),
    epochs,
    batchSize: BATCH,
    seed,
    ...extra,
  };
}
