import { dense, fastWeightProgrammer, flatten, qlstm, sequential, tanh } from 'ketwork';
import type { Model } from 'ketwork';
import { LENGTH } from './series.ts';

/** Names of the models. */
export const FIRST = 'QFWP, first qubit';
export const ALL = 'QFWP, all qubits';
export const QLSTM = 'QLSTM';
export const MLP = 'MLP';
export const LINEAR = 'linear';

/** A model for windows of four values. */
export interface Variant {
  readonly name: string;
  make(): Model;
}

export const VARIANTS: readonly Variant[] = [
  { name: FIRST, make: () => fastWeights('first') },
  { name: ALL, make: () => fastWeights('all') },
  // Published sizes: hidden 3, so circuits of 4 qubits, with 2 layers; angles 0.01 · N(0, 1).
  { name: QLSTM, make: () => sequential(qlstm({ hidden: 3 }), dense(4, 1)) },
  { name: MLP, make: () => sequential(flatten(), dense(LENGTH, 18), tanh(), dense(18, 1)) },
  { name: LINEAR, make: () => sequential(flatten(), dense(LENGTH, 1)) },
];

/** The published model: 8 qubits, 2 layers, ⟨Z⟩ of four qubits into dense 4 → 1; 111 parameters. */
export function fastWeights(encode: 'first' | 'all'): Model {
  return sequential(fastWeightProgrammer({ inputs: 1, encode, outputs: 4 }), dense(4, 1));
}

/** Number of trained numbers. */
export function parameterCount(model: Model): number {
  const { parameters } = model.build([LENGTH, 1], 0);
  return parameters.reduce((sum, { data }) => sum + data.length, 0);
}
