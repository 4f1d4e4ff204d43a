/** The value below which a fraction of the samples lies, linear between neighbours (the usual type 7). */
export function quantile(samples: readonly number[], fraction: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  if (sorted.length === 0) throw new Error('quantile of no samples');
  const place = (sorted.length - 1) * fraction;
  const low = sorted[Math.floor(place)]!;
  return low + (sorted[Math.ceil(place)]! - low) * (place - Math.floor(place));
}

/** The middle value, or the mean of the two middle values. */
export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

/** Interquartile range divided by the median: how far rounds of one figure lie apart. */
export function spread(samples: readonly number[]): number {
  return (quantile(samples, 0.75) - quantile(samples, 0.25)) / median(samples);
}
