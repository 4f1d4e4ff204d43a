/** From what is measured of a deferred circuit to results, and with derivatives back. */
import type { Reading, Readings } from './readings.ts';

/** Rows of one example in the arrays of all measurements. */
type Rows = readonly Float64Array[];

/** Writes the results of one example; `norm` is the probability by which post-selection divides, or 1. */
export function combine(readings: readonly Reading[], raw: Rows, norm: number, out: Rows): void {
  readings.forEach((reading, m) => {
    const from = raw[reading.raw]!;
    const to = out[m]!;
    switch (reading.type) {
      case 'success':
        to[0] = from[0]!;
        break;
      case 'linear':
        for (let i = 0; i < to.length; i++) to[i] = from[i]! / norm;
        break;
      case 'state':
        for (let i = 0; i < to.length; i++) to[i] = from[i]! / Math.sqrt(norm);
        break;
      case 'probabilities':
        reading.outcomes.forEach((outcome, i) => {
          if (outcome >= 0) to[outcome]! += from[i]! / norm;
        });
        break;
      case 'variance':
        for (let i = 0; i < to.length; i++) {
          // Unnormalised: v = s - m², and the variance of the kept part is s/p - (m/p)².
          const mean = reading.mean === undefined ? 0 : raw[reading.mean]![i]!;
          to[i] = (from[i]! + mean * mean) / norm - (mean / norm) ** 2;
        }
    }
  });
}

/** Cotangents of the measurements of a circuit without post-selection: results are theirs, in another order. */
export function pulledBack(
  readings: readonly Reading[],
  dy: readonly (Float64Array | undefined)[],
  rawSizes: readonly number[],
  outputSizes: readonly number[],
  batch: number,
): (Float64Array | undefined)[] {
  const raw: (Float64Array | undefined)[] = rawSizes.map(() => undefined);
  readings.forEach((reading, m) => {
    const weights = dy[m];
    if (weights === undefined) return;
    const size = rawSizes[reading.raw]!;
    const sum = (raw[reading.raw] ??= new Float64Array(batch * size));
    for (let e = 0; e < batch; e++) {
      for (let i = 0; i < size; i++) {
        const output = reading.type === 'probabilities' ? reading.outcomes[i]! : i;
        sum[e * size + i]! += weights[e * outputSizes[m]! + output]!;
      }
    }
  });
  return raw;
}

/**
 * Cotangents of projected expectation values: for r = N/p they are dN = dy/p and dp = -dy N/p², for variances
 * r = S/p - (M/p)² they are dS = dy/p, dM = -2 dy M/p² and dp = dy (2M²/p - S)/p².
 *
 * @param results of the same example, and for variances its means
 */
export function projectedBack(
  { readings, success }: Readings & { readonly success: number },
  dy: readonly (Float64Array | undefined)[],
  results: Rows,
  means: readonly (Float64Array | undefined)[],
  norm: number,
  out: Rows,
): void {
  const total = out[success]!;
  readings.forEach((reading, m) => {
    const weights = dy[m];
    if (weights === undefined) return;
    const result = results[m]!;
    const to = out[reading.raw]!;
    if (reading.type === 'success') {
      total[0]! += weights[0]!;
    } else if (reading.type === 'probabilities') {
      reading.outcomes.forEach((outcome, i) => {
        if (outcome >= 0) to[i]! += weights[outcome]! / norm;
      });
      for (let i = 0; i < weights.length; i++) total[0]! -= (weights[i]! * result[i]!) / norm;
    } else if (reading.type === 'variance') {
      const slopes = out[reading.mean!]!;
      for (let i = 0; i < weights.length; i++) {
        const mean = means[m]![i]!;
        to[i]! += weights[i]! / norm;
        slopes[i]! -= (2 * weights[i]! * mean) / norm;
        // With the normalised mean μ and variance v: (2M²/p - S)/p² = (2μ² - (v + μ²))/p.
        total[0]! += (weights[i]! * (mean * mean - result[i]!)) / norm;
      }
    } else if (reading.type === 'state') {
      // r = ψ/√p
      for (let i = 0; i < weights.length; i++) {
        const at = 2 * (reading.positions?.[i >> 1] ?? i >> 1) + (i & 1);
        to[at]! += weights[i]! / Math.sqrt(norm);
        total[0]! -= (weights[i]! * result[i]!) / (2 * norm);
      }
    } else {
      for (let i = 0; i < weights.length; i++) {
        to[i]! += weights[i]! / norm;
        total[0]! -= (weights[i]! * result[i]!) / norm;
      }
    }
  });
}
