import { ValueError } from '@ketwork/base';
import type { Layer } from '../contract.ts';
import { normal } from '../initializers.ts';
import type { Initializer } from '../initializers.ts';
import * as ops from '../ops/index.ts';
import { checkPositive } from '../shape.ts';
import { makeLayer, parameter, refuseInput, statelessLayer } from './common.ts';

/** Options of {@link embedding} and {@link shiftRight}. */
export interface EmbeddingOptions {
  /** First values; `initializers.normal(1)` by default. */
  readonly init?: Initializer;
}

/**
 * A learned vector for each token: whole numbers from 0 to below `vocabulary`, of any shape, to that shape with the
 * axis `size` at its end. Parameter: `weight` `[vocabulary, size]`. Inputs get no gradient.
 *
 * @throws ValueError where a size is not a positive integer; when run, where an input is no token.
 * @example
 * ```ts
 * import { embedding, sequential } from '@ketwork/nn';
 * console.log(sequential(embedding(4, 16)).build([10], 1).outputShape); // [10, 16]
 * ```
 */
export function embedding(
  vocabulary: number,
  size: number,
  { init = normal(1) }: EmbeddingOptions = {},
): Layer {
  checkPositive(vocabulary, 'embedding: the number of tokens');
  checkPositive(size, 'embedding: the size of a vector');
  const settings = { vocabulary, size, init: init.settings };
  return makeLayer('embedding', settings, undefined, (inputShape, key) => {
    const shape = [vocabulary, size];
    const weight = parameter(
      'weight',
      shape,
      init.create({ shape, fanIn: vocabulary, fanOut: size }, key),
    );
    return {
      kind: 'embedding',
      inputShape,
      outputShape: [...inputShape, size],
      parameters: [weight],
      buffers: [],
      couplesExamples: false,
      forward: (x, { tape }) => ops.embedding(x, tape.parameter(weight)),
    };
  });
}

/**
 * Adds to each step of `[steps, features]` fixed waves that tell its position (Vaswani et al., arXiv:1706.03762,
 * section 3.5): `sin(p / period^(2i/features))` at feature 2i of step p, the cosine at 2i + 1.
 *
 * @param options `period`, 10,000 by default: the longest wave is 2π times as long.
 * @throws ValueError where the period is not a finite number above 0; at build, where inputs are not [steps, features].
 * @example
 * ```ts
 * import { embedding, positionalEncoding, sequential } from '@ketwork/nn';
 * const net = sequential(embedding(4, 16), positionalEncoding());
 * console.log(net.build([10], 1).outputShape); // [10, 16]
 * ```
 */
export function positionalEncoding({ period = 1e4 }: { readonly period?: number } = {}): Layer {
  if (!(period > 0 && period < Infinity)) {
    throw new ValueError(`positionalEncoding: the period ${period} is not a finite number above 0`);
  }
  return statelessLayer(
    'positionalEncoding',
    { period },
    (shape) => {
      if (shape.length !== 2) refuseInput('positionalEncoding', shape, '[steps, features]');
      return shape;
    },
    (x, { tape }) => {
      const [steps, features] = x.shape as readonly [number, number];
      const waves = new Float64Array(steps * features);
      for (let p = 0; p < steps; p++) {
        for (let c = 0; c < features; c++) {
          const angle = p / period ** ((c - (c % 2)) / features);
          waves[p * features + c] = c % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
        }
      }
      return ops.add(x, tape.constant(waves, x.shape, 'shared'));
    },
  );
}

/**
 * Moves the steps of `[steps, features]` one place back behind a learned first one, and drops the last: in front of
 * causal layers, output i then depends on inputs before i only, as an autoregressive model needs. Parameter: `start`
 * `[features]`.
 *
 * @throws ValueError at build, where inputs are not [steps, features].
 * @example
 * ```ts
 * import { embedding, sequential, shiftRight } from '@ketwork/nn';
 * const net = sequential(embedding(4, 16), shiftRight());
 * console.log(net.build([10], 1).parameters.map((p) => p.name)); // ['0.weight', '1.start']
 * ```
 */
export function shiftRight({ init = normal(1) }: EmbeddingOptions = {}): Layer {
  return makeLayer('shiftRight', { init: init.settings }, undefined, (inputShape, key) => {
    if (inputShape.length !== 2) refuseInput('shiftRight', inputShape, '[steps, features]');
    const [steps, features] = inputShape as readonly [number, number];
    const shape = [features];

    const start = parameter(
      'start',
      shape,
      init.create({ shape, fanIn: 1, fanOut: features }, key),
    );
    return {
      kind: 'shiftRight',
      inputShape,
      outputShape: inputShape,
      parameters: [start],
      buffers: [],
      couplesExamples: false,
      forward(x, { tape }) {
        const first = ops.reshape(tape.parameter(start), [1, features]);
        return steps === 1 ? ops.expand(first) : ops.concat([first, ops.slice(x, 0, steps - 1)]);
      },
    };
  });
}
