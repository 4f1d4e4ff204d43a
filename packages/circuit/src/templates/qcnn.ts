import { angle } from '../angle.ts';
import type { AngleLike } from '../angle.ts';
import { anglesOf, qubitsFor, templateError } from './target.ts';
import type { AngleTensor, TemplateAngles, TemplateTarget } from './target.ts';

type Row = (index: number) => AngleLike;

/** `RZ(c)·RY(b)·RX(a)` on one qubit. */
function oneQubitUnitary(q: TemplateTarget, w: Row, offset: number, qubit: number): void {
  ['RX', 'RY', 'RZ'].forEach((gate, i) => q.gate(gate, [w(offset + i)], qubit));
}

function convolve(q: TemplateTarget, w: Row, a: number, b: number): void {
  oneQubitUnitary(q, w, 0, a);
  oneQubitUnitary(q, w, 3, b);
  ['RZZ', 'RYY', 'RXX'].forEach((gate, i) => q.gate(gate, [w(6 + i)], [a, b]));
  oneQubitUnitary(q, w, 9, a);
  oneQubitUnitary(q, w, 12, b);
}

function pool(q: TemplateTarget, w: Row, source: number, sink: number): void {
  oneQubitUnitary(q, w, 0, sink);
  oneQubitUnitary(q, w, 3, source);
  q.gate('CNOT', [], [source, sink]);
  ['RZ', 'RY', 'RX'].forEach((gate, i) => q.gate(gate, [angle.mul(-1, w(2 - i))], sink));
}

/**
 * Any unitary of two qubits up to a phase, in 15 parameters: RX, RY, RZ on `a` (parameters 0–2) and on `b` (3–5), RZZ,
 * RYY, RXX (6–8), RX, RY, RZ on `a` (9–11) and on `b` (12–14). The convolution of the quantum convolutional networks of
 * Cong, Choi, Lukin, Nature Physics 15, 1273 (2019), in the form of the TensorFlow Quantum tutorial.
 *
 * @param w Shape `[15]`, radians.
 * @throws CircuitError when the shape or a qubit is wrong.
 * @example
 * ```ts
 * import { circuit, draw, quantumConvolution, weight } from '@ketwork/circuit';
 * console.log(draw(circuit(2, (q) => quantumConvolution(q, weight('w', [15]), 0, 1))));
 * ```
 */
export function quantumConvolution(
  q: TemplateTarget,
  w: TemplateAngles,
  a: number,
  b: number,
): void {
  const name = 'quantumConvolution';
  qubitsFor(name, q, [a, b]);
  const weights = anglesOf(name, 'weights', w, [15], 'quantumConvolutionShape()');
  convolve(q, weights.at, a, b);
}

/**
 * Shape of the weights of {@link quantumConvolution}: `[15]`.
 *
 * @example
 * ```ts
 * import { quantumConvolutionShape, weight } from '@ketwork/circuit';
 * console.log(weight('w', quantumConvolutionShape()).size); // 15
 * ```
 */
export function quantumConvolutionShape(): readonly [15] {
  return [15];
}

/**
 * Carries what matters of one qubit over to another, in 6 parameters: RX, RY, RZ on `sink` (parameters 0–2) and on
 * `source` (3–5), a CNOT from source to sink, and the inverse of the first three on `sink`. The source is not used
 * afterwards. Pooling of the TensorFlow Quantum tutorial on quantum convolutional networks.
 *
 * @param w Shape `[6]`, radians.
 * @throws CircuitError when the shape or a qubit is wrong.
 * @example
 * ```ts
 * import { circuit, draw, quantumPooling, weight } from '@ketwork/circuit';
 * console.log(draw(circuit(2, (q) => quantumPooling(q, weight('w', [6]), 0, 1))));
 * ```
 */
export function quantumPooling(
  q: TemplateTarget,
  w: TemplateAngles,
  source: number,
  sink: number,
): void {
  const name = 'quantumPooling';
  qubitsFor(name, q, [source, sink]);
  const weights = anglesOf(name, 'weights', w, [6], 'quantumPoolingShape()');
  pool(q, weights.at, source, sink);
}

/**
 * Shape of the weights of {@link quantumPooling}: `[6]`.
 *
 * @example
 * ```ts
 * import { quantumPoolingShape, weight } from '@ketwork/circuit';
 * console.log(weight('w', quantumPoolingShape()).size); // 6
 * ```
 */
export function quantumPoolingShape(): readonly [6] {
  return [6];
}

/** Pairs (0,1), (2,3), …, then (1,2), (3,4), …, and, for an even number, the last qubit with the first. */
function neighbours(qubits: readonly number[]): (readonly [number, number])[] {
  const n = qubits.length;
  const firsts = [...range(0, n - 1), ...range(1, n - (n % 2))];
  return firsts.map((i) => [qubits[i]!, qubits[(i + 1) % n]!] as const);
}

function range(start: number, end: number): number[] {
  const result: number[] = [];
  for (let i = start; i < end; i += 2) result.push(i);
  return result;
}

/** Parameters of pair p: row p, or the same ones for all pairs where there is one axis only. */
function rowOf(weights: AngleTensor, pair: number): Row {
  return weights.shape.length === 1 ? (i) => weights.at(i) : (i) => weights.at(pair, i);
}

function perPair(
  name: string,
  w: TemplateAngles,
  pairs: number,
  size: number,
  helper: string,
): AngleTensor {
  const nested = Array.isArray(w) ? Array.isArray(w[0]) || ArrayBuffer.isView(w[0]) : false;
  const separate = nested || (typeof w === 'object' && 'shape' in w && w.shape.length === 2);
  return anglesOf(name, 'weights', w, separate ? [pairs, size] : [size], helper);
}

/**
 * {@link quantumConvolution} on neighbouring qubits in a ring: on the pairs (0,1), (2,3), … of the list, then on (1,2),
 * (3,4), … and, for an even number of qubits, on the last and the first one. Two qubits give (0,1) and (1,0).
 *
 * @param w Shape `[15]`, shared by all pairs (a convolution), or `[pairs, 15]`, one row for each; radians.
 * @param qubits At least 2, all by default.
 * @throws CircuitError when the shape or a qubit is wrong.
 * @example
 * ```ts
 * import { circuit, convolutionLayer, weight } from '@ketwork/circuit';
 * console.log(circuit(4, (q) => convolutionLayer(q, weight('w', [15]))).ops.length); // 60
 * ```
 */
export function convolutionLayer(
  q: TemplateTarget,
  w: TemplateAngles,
  qubits?: readonly number[],
): void {
  const name = 'convolutionLayer';
  const on = qubitsFor(name, q, qubits);
  if (on.length < 2) throw templateError(name, 'there is one qubit only', 'Name at least two');
  const pairs = neighbours(on);
  const weights = perPair(name, w, pairs.length, 15, `convolutionLayerShape(${on.length})`);
  pairs.forEach(([a, b], pair) => convolve(q, rowOf(weights, pair), a, b));
}

/**
 * Shape of the weights of {@link convolutionLayer}: `[15]` shared by all pairs, or `[pairs, 15]`.
 *
 * @param qubits Length of the list of qubits.
 * @param options With `shared: false` each pair has its own weights. Default true.
 * @example
 * ```ts
 * import { convolutionLayerShape } from '@ketwork/circuit';
 * console.log(convolutionLayerShape(4), convolutionLayerShape(4, { shared: false })); // [ 15 ] [ 4, 15 ]
 * ```
 */
export function convolutionLayerShape(
  qubits: number,
  options: { readonly shared?: boolean } = {},
): readonly number[] {
  const pairs = neighbours(Array.from({ length: qubits }, (_, i) => i)).length;
  return options.shared === false ? [pairs, 15] : [15];
}

/**
 * {@link quantumPooling} from the i-th source to the i-th sink. The sinks are the qubits to go on with.
 *
 * @param w Shape `[6]`, shared by all pairs, or `[pairs, 6]`, one row for each; radians.
 * @param sources Qubits to give up.
 * @param sinks As many other qubits.
 * @throws CircuitError when the shape or the lists are wrong.
 * @example
 * ```ts
 * import { circuit, poolingLayer, weight } from '@ketwork/circuit';
 * console.log(circuit(4, (q) => poolingLayer(q, weight('w', [6]), [0, 1], [2, 3])).ops.length); // 20
 * ```
 */
export function poolingLayer(
  q: TemplateTarget,
  w: TemplateAngles,
  sources: readonly number[],
  sinks: readonly number[],
): void {
  const name = 'poolingLayer';
  qubitsFor(name, q, [...sources, ...sinks]);
  if (sources.length !== sinks.length) {
    throw templateError(
      name,
      `there are ${sources.length} sources and ${sinks.length} sinks`,
      'Name as many of both',
    );
  }
  const weights = perPair(name, w, sources.length, 6, `poolingLayerShape(${sources.length})`);
  sources.forEach((source, pair) => pool(q, rowOf(weights, pair), source, sinks[pair]!));
}

/**
 * Shape of the weights of {@link poolingLayer}: `[6]` shared by all pairs, or `[pairs, 6]`.
 *
 * @param pairs Number of sources.
 * @param options With `shared: false` each pair has its own weights. Default true.
 * @example
 * ```ts
 * import { poolingLayerShape } from '@ketwork/circuit';
 * console.log(poolingLayerShape(2), poolingLayerShape(2, { shared: false })); // [ 6 ] [ 2, 6 ]
 * ```
 */
export function poolingLayerShape(
  pairs: number,
  options: { readonly shared?: boolean } = {},
): readonly number[] {
  return options.shared === false ? [pairs, 6] : [6];
}
