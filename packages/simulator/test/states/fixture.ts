import { readFileSync } from 'node:fs';

/** A case of states.json, see generate_states.py. */
export interface MixedCase {
  readonly qubits: number;
  readonly rho: number[];
  readonly sigma: number[];
  readonly psi: number[];
  readonly purity: number;
  readonly entropy: number;
  readonly entropyBase2: number;
  readonly fidelity: number;
  readonly fidelityPure: number;
  readonly traceDistance: number;
  readonly relativeEntropy: number;
  readonly reduced?: number[];
  readonly reducedState?: number[];
  readonly stateEntropy?: number;
  readonly mutualInformation?: number;
  readonly negativity?: number;
  readonly stateNegativity?: number;
  readonly schmidt?: number[];
  readonly concurrence?: number;
  readonly formation?: number;
}

/** Energies of a model, the four lowest. */
export interface ModelCase {
  readonly name: string;
  readonly qubits: number;
  readonly energies: readonly number[];
}

/** The values of PennyLane and Qiskit. */
export const data: { readonly mixed: readonly MixedCase[]; readonly models: readonly ModelCase[] } =
  JSON.parse(readFileSync(new URL('../data/states.json', import.meta.url), 'utf8'));
