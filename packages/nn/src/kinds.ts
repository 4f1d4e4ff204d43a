import type { Json, Layer, Shape } from './contract.ts';
import * as initializers from './initializers.ts';
import { gelu, relu, scale, sigmoid, softmax, tanh } from './layers/activations.ts';
import { adaptiveAvgPool2d } from './layers/adaptive-pool.ts';
import { avgPool2d, conv2d, maxPool2d } from './layers/convolution.ts';
import { dense } from './layers/dense.ts';
import { dropout } from './layers/dropout.ts';
import { embedding, positionalEncoding, shiftRight } from './layers/embedding.ts';
import { graphConv, graphMean } from './layers/graph.ts';
import type { GraphActivation } from './layers/graph.ts';
import { batchNorm, layerNorm } from './layers/normalization.ts';
import { sequential } from './layers/sequential.ts';
import { flatten, reshape } from './layers/shaping.ts';
import { multiHeadAttention, transformerEncoderLayer } from './layers/transformer.ts';
import type {
  MultiHeadAttentionOptions,
  TransformerEncoderLayerOptions,
} from './layers/transformer.ts';

/**
 * How a layer of one kind is made again from what its `toJSON` returned, `kind` included. A rule states the settings it
 * reads as the type of its first parameter; the second one makes the layers inside.
 */
export type LayerKind = {
  make(settings: object, layer: (json: Json) => Layer): Layer;
}['make'];

/** Rules to make layers again, by kind. */
export type LayerKinds = Readonly<Record<string, LayerKind>>;

type Pair = readonly [number, number];

interface Slide {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
}

interface Convolution extends Slide {
  readonly channels?: number;
  readonly filters: number;
  readonly init: Json;
}

interface Dense {
  readonly inputs?: number;
  readonly outputs: number;
  readonly bias: boolean;
  readonly init: Json;
}

interface Embedding {
  readonly vocabulary: number;
  readonly size: number;
  readonly init: Json;
}

interface GraphConv {
  readonly inputs: number;
  readonly outputs: number;
  readonly activation: GraphActivation;
  readonly init: Json;
}

/** The layers of this package. */
export const kinds: LayerKinds = {
  adaptiveAvgPool2d: ({ size }: { size: Pair }) => adaptiveAvgPool2d(size),
  avgPool2d: ({ kernel, stride, padding }: Slide) => avgPool2d(kernel, { stride, padding }),
  batchNorm: (settings: { momentum: number; eps: number }) => batchNorm(settings),
  conv2d: ({ channels, filters, init, kernel, stride, padding }: Convolution) => {
    const options = { kernel, stride, padding, init: initializers.fromJSON(init) };
    return channels === undefined ? conv2d(filters, options) : conv2d(channels, filters, options);
  },
  dense: ({ inputs, outputs, bias, init }: Dense) => {
    const options = { bias, init: initializers.fromJSON(init) };
    return inputs === undefined ? dense(outputs, options) : dense(inputs, outputs, options);
  },
  dropout: ({ probability }: { probability: number }) => dropout(probability),
  embedding: ({ vocabulary, size, init }: Embedding) =>
    embedding(vocabulary, size, { init: initializers.fromJSON(init) }),
  flatten: () => flatten(),
  gelu: () => gelu(),
  graphConv: ({ inputs, outputs, activation, init }: GraphConv) =>
    graphConv(inputs, outputs, { activation, init: initializers.fromJSON(init) }),
  graphMean: () => graphMean(),
  layerNorm: (settings: { axes?: number; eps: number }) => layerNorm(settings),
  maxPool2d: ({ kernel, stride, padding }: Slide) => maxPool2d(kernel, { stride, padding }),
  multiHeadAttention: (settings: MultiHeadAttentionOptions) => multiHeadAttention(settings),
  positionalEncoding: (settings: { period: number }) => positionalEncoding(settings),
  relu: () => relu(),
  reshape: ({ shape }: { shape: Shape }) => reshape(shape),
  scale: ({ factor }: { factor: number }) => scale(factor),
  sequential: ({ layers }: { layers: readonly Json[] }, layer) => sequential(...layers.map(layer)),
  shiftRight: ({ init }: { init: Json }) => shiftRight({ init: initializers.fromJSON(init) }),
  sigmoid: () => sigmoid(),
  softmax: () => softmax(),
  tanh: () => tanh(),
  transformerEncoderLayer: (settings: TransformerEncoderLayerOptions) =>
    transformerEncoderLayer(settings),
};
