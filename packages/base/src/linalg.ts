import { EnvironmentError, ValueError } from './errors.ts';
import { overlap } from './views.ts';
import { loadMultiply, type Multiply, type Operands } from './wasm/gemm.ts';
import { compileWasm, wasmFeatures } from './wasm/probe.ts';

/** Options of {@link matmul}. */
export interface MatmulOptions {
  /** `a` is stored transposed, `[k, m]`. Default false. */
  readonly transposeA?: boolean;
  /** `b` is stored transposed, `[n, k]`. Default false. */
  readonly transposeB?: boolean;
  /** Add the product to `out` instead of replacing what is there; needs `out`. Default false. */
  readonly accumulate?: boolean;
  /** Array of `m · n` elements to write into instead of a new one; it may not overlap `a` or `b`. */
  readonly out?: Float64Array;
}

/**
 * Product of two dense row-major matrices in double precision: `[m, k] · [k, n] = [m, n]`.
 *
 * Each element is summed over `k` in order and without fused operations, whatever the size and the path taken
 * (WebAssembly SIMD for large products, plain JavaScript for small ones), so the bits are the same on every machine
 * and do not depend on how rows are grouped into calls.
 *
 * @param a `[m, k]`, or `[k, m]` with `transposeA`.
 * @param b `[k, n]`, or `[n, k]` with `transposeB`.
 * @returns `out`, or a new array, `[m, n]`.
 * @throws ValueError where a length does not fit the sizes, a size is not a non-negative integer, `accumulate` is
 * asked for without `out`, or `out` shares memory with an operand.
 * @example
 * ```ts
 * import { matmul } from '@ketwork/base';
 * const a = Float64Array.of(1, 2, 3, 4); // [2, 2]
 * const b = Float64Array.of(5, 6); // [2, 1]
 * console.log(matmul(a, b, 2, 2, 1)); // 17, 39
 * console.log(matmul(a, b, 2, 2, 1, { transposeA: true })); // 23, 34
 * ```
 */
export function matmul(
  a: Float64Array,
  b: Float64Array,
  m: number,
  k: number,
  n: number,
  options: MatmulOptions = {},
): Float64Array {
  const { transposeA = false, transposeB = false, accumulate = false } = options;
  checkSize(m, 'm');
  checkSize(k, 'k');
  checkSize(n, 'n');
  checkLength(a, transposeA ? `[k, m] = [${k}, ${m}]` : `[m, k] = [${m}, ${k}]`, m * k, 'a');
  checkLength(b, transposeB ? `[n, k] = [${n}, ${k}]` : `[k, n] = [${k}, ${n}]`, k * n, 'b');
  const out = options.out ?? new Float64Array(m * n);
  if (options.out === undefined) {
    if (accumulate)
      throw new ValueError('matmul: accumulate needs the array to add to', {
        remedy: 'Give it as out',
      });
  } else {
    checkLength(out, `[m, n] = [${m}, ${n}]`, m * n, 'out');
    if (overlap(out, a) || overlap(out, b)) {
      throw new ValueError('matmul: out shares memory with an operand', {
        remedy: 'Give an array of its own as out',
      });
    }
  }
  const operands: Operands = {
    a,
    aRow: transposeA ? 1 : k,
    aColumn: transposeA ? m : 1,
    b,
    bRow: transposeB ? 1 : n,
    bColumn: transposeB ? k : 1,
    m,
    k,
    n,
  };
  // Measured: the kernel wins from about 8 x 8 x 8 on, by 5 times at 256; a vector gains nothing from being packed.
  const large = m * k * n >= 512 && m > 1 && n > 1;
  if (large) kernel ??= multiplyFast();
  if (kernel !== undefined && large) kernel(operands, out, accumulate);
  else multiplyPlain(operands, out, accumulate);
  return out;
}

let kernel: Multiply | undefined;

/** The WebAssembly kernel, or plain JavaScript, with the same results, where WebAssembly is absent or forbidden. */
function multiplyFast(): Multiply {
  if (!wasmFeatures().simd) return multiplyPlain;
  try {
    return loadMultiply(compileWasm);
  } catch (error) {
    if (error instanceof EnvironmentError || error instanceof RangeError) return multiplyPlain;
    throw error;
  }
}

/** The product in plain JavaScript, in tiles of 2 × 4 sums; ragged edges one by one. Same sums in the same order as the kernel. */
export function multiplyPlain(operands: Operands, out: Float64Array, accumulate: boolean): void {
  const { a, aRow, aColumn, b, bRow, bColumn, m, k, n } = operands;
  const mTiles = m & ~1;
  const nTiles = n & ~3;
  for (let i = 0; i < mTiles; i += 2) {
    for (let j = 0; j < nTiles; j += 4) {
      const c = i * n + j;
      let s00 = 0;
      let s01 = 0;
      let s02 = 0;
      let s03 = 0;
      let s10 = 0;
      let s11 = 0;
      let s12 = 0;
      let s13 = 0;
      if (accumulate) {
        s00 = out[c]!;
        s01 = out[c + 1]!;
        s02 = out[c + 2]!;
        s03 = out[c + 3]!;
        s10 = out[c + n]!;
        s11 = out[c + n + 1]!;
        s12 = out[c + n + 2]!;
        s13 = out[c + n + 3]!;
      }
      let x = i * aRow;
      let y = j * bColumn;
      for (let p = 0; p < k; p++) {
        const a0 = a[x]!;
        const a1 = a[x + aRow]!;
        const b0 = b[y]!;
        const b1 = b[y + bColumn]!;
        const b2 = b[y + 2 * bColumn]!;
        const b3 = b[y + 3 * bColumn]!;
        s00 += a0 * b0;
        s01 += a0 * b1;
        s02 += a0 * b2;
        s03 += a0 * b3;
        s10 += a1 * b0;
        s11 += a1 * b1;
        s12 += a1 * b2;
        s13 += a1 * b3;
        x += aColumn;
        y += bRow;
      }
      out[c] = s00;
      out[c + 1] = s01;
      out[c + 2] = s02;
      out[c + 3] = s03;
      out[c + n] = s10;
      out[c + n + 1] = s11;
      out[c + n + 2] = s12;
      out[c + n + 3] = s13;
    }
  }
  for (let i = 0; i < m; i++) {
    for (let j = i < mTiles ? nTiles : 0; j < n; j++) {
      let sum = accumulate ? out[i * n + j]! : 0;
      let x = i * aRow;
      let y = j * bColumn;
      for (let p = 0; p < k; p++) {
        sum += a[x]! * b[y]!;
        x += aColumn;
        y += bRow;
      }
      out[i * n + j] = sum;
    }
  }
}

function checkSize(value: number, name: string): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new ValueError(`matmul: size ${name} = ${String(value)} is not a non-negative integer`);
  }
}

function checkLength(array: Float64Array, shape: string, length: number, name: string): void {
  if (array.length !== length) {
    throw new ValueError(
      `matmul: ${name} has ${array.length} elements, its shape ${shape} needs ${length}`,
    );
  }
}
