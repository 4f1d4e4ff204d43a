// Figures as tables with a bar in each row.
import { html, nothing } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import type { BackEnd } from '../../../../bench/gpu/bed.ts';
import type { Figure, Kind } from '../../../../bench/gpu/figures.ts';

/** The tables and what they are about. */
const tables: readonly (readonly [Exclude<Kind, 'sweep'>, title: string, about: string])[] = [
  ['gates', 'Gates per second', 'hardware-efficient layers on one state'],
  ['values', 'Examples per second', 'a batch of values'],
  ['gradients', 'Gradients per second', 'a batch of values and gradients'],
  ['bytes', 'Bytes moved, GB/s', 'read and written by a run, a pass for every gate on a GPU'],
];

const compact = new Intl.NumberFormat('en', {
  notation: 'compact',
  maximumSignificantDigits: 3,
});

/** A ratio with as many digits as mean something. */
function times(ratio: number): string {
  if (ratio < 0.001) return '< 0.001';
  return ratio >= 100 ? ratio.toFixed(0) : String(Number(ratio.toPrecision(2)));
}

/** All tables that have rows, one for each number of qubits; `label` names a back end. */
export function figureTables(
  list: readonly Figure[],
  label: (backEnd: BackEnd) => string,
): readonly TemplateResult[] {
  const names = new Map(list.map(({ backEnd }) => [backEnd.name, label(backEnd)] as const));
  // What a row is compared with: a back end, another way on the same one, or something else.
  const peer = ({ backEnd, row }: Figure): string => {
    const text = row.peerName ?? '';
    const own = `${backEnd.name}, `;
    if (text.startsWith(own)) return text.slice(own.length);
    return names.get(text.replace(/, the same$/, '')) ?? text;
  };
  return tables.flatMap(([kind, title, about]) => {
    const rows = list.filter((figure) => figure.kind === kind);
    return [...new Set(rows.map(({ qubits }) => qubits))].map((qubits) =>
      table(
        title,
        `${qubits} qubits, ${about}`,
        rows.filter((row) => row.qubits === qubits),
        label,
        peer,
      ),
    );
  });
}

function table(
  title: string,
  about: string,
  rows: readonly Figure[],
  label: (backEnd: BackEnd) => string,
  peer: (figure: Figure) => string,
): TemplateResult {
  const most = Math.max(...rows.map(({ row }) => row.ours));
  const line = (figure: Figure): TemplateResult => {
    const { backEnd, detail, row } = figure;
    return html`<tr>
      <th scope="row">
        ${label(backEnd)}${detail === undefined ? nothing : html`<small>${detail}</small>`}
      </th>
      <td class="number">${compact.format(row.ours)}</td>
      <td class="drawn">
        <progress max="1" .value=${row.ours / most} aria-hidden="true"></progress>
      </td>
      <td class="ratio">
        ${row.ratio === null ? nothing : html`<b>${times(row.ratio)} ×</b> ${peer(figure)}`}
      </td>
    </tr>`;
  };
  return html`<section class="card" aria-label=${`${title}, ${about}`}>
    <h2>${title} <small>${about}</small></h2>
    <table class="bars">
      <tbody>
        ${rows.map(line)}
      </tbody>
    </table>
  </section>`;
}
