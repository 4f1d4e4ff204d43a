/** The fixed functions that make a product state of its factors, and take it apart again. */
import { valueType } from '@ketwork/base';
import { VectorCode } from './arithmetic.ts';
import type { Numerics } from './arithmetic.ts';
import { forRange } from './loops.ts';

const { i32, v128 } = valueType;

/** Byte offsets of the parts of the two amplitudes of a factor. */
const PARTS = [0, 16, 32, 48] as const;

/**
 * (state, factor, bytes): the state of one more qubit, whose bit is `bytes`: amplitudes times the factor's first amplitude,
 * and behind them times its second.
 */
export function double(n: Numerics): VectorCode {
  const f = new VectorCode(n, [i32, i32, i32]);
  const factor = PARTS.map(() => f.local(v128));
  const [at, re, im] = [f.local(i32), f.local(v128), f.local(v128)];
  const [low, high] = [f.local(i32), f.local(i32)];
  factor.forEach((part, i) =>
    f
      .get(1)
      .load(16 * i)
      .set(part),
  );
  forRange(f, at, 32, 2, () => {
    f.get(0).get(at).op('i32Add').tee(low).get(2).op('i32Add').set(high);
    f.get(low).load(0).set(re).get(low).load(16).set(im);
    [low, high].forEach((target, i) => {
      const [fr, fi] = factor.slice(2 * i) as [number, number];
      f.get(target).get(re).get(fr).mul();
      f.addProduct(() => f.get(im).get(fi), true).store(0);
      f.get(target).get(re).get(fi).mul();
      f.addProduct(() => f.get(im).get(fr)).store(16);
    });
  });
  return f;
}

/**
 * (psi, lambda, factor, bytes): takes the qubit whose bit is `bytes`, the highest, out of a product state psi and
 * contracts lambda with its factor. Writes ⟨rest of psi|lambda⟩, two amplitudes, behind the factor.
 */
export function contractFactor(n: Numerics): VectorCode {
  const f = new VectorCode(n, [i32, i32, i32, i32]);
  const factor = PARTS.map(() => f.local(v128));
  const sums = PARTS.map(() => f.local(v128));
  const [at, low, high] = [f.local(i32), f.local(i32), f.local(i32)];
  const halves = PARTS.map(() => f.local(v128));
  const [re, im] = [f.local(v128), f.local(v128)];
  factor.forEach((part, i) =>
    f
      .get(2)
      .load(16 * i)
      .set(part),
  );
  /** Adds a part of conj(a) b to the vector on the stack, or begins with it. */
  const addInner = (
    [ar, ai, br, bi]: readonly [number, number, number, number],
    part: 0 | 1,
    begin = false,
  ): void => {
    const [first, second] = part === 0 ? [br, bi] : [bi, br];
    if (begin) f.get(ar).get(first).mul();
    else f.addProduct(() => f.get(ar).get(first));
    f.addProduct(() => f.get(ai).get(second), part === 1);
  };
  const [f0r, f0i, f1r, f1i] = factor as [number, number, number, number];
  const [ar, ai, br, bi] = halves as [number, number, number, number];
  const contract = (vector: 0 | 1): void => {
    f.get(vector).get(at).op('i32Add').tee(low).get(3).op('i32Add').set(high);
    [low, low, high, high].forEach((half, i) =>
      f
        .get(half)
        .load(16 * (i & 1))
        .set(halves[i] as number),
    );
    for (const part of [0, 1] as const) {
      f.get(low);
      addInner([f0r, f0i, ar, ai], part, true);
      addInner([f1r, f1i, br, bi], part);
      if (vector === 0) f.tee(part === 0 ? re : im);
      f.store(16 * part);
    }
  };
  forRange(f, at, 32, 3, () => {
    contract(0);
    contract(1);
    sums.forEach((sum, i) => {
      const [hr, hi] = i < 2 ? [ar, ai] : [br, bi];
      f.get(sum);
      addInner([re, im, hr, hi], (i & 1) as 0 | 1);
      f.set(sum);
    });
  });
  sums.forEach((sum, i) =>
    f
      .get(2)
      .get(sum)
      .store(64 + 16 * i),
  );
  return f;
}
