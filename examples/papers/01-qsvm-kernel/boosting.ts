// Boosted decision trees, the classical baseline of particle physics. The packages that exist for it are either not kept
// or split numbers as if they were categories.

/** Options of {@link boostedTrees}. */
export interface BoostingOptions {
  /** Number of trees. Default 100. */
  readonly rounds?: number;
  /** Greatest depth of a tree. Default 3. */
  readonly depth?: number;
  /** Share of each tree's step that is taken. Default 0.1. */
  readonly rate?: number;
}

type Node =
  | { readonly value: number }
  | { readonly feature: number; readonly below: number; readonly left: Node; readonly right: Node };

/**
 * Gradient boosting of regression trees for the logistic loss (Friedman, Annals of Statistics 29, 1189, 2001): each tree
 * is fitted to the residuals by exact splits of least squares, its leaves take a Newton step.
 *
 * @param x `[n, features]`.
 * @param labels 0 or 1.
 * @returns The log-odds of class 1 of other examples `[m, features]`.
 */
export function boostedTrees(
  x: Float64Array,
  features: number,
  labels: ArrayLike<number>,
  options: BoostingOptions = {},
): (examples: Float64Array) => Float64Array {
  const { rounds = 100, depth = 3, rate = 0.1 } = options;
  const n = labels.length;
  const orders = Array.from({ length: features }, (_, f) =>
    Uint32Array.from({ length: n }, (__, i) => i).sort(
      (a, b) => x[a * features + f]! - x[b * features + f]!,
    ),
  );
  let positive = 0;
  for (let i = 0; i < n; i++) positive += labels[i]!;
  const prior = Math.log(positive / (n - positive));
  const logits = new Float64Array(n).fill(prior);
  const residuals = new Float64Array(n);
  const weights = new Float64Array(n);
  const trees: Node[] = [];
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < n; i++) {
      const p = 1 / (1 + Math.exp(-logits[i]!));
      residuals[i] = labels[i]! - p;
      weights[i] = p * (1 - p);
    }
    const tree = grown(
      { x, features, orders, residuals, weights },
      new Uint8Array(n).fill(1),
      depth,
    );
    trees.push(tree);
    for (let i = 0; i < n; i++) logits[i]! += rate * valueAt(tree, x, i * features);
  }
  return (examples) =>
    Float64Array.from({ length: examples.length / features }, (_, i) =>
      trees.reduce((sum, tree) => sum + rate * valueAt(tree, examples, i * features), prior),
    );
}

interface Growing {
  readonly x: Float64Array;
  readonly features: number;
  /** Examples in rising order of each feature. */
  readonly orders: readonly Uint32Array[];
  readonly residuals: Float64Array;
  readonly weights: Float64Array;
}

/** A tree over the examples marked in `inside`. */
function grown(growing: Growing, inside: Uint8Array, depth: number): Node {
  const { x, features, orders, residuals, weights } = growing;
  let [count, sum, weight] = [0, 0, 0];
  inside.forEach((is, i) => {
    if (is === 0) return;
    count += 1;
    sum += residuals[i]!;
    weight += weights[i]!;
  });
  const leaf: Node = { value: sum / Math.max(weight, 1e-12) };
  if (depth === 0 || count < 2) return leaf;
  let best = (sum * sum) / count + 1e-12;
  let split: { feature: number; below: number } | undefined;
  for (let f = 0; f < features; f++) {
    let [leftCount, leftSum, last] = [0, 0, Number.NaN];
    for (const i of orders[f]!) {
      if (inside[i] === 0) continue;
      const value = x[i * features + f]!;
      if (leftCount > 0 && value > last) {
        const rightSum = sum - leftSum;
        const gain = (leftSum * leftSum) / leftCount + (rightSum * rightSum) / (count - leftCount);
        if (gain > best) {
          best = gain;
          split = { feature: f, below: (last + value) / 2 };
        }
      }
      last = value;
      leftCount += 1;
      leftSum += residuals[i]!;
    }
  }
  if (split === undefined) return leaf;
  const { feature, below } = split;
  const isLeft = (i: number): boolean => x[i * features + feature]! < below;
  const left = inside.map((is, i) => (is === 1 && isLeft(i) ? 1 : 0));
  const right = inside.map((is, i) => (is === 1 && !isLeft(i) ? 1 : 0));
  return {
    feature,
    below,
    left: grown(growing, left, depth - 1),
    right: grown(growing, right, depth - 1),
  };
}

function valueAt(tree: Node, x: Float64Array, at: number): number {
  let node = tree;
  while ('feature' in node) node = x[at + node.feature]! < node.below ? node.left : node.right;
  return node.value;
}
