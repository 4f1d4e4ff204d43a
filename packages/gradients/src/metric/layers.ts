import { squaredPauli } from '@ketwork/circuit';
import type { Circuit, Observable, Op, PauliTerm } from '@ketwork/circuit';
import type { Generator, Insertions } from '../hadamard/insertions.ts';
import { mergedTerms } from '../generators.ts';

/** Generators that act at one time, on different qubits, and the circuit that prepares the state they act on. */
export interface GeneratorLayer {
  readonly circuit: Circuit;
  readonly members: readonly Generator[];
}

/**
 * Layers of generators, greedily: a generator joins the layer as long as nothing of the layer has reached its qubits.
 * Operations that nothing of the layer has reached commute with it and count as before it.
 */
export function layersOf(
  circuit: Circuit,
  { ops }: Insertions,
  active: readonly Generator[],
): GeneratorLayer[] {
  const at = new Map(active.map((generator) => [generator.position, generator]));
  const layers: GeneratorLayer[] = [];
  let before: Op[] = [];
  let members: Generator[] = [];
  let after: Op[] = [];
  const reached = new Set<number>();
  const finish = (): void => {
    if (members.length > 0) {
      layers.push({ circuit: Object.freeze({ ...circuit, ops: [...before] }), members });
      before = [...before, ...after];
    }
    members = [];
    after = [];
    reached.clear();
  };
  ops.forEach((op, position) => {
    const generator = at.get(position);
    const qubits = qubitsOf(op);
    const free = qubits.every((qubit) => !reached.has(qubit));
    if (generator !== undefined) {
      if (!free) finish();
      members.push(generator);
    } else if (free) {
      before.push(op);
      return;
    }
    after.push(op);
    for (const qubit of qubits) reached.add(qubit);
  });
  finish();
  return layers;
}

function qubitsOf(op: Op): readonly number[] {
  switch (op.type) {
    case 'gate':
    case 'matrix':
    case 'evolution':
      return [...op.qubits, ...op.controls.map(({ qubit }) => qubit)];
    case 'statePreparation':
    case 'channel':
    case 'reset':
      return op.qubits;
    default:
      return [];
  }
}

/** Observables of a layer: its generators, then the products of pairs i ≤ j (or i = j alone), and where each stands. */
export function covarianceObservables(
  members: readonly Generator[],
  diagonal: boolean,
): {
  readonly observables: readonly Observable[];
  readonly pairs: readonly { readonly i: number; readonly j: number; readonly index: number }[];
} {
  const sums = members.map(({ strings }) => strings.map(({ term }) => term));
  const observables: Observable[] = sums.map((terms) => ({ type: 'pauli', terms }));
  const pairs: { i: number; j: number; index: number }[] = [];
  sums.forEach((a, i) => {
    sums.forEach((b, j) => {
      if (j < i || (diagonal && i !== j)) return;
      pairs.push({ i, j, index: observables.length });
      observables.push(
        i === j
          ? squaredPauli({ type: 'pauli', terms: a })
          : { type: 'pauli', terms: product(a, b) },
      );
    });
  });
  return { observables, pairs };
}

/** Product of sums on different qubits. */
function product(a: readonly PauliTerm[], b: readonly PauliTerm[]): PauliTerm[] {
  return mergedTerms(
    a.flatMap((x) =>
      b.map((y) => ({
        coefficient: x.coefficient * y.coefficient,
        paulis: [...x.paulis, ...y.paulis].sort((p, q) => p.qubit - q.qubit),
      })),
    ),
  );
}
