import { ValueError } from '@ketwork/base';
import type { Dataset } from './dataset.ts';

/** A graph without direction. */
export interface Graph {
  /** Features of each node; every node has the same number. */
  readonly features: readonly (readonly number[])[];
  /** Pairs of nodes that are joined. Each pair counts once, pairs of a node with itself do not count. */
  readonly edges: readonly (readonly [a: number, b: number])[];
}

/** Graphs as rows of numbers, see {@link packGraphs}. */
export interface PackedGraphs {
  /** `[graphs, ...inputShape]`. */
  readonly inputs: Float64Array;
  /** `[nodes, features + nodes + 1]`. */
  readonly inputShape: readonly [nodes: number, width: number];
}

/** Options of {@link imageGraphs}. */
export interface ImageGraphOptions {
  /** Nodes of a graph: that many of the brightest pixels at most. Default 24. */
  readonly nodes?: number;
  /** Pixels nearer to one another than this are joined, in pixels. Default 2.3. */
  readonly radius?: number;
}

/**
 * Packs graphs of different sizes into arrays of one shape, as the graph layers take them. In the row of a node: its
 * features, its row of the normalised adjacency matrix `Â = D^-1/2 (A + 1) D^-1/2` with `D` the row sums of `A + 1` (Kipf
 * and Welling, arXiv:1609.02907), and 1. Rows without a node are 0.
 *
 * @param nodes Rows per graph, at least the nodes of the largest one.
 * @throws ValueError where there is no graph or no node at all, a graph has too many nodes, nodes have different numbers of
 * features, a feature is not finite, or an edge names a node that is not there.
 * @example
 * ```ts
 * import { packGraphs } from '@ketwork/datasets';
 * const pair = { features: [[5], [7]], edges: [[0, 1]] as const };
 * console.log(packGraphs([pair], 3).inputs.slice(0, 5)); // 5, 0.5, 0.5, 0, 1
 * ```
 */
export function packGraphs(graphs: readonly Graph[], nodes: number): PackedGraphs {
  if (!Number.isSafeInteger(nodes) || nodes < 1)
    throw new ValueError(`packGraphs: nodes ${nodes} is not a positive integer`);
  const first = graphs.find((graph) => graph.features.length > 0)?.features[0];
  if (first === undefined || first.length === 0)
    throw new ValueError('packGraphs: no graph has a node with a feature');
  const width = first.length + nodes + 1;
  const inputs = new Float64Array(graphs.length * nodes * width);
  graphs.forEach((graph, g) => {
    checkGraph(graph, g, nodes, first.length);
    pack(graph, inputs.subarray(g * nodes * width, (g + 1) * nodes * width), nodes);
  });
  return { inputs, inputShape: [nodes, width] };
}

/**
 * Sparse grey images as graphs: nodes are the brightest pixels above 0 (of equally bright ones the first in rows from the
 * top), in order of brightness; pixels nearer than `radius` are joined. Features of a node: twice its value; its column and
 * its row as distance from the mean of the nodes weighted with their values, in units of half the image's side; the number
 * of its neighbours over 8.
 *
 * @param images Images of shape `[height, width]`.
 * @returns The same examples as packed graphs `[nodes, 4 + nodes + 1]`, see {@link packGraphs}.
 * @throws ValueError where the data are not images, an option does not fit, or all images are empty.
 * @example
 * ```ts
 * import { imageGraphs, larTpc } from '@ketwork/datasets';
 * const events = larTpc({ particles: ['muon', 'electron'], count: 10, seed: 1 });
 * console.log(imageGraphs(events, { nodes: 24, radius: 2.3 }).inputShape); // [ 24, 29 ]
 * ```
 */
export function imageGraphs(images: Dataset, options: ImageGraphOptions = {}): Dataset {
  const { nodes = 24, radius = 2.3 } = options;
  const [height, width] = images.inputShape;
  if (images.inputShape.length !== 2) {
    throw new ValueError(
      `data set "${images.name}" holds examples of shape [${images.inputShape.join(', ')}], not images`,
      { remedy: 'Give examples of shape [height, width]' },
    );
  }
  if (!(radius > 0 && radius < Infinity))
    throw new ValueError(`imageGraphs: radius ${radius} is not a number of pixels above 0`);
  const size = height! * width!;
  const graphs = Array.from({ length: images.size }, (_, e) =>
    imageGraph(images.inputs.subarray(e * size, (e + 1) * size), height!, width!, nodes, radius),
  );
  const { inputs, inputShape } = packGraphs(graphs, nodes);
  return Object.freeze({ ...images, inputs, inputShape: Object.freeze([...inputShape]) });
}

function imageGraph(
  pixels: Float64Array,
  height: number,
  width: number,
  nodes: number,
  radius: number,
): Graph {
  const brightest = Array.from(pixels.keys())
    .filter((p) => pixels[p]! > 0)
    .sort((a, b) => pixels[b]! - pixels[a]! || a - b)
    .slice(0, nodes);
  const places = brightest.map((p) => ({
    charge: pixels[p]!,
    row: Math.floor(p / width),
    column: p % width,
  }));
  const total = places.reduce((sum, { charge }) => sum + charge, 0);
  const middle = (of: 'row' | 'column'): number =>
    places.reduce((sum, place) => sum + place.charge * place[of], 0) / total;
  const [row, column] = [middle('row'), middle('column')];
  const degrees = places.map(() => 0);
  const edges: [number, number][] = [];
  places.forEach((a, i) => {
    places.slice(0, i).forEach((b, j) => {
      if (Math.hypot(a.row - b.row, a.column - b.column) >= radius) return;
      edges.push([j, i]);
      degrees[i]!++;
      degrees[j]!++;
    });
  });
  const features = places.map((place, i) => [
    2 * place.charge,
    (place.column - column) / (width / 2),
    (place.row - row) / (height / 2),
    degrees[i]! / 8,
  ]);
  return { features, edges };
}

function checkGraph({ features, edges }: Graph, g: number, nodes: number, width: number): void {
  if (features.length > nodes) {
    throw new ValueError(
      `packGraphs: graph ${g} has ${features.length} nodes where there is room for ${nodes}`,
    );
  }
  features.forEach((row, v) => {
    if (row.length !== width) {
      throw new ValueError(
        `packGraphs: node ${v} of graph ${g} has ${row.length} features where others have ${width}`,
      );
    }
    const bad = row.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0)
      throw new ValueError(`packGraphs: feature ${bad} of node ${v} of graph ${g} is ${row[bad]}`);
  });
  for (const edge of edges) {
    if (edge.some((v) => !Number.isInteger(v) || v < 0 || v >= features.length)) {
      throw new ValueError(
        `packGraphs: edge [${edge.join(', ')}] of graph ${g} does not join two of its ${features.length} nodes`,
      );
    }
  }
}

function pack({ features, edges }: Graph, rows: Float64Array, nodes: number): void {
  const count = features.length;
  const width = rows.length / nodes;
  const adjacency = new Uint8Array(count * count);
  const sums = new Float64Array(count);
  for (let v = 0; v < count; v++) adjacency[v * count + v] = 1;
  for (const [a, b] of edges) {
    adjacency[a * count + b] = 1;
    adjacency[b * count + a] = 1;
  }
  for (let i = 0; i < adjacency.length; i++) sums[Math.floor(i / count)]! += adjacency[i]!;
  features.forEach((own, v) => {
    const row = rows.subarray(v * width, (v + 1) * width);
    row.set(own);
    for (let u = 0; u < count; u++) {
      if (adjacency[v * count + u] === 1) row[own.length + u] = 1 / Math.sqrt(sums[v]! * sums[u]!);
    }
    row[width - 1] = 1;
  });
}
