import { ValueError } from '@ketwork/base';
import { initializers, ops } from '@ketwork/nn';
import type { Initializer, Layer, Parameter, Shape, Tensor } from '@ketwork/nn';
import { checkCount, refuseInput } from './shapes.ts';
import { initialize } from './slots.ts';
import { evolveByData } from './states/data-evolution.ts';
import { pauliExponential } from './states/exponential.ts';
import { leadingProbabilities, plusState } from './states/readout.ts';
import { DataSpectra, placement } from './states/spectra.ts';
import { evolveByTrotter } from './states/trotter.ts';
import { applyUnitary } from './states/unitary.ts';

/** Options of {@link hamiltonianEmbedding}. */
export interface HamiltonianEmbeddingOptions {
  /** Number of classes, each with one output. */
  readonly classes: number;
  /** How often the image is loaded, each time followed by a trained unitary. Default 5. */
  readonly layers?: number;
  /**
   * The trained unitary of a layer: `full`, any special unitary of all qubits with `4^n - 1` angles, or `brick-wall`,
   * one of 15 angles on each of `pairs`. Default `full`.
   */
  readonly unitary?: 'full' | 'brick-wall';
  /**
   * The pairs of a brick wall in order, first qubit of a pair more significant. Default (0, 1), (2, 3), …, then (1, 2),
   * (3, 4), ….
   */
  readonly pairs?: readonly (readonly [number, number])[];
  /** Whether the pairs of a layer have the same angles. Default false. */
  readonly shared?: boolean;
  /**
   * How exp(-i t A/2) is computed: `exact`, by one eigendecomposition per image, or by the first-order product formula
   * over the Pauli strings of A in this many steps. Default `exact`.
   */
  readonly evolution?: 'exact' | { readonly trotterSteps: number };
  /** Times t_l: `trained`, the default, from N(0, 1), or one fixed number for all layers. */
  readonly time?: 'trained' | number;
  /** Qubits; by default the smallest number n with `2^n` at least the longer side of the image. */
  readonly qubits?: number;
  /** How many of the first qubits are read out; by default the smallest number that has a string for every class. */
  readonly readout?: number;
  /** Factor on the probabilities. Default 1, as in the paper. */
  readonly scale?: number;
  /** First values of angles and trained times; `initializers.normal(1)` by default. */
  readonly init?: Initializer;
  /** Whether angles and times are trained; else they are buffers. Default true. */
  readonly trainable?: boolean;
  /**
   * Images whose eigenvectors are kept for the next epoch, each at most `8 · 4^n` bytes (8 KiB for 32 × 32 pixels).
   * Default 65536. 0 where the layer's input comes from trained layers.
   */
  readonly cache?: number;
}

/**
 * Classifier of images that loads the image as a Hamiltonian, several times: `[height, width]` or `[1, height, width]`
 * to `[classes]`.
 *
 * The image M is set in the middle of a `2^n × 2^n` matrix of zeros; A = (M + Mᵀ)/2, so that an image and its transpose
 * give the same outputs. From |+⟩ⁿ on, for each layer l: the state evolves by exp(-i t_l A/2), then by the trained unitary
 * W(θ_l) = exp(i Σ θ_k P_k) over all Pauli strings but the identity (I, X, Y, Z, first qubit slowest), on all qubits or
 * pair by pair. Output c is the probability that the first `readout` qubits show the number c.
 *
 * Parameters: `theta` `[layers, 4^n - 1]`, or `[layers, pairs, 15]` for a brick wall (`[layers, 1, 15]` where pairs share
 * angles), in radians, and `time` `[layers]` (a buffer where fixed). Computed by linear algebra, without an engine; angles
 * are exponentiated once per batch, images are diagonalised once and kept (`cache`). Gradients are exact, also with
 * respect to the image.
 *
 * Source: "Quantum Hamiltonian embedding of images for data reuploading classifiers", arXiv:2407.14055.
 *
 * @throws ValueError where options do not fit one another; at build, where the image does not fit; in a pass, where a
 * pixel is not finite.
 * @example
 * ```ts
 * import { hamiltonianEmbedding } from '@ketwork/layers';
 * import { sequential } from '@ketwork/nn';
 * const net = sequential(hamiltonianEmbedding({ classes: 8, layers: 10 })).build([28, 28], 1);
 * console.log(net.parameters.reduce((sum, p) => sum + p.data.length, 0)); // 10240
 * ```
 */
export function hamiltonianEmbedding(options: HamiltonianEmbeddingOptions): Layer {
  const { classes, layers = 5, unitary = 'full', shared = false, scale = 1 } = options;
  const { evolution = 'exact', time = 'trained', trainable = true, cache = 65_536 } = options;
  const init = options.init ?? initializers.normal(1);
  checkCount(classes, 'hamiltonianEmbedding: the number of classes');
  checkCount(layers, 'hamiltonianEmbedding: the number of layers');
  checkCount(cache, 'hamiltonianEmbedding: cache', 0);
  const trotterSteps = evolution === 'exact' ? undefined : evolution.trotterSteps;
  if (evolution !== 'exact') {
    checkCount(
      evolution.trotterSteps,
      "hamiltonianEmbedding: evolution is not 'exact', and its trotterSteps",
    );
  }
  const readout = options.readout ?? Math.max(1, Math.ceil(Math.log2(classes)));
  checkCount(readout, 'hamiltonianEmbedding: the number of qubits read out');
  if (2 ** readout < classes) {
    throw new ValueError(
      `hamiltonianEmbedding: ${readout} qubits have no string for each of ${classes} classes`,
      { remedy: `Read out at least ${Math.ceil(Math.log2(classes))}` },
    );
  }
  if (unitary !== 'full' && unitary !== 'brick-wall') {
    throw new ValueError(
      `hamiltonianEmbedding: ${JSON.stringify(unitary)} is not a trained unitary`,
      { remedy: "Use 'full' or 'brick-wall'" },
    );
  }
  if (time !== 'trained' && !Number.isFinite(time))
    throw new ValueError(`hamiltonianEmbedding: time is ${String(time)}`);
  if (!Number.isFinite(scale)) throw new ValueError(`hamiltonianEmbedding: scale is ${scale}`);
  if (options.qubits !== undefined) checkQubits(options.qubits, readout, 1);
  const settings = {
    kind: 'hamiltonianEmbedding',
    classes,
    layers,
    unitary,
    ...(options.pairs === undefined ? {} : { pairs: options.pairs.map((pair) => [...pair]) }),
    shared,
    evolution: trotterSteps === undefined ? 'exact' : { trotterSteps },
    time,
    ...(options.qubits === undefined ? {} : { qubits: options.qubits }),
    readout,
    scale,
    init: init.settings,
    trainable,
    cache,
  };
  return Object.freeze<Layer>({
    kind: 'hamiltonianEmbedding',
    toJSON: () => settings,
    build(inputShape, key) {
      const image = imageShape(inputShape);
      const side = Math.max(...image);
      const qubits = options.qubits ?? Math.max(readout, Math.ceil(Math.log2(side)), 1);
      checkQubits(qubits, readout, side);
      const gates = gatesOf(qubits, unitary, options.pairs);
      const where = placement(image, 2 ** qubits);
      const kept = trotterSteps === undefined ? cache : 0;
      const spectra = new DataSpectra('hamiltonianEmbedding', where, kept);
      const strings = 4 ** gates[0]!.length - 1;
      const blocks = shared ? 1 : gates.length;
      const shape = unitary === 'full' ? [layers, strings] : [layers, blocks, strings];
      const fans = { fanIn: where.size, fanOut: classes };
      const make = (name: string, own: Shape, i: number): Parameter =>
        initialize('hamiltonianEmbedding', init, name, own, fans, key, i);
      const theta = make('theta', shape, 0);
      const times =
        time === 'trained'
          ? make('time', [layers], 1)
          : { name: 'time', shape: [layers], data: new Float64Array(layers).fill(time) };
      const trained = !trainable ? [] : time === 'trained' ? [theta, times] : [theta];
      return {
        kind: 'hamiltonianEmbedding',
        inputShape: [...inputShape],
        outputShape: [classes],
        parameters: trained,
        buffers: [theta, times].filter((p) => !trained.includes(p)),
        couplesExamples: false,
        forward(x, { tape }) {
          const enter = (p: Parameter): Tensor =>
            trained.includes(p) ? tape.parameter(p) : tape.constant(p.data, p.shape, 'shared');
          const d = where.dimension;
          const block = 2 ** gates[0]!.length;
          const data = ops.reshape(x, [where.size]);
          const angles = ops.reshape(enter(theta), [layers * blocks, strings]);
          const unitaries = pauliExponential('hamiltonianEmbedding', angles, gates[0]!.length);
          const moments = enter(times);
          const spectraOf = spectra.recording();
          let state = tape.constant(plusState(qubits), [d, 2], 'shared');
          for (let l = 0; l < layers; l++) {
            const t = ops.reshape(ops.slice(moments, l, l + 1), []);
            state =
              trotterSteps === undefined
                ? evolveByData(state, data, t, -0.5, { spectra, where }, spectraOf)
                : evolveByTrotter(
                    state,
                    data,
                    t,
                    -0.5,
                    trotterSteps,
                    where,
                    'hamiltonianEmbedding',
                  );
            const own = Array.from({ length: blocks }, (_, b) => {
              const at = l * blocks + b;
              return ops.reshape(ops.slice(unitaries, at, at + 1), [block, block, 2]);
            });
            gates.forEach((gate, g) => {
              state = applyUnitary(state, own[shared ? 0 : g]!, gate);
            });
          }
          const found = leadingProbabilities(state, readout, classes);
          return scale === 1 ? found : ops.scale(found, scale);
        },
      };
    },
  });
}

function imageShape(shape: Shape): readonly [height: number, width: number] {
  const image = shape.length === 3 && shape[0] === 1 ? shape.slice(1) : shape;
  if (image.length !== 2 || image.includes(0)) {
    refuseInput(
      'hamiltonianEmbedding',
      shape,
      'images [height, width] or [1, height, width]',
      'Put reshape([height, width]) before it; shapes do not include the batch',
    );
  }
  return image as unknown as readonly [number, number];
}

function checkQubits(qubits: number, readout: number, side: number): void {
  checkCount(qubits, 'hamiltonianEmbedding: the number of qubits');
  if (qubits > 8 || 2 ** qubits < side || readout > qubits) {
    throw new ValueError(
      `hamiltonianEmbedding: ${qubits} qubits do not fit images of ${side} pixels a side and ${readout} qubits read out`,
      { remedy: 'n qubits take 2^n pixels a side, at most 256, and read out at most n' },
    );
  }
}

/** Qubits of the unitaries of a layer, in order. */
function gatesOf(
  qubits: number,
  unitary: 'full' | 'brick-wall',
  pairs: HamiltonianEmbeddingOptions['pairs'],
): readonly (readonly number[])[] {
  if (unitary === 'full') return [Array.from({ length: qubits }, (_, qubit) => qubit)];
  const firsts = [0, 1].flatMap((start) =>
    Array.from({ length: Math.floor((qubits - start) / 2) }, (_, i) => start + 2 * i),
  );
  const gates = pairs ?? firsts.map((qubit) => [qubit, qubit + 1] as const);
  if (gates.length === 0) {
    throw new ValueError('hamiltonianEmbedding: a brick wall without pairs has nothing to train', {
      remedy: "Give pairs of qubits, or use unitary: 'full'",
    });
  }
  for (const [a, b] of gates) {
    const fine = [a, b].every((q) => Number.isSafeInteger(q) && q >= 0 && q < qubits);
    if (!fine || a === b) {
      throw new ValueError(
        `hamiltonianEmbedding: [${a}, ${b}] is not a pair of the ${qubits} qubits`,
        { remedy: `Number them from 0 to ${qubits - 1}` },
      );
    }
  }
  return gates;
}
