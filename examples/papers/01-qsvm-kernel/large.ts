// 50,000 training events: the Gram matrix in tiles on disk, ridge regression on it by conjugate gradients.
import {
  cpu,
  fidelityKernel,
  kernelProduct,
  kernelRidge,
  kernelTiles,
  pairMeanFeatureMap,
  rocAuc,
  tiledKernelRidge,
} from 'ketwork';
import type { Kernel, TiledKernel } from 'ketwork';
import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { rounded } from '../../common/experiment.ts';
import type { Part } from '../../common/experiment.ts';
import { boostedTrees } from './boosting.ts';
import { events } from './data.ts';
import type { Events } from './data.ts';

/** How large. */
export interface LargeSettings {
  readonly qubits: number;
  readonly train: number;
  readonly test: number;
  /** Events on which λ is chosen: as many again decide. */
  readonly selection: number;
  readonly tile: number;
}

/** What came of it. */
export interface LargeResult extends LargeSettings {
  /** Seconds for the tiles that this run made, and their share of the matrix. */
  readonly tileSeconds: number;
  readonly madeShare: number;
  /** Overlaps per second. */
  readonly pairsPerSecond: number;
  readonly bytes: number;
  readonly lambda: number;
  readonly iterations: number;
  readonly residual: number;
  readonly auc: number;
  /** The same with fewer training events in memory, and classical machines on all of them. */
  readonly selectionAuc: number;
  readonly bdt: number;
  readonly workers: number;
}

export const LARGE: LargeSettings = {
  qubits: 10,
  train: 50_000,
  test: 5_000,
  selection: 2_000,
  tile: 2_048,
};
const LAMBDAS = [0.1, 1, 10];

/** Trains on all events. Tiles lie beside the part's checkpoint, and a run that was stopped goes on with those there. */
export async function trainLarge(
  { qubits, train, test, selection, tile }: LargeSettings,
  seed: number,
  { progress, checkpoint }: Pick<Part, 'progress' | 'checkpoint'>,
): Promise<LargeResult> {
  const data = events(qubits, train, test, seed);
  const kernel = fidelityKernel(await cpu(), pairMeanFeatureMap(qubits));
  const { lambda, auc: selectionAuc } = chosen(kernel, data, selection);
  const workers = Math.min(2, availableParallelism());
  const path = `${checkpoint}.tiles`;
  let [first, last] = [0, 0];
  let tileSeconds = 0;
  const tiles: TiledKernel = await kernelTiles(kernel, data.train.inputs, {
    path,
    tile,
    storage: 'f32',
    workers,
    onProgress({ done, tiles: all, share, seconds, found }) {
      if (done === found) first = share;
      last = share;
      tileSeconds = seconds;
      progress(0.6 * share, `${done} of ${all} tiles`);
    },
  });
  const targets = Float64Array.from(data.train.labels, (label) => 2 * label - 1);
  const ridge = await tiledKernelRidge(tiles, targets, {
    lambda,
    tolerance: 1e-3,
    maxIterations: 60,
    onStep: (step, residual) =>
      progress(
        0.6 + 0.3 * Math.min(1, step / 40),
        `step ${step}, residual ${residual.toExponential(1)}`,
      ),
  });
  progress(0.9, 'test events');
  const scores = kernelProduct(kernel, data.test.inputs, data.train.inputs, ridge.dual);
  progress(0.95, 'boosted trees');
  const trees = boostedTrees(data.train.inputs, qubits, data.train.labels);
  const madeShare = last - first;
  const result = {
    qubits,
    train,
    test,
    selection,
    tile,
    tileSeconds: rounded(tileSeconds, 1),
    madeShare: rounded(madeShare),
    pairsPerSecond: tileSeconds > 0 ? Math.round((madeShare * train * train) / 2 / tileSeconds) : 0,
    bytes: (4 * (train * train + train * tile)) / 2,
    lambda,
    iterations: ridge.iterations,
    residual: rounded(ridge.residual, 6),
    auc: rounded(rocAuc(scores, data.test.labels), 5),
    selectionAuc: rounded(selectionAuc, 5),
    bdt: rounded(rocAuc(trees(data.test.inputs), data.test.labels), 5),
    workers,
  };
  await rm(path, { recursive: true, force: true });
  return result;
}

/** λ by its AUC on training events that the others did not see, scaled to as many events as there are. */
function chosen(kernel: Kernel, { train }: Events, size: number): { lambda: number; auc: number } {
  const features = kernel.features;
  const part = train.inputs.subarray(0, size * features);
  const rest = train.inputs.subarray(size * features, 2 * size * features);
  const labels = train.labels.subarray(size, 2 * size);
  const gram = kernel.matrix(part);
  const between = kernel.between(rest, part);
  const targets = Float64Array.from(train.labels.subarray(0, size), (label) => 2 * label - 1);
  return LAMBDAS.map((lambda) => ({
    lambda,
    auc: rocAuc(kernelRidge(gram, targets, { lambda }).predict(between), labels),
  })).reduce((a, b) => (b.auc > a.auc ? b : a));
}
