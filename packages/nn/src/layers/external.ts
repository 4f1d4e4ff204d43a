import { fold, sizeOf, ValueError } from '@ketwork/base';
import type { DifferentiableMap, Layer } from '../contract.ts';
import { glorotUniform } from '../initializers.ts';
import type { Initializer } from '../initializers.ts';
import { external as callExternal } from '../ops/external.ts';
import { expectInput, makeLayer, parameter } from './common.ts';

/** Options of {@link external}. */
export interface ExternalOptions {
  /** First values of the map's shared inputs; `initializers.glorotUniform()` by default. */
  readonly init?: Initializer;
}

/**
 * A differentiable map as a layer: its one batch input is the layer's input, its shared inputs become parameters named
 * `weight`, or `weight0`, `weight1`, … where there are several.
 *
 * @throws ValueError where the map does not have exactly one batch input; at build, where the input does not fit.
 * @example
 * ```ts
 * import { external, sequential, type DifferentiableMap } from '@ketwork/nn';
 * const shift: DifferentiableMap = {
 *   name: 'shift',
 *   inputs: [{ axis: 'batch', shape: [1] }, { axis: 'shared', shape: [1] }],
 *   outputShape: [1],
 *   forward: ([x, w]) => x!.map((v) => v + w![0]!),
 *   vjp: (_inputs, dy, _batch, wants) => [dy, wants[1] === 'sum' ? Float64Array.of(dy.reduce((a, b) => a + b, 0)) : dy],
 * };
 * console.log(sequential(external(shift)).build(1).parameters[0]!.name); // 0.weight
 * ```
 */
export function external(
  map: DifferentiableMap,
  { init = glorotUniform() }: ExternalOptions = {},
): Layer {
  const batched = map.inputs.filter((input) => input.axis === 'batch');
  if (batched.length !== 1) {
    throw new ValueError(
      `${map.name}: a layer needs a map with one batch input, this one has ${batched.length}`,
      {
        remedy: 'Call ops.external in a layer of your own for other maps',
      },
    );
  }
  const shared = map.inputs.length - 1;
  return makeLayer(
    'external',
    { map: map.name, init: init.settings },
    batched[0]!.shape,
    (inputShape, key) => {
      expectInput(map.name, inputShape, batched[0]!.shape);
      const weights = map.inputs.map((input, i) => {
        if (input.axis === 'batch') return undefined;
        const own = map.inputs.slice(0, i).filter((other) => other.axis === 'shared').length;
        const size = sizeOf(input.shape);
        const fans = { fanIn: sizeOf(inputShape), fanOut: sizeOf(map.outputShape) };
        const data = init.create({ shape: input.shape, ...fans }, fold(key, i));
        if (data.length !== size)
          throw new ValueError(
            `${map.name}: the initialiser made ${data.length} numbers where ${size} are needed`,
          );
        return parameter(shared === 1 ? 'weight' : `weight${own}`, input.shape, data);
      });
      return {
        kind: 'external',
        inputShape,
        outputShape: map.outputShape,
        parameters: weights.filter((weight) => weight !== undefined),
        buffers: [],
        couplesExamples: false,
        forward: (x, { tape, key: passKey }) =>
          callExternal(
            map,
            weights.map((weight) => (weight === undefined ? x : tape.parameter(weight))),
            passKey,
          ),
      };
    },
  );
}
