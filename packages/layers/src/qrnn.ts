import type { Layer } from '@ketwork/nn';
import { rnnCell } from './recurrent/cells.ts';
import { recurrentCell, recurrentLayer } from './recurrent/layer.ts';
import type { RecurrentCellOptions, RecurrentOptions } from './recurrent/layer.ts';

/**
 * A quantum recurrent network along sequences: `h_t = tanh(VQC([x_t, h_{t-1}]))`, where VQC reads ⟨Z⟩ of the first
 * `hidden` qubits of {@link variationalBlock} (or of your circuit) and h is zero at first.
 *
 * Input `[steps, features]`; output h of the last step, `[hidden]`, or of all, `[steps, hidden]`. Parameters per layer of
 * the stack: `3 · layers · qubits` angles in radians, named `hidden.w`. All steps share them. Gradients go back through
 * time on the tape; steps of a batch run as one batch of circuits.
 *
 * Source: Chen, Fry, Deshmukh, Rastunkov and Stefanski, "Reservoir computing via quantum recurrent neural networks",
 * arXiv:2211.02612.
 *
 * @throws ValueError where options do not fit; at build, where the input is no sequence, is empty, or has more features
 * than there are qubits for; in a run, where a number of the sequence is not finite.
 * @example
 * ```ts
 * import { qrnn } from '@ketwork/layers';
 * import { dense, forward, sequential } from '@ketwork/nn';
 * import { cpu } from '@ketwork/simulator';
 * const model = sequential(qrnn({ hidden: 3 }), dense(1));
 * const network = model.build([4, 1], 7);
 * network.bind!(await cpu());
 * console.log((await forward(network, [0.1, 0.2, 0.3, 0.4])).length); // 1
 * ```
 */
export function qrnn(options: RecurrentOptions): Layer {
  return recurrentLayer(rnnCell, { kind: 'qrnn', readout: false }, options);
}

/**
 * One step of {@link qrnn} as a layer: `[x, h]`, features first, in; the new h out. For loops of your own, such as agents
 * that act between steps.
 *
 * @throws ValueError as {@link qrnn}; at build, where the input is not one vector with room for the state.
 * @example
 * ```ts
 * import { qrnnCell } from '@ketwork/layers';
 * console.log(qrnnCell({ hidden: 3 }).build([4], [0, 1]).outputShape); // [ 3 ]
 * ```
 */
export function qrnnCell(options: RecurrentCellOptions): Layer {
  return recurrentCell(rnnCell, { kind: 'qrnnCell', readout: false }, options);
}
