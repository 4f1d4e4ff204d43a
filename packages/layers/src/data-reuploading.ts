import { fold, ValueError } from '@ketwork/base';
import { X, Y, Z, circuit, expval, input, weight } from '@ketwork/circuit';
import type { AngleLike, Circuit } from '@ketwork/circuit';
import { ops } from '@ketwork/nn';
import type { Layer, Loss, Parameter, Tensor } from '@ketwork/nn';
import type { ProgramOptions } from './program.ts';
import { circuitLayer } from './quantum.ts';
import { checkCount, refuseInput } from './shapes.ts';
import type { SlotInitializers } from './slots.ts';

/** A point of the Bloch sphere, ⟨X⟩, ⟨Y⟩, ⟨Z⟩ of a pure state of one qubit. */
export type BlochVector = readonly [x: number, y: number, z: number];

/** Options of {@link dataReuploading}. */
export interface DataReuploadingOptions extends ProgramOptions {
  /** Numbers per example. */
  readonly features: number;
  /** Number of classes, each with one output. */
  readonly classes: number;
  /** Number of qubits; every one of them gets all features. Default 1. */
  readonly qubits?: number;
  /** How often the data are loaded. Default 6. */
  readonly layers?: number;
  /** Whether CZ gates stand between layers, on qubits (0, 1), (2, 3), … and (1, 2), (3, 4), … in turn. Default true. */
  readonly entangle?: boolean;
  /** Whether each class has a trained weight on each qubit, as in the weighted fidelity. Default true. */
  readonly weighted?: boolean;
  /** States that stand for the classes, one per class. Default {@link labelStates}. */
  readonly labels?: readonly BlochVector[];
  /** First values of `theta` and `w`; uniform in ±π by default. Weights of classes start at 1. */
  readonly init?: SlotInitializers;
}

/**
 * Classifier by data re-uploading: `[features]` to `[classes]`, the fidelities of the final qubits with a state for each
 * class.
 *
 * Layer l applies to every qubit U(θ_l + w_l∘x), a general rotation `Rot`; with more than three features several of them,
 * three features each (angles without a feature are θ alone). With several qubits CZ gates stand between layers. Output c
 * is the mean over the qubits of α_qc F_qc, where F_qc = (1 + n_c·r_q)/2 is the fidelity of qubit q (Bloch vector r_q)
 * with the label state n_c. Train it with {@link fidelityLoss}; the class is the one of the largest output.
 *
 * Parameters: `theta` `[layers, qubits, ⌈features/3⌉, 3]` (radians), `w` `[layers, qubits, features]` (radians per unit of
 * x) and, with `weighted`, `alpha` `[qubits, classes]`.
 *
 * Source: Pérez-Salinas, Cervera-Lierta, Gil-Fuster and Latorre, Quantum 4, 226 (2020), arXiv:1907.02085, equations 8
 * (layers) and 21 (weighted fidelity). There each qubit and class has its own term in the loss; here the mean over the
 * qubits is compared, which is the same for one qubit.
 *
 * @throws ValueError where a size is not a positive integer or labels do not fit; at build, where the input's shape is not
 * `[features]`. Bound to an engine as `quantum` is.
 * @example
 * ```ts
 * import { dataReuploading } from '@ketwork/layers';
 * import { sequential } from '@ketwork/nn';
 * const net = sequential(dataReuploading({ features: 2, classes: 2, layers: 6 })).build(1);
 * console.log(net.parameters.map((p) => p.shape)); // [ [ 6, 1, 1, 3 ], [ 6, 1, 2 ], [ 1, 2 ] ]
 * ```
 */
export function dataReuploading(options: DataReuploadingOptions): Layer {
  const { features, classes, qubits = 1, layers = 6, entangle = true, weighted = true } = options;
  checkCount(features, 'dataReuploading: the number of features');
  checkCount(classes, 'dataReuploading: the number of classes', 2);
  checkCount(qubits, 'dataReuploading: the number of qubits');
  checkCount(layers, 'dataReuploading: the number of layers');
  const labels = options.labels ?? labelStates(classes);
  checkLabels(labels, classes);
  const model = uploadCircuit(features, qubits, layers, entangle);
  const everyQubit = Array.from({ length: qubits }, (_, q) => q);
  const { method, shots, init } = options;
  const bloch = expval(...everyQubit.flatMap((q) => [X(q), Y(q), Z(q)]));
  const inner = circuitLayer('dataReuploading', model, bloch, {
    ...(method === undefined ? {} : { method }),
    ...(shots === undefined ? {} : { shots }),
    ...(init === undefined ? {} : { init }),
  });
  const described = inner.toJSON() as Readonly<Record<string, never>>;
  const settings = {
    kind: 'dataReuploading',
    features,
    classes,
    qubits,
    layers,
    entangle,
    weighted,
    labels: labels.map((label) => [...label]),
    init: described['init']!,
    method: described['method']!,
    ...(shots === undefined ? {} : { shots }),
  };
  return Object.freeze<Layer>({
    kind: 'dataReuploading',
    inputShape: [features],
    toJSON: () => settings,
    build(inputShape, key) {
      if (inputShape.length !== 1 || inputShape[0] !== features)
        refuseInput('dataReuploading', inputShape, `vectors of ${features}`);
      const built = inner.build(inputShape, fold(key, 0));
      const alpha: Parameter = {
        name: 'alpha',
        shape: [qubits, classes],
        data: new Float64Array(qubits * classes).fill(1),
      };
      // Row 3q + i of the matrix takes component i of qubit q to its fidelities.
      const size = qubits * classes;
      const directions = new Float64Array(3 * qubits * size);
      everyQubit.forEach((q) => {
        labels.forEach((label, c) => {
          label.forEach((v, i) => {
            directions[(3 * q + i) * size + q * classes + c] = v / 2;
          });
        });
      });
      const halves = new Float64Array(size).fill(0.5);
      return {
        kind: 'dataReuploading',
        inputShape: [features],
        outputShape: [classes],
        parameters: weighted ? [...built.parameters, alpha] : built.parameters,
        buffers: [],
        couplesExamples: false,
        bind: (engine) => built.bind!(engine),
        bound: () => built.bound!(),
        forward(x, context) {
          const { tape } = context;
          const fidelities = ops.affine(
            built.forward(x, context),
            tape.constant(directions, [3 * qubits, size], 'shared'),
            tape.constant(halves, [size], 'shared'),
          );
          const table = ops.reshape(fidelities, [qubits, classes]);
          return ops.mean(weighted ? ops.mul(table, tape.parameter(alpha)) : table, 0);
        },
      };
    },
  });
}

/** U(θ_l + w_l∘x) on every qubit, layer by layer. */
function uploadCircuit(
  features: number,
  qubits: number,
  layers: number,
  entangle: boolean,
): Circuit {
  const blocks = Math.ceil(features / 3);
  const slots = {
    x: input([features]),
    theta: weight([layers, qubits, blocks, 3]),
    w: weight([layers, qubits, features]),
  };
  return circuit(qubits, slots, (q, { x, theta, w }) => {
    for (let layer = 0; layer < layers; layer++) {
      for (let qubit = 0; qubit < qubits; qubit++) {
        for (let block = 0; block < blocks; block++) {
          const [a, b, c] = [0, 1, 2].map((i): AngleLike => {
            const feature = 3 * block + i;
            const offset = theta.at(layer, qubit, block, i);
            if (feature >= features) return offset;
            return x
              .at(feature)
              .times(w.at(layer, qubit, feature))
              .plus(offset);
          });
          q.rot(a!, b!, c!, qubit);
        }
      }
      if (!entangle || layer === layers - 1) continue;
      for (let qubit = layer % 2; qubit + 1 < qubits; qubit += 2) q.cz(qubit, qubit + 1);
    }
  });
}

/**
 * States of one qubit that are as different as possible, one per class: the poles for two, a triangle through |0⟩ for
 * three, a tetrahedron for four, an octahedron for six, and points of a Fibonacci spiral for other numbers.
 *
 * @param classes At least 2.
 * @throws ValueError where it is not such an integer.
 * @example
 * ```ts
 * import { labelStates } from '@ketwork/layers';
 * console.log(labelStates(2)); // [ [ 0, 0, 1 ], [ 0, 0, -1 ] ]
 * ```
 */
export function labelStates(classes: number): BlochVector[] {
  checkCount(classes, 'labelStates: the number of classes', 2);
  const third = Math.sqrt(3) / 2;
  if (classes === 2) {
    return [
      [0, 0, 1],
      [0, 0, -1],
    ];
  }
  if (classes === 3) {
    return [
      [0, 0, 1],
      [third, 0, -0.5],
      [-third, 0, -0.5],
    ];
  }
  if (classes === 4) {
    const [a, b, c] = [Math.sqrt(8 / 9), Math.sqrt(2 / 9), Math.sqrt(2 / 3)];
    return [
      [0, 0, 1],
      [a, 0, -1 / 3],
      [-b, c, -1 / 3],
      [-b, -c, -1 / 3],
    ];
  }
  if (classes === 6) {
    return [
      [0, 0, 1],
      [0, 0, -1],
      [1, 0, 0],
      [-1, 0, 0],
      [0, 1, 0],
      [0, -1, 0],
    ];
  }
  const golden = Math.PI * (3 - Math.sqrt(5));
  return Array.from({ length: classes }, (_, i): BlochVector => {
    const z = 1 - (2 * i + 1) / classes;
    const r = Math.sqrt(1 - z * z);
    return [r * Math.cos(golden * i), r * Math.sin(golden * i), z];
  });
}

/**
 * The weighted fidelity loss of data re-uploading, ½ Σ_c (out_c - Y_c)², for outputs of {@link dataReuploading}: Y_c is the
 * fidelity of the label state of the example's class with that of class c. Targets: integer labels `[batch]`.
 *
 * Source: arXiv:1907.02085, equation 21.
 *
 * @param labels States of the classes, as given to the layer; default {@link labelStates} of the number of outputs.
 * @throws ValueError where outputs, labels and targets do not fit one another.
 * @example
 * ```ts
 * import { dataReuploading, fidelityLoss } from '@ketwork/layers';
 * import { sequential, valueAndGrad } from '@ketwork/nn';
 * import { cpu } from '@ketwork/simulator';
 * const net = sequential(dataReuploading({ features: 2, classes: 2, layers: 2 })).build(1);
 * net.bind!(await cpu());
 * const { loss } = await valueAndGrad(net, fidelityLoss())({ x: [0.1, 0.2], y: [1] });
 * console.log(loss >= 0); // true
 * ```
 */
export function fidelityLoss(labels?: readonly BlochVector[]): Loss {
  return Object.freeze({
    name: 'fidelityLoss',
    apply(outputs: Tensor, targets: ArrayLike<number>): Tensor {
      const [classes] = outputs.shape;
      if (outputs.shape.length !== 1 || classes === undefined || classes < 2) {
        throw new ValueError(
          `fidelityLoss: outputs of shape [${outputs.shape.join(', ')}] are not one number per class`,
          { remedy: 'Use it behind dataReuploading' },
        );
      }
      const states = labels ?? labelStates(classes);
      checkLabels(states, classes);
      const { batch } = outputs.tape;
      if (targets.length !== batch)
        throw new ValueError(`fidelityLoss: ${targets.length} labels for ${batch} examples`);
      const wanted = new Float64Array(batch * classes);
      for (let e = 0; e < batch; e++) {
        const own = states[targets[e]!];
        if (own === undefined) {
          throw new ValueError(
            `fidelityLoss: label ${targets[e]} of example ${e} is not one of ${classes} classes`,
          );
        }
        states.forEach((other, c) => {
          wanted[e * classes + c] =
            (1 + own[0] * other[0] + own[1] * other[1] + own[2] * other[2]) / 2;
        });
      }
      const off = ops.sub(outputs, outputs.tape.constant(wanted, [classes], 'batch'));
      return ops.scale(ops.sum(ops.mul(off, off)), 0.5);
    },
  });
}

function checkLabels(labels: readonly BlochVector[], classes: number): void {
  if (labels.length !== classes)
    throw new ValueError(`dataReuploading: ${labels.length} label states for ${classes} classes`);
  labels.forEach((label, c) => {
    const length = Math.hypot(...label);
    if (label.length === 3 && Math.abs(length - 1) < 1e-9) return;
    throw new ValueError(
      `dataReuploading: label state ${c}, [${label.join(', ')}], is not a point of the Bloch sphere`,
      { remedy: 'Give ⟨X⟩, ⟨Y⟩, ⟨Z⟩ with squares that add up to 1' },
    );
  });
}
