/** The fixed functions that read many Pauli strings in one pass, and their transposes for lambda. */
import { valueType } from '@ketwork/base';
import { VectorCode } from './arithmetic.ts';
import type { Numerics } from './arithmetic.ts';
import { forRange, forSubsets } from './loops.ts';

const { i32, v128 } = valueType;

/**
 * (state, out, kept, summed, x): Re (or, `odd`, Im) of conj(psi_a) psi_b, b = a ^ x, for every a of the bits of `kept`,
 * summed over those of `summed`; 16 bytes each, ascending. One flipped bit belongs to neither: each pair counts once.
 */
export function flipped(n: Numerics, odd: boolean): VectorCode {
  const f = new VectorCode(n, [i32, i32, i32, i32, i32]);
  const [outer, inner, a, b] = [f.local(i32), f.local(i32), f.local(i32), f.local(i32)];
  const sum = f.local(v128);
  forSubsets(f, outer, 2, () => {
    f.vector(0).set(sum);
    forSubsets(f, inner, 3, () => {
      f.get(outer).get(inner).op('i32Add').tee(a).get(4).op('i32Xor').get(0).op('i32Add').set(b);
      f.get(a).get(0).op('i32Add').set(a).get(sum);
      const factors = (part: number) => (): unknown =>
        f
          .get(a)
          .load(part)
          .get(b)
          .load(odd ? 16 - part : part);
      factors(0)();
      f.mul().addProduct(factors(16), odd).add().set(sum);
    });
    f.get(1).get(sum).store().get(1).i32(16).op('i32Add').set(1);
  });
  return f;
}

/**
 * (state, lambda, weights, kept, summed, x): the transpose: with w by the kept bits of a, which lacks one flipped bit,
 * lambda_a += w psi_b and lambda_b += w psi_a, or (`odd`) lambda_a -= i w psi_b and lambda_b += i w psi_a.
 */
export function addFlipped(n: Numerics, odd: boolean): VectorCode {
  const f = new VectorCode(n, [i32, i32, i32, i32, i32, i32]);
  const [outer, inner, a, b] = [f.local(i32), f.local(i32), f.local(i32), f.local(i32)];
  const [into, weight] = [f.local(i32), f.local(v128)];
  /** lambda at `index` += [± i] w psi at `other`. */
  const add = (index: number, other: number, negative: boolean): void => {
    f.get(index).get(1).op('i32Add').set(into);
    for (const part of [0, 16]) {
      // i (re + i im) = -im + i re.
      const minus = odd && (part === 0) !== negative;
      f.get(into).get(into).load(part);
      f.addProduct(() => {
        f.get(other).get(0).op('i32Add');
        return f.load(odd ? 16 - part : part).get(weight);
      }, minus).store(part);
    }
  };
  forSubsets(f, outer, 3, () => {
    f.get(2).load().set(weight).get(2).i32(16).op('i32Add').set(2);
    forSubsets(f, inner, 4, () => {
      f.get(outer).get(inner).op('i32Add').tee(a).get(5).op('i32Xor').set(b);
      add(a, b, true);
      add(b, a, false);
    });
  });
  return f;
}

/** (target, source, bytes, y): target_a = (-i)^{|a & y|} source_a, or its inverse added: target_a += i^{|a & y|} source_a. */
export function quarterTurns(n: Numerics, add: boolean): VectorCode {
  const f = new VectorCode(n, [i32, i32, i32, i32]);
  const [a, power, from, into] = [f.local(i32), f.local(i32), f.local(i32), f.local(i32)];
  forRange(f, a, 32, 2, () => {
    f.get(a).get(3).op('i32And').op('i32Popcnt').set(power);
    f.get(0).get(a).op('i32Add').set(into).get(1).get(a).op('i32Add').set(from);
    for (const part of [0, 16] as const) {
      // Odd powers of i exchange the parts; the signs of the parts change at powers 2 and 1 or 3.
      f.get(into);
      if (add) f.get(into).load(part);
      f.get(power).i32(1).op('i32And').i32(4).op('i32Shl').i32(part).op('i32Xor');
      f.get(from).op('i32Add').load();
      f.get(power);
      if ((part === 16) !== add) f.i32(1).op('i32Add');
      f.i32(1).op('i32ShrU').sign();
      f.op('v128Xor');
      if (add) f.add();
      f.store(part);
    }
  });
  return f;
}
