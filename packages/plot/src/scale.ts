import { formatNumber, formatPercent, grouped, scientific } from './svg.ts';

/** How the numbers of an axis are written. */
export type NumberStyle = 'number' | 'percent';

/** Positions of the marks of an axis, their texts, and the range they end in. */
export interface Ticks {
  readonly values: readonly number[];
  readonly labels: readonly string[];
  readonly low: number;
  readonly high: number;
}

/**
 * About `count` round marks (1, 2 or 5 times a power of ten) for [low, high]. Unless the range is fixed it is widened to
 * whole steps. A range of width zero is widened around its value.
 */
export function niceTicks(
  low: number,
  high: number,
  { count = 5, style = 'number', whole = false, fixed = false }: TickOptions = {},
): Ticks {
  if (low === high) {
    const margin = low === 0 ? 1 : Math.abs(low) / 2;
    low -= margin;
    high += margin;
  }
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * 0.999)!;
  const step = whole ? Math.max(1, Math.round(factor * power)) : factor * power;
  const first = fixed ? Math.ceil(low / step - 1e-9) : Math.floor(low / step + 1e-9);
  const last = fixed ? Math.floor(high / step + 1e-9) : Math.ceil(high / step - 1e-9);
  // A step below 1 is a quotient of integers: 3 / 10 is 0.3, where 3 * 0.1 is not.
  const inverse = Math.round(1 / step);
  const values = Array.from({ length: last - first + 1 }, (_, i) =>
    step < 1 && inverse < 1e15 ? (first + i) / inverse : (first + i) * step,
  ).map((value) => value + 0);
  return {
    values,
    labels: values.map((value) => tickLabel(value, step, style)),
    low: fixed ? low : Math.min(low, values[0]!),
    high: fixed ? high : Math.max(high, values.at(-1)!),
  };
}

/**
 * Powers of ten for [low, high], both positive; 2 and 5 times them too over at most two decades, every so
 * many where there are many. Unless the range is fixed it is widened to whole marks.
 */
export function logTicks(low: number, high: number, fixed = false): Ticks {
  const first = Math.floor(Math.log10(low) + 1e-9);
  const last = Math.ceil(Math.log10(high) - 1e-9);
  const factors = Math.log10(high / low) <= 2 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil((last - first) / 8));
  const all: number[] = [];
  for (let power = first; power <= last; power++) {
    if ((power - first) % every === 0) all.push(...factors.map((f) => Number(`${f}e${power}`)));
  }
  const below = all.findLast((value) => value <= low * (1 + 1e-9)) ?? low;
  const above = all.find((value) => value >= high * (1 - 1e-9)) ?? 10 ** last;
  const [from, to] = fixed ? [low, high] : [below, above === below ? above * 10 : above];
  const values = all.filter((value) => value >= from * (1 - 1e-9) && value <= to * (1 + 1e-9));
  return { values, labels: values.map(formatNumber), low: from, high: to };
}

/** Options of {@link niceTicks}. */
export interface TickOptions {
  readonly count?: number;
  readonly style?: NumberStyle;
  /** Steps are whole numbers, as for epochs. */
  readonly whole?: boolean;
  /** The range is kept as it is. */
  readonly fixed?: boolean;
}

function tickLabel(value: number, step: number, style: NumberStyle): string {
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  if (style === 'percent') return formatPercent(value, Math.max(0, decimals - 2));
  const size = Math.abs(value);
  if (size > 0 && (size >= 1e7 || step < 1e-4)) return scientific(value.toExponential(2));
  return grouped(value.toFixed(step < 1e-4 ? 0 : decimals));
}

/** The affine map that takes [low, high] to [from, to]. */
export function linear(
  low: number,
  high: number,
  from: number,
  to: number,
): (value: number) => number {
  const slope = (to - from) / (high - low);
  return (value) => from + (value - low) * slope;
}
