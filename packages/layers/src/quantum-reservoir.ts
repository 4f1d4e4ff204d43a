import { ValueError } from '@ketwork/base';
import type { Circuit } from '@ketwork/circuit';
import { initializers } from '@ketwork/nn';
import type { Layer } from '@ketwork/nn';
import type { ProgramOptions } from './program.ts';
import { gruCell, lstmCell, rnnCell } from './recurrent/cells.ts';
import { recurrentLayer } from './recurrent/layer.ts';

/** Options of {@link quantumReservoir}. */
export interface QuantumReservoirOptions extends ProgramOptions {
  /** The recurrent network whose weights stay random. Default `qrnn`. */
  readonly cell?: 'qrnn' | 'qgru' | 'qlstm';
  /** Numbers of the hidden state. Default 3. */
  readonly hidden?: number;
  /** Standard deviation of the angles in radians. Large angles shorten the memory. Default 0.3; published: 0.01. */
  readonly scale?: number;
  /** Layers of each circuit. Default 2. */
  readonly layers?: number;
  /** Qubits of each circuit, at least features + hidden, which is the default. */
  readonly qubits?: number;
  /** A circuit of your own for all gates, see `qrnn`. */
  readonly circuit?: Circuit;
  /** Return the features of every step, `[steps, outputs]`, instead of the last one's. Default false. */
  readonly returnSequences?: boolean;
}

/**
 * A random recurrent quantum network that is never trained: its features go to a linear read-out, which is
 * (`ridgeRegression` of `@ketwork/training`, or a `dense` layer after it). The angles are drawn from a normal distribution
 * with the seed of the model and saved as buffers.
 *
 * Input `[steps, features]`; output, of the last step or of all: the hidden state, `[hidden]`, of `qrnn` and `qgru`; the
 * read-out circuit's `[features + hidden]` of `qlstm`. All of them lie in [-1, 1].
 *
 * A read-out is trained on features that never change, so compute them once: `forward(network, inputs)` is all the
 * quantum work there is.
 *
 * Source: Chen, Fry, Deshmukh, Rastunkov and Stefanski, "Reservoir computing via quantum recurrent neural networks",
 * arXiv:2211.02612. For a reservoir of coupled spins see {@link spinReservoir}.
 *
 * @throws ValueError where options do not fit, and what `qrnn`, `qgru` and `qlstm` throw.
 * @example
 * ```ts
 * import { quantumReservoir } from '@ketwork/layers';
 * import { forward } from '@ketwork/nn';
 * import { cpu } from '@ketwork/simulator';
 * const network = quantumReservoir({ cell: 'qrnn', hidden: 3 }).build([4, 1], [0, 1]);
 * network.bind!(await cpu());
 * console.log(network.parameters.length, network.buffers.length); // 0 1
 * console.log((await forward(network, [0.1, 0.2, 0.3, 0.4])).length); // 3
 * ```
 */
export function quantumReservoir(options: QuantumReservoirOptions = {}): Layer {
  const { cell = 'qrnn', hidden = 3, scale = 0.3, ...others } = options;
  if (!Object.hasOwn(CELLS, cell)) {
    throw new ValueError(`quantumReservoir: there is no cell '${cell}'`, {
      remedy: `Cells are ${Object.keys(CELLS).join(', ')}; for coupled spins use spinReservoir`,
    });
  }
  if (!(scale >= 0 && scale < Infinity)) {
    throw new ValueError(`quantumReservoir: the scale ${scale} is not a number of at least 0`);
  }
  return recurrentLayer(
    CELLS[cell],
    {
      kind: 'quantumReservoir',
      readout: cell === 'qlstm',
      extra: { cell, scale },
      without: ['init', 'trainable', 'stack', 'dropout', 'initialState'],
    },
    { ...others, hidden, init: initializers.normal(scale), trainable: false },
  );
}

const CELLS = { qrnn: rnnCell, qgru: gruCell, qlstm: lstmCell } as const;
