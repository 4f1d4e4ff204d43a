import { fold, key, permutation, ValueError } from '@ketwork/base';
import { rocAuc } from '@ketwork/nn';
import { signs } from './alignment.ts';
import { sizeOfSquare } from './matrices.ts';
import { svm } from './svm.ts';
import type { SvmOptions } from './svm.ts';

/** Options of {@link selectC}. */
export interface SelectCOptions extends Omit<SvmOptions, 'C'> {
  /** The values to choose from, each above 0. Default 0.1, 1, 10 and 100. */
  readonly candidates?: readonly number[];
  /** Parts into which the examples are cut, at least 2, at most as many as the smaller class has. Default 3. */
  readonly folds?: number;
  /** Seed of the cut, an integer from 0 to 2^53 - 1. Default 0. */
  readonly seed?: number;
}

/** What {@link selectC} found. */
export interface SelectedC {
  /** The best value; the smallest of equal ones. */
  readonly C: number;
  /** Mean AUC over the folds at that value. */
  readonly auc: number;
  /** All values, in the order given, with the AUC of each fold. */
  readonly scores: readonly {
    readonly C: number;
    readonly auc: number;
    readonly folds: readonly number[];
  }[];
}

/**
 * Chooses C of a support vector machine by stratified k-fold cross-validation on the area under the ROC curve.
 *
 * @param gram Gram matrix of the training examples, `[n, n]`.
 * @param labels `[n]`, above 0 is the one class, all else the other.
 * @throws ValueError for lengths that do not fit, or options out of range.
 * @example
 * ```ts
 * import { rbfKernel, selectC } from '@ketwork/kernels';
 * const x = Array.from({ length: 24 }, (_, i) => [Math.sin(i), Math.cos(3 * i)]);
 * const labels = x.map(([a, b]) => (a! + b! > 0 ? 1 : 0));
 * console.log(selectC(rbfKernel(2).matrix(x), labels).C);
 * ```
 */
export function selectC(
  gram: ArrayLike<number>,
  labels: ArrayLike<number>,
  options: SelectCOptions = {},
): SelectedC {
  const { candidates = [0.1, 1, 10, 100], folds = 3, seed = 0, ...rest } = options;
  const n = sizeOfSquare('selectC', gram);
  const y = signs('selectC', labels, n);
  if (candidates.length === 0) throw new ValueError('selectC: there are no candidates');
  const positive = y.reduce((count, s) => count + (s > 0 ? 1 : 0), 0);
  const smaller = Math.min(positive, n - positive);
  if (!Number.isSafeInteger(folds) || folds < 2 || folds > smaller) {
    throw new ValueError(
      `selectC: ${folds} folds of ${n} examples, ${smaller} in the smaller class`,
      {
        remedy: `Use an integer from 2 to ${smaller}`,
      },
    );
  }
  const part = foldOf(y, folds, seed);
  const cuts = Array.from({ length: folds }, (_, f) => {
    const test = indices(n, (i) => part[i] === f);
    const train = indices(n, (i) => part[i] !== f);
    return {
      gram: chosen(gram, n, train, train),
      labels: train.map((i) => y[i]!),
      kernel: chosen(gram, n, test, train),
      truth: test.map((i) => (y[i]! > 0 ? 1 : 0)),
    };
  });
  const scores = candidates.map((C) => {
    const each = cuts.map((cut) => {
      const machine = svm(cut.gram, cut.labels, { ...rest, C });
      return rocAuc(machine.decide(cut.kernel), cut.truth);
    });
    return { C, auc: each.reduce((sum, a) => sum + a / folds, 0), folds: each };
  });
  const best = scores.reduce((a, b) => (b.auc > a.auc || (b.auc === a.auc && b.C < a.C) ? b : a));
  return { C: best.C, auc: best.auc, scores };
}

/** The part of each example, so that each has its share of both classes. */
function foldOf(y: Float64Array, folds: number, seed: number): Uint32Array {
  const part = new Uint32Array(y.length);
  for (const [c, sign] of [1, -1].entries()) {
    const members = indices(y.length, (i) => y[i] === sign);
    permutation(fold(key(seed), c), members.length).forEach((m, at) => {
      part[members[m]!] = at % folds;
    });
  }
  return part;
}

function indices(n: number, which: (i: number) => boolean): number[] {
  return Array.from({ length: n }, (_, i) => i).filter(which);
}

function chosen(
  gram: ArrayLike<number>,
  n: number,
  rows: readonly number[],
  columns: readonly number[],
): Float64Array {
  const out = new Float64Array(rows.length * columns.length);
  rows.forEach((i, r) => {
    columns.forEach((j, c) => {
      out[r * columns.length + c] = gram[i * n + j]!;
    });
  });
  return out;
}
