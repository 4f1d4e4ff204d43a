import { ValueError } from '@ketwork/base';
import { Z, circuit, expval, input, weight } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import type { Layer } from '@ketwork/nn';
import { slidingCircuit } from './quantum-conv2d.ts';
import type { SlidingOptions } from './quantum-conv2d.ts';

/** Options of {@link quanvolutionCircuit}. */
export interface QuanvolutionCircuitOptions {
  /**
   * `layers`: layers of one rotation RX per qubit and a ring of CNOTs, as in HQNN-Quanv; `random`: rotations about random
   * axes and CNOTs on random qubits, as in the first quanvolutional networks. Default `layers`.
   */
  readonly structure?: 'layers' | 'random';
  /** Number of layers; a random one has as many rotations as there are qubits. Default 4, of random ones 2. */
  readonly layers?: number;
  /** Factor on every pixel before it becomes an angle. Default π. */
  readonly scale?: number;
  /** Seed of a random structure, an integer from 0 to 2^53 - 1; needed for that one only. */
  readonly seed?: number;
}

/** Options of {@link quanvolution}. */
export interface QuanvolutionOptions
  extends Omit<SlidingOptions, 'trainable'>, QuanvolutionCircuitOptions {
  /** Whether the angles are trained. Default false: they are drawn once and stay, as buffers. */
  readonly trainable?: boolean;
}

/**
 * The circuit of a quanvolution, one qubit per pixel of the window: each pixel becomes an angle of a rotation (RX before
 * layers, RY before a random circuit), then come layers of rotations and CNOTs. Meant to be read out as ⟨Z⟩ of every
 * qubit.
 *
 * Sources: layers RX(θ), ring of CNOTs: HQNN-Quanv of Senokosov et al., arXiv:2304.09224, as a public implementation
 * has it. Random: Henderson, Shakya, Pradhan and Cook, arXiv:1904.04767.
 *
 * @param pixels Number of pixels of the window, and of qubits.
 * @returns A circuit with the slots `x` `[pixels]` (data) and `w` `[layers, pixels]` (radians).
 * @throws ValueError where a size is not a positive integer, the scale is not finite, or a random structure has no seed.
 * @example
 * ```ts
 * import { quanvolutionCircuit } from '@ketwork/layers';
 * console.log(quanvolutionCircuit(4).slots.map((slot) => slot.shape)); // [ [ 4 ], [ 4, 4 ] ]
 * ```
 */
export function quanvolutionCircuit(
  pixels: number,
  options: QuanvolutionCircuitOptions = {},
): Circuit<'x' | 'w'> {
  const { structure = 'layers', scale = Math.PI, seed } = options;
  const { layers = structure === 'random' ? 2 : 4 } = options;
  for (const [name, value] of [
    ['number of pixels', pixels],
    ['number of layers', layers],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new ValueError(`quanvolutionCircuit: the ${name} ${value} is not a positive integer`);
  }
  if (!Number.isFinite(scale))
    throw new ValueError(`quanvolutionCircuit: the scale ${scale} is not a finite number`);
  if (structure !== 'layers' && structure !== 'random') {
    throw new ValueError(
      `quanvolutionCircuit: the structure is 'layers' or 'random', not '${String(structure)}'`,
    );
  }
  if (structure === 'random' && seed === undefined) {
    throw new ValueError('quanvolutionCircuit: a random structure is drawn from a seed', {
      remedy: 'Give one, such as seed: 1',
    });
  }
  return circuit(pixels, { x: input([pixels]), w: weight([layers, pixels]) }, (q, { x, w }) => {
    for (let qubit = 0; qubit < pixels; qubit++) {
      const turn = x.at(qubit).times(scale);
      if (structure === 'random') q.ry(turn, qubit);
      else q.rx(turn, qubit);
    }
    if (structure === 'random') q.randomLayers(w, { seed: seed! });
    else q.basicEntanglerLayers(w);
  });
}

/**
 * Quanvolution: a circuit slides over the image, takes the pixels of each window as angles, and the expectation values
 * of its qubits are the channels of one pixel of the result. Unlike {@link quantumConv2d} it measures every qubit, steps
 * by its own size, and its angles are fixed unless `trainable`. What a fixed one gives for some images need be computed
 * only once: see `precompute`. Windows of up to four pixels are points of polynomials that take the engine 3^pixels runs in
 * all, see {@link quantumConv2d}.
 *
 * `[inChannels, height, width]` to `[outChannels, height', width']`, each size being
 * `floor((size + 2 · padding - window) / stride) + 1` and outChannels one per qubit and filter. Weight slots of the
 * circuit, `[filters, ...slot shape]`, are parameters or buffers under their names; by default `w`
 * `[filters, layers, pixels]`.
 *
 * Sources: Henderson et al., arXiv:1904.04767 (fixed random circuits); HQNN-Quanv of Senokosov et al., arXiv:2304.09224
 * (trained). Bound to an engine as `quantum` is.
 *
 * @throws ValueError where sizes, circuit and options do not fit one another; at build, where the images do not fit;
 * UnsupportedError and the errors of binding as `quantum`.
 * @example
 * ```ts
 * import { quanvolution } from '@ketwork/layers';
 * import { dense, flatten, reshape, sequential } from '@ketwork/nn';
 * const quanv = quanvolution({ kernel: 2, trainable: true });
 * const net = sequential(reshape([1, 14, 14]), quanv, flatten(), dense(196, 10)).build([14, 14], 1);
 * console.log(net.parameters.map((p) => p.data.length)); // [ 16, 1960, 10 ]
 * ```
 */
export function quanvolution(options: QuanvolutionOptions): Layer {
  return slidingCircuit(
    'quanvolution',
    { ...options, stride: options.stride ?? options.kernel },
    {
      circuit: (pixels) => quanvolutionCircuit(pixels, options),
      measurement: ({ qubits }) => expval(...Array.from({ length: qubits }, (_, i) => Z(i))),
      trainable: false,
    },
  );
}
