import { angle } from '../angle.ts';
import type { AngleLike } from '../angle.ts';
import type { PauliObservable, PauliTerm } from '../types.ts';
import { templateError } from './target.ts';
import type { TemplateTarget } from './target.ts';

/** Options of {@link trotter}. */
export interface TrotterOptions {
  /** Number of equal steps. Default 1. */
  readonly steps?: number;
  /** Order of the formula: 1, 2 or another even number. Default 2. */
  readonly order?: number;
}

/** Two neighbouring terms of equal string become one. */
type Stage = readonly [term: PauliTerm, factor: number];

/**
 * Approximates the evolution `exp(-i · time · H)` under a sum of Pauli strings by a product of rotations about its terms,
 * in their order: the Lie–Trotter formula (order 1), its symmetric form (order 2), or Suzuki's recursion (order 4, 6, …;
 * Phys. Lett. A 146, 319, 1990). The error is of the order `time^(order + 1) / steps^order`; terms that all commute make
 * it exact. Neighbouring rotations about one term are merged.
 *
 * @param hamiltonian sum of Pauli strings on qubits of the circuit.
 * @param time dimensionless, a number or an expression of slots, so that gradients flow to it.
 * @param options `steps` is 1 and `order` 2 by default.
 * @throws CircuitError when steps or order are out of range, or a qubit is.
 * @example
 * ```ts
 * import { circuit, input, ising, trotter } from '@ketwork/circuit';
 * const evolved = circuit(4, { t: input() }, (q, { t }) => trotter(q, ising(4), t, { steps: 10, order: 4 }));
 * console.log(evolved.ops.length > 10); // true
 * ```
 */
export function trotter(
  q: TemplateTarget,
  hamiltonian: PauliObservable,
  time: AngleLike,
  options: TrotterOptions = {},
): void {
  const name = 'trotter';
  const { steps = 1, order = 2 } = options;
  if (!Number.isSafeInteger(steps) || steps < 1) {
    throw templateError(name, `there are ${steps} steps`, 'Use a positive integer');
  }
  if (order !== 1 && !(Number.isSafeInteger(order) && order >= 2 && order % 2 === 0)) {
    throw templateError(name, `there is no formula of order ${order}`, 'Use 1, 2, 4 or 6');
  }
  if (order > 8) {
    throw templateError(name, `a formula of order ${order}`, 'Use at most 8, and more steps');
  }
  const wrong = hamiltonian.terms
    .flatMap(({ paulis }) => paulis)
    .find(({ qubit }) => qubit >= q.qubits);
  if (wrong !== undefined) {
    throw templateError(
      name,
      `the Hamiltonian acts on qubit ${wrong.qubit}, the circuit has ${q.qubits}`,
      'Use more qubits',
    );
  }
  const constant = hamiltonian.terms
    .filter(({ paulis }) => paulis.length === 0)
    .reduce((sum, { coefficient }) => sum + coefficient, 0);
  const terms = hamiltonian.terms.filter(({ paulis }) => paulis.length > 0);
  const stages: Stage[] = [];
  for (let step = 0; step < steps; step++) addFormula(terms, order, 1 / steps, stages);
  for (const [{ coefficient, paulis }, factor] of stages) {
    q.gate(
      'PauliRot',
      [scaled(time, 2 * coefficient * factor)],
      paulis.map(({ qubit }) => qubit),
      { word: paulis.map(({ pauli }) => pauli).join('') },
    );
  }
  if (constant !== 0) q.gate('GPhase', [scaled(time, -constant)], []);
}

const scaled = (time: AngleLike, factor: number): AngleLike =>
  typeof time === 'number' ? factor * time : angle.mul(factor, time);

/** Appends the product formula of an order for the given share of the time. */
function addFormula(
  terms: readonly PauliTerm[],
  order: number,
  share: number,
  stages: Stage[],
): void {
  if (order === 1) for (const term of terms) append(stages, term, share);
  else if (order === 2) {
    for (const term of terms) append(stages, term, share / 2);
    for (const term of terms.toReversed()) append(stages, term, share / 2);
  } else {
    // S_2k(t) = S_2k-2(ut)² S_2k-2((1 - 4u)t) S_2k-2(ut)², u = 1/(4 - 4^(1/(2k - 1))).
    const u = 1 / (4 - 4 ** (1 / (order - 1)));
    for (const part of [u, u, 1 - 4 * u, u, u]) addFormula(terms, order - 2, share * part, stages);
  }
}

function append(stages: Stage[], term: PauliTerm, factor: number): void {
  const last = stages.at(-1);
  if (last?.[0] === term) stages[stages.length - 1] = [term, last[1] + factor];
  else stages.push([term, factor]);
}
