import { ValueError } from '@ketwork/base';
import type { Shape, Tensor, Want } from '../contract.ts';
import { shapeText } from '../shape.ts';

/** For each input, whether its one value serves the many examples of the others. All false where every input is shared. */
export function sharedAmong(...inputs: readonly Tensor[]): boolean[] {
  const some = inputs.some((input) => input.axis === 'batch');
  return inputs.map((input) => some && input.axis === 'shared');
}

/** Room for the gradient of an input: one row per example unless it is shared and summed. */
export function gradientOf(size: number, batch: number, shared: boolean, want: Want): Float64Array {
  return new Float64Array(shared && want === 'sum' ? size : batch * size);
}

/** Distance between the gradients of neighbouring examples: 0 where they are summed. */
export function gradientStep(size: number, shared: boolean, want: Want): number {
  return shared && want === 'sum' ? 0 : size;
}

/** Reports that an operation cannot take a shape. */
export function refuseShape(name: string, shape: Shape, expected: string): never {
  throw new ValueError(`${name}: an input of shape ${shapeText(shape)} does not fit: ${expected}`);
}

/** An axis counted from the front; negative ones count from the back. */
export function axisOf(name: string, shape: Shape, axis: number): number {
  const at = axis < 0 ? shape.length + axis : axis;
  if (!Number.isInteger(at) || at < 0 || at >= shape.length) {
    throw new ValueError(`${name}: there is no axis ${axis} in shape ${shapeText(shape)}`, {
      remedy: 'Axes of an example are counted from 0, without the batch',
    });
  }
  return at;
}
