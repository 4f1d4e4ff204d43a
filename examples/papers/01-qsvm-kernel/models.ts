import { kernelStatistics, rbfKernel, rocAuc, selectC, svm } from 'ketwork';
import type { Dataset, Kernel } from 'ketwork';
import { rounded } from '../../common/experiment.ts';
import { boostedTrees } from './boosting.ts';
import type { Events } from './data.ts';

/** One machine on one set of events. */
export interface Score {
  readonly model: string;
  /** Area under the ROC curve on the test events. */
  readonly auc: number;
  /** C chosen by 3-fold cross-validation on the training events. */
  readonly C?: number;
  /** γ of the kernel or α of the feature map, where it was chosen with it. */
  readonly strength?: number;
  /** Mean of the Gram matrix of the training events off its diagonal, and its deviation. */
  readonly offDiagonal?: number;
  readonly offDiagonalDeviation?: number;
}

const CS = [0.1, 1, 10, 100];
const GAMMAS = [0.01, 0.03, 0.1, 0.3, 1];
/** Those of projected kernels, whose reduced states lie close together. */
export const PROJECTED_GAMMAS: readonly number[] = [0.1, 1, 10, 100];
const FOLDS = 3;

/** A support vector machine on precomputed matrices: C by cross-validation, then all training events. */
export function machine(
  model: string,
  gram: Float64Array,
  between: Float64Array,
  train: ArrayLike<number>,
  test: ArrayLike<number>,
  seed: number,
): Score {
  const { C } = selectC(gram, train, { candidates: CS, folds: FOLDS, seed });
  const { mean, variance } = kernelStatistics(gram);
  return {
    model,
    auc: rounded(rocAuc(svm(gram, train, { C }).decide(between), test), 5),
    C,
    offDiagonal: rounded(mean),
    offDiagonalDeviation: rounded(Math.sqrt(variance)),
  };
}

/** A support vector machine with a quantum kernel. */
export function kernelMachine(
  model: string,
  kernel: Kernel,
  { train, test }: Events,
  seed: number,
): Score {
  const gram = kernel.matrix(train.inputs);
  const between = kernel.between(test.inputs, train.inputs);
  return machine(model, gram, between, train.labels, test.labels, seed);
}

/** Support vector machine with a kernel of which γ, or another strength, is chosen too, by the same cross-validation. */
export function tunedMachine(
  model: string,
  make: (strength: number) => Kernel,
  { train, test }: Events,
  seed: number,
  strengths: readonly number[] = GAMMAS,
): Score {
  const found = strengths.map((strength) => {
    const kernel = make(strength);
    const gram = kernel.matrix(train.inputs);
    const { auc } = selectC(gram, train.labels, { candidates: CS, folds: FOLDS, seed });
    return { strength, kernel, gram, auc };
  });
  const { strength, kernel, gram } = found.reduce((a, b) => (b.auc > a.auc ? b : a));
  const between = kernel.between(test.inputs, train.inputs);
  for (const { kernel: each } of found) each.dispose();
  return { ...machine(model, gram, between, train.labels, test.labels, seed), strength };
}

/** The classical machines: a Gaussian kernel and boosted trees. */
export function classical(events: Events, seed: number): Score[] {
  const features = events.train.inputShape[0]!;
  return [
    tunedMachine('RBF-SVM', (gamma) => rbfKernel(features, { gamma }), events, seed),
    { model: 'BDT', auc: rounded(treesAuc(events.train, events.test), 5) },
  ];
}

function treesAuc(train: Dataset, test: Dataset): number {
  const decide = boostedTrees(train.inputs, train.inputShape[0]!, train.labels);
  return rocAuc(decide(test.inputs), test.labels);
}
