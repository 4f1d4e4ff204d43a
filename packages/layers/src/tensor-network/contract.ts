import { ValueError } from '@ketwork/base';
import type { Merge } from './shape.ts';

/** What a contraction needs: coordinates of all words, and maps of all boxes. */
export interface Tensors {
  /** `[words, d]`, Pauli coordinates of the state of each word. */
  readonly words: Float64Array;
  /** `[boxes, d · d, d]`: what a box makes of Pauli inputs, `maps[box][left · d + right][out]`. */
  readonly maps: Float64Array;
  /** Coordinates of a wire, 4 to the number of its qubits. */
  readonly d: number;
}

/** A network contracted for a batch. */
export interface Contraction {
  /** `[batch, nodes, d]` coordinates of every node, divided by the first one where `normalize`. */
  readonly nodes: Float64Array;
  /** `[batch, merges]` what they were divided by; empty without `normalize`. */
  readonly norms: Float64Array;
}

/** Contracts the network for each example of `tokens` `[batch, length]`. */
export function contract(
  { words, maps, d }: Tensors,
  merges: readonly Merge[],
  tokens: Float64Array,
  length: number,
  normalize: boolean,
): Contraction {
  const batch = tokens.length / length;
  const count = length + merges.length;
  const nodes = new Float64Array(batch * count * d);
  const norms = new Float64Array(normalize ? batch * merges.length : 0);
  for (let e = 0; e < batch; e++) {
    const start = e * count * d;
    for (let i = 0; i < length; i++) {
      const word = tokens[e * length + i]! * d;
      for (let k = 0; k < d; k++) nodes[start + i * d + k] = words[word + k]!;
    }
    for (let m = 0; m < merges.length; m++) {
      const { left, right, box } = merges[m]!;
      const [a, b, out] = [start + left * d, start + right * d, start + (length + m) * d];
      for (let i = 0; i < d; i++) {
        for (let j = 0; j < d; j++) {
          const factor = nodes[a + i]! * nodes[b + j]!;
          const row = ((box * d + i) * d + j) * d;
          for (let k = 0; k < d; k++) nodes[out + k]! += maps[row + k]! * factor;
        }
      }
      if (!normalize) continue;
      const norm = nodes[out]!;
      if (!(norm > 1e-12)) {
        throw new ValueError(
          `quantumTensorNetwork: merge ${m} of example ${e} is kept with probability ${norm}, too little to go on`,
          { remedy: "Use discard: 'trace', or other first values" },
        );
      }
      norms[e * merges.length + m] = norm;
      for (let k = 0; k < d; k++) nodes[out + k]! /= norm;
    }
  }
  return { nodes, norms };
}

/** Cotangents of words and maps, one set for the batch or one per example. */
export interface TensorGradients {
  /** `[sets, words, d]` */
  readonly words: Float64Array;
  /** `[sets, boxes, d · d, d]` */
  readonly maps: Float64Array;
}

/** The way back through {@link contract}; `last` is the cotangent of the last node, `[batch, d]`. */
export function contractBackward(
  { words, maps, d }: Tensors,
  merges: readonly Merge[],
  tokens: Float64Array,
  length: number,
  { nodes, norms }: Contraction,
  last: Float64Array,
  perExample: boolean,
): TensorGradients {
  const batch = tokens.length / length;
  const count = length + merges.length;
  const sets = perExample ? batch : 1;
  const wordGrads = new Float64Array(sets * words.length);
  const mapGrads = new Float64Array(sets * maps.length);
  const grads = new Float64Array(count * d);
  for (let e = 0; e < batch; e++) {
    const start = e * count * d;
    const wordSet = perExample ? e * words.length : 0;
    const mapSet = perExample ? e * maps.length : 0;
    grads.fill(0);
    grads.set(last.subarray(e * d, (e + 1) * d), (count - 1) * d);
    for (let m = merges.length - 1; m >= 0; m--) {
      const { left, right, box } = merges[m]!;
      const out = (length + m) * d;
      if (norms.length > 0)
        divideBackward(grads, out, nodes, start + out, norms[e * merges.length + m]!, d);
      const [a, b] = [left * d, right * d];
      for (let i = 0; i < d; i++) {
        for (let j = 0; j < d; j++) {
          const [x, y] = [nodes[start + a + i]!, nodes[start + b + j]!];
          const row = ((box * d + i) * d + j) * d;
          let through = 0;
          for (let k = 0; k < d; k++) {
            through += grads[out + k]! * maps[row + k]!;
            mapGrads[mapSet + row + k]! += grads[out + k]! * x * y;
          }
          grads[a + i]! += through * y;
          grads[b + j]! += through * x;
        }
      }
    }
    for (let i = 0; i < length; i++) {
      const word = wordSet + tokens[e * length + i]! * d;
      for (let k = 0; k < d; k++) wordGrads[word + k]! += grads[i * d + k]!;
    }
  }
  return { words: wordGrads, maps: mapGrads };
}

/** Cotangent of a vector from that of the vector divided by its first element. */
function divideBackward(
  grads: Float64Array,
  at: number,
  divided: Float64Array,
  from: number,
  norm: number,
  d: number,
): void {
  let total = 0;
  for (let k = 0; k < d; k++) total += grads[at + k]! * divided[from + k]!;
  for (let k = 0; k < d; k++) grads[at + k]! /= norm;
  grads[at]! -= total / norm;
}
