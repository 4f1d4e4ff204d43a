import {
  circuit,
  cpu,
  fidelityKernel,
  input,
  iqpFeatureMap,
  key,
  pairMeanFeatureMap,
  repairKernel,
  uniform,
} from 'ketwork';
import type { Circuit } from 'ketwork';

/** What the kernel must be, on random events: largest deviations. */
export interface KernelChecks {
  readonly qubits: number;
  readonly events: number;
  readonly asymmetry: number;
  readonly diagonal: number;
  /** Smallest eigenvalue, or 0 where none is negative. */
  readonly lowestEigenvalue: number;
  /** Inner products against inversion tests. */
  readonly methods: number;
  /** One qubit without RY against cos²(α(x - x′)/2). */
  readonly cosine: number;
  readonly seconds: number;
}

/** Symmetry, diagonal and lowest eigenvalue of a Gram matrix. */
export function gramChecks(
  gram: Float64Array,
  n: number,
): Pick<KernelChecks, 'asymmetry' | 'diagonal' | 'lowestEigenvalue'> {
  let [asymmetry, diagonal] = [0, 0];
  for (let i = 0; i < n; i++) {
    diagonal = Math.max(diagonal, Math.abs(gram[i * n + i]! - 1));
    for (let j = 0; j < i; j++)
      asymmetry = Math.max(asymmetry, Math.abs(gram[i * n + j]! - gram[j * n + i]!));
  }
  // What a shift adds to the diagonal is the lowest eigenvalue, where it is negative.
  const lowestEigenvalue = gram[0]! - repairKernel(gram, { method: 'shift' })[0]!;
  return { asymmetry, diagonal, lowestEigenvalue };
}

export async function kernelChecks(
  qubits: number,
  count: number,
  seed: number,
): Promise<KernelChecks> {
  const begin = performance.now();
  const engine = await cpu();
  const x = uniform(key(seed), count * qubits, { low: -1, high: 1 });
  let methods = 0;
  let checks = { asymmetry: 0, diagonal: 0, lowestEigenvalue: 0 };
  for (const map of [pairMeanFeatureMap(qubits), iqpFeatureMap(qubits, { pattern: 'chain' })]) {
    const gram = fidelityKernel(engine, map).matrix(x);
    const pairs = fidelityKernel(engine, map, { method: 'inversion', measureDiagonal: true });
    const inversion = pairs.matrix(x);
    methods = gram.reduce((worst, k, i) => Math.max(worst, Math.abs(k - inversion[i]!)), methods);
    const found = gramChecks(gram, count);
    checks = {
      asymmetry: Math.max(checks.asymmetry, found.asymmetry),
      diagonal: Math.max(checks.diagonal, found.diagonal),
      lowestEigenvalue: Math.min(checks.lowestEigenvalue, found.lowestEigenvalue),
    };
  }
  const alpha = 1.3;
  const one: Circuit = circuit(1, { x: input([1]) }, (q, { x: v }) => q.h(0).rz(v.at(0), 0));
  const points = x.subarray(0, 8).map((v) => alpha * v);
  const cosine = fidelityKernel(engine, one)
    .matrix(points)
    .reduce((worst, k, at) => {
      const half = (points[Math.floor(at / points.length)]! - points[at % points.length]!) / 2;
      return Math.max(worst, Math.abs(k - Math.cos(half) ** 2));
    }, 0);
  return {
    qubits,
    events: count,
    ...checks,
    methods,
    cosine,
    seconds: (performance.now() - begin) / 1000,
  };
}
