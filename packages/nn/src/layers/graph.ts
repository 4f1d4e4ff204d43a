import { split, ValueError } from '@ketwork/base';
import type { Layer, Tensor } from '../contract.ts';
import { glorotUniform, zeros } from '../initializers.ts';
import type { Initializer } from '../initializers.ts';
import * as ops from '../ops/index.ts';
import { graphSizes } from '../ops/graph.ts';
import { checkPositive } from '../shape.ts';
import { makeLayer, parameter, refuseInput, statelessLayer } from './common.ts';

/** Options of {@link graphConv}. */
export interface GraphConvOptions {
  /** Function of every feature of the result. Default `relu`. */
  readonly activation?: GraphActivation;
  /** First values of the weight; `initializers.glorotUniform()` by default. The bias starts at 0. */
  readonly init?: Initializer;
}

/** Functions that {@link graphConv} can end in. */
export type GraphActivation = 'relu' | 'tanh' | 'sigmoid' | 'none';

const activations: Readonly<Record<GraphActivation, (x: Tensor) => Tensor>> = {
  relu: ops.relu,
  tanh: ops.tanh,
  sigmoid: ops.sigmoid,
  none: (x) => x,
};

/**
 * Graph convolution `m · f(Â H W + b)`: every node takes the sum of its neighbours' features, weighted by the adjacency
 * matrix, through a dense layer that all nodes share; empty places stay 0.
 *
 * Input: a packed graph `[nodes, inputs + nodes + 1]`, in a row the node's features, its row of Â, and 1 where the node
 * is there (see `ops.splitGraph`; `packGraphs` of `@ketwork/datasets` makes them). Output: the same graph with `outputs`
 * features. Parameters: `weight` `[inputs, outputs]`, `bias` `[outputs]`. The order of the nodes does not matter.
 *
 * Source: Kipf and Welling, arXiv:1609.02907, equation 2; they have no bias.
 *
 * @throws ValueError where a size is not a positive integer or the activation is unknown; at build, where the input is
 * no packed graph with that many features.
 * @example
 * ```ts
 * import { dense, graphConv, graphMean, sequential } from '@ketwork/nn';
 * const net = sequential(graphConv(4, 8), graphConv(8, 8), graphMean(), dense(8, 2));
 * console.log(net.build([24, 4 + 24 + 1], 1).outputShape); // [2]
 * ```
 */
export function graphConv(
  inputs: number,
  outputs: number,
  { activation = 'relu', init = glorotUniform() }: GraphConvOptions = {},
): Layer {
  checkPositive(inputs, 'graphConv: the number of inputs');
  checkPositive(outputs, 'graphConv: the number of outputs');
  if (!Object.hasOwn(activations, activation)) {
    throw new ValueError(`graphConv: unknown activation ${JSON.stringify(activation)}`, {
      remedy: `Use ${Object.keys(activations).join(', ')}`,
    });
  }
  const settings = { inputs, outputs, activation, init: init.settings };
  return makeLayer('graphConv', settings, undefined, (inputShape, key) => {
    const { nodes, features } = graphSizes('graphConv', inputShape);
    if (features !== inputs)
      refuseInput('graphConv', inputShape, `[nodes, ${inputs} features + nodes + 1]`);
    const [weightKey, biasKey] = split(key, 2);
    const fans = { fanIn: inputs, fanOut: outputs };
    const shape = [inputs, outputs];
    const weight = parameter('weight', shape, init.create({ shape, ...fans }, weightKey!));
    const bias = parameter(
      'bias',
      [outputs],
      zeros().create({ shape: [outputs], ...fans }, biasKey!),
    );
    return {
      kind: 'graphConv',
      inputShape,
      outputShape: [nodes, outputs + nodes + 1],
      parameters: [weight, bias],
      buffers: [],
      couplesExamples: false,
      forward(x, { tape }) {
        const graph = ops.splitGraph(x);
        const mixed = ops.matmul(graph.adjacency, graph.features);
        const linear = ops.affine(mixed, tape.parameter(weight), tape.parameter(bias));
        const features = ops.mul(activations[activation](linear), graph.mask);
        return ops.joinGraph({ ...graph, features });
      },
    };
  });
}

/**
 * Mean of the features over the nodes that are there: a packed graph `[nodes, features + nodes + 1]` to `[features]`;
 * 0 for a graph without nodes. The usual read-out after graph convolutions.
 *
 * @throws ValueError at build, where the input is no packed graph.
 * @example
 * ```ts
 * import { forward, graphMean, sequential } from '@ketwork/nn';
 * const net = sequential(graphMean()).build([2, 4], 1);
 * console.log(await forward(net, [5, 1, 0, 1, 7, 0, 1, 0])); // 5
 * ```
 */
export function graphMean(): Layer {
  return statelessLayer(
    'graphMean',
    {},
    (shape) => [graphSizes('graphMean', shape).features],
    (x) => {
      const { features, mask } = ops.splitGraph(x);
      return ops.maskedMean(features, mask);
    },
  );
}
