/** A number that says how good a model's outputs are. */
export interface Metric {
  /** Name under which results have it. */
  readonly name: string;
  /** Which way is better; early stop reads it. */
  readonly better: 'higher' | 'lower';
  /**
   * `batches`, the default: the metric of many examples is the mean over those of their batches, as for accuracy, and
   * `fit` shows it after every step. `all`: it takes all examples together, as the area under a curve does; `fit` keeps
   * the outputs of an epoch for it and evaluates it once, at the end.
   */
  readonly over?: 'batches' | 'all';
  /**
   * The metric of some examples.
   *
   * @param outputs Outputs of the model, `[examples, ...outputShape]`.
   * @param targets Their targets, as the loss reads them.
   * @param examples Number of examples.
   */
  evaluate(outputs: Float64Array, targets: ArrayLike<number>, examples: number): number;
}
