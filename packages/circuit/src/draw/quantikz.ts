import { extent, layoutOf, pagesOf } from './layout.ts';
import type { Layout, Placement } from './layout.ts';
import type { Mark } from './marks.ts';
import type { Circuit } from '../types.ts';

/** Options of {@link drawQuantikz}. */
export interface DrawQuantikzOptions {
  /** Columns of a line; longer circuits go on in a second picture, and so on. No limit by default. */
  readonly columns?: number;
}

/**
 * Draws a circuit as LaTeX for the quantikz package, version 1.0 or later:
 * `\usepackage{tikz} \usetikzlibrary{quantikz2}` (Kay, arXiv:1809.03842). The columns are those of `draw`; classical bits
 * are one double wire at the bottom, with the bits or the condition written at the end of each double line.
 *
 * @returns One `quantikz` environment per line of the drawing, without a newline at the end.
 * @example
 * ```ts
 * import { circuit, drawQuantikz } from '@ketwork/circuit';
 * console.log(drawQuantikz(circuit(2, (q) => q.h(0).cnot(0, 1))));
 * // \begin{quantikz}
 * // \lstick{$q_{0}$} & \gate{H} & \ctrl{}\wire[d][1]{q} & \\
 * // \lstick{$q_{1}$} &  & \targ{} &
 * // \end{quantikz}
 * ```
 */
export function drawQuantikz(circuit: Circuit, options: DrawQuantikzOptions = {}): string {
  const layout = layoutOf(circuit);
  const { columns = Number.POSITIVE_INFINITY } = options;
  const pages = pagesOf(new Array<number>(layout.columns).fill(1), Math.max(1, columns));
  return pages.map(([first, end]) => picture(layout, first, end)).join('\n');
}

function picture(layout: Layout, first: number, end: number): string {
  const rows = layout.qubits + (layout.bits > 0 ? 1 : 0);
  const cells = Array.from({ length: rows }, () => new Array<string>(end - first).fill(''));
  const add = (row: number, column: number, text: string): void => {
    cells[row]![column]! += text;
  };
  for (const placement of layout.placements) {
    const column = placement.column - first;
    if (placement.column < first || placement.column >= end) continue;
    drawPlacement(placement, layout.qubits, (row, text) => add(row, column, text));
  }
  const lines = cells.map((row, wire) => {
    const start =
      wire < layout.qubits
        ? `\\lstick{$q_{${wire}}$}`
        : `\\lstick{$c_{${layout.bits}}$}\\setwiretype{c}`;
    return [start, ...row, ''].join(' & ').trimEnd();
  });
  return ['\\begin{quantikz}', lines.join(' \\\\\n'), '\\end{quantikz}'].join('\n');
}

function drawPlacement(
  placement: Placement,
  classicalRow: number,
  add: (row: number, text: string) => void,
): void {
  const { marks, linked, classical } = placement;
  marks.forEach((mark) => add(extent(mark)[0], markText(mark, marks)));
  if (linked) {
    // A line from the lower end of each mark to the upper end of the next.
    marks.slice(0, -1).forEach((mark, i) => {
      const bottom = extent(mark)[1];
      const length = extent(marks[i + 1]!)[0] - bottom;
      if (length > 0) add(bottom, `\\wire[d][${length}]{q}`);
    });
  }
  if (classical !== undefined) {
    const bottom = Math.max(...marks.map((mark) => extent(mark)[1]));
    add(bottom, `\\wire[d][${classicalRow - bottom}]{c}`);
    add(classicalRow, `\\push{\\scriptstyle ${escaped(classical.label)}}`);
  }
}

function markText(mark: Mark, all: readonly Mark[]): string {
  switch (mark.kind) {
    case 'box': {
      const angles = mark.angles === '' ? '' : `(${escaped(mark.angles)})`;
      const [top, bottom] = extent(mark);
      const wires = bottom === top ? '' : `[${bottom - top + 1}]`;
      const pins = mark.pins.length === 0 ? '' : pinned(mark);
      return `\\gate${wires}{${named(mark.name)}${pins}${angles}}`;
    }
    case 'control':
      return mark.value === 1 ? controlOf(all) : '\\octrl{}';
    case 'not':
      return '\\targ{}';
    case 'swap':
      return '\\targX{}';
    case 'reset':
      return '\\gate{\\ket{0}}';
    case 'barrier':
      return mark === all[0] ? `\\barrier[0em]{${all.length - 1}}` : '';
    case 'meter':
      return mark.postselect === undefined ? '\\meter{}' : `\\meterD{\\ket{${mark.postselect}}}`;
  }
}

/** A dot; the last of several that are joined is drawn as a control too, as of CZ. */
function controlOf(all: readonly Mark[]): string {
  return all.length > 1 ? '\\ctrl{}' : '\\control{}';
}

/** Which wire is which: the order of the qubits, Pauli letters or controls inside a box, as a subscript. */
function pinned(mark: Extract<Mark, { kind: 'box' }>): string {
  const texts = [...mark.pins].sort((a, b) => a.wire - b.wire).map(({ text }) => escaped(text));
  return `_{${texts.join('')}}`;
}

/** A name in upright letters; kets stay kets. */
function named(name: string): string {
  const ket = /^\|(.*)⟩$/.exec(name);
  if (ket !== null) return `\\ket{${escaped(ket[1]!)}}`;
  return /^[A-Z]$/.test(name) ? name : `\\mathrm{${escaped(name)}}`;
}

const SIGNS: Readonly<Record<string, string>> = {
  '\\': '\\backslash ',
  _: '\\_',
  '#': '\\#',
  $: '\\$',
  '%': '\\%',
  '&': '\\&',
  '{': '\\{',
  '}': '\\}',
  '^': '\\hat{}',
  '~': '\\sim ',
  π: '\\pi ',
  ψ: '\\psi ',
  γ: '\\gamma ',
  θ: '\\theta ',
  φ: '\\phi ',
  λ: '\\lambda ',
  '·': '\\cdot ',
  '†': '^{\\dagger}',
  '√': '\\surd ',
  '≤': '\\leq ',
  '…': '\\dots ',
  '■': '\\bullet ',
  '○': '\\circ ',
  '₀': '_{0}',
  '²': '^{2}',
  '⟩': '\\rangle ',
  ' ': '\\ ',
};

/** Text for math mode: signs of LaTeX are masked, Greek letters and signs of drawings translated. */
function escaped(text: string): string {
  return [...text].map((sign) => SIGNS[sign] ?? sign).join('');
}
