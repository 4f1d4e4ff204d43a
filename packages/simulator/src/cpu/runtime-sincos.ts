/** The fixed function for cosines and sines of the examples' angles, and of tables' phases. */
import { valueType } from '@ketwork/base';
import { VectorCode } from './arithmetic.ts';
import type { Numerics } from './arithmetic.ts';

const { i32, v128 } = valueType;

/**
 * (angles, pairs, count): cosine and sine of vectors of angles, which are doubles in any format: their reduction takes
 * all digits.
 *
 * @param alike whether an angle comes as two equal doubles, for all lanes
 */
export function sincos(n: Numerics, alike: boolean): VectorCode {
  return n.precision === 'f64' ? doubleSincos(n) : singleSincos(n, alike);
}

/**
 * (angles, pairs, count): cosine and sine of vectors of angles. Reduction by pi/2 in two parts (Cody and Waite), then
 * the polynomials of fdlibm's kernel functions; exact to about 1 ulp for |angle| below 1e5 (the caller reduces larger ones).
 */
function doubleSincos({ fused }: Numerics): VectorCode {
  const f = new VectorCode({ precision: 'f64', fused }, [i32, i32, i32]);
  const [x, j, r, z, sine, cosine, quadrant, odd] = Array.from({ length: 8 }, () =>
    f.local(v128),
  ) as [number, number, number, number, number, number, number, number];
  const sum = f.local(v128);
  const horner = (coefficients: readonly number[]): void => {
    f.f64x2(coefficients[0] as number);
    for (const c of coefficients.slice(1))
      f.set(sum)
        .f64x2(c)
        .addProduct(() => f.get(sum).get(z));
  };
  f.loop();
  f.get(0).load().tee(x).f64x2(0.6366197723675814).mul().op('f64x2Nearest').set(j);
  f.get(x);
  for (const part of [1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21])
    f.addProduct(() => f.get(j).f64x2(part), true);
  f.tee(r).get(r).mul().set(z);
  horner([
    1.58969099521155010221e-10, -2.50507602534068634195e-8, 2.75573137070700676789e-6,
    -1.98412698298579493134e-4, 8.33333333332248946124e-3, -1.66666666666666324348e-1,
  ]);
  f.get(z).mul().set(sum);
  f.get(r)
    .addProduct(() => f.get(sum).get(r))
    .set(sine);
  horner([
    -1.13596475577881948265e-11, 2.0875723212981748279e-9, -2.75573143513906633035e-7,
    2.48015872894767294178e-5, -1.38888888888741095749e-3, 4.16666666666666019037e-2,
  ]);
  f.get(z).mul().set(sum);
  f.f64x2(1)
    .addProduct(() => f.get(z).f64x2(0.5), true)
    .addProduct(() => f.get(sum).get(z))
    .set(cosine);
  // Adding 1.5 · 2^52 leaves the quadrant in the low bits of the mantissa.
  f.get(j).f64x2(6755399441055744).add().set(quadrant);
  f.get(quadrant)
    .i64(1)
    .op('i64x2Splat')
    .op('v128And')
    .i64(1)
    .op('i64x2Splat')
    .op('i64x2Eq')
    .set(odd);
  const signBit = (): void => {
    f.i64(2).op('i64x2Splat').op('v128And').i32(62).op('i64x2Shl');
  };
  f.get(1);
  f.get(sine).get(cosine).get(odd).op('v128Bitselect');
  f.get(quadrant).i64(1).op('i64x2Splat').op('i64x2Add');
  signBit();
  f.op('v128Xor').store(0);
  f.get(1).get(cosine).get(sine).get(odd).op('v128Bitselect').get(quadrant);
  signBit();
  f.op('v128Xor').store(16);
  f.get(0).i32(16).op('i32Add').set(0);
  f.get(1).i32(32).op('i32Add').set(1);
  f.get(2).i32(1).op('i32Sub').tee(2).brIf(0).op('end');
  return f;
}

/**
 * The same to single precision: reduction by pi/2 in doubles, two vectors at a time, then polynomials interpolated at
 * Chebyshev nodes; within 1.2e-7 for |angle| below 1e5.
 */
function singleSincos(n: Numerics, alike: boolean): VectorCode {
  const f = new VectorCode(n, [i32, i32, i32]);
  const step = alike ? 16 : 32;
  const wide = (): number => f.local(v128);
  const [x, j, r, z, sine, cosine, quadrant, odd] = [
    wide(),
    wide(),
    wide(),
    wide(),
    wide(),
    wide(),
    wide(),
    wide(),
  ] as const;
  const rest = [wide(), wide()] as const;
  const quarter = [wide(), wide()] as const;
  f.loop();
  for (const half of [0, 1] as const) {
    f.get(0)
      .load(alike ? 0 : 16 * half)
      .tee(x)
      .f64x2(0.6366197723675814)
      .op('f64x2Mul')
      .op('f64x2Nearest')
      .set(j);
    f.get(x);
    for (const part of [1.5707963267341256, 6.077100506303966e-11])
      f.get(j).f64x2(part).op('f64x2Mul').op('f64x2Sub');
    f.op('f32x4DemoteF64x2Zero').set(rest[half]);
    // Adding 1.5 · 2^52 leaves the quadrant in the low bits of the mantissa.
    f.get(j).f64x2(6755399441055744).op('f64x2Add').set(quarter[half]);
  }
  f.get(rest[0]).get(rest[1]).shuffle([0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]);
  f.tee(r).get(r).mul().set(z);
  f.get(quarter[0])
    .get(quarter[1])
    .shuffle([0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27])
    .set(quadrant);
  const horner = (coefficients: readonly number[], into: number): void => {
    f.vector(coefficients[0] as number).set(into);
    for (const c of coefficients.slice(1))
      f.vector(c)
        .addProduct(() => f.get(into).get(z))
        .set(into);
  };
  horner([-0.0001958537320669302, 0.00833273655917713, -0.16666664601754114], sine);
  f.get(r)
    .addProduct(() => f.get(sine).get(z).mul().get(r))
    .set(sine);
  horner([2.4545419078353295e-5, -0.0013888291300556933, 0.04166666459882798], cosine);
  f.vector(1)
    .addProduct(() => f.get(z).vector(0.5), true)
    .addProduct(() => f.get(cosine).get(z).mul().get(z))
    .set(cosine);
  const ones = (): unknown => f.i32(1).op('i32x4Splat');
  f.get(quadrant);
  ones();
  f.op('v128And');
  ones();
  f.op('i32x4Eq').set(odd);
  const signBit = (): void => {
    f.i32(2).op('i32x4Splat').op('v128And').i32(30).op('i32x4Shl');
  };
  f.get(1).get(sine).get(cosine).get(odd).op('v128Bitselect').get(quadrant);
  ones();
  f.op('i32x4Add');
  signBit();
  f.op('v128Xor').store(0);
  f.get(1).get(cosine).get(sine).get(odd).op('v128Bitselect').get(quadrant);
  signBit();
  f.op('v128Xor').store(16);
  f.get(0).i32(step).op('i32Add').set(0);
  f.get(1).i32(32).op('i32Add').set(1);
  f.get(2).i32(1).op('i32Sub').tee(2).brIf(0).op('end');
  return f;
}
