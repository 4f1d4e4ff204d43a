import { elementary } from './elementary.ts';
import { EnvironmentError } from './errors.ts';
import { loadArctangents } from './wasm/arctangent.ts';
import type { Arctangents } from './wasm/arctangent.ts';
import { compileWasm, wasmFeatures } from './wasm/probe.ts';

/** Numbers from which the way through the function's memory pays; measured. */
const WORTH = 16;

let fast: Arctangents | undefined;

/** One after the other. */
const plain: Arctangents = (x, out, count) => {
  for (let i = 0; i < count; i++) out[i] = elementary.atan(x[i]!);
};

/** The WebAssembly function, or plain JavaScript, with the same results, where WebAssembly is absent or forbidden. */
function findFast(): Arctangents {
  if (!wasmFeatures().simd) return plain;
  try {
    return loadArctangents(compileWasm);
  } catch (error) {
    if (error instanceof EnvironmentError || error instanceof RangeError) return plain;
    throw error;
  }
}

/**
 * Arctangents of many numbers, between -π/2 and π/2: the bits of `elementary.atan`, in a third of the time.
 *
 * @param x Numbers, of which the first `count` are read.
 * @param out Where the results go; may be `x`.
 * @param count How many. Default: all of `x`.
 * @example
 * ```ts
 * import { arctangents } from '@ketwork/base';
 * const out = new Float64Array(3);
 * arctangents(Float64Array.of(0, 1, -1), out);
 * console.log(out[1] === Math.PI / 4, out[2] === -Math.PI / 4); // true true
 * ```
 */
export function arctangents(x: Float64Array, out: Float64Array, count: number = x.length): void {
  if (count < WORTH) plain(x, out, count);
  else (fast ??= findFast())(x, out, count);
}
