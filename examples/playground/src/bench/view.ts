// The bench view: every back end of this machine on the same circuits, as curves that cross.
import { lineChart } from '@ketwork/plot';
import { html, nothing, render } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { backEnds, engineOf, isChoice, threads } from '../engines.ts';
import type { BackEnd } from '../engines.ts';
import { download, drawing, widthOf } from '../ui/drawing.ts';
import type { LazyView } from '../ui/lazy-view.ts';
import { duration } from '../ui/numbers.ts';
import { runButton } from '../ui/run-button.ts';
import { slider } from '../ui/slider.ts';
import { LIMITS, benchDefaults, crossover, timeOf } from './measure.ts';
import type { BenchSettings, Timings } from './measure.ts';

/** Makes the view, once it is known what there is to compute on. */
export async function view(): Promise<LazyView> {
  return new BenchView(await backEnds());
}

class BenchView implements LazyView {
  readonly element: HTMLElement = document.createElement('div');
  #settings: BenchSettings = benchDefaults;
  readonly #backEnds: readonly BackEnd[];
  readonly #left = new Set<string>();
  #timings: readonly Timings[] = [];
  #running: AbortController | undefined;
  #status = 'Ready';
  #chart: SVGSVGElement | undefined;

  constructor(list: readonly BackEnd[]) {
    this.#backEnds = list.filter((one) => !isChoice(one));
    for (const { id, software } of this.#backEnds) if (software === true) this.#left.add(id);
    new ResizeObserver(() => {
      this.#chart = undefined;
      this.#render();
    }).observe(this.element);
  }

  shown(): void {
    this.#render();
  }

  #set(change: Partial<BenchSettings>): void {
    this.#settings = { ...this.#settings, ...change };
    this.#render();
  }

  async #start(): Promise<void> {
    const stop = new AbortController();
    this.#running = stop;
    const chosen = this.#backEnds.filter(({ id }) => !this.#left.has(id));
    this.#timings = chosen.map(({ id, label }) => ({ id, label, qubits: [], milliseconds: [] }));
    const { from, to } = this.#settings;
    for (let qubits = from; qubits <= to && !stop.signal.aborted; qubits++) {
      for (const [i, backEnd] of chosen.entries()) {
        if (stop.signal.aborted || this.#timings[i]!.ended !== undefined) continue;
        this.#status = `${backEnd.label}, ${qubits} qubits`;
        this.#render();
        await new Promise((resolve) => setTimeout(resolve));
        const timings = await this.#measured(backEnd, this.#timings[i]!, qubits, stop.signal);
        if (stop.signal.aborted) break;
        this.#timings = this.#timings.with(i, timings);
        this.#chart = undefined;
      }
      if (this.#timings.every((timings) => timings.ended !== undefined)) break;
    }
    this.#running = undefined;
    this.#status = stop.signal.aborted ? 'Stopped' : 'Finished';
    this.#render();
  }

  async #measured(
    backEnd: BackEnd,
    timings: Timings,
    qubits: number,
    signal: AbortSignal,
  ): Promise<Timings> {
    try {
      const engine = await engineOf(backEnd);
      const time = await timeOf(engine, qubits, this.#settings, signal);
      return {
        ...timings,
        qubits: [...timings.qubits, qubits],
        milliseconds: [...timings.milliseconds, time],
        ...(time > LIMITS.longest ? { ended: `a call takes ${duration(time)}` } : {}),
      };
    } catch (error) {
      return { ...timings, ended: error instanceof Error ? error.message : String(error) };
    }
  }

  #render(): void {
    render(this.#template(), this.element);
  }

  #template(): TemplateResult {
    const busy = this.#running !== undefined;
    const { work, batch, from, to } = this.#settings;
    return html`<div class="columns training">
      <div class="column">
        <section class="card settings" aria-label="Settings">
          <fieldset ?disabled=${busy}>
            <legend>Circuits</legend>
            <label class="field"
              ><span>work</span>
              <select
                name="work"
                @change=${(event: Event) => this.#set({ work: (event.target as HTMLSelectElement).value as BenchSettings['work'] })}
              >
                <option value="gradient" ?selected=${work === 'gradient'}>
                  values and gradients
                </option>
                <option value="run" ?selected=${work === 'run'}>values</option>
              </select>
            </label>
            <label class="field"
              ><span>batch</span>
              <select
                name="batch"
                @change=${(event: Event) => this.#set({ batch: Number((event.target as HTMLSelectElement).value) })}
              >
                ${[1, 16, 64, 256, 1024].map((size) => html`<option value=${size} ?selected=${batch === size}>${size}</option>`)}
              </select>
            </label>
            ${this.#range('layers', 'layers', 1, 12, 1)} ${this.#range('from', 'from', 1, 20, 1)}
            ${this.#range('to', 'to', 1, 20, 1)}
          </fieldset>
          <fieldset ?disabled=${busy}>
            <legend>Back ends</legend>
            ${this.#backEnds.map(
              ({ id, label, about }) =>
                html`<label class="check">
                  <input
                    type="checkbox"
                    name=${id}
                    .checked=${!this.#left.has(id)}
                    @change=${(event: Event) => {
                      if ((event.target as HTMLInputElement).checked) this.#left.delete(id);
                      else this.#left.add(id);
                    }}
                  />
                  <span>${label}<small>${about}</small></span>
                </label>`,
            )}
          </fieldset>
        </section>
      </div>
      <div class="column">
        <section class="card run" aria-label="Measurement">
          <div class="cardhead">
            ${runButton(busy, 'Measure', {
              start: () => void this.#start(),
              stop: () => this.#running?.abort(),
            })}
            <span class="status" role="status">${this.#status}</span>
            <span class="space"></span>
            <button
              type="button"
              class="plain"
              ?disabled=${busy || this.#timings.length === 0}
              @click=${() => this.#save()}
            >
              Save JSON
            </button>
          </div>
          <figure class="crossover">${this.#curves()}</figure>
          ${this.#summary()}
        </section>
        <section class="card" aria-label="Times">
          <h2>
            Milliseconds a call
            <small
              >batch ${batch}, ${work === 'run' ? 'values' : 'values and gradients'}; least of
              several</small
            >
          </h2>
          <div class="tablewindow">${this.#table()}</div>
        </section>
        <p class="quiet machine">
          ${threads} ${threads === 1 ? 'thread' : 'threads'}; shared memory
          ${crossOriginIsolated ? 'is' : 'is not'}
          available${crossOriginIsolated ? '' : ' (the server sends no isolation headers), so that threads share batches but not single states'}.
          ${from > to ? 'The largest size is below the smallest: nothing to measure.' : ''}
        </p>
      </div>
    </div>`;
  }

  #curves(): SVGSVGElement | TemplateResult {
    const series = this.#timings.filter(({ qubits }) => qubits.length > 0);
    if (series.length === 0) {
      return html`<p class="quiet placeholder">
        Measure to see from which size on which back end is fastest.
      </p>`;
    }
    this.#chart ??= drawing(
      lineChart(
        series.map(({ label, qubits, milliseconds }) => ({
          name: label,
          x: qubits,
          values: milliseconds,
        })),
        {
          title: 'Time of a call',
          xLabel: 'qubits',
          yLabel: 'milliseconds',
          yScale: 'log',
          width: widthOf(this.element, '.crossover'),
          height: 380,
        },
      ),
    );
    return this.#chart;
  }

  #summary(): TemplateResult {
    const stretches = crossover(this.#timings);
    const text = stretches.map(
      ({ from, to, label }) =>
        html`<li><b>${from === to ? from : `${from} to ${to}`} qubits</b> ${label}</li>`,
    );
    return html`<ul class="stretches" aria-label="Fastest back ends">
      ${text.length === 0 ? html`<li>–</li>` : text}
    </ul>`;
  }

  #table(): TemplateResult {
    const { from, to } = this.#settings;
    const sizes = Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
    return html`<table class="times">
      <thead>
        <tr>
          <th scope="col">qubits</th>
          ${sizes.map((n) => html`<th scope="col">${n}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${this.#timings.map(
          ({ label, qubits, milliseconds, ended }) =>
            html`<tr>
              <th scope="row">
                ${label}${ended === undefined ? nothing : html`<small>${ended}</small>`}
              </th>
              ${sizes.map((n) => {
                const time = milliseconds[qubits.indexOf(n)];
                return html`<td>
                  ${time === undefined ? '–' : time < 10 ? time.toPrecision(3) : time.toFixed(time < 100 ? 1 : 0)}
                </td>`;
              })}
            </tr>`,
        )}
      </tbody>
    </table>`;
  }

  #range(
    name: Exclude<keyof BenchSettings, 'work' | 'batch'>,
    label: string,
    min: number,
    max: number,
    step: number,
  ): TemplateResult {
    return slider({
      name,
      label,
      value: this.#settings[name],
      range: [min, max, step],
      set: (value) => this.#set({ [name]: value }),
    });
  }

  #save(): void {
    const { userAgent } = navigator;
    const record = {
      userAgent,
      threads,
      crossOriginIsolated,
      settings: this.#settings,
      timings: this.#timings,
    };
    download('ketwork-bench.json', 'application/json', JSON.stringify(record, undefined, 2));
  }
}
