/**
 * Loads the charts and reports of `@ketwork/plot`, which are not part of the main entry: a program that draws no charts
 * does not load them.
 *
 * @returns the names of `@ketwork/plot`.
 * @example
 * ```ts
 * import { plot } from 'ketwork';
 * const { lineChart } = await plot();
 * console.log(typeof lineChart); // function
 * ```
 */
export function plot(): Promise<typeof import('@ketwork/plot')> {
  return import('@ketwork/plot');
}
