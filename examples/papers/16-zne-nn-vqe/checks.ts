import {
  channel,
  circuit,
  cpu,
  densityMatrix,
  densityOperator,
  expval,
  state,
  trajectories,
} from 'ketwork';
import { ansatz, noisyAnsatz } from './circuits.ts';
import type { Problem } from './circuits.ts';
import { energies } from './sweeps.ts';

/** Largest deviations of what must be exact, and how far trajectories are off in standard errors. */
export interface Checks {
  /** Of `Σ K†K` from the identity, over strengths and both channels. */
  readonly completeness: number;
  /** Of the state under p = 3/4 and 15/16 from the mixed one. */
  readonly mixing: number;
  /** Of the density matrix at p = 0 from the statevector's. */
  readonly noiseless: number;
  /** |trajectories - density matrix| / standard error at every strength of the grid. */
  readonly trajectories: readonly number[];
}

export async function check(
  problem: Problem,
  theta: Float64Array,
  grid: readonly number[],
  seed: number,
): Promise<Checks> {
  const engine = densityMatrix();
  let completeness = 0;
  for (const p of [0, 0.01, 0.12, 0.5, 1]) {
    for (const qubits of [1, 2]) {
      const dim = 2 ** qubits;
      const sum = new Float64Array(2 * dim * dim);
      for (const k of channel('depolarizing').kraus([p], qubits)) {
        for (let i = 0; i < dim; i++) {
          for (let j = 0; j < dim; j++) {
            for (let l = 0; l < dim; l++) {
              const [a, b] = [2 * (l * dim + i), 2 * (l * dim + j)];
              sum[2 * (i * dim + j)]! += k[a]! * k[b]! + k[a + 1]! * k[b + 1]!;
              sum[2 * (i * dim + j) + 1]! += k[a]! * k[b + 1]! - k[a + 1]! * k[b]!;
            }
          }
        }
      }
      sum.forEach((x, at) => {
        const diagonal = at % 2 === 0 && (at / 2) % (dim + 1) === 0;
        completeness = Math.max(completeness, Math.abs(x - (diagonal ? 1 : 0)));
      });
    }
  }
  let mixing = 0;
  for (const qubits of [1, 2]) {
    const mixed = circuit(qubits, (q) => {
      q.ry(0.3, 0).rz(1.1, 0);
      if (qubits === 2)
        q.ry(-0.8, 1)
          .cnot(0, 1)
          .depolarizing(15 / 16, [0, 1]);
      else q.depolarizing(3 / 4, 0);
    });
    const rho = engine.compile(mixed, densityOperator()).run();
    const dim = 2 ** qubits;
    rho.forEach((x, at) => {
      const diagonal = at % 2 === 0 && (at / 2) % (dim + 1) === 0;
      mixing = Math.max(mixing, Math.abs(x - (diagonal ? 1 / dim : 0)));
    });
  }
  const psi = (await cpu()).compile(ansatz, state()).run({ theta });
  const rho = engine.compile(noisyAnsatz, densityOperator()).run({ theta, p: [0] });
  const dim = psi.length / 2;
  let noiseless = 0;
  for (let i = 0; i < dim; i++) {
    for (let j = 0; j < dim; j++) {
      const re = psi[2 * i]! * psi[2 * j]! + psi[2 * i + 1]! * psi[2 * j + 1]!;
      const im = psi[2 * i + 1]! * psi[2 * j]! - psi[2 * i]! * psi[2 * j + 1]!;
      const at = 2 * (i * dim + j);
      noiseless = Math.max(noiseless, Math.abs(rho[at]! - re), Math.abs(rho[at + 1]! - im));
    }
  }
  const exact = energies(engine, problem, theta, grid);
  const sampled = (await trajectories({ trajectories: 2000, seed })).compile(
    noisyAnsatz,
    expval(problem.hamiltonian),
  );
  const off = grid.map((strength, i) => {
    const { values, errors } = sampled.runWithErrors({ theta, p: [strength] }, { seed: seed + i });
    return Math.abs(values[0]! - exact[i]!) / errors[0]!;
  });
  return { completeness, mixing, noiseless, trajectories: off };
}
