import {
  adam,
  applyNoise,
  circuit,
  differentiate,
  expval,
  input,
  ising,
  noiseModel,
  normal,
  Z,
} from 'ketwork';
import type { Circuit, Engine, Key, PauliSum } from 'ketwork';

export const QUBITS = 4;
export const LAYERS = 2;
/** Angles: an RY and an RZ on every qubit in every layer. */
export const ANGLES: number = 2 * QUBITS * (LAYERS + 1);

/** A Hamiltonian and its ground energy. */
export interface Problem {
  readonly name: string;
  readonly hamiltonian: PauliSum;
  readonly ground: number;
}

export const zzzz: Problem = {
  name: 'ZZZZ',
  hamiltonian: Z(0).mul(Z(1)).mul(Z(2)).mul(Z(3)),
  ground: -1,
};
/** An open chain at J = h = 1: E = 1 - 1 / sin(π / (4n + 2)) (Pfeuty, Ann. Phys. 57, 79, 1970). */
export const transverseIsing: Problem = {
  name: 'transverse Ising',
  hamiltonian: ising(QUBITS),
  ground: 1 - 1 / Math.sin(Math.PI / (4 * QUBITS + 2)),
};

/** RY and RZ on every qubit, then a chain of CNOTs, `LAYERS` times; RY and RZ at the end. */
export const ansatz: Circuit<'theta'> = circuit(
  QUBITS,
  { theta: input([LAYERS + 1, QUBITS, 2]) },
  (q, { theta }) => {
    for (let layer = 0; layer <= LAYERS; layer++) {
      for (let i = 0; i < QUBITS; i++) q.ry(theta.at(layer, i, 0), i).rz(theta.at(layer, i, 1), i);
      if (layer < LAYERS) for (let i = 0; i + 1 < QUBITS; i++) q.cnot(i, i + 1);
    }
  },
);

/** Depolarizing noise with the probability p of some error behind every gate; p is a slot with a value per example. */
const p = input('p', []);
export const noisyAnsatz: Circuit = applyNoise(
  ansatz,
  noiseModel({
    gates: [
      { after: ['RY', 'RZ'], noise: circuit(1, (q) => q.depolarizing(p.at(), 0)) },
      { after: 'CNOT', noise: circuit(2, (q) => q.depolarizing(p.at(), [0, 1])) },
    ],
  }),
);

/** The same noise with a fixed p. */
export function noiseOf(strength: number): ReturnType<typeof noiseModel> {
  return noiseModel({
    gates: [
      { after: ['RY', 'RZ'], noise: circuit(1, (q) => q.depolarizing(strength, 0)) },
      { after: 'CNOT', noise: circuit(2, (q) => q.depolarizing(strength, [0, 1])) },
    ],
  });
}

/** First angles of a run. */
export function startAngles(key: Key): Float64Array {
  return normal(key, ANGLES, { deviation: 1 });
}

/** One copy of the angles per example. */
export function repeated(theta: Float64Array, times: number): Float64Array {
  const out = new Float64Array(times * theta.length);
  for (let i = 0; i < times; i++) out.set(theta, i * theta.length);
  return out;
}

/**
 * VQE by Adam at 0.2: a run for every strength of noise at once, as examples of one batch, all from the same angles.
 *
 * @returns angles `[strengths, ANGLES]`.
 */
export function vqe(
  engine: Engine,
  problem: Problem,
  start: Float64Array,
  steps: number,
  strengths: readonly number[] | undefined,
): Float64Array {
  const made: Circuit = strengths === undefined ? ansatz : noisyAnsatz;
  const runs = strengths?.length ?? 1;
  using program = differentiate(engine, made, expval(problem.hamiltonian), {
    method: 'parameter-shift',
  });
  const theta = repeated(start, runs);
  const parameters = [{ name: 'theta', shape: [theta.length], data: theta }];
  const optimizer = adam(0.2);
  const state = optimizer.init(parameters);
  const dy = new Float64Array(runs).fill(1);
  for (let step = 0; step < steps; step++) {
    const values = strengths === undefined ? { theta } : { theta, p: strengths };
    const { theta: gradient } = program.vjp(values, dy, { wrt: ['theta'] });
    optimizer.step(parameters, [gradient!], state);
  }
  return theta;
}
