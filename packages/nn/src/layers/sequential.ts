import { fold, key as keyOf, KetworkError, ValueError } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import type {
  BuiltLayer,
  ForwardContext,
  Layer,
  Model,
  Parameter,
  Shape,
  Tensor,
} from '../contract.ts';
import { checkShape } from '../shape.ts';

/**
 * Layers one after the other, as a model or as a part of one. Parameters are named by position, such as `0.weight`.
 * Training functions build it where the first layer determines the input shape; otherwise call `build`.
 *
 * @throws ValueError where there are no layers; at build, where a layer cannot take the output of the one before.
 * @example
 * ```ts
 * import { dense, forward, sequential, tanh } from '@ketwork/nn';
 * const net = sequential(dense(2, 8), tanh(), dense(1));
 * net.build(7);
 * console.log(await forward(net, new Float64Array([0.5, -0.5]))); // one number
 * ```
 */
export function sequential(...layers: readonly Layer[]): Model {
  if (layers.length === 0)
    throw new ValueError('sequential: there are no layers', { remedy: 'Give at least one layer' });
  const inputShape = layers[0]!.inputShape;
  let network: BuiltLayer | undefined;
  return {
    kind: 'sequential',
    layers: [...layers],
    ...(inputShape === undefined ? {} : { inputShape }),
    get network() {
      return network;
    },
    build(first: number | Shape, second?: number | Key): BuiltLayer {
      const shape = typeof first === 'number' ? inputShape : first;
      if (shape === undefined) {
        throw new ValueError('the input shape of the model is not known', {
          remedy:
            'Give it: model.build(inputShape, seed), or a first layer that names it, such as dense(784, 4)',
        });
      }
      const seed = typeof first === 'number' ? first : second;
      if (seed === undefined)
        throw new ValueError('a model is built from a seed', {
          remedy: 'Call model.build(inputShape, seed)',
        });
      checkShape(shape, 'the input');
      network = buildChain(layers, shape, typeof seed === 'number' ? keyOf(seed) : seed);
      return network;
    },
    toJSON: () => ({ kind: 'sequential', layers: layers.map((layer) => layer.toJSON()) }),
  };
}

function buildChain(layers: readonly Layer[], inputShape: Shape, key: Key): BuiltLayer {
  const children: BuiltLayer[] = [];
  let shape = inputShape;
  layers.forEach((layer, i) => {
    try {
      const child = layer.build(shape, fold(key, i));
      children.push(child);
      shape = child.outputShape;
    } catch (error) {
      if (!(error instanceof KetworkError)) throw error;
      throw new ValueError(`layer ${i}: ${error.message}`, { cause: error });
    }
  });
  const binding = children.filter((child) => child.bind !== undefined);
  return {
    kind: 'sequential',
    inputShape: [...inputShape],
    outputShape: shape,
    parameters: children.flatMap((child, i) => prefixed(`${i}`, child.parameters)),
    buffers: children.flatMap((child, i) => prefixed(`${i}`, child.buffers)),
    couplesExamples: children.some((child) => child.couplesExamples),
    children,
    forward(x: Tensor, context: ForwardContext): Tensor {
      let y = x;
      children.forEach((child, i) => {
        y = child.forward(
          y,
          context.key === undefined ? context : { ...context, key: fold(context.key, i) },
        );
      });
      return y;
    },
    ...(binding.length === 0
      ? {}
      : {
          bind: (engine: unknown) => binding.forEach((child) => child.bind!(engine)),
          bound: () => binding.every((child) => child.bound?.() ?? true),
        }),
  };
}

/**
 * Parameters of an inner layer as a composite layer lists them: the same arrays, the name with a prefix.
 *
 * @example
 * ```ts
 * import { prefixed } from '@ketwork/nn';
 * const [inner] = prefixed('gate', [{ name: 'weight', shape: [2], data: new Float64Array(2) }]);
 * console.log(inner!.name); // gate.weight
 * ```
 */
export function prefixed(prefix: string, parameters: readonly Parameter[]): Parameter[] {
  return parameters.map(({ name, shape, data }) => ({ name: `${prefix}.${name}`, shape, data }));
}
