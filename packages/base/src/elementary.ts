/**
 * Elementary functions from arithmetic alone: additions, multiplications, divisions and square roots, which IEEE 754
 * rounds the same way on every machine. `Math.sin` and its kin may differ between engines in the last bit.
 *
 * Methods: argument reduction in pieces (Cody and Waite 1980) or by the digits of 2/π (Payne and Hanek 1983), addition
 * theorems, then polynomials interpolated at Chebyshev nodes with 200-bit arithmetic and rounded to doubles. What the
 * leading term rounds off is carried along as a second double (Dekker 1971).
 */

/** Upper bits of π/2, 33 a piece, so that products with whole numbers below 2^20 are exact; then the rest. */
const QUARTER = [
  1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32,
] as const;
const TWO_OVER_PI = 0.6366197723675814;
const HALF_PI = 1.5707963267948966;
const HALF_PI_REST = 6.123233995736766e-17;
const QUARTER_PI = 0.7853981633974483;

/** 2/π · 2^1280 and π/2 · 2^126, cut off. */
const TWO_OVER_PI_DIGITS = BigInt(
  '0xa2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e0' +
    '06492eea09d1921cfe1deb1cb129a73ee88235f52ebb4484e99c7026b45f7e413991d639835339f4' +
    '9c845f8bbdf9283b1ff897ffde05980fef2f118b5a0a6d1f6d367ecf27cb09b74f463f669e5fea2d' +
    '7527bac7ebe5f17b3d0739f78a5292ea6bfb5fb11f8d5d0856033046fc7b6babf0cfbc209af4361d',
);
const HALF_PI_DIGITS = 0x6487ed5110b4611a62633145c06e0e68n;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
/** Which word holds the exponent. */
const UPPER = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;

/** The remainder of the last reduction, a number and what it lacks. An array holds numbers without allocating. */
const remainder = new Float64Array(2);

/** Takes from the angle in `remainder` the nearest multiple of π/2; returns the multiple modulo 4. */
function reduce(): number {
  const x = remainder[0] as number;
  if (Math.abs(x) > 1e6) return reduceLarge(x);
  const j = Math.round(x * TWO_OVER_PI);
  if (j === 0) {
    remainder[1] = 0;
    return 0;
  }
  // Exact: both numbers lie within a factor of two. The sums that follow keep what they round off.
  const a = x - j * QUARTER[0];
  const b = j * QUARTER[1];
  const c = j * QUARTER[2];
  const s = a - b;
  const t = s - a;
  const lost = a - (s - t) - (b + t);
  const u = s - c;
  const v = u - s;
  const rest = s - (u - v) - (c + v) + (lost - j * QUARTER[3]);
  const high = u + rest;
  remainder[0] = high;
  remainder[1] = u - high + rest;
  return j & 3;
}

/** The same with as many digits of 2/π as the largest double needs. */
function reduceLarge(x: number): number {
  double[0] = Math.abs(x);
  const upper = words[UPPER] as number;
  const exponent = (upper >>> 20) - 1075;
  const mantissa =
    (BigInt((upper & 0xfffff) | 0x100000) << 32n) | BigInt(words[1 - UPPER] as number);
  const shift = BigInt(1280 - exponent);
  const product = mantissa * TWO_OVER_PI_DIGITS;
  const multiple = (product + (1n << (shift - 1n))) >> shift;
  const fraction = (product - (multiple << shift)) >> (shift - 192n);
  const scaledUp = fraction * HALF_PI_DIGITS; // in units of 2^-318
  const first = Number(scaledUp);
  const sign = x < 0 ? -1 : 1;
  remainder[0] = sign * first * 2 ** -318;
  remainder[1] = sign * Number(scaledUp - BigInt(first)) * 2 ** -318;
  const quadrant = Number(multiple & 3n);
  return (sign * quadrant) & 3;
}

/** sin(r + rest) - r for |r| up to π/4. */
function sineRest(r: number, rest: number): number {
  const z = r * r;
  const p =
    -0.16666666666666666 +
    z *
      (0.008333333333333331 +
        z *
          (-0.00019841269841264821 +
            z *
              (2.7557319219150783e-6 +
                z *
                  (-2.5052106167335705e-8 +
                    z * (1.6058521349954986e-10 + z * -7.586094789672621e-13)))));
  return r * z * p + rest * (1 - 0.5 * z);
}

/** cos(r + rest) - w for |r| up to π/4, w being 1 - r²/2 as rounded. */
function cosineRest(r: number, rest: number, w: number): number {
  const z = r * r;
  const p =
    0.041666666666666664 +
    z *
      (-0.0013888888888887322 +
        z *
          (2.4801587298651292e-5 +
            z *
              (-2.755731721268659e-7 + z * (2.0876134024090145e-9 + z * -1.1381754653662937e-11))));
  return 1 - w - 0.5 * z + (z * z * p - r * rest);
}

/** Keeps the sign of a zero. */
const sine = (r: number, rest: number): number => (r === 0 ? r : r + sineRest(r, rest));

function cosine(r: number, rest: number): number {
  const w = 1 - 0.5 * (r * r);
  return w + cosineRest(r, rest, w);
}

/** What rounding takes from the product `p = a · b`. */
function productRest(a: number, b: number, p: number): number {
  const ca = 134217729 * a;
  const cb = 134217729 * b;
  const ah = ca - (ca - a);
  const bh = cb - (cb - b);
  const al = a - ah;
  const bl = b - bh;
  return al * bl - (p - ah * bh - al * bh - ah * bl);
}

function sin(x: number): number {
  if (!Number.isFinite(x)) return Number.NaN;
  remainder[0] = x;
  const quadrant = reduce();
  const [high, low] = [remainder[0], remainder[1] as number];
  const y = (quadrant & 1) === 0 ? sine(high, low) : cosine(high, low);
  return (quadrant & 2) === 0 ? y : -y;
}

function cos(x: number): number {
  if (!Number.isFinite(x)) return Number.NaN;
  remainder[0] = x;
  const quadrant = reduce();
  const [high, low] = [remainder[0], remainder[1] as number];
  const y = (quadrant & 1) === 0 ? cosine(high, low) : sine(high, low);
  return ((quadrant + 1) & 2) === 0 ? y : -y;
}

function cosSin(values: Float64Array, at: number): void {
  // Arguments and results that are numbers would be allocated, once per call.
  const x = values[at] as number;
  remainder[0] = x;
  remainder[1] = 0;
  const quadrant = Number.isFinite(x) ? reduce() : 0;
  const high = x - x === 0 ? remainder[0] : Number.NaN;
  const low = remainder[1];
  const c = cosine(high, low);
  const s = sine(high, low);
  const odd = (quadrant & 1) === 1;
  values[at] = ((quadrant + 1) & 2) === 0 ? (odd ? s : c) : odd ? -s : -c;
  values[at + 1] = (quadrant & 2) === 0 ? (odd ? c : s) : odd ? -c : -s;
}

function tan(x: number): number {
  if (x === 0) return x;
  if (!Number.isFinite(x)) return Number.NaN;
  remainder[0] = x;
  const quadrant = reduce();
  const [high, low] = [remainder[0], remainder[1] as number];
  const w = 1 - 0.5 * (high * high);
  const st = sineRest(high, low);
  const ct = cosineRest(high, low, w);
  const s = high + st;
  const c = w + ct;
  const [a, b] = (quadrant & 1) === 0 ? [s, c] : [-c, s];
  const sRest = high - s + st;
  const cRest = w - c + ct;
  const [aRest, bRest] = (quadrant & 1) === 0 ? [sRest, cRest] : [-cRest, sRest];
  const q = a / b;
  const p = q * b;
  return q + (a - p - productRest(q, b, p) + aRest - q * bRest) / b;
}

/** (asin(x) - x) / x for |x| up to 1/2, from z = x². */
function arcsineRest(z: number): number {
  const p =
    0.16666666666666666 +
    z *
      (0.07500000000000119 +
        z *
          (0.04464285714255019 +
            z *
              (0.030381944475693704 +
                z *
                  (0.022372157435623815 +
                    z *
                      (0.017352816768546473 +
                        z *
                          (0.013963775787848137 +
                            z *
                              (0.011566511821890942 +
                                z *
                                  (0.00962140274734483 +
                                    z *
                                      (0.009322101501082774 +
                                        z *
                                          (0.0030350071727267623 +
                                            z *
                                              (0.019579201619744684 +
                                                z *
                                                  (-0.019277545928584557 +
                                                    z * 0.02963502626354855))))))))))));
  return z * p;
}

/** Puts twice the arcsine of √w into `remainder`, for w up to 1/4. */
function doubleArcsineOfRoot(w: number): void {
  const s = Math.sqrt(w);
  const p = s * s;
  const lost = s === 0 ? 0 : (w - p - productRest(s, s, p)) / (2 * s);
  remainder[0] = 2 * s;
  remainder[1] = 2 * (lost + s * arcsineRest(w));
}

function asin(x: number): number {
  const size = Math.abs(x);
  if (!(size <= 1)) return Number.NaN;
  if (size < 0.5) return x + x * arcsineRest(x * x);
  doubleArcsineOfRoot(0.5 * (1 - size));
  const [root, rootRest] = [remainder[0] as number, remainder[1] as number];
  const y = HALF_PI - root;
  const rest = HALF_PI - y - root + (HALF_PI_REST - rootRest);
  return x < 0 ? -(y + rest) : y + rest;
}

function acos(x: number): number {
  const size = Math.abs(x);
  if (!(size <= 1)) return Number.NaN;
  if (size < 0.5) {
    const y = HALF_PI - x;
    return y + (HALF_PI - y - x + (HALF_PI_REST - x * arcsineRest(x * x)));
  }
  doubleArcsineOfRoot(0.5 * (1 - size));
  const [root, rootRest] = [remainder[0] as number, remainder[1] as number];
  if (x > 0) return root + rootRest;
  const y = 2 * HALF_PI - root;
  return y + (2 * HALF_PI - y - root + (2 * HALF_PI_REST - rootRest));
}

function atan(x: number): number {
  const size = Math.abs(x);
  let t = size;
  let base = 0;
  let baseRest = 0;
  if (size >= 39 / 16) {
    t = -1 / size;
    base = HALF_PI;
    baseRest = HALF_PI_REST;
  } else if (size >= 19 / 16) {
    t = (size - 1.5) / (1 + 1.5 * size);
    base = 0.982793723247329;
    baseRest = 1.3903311031230998e-17;
  } else if (size >= 11 / 16) {
    t = (size - 1) / (1 + size);
    base = QUARTER_PI;
    baseRest = 0.5 * HALF_PI_REST;
  } else if (size >= 7 / 16) {
    t = (2 * size - 1) / (2 + size);
    base = 0.4636476090008061;
    baseRest = 2.2698777452961687e-17;
  }
  const z = t * t;
  const p =
    0.3333333333333333 +
    z *
      (-0.1999999999999935 +
        z *
          (0.14285714285552895 +
            z *
              (-0.11111111095436262 +
                z *
                  (0.0909090830197941 +
                    z *
                      (-0.07692284172624975 +
                        z *
                          (0.06666219788095819 +
                            z *
                              (-0.05876719526154055 +
                                z *
                                  (0.05215189433168631 +
                                    z *
                                      (-0.044861974207722935 +
                                        z *
                                          (0.032989113991491265 +
                                            z * -0.01463579479556637))))))))));
  const y = base + (t - (t * z * p - baseRest));
  return x < 0 || Object.is(x, -0) ? -y : y;
}

function atan2(y: number, x: number): number {
  if (x > 0 || Number.isNaN(x)) return atan(y / x);
  const negative = y < 0 || Object.is(y, -0);
  let size = 2 * HALF_PI;
  if (x === 0) size = y === 0 ? (Object.is(x, 0) ? 0 : size) : HALF_PI;
  else size = size - atan(Math.abs(y / x)) + 2 * HALF_PI_REST;
  return negative ? -size : size;
}

/** y · 2^k for results that may leave the normal range. */
function scaled(y: number, k: number): number {
  double[0] = 1;
  const step = k > 1023 ? 1023 : k < -1022 ? -1000 : k;
  words[UPPER] = (1023 + step) << 20;
  const power = double[0];
  if (step === k) return y * power;
  words[UPPER] = (1023 + k - step) << 20;
  return y * double[0] * power;
}

function exp(x: number): number {
  if (x > 709.782712893384) return Infinity;
  if (x < -745.1332191019412) return 0;
  const k = Math.round(x * 1.4426950408889634);
  const a = x - k * 0.6931471803691238;
  const b = k * 1.9082149292705877e-10;
  const r = a - b;
  const rest = a - r - b;
  const p =
    0.5 +
    r *
      (0.1666666666666667 +
        r *
          (0.04166666666666667 +
            r *
              (0.008333333333325544 +
                r *
                  (0.0013888888888883327 +
                    r *
                      (0.00019841269876864356 +
                        r *
                          (2.4801587327007187e-5 +
                            r *
                              (2.755725283351691e-6 +
                                r *
                                  (2.75572718102198e-7 +
                                    r * (2.5106274733573296e-8 + r * 2.0915442297780116e-9)))))))));
  return scaled(1 + (r + (rest + r * r * p)), k);
}

function log(x: number): number {
  if (!(x >= 0)) return Number.NaN;
  if (x === 0) return -Infinity;
  if (x === Infinity) return x;
  let k = 0;
  double[0] = x;
  if (x < 2 ** -1022) {
    double[0] = x * 2 ** 54;
    k = -54;
  }
  const upper = words[UPPER] as number;
  k += (upper >>> 20) - 1023;
  words[UPPER] = (upper & 0xfffff) | 0x3ff00000;
  let m = double[0];
  if (m > Math.SQRT2) {
    m *= 0.5;
    k++;
  }
  const f = m - 1;
  const half = 0.5 * f * f;
  const s = f / (2 + f);
  const z = s * s;
  const p =
    0.6666666666666666 +
    z *
      (0.4000000000000094 +
        z *
          (0.2857142857076445 +
            z *
              (0.2222222240054776 +
                z *
                  (0.181817947008978 +
                    z *
                      (0.15386290534658992 +
                        z * (0.13267418596474884 + z * 0.1310072138350349))))));
  return k * 0.6931471803691238 - (half - (s * (half + z * p) + k * 1.9082149292705877e-10) - f);
}

function withoutTurns(x: number): number {
  remainder[0] = x;
  const quadrant = reduce();
  const high = remainder[0];
  if (quadrant === 2) return high > 0 ? high - 2 * HALF_PI : high + 2 * HALF_PI;
  return quadrant === 0 ? high : quadrant === 1 ? high + HALF_PI : high - HALF_PI;
}

/** The functions of {@link elementary}. */
export interface ElementaryFunctions {
  /** Sine of an angle in radians. */
  readonly sin: (x: number) => number;
  /** Cosine of an angle in radians. */
  readonly cos: (x: number) => number;
  /** Tangent of an angle in radians. */
  readonly tan: (x: number) => number;
  /** Arcsine, from -π/2 to π/2; NaN outside [-1, 1]. */
  readonly asin: (x: number) => number;
  /** Arccosine, from 0 to π; NaN outside [-1, 1]. */
  readonly acos: (x: number) => number;
  /** Arctangent, from -π/2 to π/2. */
  readonly atan: (x: number) => number;
  /** Angle of the point (x, y), from -π to π, as `Math.atan2`, for finite numbers; up to 1.5 units in the last place off. */
  readonly atan2: (y: number, x: number) => number;
  /** e to the power of a number. */
  readonly exp: (x: number) => number;
  /** Natural logarithm; NaN below 0. */
  readonly log: (x: number) => number;
  /** Replaces the angle `values[at]` by its cosine and puts its sine behind it, the same numbers as of `cos` and `sin`. */
  readonly cosSin: (values: Float64Array, at: number) => void;
  /** A finite angle less whole turns, between -π and π, exact up to its last bit however large the angle is. */
  readonly withoutTurns: (x: number) => number;
}

/**
 * Elementary functions whose results have the same bits on every machine and in every JavaScript engine, which the
 * language leaves open for those of `Math`. Errors stay below 1 unit in the last place (0.9 measured), for angles of any
 * size. Speed is that of `Math`, but for angles above 10^6, which take about a microsecond.
 *
 * Sources: Cody and Waite, *Software Manual for the Elementary Functions* (1980); Payne and Hanek, *Radian reduction for
 * trigonometric functions*, SIGNUM Newsletter 18 (1983).
 *
 * @example
 * ```ts
 * import { elementary } from '@ketwork/base';
 * console.log(elementary.sin(1e22)); // -0.8522008497671888
 * ```
 */
export const elementary: ElementaryFunctions = {
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  atan2,
  exp,
  log,
  cosSin,
  withoutTurns,
};
