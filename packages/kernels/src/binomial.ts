import { ValueError } from '@ketwork/base';

/** log n! by Stirling's series, exact to 1e-15 from 10 on; below, the product itself. */
function logFactorial(n: number): number {
  if (n < 10) {
    let product = 1;
    for (let i = 2; i <= n; i++) product *= i;
    return Math.log(product);
  }
  const x = n + 1;
  const y = 1 / (x * x);
  const series = (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y / 1188)))) / x;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series;
}

/**
 * A binomial number by inversion that starts at the most likely one and goes outwards, so that it takes about as many
 * steps as the standard deviation.
 *
 * @param trials Number of trials.
 * @param p Probability of a success, 0 to 1.
 * @param u Uniform number in [0, 1).
 */
export function binomial(trials: number, p: number, u: number): number {
  if (p <= 0) return 0;
  if (p >= 1) return trials;
  const mode = Math.min(trials, Math.floor((trials + 1) * p));
  const odds = p / (1 - p);
  const atMode = Math.exp(
    logFactorial(trials) -
      logFactorial(mode) -
      logFactorial(trials - mode) +
      mode * Math.log(p) +
      (trials - mode) * Math.log1p(-p),
  );
  let left = u - atMode;
  if (left < 0) return mode;
  let [below, above] = [mode, mode];
  let [downward, upward] = [atMode, atMode];
  while (below > 0 || above < trials) {
    if (above < trials) {
      upward *= ((trials - above) / (above + 1)) * odds;
      above += 1;
      left -= upward;
      if (left < 0) return above;
    }
    if (below > 0) {
      downward *= below / ((trials - below + 1) * odds);
      below -= 1;
      left -= downward;
      if (left < 0) return below;
    }
  }
  return mode; // what rounding left over
}

/** @throws ValueError where a number of shots is not a positive integer. */
export function checkShots(what: string, shots: number | undefined): void {
  if (shots !== undefined && (!Number.isSafeInteger(shots) || shots < 1)) {
    throw new ValueError(`${what}: shots ${String(shots)} is not a positive integer`, {
      remedy: 'Leave it out for exact kernels',
    });
  }
}
