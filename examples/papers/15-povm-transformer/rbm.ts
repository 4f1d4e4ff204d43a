// The ansatz that the paper compares with: a restricted Boltzmann machine over strings of outcomes.
import { key as keyOf, normal, uniform } from 'ketwork';
import type { Parameter } from 'ketwork';
import type { Ansatz } from './ansatz.ts';

const OUTCOMES = 4;

/**
 * p(a) ∝ exp(Σ_i v_i(a_i)) Π_h 2 cosh(b_h + Σ_i w_hi(a_i)), normalised by the sum over all strings: without the noise and
 * the correlations of the Markov chain that the paper names as this ansatz's trouble, and for few sites only. It starts
 * near the product of `first`.
 */
export function rbmAnsatz(
  sites: number,
  seed: number,
  first: readonly number[],
  hidden: number,
): Ansatz {
  const units = OUTCOMES * sites;
  const size = OUTCOMES ** sites;
  const visible = Float64Array.from({ length: units }, (_, i) => Math.log(first[i % OUTCOMES]!));
  const bias = new Float64Array(hidden);
  const weight = normal(keyOf(seed), hidden * units, { deviation: 0.02 });
  const parameters: Parameter[] = [
    { name: 'visible', shape: [sites, OUTCOMES], data: visible },
    { name: 'bias', shape: [hidden], data: bias },
    { name: 'weight', shape: [hidden, sites, OUTCOMES], data: weight },
  ];
  const unit = new Int32Array(size * sites);
  for (let a = 0; a < size; a++) {
    for (let q = 0; q < sites; q++)
      unit[a * sites + q] = OUTCOMES * q + (Math.floor(a / OUTCOMES ** (sites - 1 - q)) % OUTCOMES);
  }
  const all = (): { p: Float64Array; tanh: Float64Array } => {
    const p = new Float64Array(size);
    const tanh = new Float64Array(size * hidden);
    for (let a = 0; a < size; a++) {
      const own = unit.subarray(a * sites, (a + 1) * sites);
      let log = 0;
      for (const i of own) log += visible[i]!;
      for (let h = 0; h < hidden; h++) {
        let x = bias[h]!;
        for (const i of own) x += weight[h * units + i]!;
        log += Math.abs(x) + Math.log1p(Math.exp(-2 * Math.abs(x)));
        tanh[a * hidden + h] = Math.tanh(x);
      }
      p[a] = log;
    }
    const largest = p.reduce((m, x) => Math.max(m, x), -Infinity);
    const total = p.reduce((sum, x) => sum + Math.exp(x - largest), 0);
    return { p: p.map((x) => Math.exp(x - largest) / total), tanh };
  };
  return {
    sites,
    parameters,
    evaluate(strings) {
      const { p, tanh } = all();
      return {
        p: Float64Array.from(strings, (a) => p[a]!),
        backward(dp) {
          // d p_a = p_a (d log_a - mean of d log).
          const slope = new Float64Array(size);
          strings.forEach((a, i) => (slope[a]! += dp[i]! * p[a]!));
          const total = slope.reduce((sum, x) => sum + x, 0);
          const grads = parameters.map(({ data }) => new Float64Array(data.length));
          for (let a = 0; a < size; a++) {
            const s = slope[a]! - p[a]! * total;
            const own = unit.subarray(a * sites, (a + 1) * sites);
            for (const i of own) grads[0]![i]! += s;
            for (let h = 0; h < hidden; h++) {
              const t = s * tanh[a * hidden + h]!;
              grads[1]![h]! += t;
              for (const i of own) grads[2]![h * units + i]! += t;
            }
          }
          return grads;
        },
      };
    },
    sample(count, key) {
      const { p } = all();
      return uniform(key, count).map((u) => {
        let rest = u;
        let a = 0;
        while (a < size - 1 && (rest -= p[a]!) >= 0) a++;
        return a;
      });
    },
  };
}
