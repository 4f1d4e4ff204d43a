import {
  dense,
  flatten,
  graphConv,
  graphMean,
  initializers,
  quantumGraphConv,
  scale,
  sequential,
  tanh,
} from 'ketwork';
import type { Model } from 'ketwork';
import { classicalNetwork, quantumNetwork } from '../05-qcnn-hep/models.ts';

/** Features of a node, as `imageGraphs` makes them. */
export const FEATURES = 4;
/** Most nodes of a graph. */
export const NODES = 24;
/** Pixels nearer than this are joined. */
export const RADIUS = 2.3;

/** A network of the comparison. */
export interface Variant {
  readonly name: string;
  /** Learning rate of Adam. */
  readonly rate: number;
  /** What it reads. */
  readonly reads: 'graphs' | 'images';
  make(): Model;
}

const readOut = [graphMean(), scale(3), dense(FEATURES, 2)];

/** Two quantum graph convolutions with some layers of entanglers and rotations each. */
export function quantumGraphNetwork(layers: number): Model {
  const conv = quantumGraphConv({ features: FEATURES, layers, init: initializers.normal(1) });
  return sequential(conv, conv, ...readOut);
}

/** The same shape with classical graph convolutions: 50 parameters. */
export function classicalGraphNetwork(): Model {
  const conv = graphConv(FEATURES, FEATURES, { activation: 'tanh' });
  return sequential(conv, conv, ...readOut);
}

/** Pixels to 4 to 2: 1038 parameters. */
export function multilayerPerceptron(): Model {
  return sequential(flatten(), dense(256, 4), tanh(), dense(4, 2));
}

export const SMALL = 'QGCN, 1 layer';
export const LARGE = 'QGCN, 2 layers';
export const GCN = 'GCN';
export const QCNN = 'QCNN';
export const MLP = 'MLP';
export const CNN = 'CNN';
export const CNN_WIDE = 'CNN, 5 channels';

/** All networks. Those of card 05 are the ones of that experiment; the CNNs run at both rates that it has. */
export const VARIANTS: readonly Variant[] = [
  { name: SMALL, rate: 0.05, reads: 'graphs', make: () => quantumGraphNetwork(1) },
  { name: LARGE, rate: 0.05, reads: 'graphs', make: () => quantumGraphNetwork(2) },
  { name: GCN, rate: 0.05, reads: 'graphs', make: classicalGraphNetwork },
  { name: QCNN, rate: 0.05, reads: 'images', make: () => quantumNetwork({ reupload: true }) },
  { name: MLP, rate: 0.01, reads: 'images', make: multilayerPerceptron },
  ...[0.01, 0.05].flatMap((rate): Variant[] => [
    { name: CNN, rate, reads: 'images', make: () => classicalNetwork(2) },
    { name: CNN_WIDE, rate, reads: 'images', make: () => classicalNetwork(5) },
  ]),
];

/** Number of trained numbers. */
export function parameterCount({ make, reads }: Variant): number {
  const shape = reads === 'graphs' ? [NODES, FEATURES + NODES + 1] : [16, 16];
  return make()
    .build(shape, 0)
    .parameters.reduce((sum, { data }) => sum + data.length, 0);
}
