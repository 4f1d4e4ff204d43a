import { ValueError } from '@ketwork/base';
import type { BuiltLayer, Model, Parameter, ShapedArray } from './contract.ts';
import { sameShape, shapeText } from './shape.ts';

/**
 * The built model: its parameters, shapes and forward pass.
 *
 * @throws ValueError where the model has not been built.
 * @example
 * ```ts
 * import { dense, networkOf, sequential } from '@ketwork/nn';
 * const net = sequential(dense(2, 1));
 * net.build(1);
 * console.log(networkOf(net).parameters.map((p) => p.name)); // ['0.weight', '0.bias']
 * ```
 */
export function networkOf(model: Model | BuiltLayer): BuiltLayer {
  if (!('network' in model)) return model;
  if (model.network === undefined) {
    throw new ValueError('the model has no parameters yet', {
      remedy: 'Call model.build(inputShape, seed), or train it first',
    });
  }
  return model.network;
}

/**
 * Names the innermost layer that makes examples depend on one another, with its place, for messages.
 *
 * @param layer A built layer or model with `couplesExamples`.
 * @returns Such as `layer 1 (batchNorm)`.
 * @example
 * ```ts
 * import { batchNorm, couplingLayer, dense, sequential } from '@ketwork/nn';
 * console.log(couplingLayer(sequential(dense(2, 3), batchNorm()).build(1))); // layer 1 (batchNorm)
 * ```
 */
export function couplingLayer(layer: BuiltLayer): string {
  let inner = layer;
  const path: number[] = [];
  for (;;) {
    const children = inner.children ?? [];
    const at = children.findIndex((child) => child.couplesExamples);
    if (at < 0) return path.length === 0 ? inner.kind : `layer ${path.join('.')} (${inner.kind})`;
    path.push(at);
    inner = children[at]!;
  }
}

/**
 * Parameters and buffers of a model by name, ready for `saveSafetensors`. The arrays are the model's own.
 *
 * @throws ValueError where the model has not been built.
 * @example
 * ```ts
 * import { dense, saveSafetensors, sequential, stateOf } from '@ketwork/nn';
 * const net = sequential(dense(2, 1));
 * net.build(1);
 * console.log(saveSafetensors(stateOf(net)).length); // bytes of the file
 * ```
 */
export function stateOf(model: Model | BuiltLayer): Record<string, ShapedArray> {
  return Object.fromEntries(
    entries(networkOf(model)).map(({ name, shape, data }) => [name, { shape, data }]),
  );
}

/**
 * Copies saved parameters and buffers into a built model. Nothing is changed where anything does not fit.
 *
 * @throws ValueError where the model has not been built, a name is missing or unknown, or a shape differs.
 * @example
 * ```ts
 * import { dense, loadSafetensors, loadState, saveSafetensors, sequential, stateOf } from '@ketwork/nn';
 * const trained = sequential(dense(2, 1));
 * trained.build(1);
 * const file = saveSafetensors(stateOf(trained));
 * const copy = sequential(dense(2, 1));
 * copy.build(2);
 * loadState(copy, loadSafetensors(file).tensors);
 * ```
 */
export function loadState(
  model: Model | BuiltLayer,
  tensors: Readonly<Record<string, ShapedArray>>,
): void {
  const targets = entries(networkOf(model));
  const names = new Set(targets.map((target) => target.name));
  for (const name of Object.keys(tensors)) {
    if (!names.has(name))
      throw new ValueError(`the model has no parameter ${name}`, {
        remedy: 'Load into a model of the same layers',
      });
  }
  for (const { name, shape, data } of targets) {
    const source = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
    if (source === undefined)
      throw new ValueError(`there is no value for parameter ${name}`, {
        remedy: 'Load into a model of the same layers',
      });
    if (!sameShape(source.shape, shape) || source.data.length !== data.length) {
      throw new ValueError(
        `parameter ${name} has shape ${shapeText(shape)}, the value to load ${shapeText(source.shape)} (${source.data.length} numbers)`,
      );
    }
  }
  for (const { name, data } of targets) data.set(tensors[name]!.data);
}

function entries(network: BuiltLayer): readonly Parameter[] {
  return [...network.parameters, ...network.buffers];
}
