import { Random, randomUnitary } from '@ketwork/testing';
import { expect, it } from 'vitest';
import { product } from '../../src/cpu/complex-matrix.ts';
import { fromMagic, toMagic } from '../../src/cpu/magic-basis.ts';
import { adjoint } from '../../src/cpu/pattern.ts';

const H = Math.SQRT1_2;
/** Columns: the magic basis. */
const MAGIC = [
  [H, 0, 0, 0, 0, 0, 0, H],
  [0, 0, 0, H, H, 0, 0, 0],
  [0, 0, 0, H, -H, 0, 0, 0],
  [H, 0, 0, 0, 0, 0, 0, -H],
].flat();
const room = (): Float64Array => new Float64Array(32);
const expectEqual = (found: Float64Array, wanted: readonly number[]): void =>
  wanted.forEach((x, i) => expect(found[i]).toBe(x === 0 ? 0 : x));

it('changes the basis of two qubits with the bits of matrix products', () => {
  const random = new Random(5);
  for (let i = 0; i < 50; i++) {
    const matrix = randomUnitary(random, 4);
    const out = room();
    toMagic(Float64Array.from(matrix), room(), out);
    expectEqual(out, product(product(adjoint(MAGIC), matrix), MAGIC));

    const real = Array.from(random.normals(16));
    fromMagic(Float64Array.from(real), room(), out);
    const complex = real.flatMap((x) => [x, 0]);
    expectEqual(out, product(product(MAGIC, complex), adjoint(MAGIC)));
  }
});
