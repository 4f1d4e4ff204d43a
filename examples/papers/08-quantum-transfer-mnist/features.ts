import {
  circuit,
  cpu,
  featureRanges,
  input,
  principalComponents,
  probabilities,
  projectComponents,
  rescale,
} from 'ketwork';
import type { Circuit, Dataset } from 'ketwork';
import { withFeatures } from './data.ts';

/** Qubits, and principal components of the codes. */
export const QUBITS = 5;

/** Where the Hadamard gates are: on the first qubit, or on all (a reading of the paper's first abstract). */
export type Hadamards = 'first' | 'all';

/** RY of five angles, Hadamard gates, and a chain of CNOTs; nothing is trained. */
export function featureCircuit(hadamards: Hadamards): Circuit<'a'> {
  return circuit(QUBITS, { a: input([QUBITS]) }, (q, { a }) => {
    for (let i = 0; i < QUBITS; i++) q.ry(a.at(i), i);
    for (let i = 0; i < (hadamards === 'all' ? QUBITS : 1); i++) q.h(i);
    for (let i = 0; i + 1 < QUBITS; i++) q.cnot(i, i + 1);
  });
}

/** Training and test examples. */
export interface Split {
  readonly train: Dataset;
  readonly test: Dataset;
}

/** Codes to angles from 0 to π: five principal components, scaled with the extremes of the training examples. */
export function angles({ train, test }: Split): Split & { readonly shares: readonly number[] } {
  const pca = principalComponents(train, QUBITS);
  const components = projectComponents(train, pca);
  const options = { range: [0, Math.PI] as const, ranges: featureRanges(components) };
  return {
    train: rescale(components, options),
    test: rescale(projectComponents(test, pca), options),
    shares: [...pca.shares],
  };
}

/** The 32 probabilities of the outcomes, exact or estimated from shots; all examples are one batch. */
export async function circuitFeatures(
  { train, test }: Split,
  hadamards: Hadamards,
  shots: number | undefined,
  seed: number,
): Promise<Split> {
  const options = shots === undefined ? {} : { shots };
  using program = (await cpu()).compile(featureCircuit(hadamards), probabilities(), options);
  // Test examples are drawn from a stream of their own.
  const run = (data: Dataset, stream: number): Dataset =>
    withFeatures(data, program.run({ a: data.inputs }, { seed: 2 * seed + stream }));
  return { train: run(train, 0), test: run(test, 1) };
}
