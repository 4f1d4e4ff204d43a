import { dense, fastWeightProgrammer, fold, key, ops, prefixed, scale, tanh } from 'ketwork';
import type { BuiltLayer, ForwardContext, Key, Layer, Policy, Shape, Tensor } from 'ketwork';

/** Sizes of a policy. */
export interface PolicySizes {
  /** Numbers of an observation. */
  readonly observations: number;
  readonly actions: number;
}

/** Largest code of a cell, which observations are divided by. */
const LARGEST = 8;

/**
 * The fast weight programmer as an agent: dense 147 → 8, tanh, the slow programmer and its 8 qubits, and dense heads
 * for the actions and the value. The angles are its memory.
 */
export function quantumPolicy(
  { observations, actions, decay }: PolicySizes & { readonly decay: number },
  seed: number,
): Policy {
  const [eyesKey, memoryKey, headsKey] = [0, 1, 2].map((part) => fold(key(seed), part));
  const eyes = chain([1, observations], [scale(1 / LARGEST), dense(8), tanh()], eyesKey!);
  const memory = fastWeightProgrammer({ inputs: 8, decay }).build([1, 8], memoryKey!);
  const heads = chain([1, 8], [dense(actions + 1)], headsKey!);
  return {
    parameters: [
      ...prefixed('eyes', eyes.parameters),
      ...prefixed('memory', memory.parameters),
      ...prefixed('heads', heads.parameters),
    ],
    stateShape: memory.stateShape,
    bind: (engine) => memory.bind!(engine),
    record(x, context, from) {
      const { outputs, state } = memory.unroll(eyes.forward(x, context), context, from);
      return { ...parted(heads.forward(outputs, context), actions), state };
    },
  };
}

/** A classical agent without memory: dense 147 → hidden, tanh, and the same heads. */
export function classicalPolicy(
  { observations, actions, hidden }: PolicySizes & { readonly hidden: number },
  seed: number,
): Policy {
  const layers = [scale(1 / LARGEST), dense(hidden), tanh(), dense(actions + 1)];
  const network = chain([1, observations], layers, key(seed));
  return {
    parameters: network.parameters,
    record: (x, context) => parted(network.forward(x, context), actions),
  };
}

/** Logits of the actions, and the value behind them. */
function parted(y: Tensor, actions: number): { logits: Tensor; values: Tensor } {
  return {
    logits: ops.slice(y, 0, actions, 1),
    values: ops.reshape(ops.slice(y, actions, actions + 1, 1), [y.shape[0]!]),
  };
}

/** Layers one behind the other that take any number of rows. */
function chain(
  inputShape: Shape,
  layers: readonly Layer[],
  seed: Key,
): Pick<BuiltLayer, 'parameters' | 'forward'> {
  let shape = inputShape;
  const built = layers.map((layer, i) => {
    const one = layer.build(shape, fold(seed, i));
    shape = one.outputShape;
    return one;
  });
  return {
    parameters: built.flatMap((layer, i) => prefixed(`${i}`, layer.parameters)),
    forward: (x: Tensor, context: ForwardContext) =>
      built.reduce((y, layer) => layer.forward(y, context), x),
  };
}
