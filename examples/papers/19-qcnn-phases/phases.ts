import { amplitudes, circuit, cpu, expval, groundState, pauli, pauliSum } from 'ketwork';
import type { PauliSum, TrainingData, WeightedWord } from 'ketwork';

/** Strengths of the two fields, in units of the coupling. */
export interface Point {
  readonly h1: number;
  readonly h2: number;
}

/** `-Σ Z X Z - h1 Σ X - h2 Σ X X` on an open chain: eq. 4 of the paper with J = 1. */
export function clusterIsing(qubits: number, { h1, h2 }: Point): PauliSum {
  const words: WeightedWord[] = [];
  for (let i = 0; i + 2 < qubits; i++) words.push([-1, 'ZXZ', [i, i + 1, i + 2]]);
  for (let i = 0; i < qubits; i++) words.push([-h1, 'X', [i]]);
  for (let i = 0; i + 1 < qubits; i++) words.push([-h2, 'XX', [i, i + 1]]);
  return pauliSum(words);
}

/** A point with its ground state, `[2^n, 2]`, and the string order in it. */
export interface Ground extends Point {
  readonly state: Float64Array;
  /** ⟨Z₁ X₂ X₄ … Z_n⟩-type order: near 1 in the cluster phase, 0 elsewhere. */
  readonly stringOrder: number;
}

/**
 * Ground states. The open chain has four of almost equal energy in the cluster phase (its two ends are free), so a small
 * term at each end picks one of them.
 */
export async function grounds(qubits: number, points: readonly Point[]): Promise<Ground[]> {
  const ends: WeightedWord[] = [
    [-0.05, 'XZ', [0, 1]],
    [-0.05, 'ZX', [qubits - 2, qubits - 1]],
  ];
  const order = stringOperator(qubits);
  const prepared = circuit(qubits, (q) => {
    const all = Array.from({ length: qubits }, (_, qubit) => qubit);
    q.prepare(amplitudes('x', [2 ** qubits, 2]), all);
  });
  const states = points.map((point) => {
    const hamiltonian = clusterIsing(qubits, point).add(pauliSum(ends));
    return groundState(hamiltonian, { qubits }).states.slice();
  });
  const x = Float64Array.from(states.flatMap((state) => [...state]));
  const orders = (await cpu()).compile(prepared, expval(order)).run({ x });
  return points.map((point, i) => ({ ...point, state: states[i]!, stringOrder: orders[i]! }));
}

/** The product of the stabilisers ZXZ around every second qubit: Z X I X … I X Z, the longest that the chain has. */
export function stringOperator(qubits: number): PauliSum {
  const last = qubits % 2 === 0 ? qubits - 2 : qubits - 1;
  const word = Array.from({ length: last + 1 }, (_, i) =>
    i === 0 || i === last ? 'Z' : i % 2 === 1 ? 'X' : 'I',
  );
  return pauli(word.join(''));
}

/** Ground states as examples; the label says whether the point lies in the cluster phase. */
export function asData(
  states: readonly Ground[],
  label: (ground: Ground) => boolean,
): TrainingData {
  return {
    inputs: Float64Array.from(states.flatMap(({ state }) => [...state])),
    inputShape: [states[0]!.state.length / 2, 2],
    labels: Float64Array.from(states, (ground) => (label(ground) ? 1 : 0)),
  };
}
