import { ValueError } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import type { DifferentiableMap, Tensor } from '../contract.ts';
import { sameShape, shapeText } from '../shape.ts';
import { expand } from './shaping.ts';

/**
 * Calls an external map, such as a quantum program. The result, shape `map.outputShape`, is on the batch axis.
 * A shared tensor may stand where the map expects one value per example; every example then gets a copy.
 *
 * @param key Handed to the map, which needs it where it draws random numbers. Calls without a key that are ready
 * together may run as one batch.
 * @throws ValueError where the number or shapes of the inputs are not what the map declares, or a value per example is
 * given where it expects a shared one.
 * @example
 * ```ts
 * import { Tape, ops, type DifferentiableMap } from '@ketwork/nn';
 * const double: DifferentiableMap = {
 *   name: 'double',
 *   inputs: [{ axis: 'batch', shape: [1] }],
 *   outputShape: [1],
 *   forward: ([x]) => x!.map((v) => 2 * v),
 *   vjp: (_inputs, dy) => [dy.map((v) => 2 * v)],
 * };
 * const tape = new Tape(2);
 * const x = tape.constant(Float64Array.of(1, 2), [1], 'batch');
 * const y = ops.external(double, [x]);
 * await tape.run();
 * console.log(tape.value(y)); // 2, 4
 * ```
 */
export function external(map: DifferentiableMap, inputs: readonly Tensor[], key?: Key): Tensor {
  const first = inputs[0];
  if (first === undefined || inputs.length !== map.inputs.length) {
    throw new ValueError(
      `${map.name}: ${inputs.length} inputs were given where the map has ${map.inputs.length}`,
      {
        remedy: 'Give one tensor for each input the map declares, at least one',
      },
    );
  }
  const fitted = inputs.map((input, i) => {
    const wanted = map.inputs[i]!;
    if (!sameShape(input.shape, wanted.shape)) {
      throw new ValueError(
        `${map.name}: input ${i} has shape ${shapeText(input.shape)} where the map expects ${shapeText(wanted.shape)}`,
      );
    }
    if (wanted.axis === 'shared' && input.axis === 'batch') {
      throw new ValueError(
        `${map.name}: input ${i} differs per example where the map expects one shared value`,
        {
          remedy: 'Declare that input on the batch axis',
        },
      );
    }
    return wanted.axis === 'batch' ? expand(input) : input;
  });
  return first.tape.recordExternal(map, fitted, key);
}
