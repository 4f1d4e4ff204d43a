// The training view: choose data, model and back end, then watch `fit` at work.
import { drawSvg } from '@ketwork/circuit';
import { lineChart } from '@ketwork/plot';
import { adam, crossEntropy } from '@ketwork/nn';
import type { Model } from '@ketwork/nn';
import { fit, predict } from '@ketwork/training';
import type { FitProgress } from '@ketwork/training';
import { html, nothing, render } from 'lit-html';
import type { TemplateResult } from 'lit-html';
import { backEnds, engineOf, forget, lossOf, reasonOf } from '../engines.ts';
import type { BackEnd } from '../engines.ts';
import { drawing, widthOf } from '../ui/drawing.ts';
import type { LazyView } from '../ui/lazy-view.ts';
import { fixed, percent } from '../ui/numbers.ts';
import { runButton } from '../ui/run-button.ts';
import { slider } from '../ui/slider.ts';
import { SIDE, drawPlane } from './plane.ts';
import { ansatz, classOne, defaults, gridPoints, modelOf, pointsOf } from './task.ts';
import type { Points, TaskSettings } from './task.ts';

/** Milliseconds between two pictures of the model. */
const PICTURE_EVERY = 250;
/** Milliseconds of work after which the page gets a turn, at the latest. */
const TURN = 14;
/** Points of the loss curve that are drawn. */
const MOST_POINTS = 240;

/** Makes the view, once it is known what there is to compute on. */
export async function view(): Promise<LazyView> {
  return new TrainView(await backEnds());
}

class TrainView implements LazyView {
  readonly element: HTMLElement = document.createElement('div');
  #settings: TaskSettings = defaults;
  #points: Points = pointsOf(defaults);
  readonly #backEnds: readonly BackEnd[];
  #backEnd = 'cpu';
  #running: AbortController | undefined;
  #progress: FitProgress | undefined;
  /** What is known of back ends that have been used. */
  readonly #reasons = new Map<string, string>();
  /** Examples a second. */
  #speed = 0;
  #losses: number[] = [];
  #accuracies: number[] = [];
  #probabilities: Float64Array | undefined;
  #status = 'Ready';
  #failure: string | undefined;
  #circuit: SVGSVGElement | undefined;
  #chart: SVGSVGElement | undefined;

  constructor(list: readonly BackEnd[]) {
    this.#backEnds = list;
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#plane());
    new ResizeObserver(() => {
      this.#chart = undefined;
      this.#render();
    }).observe(this.element);
  }

  shown(): void {
    this.#render();
  }

  #set(change: Partial<TaskSettings>): void {
    this.#settings = { ...this.#settings, ...change };
    this.#points = pointsOf(this.#settings);
    this.#probabilities = undefined;
    this.#circuit = undefined;
    this.#render();
  }

  async #start(): Promise<void> {
    const stop = new AbortController();
    this.#running = stop;
    this.#failure = undefined;
    this.#losses = [];
    this.#accuracies = [];
    this.#progress = undefined;
    this.#chart = undefined;
    this.#status = 'Starting';
    this.#render();
    try {
      await this.#train(stop.signal);
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error);
      forget(this.#backEnds.find(({ id }) => id === this.#backEnd)!);
      this.#status = 'Failed';
    }
    this.#running = undefined;
    this.#render();
  }

  async #train(signal: AbortSignal): Promise<void> {
    const { epochs, batchSize, learningRate, seed } = this.#settings;
    const backEnd = this.#backEnds.find(({ id }) => id === this.#backEnd)!;
    const engine = await engineOf(backEnd);
    this.#reasons.set(backEnd.id, reasonOf(engine) ?? backEnd.about);
    const model = modelOf(this.#settings);
    const { inputs, labels } = this.#points;
    const run = fit(
      model,
      { inputs, labels, inputShape: [2] },
      {
        loss: crossEntropy,
        optimizer: adam(learningRate),
        epochs,
        batchSize,
        seed,
        engine,
        signal,
      },
    );
    this.#status = `Training on ${backEnd.label}`;
    let turn = performance.now();
    let picture = 0;
    let busy = 0;
    for await (const step of run) {
      busy += performance.now() - turn;
      this.#progress = step;
      this.#speed = Math.round((1000 * step.step * batchSize) / Math.max(1, busy));
      // Every epoch is seen, however fast they are; the speed counts the steps alone.
      if (step.record !== undefined || performance.now() - turn > TURN) {
        if (step.record !== undefined) {
          this.#losses.push(step.record.loss);
          this.#accuracies.push(step.record.metrics['accuracy'] ?? 0);
        }
        if (performance.now() - picture > PICTURE_EVERY) {
          picture = performance.now();
          await this.#look(model);
        }
        this.#render();
        await nextFrame();
      }
      turn = performance.now();
    }
    const { reason, seconds } = await run;
    const lost = lossOf(engine);
    if (lost !== undefined) this.#failure = `The GPU was lost (${lost}); the CPU went on.`;
    await this.#look(model);
    this.#status = `${reason === 'completed' ? 'Finished' : 'Stopped'} after ${fixed(seconds, 1)} s`;
  }

  /** What the model says of the plane. */
  async #look(model: Model): Promise<void> {
    this.#probabilities = classOne(await predict(model, gridPoints(SIDE)));
    this.#chart = undefined;
  }

  #lossChart(): SVGSVGElement | TemplateResult {
    if (this.#losses.length === 0) {
      return html`<p class="quiet placeholder">The loss of every epoch appears here.</p>`;
    }
    const share = Math.max(1, Math.ceil(this.#losses.length / MOST_POINTS));
    const kept = (values: readonly number[]): number[] =>
      values.filter((_, i) => i % share === share - 1 || i === values.length - 1);
    const epochs = kept(this.#losses.map((_, i) => i + 1));
    this.#chart ??= drawing(
      lineChart(
        [
          { name: 'loss', values: kept(this.#losses), x: epochs },
          { name: 'error rate', values: kept(this.#accuracies.map((a) => 1 - a)), x: epochs },
        ],
        {
          title: 'Training',
          xLabel: 'epoch',
          yLabel: 'cross-entropy (nats), share of errors',
          yRange: [0, Math.max(0.8, ...this.#losses) * 1.02],
          width: widthOf(this.element, '.loss'),
          height: 300,
        },
      ),
    );
    return this.#chart;
  }

  #plane(): void {
    const canvas = this.element.querySelector('canvas');
    if (canvas === null || canvas.clientWidth === 0) return;
    drawPlane(canvas, this.#points, this.#probabilities);
  }

  #render(): void {
    render(this.#template(), this.element);
    this.#plane();
  }

  #template(): TemplateResult {
    const settings = this.#settings;
    const busy = this.#running !== undefined;
    const progress = this.#progress;
    this.#circuit ??= drawing(
      drawSvg(ansatz(settings), { width: 0, title: 'Circuit of the quantum layer' }),
    );
    return html`<div class="columns training">
      <div class="column">
        <section class="card settings" aria-label="Settings">
          <fieldset ?disabled=${busy}>
            <legend>Data</legend>
            ${this.#choice('data', 'points', [
              ['moons', 'two moons'],
              ['circles', 'circles'],
              ['exclusive-or', 'exclusive or'],
              ['spirals', 'spirals'],
            ])}
            ${this.#range('points', 'number', 40, 600, 20)}
            ${this.#range('noise', 'noise', 0, 0.4, 0.01)}
          </fieldset>
          <fieldset ?disabled=${busy}>
            <legend>Model</legend>
            ${this.#range('qubits', 'qubits', 1, 8, 1)} ${this.#range('layers', 'layers', 1, 6, 1)}
          </fieldset>
          <fieldset ?disabled=${busy}>
            <legend>Training</legend>
            ${this.#range('epochs', 'epochs', 5, 200, 5)}
            ${this.#range('batchSize', 'batch', 5, 100, 5)}
            ${this.#range('learningRate', 'rate', 0.005, 0.2, 0.005)}
            ${this.#range('seed', 'seed', 1, 20, 1)}
            <label class="field"
              ><span>back end</span>
              <select
                class="backend"
                @change=${(event: Event) => {
                  this.#backEnd = (event.target as HTMLSelectElement).value;
                  this.#render();
                }}
              >
                ${this.#backEnds.map(({ id, label }) => html`<option value=${id} ?selected=${id === this.#backEnd}>${label}</option>`)}
              </select>
            </label>
            <p class="quiet about">
              ${
                this.#reasons.get(this.#backEnd) ??
                this.#backEnds.find(({ id }) => id === this.#backEnd)?.about ??
                nothing
              }
            </p>
          </fieldset>
        </section>
      </div>
      <div class="column">
        <section class="card run" aria-label="Run">
          <div class="cardhead">
            ${runButton(busy, 'Train', {
              start: () => void this.#start(),
              stop: () => this.#running?.abort(),
            })}
            <span class="status" role="status">${this.#status}</span>
          </div>
          <progress max="1" .value=${progress?.progress ?? 0} aria-label="Progress"></progress>
          <dl class="figures">
            ${figure('epoch', progress === undefined ? '–' : `${progress.epoch} / ${progress.epochs}`)}
            ${figure('loss', progress === undefined ? '–' : fixed(progress.loss, 4), 'loss')}
            ${figure('accuracy', progress?.accuracy === undefined ? '–' : percent(progress.accuracy), 'accuracy')}
            ${figure('examples / s', progress === undefined ? '–' : this.#speed.toLocaleString('en'))}
          </dl>
          <p class="failure" role="alert">${this.#failure ?? nothing}</p>
          <div class="pictures">
            <figure>
              <canvas
                class="plane"
                role="img"
                aria-label="Points of both classes and what the model says of every place"
              ></canvas>
              <figcaption>
                <span class="class-a">●</span> class 0 <span class="class-b">■</span> class 1
                <span class="line">—</span> boundary
              </figcaption>
            </figure>
            <figure class="loss">${this.#lossChart()}</figure>
          </div>
        </section>
        <section class="card" aria-label="Model">
          <h2>
            Model
            <small
              >dense(2 → ${settings.qubits}) · circuit of ${settings.qubits} qubits, ⟨Z⟩ of each ·
              dense(${settings.qubits} → 2)</small
            >
          </h2>
          <div class="boardwindow model">${this.#circuit}</div>
        </section>
      </div>
    </div>`;
  }

  #choice(
    name: 'data',
    label: string,
    options: readonly (readonly [TaskSettings['data'], string])[],
  ): TemplateResult {
    return html`<label class="field"
      ><span>${label}</span>
      <select
        name=${name}
        @change=${(event: Event) => this.#set({ [name]: (event.target as HTMLSelectElement).value as TaskSettings['data'] })}
      >
        ${options.map(([value, text]) => html`<option value=${value} ?selected=${value === this.#settings[name]}>${text}</option>`)}
      </select>
    </label>`;
  }

  #range(
    name: Exclude<keyof TaskSettings, 'data'>,
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
}

function figure(name: string, value: string, id = ''): TemplateResult {
  return html`<div data-figure=${id}>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

/** The next frame, or soon in a page that is not seen, where there are no frames. */
function nextFrame(): Promise<void> {
  return new Promise((resolve) => {
    if (document.hidden) setTimeout(resolve, 0);
    else requestAnimationFrame(() => resolve());
  });
}
