import { FormatError } from '@ketwork/base';
import type { Metric } from './metric.ts';

/** What {@link Means} knows after some batches, as a checkpoint holds it. */
export interface MeansState {
  /** Examples, sum of the losses, sums of the metrics over batches. */
  readonly sums: Float64Array;
  /** All outputs and targets, where a metric needs them. */
  readonly outputs: Float64Array;
  readonly targets: Float64Array;
}

/** The loss and metrics of batches of different size, together. */
export class Means {
  readonly #metrics: readonly Metric[];
  readonly #keeps: boolean;
  #sums: Float64Array;
  #outputs: Float64Array[] = [];
  #targets: Float64Array[] = [];

  constructor(metrics: readonly Metric[]) {
    this.#metrics = metrics;
    this.#keeps = metrics.some((metric) => metric.over === 'all');
    this.#sums = new Float64Array(2 + metrics.length);
  }

  add(loss: number, outputs: Float64Array, targets: ArrayLike<number>, batch: number): void {
    this.#sums[0]! += batch;
    this.#sums[1]! += loss * batch;
    this.#metrics.forEach((metric, i) => {
      if (metric.over !== 'all')
        this.#sums[2 + i]! += batch * metric.evaluate(outputs, targets, batch);
    });
    if (!this.#keeps) return;
    this.#outputs.push(outputs);
    this.#targets.push(new Float64Array(targets));
  }

  get loss(): number {
    return this.#sums[1]! / this.#sums[0]!;
  }

  /** The metrics that are means over batches. */
  get soFar(): Record<string, number> {
    return this.#named((_, sum) => sum / this.#sums[0]!, false);
  }

  /** All metrics. */
  get metrics(): Record<string, number> {
    const { outputs, targets } = this.state;
    return this.#named(
      (metric, sum) =>
        metric.over === 'all'
          ? metric.evaluate(outputs, targets, this.#sums[0]!)
          : sum / this.#sums[0]!,
      true,
    );
  }

  get state(): MeansState {
    this.#outputs = [joined(this.#outputs)];
    this.#targets = [joined(this.#targets)];
    return { sums: this.#sums, outputs: this.#outputs[0]!, targets: this.#targets[0]! };
  }

  /** Goes on from a state of the same metrics. */
  restore({ sums, outputs, targets }: MeansState): void {
    if (sums.length !== this.#sums.length)
      throw new FormatError(
        `the checkpoint has ${sums.length} sums where ${this.#sums.length} are needed`,
      );
    this.#sums = sums;
    this.#outputs = [outputs];
    this.#targets = [targets];
  }

  #named(value: (metric: Metric, sum: number) => number, whole: boolean): Record<string, number> {
    const chosen = this.#metrics.flatMap((metric, i) =>
      whole || metric.over !== 'all'
        ? [[metric.name, value(metric, this.#sums[2 + i]!)] as const]
        : [],
    );
    return Object.fromEntries(chosen);
  }
}

function joined(arrays: readonly Float64Array[]): Float64Array {
  if (arrays.length === 1) return arrays[0]!;
  const out = new Float64Array(arrays.reduce((sum, array) => sum + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    out.set(array, at);
    at += array.length;
  }
  return out;
}
