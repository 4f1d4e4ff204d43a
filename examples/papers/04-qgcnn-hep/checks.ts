import {
  cpu,
  crossEntropy,
  forward,
  key,
  larTpc,
  imageGraphs,
  lossValues,
  permutation,
  valueAndGrad,
} from 'ketwork';
import { FEATURES, NODES, quantumGraphNetwork, RADIUS } from './models.ts';

/** How far the quantum graph network is from what must hold; largest absolute differences. */
export interface Checks {
  /** Outputs after the nodes were put in another order. */
  readonly permutation: number;
  /** Outputs with more empty places. */
  readonly masking: number;
  /** Gradients through both convolutions against central differences. */
  readonly gradient: number;
}

const WIDTH = FEATURES + NODES + 1;

/** Runs the checks on some events. */
export async function check(seed: number): Promise<Checks> {
  const images = larTpc({ particles: ['muon', 'electron', 'pion'], count: 6, seed });
  const { inputs, labels } = imageGraphs(images, { nodes: NODES, radius: RADIUS });
  const engine = await cpu();
  const network = quantumGraphNetwork(2).build([NODES, WIDTH], seed);
  network.bind!(engine);
  const outputs = await forward(network, inputs);

  const order = permutation(key(seed), NODES);
  const permuted = await forward(network, reordered(inputs, order));

  const room = NODES + 8;
  const larger = quantumGraphNetwork(2).build([room, FEATURES + room + 1], seed);
  larger.bind!(engine);
  const masked = await forward(larger, withRoom(inputs, room));

  const batch = { x: inputs.subarray(0, 2 * NODES * WIDTH), y: labels.subarray(0, 2) };
  const { grads } = await valueAndGrad(network, crossEntropy)(batch);
  const value = lossValues(network, crossEntropy);
  const step = 1e-5;
  let gradient = 0;
  for (const [p, { data }] of network.parameters.entries()) {
    for (let i = 0; i < data.length; i++) {
      const old = data[i]!;
      data[i] = old + step;
      const above = (await value(batch)).loss;
      data[i] = old - step;
      const below = (await value(batch)).loss;
      data[i] = old;
      gradient = Math.max(gradient, Math.abs((above - below) / (2 * step) - grads[p]![i]!));
    }
  }
  return {
    permutation: difference(permuted, outputs),
    masking: difference(masked, outputs),
    gradient,
  };
}

/** The same graphs with node `order[v]` in the place of v. */
export function reordered(inputs: Float64Array, order: ArrayLike<number>): Float64Array {
  const out = new Float64Array(inputs.length);
  for (let start = 0; start < inputs.length; start += NODES * WIDTH) {
    for (let v = 0; v < NODES; v++) {
      const from = inputs.subarray(start + order[v]! * WIDTH, start + (order[v]! + 1) * WIDTH);
      const to = out.subarray(start + v * WIDTH, start + (v + 1) * WIDTH);
      to.set(from);
      for (let u = 0; u < NODES; u++) to[FEATURES + u] = from[FEATURES + order[u]!]!;
    }
  }
  return out;
}

/** The same graphs with empty places behind. */
function withRoom(inputs: Float64Array, room: number): Float64Array {
  const graphs = inputs.length / (NODES * WIDTH);
  const width = FEATURES + room + 1;
  const out = new Float64Array(graphs * room * width);
  for (let g = 0; g < graphs; g++) {
    for (let v = 0; v < NODES; v++) {
      const from = inputs.subarray((g * NODES + v) * WIDTH, (g * NODES + v + 1) * WIDTH);
      const to = out.subarray((g * room + v) * width, (g * room + v + 1) * width);
      to.set(from.subarray(0, FEATURES + NODES));
      to[width - 1] = from[WIDTH - 1]!;
    }
  }
  return out;
}

function difference(a: Float64Array, b: Float64Array): number {
  return a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i]!)), 0);
}
