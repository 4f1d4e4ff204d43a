import {
  besselJ2,
  dampedOscillator,
  linspace,
  minMax,
  narma,
  populationInversion,
  splitInTime,
  windows,
} from 'ketwork';
import type { SeriesWindows } from 'ketwork';

/** A series to be continued from windows of four values. */
export interface Task {
  readonly name: string;
  /** What the series is. */
  readonly source: string;
  /** The values, scaled to [-1, 1]. */
  make(): Float64Array;
}

export const SHM = 'SHM';
export const BESSEL = 'Bessel';
export const NARMA5 = 'NARMA5';

export const TASKS: readonly Task[] = [
  {
    name: SHM,
    source: 'angular velocity of a damped pendulum, 240 points on 0 to 20 s',
    make: () => minMax(dampedOscillator().velocity),
  },
  {
    name: BESSEL,
    source: 'Bessel function J2, 256 points on 2 to 100',
    make: () => minMax(besselJ2(linspace(2, 100, 256))),
  },
  { name: NARMA5, source: 'NARMA5, 300 points of y', make: () => minMax(narma(5, 300).output) },
  {
    name: 'NARMA10',
    source: 'NARMA10, 300 points of y',
    make: () => minMax(narma(10, 300).output),
  },
  {
    name: 'inversion',
    source: 'population inversion of an atom in a cavity, 400 points on 0 to 40',
    make: () => minMax(populationInversion()),
  },
];

/** Length of a window. */
export const LENGTH = 4;

/** The parts of a series. */
export interface Split {
  readonly all: SeriesWindows;
  readonly train: SeriesWindows;
  /** The last 15 % of the windows for training: chooses the weights that are kept. */
  readonly validation: SeriesWindows;
  readonly test: SeriesWindows;
}

/** 67 % of the windows for training, the last 15 % of them for validation, the rest for testing; in order of time. */
export function split(series: Float64Array): Split {
  const all = windows(series, LENGTH);
  const training = Math.floor(0.67 * all.size);
  const validation = Math.round(0.15 * training);
  const counts = [training - validation, validation, all.size - training];
  const [train, last, test] = splitInTime(all, counts);
  return { all, train: train!, validation: last!, test: test! };
}

/** Test errors of predicting the mean of the training windows, and of predicting the last value of the window. */
export function simplest({ train, validation, test }: Split): {
  mean: number;
  persistence: number;
} {
  const known = [...train.labels, ...validation.labels];
  const middle = known.reduce((a, b) => a + b, 0) / known.length;
  const last = test.labels.map((_, i) => test.inputs[(i + 1) * LENGTH - 1]!);
  return {
    mean: squaredError(
      test.labels.map(() => middle),
      test.labels,
    ),
    persistence: squaredError(last, test.labels),
  };
}

/** Mean squared error. */
export function squaredError(predicted: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < wanted.length; i++) sum += (predicted[i]! - wanted[i]!) ** 2;
  return sum / wanted.length;
}
