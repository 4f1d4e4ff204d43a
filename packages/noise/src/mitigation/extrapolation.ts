import { ValueError } from '@ketwork/base';
import { leastSquares } from './least-squares.ts';

/** What an extrapolator says about no noise. */
export interface Extrapolation {
  /** The value at noise 0. */
  readonly value: number;
  /** Its standard error, as the extrapolator documents; NaN where it has none. */
  readonly error: number;
  /** What was fitted, as the extrapolator documents. */
  readonly parameters: readonly number[];
}

/** A way to continue values at some strengths of noise to none. */
export interface Extrapolator {
  /** Name for reports. */
  readonly name: string;
  /** Least number of different strengths. */
  readonly points: number;
  /**
   * Fits one series.
   *
   * @param scales Strengths of noise in any unit, at least 0.
   * @param values A value for each.
   * @param errors Standard errors of the values, where they are known.
   * @throws ValueError for numbers that are not finite, or too few different strengths.
   */
  fit(
    scales: ArrayLike<number>,
    values: ArrayLike<number>,
    errors?: ArrayLike<number>,
  ): Extrapolation;
}

/** Options of {@link exponentialExtrapolation}. */
export interface ExponentialExtrapolationOptions {
  /** The value under infinite noise, such as `tr(O) / 2^n`; fitted when absent. */
  readonly asymptote?: number;
}

/**
 * Fits a straight line: {@link polynomialExtrapolation} of order 1.
 *
 * @example
 * ```ts
 * import { linearExtrapolation } from '@ketwork/noise';
 * console.log(linearExtrapolation().fit([1, 3], [0.9, 0.7]).value.toFixed(3)); // 1.000
 * ```
 */
export function linearExtrapolation(): Extrapolator {
  return { ...polynomialExtrapolation(1), name: 'linear' };
}

/**
 * Fits a polynomial by least squares, weighted by `1 / error²` where errors are known. The standard error follows from
 * those errors, else from the residuals; without either it is NaN. Parameters: the coefficients from order 0 on.
 *
 * @param order At least 0.
 * @throws ValueError for an order that is not an integer of at least 0.
 * @example
 * ```ts
 * import { polynomialExtrapolation } from '@ketwork/noise';
 * const { value } = polynomialExtrapolation(2).fit([1, 2, 3, 4], [0.81, 0.64, 0.49, 0.36]);
 * console.log(value.toFixed(3)); // 1.000
 * ```
 */
export function polynomialExtrapolation(order: number): Extrapolator {
  if (!Number.isSafeInteger(order) || order < 0) {
    throw new ValueError(`${order} is not the order of a polynomial`, {
      remedy: 'Use an integer from 0',
    });
  }
  const points = order + 1;
  return {
    name: `polynomial of order ${order}`,
    points,
    fit(scales, values, errors) {
      const series = checkedSeries(scales, values, errors, points);
      const fitted = leastSquares(
        Array.from({ length: points }, (_, k) =>
          series.t.map((t, i) => series.weight[i]! * t ** k),
        ),
        series.y.map((y, i) => series.weight[i]! * y),
      );
      if (fitted === undefined) throw tooClose();
      return {
        value: fitted.coefficients[0]!,
        error: errorOf(fitted.inverse[0]!, fitted.squares, series, points),
        parameters: Array.from(fitted.coefficients, (c, k) => c / series.largest ** k),
      };
    },
  };
}

/**
 * Richardson extrapolation: the polynomial through all points, taken at 0 (Temme, Bravyi and Gambetta, arXiv:1612.02058).
 * The standard error follows from those of the values and is NaN without them. Parameters: the factor of each value.
 *
 * @example
 * ```ts
 * import { richardsonExtrapolation } from '@ketwork/noise';
 * console.log(richardsonExtrapolation().fit([1, 2, 3], [0.81, 0.64, 0.49]).parameters); // [ 3, -3, 1 ]
 * ```
 */
export function richardsonExtrapolation(): Extrapolator {
  return {
    name: 'Richardson',
    points: 1,
    fit(scales, values, errors) {
      const { x, y } = checkedSeries(scales, values, errors, scales.length);
      const factors = x.map((own, i) =>
        x.reduce((product, other, j) => (i === j ? product : (product * other) / (other - own)), 1),
      );
      const variance = errors
        ? factors.reduce((sum, factor, i) => sum + (factor * errors[i]!) ** 2, 0)
        : Number.NaN;
      return {
        value: factors.reduce((sum, factor, i) => sum + factor * y[i]!, 0),
        error: Math.sqrt(variance),
        parameters: factors,
      };
    },
  };
}

/**
 * Fits `a + A exp(-b x)` by least squares, weighted by `1 / error²` where errors are known: b on a grid with a and A
 * solved for, then all of them by Gauss-Newton steps. `|b|` times the largest strength is kept below 30. The standard
 * error is that of first order in the errors of the values, else in the residuals; without either it is NaN. Parameters:
 * `[a, A, b]`.
 *
 * @throws ValueError for an asymptote that is not finite.
 * @example
 * ```ts
 * import { exponentialExtrapolation } from '@ketwork/noise';
 * const values = [1, 2, 3].map((x) => 0.1 + 0.8 * Math.exp(-0.5 * x));
 * console.log(exponentialExtrapolation().fit([1, 2, 3], values).value.toFixed(3)); // 0.900
 * console.log(exponentialExtrapolation({ asymptote: 0.1 }).fit([1, 2, 3], values).value.toFixed(3)); // 0.900
 * ```
 */
export function exponentialExtrapolation(
  options: ExponentialExtrapolationOptions = {},
): Extrapolator {
  const { asymptote } = options;
  if (asymptote !== undefined && !Number.isFinite(asymptote)) {
    throw new ValueError(`the asymptote is ${asymptote}`, { remedy: 'Give a finite number' });
  }
  const free = asymptote === undefined;
  const points = free ? 3 : 2;
  return {
    name: free ? 'exponential' : `exponential towards ${asymptote}`,
    points,
    fit(scales, values, errors) {
      const series = checkedSeries(scales, values, errors, points);
      const { t, weight } = series;
      const y = series.y.map((value, i) => weight[i]! * (value - (asymptote ?? 0)));
      const decay = (b: number): number[] => t.map((x, i) => weight[i]! * Math.exp(-b * x));
      const columns = (b: number): ArrayLike<number>[] => (free ? [weight, decay(b)] : [decay(b)]);
      let best: Exponential | undefined;
      for (const b of GRID) {
        const found = leastSquares(columns(b), y);
        if (found === undefined || (best !== undefined && best.squares <= found.squares)) continue;
        const list = [...found.coefficients];
        best = { a: free ? list[0]! : 0, A: list.at(-1)!, b, squares: found.squares };
      }
      if (best === undefined) throw tooClose();
      const at = (a: number, A: number, b: number): Exponential => {
        const e = decay(b);
        let squares = 0;
        for (let i = 0; i < t.length; i++) squares += (y[i]! - a * weight[i]! - A * e[i]!) ** 2;
        return { a, A, b, squares };
      };
      best = at(best.a, best.A, best.b);
      const slopes = ({ A, b }: Exponential): ArrayLike<number>[] => [
        ...columns(b),
        decay(b).map((e, i) => -A * t[i]! * e),
      ];
      for (let round = 0; round < 200; round++) {
        const now: Exponential = best;
        const e = decay(now.b);
        const residuals = y.map((value, i) => value - now.a * weight[i]! - now.A * e[i]!);
        const step = leastSquares(slopes(now), residuals)?.coefficients;
        if (step === undefined) break;
        const [da, dA, db] = free ? [step[0]!, step[1]!, step[2]!] : [0, step[0]!, step[1]!];
        for (let size = 1; size > 1e-6 && best === now; size /= 2) {
          const next = at(now.a + size * da, now.A + size * dA, now.b + size * db);
          if (next.squares < now.squares && Math.abs(next.b) <= FASTEST) best = next;
        }
        if (best === now) break;
      }
      const inverse = leastSquares(slopes(best), y)?.inverse;
      const factor = inverse === undefined ? Number.NaN : varianceFactor(inverse, free);
      return {
        value: (asymptote ?? 0) + best.a + best.A,
        error: errorOf(factor, best.squares, series, points),
        parameters: [(asymptote ?? 0) + best.a, best.A, best.b / series.largest],
      };
    },
  };
}

interface Exponential {
  readonly a: number;
  readonly A: number;
  readonly b: number;
  readonly squares: number;
}

/** Fastest decay between no noise and the most. */
const FASTEST = 30;
const GRID: readonly number[] = Array.from(
  { length: 60 },
  (_, i) => 1e-3 * (FASTEST * 1e3) ** (i / 59),
).flatMap((b) => [b, -b]);

/** Variance of a + A, or of A where a is known, per variance of a value. */
function varianceFactor(inverse: Float64Array, free: boolean): number {
  if (!free) return inverse[0]!;
  return inverse[0]! + inverse[1]! + inverse[3]! + inverse[4]!;
}

/** A series that was checked. */
interface Series {
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** x divided by the largest of them. */
  readonly t: readonly number[];
  readonly largest: number;
  /** 1 / error, or 1. */
  readonly weight: readonly number[];
  readonly weighted: boolean;
}

/** Checks a series and makes weights of its errors, none of them far above the others. */
export function checkedSeries(
  scales: ArrayLike<number>,
  values: ArrayLike<number>,
  errors: ArrayLike<number> | undefined,
  points: number,
): Series {
  const x = Array.from(scales);
  const y = Array.from(values);
  if (y.length !== x.length || (errors !== undefined && errors.length !== x.length)) {
    const tail = errors === undefined ? '' : ` and ${errors.length} errors`;
    throw new ValueError(`there are ${x.length} strengths of noise for ${y.length} values${tail}`, {
      remedy: 'Give one for each',
    });
  }
  if (!x.every((value) => value >= 0 && value < Infinity) || !y.every(Number.isFinite)) {
    throw new ValueError('a strength of noise or a value is not finite, or a strength below 0', {
      remedy: 'Use finite numbers, and strengths from 0',
    });
  }
  if (errors !== undefined && !Array.from(errors).every((e) => e >= 0 && e < Infinity)) {
    throw new ValueError('a standard error is not a finite number of at least 0', {
      remedy: 'Leave errors out where they are not known',
    });
  }
  const different = new Set(x).size;
  if (x.length === 0 || different < points) {
    throw new ValueError(`there are ${different} different strengths of noise`, {
      remedy: `This extrapolation needs ${Math.max(1, points)}`,
    });
  }
  const largest = Math.max(...x) || 1;
  // An error of 0, as shots that all agree have, would outweigh everything.
  const worst = errors === undefined ? 0 : Math.max(...Array.from(errors));
  const weighted = worst > 0;
  const weight = x.map((_, i) => (weighted ? 1 / Math.max(errors![i]!, worst / 100) : 1));
  return { x, y, t: x.map((value) => value / largest), largest, weight, weighted };
}

function errorOf(factor: number, squares: number, series: Series, fitted: number): number {
  if (series.weighted) return Math.sqrt(factor);
  const spare = series.x.length - fitted;
  return spare > 0 ? Math.sqrt((factor * squares) / spare) : Number.NaN;
}

function tooClose(): ValueError {
  return new ValueError('the strengths of noise are too close to each other', {
    remedy: 'Spread them, or extrapolate with fewer parameters',
  });
}
