// The bench view: every back end of this machine on the same circuits, as curves that cross and as figures.
import { UnsupportedError } from '@ketwork/base';
import { lineChart } from '@ketwork/plot';
import { html, nothing, render } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { figures, resultText, sizesOf, stretches } from '../../../../bench/gpu/figures.ts';
import type { Figure, HeaderRow } from '../../../../bench/gpu/figures.ts';
import type { BackEnd as Measured } from '../../../../bench/gpu/bed.ts';
import { backEnds, forget, isChoice, threads } from '../engines.ts';
import type { BackEnd } from '../engines.ts';
import { download, drawing, widthOf } from '../ui/drawing.ts';
import type { LazyView } from '../ui/lazy-view.ts';
import { duration } from '../ui/numbers.ts';
import { runButton } from '../ui/run-button.ts';
import { slider } from '../ui/slider.ts';
import { testedOf } from './bed.ts';
import { figureTables } from './figures-table.ts';
import { LONGEST, benchDefaults, benchTiming, figureSizes, withSize } from './measure.ts';
import type { BenchSettings } from './measure.ts';

const EMULATED =
  'Emulated back ends compute on the CPU. Their times say nothing of a GPU: of them only ratios mean something, as that of ' +
  'merged gates to a pass for every gate, or of a batch to one by one.';

/** Version of the library, put in when the page is built. */
declare const KETWORK_VERSION: string;

/** Makes the view, once it is known what there is to compute on. */
export async function view(): Promise<LazyView> {
  return new BenchView(await backEnds());
}

class BenchView implements LazyView {
  readonly element: HTMLElement = document.createElement('div');
  #settings: BenchSettings = benchDefaults;
  readonly #backEnds: readonly BackEnd[];
  readonly #left = new Set<string>();
  /** Settings of the figures that are shown. */
  #measured: BenchSettings = benchDefaults;
  #figures: readonly Figure[] = [];
  /** Back ends under test. */
  #tested: ReadonlyMap<Measured, BackEnd> = new Map();
  /** Why some have left. */
  #ended: Map<Measured, string> = new Map();
  #running: AbortController | undefined;
  #status = 'Ready';
  #chart: SVGSVGElement | undefined;
  #copyLabel = 'Copy JSON';

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
    if (this.#backEnds.every(({ id }) => this.#left.has(id))) {
      this.#status = 'Tick a back end first';
      this.#render();
      return;
    }
    const stop = new AbortController();
    this.#running = stop;
    this.#figures = [];
    this.#ended = new Map();
    this.#chart = undefined;
    this.#measured = this.#settings;
    const tested = testedOf(
      this.#backEnds.filter(({ id }) => !this.#left.has(id)),
      stop.signal,
    );
    this.#tested = tested.backEnds;
    try {
      const bed = {
        backEnds: [...tested.backEnds.keys()],
        sizes: figureSizes(this.#settings),
        settings: benchTiming,
        next: (what: string) => this.#tell(what),
        skip: (backEnd: Measured, reason: string, error: unknown) => {
          this.#ended.set(backEnd, reason);
          if (!(error instanceof UnsupportedError)) forget(tested.backEnds.get(backEnd)!);
        },
      };
      for await (const figure of figures(bed)) {
        this.#figures = [...this.#figures, figure];
        if (figure.kind === 'sweep') this.#chart = undefined;
        this.#render();
      }
      this.#status = 'Finished';
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      this.#status = 'Stopped';
    } finally {
      tested.close();
      this.#running = undefined;
      this.#render();
    }
  }

  /** Shows what is measured next. */
  async #tell(what: string): Promise<void> {
    this.#status = what;
    this.#render();
    await new Promise((resolve) => setTimeout(resolve));
  }

  #render(): void {
    render(this.#template(), this.element);
  }

  #template(): TemplateResult {
    const busy = this.#running !== undefined;
    const { work, batch } = this.#settings;
    const shown = this.#measured;
    const emulated = this.#backEnds.some(
      ({ id, software }) => software === true && !this.#left.has(id),
    );
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
            ${this.#range('layers', 'layers', 1, 12)}
          </fieldset>
          <fieldset ?disabled=${busy}>
            <legend>Qubits</legend>
            ${this.#range('from', 'from', 1, 20)} ${this.#range('to', 'to', 1, 20)}
            ${this.#range('large', 'one state', 6, 24)}
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
                      this.#render();
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
              ?disabled=${busy || this.#figures.length === 0}
              @click=${() => void this.#copy()}
            >
              ${this.#copyLabel}
            </button>
            <button
              type="button"
              class="plain"
              ?disabled=${busy || this.#figures.length === 0}
              @click=${() => this.#save()}
            >
              Save JSON
            </button>
          </div>
          ${emulated ? html`<p class="caution">${EMULATED}</p>` : nothing}
          <figure class="crossover">${this.#curves()}</figure>
          ${this.#summary()}
        </section>
        <section class="card" aria-label="Times">
          <h2>
            Milliseconds a call
            <small
              >batch ${shown.batch}, ${shown.work === 'run' ? 'values' : 'values and gradients'};
              median of several</small
            >
          </h2>
          <div class="tablewindow" tabindex="0" role="region" aria-label="Times by qubits">
            ${this.#table()}
          </div>
        </section>
        ${figureTables(this.#figures, (backEnd) => this.#tested.get(backEnd)!.label)}
        <p class="quiet machine">
          ${threads} ${threads === 1 ? 'thread' : 'threads'}; shared memory
          ${crossOriginIsolated ? 'is' : 'is not'}
          available${crossOriginIsolated ? '' : ' (the server sends no isolation headers), so that threads share batches but not single states'}.
        </p>
      </div>
    </div>`;
  }

  #curves(): SVGSVGElement | TemplateResult {
    const sweep = this.#figures.filter(({ kind }) => kind === 'sweep');
    if (sweep.length === 0) {
      return html`<p class="quiet placeholder">
        Measure to see from which size on which back end is fastest, and how many gates, examples
        and bytes a second it manages.
      </p>`;
    }
    this.#chart ??= drawing(
      lineChart(
        [...this.#tested].flatMap(([backEnd, { label }]) => {
          const own = sweep.filter((figure) => figure.backEnd === backEnd);
          if (own.length === 0) return [];
          return [
            {
              name: label,
              x: own.map(({ qubits }) => qubits),
              values: own.map(({ row }) => row.ours),
            },
          ];
        }),
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
    const text = stretches(this.#figures).map(
      ({ from, to, backEnd }) =>
        html`<li>
          <b>${from === to ? from : `${from} to ${to}`} qubits</b>
          ${this.#tested.get(backEnd)!.label}
        </li>`,
    );
    return html`<ul class="stretches" aria-label="Fastest back ends">
      ${text}
    </ul>`;
  }

  #table(): TemplateResult {
    const { from, to } = this.#measured;
    const sizes = sizesOf(from, to);
    const line = (backEnd: Measured, { label }: BackEnd): TemplateResult => {
      const times = new Map(
        this.#figures
          .filter((figure) => figure.kind === 'sweep' && figure.backEnd === backEnd)
          .map(({ qubits, row }) => [qubits, row.ours] as const),
      );
      const last = Math.max(0, ...times.values());
      const ended =
        this.#ended.get(backEnd) ??
        (last > 1000 * LONGEST ? `a call takes ${duration(last)}` : undefined);
      return html`<tr>
        <th scope="row">
          ${label}${ended === undefined ? nothing : html`<small>${ended}</small>`}
        </th>
        ${sizes.map((n) => {
          const time = times.get(n);
          return html`<td>
            ${time === undefined ? '–' : time < 10 ? time.toPrecision(3) : time.toFixed(time < 100 ? 1 : 0)}
          </td>`;
        })}
      </tr>`;
    };
    return html`<table class="times">
      <thead>
        <tr>
          <th scope="col">qubits</th>
          ${sizes.map((n) => html`<th scope="col">${n}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${[...this.#tested].map(([measured, backEnd]) => line(measured, backEnd))}
      </tbody>
    </table>`;
  }

  #range(
    name: Exclude<keyof BenchSettings, 'work' | 'batch'>,
    label: string,
    min: number,
    max: number,
  ): TemplateResult {
    return slider({
      name,
      label,
      value: this.#settings[name],
      range: [min, max, 1],
      set: (value) => this.#set(withSize(this.#settings, name, value)),
    });
  }

  /** The rows in the form of the bench's result files. */
  #json(): string {
    const adapters = this.#backEnds.flatMap(({ id, adapter }) =>
      adapter === undefined ? [] : [[id, adapter] as const],
    );
    const header: HeaderRow = {
      question: 'gpu',
      header: true,
      date: new Date().toISOString().slice(0, 10),
      versions: { ketwork: KETWORK_VERSION, browser: navigator.userAgent },
      machine: {
        threads,
        sharedMemory: crossOriginIsolated ? 'yes' : 'no',
        ...Object.fromEntries(adapters),
      },
      rounds: benchTiming.rounds,
      skipped: [...this.#ended].map(([{ name }, reason]) => `gpu: ${name}: ${reason}`),
    };
    return resultText(
      header,
      this.#figures.map(({ row }) => row),
    );
  }

  #save(): void {
    download('ketwork-bench.json', 'application/json', this.#json());
  }

  async #copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.#json());
      this.#copyLabel = 'Copied';
    } catch {
      this.#copyLabel = 'Not allowed';
    }
    this.#render();
    setTimeout(() => {
      this.#copyLabel = 'Copy JSON';
      this.#render();
    }, 1600);
  }
}
