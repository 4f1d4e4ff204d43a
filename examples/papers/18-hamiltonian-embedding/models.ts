import {
  amplitudes,
  avgPool2d,
  circuit,
  dense,
  expval,
  flatten,
  hamiltonianEmbedding,
  initializers,
  probabilities,
  projector,
  quantum,
  reshape,
  sequential,
  weight,
} from 'ketwork';
import type { Builder, Circuit, HamiltonianEmbeddingOptions, Model, SlotReference } from 'ketwork';

/** Settings of the Hamiltonian model; the rest is as in the authors' notebooks. */
export type HamiltonianSettings = Pick<
  HamiltonianEmbeddingOptions,
  'layers' | 'unitary' | 'pairs' | 'shared' | 'time' | 'evolution'
>;

/** The model of the paper: probabilities of basis strings go into the loss as they are. */
export function hamiltonianModel(
  side: number,
  classes: number,
  settings: HamiltonianSettings,
): Model {
  // The notebooks read eight classes from the first four of five qubits.
  const readout = side === 32 && classes === 8 ? { readout: 4 } : {};
  const options = { classes, qubits: Math.log2(side), ...readout, ...settings };
  return sequential(hamiltonianEmbedding(options));
}

/** How a qubit is given up: by a controlled gate, or by measuring it and rotating its neighbour depending on the result. */
export type Pooling = 'deferred' | 'measured';

/**
 * The baseline: amplitude embedding, then `convolutions` times a convolution and pooling, which leave every other qubit
 * (rounded up), then any unitary of those that are left. It goes back to a demonstration of PennyLane on learning from
 * little data.
 */
export function qcnnCircuit(
  qubits: number,
  convolutions: number,
  pooling: Pooling = 'deferred',
): { readonly circuit: Circuit; readonly kept: readonly number[] } {
  let kept = Array.from({ length: qubits }, (_, qubit) => qubit);
  const built = circuit(qubits, (q) => {
    q.prepare(amplitudes('x', [2 ** qubits]), kept, { normalize: true });
    for (let layer = 0; layer < convolutions; layer++) {
      convolve(q, weight(`conv${layer}`, [15]), kept, layer === 0);
      const angles = weight(`pool${layer}`, [3]);
      for (let i = 1; i < kept.length; i += 2)
        pool(q, angles, kept[i]!, kept[i - 1]!, pooling, layer * qubits + i);
      kept = kept.filter((_, i) => i % 2 === 0);
    }
    anyUnitary(q, weight('dense', [4 ** kept.length - 1]), kept);
  });
  return { circuit: built, kept };
}

/** The baseline as a model: probabilities of the first strings of the qubits that are left. */
export function qcnnModel(side: number, classes: number, convolutions: number): Model {
  const { circuit: built, kept } = qcnnCircuit(2 * Math.log2(side), convolutions);
  const read = kept.slice(0, Math.ceil(Math.log2(classes)));
  const measured =
    2 ** read.length === classes
      ? probabilities(read)
      : expval(
          ...Array.from({ length: classes }, (_, c) => projector(bitsOf(c, read.length), read)),
        );
  return sequential(
    reshape([side * side]),
    quantum(built, measured, { init: initializers.uniform(0, 2 * Math.PI) }),
  );
}

function bitsOf(value: number, length: number): number[] {
  return Array.from({ length }, (_, i) => (value >> (length - 1 - i)) & 1);
}

/** Pairs (0, 1), (2, 3), …, then (1, 2), (3, 4), …, all with the same angles. */
function convolve(q: Builder, w: SlotReference, wires: readonly number[], first: boolean): void {
  for (const start of [0, 1]) {
    for (let i = start; i + 1 < wires.length; i += 2) {
      const pair = [wires[i]!, wires[i + 1]!];
      const rotate = (qubit: number, from: number): unknown =>
        q.gate('U3', [w.at(from), w.at(from + 1), w.at(from + 2)], qubit);
      if (first && start === 0) pair.forEach((qubit, k) => rotate(qubit, 3 * k));
      ['RXX', 'RYY', 'RZZ'].forEach((gate, k) => q.gate(gate, [w.at(6 + k)], pair));
      pair.forEach((qubit, k) => rotate(qubit, 9 + 3 * k));
    }
  }
}

function pool(
  q: Builder,
  w: SlotReference,
  measured: number,
  neighbour: number,
  pooling: Pooling,
  bit: number,
): void {
  const rotate = (inner: Builder): unknown =>
    inner.gate('U3', [w.at(0), w.at(1), w.at(2)], neighbour);
  if (pooling === 'deferred') q.control([measured], rotate);
  else q.measure(measured, bit).if(bit, rotate);
}

/** One rotation about every Pauli string, in order. */
function anyUnitary(q: Builder, w: SlotReference, qubits: readonly number[]): void {
  for (let k = 1; k < 4 ** qubits.length; k++) {
    const letters = qubits.map((_, i) => 'IXYZ'[(k >> (2 * (qubits.length - 1 - i))) & 3]!);
    const on = qubits.filter((_, i) => letters[i] !== 'I');
    q.gate('PauliRot', [w.at(k - 1)], on, { word: letters.filter((l) => l !== 'I').join('') });
  }
}

/** The classical twin: softmax regression on pixels, or on means of squares of `pool` pixels a side. */
export function regression(side: number, classes: number, pool = 1): Model {
  const pixels = (side / pool) ** 2;
  return pool === 1
    ? sequential(reshape([pixels]), dense(pixels, classes))
    : sequential(reshape([1, side, side]), avgPool2d(pool), flatten(), dense(pixels, classes));
}

/** Number of trained parameters for images of this side. */
export function parameterCount(model: Model, side: number): number {
  return model.build([side, side], 1).parameters.reduce((sum, p) => sum + p.data.length, 0);
}
