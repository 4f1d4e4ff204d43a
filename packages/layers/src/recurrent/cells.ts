import { ops } from '@ketwork/nn';
import type { Tensor } from '@ketwork/nn';
import type { GateCaller, GateSpec } from './gates.ts';
import { cellOutput, cellState, resetInput, updatedState } from './rules.ts';

/** What one step of a cell returns. */
export interface CellStep {
  /** The new states, in the order of `states`; the hidden state first. */
  readonly states: readonly Tensor[];
  /** What the read-out circuit of the cell takes, where it has one. */
  readonly read?: Tensor;
}

/** How a recurrent cell computes, without sizes and weights. */
export interface CellKind {
  readonly kind: 'qrnn' | 'qgru' | 'qlstm';
  /** Names of the states; each is a vector. */
  readonly states: readonly string[];
  /** Sizes of the states where the circuit takes `inputs` numbers. */
  sizes(inputs: number, hidden: number): number[];
  /** Its circuits; the last one is the read-out where `readout` is set. */
  gates(inputs: number, hidden: number, readout: boolean): GateSpec[];
  /** Records one step; `v` are features and hidden state side by side. */
  step(call: GateCaller, v: Tensor, states: readonly Tensor[]): CellStep;
}

/** `h ← tanh(VQC([x, h]))`. */
export const rnnCell: CellKind = {
  kind: 'qrnn',
  states: ['hidden'],
  sizes: (_inputs, hidden) => [hidden],
  gates: (_inputs, hidden) => [{ name: 'hidden', outputs: hidden }],
  step: (call, v) => ({ states: [ops.tanh(call('hidden', v))] }),
};

/** `r = σ(VQC₁ v)`, `z = σ(VQC₂ v)`, `u = tanh(VQC₃ [x, r h])`, `h ← z h + (1 - z) u`. */
export const gruCell: CellKind = {
  kind: 'qgru',
  states: ['hidden'],
  sizes: (_inputs, hidden) => [hidden],
  gates: (_inputs, hidden) =>
    ['reset', 'update', 'candidate'].map((name) => ({ name, outputs: hidden })),
  step(call, v, states) {
    const candidate = call('candidate', resetInput(v, call('reset', v)));
    return { states: [updatedState(call('update', v), candidate, states[0]!)] };
  },
};

/** `c ← σ(VQC₁ v) c + σ(VQC₂ v) tanh(VQC₃ v)`, `m = σ(VQC₄ v) tanh(c)`, `h ← VQC₅ m`, read-out `VQC₆ m`. */
export const lstmCell: CellKind = {
  kind: 'qlstm',
  states: ['hidden', 'cell'],
  sizes: (inputs, hidden) => [hidden, inputs],
  gates: (inputs, hidden, readout) => [
    ...['forget', 'input', 'candidate', 'output'].map((name) => ({ name, outputs: inputs })),
    { name: 'hidden', outputs: hidden },
    ...(readout ? [{ name: 'readout', outputs: inputs }] : []),
  ],
  step(call, v, states) {
    const [f, i, g, o] = ['forget', 'input', 'candidate', 'output'].map((name) => call(name, v));
    const c = cellState(f!, i!, g!, states[1]!);
    const m = cellOutput(o!, c);
    return { states: [call('hidden', m), c], read: m };
  },
};
