import {
  Z,
  adaptiveAvgPool2d,
  amplitudes,
  batchNorm,
  circuit,
  conv2d,
  crossEntropy,
  dense,
  dropout,
  expval,
  flatten,
  maxPool2d,
  ops,
  quantum,
  relu,
  sequential,
  softmax,
  tanh,
  weight,
} from 'ketwork';
import type { Circuit, Layer, Loss, Model, Tensor } from 'ketwork';

export const QUBITS = 4;
/** Layers of RX on each qubit and a ring of CNOTs. */
const LAYERS = 2;
/** Angles of the circuit. */
export const ANGLES: number = LAYERS * QUBITS;
export const CLASSES = 10;
const DROPOUT = 0.3;

/** Sixteen numbers as amplitudes, divided by their norm; twice RX on each qubit and a ring of CNOTs. */
export function ansatz(): Circuit {
  const slots = { x: amplitudes([2 ** QUBITS]), w: weight([LAYERS, QUBITS]) };
  return circuit(QUBITS, slots, (q, { x, w }) => {
    const all = Array.from({ length: QUBITS }, (_, qubit) => qubit);
    q.prepare(x, all, { normalize: true });
    for (let layer = 0; layer < LAYERS; layer++) {
      for (const qubit of all) q.rx(w.at(layer, qubit), qubit);
      for (const qubit of all) q.cnot(qubit, (qubit + 1) % QUBITS);
    }
  });
}

export const MEASURED: ReturnType<typeof expval> = expval(Z(0), Z(1), Z(2), Z(3));

/** Sizes of the networks. */
export interface Sizes {
  readonly name: string;
  readonly inputShape: readonly [channels: number, rows: number, columns: number];
  /** Filters of the convolutions of the hybrid. */
  readonly hybrid: readonly number[];
  /** Units between its convolutions and the sixteen numbers. */
  readonly reducer: number;
  /** Units between circuit and classes, and whether they are normalised. */
  readonly head: number;
  readonly headNorm: boolean;
  /** Filters of the classical twin, its hidden units, and whether it ends in a mean over the whole image. */
  readonly twin: readonly number[];
  readonly twinHidden: number;
  readonly globalMean: boolean;
}

/** MNIST as in the author's code. */
export const PAPER: Sizes = {
  name: 'MNIST, sizes of the paper',
  inputShape: [1, 28, 28],
  hybrid: [16, 32],
  reducer: 256,
  head: 128,
  headNorm: true,
  twin: [32, 64],
  twinHidden: 128,
  globalMean: false,
};

/** MNIST in the reduced form of the card. */
export const REDUCED: Sizes = {
  ...PAPER,
  name: 'MNIST',
  hybrid: [8, 16],
  reducer: 32,
  head: 32,
  headNorm: false,
  twin: [12, 24],
  twinHidden: 32,
};

/** Images of three channels; the plan of the author's networks for CIFAR-100 with an eighth of the filters. */
export const COLOURED: Sizes = {
  ...REDUCED,
  name: 'coloured shapes',
  inputShape: [3, 32, 32],
  hybrid: [8, 12, 16],
  twin: [8, 16, 32],
  globalMean: true,
};

/** Pixels from 0 to 1 to those that networks are trained on, as a layer, so that attacks are in units of pixels. */
export function normalized(mean: number, deviation: number): Layer {
  return {
    kind: 'normalized',
    build: (inputShape) => ({
      kind: 'normalized',
      inputShape,
      outputShape: inputShape,
      parameters: [],
      buffers: [],
      couplesExamples: false,
      forward(x, { tape }) {
        const ones = inputShape.map(() => 1);
        const shift = tape.constant(Float64Array.of(mean), ones, 'shared');
        return ops.scale(ops.sub(x, shift), 1 / deviation);
      },
    }),
    toJSON: () => ({ kind: 'normalized', mean, deviation }),
  };
}

/** Mean and deviation of the pixels: those in use for MNIST, and a half and a quarter for colours. */
function preparation({ inputShape }: Sizes): Layer {
  return inputShape[0] === 1 ? normalized(0.1307, 0.3081) : normalized(0.5, 0.25);
}

/** Convolutions of 3 × 3 with batch normalisation and ReLU, each but a last third one followed by pooling. */
function convolutions(filters: readonly number[], channels: number): Layer[] {
  return filters.flatMap((count, i) => [
    conv2d(i === 0 ? channels : filters[i - 1]!, count, { kernel: 3, padding: 1 }),
    batchNorm(),
    relu(),
    ...(i < 2 ? [maxPool2d(2)] : []),
  ]);
}

/** Everything of the hybrid up to sixteen numbers that are not negative and sum to 1. */
function reduced(sizes: Sizes): Layer[] {
  const last = sizes.hybrid.at(-1)!;
  return [
    preparation(sizes),
    ...convolutions(sizes.hybrid, sizes.inputShape[0]),
    adaptiveAvgPool2d(4),
    flatten(),
    dense(16 * last, sizes.reducer),
    relu(),
    dense(sizes.reducer, 2 ** QUBITS),
    softmax(),
  ];
}

function head({ head: units, headNorm }: Sizes): Layer[] {
  return [
    dense(QUBITS, units),
    ...(headNorm ? [batchNorm()] : []),
    relu(),
    dropout(DROPOUT),
    dense(units, CLASSES),
  ];
}

/** The hybrid network: convolutions, sixteen numbers as amplitudes of four qubits, ⟨Z⟩ of each, a dense head. */
export function hybrid(sizes: Sizes): Model {
  return sequential(...reduced(sizes), quantum(ansatz(), MEASURED), ...head(sizes));
}

/** The hybrid with a dense layer and tanh in place of the circuit: what the narrow place does without qubits. */
export function bottleneck(sizes: Sizes): Model {
  return sequential(...reduced(sizes), dense(2 ** QUBITS, QUBITS), tanh(), ...head(sizes));
}

/** The classical twin. */
export function twin(sizes: Sizes): Model {
  const last = sizes.twin.at(-1)!;
  return sequential(
    preparation(sizes),
    ...convolutions(sizes.twin, sizes.inputShape[0]),
    adaptiveAvgPool2d(sizes.globalMean ? 1 : 4),
    flatten(),
    dense((sizes.globalMean ? 1 : 16) * last, sizes.twinHidden),
    ...(sizes.headNorm ? [batchNorm()] : []),
    relu(),
    dropout(DROPOUT),
    dense(sizes.twinHidden, CLASSES),
  );
}

/** Networks by the names they have in the results. */
export const NETWORKS: Readonly<Record<string, (sizes: Sizes) => Model>> = {
  hybrid,
  'no circuit': bottleneck,
  cnn: twin,
};

/** Number of trained numbers of a network. It gets new ones. */
export function parameterCount(model: Model, { inputShape }: Sizes): number {
  return model.build(inputShape, 0).parameters.reduce((sum, { data }) => sum + data.length, 0);
}

/** Cross-entropy with smoothed labels: a share of the truth is spread over all classes. */
export function smoothed(share: number): Loss {
  return {
    name: 'smoothed cross-entropy',
    apply(outputs: Tensor, targets: ArrayLike<number>): Tensor {
      const rows = new Float64Array(targets.length * CLASSES).fill(share / CLASSES);
      for (let e = 0; e < targets.length; e++) rows[e * CLASSES + targets[e]!]! += 1 - share;
      return crossEntropy.apply(outputs, rows);
    },
  };
}
