import {
  AMINO_ACIDS,
  circuit,
  dense,
  initializers,
  quantumTensorNetwork,
  sequential,
  weight,
} from 'ketwork';
import type { Circuit, Model, QuantumTensorNetworkOptions, TrainingData } from 'ketwork';

/** Letters of the alphabet. */
export const LETTERS: number = AMINO_ACIDS.length;

/** A model and how it reads sequences. */
export interface Variant {
  readonly name: string;
  readonly quantum: boolean;
  make(length: number): Model;
  /** What the model takes instead of the sequences. */
  features(sequences: TrainingData, length: number): TrainingData;
}

type Network = Pick<QuantumTensorNetworkOptions, 'shape' | 'sharing'>;

/** The quantum tensor networks by their names in the paper: path and tree, uniform and hierarchical sharing. */
export const NETWORKS: Readonly<Record<string, Network>> = {
  uPTN: { shape: 'path', sharing: 'uniform' },
  hPTN: { shape: 'path', sharing: 'hierarchical' },
  uCTN: { shape: 'tree', sharing: 'uniform' },
  hCTN: { shape: 'tree', sharing: 'hierarchical' },
};

/** A tensor network and a logistic output of two parameters; with a merging circuit other than the usual one for noise. */
export function tensorNetwork(name: string, length: number, merge?: Circuit): Model {
  const network = quantumTensorNetwork({
    ...NETWORKS[name]!,
    length,
    vocabulary: LETTERS,
    // Small angles: of ±π, N(0, 1), N(0, 0.5²) and N(0, 0.1²) on seeds 101 to 104 the last starts most networks.
    init: initializers.normal(0.1),
    ...(merge === undefined ? {} : { merge }),
  });
  return sequential(network, dense(1, 1));
}

/** The usual merging circuit with depolarising noise on both qubits behind it. */
export function noisyMerge(probability: number): Circuit {
  return circuit(2, { w: weight([15]) }, (q, { w }) => {
    q.quantumConvolution(w, 0, 1);
    q.depolarizing(probability, [0, 1]);
  });
}

/** The quantum networks, and logistic regression on the composition and on the letters at their places. */
export const VARIANTS: readonly Variant[] = [
  ...Object.keys(NETWORKS).map((name): Variant => ({
    name,
    quantum: true,
    make: (length) => tensorNetwork(name, length),
    features: (sequences) => sequences,
  })),
  {
    name: 'logistic, composition',
    quantum: false,
    make: () => sequential(dense(LETTERS, 1)),
    features: (sequences, length) =>
      counted(sequences, length, LETTERS, (_, letter) => [letter, 1 / length]),
  },
  {
    name: 'logistic, one-hot',
    quantum: false,
    make: (length) => sequential(dense(LETTERS * length, 1)),
    features: (sequences, length) =>
      counted(sequences, length, LETTERS * length, (place, letter) => [
        place * LETTERS + letter,
        1,
      ]),
  },
];

function counted(
  { inputs, labels }: TrainingData,
  length: number,
  width: number,
  entry: (place: number, letter: number) => readonly [index: number, amount: number],
): TrainingData {
  const size = inputs.length / length;
  const out = new Float64Array(size * width);
  for (let i = 0; i < inputs.length; i++) {
    const [index, amount] = entry(i % length, inputs[i]!);
    out[Math.floor(i / length) * width + index]! += amount;
  }
  return { inputs: out, inputShape: [width], labels };
}
