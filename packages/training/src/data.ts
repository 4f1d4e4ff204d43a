import { sizeOf, ValueError } from '@ketwork/base';
import { gatherRows } from '@ketwork/nn';
import type { Shape } from '@ketwork/nn';

/** Examples with their targets. The data sets of `@ketwork/datasets` are such. */
export interface TrainingData {
  /** Inputs, row-major `[examples, ...inputShape]`. */
  readonly inputs: ArrayLike<number>;
  /** Targets as the loss reads them: class indices `[examples]`, or as many numbers per example as the loss takes. */
  readonly labels: ArrayLike<number>;
  /** How much the loss of each example counts, `[examples]`, at least 0; the mean loss is Σ weight · loss / examples. Default 1. */
  readonly weights?: ArrayLike<number>;
  /** Shape of one example; needed only where the model does not know its input shape. */
  readonly inputShape?: Shape;
}

/** Some examples, with factors on their losses where there are any. */
export interface WeightedBatch {
  /** Number of examples. */
  readonly count: number;
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly weights?: Float64Array;
}

/** Data checked against a model's input. */
export class Examples {
  readonly size: number;
  readonly #data: TrainingData;
  readonly #inputSize: number;
  readonly #labelSize: number;
  readonly #weights: Float64Array | undefined;

  /** @param classWeights How much the loss of an example counts by its class. */
  constructor(
    what: string,
    data: TrainingData,
    inputShape: Shape,
    classWeights?: readonly number[],
  ) {
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
    this.#weights = weightsOf(what, data, size, classWeights);
  }

  /** Numbers of one target. */
  get labelSize(): number {
    return this.#labelSize;
  }

  /** Whether examples count differently. */
  get weighted(): boolean {
    return this.#weights !== undefined;
  }

  /** Some of the examples. */
  batch(indices: ArrayLike<number>): WeightedBatch {
    return {
      count: indices.length,
      x: gatherRows(this.#data.inputs, this.#inputSize, indices),
      y: gatherRows(this.#data.labels, this.#labelSize, indices),
      ...(this.#weights === undefined ? {} : { weights: gatherRows(this.#weights, 1, indices) }),
    };
  }

  /** The examples from `start` to before `end`. */
  range(start: number, end: number): WeightedBatch {
    return this.batch(Array.from({ length: end - start }, (_, i) => start + i));
  }
}

/** The factor on the loss of each example; undefined where all are 1. */
function weightsOf(
  what: string,
  { labels, weights }: TrainingData,
  size: number,
  classWeights: readonly number[] | undefined,
): Float64Array | undefined {
  if (weights === undefined && classWeights === undefined) return undefined;
  if (weights !== undefined && weights.length !== size)
    throw new ValueError(`${what}: ${weights.length} weights for ${size} examples`);
  if (classWeights !== undefined && labels.length !== size)
    throw new ValueError(`${what}: class weights need class indices as labels`, {
      remedy: 'Give one label per example, or weights of the examples',
    });
  return Float64Array.from({ length: size }, (_, e) => {
    const own = weights?.[e] ?? 1;
    if (!(own >= 0 && own < Infinity))
      throw new ValueError(`${what}: weight ${e} is ${own}, not a finite number of at least 0`);
    if (classWeights === undefined) return own;
    const factor = classWeights[labels[e]!];
    if (factor === undefined)
      throw new ValueError(
        `${what}: there is no class weight for label ${labels[e]} of example ${e}`,
      );
    return own * factor;
  });
}
