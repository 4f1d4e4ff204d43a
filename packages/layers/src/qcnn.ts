import { ValueError } from '@ketwork/base';
import { Z, amplitudes, angle, circuit, expval, input, weight } from '@ketwork/circuit';
import type { AngleExpression, Builder, Circuit, ExpvalMeasurement } from '@ketwork/circuit';
import type { Layer } from '@ketwork/nn';
import { quantum } from './quantum.ts';
import type { QuantumOptions } from './quantum.ts';
import { checkChoice } from './shapes.ts';

/** Options of {@link qcnn}. */
export interface QcnnOptions {
  /**
   * How data enter: `angle` rotates qubit i by feature i about y (slot `x` `[qubits]`, radians); `amplitude` loads
   * `2^qubits` real amplitudes, divided by their norm (slot `x` `[2^qubits]`); `state` loads complex amplitudes of norm 1
   * (slot `x` `[2^qubits, 2]`, interleaved re, im), such as ground states; a function adds operations of your own, with
   * data slots of your own. Default `angle`.
   */
  readonly embedding?: 'angle' | 'amplitude' | 'state' | ((q: Builder) => unknown);
  /** Qubits that are left and measured; pooling halves the qubits (rounded up) until no more than these are left. Default 1. */
  readonly outputs?: number;
  /**
   * How qubits are pooled: `controlled` by a gate on the qubit that stays, `measured` by measuring the qubit that goes and
   * flipping the other one where the outcome is 1. The results are the same; a device can do without the gate.
   * Default `controlled`.
   */
  readonly pooling?: 'controlled' | 'measured';
  /** Whether the pairs of a layer share their weights, as in a convolution. Default true. */
  readonly shared?: boolean;
}

/** A quantum convolutional network, see {@link qcnn}. */
export interface Qcnn {
  /** The circuit; weights are in the slots `conv0`, `pool0`, `conv1`, … and `full`. */
  readonly circuit: Circuit;
  /** ⟨Z⟩ of the qubits that are left. */
  readonly measurement: ExpvalMeasurement;
  /** The qubits that are left. */
  readonly readout: readonly number[];
  /** The network as a layer with outputs `[readout.length]`, each from -1 to 1. */
  layer(options?: QuantumOptions): Layer;
}

/**
 * The quantum convolutional network of Cong, Choi and Lukin (Nature Physics 15, 1273 (2019), arXiv:1810.03573) in the form
 * of the TensorFlow Quantum tutorial: per stage a ring of two-qubit unitaries (`convolutionLayer`), then pooling of the
 * first half of the qubits into the second half (`poolingLayer`; an odd one stays as it is); with more than one output, a
 * last layer of unitaries with weights of their own (`full`). Measuring the discarded qubits and rotating their
 * neighbours depending on the outcome has the same effect on what is left as the controlled gates used by default.
 *
 * @param qubits Number of qubits, at least 2.
 * @throws ValueError where the number of qubits or outputs does not fit.
 * @example
 * ```ts
 * import { qcnn } from '@ketwork/layers';
 * const { circuit, readout } = qcnn(8);
 * console.log(circuit.slots.map((slot) => slot.name)); // [ 'x', 'conv0', 'pool0', 'conv1', 'pool1', 'conv2', 'pool2' ]
 * console.log(readout); // [ 7 ]
 * ```
 */
export function qcnn(qubits: number, options: QcnnOptions = {}): Qcnn {
  const { embedding = 'angle', outputs = 1, pooling = 'controlled', shared = true } = options;
  if (!Number.isSafeInteger(qubits) || qubits < 2)
    throw new ValueError(`qcnn: ${qubits} is not a number of qubits of at least 2`);
  if (!Number.isSafeInteger(outputs) || outputs < 1 || outputs >= qubits) {
    throw new ValueError(`qcnn: ${outputs} outputs of ${qubits} qubits are not possible`, {
      remedy: `Use 1 to ${qubits - 1}`,
    });
  }
  if (pooling !== 'controlled' && pooling !== 'measured')
    throw new ValueError(`qcnn: pooling is '${String(pooling)}', not 'controlled' or 'measured'`);
  let active = Array.from({ length: qubits }, (_, qubit) => qubit);
  const built = circuit(qubits, (q) => {
    embed(q, embedding, active);
    for (let stage = 0; active.length > outputs; stage++) {
      const pairs = active.length === 2 ? 2 : active.length - (active.length % 2 === 0 ? 0 : 1);
      q.convolutionLayer(weight(`conv${stage}`, shared ? [15] : [pairs, 15]), active);
      // Never fewer qubits than outputs are asked for.
      const dropped = Math.min(Math.floor(active.length / 2), active.length - outputs);
      const kept = active.slice(dropped);
      const w = weight(`pool${stage}`, shared ? [6] : [dropped, 6]);
      const [sources, sinks] = [active.slice(0, dropped), kept.slice(0, dropped)];
      if (pooling === 'controlled') q.poolingLayer(w, sources, sinks);
      else {
        sources.forEach((source, i) => {
          measuredPooling(q, (k) => (shared ? w.at(k) : w.at(i, k)), source, sinks[i]!);
        });
      }
      active = kept;
    }
    if (active.length === 2) q.quantumConvolution(weight('full', [15]), active[0]!, active[1]!);
    if (active.length > 2)
      q.stronglyEntanglingLayers(weight('full', [2, active.length, 3]), { qubits: active });
  });
  const measurement = expval(...active.map((qubit) => Z(qubit)));
  return {
    circuit: built,
    measurement,
    readout: active,
    layer: (layerOptions = {}) => quantum(built, measurement, layerOptions),
  };
}

/** `quantumPooling` with its CNOT replaced by a measurement of the source, bit `source`, and a flip of the sink. */
function measuredPooling(
  q: Builder,
  w: (k: number) => AngleExpression,
  source: number,
  sink: number,
): void {
  q.rx(w(0), sink).ry(w(1), sink).rz(w(2), sink);
  q.rx(w(3), source).ry(w(4), source).rz(w(5), source);
  q.measure(source, source).if(source, (then) => then.x(sink));
  q.rz(angle.mul(-1, w(2)), sink)
    .ry(angle.mul(-1, w(1)), sink)
    .rx(angle.mul(-1, w(0)), sink);
}

function embed(
  q: Builder,
  embedding: NonNullable<QcnnOptions['embedding']>,
  qubits: readonly number[],
): void {
  if (typeof embedding !== 'function')
    checkChoice('qcnn', 'embedding', embedding, ['angle', 'amplitude', 'state']);
  if (typeof embedding === 'function') embedding(q);
  else if (embedding === 'angle') q.angleEmbedding(input('x', [qubits.length]), { rotation: 'Y' });
  else if (embedding === 'amplitude')
    q.prepare(amplitudes('x', [2 ** qubits.length]), qubits, { normalize: true });
  else q.prepare(amplitudes('x', [2 ** qubits.length, 2]), qubits);
}
