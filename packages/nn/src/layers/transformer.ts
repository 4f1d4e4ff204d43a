import { fold, ValueError } from '@ketwork/base';
import type { BuiltLayer, Layer, Tensor } from '../contract.ts';
import { checkHeads } from '../ops/attention.ts';
import type { AttentionOptions } from '../ops/attention.ts';
import * as ops from '../ops/index.ts';
import { checkPositive } from '../shape.ts';
import { gelu, relu } from './activations.ts';
import { makeLayer, refuseInput } from './common.ts';
import { dense } from './dense.ts';
import { dropout } from './dropout.ts';
import { layerNorm } from './normalization.ts';
import { prefixed } from './sequential.ts';

/** Options of {@link multiHeadAttention}. */
export interface MultiHeadAttentionOptions extends AttentionOptions {
  /** Whether the matrix products have biases. Default true. */
  readonly bias?: boolean;
}

/**
 * Self-attention with several heads (Vaswani et al., arXiv:1706.03762, section 3.2): `[steps, features]` to the same
 * shape. One matrix product makes queries, keys and values, a second mixes the heads' outputs.
 * Parameters: `qkv.weight` `[features, 3 · features]`, `qkv.bias`, `output.weight` `[features, features]`,
 * `output.bias`: 4 features² + 4 features numbers.
 *
 * @throws ValueError where the number of heads is not a positive integer; at build, where inputs are not [steps,
 * features] or the heads do not divide the features.
 * @example
 * ```ts
 * import { multiHeadAttention, sequential } from '@ketwork/nn';
 * const net = sequential(multiHeadAttention({ heads: 2, causal: true }));
 * console.log(net.build([10, 16], 1).outputShape); // [10, 16]
 * ```
 */
export function multiHeadAttention(options: MultiHeadAttentionOptions = {}): Layer {
  const { heads = 1, causal = false, bias = true } = options;
  checkPositive(heads, 'multiHeadAttention: the number of heads');
  return makeLayer('multiHeadAttention', { heads, causal, bias }, undefined, (inputShape, key) => {
    const features = featuresOf('multiHeadAttention', inputShape);
    checkHeads('multiHeadAttention', features, heads);
    const qkv = dense(3 * features, { bias }).build(inputShape, fold(key, 0));
    const output = dense(features, { bias }).build(inputShape, fold(key, 1));
    return {
      kind: 'multiHeadAttention',
      inputShape,
      outputShape: inputShape,
      parameters: [...prefixed('qkv', qkv.parameters), ...prefixed('output', output.parameters)],
      buffers: [],
      couplesExamples: false,
      forward: (x, context) =>
        output.forward(ops.selfAttention(qkv.forward(x, context), { heads, causal }), context),
    };
  });
}

/** Options of {@link transformerEncoderLayer}. */
export interface TransformerEncoderLayerOptions extends MultiHeadAttentionOptions {
  /** Width of the feed-forward part. Default four times the number of features. */
  readonly hidden?: number;
  /** Whether sums are normalised (`post`, as in the first transformer) or what enters a part (`pre`). Default `post`. */
  readonly norm?: 'post' | 'pre';
  /** Activation of the feed-forward part. Default `gelu`. */
  readonly activation?: 'gelu' | 'relu';
  /** Probability of dropping numbers behind attention, activation and feed-forward part. Default 0. */
  readonly dropout?: number;
  /** Added to the variance in both normalisations. Default 1e-5. */
  readonly eps?: number;
}

/**
 * Layer of a transformer's encoder (Vaswani et al., arXiv:1706.03762, section 3.1), with `causal` one of a decoder that
 * stands alone: self-attention A and a feed-forward part F, each with a sum past it, `x ← norm(x + A(x))`,
 * `x ← norm(x + F(x))`; with `norm: 'pre'` (Xiong et al., arXiv:2002.04745) `x ← x + A(norm(x))`, `x ← x + F(norm(x))`.
 * `[steps, features]` to the same shape. Parameters: those of {@link multiHeadAttention} as `attention.…`,
 * `norm1.…`, `linear1.…`, `linear2.…`, `norm2.…`; `bias` leaves out the biases of matrix products only. Attention
 * weights are not dropped.
 *
 * @throws ValueError where an option is out of range; at build, where inputs are not [steps, features] or the heads do
 * not divide the features; in training with dropout, where the pass has no key.
 * @example
 * ```ts
 * import { dense, embedding, positionalEncoding, sequential, shiftRight, transformerEncoderLayer } from '@ketwork/nn';
 * const next = sequential(
 *   embedding(4, 16),
 *   shiftRight(),
 *   positionalEncoding(),
 *   transformerEncoderLayer({ heads: 2, hidden: 32, causal: true }),
 *   dense(4),
 * );
 * console.log(next.build([10], 1).outputShape); // [10, 4]
 * ```
 */
export function transformerEncoderLayer(options: TransformerEncoderLayerOptions = {}): Layer {
  const { heads = 1, causal = false, bias = true, hidden, norm = 'post' } = options;
  const { activation = 'gelu', dropout: probability = 0, eps = 1e-5 } = options;
  const kind = 'transformerEncoderLayer';
  checkPositive(heads, `${kind}: the number of heads`);
  if (hidden !== undefined) checkPositive(hidden, `${kind}: the width of the feed-forward part`);
  if (norm !== 'post' && norm !== 'pre')
    throw new ValueError(`${kind}: there is no place '${String(norm)}' for the normalisation`, {
      remedy: "Use 'post' or 'pre'",
    });
  if (activation !== 'gelu' && activation !== 'relu')
    throw new ValueError(`${kind}: there is no activation '${String(activation)}'`, {
      remedy: "Use 'gelu' or 'relu'",
    });
  const inner = {
    attention: multiHeadAttention({ heads, causal, bias }),
    normalize: layerNorm({ axes: 1, eps }),
    activate: activation === 'gelu' ? gelu() : relu(),
    drop: dropout(probability),
  };
  const settings = { heads, causal, bias, hidden, norm, activation, dropout: probability, eps };
  return makeLayer(kind, settings, undefined, (inputShape, key) => {
    const features = featuresOf(kind, inputShape);
    const width = hidden ?? 4 * features;
    const wide = [inputShape[0]!, width];
    const attention = inner.attention.build(inputShape, fold(key, 0));
    const norm1 = inner.normalize.build(inputShape, fold(key, 1));
    const linear1 = dense(width, { bias }).build(inputShape, fold(key, 2));
    const activate = inner.activate.build(wide, fold(key, 3));
    const linear2 = dense(features, { bias }).build(wide, fold(key, 4));
    const norm2 = inner.normalize.build(inputShape, fold(key, 5));
    const drop = inner.drop.build(inputShape, fold(key, 6));
    const named: Record<string, BuiltLayer> = { attention, norm1, linear1, linear2, norm2 };
    return {
      kind,
      inputShape,
      outputShape: inputShape,
      parameters: Object.entries(named).flatMap(([name, part]) => prefixed(name, part.parameters)),
      buffers: [],
      couplesExamples: false,
      forward(x, context) {
        /** Each of the three places has its own random numbers. */
        const dropped = (y: Tensor, place: number): Tensor =>
          drop.forward(
            y,
            context.key === undefined ? context : { ...context, key: fold(context.key, place) },
          );
        const attend = (y: Tensor): Tensor => dropped(attention.forward(y, context), 0);
        const feed = (y: Tensor): Tensor => {
          const z = activate.forward(linear1.forward(y, context), context);
          return dropped(linear2.forward(dropped(z, 1), context), 2);
        };
        if (norm === 'pre') {
          const y = ops.add(x, attend(norm1.forward(x, context)));
          return ops.add(y, feed(norm2.forward(y, context)));
        }
        const y = norm1.forward(ops.add(x, attend(x)), context);
        return norm2.forward(ops.add(y, feed(y)), context);
      },
    };
  });
}

function featuresOf(kind: string, shape: readonly number[]): number {
  if (shape.length !== 2) refuseInput(kind, shape, '[steps, features]');
  return shape[1]!;
}
