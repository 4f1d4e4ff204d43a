import { Z, dense, expval, quantum, sequential, tanh, variationalBlock } from 'ketwork';
import type { Model } from 'ketwork';
import { FEATURES } from './backbone.ts';

const QUBITS = 4;

/**
 * The part that is trained: a dense layer to four numbers and the circuit (H, RY(atan x), RZ(atan x²), twice a ring of CNOTs
 * and general rotations); ⟨Z⟩ of qubits 0 and 1 are the logits.
 */
export function hybrid(): Model {
  const circuit = variationalBlock(QUBITS, { distances: [1] });
  return sequential(dense(FEATURES, QUBITS), quantum(circuit, expval(Z(0), Z(1))));
}

/** A dense layer with tanh in place of the circuit: 10 weights for 24 angles. */
export function twin(): Model {
  return sequential(dense(FEATURES, QUBITS), tanh(), dense(QUBITS, 2));
}

/** Models by the names they have in the results. */
export const MODELS: Readonly<Record<'hybrid' | 'classical', () => Model>> = {
  hybrid,
  classical: twin,
};

/** Trained numbers of a model: all, and the angles of its circuit. The model gets new ones. */
export function parametersOf(model: Model): { readonly all: number; readonly angles: number } {
  const { parameters } = model.build([FEATURES], 0);
  const count = (list: typeof parameters): number =>
    list.reduce((sum, { data }) => sum + data.length, 0);
  return {
    all: count(parameters),
    angles: count(parameters.filter(({ name }) => name.endsWith('.w'))),
  };
}
