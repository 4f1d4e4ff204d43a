import { ValueError } from '@ketwork/base';

/**
 * Area under the ROC curve: the probability that a random example of the positive class has a higher score than one of the
 * negative class, ties counting half (Mann–Whitney). 1 is perfect, 0.5 chance.
 *
 * @param scores `[n]`: logits, decision values or probabilities; only their order matters.
 * @param labels `[n]`: above 0 is the positive class, all else the negative one.
 * @throws ValueError where lengths differ, a score is NaN, or there is one class only.
 * @example
 * ```ts
 * import { rocAuc } from '@ketwork/nn';
 * console.log(rocAuc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])); // 0.75
 * ```
 */
export function rocAuc(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const n = scores.length;
  if (labels.length !== n) throw new ValueError(`rocAuc: ${n} scores for ${labels.length} labels`);
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = 0; i < n; i++)
    if (Number.isNaN(scores[i])) throw new ValueError(`rocAuc: score ${i} is NaN`);
  order.sort((a, b) => scores[a]! - scores[b]!);
  let positive = 0;
  let rankSum = 0;
  for (let i = 0; i < n;) {
    let end = i + 1;
    while (end < n && scores[order[end]!] === scores[order[i]!]) end += 1;
    // Equal scores share the mean of their ranks, which count from 1.
    for (let k = i; k < end; k++) {
      if (labels[order[k]!]! > 0) {
        positive += 1;
        rankSum += (i + 1 + end) / 2;
      }
    }
    i = end;
  }
  const negative = n - positive;
  if (positive === 0 || negative === 0) {
    throw new ValueError('rocAuc: all labels are of one class', {
      remedy: 'Labels above 0 are the positive class, all others the negative one',
    });
  }
  return (rankSum - (positive * (positive + 1)) / 2) / (positive * negative);
}
