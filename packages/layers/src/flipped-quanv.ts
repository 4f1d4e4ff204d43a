import { ValueError, windowPositions } from '@ketwork/base';
import { initializers, ops } from '@ketwork/nn';
import type { Initializer, Layer, Parameter, Rule, Tensor } from '@ketwork/nn';
import { checkCount, pairOf, refuseInput } from './shapes.ts';
import { initialize } from './slots.ts';
import { pauliExponential } from './states/exponential.ts';
import { checkData } from './states/spectra.ts';

/** Options of {@link flippedQuanv}. */
export interface FlippedQuanvOptions {
  /** Side of the square window in pixels. */
  readonly kernel: number;
  /** Steps of the window in pixels: both ways, or `[down, right]`. Default 1. */
  readonly stride?: number | readonly [rows: number, columns: number];
  /** Zeros added on each side in pixels. Default 0. */
  readonly padding?: number | readonly [rows: number, columns: number];
  /** First values of the angles; `initializers.normal(1)` by default. */
  readonly init?: Initializer;
  /** First values of the bias; `initializers.normal(1)` by default. */
  readonly biasInit?: Initializer;
  /** Whether angles and bias are trained; else they are buffers. Default true. */
  readonly trainable?: boolean;
}

/**
 * A drop-in replacement of a convolution in which states are trained and the data are observables:
 * `[channels, height, width]` to `[filters, height', width']`, each size being
 * `floor((size + 2 · padding - kernel) / stride) + 1`.
 *
 * For output o and input channel c the state |ψ_oc⟩ = exp(i Σ θ_k P_k)|0…0⟩ runs over all Pauli strings but the identity
 * (I, X, Y, Z, first qubit slowest) on n qubits, the least with `2^n >= kernel`: two for 3 × 3 windows. A window p, filled
 * up with zeros below and on the right to `2^n × 2^n`, is the observable M = (p + pᵀ)/2. The output is the mean of
 * ⟨ψ_oc|M_c|ψ_oc⟩ over the channels, plus a bias. As ⟨ψ|M|ψ⟩ = Σ_ij Re(ψ_i* ψ_j) p_ij, this is exactly a convolution with
 * the symmetric kernel Re(|ψ_oc⟩⟨ψ_oc|)/channels, and computed as such; the states cost one small eigendecomposition each,
 * once per batch.
 *
 * Parameters: `theta` `[filters, channels, 4^n - 1]` (radians) and `bias` `[filters]`. Without `channels` their number is
 * taken from the layer before. The last argument is the side of the window, or options with it. No engine is needed.
 *
 * Source: FlippedQuanv of "Let the Quantum Creep In", arXiv:2409.17583.
 *
 * @throws ValueError where a size is not a positive integer; at build, where the images do not fit; in a pass, where a
 * pixel is not finite.
 * @example
 * ```ts
 * import { flippedQuanv } from '@ketwork/layers';
 * import { sequential } from '@ketwork/nn';
 * const net = sequential(flippedQuanv(1, 8, 3), flippedQuanv(8, 4, 3)).build([1, 12, 12], 1);
 * console.log(net.outputShape); // [ 4, 8, 8 ]
 * ```
 */
export function flippedQuanv(
  channels: number,
  filters: number,
  options: FlippedQuanvOptions | number,
): Layer;
export function flippedQuanv(filters: number, options: FlippedQuanvOptions): Layer;
export function flippedQuanv(
  first: number,
  second: number | FlippedQuanvOptions,
  third?: FlippedQuanvOptions | number,
): Layer {
  const named = typeof second === 'number';
  const wanted = named ? first : undefined;
  const filters = named ? second : first;
  const given = named ? third : second;
  const options: FlippedQuanvOptions =
    typeof given === 'object' ? given : { kernel: given as number };
  const { kernel, trainable = true } = options;
  const stride = pairOf(options.stride ?? 1);
  const padding = pairOf(options.padding ?? 0);
  const init = options.init ?? initializers.normal(1);
  const biasInit = options.biasInit ?? initializers.normal(1);
  if (wanted !== undefined) checkCount(wanted, 'flippedQuanv: the number of channels');
  checkCount(filters, 'flippedQuanv: the number of filters');
  checkCount(kernel, 'flippedQuanv: the side of the window (last argument, or its option kernel)');
  if (kernel > 64) {
    throw new ValueError(`flippedQuanv: windows of ${kernel} pixels a side are too large`, {
      remedy: 'Use at most 64, six qubits',
    });
  }
  for (const step of stride) checkCount(step, 'flippedQuanv: stride');
  for (const zeros of padding) checkCount(zeros, 'flippedQuanv: padding', 0);
  const settings = {
    kind: 'flippedQuanv',
    ...(wanted === undefined ? {} : { channels: wanted }),
    filters,
    kernel,
    stride,
    padding,
    init: init.settings,
    biasInit: biasInit.settings,
    trainable,
  };
  const qubits = Math.max(1, Math.ceil(Math.log2(kernel)));
  return Object.freeze<Layer>({
    kind: 'flippedQuanv',
    toJSON: () => settings,
    build(inputShape, key) {
      if (inputShape.length !== 3 || (wanted !== undefined && inputShape[0] !== wanted)) {
        refuseInput(
          'flippedQuanv',
          inputShape,
          `[${wanted ?? 'channels'}, height, width]`,
          'Put reshape([channels, height, width]) before it; shapes do not include the batch',
        );
      }
      const [channels, height, width] = inputShape as unknown as [number, number, number];
      const square = [kernel, kernel] as const;
      const window = { batch: 1, channels, height, width, kernel: square, stride, padding };
      const positions = windowPositions(window, 'flippedQuanv');
      const fans = { fanIn: channels * kernel ** 2, fanOut: filters * kernel ** 2 };
      const thetaShape = [filters, channels, 4 ** qubits - 1];
      const theta = initialize('flippedQuanv', init, 'theta', thetaShape, fans, key, 0);
      const bias = initialize('flippedQuanv', biasInit, 'bias', [filters], fans, key, 1);
      const size = channels * height * width;
      return {
        kind: 'flippedQuanv',
        inputShape: [...inputShape],
        outputShape: [filters, ...positions],
        parameters: trainable ? [theta, bias] : [],
        buffers: trainable ? [] : [theta, bias],
        couplesExamples: false,
        forward(x, { tape }) {
          const enter = (p: Parameter): Tensor => tape.parameter(p, trainable);
          const angles = ops.reshape(enter(theta), [filters * channels, 4 ** qubits - 1]);
          const unitaries = pauliExponential('flippedQuanv', angles, qubits);
          const kernels = stateKernels(unitaries, filters, channels, kernel);
          return ops.conv2d(finite(x, size), kernels, enter(bias), { stride, padding });
        },
      };
    },
  });
}

/** Upper left part of Re(|ψ⟩⟨ψ|)/channels for the first column ψ of each unitary: `[filters, channels, side, side]`. */
function stateKernels(unitaries: Tensor, filters: number, channels: number, side: number): Tensor {
  const d = unitaries.shape[1]!;
  const count = filters * channels;
  const rule: Rule = {
    name: 'stateKernels',
    forward([u], batch) {
      const out = new Float64Array(batch * count * side * side);
      for (let m = 0, at = 0; m < batch * count; m++) {
        for (let i = 0; i < side; i++) {
          const a = 2 * d * (m * d + i);
          for (let j = 0; j < side; j++) {
            const b = 2 * d * (m * d + j);
            out[at++] = (u![a]! * u![b]! + u![a + 1]! * u![b + 1]!) / channels;
          }
        }
      }
      return out;
    },
    vjp([u], _output, dy, batch) {
      const grad = new Float64Array(u!.length);
      for (let m = 0; m < batch * count; m++) {
        for (let i = 0; i < side; i++) {
          const a = 2 * d * (m * d + i);
          let re = 0;
          let im = 0;
          for (let j = 0; j < side; j++) {
            const b = 2 * d * (m * d + j);
            const weight =
              (dy[(m * side + i) * side + j]! + dy[(m * side + j) * side + i]!) / channels;
            re += weight * u![b]!;
            im += weight * u![b + 1]!;
          }
          grad[a] = re;
          grad[a + 1] = im;
        }
      }
      return [grad];
    },
  };
  return unitaries.tape.record(rule, [unitaries], [filters, channels, side, side]);
}

/** The same numbers, checked. */
function finite(x: Tensor, size: number): Tensor {
  const rule: Rule = {
    name: 'finite',
    forward([values]) {
      checkData('flippedQuanv', values!, size);
      return values!;
    },
    vjp: (_inputs, _output, dy) => [dy],
  };
  return x.tape.record(rule, [x], x.shape);
}
