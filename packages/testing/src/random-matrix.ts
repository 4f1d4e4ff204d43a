import type { Random } from './random.ts';

/** A random d × d unitary matrix, interleaved: Gram and Schmidt on rows of normal numbers. */
export function randomUnitary(random: Random, d: number): number[] {
  const rows: Float64Array[] = [];
  while (rows.length < d) {
    const row = random.normals(2 * d);
    for (let pass = 0; pass < 2; pass++) {
      for (const other of rows) {
        let re = 0;
        let im = 0;
        for (let i = 0; i < 2 * d; i += 2) {
          re += other[i]! * row[i]! + other[i + 1]! * row[i + 1]!;
          im += other[i]! * row[i + 1]! - other[i + 1]! * row[i]!;
        }
        for (let i = 0; i < 2 * d; i += 2) {
          row[i]! -= re * other[i]! - im * other[i + 1]!;
          row[i + 1]! -= re * other[i + 1]! + im * other[i]!;
        }
      }
    }
    const norm = Math.hypot(...row);
    rows.push(row.map((x) => x / norm));
  }
  return rows.flatMap((row) => [...row]);
}

/** A random Hermitian d × d matrix, interleaved, with normal entries. */
export function randomHermitian(random: Random, d: number): number[] {
  const g = random.normals(2 * d * d);
  const h = new Array<number>(2 * d * d).fill(0);
  for (let r = 0; r < d; r++) {
    for (let c = 0; c < d; c++) {
      const here = 2 * (r * d + c);
      const mirror = 2 * (c * d + r);
      h[here] = (g[here]! + g[mirror]!) / 2;
      h[here + 1] = (g[here + 1]! - g[mirror + 1]!) / 2;
    }
  }
  return h;
}
