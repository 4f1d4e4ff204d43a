import { mean, spread } from '../../common/experiment.ts';
import type { Claim } from '../../common/experiment.ts';
import type { KernelChecks } from './checks.ts';
import type { Score } from './models.ts';

/** Names of the machines. */
export const MAP_B = 'map B, α = 1';
export const RBF = 'RBF-SVM';
export const BDT = 'BDT';
export const SHOTS = 'map B, shots';
export const NOISE = 'map B, shots and noise';

/** Machines on the events of one seed. */
export interface Comparison {
  readonly qubits: number;
  readonly train: number;
  readonly test: number;
  readonly seed: number;
  readonly scores: readonly Score[];
  readonly seconds: number;
}

/** A kernel of many qubits. */
export interface Capability extends Omit<KernelChecks, 'methods' | 'cosine'> {
  readonly offDiagonal: number;
}

/** Everything the claims are read from. */
export interface Measured {
  readonly checks: readonly KernelChecks[];
  /** The comparison with few qubits, with many, with few events, and by number of training events. */
  readonly few: readonly Comparison[];
  readonly many: readonly Comparison[];
  readonly small: readonly Comparison[];
  readonly growth: readonly Comparison[];
  readonly largest: Capability;
}

/** AUCs of a machine, one per seed. */
export function aucs(runs: readonly Comparison[], model: string): number[] {
  return runs.flatMap(({ scores }) =>
    scores.filter((score) => score.model === model).map(({ auc }) => auc),
  );
}

/** Sizes of training sets, rising. */
export function sizes(growth: readonly Comparison[]): number[] {
  return [...new Set(growth.map(({ train }) => train))].sort((a, b) => a - b);
}

/** The criteria of the card. A quick run has too few events for those about machines. */
export function judge(measured: Measured, quick: boolean): Claim[] {
  const { checks, few, many, small, growth, largest } = measured;
  const claim = (id: string, text: string, met: boolean, found: string, always = false): Claim => ({
    id,
    claim: text,
    met: quick && !always ? null : met,
    found,
  });
  const worst = (read: (check: KernelChecks) => number): number => Math.max(...checks.map(read));
  const least = Math.min(...checks.map(({ lowestEigenvalue }) => lowestEigenvalue));
  const unit =
    worst(({ asymmetry }) => asymmetry) === 0 &&
    worst(({ diagonal }) => diagonal) <= 1e-6 &&
    worst(({ methods }) => methods) <= 1e-6 &&
    worst(({ cosine }) => cosine) <= 1e-6 &&
    least > -1e-6;
  const parity = (id: string, runs: readonly Comparison[]): Claim => {
    const [b, rbf, bdt] = [MAP_B, RBF, BDT].map((model) => mean(aucs(runs, model))) as [
      number,
      number,
      number,
    ];
    const { qubits, train, test } = runs[0]!;
    return claim(
      id,
      `${qubits} qubits, ${train} training and ${test} test events: AUC of the quantum kernel at most 0.02 below RBF-SVM and boosted trees, mean of the seeds`,
      b >= rbf - 0.02 - 1e-9 && b >= bdt - 0.02 - 1e-9,
      `map B ${spread(aucs(runs, MAP_B))}, RBF-SVM ${spread(aucs(runs, RBF))}, BDT ${spread(aucs(runs, BDT))} (${runs.length} seeds); map B less RBF-SVM, seed by seed, ${spread(aucs(runs, MAP_B).map((auc, i) => auc - aucs(runs, RBF)[i]!))}`,
    );
  };
  const smallRbf = mean(aucs(small, RBF));
  const smallB = mean(aucs(small, MAP_B));
  const { qubits, train } = small[0]!;
  const noisy = mean(aucs(small, NOISE));
  const steps = sizes(growth).map((size) => ({
    size,
    auc: mean(
      aucs(
        growth.filter((run) => run.train === size),
        MAP_B,
      ),
    ),
  }));
  return [
    claim(
      '1',
      'K is symmetric with diagonal 1 and no eigenvalue below -1e-6; inner products and inversion tests agree to 1e-6; one qubit without RY gives cos²',
      unit,
      `off by ${worst(({ diagonal }) => diagonal).toExponential(1)} on the diagonal, ${worst(({ methods }) => methods).toExponential(1)} between the methods, ${worst(({ cosine }) => cosine).toExponential(1)} from cos²; lowest eigenvalue ${least.toExponential(1)} or above`,
      true,
    ),
    parity('2', few),
    parity('3', many),
    claim(
      '4a',
      `${qubits} qubits, ${train} and ${train} events: mean AUC within 0.05 of RBF-SVM`,
      Math.abs(smallB - smallRbf) <= 0.05 + 1e-9,
      `map B ${spread(aucs(small, MAP_B))}, RBF-SVM ${spread(aucs(small, RBF))} (${small.length} seeds)`,
    ),
    claim(
      '4b',
      'with 1000 shots per element and depolarizing noise the AUC drops but stays above 0.6',
      noisy < smallB && noisy > 0.6,
      `exact ${spread(aucs(small, MAP_B))}, shots ${spread(aucs(small, SHOTS))}, shots and noise ${spread(aucs(small, NOISE))}; the last less the first, seed by seed, ${spread(aucs(small, NOISE).map((auc, i) => auc - aucs(small, MAP_B)[i]!))}`,
    ),
    claim(
      '5',
      `AUC grows with the number of training events: ${steps.map(({ size }) => size).join(', ')}`,
      steps.every(({ auc }, i) => i === 0 || auc > steps[i - 1]!.auc),
      steps.map(({ size, auc }) => `${size}: ${auc.toFixed(3)}`).join(', '),
    ),
    claim(
      '6',
      `a kernel of ${largest.events} events on ${largest.qubits} qubits finishes and passes (1)`,
      largest.asymmetry === 0 && largest.diagonal <= 1e-6 && largest.lowestEigenvalue > -1e-6,
      `${largest.seconds.toFixed(1)} s; diagonal off by ${largest.diagonal.toExponential(1)}; mean off the diagonal ${largest.offDiagonal.toFixed(3)}`,
      true,
    ),
  ];
}
