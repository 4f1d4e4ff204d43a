/** The fixed functions that read Pauli strings, one or many in one pass, and their transposes for lambda. */
import { valueType } from '@ketwork/base';
import { VectorCode } from './arithmetic.ts';
import type { Numerics } from './arithmetic.ts';
import { forRange, forSubsets } from './loops.ts';
import { Sum } from './runtime-sum.ts';

const { i32, v128 } = valueType;

/**
 * (state, out, kept, summed, x): Re (or, `odd`, Im) of conj(psi_a) psi_b, b = a ^ x, for every a of the bits of `kept`,
 * summed over those of `summed`; 16 bytes each, ascending. One flipped bit belongs to neither: each pair counts once.
 */
export function flipped(n: Numerics, odd: boolean, long: boolean): VectorCode {
  const f = new VectorCode(n, [i32, i32, i32, i32, i32]);
  const [outer, inner, a, b] = [f.local(i32), f.local(i32), f.local(i32), f.local(i32)];
  const sum = new Sum(f, long);
  forSubsets(f, outer, 2, () => {
    sum.clear();
    forSubsets(f, inner, 3, () => {
      f.get(outer).get(inner).op('i32Add').tee(a).get(4).op('i32Xor').get(0).op('i32Add').set(b);
      f.get(a).get(0).op('i32Add').set(a);
      const factors = (part: number) => (): unknown =>
        f
          .get(a)
          .load(part)
          .get(b)
          .load(odd ? 16 - part : part);
      sum.add(() => {
        factors(0)();
        f.mul().addProduct(factors(16), odd);
      });
    });
    f.get(1);
    sum.push();
    f.store().get(1).i32(16).op('i32Add').set(1);
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

/** Pushes a sign mask: the sign bit set in all lanes where an odd number of bits of (index & z) is set. */
function pushSign(f: VectorCode, index: number, z: number): void {
  f.get(index).get(z).op('i32And').op('i32Popcnt').sign();
}

/** Pushes a part of an amplitude, lane `l` from lane `l ^ crossed`. */
function loadOther(
  f: VectorCode,
  address: number,
  part: number,
  crossed: number,
  vector: number,
): VectorCode {
  f.get(address).load(part);
  if (crossed === 0) return f;
  const bytes = Array.from({ length: 16 }, (_, byte) => byte ^ (f.bytes * crossed));
  return f.tee(vector).get(vector).shuffle(bytes);
}

/**
 * (state, x, z, top, bytes, weight, out): out += weight · Σ (-1)^{|b & z|} part(conj(psi_a) psi_b), b = a ^ x, over all a
 * without the bit `top` of x; the part is real for an even number of Y, imaginary for an odd one. Lane l of psi_b
 * is taken from lane `l ^ crossed`.
 */
export function pauli(n: Numerics, odd: boolean, crossed: number, long: boolean): VectorCode {
  const f = new VectorCode(n, [i32, i32, i32, i32, i32, i32, i32]);
  const [a, b, at, other] = [f.local(i32), f.local(i32), f.local(i32), f.local(i32)];
  const [sum, swap, all] = [new Sum(f, long), f.local(v128), f.local(v128)];
  sum.clear();
  f.i32(0).set(a).loop();
  f.get(a).get(1).op('i32Xor').tee(b).get(0).op('i32Add').set(other);
  f.get(0).get(a).op('i32Add').set(at);
  sum.add(() => {
    f.get(at).load(0);
    loadOther(f, other, odd ? 16 : 0, crossed, swap).mul();
    f.addProduct(() => {
      f.get(at).load(16);
      return loadOther(f, other, odd ? 0 : 16, crossed, swap);
    }, odd);
    pushSign(f, b, 2);
    f.op('v128Xor');
  });
  f.get(a).get(3).op('i32Or').i32(32).op('i32Add').get(3).i32(-1).op('i32Xor').op('i32And');
  f.tee(a).get(4).op('i32LtU').brIf(0).op('end');
  sum.push();
  f.set(all);
  f.get(6)
    .get(6)
    .load()
    .addProduct(() => f.get(all).get(5).loadSplat())
    .store();
  return f;
}

/** (state, lambda, x, z, bytes, weight, dy): lambda_a += weight · dy · [i] (-1)^{|b & z|} psi_b, b = a ^ x. */
export function addPauli(n: Numerics, odd: boolean, crossed: number): VectorCode {
  const f = new VectorCode(n, [i32, i32, i32, i32, i32, i32, i32]);
  const [a, b, target, other] = [f.local(i32), f.local(i32), f.local(i32), f.local(i32)];
  const [weight, w, swap] = [f.local(v128), f.local(v128), f.local(v128)];
  f.get(5).loadSplat().get(6).load().mul().set(weight);
  forRange(f, a, 32, 4, () => {
    f.get(a).get(2).op('i32Xor').tee(b).get(0).op('i32Add').set(other);
    f.get(1).get(a).op('i32Add').set(target);
    f.get(weight);
    pushSign(f, b, 3);
    f.op('v128Xor').set(w);
    const product = (part: number) => (): unknown => {
      f.get(w);
      return loadOther(f, other, part, crossed, swap);
    };
    f.get(target)
      .get(target)
      .load(0)
      .addProduct(product(odd ? 16 : 0), odd)
      .store(0);
    f.get(target)
      .get(target)
      .load(16)
      .addProduct(product(odd ? 0 : 16))
      .store(16);
  });
  return f;
}
