import { checkedSvg } from './figure.ts';
import type { Figure } from './figure.ts';
import { ValueError } from '@ketwork/base';
import { REPORT_STYLE } from './report-style.ts';
import { element, escape, formatNumber } from './svg.ts';

/** A figure of merit at the head of a {@link report}. */
export interface Tile {
  /** What it is, such as `test accuracy`. */
  readonly label: string;
  /** Its value; numbers are written with four significant digits, texts as they are. */
  readonly value: number | string;
  /** Unit after the value, such as `%` or `s`. */
  readonly unit?: string;
  /** A smaller line below, such as the comparison. */
  readonly note?: string;
}

/** A table of a {@link report}. */
export interface Table {
  /** Headings. */
  readonly columns: readonly string[];
  /** Cells, `[rows, columns]`; numbers are written with four significant digits and set to the right. */
  readonly rows: readonly (readonly (string | number | boolean)[])[];
  /** Sentence above the table. */
  readonly caption?: string;
}

/** A paragraph (plain text), a figure or a table. Figures that follow one another stand side by side where they fit. */
export type ReportBlock = string | Figure | Table;

/** A part of a {@link report} with its own heading. */
export interface ReportSection {
  /** Heading. */
  readonly title: string;
  /** Content from top to bottom. */
  readonly blocks: readonly ReportBlock[];
}

/** Content of a {@link report}. All text is plain text: markup in it is shown, not obeyed. */
export interface ReportContent {
  /** Heading and title of the page. */
  readonly title: string;
  /** A sentence or two under the heading. */
  readonly summary?: string;
  /** Figures of merit. */
  readonly tiles?: readonly Tile[];
  /** The parts. */
  readonly sections: readonly ReportSection[];
  /** Seed of the run, for the footer. */
  readonly seed?: number;
  /** Names and versions of what took part, such as `{ ketwork: '0.1.0', node: 'v24' }`, for the footer. */
  readonly versions?: Readonly<Record<string, string>>;
  /** Wall time of the run in seconds, for the footer. */
  readonly wallTime?: number;
  /** When the run was made, as it shall be written, for the footer. Not filled in: equal runs give equal files. */
  readonly date?: string;
  /** Language of the text, BCP 47. Default `en`. */
  readonly language?: string;
}

/**
 * Writes one self-contained HTML page: SVG inside, no script, no network (a content security policy in the page forbids
 * both), light and dark, for screen, phone and print.
 *
 * @returns The page as text; equal content gives equal text. Save it with {@link writeReport}.
 * @throws ValueError where a figure is not one `<svg>` element or holds scripts or outside links, or a table row has
 * another number of cells than there are columns; the message names the section.
 * @example
 * ```ts
 * import { lineChart, report } from '@ketwork/plot';
 * const svg = lineChart([{ name: 'loss', values: [0.7, 0.4, 0.3] }], { title: 'Loss', xLabel: 'epoch', yLabel: 'nats' });
 * const html = report({
 *   title: 'Digits 0 and 1',
 *   tiles: [{ label: 'test accuracy', value: 97.5, unit: '%' }],
 *   sections: [{ title: 'Training', blocks: ['Adam, 3 epochs.', { svg, caption: 'The loss falls.' }] }],
 *   seed: 7,
 * });
 * console.log(html.startsWith('<!DOCTYPE html>')); // true
 * ```
 */
export function report(content: ReportContent): string {
  const { title, summary, tiles = [], sections, language = 'en' } = content;
  const head = element(
    'head',
    {},
    '<meta charset="utf-8"/>',
    // The page needs nothing from outside, and says so to the browser.
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"/>`,
    '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
    '<meta name="color-scheme" content="light dark"/>',
    element('title', {}, escape(title)),
    element('style', {}, REPORT_STYLE),
  );
  const body = element(
    'body',
    {},
    element(
      'header',
      {},
      element('h1', {}, escape(title)),
      summary === undefined ? '' : element('p', { class: 'lead' }, escape(summary)),
      tiles.length === 0 ? '' : element('dl', { class: 'tiles' }, ...tiles.map(tileMarkup)),
    ),
    element('main', {}, ...sections.map(sectionMarkup)),
    footer(content),
  );
  const html = element(
    'html',
    { xmlns: 'http://www.w3.org/1999/xhtml', lang: language },
    `\n${head}`,
    `\n${body}\n`,
  );
  return `<!DOCTYPE html>\n${html}\n`;
}

function tileMarkup({ label, value, unit, note }: Tile): string {
  const text = typeof value === 'number' ? formatNumber(value) : value;
  return element(
    'div',
    {},
    element('dt', {}, escape(label)),
    element(
      'dd',
      {},
      escape(text),
      unit === undefined ? '' : element('small', {}, ` ${escape(unit)}`),
    ),
    note === undefined ? '' : element('dd', { class: 'note' }, escape(note)),
  );
}

function sectionMarkup({ title, blocks }: ReportSection): string {
  const parts: string[] = [];
  let figures: string[] = [];
  const flush = (): void => {
    if (figures.length > 0) parts.push(element('div', { class: 'figures' }, ...figures));
    figures = [];
  };
  blocks.forEach((block, i) => {
    const where = `report section "${title}", block ${i}`;
    if (typeof block !== 'string' && 'svg' in block) {
      figures.push(figureMarkup(block, where));
      return;
    }
    flush();
    parts.push(
      typeof block === 'string' ? element('p', {}, escape(block)) : tableMarkup(block, where),
    );
  });
  flush();
  return `\n${element('section', {}, element('h2', {}, escape(title)), ...parts)}`;
}

function figureMarkup({ svg, caption, wide = false }: Figure, where: string): string {
  return element(
    'figure',
    { class: wide ? 'wide' : undefined },
    // A wide circuit scrolls in its frame rather than shrink beyond reading.
    element('div', { class: 'frame' }, checkedSvg(svg, where)),
    caption === undefined ? '' : element('figcaption', {}, escape(caption)),
  );
}

function tableMarkup({ columns, rows, caption }: Table, where: string): string {
  rows.forEach((row, r) => {
    if (row.length !== columns.length) {
      throw new ValueError(
        `${where}: row ${r} has ${row.length} cells for ${columns.length} columns`,
      );
    }
  });
  const numeric = columns.map(
    (_, c) => rows.length > 0 && rows.every((row) => typeof row[c] === 'number'),
  );
  const side = (c: number): string | undefined => (numeric[c] ? 'number' : undefined);
  const heads = columns.map((name, c) =>
    element('th', { scope: 'col', class: side(c) }, escape(name)),
  );
  const body = rows.map((row) =>
    element(
      'tr',
      {},
      ...row.map((cell, c) => element('td', { class: side(c) }, escape(cellText(cell)))),
    ),
  );
  return element(
    'div',
    { class: 'frame' },
    element(
      'table',
      {},
      caption === undefined ? '' : element('caption', {}, escape(caption)),
      element('thead', {}, element('tr', {}, ...heads)),
      element('tbody', {}, ...body),
    ),
  );
}

function cellText(cell: string | number | boolean): string {
  if (typeof cell === 'number') return formatNumber(cell);
  return typeof cell === 'boolean' ? (cell ? 'yes' : 'no') : cell;
}

function footer({ seed, versions, wallTime, date }: ReportContent): string {
  const items: [string, string][] = [];
  if (date !== undefined) items.push(['date', date]);
  if (seed !== undefined) items.push(['seed', String(seed)]);
  if (wallTime !== undefined) items.push(['wall time', duration(wallTime)]);
  for (const [name, version] of Object.entries(versions ?? {})) items.push([name, version]);
  if (items.length === 0) return '';
  const list = items.map(([name, value]) =>
    element('div', {}, element('dt', {}, escape(name)), element('dd', {}, escape(value))),
  );
  return `\n${element('footer', {}, element('dl', {}, ...list))}`;
}

/** Seconds for people. */
function duration(seconds: number): string {
  if (!(seconds < 60)) {
    const whole = Math.round(seconds);
    const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
    return `${hours > 0 ? `${hours} h ` : ''}${minutes} min ${whole % 60} s`;
  }
  return seconds < 1 ? `${formatNumber(Math.round(1000 * seconds))} ms` : `${seconds.toFixed(1)} s`;
}
