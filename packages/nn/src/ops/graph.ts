import { ValueError } from '@ketwork/base';
import type { Shape, Tensor } from '../contract.ts';
import { shapeText } from '../shape.ts';
import type { Rule } from '../tape.ts';
import { mul } from './arithmetic.ts';
import { axisOf } from './common.ts';
import { sum } from './reductions.ts';
import { concat, slice } from './shaping.ts';

/** The parts of a packed graph, see {@link splitGraph}. */
export interface GraphParts {
  /** Features of the nodes, `[nodes, features]`. */
  readonly features: Tensor;
  /** Adjacency matrix, usually normalised, `[nodes, nodes]`. */
  readonly adjacency: Tensor;
  /** 1 for nodes that are there, 0 for places that are empty, `[nodes, 1]`; a constant for gradients. */
  readonly mask: Tensor;
}

/**
 * The parts of a graph that is packed as one tensor `[nodes, features + nodes + 1]`: the row of a node holds its
 * features, its row of the adjacency matrix, and 1 where the node is there, 0 where the place is empty. Graphs of
 * different sizes have one shape that way. Gradients go to features and adjacency; the mask is a constant.
 *
 * @throws ValueError where the shape has not two axes or no place for a feature.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * // Two nodes with one feature each, joined by an edge.
 * const x = tape.constant(Float64Array.of(5, 0, 1, 1, 7, 1, 0, 1), [2, 4], 'batch');
 * const { features, adjacency } = ops.splitGraph(x);
 * const sums = ops.matmul(adjacency, features);
 * await tape.run();
 * console.log(tape.value(sums)); // 7, 5
 * ```
 */
export function splitGraph(x: Tensor): GraphParts {
  const { nodes, features } = graphSizes('splitGraph', x.shape);
  return {
    features: slice(x, 0, features, 1),
    adjacency: slice(x, features, features + nodes, 1),
    mask: constant(slice(x, features + nodes, features + nodes + 1, 1)),
  };
}

/**
 * The inverse of {@link splitGraph}: features, adjacency and mask side by side.
 *
 * @throws ValueError where the numbers of nodes differ.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(5, 0, 1, 1, 7, 1, 0, 1), [2, 4], 'batch');
 * const y = ops.joinGraph(ops.splitGraph(x));
 * await tape.run();
 * console.log(tape.value(y)); // 5, 0, 1, 1, 7, 1, 0, 1
 * ```
 */
export function joinGraph({ features, adjacency, mask }: GraphParts): Tensor {
  return concat([features, adjacency, mask], 1);
}

/**
 * Mean over the nodes that are there, `[nodes, features]` with a mask `[nodes, 1]` to `[features]`; 0 where there is
 * none. The mask is a constant for gradients.
 *
 * @throws ValueError where the mask has not one number per node.
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(1);
 * const x = tape.constant(Float64Array.of(1, 2, 3, 4, 50, 60), [3, 2], 'batch');
 * const mask = tape.constant(Float64Array.of(1, 1, 0), [3, 1], 'batch');
 * const y = ops.maskedMean(x, mask);
 * await tape.run();
 * console.log(tape.value(y)); // 2, 3
 * ```
 */
export function maskedMean(x: Tensor, mask: Tensor): Tensor {
  axisOf('maskedMean', x.shape, 1);
  const nodes = x.shape[0]!;
  if (mask.shape.length !== 2 || mask.shape[0] !== nodes || mask.shape[1] !== 1) {
    throw new ValueError(
      `maskedMean: a mask of shape ${shapeText(mask.shape)} does not fit ${shapeText(x.shape)}`,
      { remedy: `Give a mask of shape [${nodes}, 1]` },
    );
  }
  const weights = mask.tape.record(shareOf(nodes), [mask], mask.shape);
  return sum(mul(x, weights), 0);
}

/** Numbers of nodes and features of a packed graph. */
export function graphSizes(name: string, shape: Shape): { nodes: number; features: number } {
  const [nodes = 0, width = 0] = shape;
  const features = width - nodes - 1;
  if (shape.length !== 2 || features < 1) {
    throw new ValueError(
      `${name}: shape ${shapeText(shape)} is not that of a packed graph, [nodes, features + nodes + 1]`,
      { remedy: 'Pack graphs with packGraphs or imageGraphs of @ketwork/datasets' },
    );
  }
  return { nodes, features };
}

/** The same numbers, through which no gradient passes. */
function constant(x: Tensor): Tensor {
  return x.tape.record(
    {
      name: 'constant',
      forward: ([values]) => values!,
      vjp: ([values]) => [new Float64Array(values!.length)],
    },
    [x],
    x.shape,
  );
}

/** Each node's share of the mean. */
function shareOf(nodes: number): Rule {
  return {
    name: 'maskedMean',
    forward([mask]) {
      const out = new Float64Array(mask!.length);
      for (let start = 0; start < out.length; start += nodes) {
        let count = 0;
        for (let v = 0; v < nodes; v++) count += mask![start + v]!;
        if (count === 0) continue;
        for (let v = 0; v < nodes; v++) out[start + v] = mask![start + v]! / count;
      }
      return out;
    },
    vjp: ([mask]) => [new Float64Array(mask!.length)],
  };
}
