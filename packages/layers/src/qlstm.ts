import { ValueError } from '@ketwork/base';
import type { Layer } from '@ketwork/nn';
import { lstmCell } from './recurrent/cells.ts';
import { recurrentCell, recurrentLayer } from './recurrent/layer.ts';
import type { CellSettings, RecurrentCellOptions, RecurrentOptions } from './recurrent/layer.ts';

/** Which circuit of a QLSTM its output comes from. */
export interface QlstmOutput {
  /**
   * `readout`: a sixth circuit reads the cell's output, as in the paper; `hidden`: the hidden state, as in classical LSTMs.
   * Default `readout`.
   */
  readonly output?: 'readout' | 'hidden';
}

/** Options of {@link qlstm}. */
export interface QlstmOptions extends RecurrentOptions, QlstmOutput {}

/** Options of {@link qlstmCell}. */
export interface QlstmCellOptions extends RecurrentCellOptions, QlstmOutput {}

/**
 * A quantum long short-term memory along sequences. With `v = [x_t, h]`: `f = σ(VQC₁ v)`, `i = σ(VQC₂ v)`,
 * `g = tanh(VQC₃ v)`, `o = σ(VQC₄ v)`, `c ← f c + i g`, `m = o tanh(c)`, `h ← VQC₅ m`, `y = VQC₆ m`. Each VQC is a
 * {@link variationalBlock} of its own (or your circuit); it reads ⟨Z⟩ of the first `features + hidden` qubits, VQC₅ of the
 * first `hidden`. So c, m and y have `features + hidden` numbers. h and c are zero at first.
 *
 * Input `[steps, features]`; output y of the last step, `[features + hidden]`, or of all, `[steps, features + hidden]`
 * (h instead of y with `output: 'hidden'`). Parameters: `6 · 3 · layers · qubits` angles in radians, named `forget.w`,
 * `input.w`, `candidate.w`, `output.w`, `hidden.w` and `readout.w`; lower layers of a stack and `output: 'hidden'` lack
 * the last. With one feature, `hidden: 3` and a `dense(1)` after it these are the 149 parameters of the published model.
 *
 * Source: Chen, Yoo and Fang, "Quantum long short-term memory", arXiv:2009.01783; sizes and angles are those of the
 * group's public code.
 *
 * @throws ValueError where options do not fit; at build, where the input is no sequence, is empty, or has more features
 * than there are qubits for; in a run, where a number of the sequence is not finite.
 * @example
 * ```ts
 * import { dampedOscillator, minMax, splitInTime, windows } from '@ketwork/datasets';
 * import { qlstm } from '@ketwork/layers';
 * import { dense, mse, rmsprop, sequential } from '@ketwork/nn';
 * import { fit } from '@ketwork/training';
 * const [train] = splitInTime(windows(minMax(dampedOscillator().velocity), 4), [0.67]);
 * const model = sequential(qlstm({ hidden: 3 }), dense(1));
 * const optimizer = rmsprop(0.01);
 * const run = await fit(model, train!, { loss: mse, optimizer, epochs: 2, batchSize: 10, seed: 1 });
 * console.log(run.history.at(-1)!.loss < run.history[0]!.loss); // true
 * ```
 */
export function qlstm(options: QlstmOptions): Layer {
  return recurrentLayer(lstmCell, settingsOf('qlstm', options), options);
}

/**
 * One step of {@link qlstm} as a layer: `[x, h, c]`, features first, in; `[y, h, c]` with the new states out, without y
 * where the output is the hidden state.
 *
 * @throws ValueError as {@link qlstm}; at build, where the input is not one vector with room for both states.
 * @example
 * ```ts
 * import { qlstmCell } from '@ketwork/layers';
 * console.log(qlstmCell({ hidden: 3 }).build([8], [0, 1]).outputShape); // [ 11 ]
 * ```
 */
export function qlstmCell(options: QlstmCellOptions): Layer {
  return recurrentCell(lstmCell, settingsOf('qlstmCell', options), options);
}

function settingsOf(kind: string, { output = 'readout' }: QlstmOutput): CellSettings {
  if (output !== 'readout' && output !== 'hidden') {
    throw new ValueError(`${kind}: there is no output '${String(output)}'`, {
      remedy: "Use 'readout' or 'hidden'",
    });
  }
  return { kind, readout: output === 'readout', extra: { output } };
}
