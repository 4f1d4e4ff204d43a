// Numbers as the page writes them: fixed width, so that nothing moves while they change.

/** A number with a true minus sign and so many decimals; never `−0`. */
export function fixed(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace('-', '') : text.replace('-', '−');
}

/** A share as percents. */
export function percent(value: number, decimals = 1): string {
  return `${fixed(100 * value, decimals)} %`;
}

/** Milliseconds with three digits and a unit that suits. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1) return `${Number((1000 * milliseconds).toPrecision(3))} µs`;
  if (milliseconds < 1000) return `${Number(milliseconds.toPrecision(3))} ms`;
  return `${Number((milliseconds / 1000).toPrecision(3))} s`;
}
