/**
 * Small helpers that write SVG and HTML as text. Text passes through `escape` on its way in; markup is joined only
 * from what these helpers return.
 */

/** Characters that XML 1.0 does not allow even escaped, and halves of surrogate pairs. */
const FORBIDDEN =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it may stand between tags and in quoted attributes of both XML and HTML. */
export function escape(text: string): string {
  return text.replace(FORBIDDEN, '\ufffd').replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** Attributes of an element; undefined ones are left out, numbers are rounded to 1/100. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** One element; `children` are markup, so text must be escaped by the caller. */
export function element(
  name: string,
  attributes: Attributes,
  ...children: readonly string[]
): string {
  let tag = `<${name}`;
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined)
      tag += ` ${key}="${typeof value === 'number' ? round(value) : escape(value)}"`;
  }
  return children.length === 0 ? `${tag}/>` : `${tag}>${children.join('')}</${name}>`;
}

/** A `text` element. */
export function label(x: number, y: number, text: string, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, escape(text));
}

/** Estimated width in pixels of text in the system's sans-serif font at the given size. */
export function textWidth(text: string, size: number): number {
  return text.length * size * 0.56;
}

/** A number for a coordinate, without a trailing `.00` and without `-0`. */
export function round(value: number): string {
  return String(Math.round(value * 100) / 100 + 0);
}

/** A number for people: digits in groups of three, four significant digits where it is not whole. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'not a number' : value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  if (size >= 1e15 || (size > 0 && size < 1e-4)) return scientific(value.toExponential(3));
  if (Number.isInteger(value)) return grouped(value.toFixed(0));
  const decimals = Math.max(0, 3 - Math.floor(Math.log10(size)));
  return grouped(Number(value.toFixed(decimals)).toString());
}

/** A number with the given count of decimals, grouped, with a real minus sign. */
export function grouped(digits: string): string {
  const [whole, fraction] = digits.split('.') as [string, string?];
  const groups = whole.replace('-', '−').replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? groups : `${groups}.${fraction}`;
}

/** `1.500e-7` as `1.5e−7`. */
export function scientific(text: string): string {
  return text
    .replace(/\.?0*e/, 'e')
    .replace('e+', 'e')
    .replaceAll('-', '−');
}

/** Share as a percentage with one decimal where it has one. */
export function formatPercent(share: number, decimals = 1): string {
  return `${grouped(Number((100 * share).toFixed(decimals)).toString())} %`;
}

/** Number of colours in {@link CHART_STYLE}; further series repeat them with another dash. */
export const COLOURS = 6;

/**
 * Style of every chart. It stands in each SVG so that a chart saved on its own looks right; a page may override the
 * variables. Hues keep apart for the common colour blindnesses, and series also differ by dash.
 */
const LIGHT = {
  ink: '#1c2430',
  muted: '#5b6675',
  grid: '#e3e7ec',
  ground: '#ffffff',
  wrong: '#b3261e',
  right: '#1d7a4f',
  c0: '#1f66b5',
  c1: '#c4560c',
  c2: '#1d7f5f',
  c3: '#8247b8',
  c4: '#b8336a',
  c5: '#6b6f1d',
};

const DARK: typeof LIGHT = {
  ink: '#e6eaf0',
  muted: '#9aa5b4',
  grid: '#323a45',
  ground: '#181c22',
  wrong: '#ff8a80',
  right: '#6fd6a5',
  c0: '#74b4f7',
  c1: '#f6a45f',
  c2: '#62d0a6',
  c3: '#c9a2f2',
  c4: '#f593bb',
  c5: '#cfd268',
};

/** CSS declarations `--kw-ink:…` of both themes, for charts and reports. */
export const LIGHT_VARIABLES: string = variables(LIGHT);
/** See {@link LIGHT_VARIABLES}. */
export const DARK_VARIABLES: string = variables(DARK);

const CHART_STYLE = [
  `.kw-chart{${LIGHT_VARIABLES}font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;font-size:12px}`,
  `@media (prefers-color-scheme:dark){.kw-chart{${DARK_VARIABLES}}.kw-chart image{filter:invert(1)}}`,
  '.kw-chart text{fill:var(--kw-muted)}',
  '.kw-chart .kw-title{fill:var(--kw-ink);font-size:15px;font-weight:600}',
  '.kw-chart .kw-strong{fill:var(--kw-ink)}',
  '.kw-chart .kw-on{fill:var(--kw-ground)}',
  '.kw-chart .kw-wrong{fill:var(--kw-wrong);font-weight:600}',
  '.kw-chart .kw-grid{stroke:var(--kw-grid);stroke-width:1;fill:none}',
  '.kw-chart .kw-axis{stroke:var(--kw-muted);stroke-width:1;fill:none}',
  '.kw-chart .kw-line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}',
  '.kw-chart image{image-rendering:pixelated}',
].join('');

function variables(theme: typeof LIGHT): string {
  return Object.entries(theme)
    .map(([name, value]) => `--kw-${name}:${value};`)
    .join('');
}

/** A whole chart: size in pixels, accessible title and description, style, content. */
export function chart(
  width: number,
  height: number,
  title: string,
  description: string,
  ...content: string[]
): string {
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      class: 'kw-chart',
      role: 'img',
      'aria-label': title,
      width,
      height,
      viewBox: `0 0 ${round(width)} ${round(height)}`,
    },
    element('title', {}, escape(title)),
    element('desc', {}, escape(description)),
    element('style', {}, CHART_STYLE),
    ...content,
  );
}
