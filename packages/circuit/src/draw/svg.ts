import { shorten } from './angle-text.ts';
import { extent, layoutOf, pagesOf } from './layout.ts';
import type { Layout, Placement } from './layout.ts';
import type { Mark, Tone } from './marks.ts';
import { styleText } from './svg-style.ts';
import type { Circuit } from '../types.ts';

/** Options of {@link drawSvg}. */
export interface DrawSvgOptions {
  /** Greatest width in pixels; longer drawings are folded. 0 or Infinity: never fold. Default 960. */
  readonly width?: number;
  /** Colours: of the reader's system (`auto`), or fixed. Default `auto`. */
  readonly theme?: 'auto' | 'light' | 'dark';
  /** Name of the drawing for screen readers and tooltips. Default: the number of qubits and operations. */
  readonly title?: string;
}

const WIRE_GAP = 54;
const BOX = 36;
const MARGIN = 16;
const COLUMN_GAP = 14;
const PAGE_GAP = 30;
const NAME_SIZE = 14;
const ANGLE_SIZE = 10.5;

/**
 * Draws a circuit as one self-contained SVG: conventions as in {@link draw}. Every operation is a
 * `<g class="gate" data-op="3">` with the index of the operation (`3.then.0` inside a conditional) and its full text as
 * tooltip. Colours tell inputs, weights, fixed gates, noise and measurements apart; they are CSS variables (`--kw-ink`,
 * `--kw-input-fill`, …) with a light and a dark set, and can be overridden. Nothing outside the file is needed.
 *
 * @returns The `<svg>` element with `viewBox`, width and height in pixels.
 * @example
 * ```ts
 * import { circuit, drawSvg } from '@ketwork/circuit';
 * const bell = circuit(2, (q) => {
 *   q.h(0);
 *   q.cnot(0, 1);
 * });
 * console.log(drawSvg(bell).startsWith('<svg')); // true
 * ```
 */
export function drawSvg(circuit: Circuit, options: DrawSvgOptions = {}): string {
  const layout = layoutOf(circuit);
  const theme = options.theme ?? 'auto';
  const limit =
    options.width === undefined
      ? 960
      : options.width > 0
        ? options.width
        : Number.POSITIVE_INFINITY;
  const margin = MARGIN + labelWidth(layout);
  const widths = columnWidths(layout);
  const pages = pagesOf(widths, limit - margin - MARGIN);
  const lines = pages.map(([first, end]) =>
    widths.slice(first, end).reduce((sum, width) => sum + width, 0),
  );
  const width = margin + Math.max(COLUMN_GAP, ...lines) + MARGIN;
  const pageHeight = heightOf(layout);
  const height = pages.length * pageHeight + (pages.length - 1) * PAGE_GAP + 2 * MARGIN;

  const positions = new Map<number, Position>();
  const wires = pages.map(([first, end], page) => {
    const top = MARGIN + page * (pageHeight + PAGE_GAP) + BOX / 2;
    let x = margin;
    for (let column = first; column < end; column++) {
      positions.set(column, { x: x + widths[column]! / 2, top, width: widths[column]! });
      x += widths[column]!;
    }
    return wireLines(
      layout,
      margin,
      Math.max(x, margin + COLUMN_GAP),
      top,
      page > 0,
      page < pages.length - 1,
    );
  });
  const title =
    options.title ??
    `Circuit of ${plural(circuit.qubits, 'qubit')} and ${plural(circuit.ops.length, 'operation')}`;
  const size = `width="${number(width)}" height="${number(height)}" viewBox="0 0 ${number(width)} ${number(height)}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="ketwork-circuit ${theme}" role="img" ${size}>`,
    `<title>${escape(title)}</title>`,
    `<style>${styleText(theme)}</style>`,
    `<rect class="paper" width="100%" height="100%"/>`,
    ...wires,
    ...layout.placements.map((placement) =>
      placementSvg(placement, positions.get(placement.column)!, layout.qubits),
    ),
    '</svg>',
  ].join('\n');
}

/** Centre of a column, height of the top wire, width of the column. */
interface Position {
  readonly x: number;
  readonly top: number;
  readonly width: number;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function number(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function escape(text: string): string {
  return [...text]
    .map((character) => ENTITIES[character] ?? (isXml(character) ? character : '�'))
    .join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/** Whether XML 1.0 allows the character at all. */
function isXml(character: string): boolean {
  const code = character.codePointAt(0)!;
  if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd;
  return !(code >= 0xd800 && code <= 0xdfff) && code !== 0xfffe && code !== 0xffff;
}

/** Estimated width of text in the drawing's sans-serif font; on the generous side, since fonts differ. */
function textWidth(text: string, size: number): number {
  let units = 0;
  for (const character of text) {
    if (/[ilj.,:;|'()[\]·I!]/.test(character)) units += 0.36;
    else if (/[mwMW]/.test(character)) units += 0.92;
    else if (/[A-Z⟩√…]/.test(character)) units += 0.72;
    else units += character.codePointAt(0)! > 0x2fff ? 1.1 : 0.6;
  }
  return units * size;
}

function labelWidth(layout: Layout): number {
  const names = [`q${layout.qubits - 1}`, layout.bits > 0 ? `c ${layout.bits}` : ''];
  return Math.max(...names.map((name) => textWidth(name, NAME_SIZE))) + 10;
}

function heightOf(layout: Layout): number {
  return (layout.qubits - 1) * WIRE_GAP + BOX + (layout.bits > 0 ? WIRE_GAP : 0);
}

function markWidth(mark: Mark): number {
  switch (mark.kind) {
    case 'box': {
      const text = Math.max(textWidth(mark.name, NAME_SIZE), textWidth(mark.angles, ANGLE_SIZE));
      return Math.max(BOX, text + 14 + (mark.pins.length > 0 ? 22 : 0));
    }
    case 'meter':
    case 'reset':
      return BOX;
    case 'not':
      return 24;
    case 'control':
    case 'swap':
    case 'barrier':
      return 16;
  }
}

function columnWidths(layout: Layout): number[] {
  const widths = new Array<number>(layout.columns).fill(0);
  for (const { column, marks, classical } of layout.placements) {
    const label = classical === undefined ? 0 : textWidth(classical.label, ANGLE_SIZE) + 4;
    widths[column] = Math.max(widths[column]!, label, ...marks.map(markWidth));
  }
  return widths.map((width) => Math.ceil(width) + COLUMN_GAP);
}

function wireY(top: number, wire: number): number {
  return top + wire * WIRE_GAP;
}

function line(name: string, x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="${name}" x1="${number(x1)}" y1="${number(y1)}" x2="${number(x2)}" y2="${number(y2)}"/>`;
}

function textAt(name: string, x: number, y: number, content: string): string {
  return `<text class="${name}" x="${number(x)}" y="${number(y)}">${escape(content)}</text>`;
}

function wireLines(
  layout: Layout,
  x1: number,
  x2: number,
  top: number,
  before: boolean,
  after: boolean,
): string {
  const parts: string[] = [];
  const start = x1 - (before ? 4 : 0);
  const end = x2 + (after ? 8 : 0);
  for (let wire = 0; wire < layout.qubits; wire++) {
    const y = wireY(top, wire);
    parts.push(textAt('label', x1 - 8, y + 5, `q${wire}`), line('wire', start, y, end, y));
  }
  if (layout.bits > 0) {
    const y = wireY(top, layout.qubits);
    parts.push(textAt('label', x1 - 8, y + 5, `c ${layout.bits}`));
    parts.push(
      line('wire', start, y - 1.75, end, y - 1.75),
      line('wire', start, y + 1.75, end, y + 1.75),
    );
    parts.push(line('wire', start + 3, y + 6, start + 9, y - 6));
  }
  const bottom = wireY(top, layout.qubits - 1 + (layout.bits > 0 ? 1 : 0));
  if (before) parts.push(line('fold', x1 - 4, top - BOX / 2, x1 - 4, bottom + BOX / 2));
  if (after) parts.push(line('fold', x2 + 8, top - BOX / 2, x2 + 8, bottom + BOX / 2));
  return `<g class="wires">${parts.join('')}</g>`;
}

function placementSvg(placement: Placement, position: Position, classicalWire: number): string {
  const { x, top } = position;
  const parts: string[] = [];
  if (placement.linked && placement.marks.length > 1) {
    const first = wireY(top, extent(placement.marks[0]!)[1]);
    parts.push(line('link', x, first, x, wireY(top, extent(placement.marks.at(-1)!)[0])));
  }
  const { classical } = placement;
  if (classical !== undefined) {
    const y1 = wireY(top, extent(placement.marks.at(-1)!)[1]);
    const y2 = wireY(top, classicalWire);
    parts.push(
      line('double', x - 1.75, y1, x - 1.75, y2 - 1.75),
      line('double', x + 1.75, y1, x + 1.75, y2 - 1.75),
    );
    parts.push(
      classical.kind === 'measure'
        ? `<path class="arrow" d="M${number(x - 5)} ${number(y2 - 9)}h10l-5 8z"/>`
        : `<circle class="dot" cx="${number(x)}" cy="${number(y2)}" r="4.5"/>`,
    );
    parts.push(textAt('bit', x, y2 + 16, classical.label));
  }
  for (const mark of placement.marks) parts.push(markSvg(mark, position, placement.tone));
  const head = placement.opens
    ? `<g class="gate ${placement.tone}" data-op="${placement.path}"><title>${escape(placement.title)}</title>`
    : '';
  return head + parts.join('') + (placement.closes ? '</g>' : '');
}

function markSvg(mark: Mark, position: Position, tone: Tone): string {
  const { x, top } = position;
  if (mark.kind === 'box') return boxSvg(mark, position, tone);
  const y = wireY(top, mark.wire);
  switch (mark.kind) {
    case 'control':
      return `<circle class="${mark.value === 1 ? 'dot' : 'open'}" cx="${number(x)}" cy="${number(y)}" r="4.5"/>`;
    case 'not':
      return (
        `<circle class="not" cx="${number(x)}" cy="${number(y)}" r="11"/>` +
        line('plus', x - 11, y, x + 11, y) +
        line('plus', x, y - 11, x, y + 11)
      );
    case 'swap':
      return line('cross', x - 6, y - 6, x + 6, y + 6) + line('cross', x - 6, y + 6, x + 6, y - 6);
    case 'reset':
      return square(x, y, tone) + textAt('name', x, y + 5, '|0⟩');
    case 'barrier':
      return `<rect class="fence" x="${number(x - 5)}" y="${number(y - WIRE_GAP / 2)}" width="10" height="${WIRE_GAP}"/>`;
    case 'meter': {
      const dial = `<path class="dial" d="M${number(x - 10)} ${number(y + 7)}a10 10 0 0 1 20 0"/>`;
      const hand = line('dial', x, y + 7, x + 8, y - 8);
      const kept =
        mark.postselect === undefined ? '' : textAt('pin', x - 11, y - 7, String(mark.postselect));
      return square(x, y, tone) + dial + hand + kept;
    }
  }
}

function square(x: number, y: number, tone: Tone): string {
  return `<rect class="box ${tone}" x="${number(x - BOX / 2)}" y="${number(y - BOX / 2)}" width="${BOX}" height="${BOX}" rx="4"/>`;
}

function boxSvg(mark: Extract<Mark, { kind: 'box' }>, { x, top }: Position, tone: Tone): string {
  const width = Math.ceil(markWidth(mark));
  const y1 = wireY(top, mark.top) - BOX / 2;
  const y2 = wireY(top, mark.bottom) + BOX / 2;
  const left = x - width / 2;
  const parts = [
    `<rect class="box ${tone}" x="${number(left)}" y="${number(y1)}" width="${width}" height="${number(y2 - y1)}" rx="4"/>`,
  ];
  const middle = (y1 + y2) / 2;
  if (mark.pins.length > 0) {
    for (let wire = mark.top; wire <= mark.bottom; wire++) {
      const y = wireY(top, wire);
      const pin = mark.pins.find((candidate) => candidate.wire === wire);
      // A wire that only passes behind the box stays visible through it, but not through the text.
      if (pin === undefined && y !== middle) parts.push(line('passing', left, y, left + width, y));
      else if (pin === undefined) {
        parts.push(
          line('passing', left, y, left + 8, y),
          line('passing', left + width - 8, y, left + width, y),
        );
      } else if (pin.text === '■' || pin.text === '○') {
        const kind = pin.text === '■' ? 'dot' : 'open';
        parts.push(`<circle class="${kind}" cx="${number(left + 11)}" cy="${number(y)}" r="4.5"/>`);
      } else parts.push(textAt('pin', left + 11, y + 4, pin.text));
    }
  }
  const centre = x + (mark.pins.length > 0 ? 9 : 0);
  if (mark.angles === '') parts.push(textAt('name', centre, middle + 5, mark.name));
  else {
    parts.push(textAt('name', centre, middle - 1, mark.name));
    parts.push(textAt('angle', centre, middle + 12, shorten(mark.angles, 60)));
  }
  return parts.join('');
}
