import { matmul } from '@ketwork/base';
import { Matrix } from 'ml-matrix';
import { angles } from '../harness/circuits.ts';
import { local } from '../harness/measure.ts';
import { compare, mustAgree } from '../harness/question.ts';
import type { Question } from '../harness/question.ts';
import type { Row } from '../harness/row.ts';

const name = 'matmul';

/** `[m, k] · [k, n]`. */
const sizes = [
  [64, 64, 64],
  [256, 256, 256],
  [512, 512, 512],
  [32, 784, 128],
] as const;

/** The textbook triple loop on typed arrays. */
function naive(a: Float64Array, b: Float64Array, m: number, k: number, n: number): Float64Array {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += a[i * k + p]! * b[p * n + j]!;
      out[i * n + j] = sum;
    }
  }
  return out;
}

/** Dense products, which the classical layers live on. */
export const matrixProducts: Question = {
  name,
  asks: 'How fast is a matrix product in f64?',
  async answer({ settings }) {
    const rows: Row[] = [];
    for (const [m, k, n] of sizes) {
      const a = angles(m * k).map(Math.sin);
      const b = angles(k * n, 0.4).map(Math.cos);
      const left = Matrix.from1DArray(m, k, a);
      const right = Matrix.from1DArray(k, n, b);
      const ours = matmul(a, b, m, k, n);
      mustAgree(`${name}, ml-matrix`, ours, left.mmul(right).to1DArray());
      mustAgree(`${name}, loop`, ours, naive(a, b, m, k, n));
      const toUnit = (seconds: number): number => (2e-9 * m * k * n) / seconds;
      rows.push(
        ...(await compare(
          {
            question: name,
            case: `${m} x ${k} by ${k} x ${n}`,
            unit: 'GF/s',
            rate: true,
            ours: { timer: local(() => matmul(a, b, m, k, n)), toUnit },
            peers: [
              {
                name: 'ml-matrix mmul, f64',
                timer: local(() => left.mmul(right)),
                toUnit,
                goal: 1,
              },
              {
                name: 'triple loop in JavaScript, f64',
                timer: local(() => naive(a, b, m, k, n)),
                toUnit,
                goal: 1,
              },
            ],
          },
          settings,
        )),
      );
    }
    return rows;
  },
};
