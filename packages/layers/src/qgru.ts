import type { Layer } from '@ketwork/nn';
import { gruCell } from './recurrent/cells.ts';
import { recurrentCell, recurrentLayer } from './recurrent/layer.ts';
import type { RecurrentCellOptions, RecurrentOptions } from './recurrent/layer.ts';

/**
 * A quantum gated recurrent unit along sequences. With `v = [x_t, h]`: `r = σ(VQC₁ v)`, `z = σ(VQC₂ v)`,
 * `u = tanh(VQC₃ [x_t, r h])`, `h ← z h + (1 - z) u`; each VQC reads ⟨Z⟩ of the first `hidden` qubits of its own
 * {@link variationalBlock} (or of your circuit), and h is zero at first. The literature also has z and 1 - z exchanged;
 * here z near 1 keeps the state, as in Cho et al. (arXiv:1406.1078) and PyTorch.
 *
 * Input `[steps, features]`; output h of the last step, `[hidden]`, or of all, `[steps, hidden]`. Parameters per layer of
 * the stack: `3 · 3 · layers · qubits` angles in radians, named `reset.w`, `update.w` and `candidate.w`.
 *
 * Source: Chen, Fry, Deshmukh, Rastunkov and Stefanski, "Reservoir computing via quantum recurrent neural networks",
 * arXiv:2211.02612.
 *
 * @throws ValueError where options do not fit; at build, where the input is no sequence, is empty, or has more features
 * than there are qubits for; in a run, where a number of the sequence is not finite.
 * @example
 * ```ts
 * import { qgru } from '@ketwork/layers';
 * const network = qgru({ hidden: 3, returnSequences: true }).build([8, 1], [0, 1]);
 * console.log(network.outputShape); // [ 8, 3 ]
 * console.log(network.parameters.map(({ name }) => name)); // [ 'reset.w', 'update.w', 'candidate.w' ]
 * ```
 */
export function qgru(options: RecurrentOptions): Layer {
  return recurrentLayer(gruCell, { kind: 'qgru', readout: false }, options);
}

/**
 * One step of {@link qgru} as a layer: `[x, h]`, features first, in; the new h out.
 *
 * @throws ValueError as {@link qgru}; at build, where the input is not one vector with room for the state.
 * @example
 * ```ts
 * import { qgruCell } from '@ketwork/layers';
 * console.log(qgruCell({ hidden: 3 }).build([4], [0, 1]).outputShape); // [ 3 ]
 * ```
 */
export function qgruCell(options: RecurrentCellOptions): Layer {
  return recurrentCell(gruCell, { kind: 'qgruCell', readout: false }, options);
}
