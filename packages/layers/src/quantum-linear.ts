import { ValueError } from '@ketwork/base';
import { initializers, ops } from '@ketwork/nn';
import type { Initializer, Layer, Parameter, Tensor } from '@ketwork/nn';
import { checkCount, refuseInput } from './shapes.ts';
import { initialize } from './slots.ts';
import { evolveByData } from './states/data-evolution.ts';
import { pauliExponential } from './states/exponential.ts';
import { leadingProbabilities, plusState } from './states/readout.ts';
import { DataSpectra, rowPlacement } from './states/spectra.ts';
import { applyUnitary } from './states/unitary.ts';

/** Options of {@link quantumLinear}. */
export interface QuantumLinearOptions {
  /** How often the data are loaded, each time followed by a trained unitary. Default 4. */
  readonly repetitions?: number;
  /** Qubits; by default the smallest number n with `4^n >= inputs` and `2^n >= outputs`. */
  readonly qubits?: number;
  /** Whether a bias is added. Default true. */
  readonly bias?: boolean;
  /**
   * Factor on the probabilities before the bias. Probabilities are at most 1, so that a softmax over ten of them cannot
   * get a cross-entropy below about 1.46 by itself; a factor of 10 lifts that limit. Default 1, as in the paper.
   */
  readonly scale?: number;
  /** First values of the angles; `initializers.normal(1)` by default. */
  readonly init?: Initializer;
  /** First values of the bias; `initializers.normal(1)` by default. */
  readonly biasInit?: Initializer;
  /** Whether angles and bias are trained; else they are buffers. Default true. */
  readonly trainable?: boolean;
  /**
   * Examples whose eigenvectors are kept for the next epoch, each about `8 · 4^n` bytes. Worth it where the layer's
   * input is data, not the output of trained layers. Default 0.
   */
  readonly cache?: number;
}

/**
 * A drop-in replacement of a dense layer that loads its whole input as a Hamiltonian, several times: `[inputs]` to
 * `[outputs]`.
 *
 * The input, filled up with zeros to `4^n` numbers, is read row by row as a `2^n × 2^n` matrix X; A = (X + Xᵀ)/2. From
 * |+⟩ⁿ on, `repetitions` R times: the state evolves by exp(iA/R), then by exp(i Σ θ_rk P_k) over all Pauli strings but
 * the identity (I, X, Y, Z, first qubit slowest). The outputs are `scale` times the probabilities of the first `outputs`
 * basis states, plus a bias.
 *
 * Parameters: `theta` `[R, 4^n - 1]` (radians) and `bias` `[outputs]`. Computed exactly by linear algebra, without an
 * engine: the exponentials of the angles once per batch, those of the data by one eigendecomposition per example.
 * Gradients are exact, also with respect to the input.
 *
 * Source: DataReUploadingLinear of "Let the Quantum Creep In", arXiv:2409.17583.
 *
 * @throws ValueError where a size is not a positive integer or does not fit the qubits; at build, where the input's shape
 * is not `[inputs]`; in a pass, where the input is not finite.
 * @example
 * ```ts
 * import { quantumLinear } from '@ketwork/layers';
 * import { sequential } from '@ketwork/nn';
 * const net = sequential(quantumLinear(256, 10)).build(1);
 * console.log(net.parameters.map((p) => p.shape)); // [ [ 4, 255 ], [ 10 ] ]
 * ```
 */
export function quantumLinear(
  inputs: number,
  outputs: number,
  options?: QuantumLinearOptions,
): Layer;
export function quantumLinear(outputs: number, options?: QuantumLinearOptions): Layer;
export function quantumLinear(
  first: number,
  second?: number | QuantumLinearOptions,
  third?: QuantumLinearOptions,
): Layer {
  const named = typeof second === 'number';
  const inputs = named ? first : undefined;
  const outputs = named ? second : first;
  const options = (named ? third : second) ?? {};
  const { repetitions = 4, bias = true, scale = 1, trainable = true, cache = 0 } = options;
  const init = options.init ?? initializers.normal(1);
  const biasInit = options.biasInit ?? initializers.normal(1);
  if (inputs !== undefined) checkCount(inputs, 'quantumLinear: the number of inputs');
  checkCount(outputs, 'quantumLinear: the number of outputs');
  checkCount(repetitions, 'quantumLinear: repetitions');
  checkCount(cache, 'quantumLinear: cache', 0);
  if (!Number.isFinite(scale)) throw new ValueError(`quantumLinear: scale is ${scale}`);
  if (options.qubits !== undefined) checkQubits(options.qubits, inputs ?? 1, outputs);
  const settings = {
    kind: 'quantumLinear',
    ...(inputs === undefined ? {} : { inputs }),
    outputs,
    repetitions,
    ...(options.qubits === undefined ? {} : { qubits: options.qubits }),
    bias,
    scale,
    init: init.settings,
    biasInit: biasInit.settings,
    trainable,
    cache,
  };
  const layer: Layer = {
    kind: 'quantumLinear',
    toJSON: () => settings,
    build(inputShape, key) {
      const size = inputShape[0]!;
      if (inputShape.length !== 1 || size === 0 || (inputs !== undefined && size !== inputs)) {
        refuseInput(
          'quantumLinear',
          inputShape,
          inputs === undefined ? 'vectors' : `vectors of ${inputs}`,
          inputShape.length > 1 ? 'Put flatten() before it' : undefined,
        );
      }
      const qubits = options.qubits ?? qubitsFor(size, outputs);
      checkQubits(qubits, size, outputs);
      const where = rowPlacement(size, 2 ** qubits);
      const spectra = new DataSpectra('quantumLinear', where, cache);
      const fans = { fanIn: size, fanOut: outputs };
      const thetaShape = [repetitions, 4 ** qubits - 1];
      const theta = initialize('quantumLinear', init, 'theta', thetaShape, fans, key, 0);
      const shift = initialize('quantumLinear', biasInit, 'bias', [outputs], fans, key, 1);
      const all: Parameter[] = bias ? [theta, shift] : [theta];
      const everyQubit = Array.from({ length: qubits }, (_, qubit) => qubit);
      return {
        kind: 'quantumLinear',
        inputShape: [...inputShape],
        outputShape: [outputs],
        parameters: trainable ? all : [],
        buffers: trainable ? [] : all,
        couplesExamples: false,
        forward(x, { tape }) {
          const enter = (p: Parameter): Tensor => tape.parameter(p, trainable);
          const d = where.dimension;
          const spectraOf = spectra.recording();
          const unitaries = pauliExponential('quantumLinear', enter(theta), qubits);
          let state = tape.constant(plusState(qubits), [d, 2], 'shared');
          for (let r = 0; r < repetitions; r++) {
            state = evolveByData(
              state,
              x,
              undefined,
              1 / repetitions,
              { spectra, where },
              spectraOf,
            );
            const unitary = ops.reshape(ops.slice(unitaries, r, r + 1), [d, d, 2]);
            state = applyUnitary(state, unitary, everyQubit);
          }
          const found = leadingProbabilities(state, qubits, outputs);
          const scaled = scale === 1 ? found : ops.scale(found, scale);
          return bias ? ops.add(scaled, enter(shift)) : scaled;
        },
      };
    },
  };
  return Object.freeze(inputs === undefined ? layer : { ...layer, inputShape: [inputs] });
}

/** The smallest number of qubits for a layer of these sizes. */
function qubitsFor(inputs: number, outputs: number): number {
  let qubits = 1;
  while (4 ** qubits < inputs || 2 ** qubits < outputs) qubits++;
  return qubits;
}

function checkQubits(qubits: number, inputs: number, outputs: number): void {
  checkCount(qubits, 'quantumLinear: the number of qubits');
  if (qubits > 8 || 4 ** qubits < inputs || 2 ** qubits < outputs) {
    throw new ValueError(
      `quantumLinear: ${qubits} qubits do not fit ${inputs} inputs and ${outputs} outputs`,
      {
        remedy: `They hold 4^n inputs and 2^n outputs, at most 8 qubits; ${qubitsFor(inputs, outputs)} are needed`,
      },
    );
  }
}
