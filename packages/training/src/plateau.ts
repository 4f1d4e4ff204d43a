import { ValueError } from '@ketwork/base';
import type { OptimizerState } from '@ketwork/nn';

/** How the learning rate is lowered when learning comes to a standstill. */
export interface PlateauOptions {
  /** What the rate is multiplied by, between 0 and 1. Default 0.1. */
  readonly factor?: number;
  /** Epochs without improvement after which it is. Default 10. */
  readonly patience?: number;
  /** What is watched on the validation data: `loss`, the default, or the name of a metric. */
  readonly monitor?: string;
  /** Least change that counts as an improvement. Default 0: any. */
  readonly minDelta?: number;
  /** Least share of the optimiser's own rate that is left. Default 0. */
  readonly minimum?: number;
}

/** What {@link PlateauOptions} need to know from epoch to epoch; plain data. */
export interface PlateauState {
  /** The best value so far. */
  readonly best: number;
  /** Epochs since then, or since the rate was lowered. */
  readonly waited: number;
}

/** Refuses settings out of range. */
export function checkPlateau(options: PlateauOptions): void {
  const { factor = 0.1, minimum = 0 } = options;
  const refuse = (what: string): never => {
    throw new ValueError(`fit: reduceOnPlateau.${what}`);
  };
  if (!(factor > 0 && factor < 1)) refuse(`factor is ${factor}, not between 0 and 1`);
  if (!(minimum >= 0 && minimum <= 1)) refuse(`minimum is ${minimum}, not from 0 to 1`);
}

/** How much a value is better than the best so far; one that is not a number is worse than any number. */
export function gainOf(
  better: 'higher' | 'lower',
  best: number | undefined,
  value: number,
): number {
  if (best === undefined) return Infinity;
  if (Number.isNaN(best)) return Number.isNaN(value) ? 0 : Infinity;
  return better === 'lower' ? best - value : value - best;
}

/** Looks at the value of an epoch and lowers the rate in the optimiser's state where it is time. */
export function watchPlateau(
  options: PlateauOptions,
  better: 'higher' | 'lower',
  state: PlateauState | undefined,
  value: number,
  optimizer: OptimizerState,
): PlateauState {
  const { factor = 0.1, patience = 10, minDelta = 0, minimum = 0 } = options;
  if (gainOf(better, state?.best, value) > minDelta) return { best: value, waited: 0 };
  const { best, waited } = state!;
  if (waited + 1 < patience) return { best, waited: waited + 1 };
  optimizer.rateScale = Math.max(minimum, (optimizer.rateScale ?? 1) * factor);
  return { best, waited: 0 };
}
