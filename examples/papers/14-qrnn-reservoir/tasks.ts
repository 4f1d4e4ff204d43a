import {
  besselJ2,
  dampedOscillator,
  delayedQuantumControl,
  linspace,
  minMax,
  narma,
  populationInversion,
  splitInTime,
  wave,
  windows,
} from 'ketwork';
import type { SeriesWindows } from 'ketwork';
import { mean } from '../../common/experiment.ts';

/** A series, cut into windows whose next value is to be predicted. */
export interface Task {
  readonly name: string;
  readonly train: SeriesWindows;
  readonly test: SeriesWindows;
  /** Errors of forecasts that need no model: the mean of the training targets, and the last value of the window. */
  readonly baselines: { readonly mean: number; readonly persistence: number | null };
}

const WINDOW = 4;
const TRAIN = 0.67;

/** The series of the card and of the issue, by name. */
const SERIES: Readonly<Record<string, () => Float64Array>> = {
  SHM: () => dampedOscillator().velocity,
  Bessel: () => besselJ2(linspace(2, 100, 256)),
  'delayed control': () => delayedQuantumControl({ step: 0.05 }),
  inversion: () => populationInversion(),
  'NARMA10 (series)': () => narma(10, 300).output,
  sine: () => wave('sine'),
  square: () => wave('square'),
  triangle: () => wave('triangle'),
};

/** Names of all tasks. */
export const TASKS: readonly string[] = [
  'SHM',
  'Bessel',
  'NARMA5 (u→y)',
  'NARMA10 (series)',
  ...Object.keys(SERIES).filter((name) => !['SHM', 'Bessel', 'NARMA10 (series)'].includes(name)),
];

/** Makes the data of a task. Nothing about them is random. */
export function task(name: string): Task {
  if (name === 'NARMA5 (u→y)') {
    const { input, output } = narma(5, 300);
    return cut(name, windows(minMax(input), WINDOW, { targets: minMax(output) }), false);
  }
  return cut(name, windows(minMax(SERIES[name]!()), WINDOW), true);
}

function cut(name: string, all: SeriesWindows, own: boolean): Task {
  const count = Math.floor(TRAIN * all.size);
  const [train, test] = splitInTime(all, [count, all.size - count]);
  const middle = mean([...train!.labels]);
  return {
    name,
    train: train!,
    test: test!,
    baselines: {
      mean: mse(
        Array.from(test!.labels, () => middle),
        test!.labels,
      ),
      persistence: own
        ? mse(
            Array.from(test!.labels, (_, i) => test!.inputs[(i + 1) * WINDOW - 1]!),
            test!.labels,
          )
        : null,
    },
  };
}

/** Mean squared error. */
export function mse(predictions: ArrayLike<number>, targets: ArrayLike<number>): number {
  return mean(Array.from(targets, (value, i) => (value - predictions[i]!) ** 2));
}
