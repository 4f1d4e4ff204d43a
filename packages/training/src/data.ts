import { sizeOf, ValueError } from '@ketwork/base';
import { gatherRows } from '@ketwork/nn';
import type { Batch, Shape } from '@ketwork/nn';

/** Examples with their targets. The data sets of `@ketwork/datasets` are such. */
export interface TrainingData {
  /** Inputs, row-major `[examples, ...inputShape]`. */
  readonly inputs: ArrayLike<number>;
  /** Targets as the loss reads them: class indices `[examples]`, or as many numbers per example as the loss takes. */
  readonly labels: ArrayLike<number>;
  /** Shape of one example; needed only where the model does not know its input shape. */
  readonly inputShape?: Shape;
}

/** Data checked against a model's input. */
export class Examples {
  readonly size: number;
  readonly #data: TrainingData;
  readonly #inputSize: number;
  readonly #labelSize: number;

  constructor(what: string, data: TrainingData, inputShape: Shape) {
    const inputSize = sizeOf(inputShape);
    const size = data.inputs.length / inputSize;
    const labelSize = data.labels.length / size;
    const shape = `[${inputShape.join(', ')}]`;
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new ValueError(
        `${what}: ${data.inputs.length} numbers are not one or more inputs of shape ${shape} (${inputSize} numbers each)`,
        {
          remedy: 'Give inputs as a row-major array [examples, ...inputShape] of the model',
        },
      );
    }
    if (!Number.isSafeInteger(labelSize) || labelSize < 1) {
      throw new ValueError(`${what}: ${data.labels.length} labels do not fit ${size} inputs`, {
        remedy: 'Give one label, or the same number of targets, for every input',
      });
    }
    this.size = size;
    this.#data = data;
    this.#inputSize = inputSize;
    this.#labelSize = labelSize;
  }

  /** Some of the examples. */
  batch(indices: ArrayLike<number>): Batch {
    return {
      x: gatherRows(this.#data.inputs, this.#inputSize, indices),
      y: gatherRows(this.#data.labels, this.#labelSize, indices),
    };
  }

  /** The examples from `start` to before `end`. */
  range(start: number, end: number): Batch {
    return this.batch(Array.from({ length: end - start }, (_, i) => start + i));
  }
}
