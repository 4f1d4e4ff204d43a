import { circuit, dense, expval, input, quantum, sequential, tanh, weight, Z } from 'ketwork';
import type { Dataset, Model } from 'ketwork';

/** Names of the models. */
export const QUANTUM = 'quantum';
export const CLASSICAL = 'classical';

/** A model and the data as it reads them. */
export interface Variant {
  readonly name: string;
  make(features: number): Model;
  prepare(data: Dataset): Dataset;
}

/**
 * Four qubits, twice: two angles from the data on every qubit, a ring of CNOT, general rotations; ⟨Z⟩ of two qubits to a
 * dense layer. Beside it a network of about as many parameters.
 */
export const VARIANTS: readonly Variant[] = [
  {
    name: QUANTUM,
    make: () => sequential(quantum(ansatz, expval(Z(0), Z(1))), dense(2, 2)),
    prepare: angles,
  },
  {
    name: CLASSICAL,
    make: (features) => sequential(dense(features, features === 2 ? 5 : 2), tanh(), dense(2)),
    prepare: (data) => data,
  },
];

const ansatz = circuit(4, (q) => {
  const x = input('x', [16]);
  const w = weight('w', [2, 4, 3]);
  for (let layer = 0; layer < 2; layer++) {
    for (let i = 0; i < 4; i++) {
      q.ry(x.at(8 * layer + 2 * i), i);
      q.rz(x.at(8 * layer + 2 * i + 1), i);
    }
    for (let i = 0; i < 4; i++) q.cnot(i, (i + 1) % 4);
    for (let i = 0; i < 4; i++) q.rot(w.at(layer, i, 0), w.at(layer, i, 1), w.at(layer, i, 2), i);
  }
});

/** Sixteen angles: π x and π x² of feature i mod 2 on qubit i, both times; or π times the sixteen features there are. */
function angles(data: Dataset): Dataset {
  const features = data.inputs.length / data.size;
  const inputs = new Float64Array(16 * data.size);
  for (let e = 0; e < data.size; e++) {
    for (let a = 0; a < 16; a++) {
      const x = data.inputs[e * features + (features === 2 ? Math.floor(a / 2) % 2 : a)]!;
      inputs[16 * e + a] = Math.PI * (features === 2 && a % 2 === 1 ? x * x : x);
    }
  }
  return { ...data, inputs, inputShape: [16] };
}
