// The final state: Bloch vectors of the qubits, probabilities and amplitudes of the basis states.
import { html, nothing, svg } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { fixed, percent } from '../ui/numbers.ts';
import type { LiveResult } from './live.ts';

/** Rows of the list of basis states. */
const ROWS = 16;

/** The cards of a result. */
export function results(
  result: LiveResult | undefined,
  failure: Error | undefined,
): TemplateResult {
  if (result === undefined) {
    return html`<section class="card" aria-label="Result">
      <h2>Result</h2>
      <p class="failure" role="alert">${failure?.message ?? 'Loading …'}</p>
    </section>`;
  }
  return html`
    <section class="card" aria-label="Bloch vectors">
      <h2>Qubits</h2>
      <div class="spheres">
        ${Array.from({ length: result.qubits }, (_, qubit) =>
          sphere(qubit, [
            result.bloch[3 * qubit]!,
            result.bloch[3 * qubit + 1]!,
            result.bloch[3 * qubit + 2]!,
          ]),
        )}
      </div>
    </section>
    ${states(result)} ${result.bits === undefined ? nothing : bits(result.bits)}
  `;
}

const RADIUS = 34;
/** Seen from the front, a little from above and from the right of the x axis. */
const project = ([x, y, z]: readonly [number, number, number]): readonly [number, number] => [
  RADIUS * (0.94 * y - 0.34 * x),
  RADIUS * (0.3 * x * 0.9 + 0.1 * y - 0.95 * z),
];

function sphere(qubit: number, vector: readonly [number, number, number]): TemplateResult {
  const [x, y, z] = vector;
  const length = Math.hypot(x, y, z);
  const [px, py] = project(vector);
  const axes: readonly (readonly [string, readonly [number, number, number]])[] = [
    ['x', [1, 0, 0]],
    ['y', [0, 1, 0]],
    ['z', [0, 0, 1]],
  ];
  const label = `Qubit ${qubit}: x ${fixed(x, 2)}, y ${fixed(y, 2)}, z ${fixed(z, 2)}, length ${fixed(length, 2)}`;
  return html`<figure class="sphere" data-qubit=${qubit} aria-label=${label}>
    <svg viewBox="-46 -46 92 92" width="92" height="92" role="img" aria-label=${label}>
      <circle class="ball" r=${RADIUS} />
      <ellipse class="equator" rx=${RADIUS} ry=${RADIUS * 0.3} />
      ${axes.map(([, axis]) => {
        const [ax, ay] = project(axis);
        return svg`<line class="axis" x1=${-ax} y1=${-ay} x2=${ax} y2=${ay} />`;
      })}
      <text x="0" y="-37">0</text>
      <text x="0" y="44">1</text>
      <line class="vector" x1="0" y1="0" x2=${px} y2=${py} />
      <circle class="tip" cx=${px} cy=${py} r="4" />
    </svg>
    <figcaption>
      <b>q${qubit}</b><span>${fixed(x, 2)}</span><span>${fixed(y, 2)}</span
      ><span>${fixed(z, 2)}</span>
    </figcaption>
  </figure>`;
}

/** Indices of the basis states that are listed: all, or the most probable ones, in order. */
export function listed(probabilities: ArrayLike<number>): readonly number[] {
  const all = Array.from({ length: probabilities.length }, (_, index) => index);
  if (all.length <= ROWS) return all;
  return all
    .sort((a, b) => Math.round(1e9 * (probabilities[b]! - probabilities[a]!)) || a - b)
    .slice(0, ROWS)
    .sort((a, b) => a - b);
}

/** The bits of a basis state, qubit 0 leftmost. */
function ket(index: number, qubits: number): string {
  return `|${index.toString(2).padStart(qubits, '0')}⟩`;
}

function states({
  qubits,
  probabilities,
  amplitudes,
  beforeMeasurement,
}: LiveResult): TemplateResult {
  const rows = listed(probabilities);
  const notes = [
    amplitudes === undefined ? 'a mixture, since the circuit measures on its way' : '',
    beforeMeasurement ? 'before the final measurement' : '',
    rows.length < probabilities.length
      ? `the ${ROWS} most probable of ${probabilities.length}`
      : '',
  ].filter((note) => note !== '');
  return html`<section class="card" aria-label="Basis states">
    <h2>States <small>${notes.join(' · ')}</small></h2>
    ${probabilities.length > ROWS ? overview(probabilities) : nothing}
    <table class="states">
      <thead>
        <tr>
          <th scope="col">State</th>
          <th scope="col" class="wide">Probability</th>
          <th scope="col" class="right" colspan="2">Amplitude</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map((index) => {
          const p = probabilities[index]!;
          return html`<tr data-state=${index}>
            <th scope="row">${ket(index, qubits)}</th>
            <td class="wide">
              <svg class="bar" aria-hidden="true">
                <rect class="track" width="100%" height="100%" rx="3" />
                <rect class="fill" width="${100 * Math.min(1, p)}%" height="100%" rx="3" />
              </svg>
              <span class="value">${percent(p)}</span>
            </td>
            ${
              amplitudes === undefined
                ? html`<td class="right" colspan="2">–</td>`
                : amplitude(amplitudes[2 * index]!, amplitudes[2 * index + 1]!)
            }
          </tr>`;
        })}
      </tbody>
    </table>
  </section>`;
}

function amplitude(re: number, im: number): TemplateResult {
  const size = Math.hypot(re, im);
  const degrees = size < 1e-9 ? 0 : (180 / Math.PI) * Math.atan2(im, re);
  return html`<td class="phase">
      <svg
        viewBox="-11 -11 22 22"
        width="22"
        height="22"
        role="img"
        aria-label="phase ${fixed(degrees, 0)} degrees"
      >
        <circle class="ring" r="9.5" />
        <circle class="disc" r=${9.5 * Math.min(1, size)} />
        ${size < 1e-9 ? nothing : svg`<line class="hand" x1="0" y1="0" x2=${(9.5 * re) / size} y2=${(-9.5 * im) / size} />`}
      </svg>
    </td>
    <td class="right complex">
      ${fixed(re, 3)} ${im < -5e-4 ? '−' : '+'} ${fixed(Math.abs(im), 3)}i
    </td>`;
}

/** All probabilities side by side. */
function overview(probabilities: Float64Array): TemplateResult {
  const top = probabilities.reduce((most, p) => Math.max(most, p), 0);
  const count = probabilities.length;
  // At most 256 bars: neighbours share one, which is as high as the highest of them.
  const share = Math.ceil(count / 256);
  let path = '';
  for (let first = 0; first < count; first += share) {
    let p = 0;
    for (let i = first; i < Math.min(count, first + share); i++) p = Math.max(p, probabilities[i]!);
    const height = top === 0 ? 0 : (58 * p) / top;
    const up = height.toFixed(2);
    if (height > 0.05) path += `M${first} 60v-${up}h${share * 0.8}v${up}z`;
  }
  return html`<svg
    class="overview"
    viewBox="0 0 ${count} 60"
    preserveAspectRatio="none"
    role="img"
    aria-label="Probabilities of all ${count} states"
  >
    <path d=${path} />
  </svg>`;
}

function bits(probabilities: Float64Array): TemplateResult {
  const count = Math.log2(probabilities.length);
  const rows = listed(probabilities);
  return html`<section class="card" aria-label="Classical bits">
    <h2>Classical bits <small>c0 leftmost</small></h2>
    <table class="states">
      <tbody>
        ${rows.map(
          (index) =>
            html`<tr>
              <th scope="row">${index.toString(2).padStart(count, '0')}</th>
              <td class="wide">
                <svg class="bar" aria-hidden="true">
                  <rect class="track" width="100%" height="100%" rx="3" />
                  <rect
                    class="fill"
                    width="${100 * Math.min(1, probabilities[index]!)}%"
                    height="100%"
                    rx="3"
                  />
                </svg>
                <span class="value">${percent(probabilities[index]!)}</span>
              </td>
            </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}
