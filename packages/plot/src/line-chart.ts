import { ValueError } from '@ketwork/base';
import { linear, logTicks, niceTicks } from './scale.ts';
import type { NumberStyle } from './scale.ts';
import {
  COLOURS,
  chart,
  element,
  escape,
  formatNumber,
  formatPercent,
  label,
  round,
  textWidth,
} from './svg.ts';

/** One curve of a {@link lineChart}. */
export interface Series {
  /** Name in the legend. */
  readonly name: string;
  /** Heights of the points; a value that is not finite leaves a gap. */
  readonly values: ArrayLike<number>;
  /** Horizontal positions, as many as values. Default: 1, 2, 3 … (epochs). */
  readonly x?: ArrayLike<number>;
}

/** Options of {@link lineChart}. */
export interface LineChartOptions {
  /** Heading of the chart. */
  readonly title: string;
  /** What the horizontal axis counts, with its unit, such as `epoch` or `time (s)`. */
  readonly xLabel: string;
  /** What the vertical axis measures, with its unit, such as `loss (nats)`. */
  readonly yLabel: string;
  /** Description for readers who cannot see the chart. Default: first, last and extreme value of each series. */
  readonly description?: string;
  /** Fixed range of the vertical axis. Default: from the values, widened to round numbers. */
  readonly yRange?: readonly [low: number, high: number];
  /** `percent` writes 0.5 as 50 %. Default `number`. */
  readonly yStyle?: NumberStyle;
  /** `log`: equal ratios have equal heights, for positive values of many sizes, such as times. Default `linear`. */
  readonly yScale?: 'linear' | 'log';
  /** Width in pixels. Default 560. */
  readonly width?: number;
  /** Height in pixels. Default 340. */
  readonly height?: number;
}

const DASHES = [undefined, '7 4', '2 4', '10 4 2 4'] as const;
/** Above this many points in a series the dots would merge into a thick line. */
const MOST_DOTS = 60;

/**
 * Curves over a common axis, such as loss or accuracy by epoch, as a stand-alone SVG text that follows the reader's
 * light or dark theme. Points carry their values as tooltips.
 *
 * @throws ValueError where there is no finite value, positions and values differ in number, the range is empty, or a
 * value has no place on a logarithmic axis.
 * @example
 * ```ts
 * import { lineChart } from '@ketwork/plot';
 * const svg = lineChart(
 *   [{ name: 'train', values: [0.69, 0.41, 0.3] }, { name: 'test', values: [0.68, 0.45, 0.37] }],
 *   { title: 'Loss', xLabel: 'epoch', yLabel: 'cross-entropy (nats)' },
 * );
 * console.log(svg.startsWith('<svg')); // true
 * ```
 */
export function lineChart(series: readonly Series[], options: LineChartOptions): string {
  const {
    title,
    xLabel,
    yLabel,
    yRange,
    yStyle = 'number',
    yScale = 'linear',
    width = 560,
    height = 340,
  } = options;
  const curves = series.map((one) => points(one, title));
  const all = curves.flat();
  if (all.length === 0) {
    throw new ValueError(`chart "${title}" has no finite value to draw`, {
      remedy: 'Give at least one series with values',
    });
  }
  if (yRange !== undefined && !(yRange[0] < yRange[1] && Number.isFinite(yRange[1] - yRange[0]))) {
    throw new ValueError(
      `chart "${title}": the range [${yRange.join(', ')}] is empty or not finite`,
      { remedy: 'Give [lowest, highest]' },
    );
  }

  const x = niceTicks(least(all, 'x'), most(all, 'x'), {
    count: 8,
    whole: all.every((point) => Number.isInteger(point.x)),
    fixed: least(all, 'x') < most(all, 'x'),
  });
  const [lowest, highest] = yRange ?? [least(all, 'y'), most(all, 'y')];
  const logarithmic = yScale === 'log';
  if (logarithmic && !(lowest > 0)) {
    throw new ValueError(`chart "${title}": ${lowest} has no place on a logarithmic axis`, {
      remedy: 'Give positive values, and NaN for gaps, or use a linear axis',
    });
  }
  const y = logarithmic
    ? logTicks(lowest, highest, yRange !== undefined)
    : niceTicks(lowest, highest, { style: yStyle, fixed: yRange !== undefined });
  const left = 14 + Math.max(...y.labels.map((text) => textWidth(text, 12)));
  const right = width - 18;
  const legend =
    series.length > 1 ? legendRows(series, left, right, 46) : { markup: '', bottom: 22 };
  const top = legend.bottom + 36;
  const bottom = height - 46;
  const atX = linear(x.low, x.high, left, right);
  const level = logarithmic ? Math.log10 : (value: number): number => value;
  const place = linear(level(y.low), level(y.high), bottom, top);
  const atY = (value: number): number => place(level(value));
  const write = (value: number): string =>
    yStyle === 'percent' ? formatPercent(value) : formatNumber(value);

  const parts = [
    label(0, 17, title, { class: 'kw-title' }),
    legend.markup,
    label(0, top - 14, yLabel),
    label((left + right) / 2, height - 6, xLabel, { 'text-anchor': 'middle' }),
  ];
  y.values.forEach((value, i) => {
    parts.push(
      element('path', {
        class: 'kw-grid',
        d: `M${round(left)} ${round(atY(value))}H${round(right)}`,
      }),
    );
    parts.push(label(left - 8, atY(value) + 4, y.labels[i]!, { 'text-anchor': 'end' }));
  });
  parts.push(
    element('path', { class: 'kw-axis', d: `M${round(left)} ${round(bottom)}H${round(right)}` }),
  );
  x.values.forEach((value, i) => {
    parts.push(
      element('path', { class: 'kw-axis', d: `M${round(atX(value))} ${round(bottom)}v5` }),
    );
    parts.push(label(atX(value), bottom + 19, x.labels[i]!, { 'text-anchor': 'middle' }));
  });
  const dotsToo = curves.every((curve) => curve.length <= MOST_DOTS);
  const lines = curves.map((curve, i) => {
    const path = curve
      .map((point) => `${point.starts ? 'M' : 'L'}${round(atX(point.x))} ${round(atY(point.y))}`)
      .join('');
    const stroke = `stroke:var(--kw-c${i % COLOURS})`;
    const dots = curve
      .filter((point) => dotsToo || point.alone)
      .map((point) =>
        element(
          'circle',
          { cx: atX(point.x), cy: atY(point.y), r: 2.5 },
          element(
            'title',
            {},
            escape(`${series[i]!.name}, ${xLabel} ${formatNumber(point.x)}: ${write(point.y)}`),
          ),
        ),
      );
    return (
      element('path', { class: 'kw-line', d: path, style: stroke, 'stroke-dasharray': dash(i) }) +
      (dots.length === 0 ? '' : element('g', { style: `fill:var(--kw-c${i % COLOURS})` }, ...dots))
    );
  });
  // A fixed range may cut curves off; a nested viewport clips them without an id.
  const viewport = { x: left - 4, y: top - 4, width: right - left + 8, height: bottom - top + 8 };
  const box = [viewport.x, viewport.y, viewport.width, viewport.height].map(round).join(' ');
  parts.push(element('svg', { ...viewport, viewBox: box }, ...lines));

  const description =
    options.description ??
    `${yLabel} by ${xLabel}. ${series.map((one, i) => summary(one.name, curves[i]!, write)).join(' ')}`;
  return chart(width, height, title, description, ...parts);
}

interface Point {
  readonly x: number;
  readonly y: number;
  /** The first point after a gap. */
  readonly starts: boolean;
  /** Without neighbours on either side: no line would show it. */
  readonly alone: boolean;
}

function points({ name, values, x }: Series, title: string): Point[] {
  if (x !== undefined && x.length !== values.length) {
    throw new ValueError(
      `chart "${title}", series "${name}": ${x.length} positions for ${values.length} values`,
      { remedy: 'Give one position for each value' },
    );
  }
  const at = (i: number): number => (x === undefined ? i + 1 : x[i]!);
  const shown = (i: number): boolean =>
    i >= 0 && i < values.length && Number.isFinite(values[i]) && Number.isFinite(at(i));
  const result: Point[] = [];
  for (let i = 0; i < values.length; i++) {
    if (!shown(i)) continue;
    const starts = !shown(i - 1);
    result.push({ x: at(i), y: values[i]!, starts, alone: starts && !shown(i + 1) });
  }
  return result;
}

const least = (all: readonly Point[], axis: 'x' | 'y'): number =>
  all.reduce((value, point) => Math.min(value, point[axis]), Infinity);
const most = (all: readonly Point[], axis: 'x' | 'y'): number =>
  all.reduce((value, point) => Math.max(value, point[axis]), -Infinity);

/** Colours and dashes change together; a series beyond the colours repeats one with the next dash. */
function dash(index: number): string | undefined {
  return DASHES[(index + Math.floor(index / COLOURS)) % DASHES.length];
}

function legendRows(
  series: readonly Series[],
  left: number,
  right: number,
  baseline: number,
): { markup: string; bottom: number } {
  let x = 0;
  let y = baseline;
  let markup = '';
  series.forEach(({ name }, i) => {
    const width = 30 + textWidth(name, 12) + 20;
    if (x > 0 && x + width > right) {
      x = 0;
      y += 20;
    }
    markup += element('path', {
      class: 'kw-line',
      d: `M${round(x)} ${round(y - 4)}h24`,
      style: `stroke:var(--kw-c${i % COLOURS})`,
      'stroke-dasharray': dash(i),
    });
    markup += label(x + 30, y, name, { class: 'kw-strong' });
    x += width;
  });
  return { markup, bottom: y };
}

function summary(name: string, curve: readonly Point[], write: (value: number) => string): string {
  if (curve.length === 0) return `${name}: no values.`;
  const ends = `from ${write(curve[0]!.y)} to ${write(curve.at(-1)!.y)}`;
  return `${name}: ${ends}, lowest ${write(least(curve, 'y'))}, highest ${write(most(curve, 'y'))}.`;
}
