import { Random, expectClose } from '@ketwork/testing';
import { expect, test } from 'vitest';
import { evolutionKernel, plainKernel } from '../../src/states/evolution-kernel.ts';

test.each([
  [4, 4],
  [4, 1],
  [8, 5],
  [32, 22],
  [32, 0],
  [64, 64],
])('turns states of %i amplitudes along %i vectors, with or without WebAssembly', (d, rank) => {
  const random = new Random(d + rank);
  const vectors = random.normals(rank * d);
  const psi = random.normals(4 * d);
  const values = random.normals(2 * rank);
  const run = (kernel: ReturnType<typeof plainKernel>): Float64Array => {
    for (let k = 0; k < rank; k++) {
      const [re, im] = [values[2 * k]!, values[2 * k + 1]!];
      kernel.factors.set([re, re, -im, im], 4 * k);
    }
    const out = new Float64Array(6 * d);
    // Twice, so that rows left from another call would be seen.
    kernel.turn(vectors, rank, psi, 0, out, 0);
    kernel.turn(vectors, rank, psi, 2 * d, out, 2 * d);
    return Float64Array.of(...out, ...kernel.coordinates.subarray(0, 2 * rank));
  };
  const kernel = evolutionKernel(d);
  kernel.turn(random.normals(d * d), d, psi, 0, new Float64Array(2 * d), 0);
  const found = run(kernel);
  expect(found).toEqual(run(plainKernel(d)));

  const expected = new Float64Array(2 * d);
  for (let i = 0; i < d; i++) {
    let [re, im] = [psi[2 * d + 2 * i]!, psi[2 * d + 2 * i + 1]!];
    for (let k = 0; k < rank; k++) {
      let [x, y] = [0, 0];
      for (let j = 0; j < d; j++) {
        x += vectors[k * d + j]! * psi[2 * d + 2 * j]!;
        y += vectors[k * d + j]! * psi[2 * d + 2 * j + 1]!;
      }
      const v = vectors[k * d + i]!;
      re += v * (values[2 * k]! * x - values[2 * k + 1]! * y);
      im += v * (values[2 * k]! * y + values[2 * k + 1]! * x);
    }
    expected[2 * i] = re;
    expected[2 * i + 1] = im;
  }
  const scale = 1 + Math.max(...expected.map(Math.abs));
  expectClose(
    found.subarray(2 * d, 4 * d).map((v) => v / scale),
    expected.map((v) => v / scale),
    1e-13,
  );
});

test('what was computed before leaves no trace, not even in the signs of zeros', () => {
  const d = 4;
  const kernel = evolutionKernel(d);
  const psi = Float64Array.of(-0, -0, 1, 1, 1, 1, 1, 1);
  const downwards = [1, -1, -1, -1];
  const run = (before: readonly number[]): Float64Array => {
    const out = new Float64Array(2 * d);
    kernel.factors.fill(0);
    const rows = Float64Array.from([before, before, before, before].flat());
    kernel.turn(rows, d, psi, 0, out, 0);
    kernel.turn(Float64Array.from(downwards), 1, psi, 0, out, 0);
    return out;
  };
  expect(run(downwards)).toEqual(run([1, 1, 1, 1]));
});
