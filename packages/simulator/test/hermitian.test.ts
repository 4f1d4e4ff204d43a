import { ValueError, key, normal } from '@ketwork/base';
import { describe, expect, test } from 'vitest';
import { hermitianEigen } from '../src/hermitian.ts';

/** A random Hermitian matrix; with `rank` a projector on that many dimensions, with `real` without imaginary parts. */
function random(seed: number, d: number, real = false): Float64Array {
  const x = normal(key(seed), 2 * d * d);
  const out = new Float64Array(2 * d * d);
  for (let r = 0; r < d; r++) {
    for (let c = 0; c < d; c++) {
      const a = 2 * (r * d + c);
      const b = 2 * (c * d + r);
      out[a] = (x[a]! + x[b]!) / 2;
      out[a + 1] = real ? 0 : (x[a + 1]! - x[b + 1]!) / 2;
    }
  }
  return out;
}

function check(matrix: Float64Array, d: number, offset = 0): Float64Array {
  const { values, vectors } = hermitianEigen(matrix, d, offset);
  expect([...values]).toEqual([...values].sort((a, b) => a - b));
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      let [re, im] = [0, 0];
      let [ar, ai] = [0, 0];
      for (let k = 0; k < d; k++) {
        const [a, b] = [vectors[2 * (i * d + k)]!, vectors[2 * (i * d + k) + 1]!];
        const [x, y] = [vectors[2 * (j * d + k)]!, vectors[2 * (j * d + k) + 1]!];
        re += a * x + b * y;
        im += a * y - b * x;
        // (A v_i)_j
        const m = offset + 2 * (j * d + k);
        ar += matrix[m]! * a - matrix[m + 1]! * b;
        ai += matrix[m]! * b + matrix[m + 1]! * a;
      }
      expect(Math.hypot(re - (i === j ? 1 : 0), im)).toBeLessThan(1e-13 * d);
      const v = 2 * (i * d + j);
      const off = Math.hypot(ar - values[i]! * vectors[v]!, ai - values[i]! * vectors[v + 1]!);
      expect(off).toBeLessThan(1e-12 * d);
    }
  }
  return values;
}

describe('hermitianEigen', () => {
  test.each([1, 2, 3, 4, 7, 16, 32])('random matrices of %d rows', (d) => {
    check(random(d, d), d);
    check(random(100 + d, d, true), d);
  });

  test('degenerate, diagonal, sparse and zero matrices', () => {
    const d = 8;
    check(new Float64Array(2 * d * d), d);
    // |v⟩⟨v| has the eigenvalue 0 seven times.
    const v = normal(key(5), 2 * d);
    const norm = Math.hypot(...v);
    const projector = new Float64Array(2 * d * d);
    for (let r = 0; r < d; r++) {
      for (let c = 0; c < d; c++) {
        projector[2 * (r * d + c)] =
          (v[2 * r]! * v[2 * c]! + v[2 * r + 1]! * v[2 * c + 1]!) / norm ** 2;
        projector[2 * (r * d + c) + 1] =
          (v[2 * r + 1]! * v[2 * c]! - v[2 * r]! * v[2 * c + 1]!) / norm ** 2;
      }
    }
    const values = check(projector, d);
    expect(values[7]).toBeCloseTo(1, 13);
    expect(values[6]).toBeCloseTo(0, 13);
    const diagonal = new Float64Array(2 * d * d);
    for (let i = 0; i < d; i++) diagonal[2 * (i * d + i)] = (i * 3) % 4;
    expect([...check(diagonal, d)]).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    // Y on one of three qubits: an imaginary entry far from the diagonal.
    const y = new Float64Array(2 * d * d);
    for (let i = 0; i < 4; i++) {
      y[2 * (i * d + i + 4) + 1] = -1;
      y[2 * ((i + 4) * d + i) + 1] = 1;
    }
    check(y, d).forEach((x, i) => expect(x).toBeCloseTo(i < 4 ? -1 : 1, 13));
  });

  test('reads from an offset', () => {
    const matrix = random(9, 4);
    const shifted = new Float64Array(matrix.length + 6);
    shifted.set(matrix, 6);
    expect(check(shifted, 4, 6)).toEqual(check(matrix, 4));
  });

  test('refuses numbers without eigenvalues', () => {
    for (const bad of [NaN, Infinity, 1e200]) {
      for (const at of [0, 2, 3]) {
        const matrix = new Float64Array(8);
        matrix[at] = bad;
        expect(() => hermitianEigen(matrix, 2), `${bad} at ${at}`).toThrow(ValueError);
      }
    }
  });
});
