/**
 * One-sided Clopper–Pearson limit of a proportion: the smallest (largest) probability with which so many hits or more
 * (fewer) are not less likely than `risk`.
 */
export function proportionBound(
  hits: number,
  trials: number,
  risk: number,
  side: 'lower' | 'upper',
): number {
  if (side === 'upper') return 1 - proportionBound(trials - hits, trials, risk, 'lower');
  if (hits === 0) return 0;
  let [low, high] = [0, 1];
  for (let k = 0; k < 60; k++) {
    const middle = (low + high) / 2;
    if (atLeast(hits, trials, middle) < risk) low = middle;
    else high = middle;
  }
  return low;
}

/** Probability of so many hits or more. */
function atLeast(hits: number, trials: number, probability: number): number {
  if (probability >= 1) return 1;
  let logTerm = trials * Math.log1p(-probability);
  const odds = Math.log(probability) - Math.log1p(-probability);
  let sum = 0;
  for (let k = 0; k <= trials; k++) {
    if (k >= hits) sum += Math.exp(logTerm);
    logTerm += Math.log((trials - k) / (k + 1)) + odds;
  }
  return Math.min(1, sum);
}
