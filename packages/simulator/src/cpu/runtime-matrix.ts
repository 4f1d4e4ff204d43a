/** The fixed functions that multiply by matrices: Hermitian observables and large unitaries. */
import { valueType } from '@ketwork/base';
import { VectorCode } from './arithmetic.ts';
import type { Numerics } from './arithmetic.ts';
import { forRange, forSubsets } from './loops.ts';

const { i32, v128 } = valueType;

/**
 * Sums one row of a matrix times the amplitudes at `base + offsets[j]`; `row` advances over 32-byte entries (re, im).
 * `splat` entries are two numbers, the same for all lanes.
 */
function pushRow(
  f: VectorCode,
  at: {
    row: number;
    base: number;
    offsets: number;
    bytes: number;
    j: number;
    source: number;
    re: number;
    im: number;
  },
  splat: boolean,
): void {
  const { row, base, offsets, bytes, j, source, re, im } = at;
  const entry = (part: 0 | 1): void =>
    void (splat ? f.get(row).loadSplat(f.bytes * part) : f.get(row).load(16 * part));
  f.vector(0).set(re).vector(0).set(im);
  forRange(f, j, 4, bytes, () => {
    f.get(offsets).get(j).op('i32Add').i32Load().get(base).op('i32Add').set(source);
    const product = (part: 0 | 1, offset: number) => (): unknown => {
      entry(part);
      return f.get(source).load(offset);
    };
    f.get(re).addProduct(product(0, 0)).addProduct(product(1, 16), true).set(re);
    f.get(im).addProduct(product(0, 16)).addProduct(product(1, 0)).set(im);
    f.get(row)
      .i32(splat ? 2 * f.bytes : 32)
      .op('i32Add')
      .set(row);
  });
}

const rowLocals = (f: VectorCode, offsets: number, bytes: number) => ({
  offsets,
  bytes,
  row: f.local(i32),
  base: f.local(i32),
  j: f.local(i32),
  source: f.local(i32),
  re: f.local(v128),
  im: f.local(v128),
});

/** (state, matrix, offsets, offset bytes, rest, out): out += ⟨psi|A|psi⟩ of a matrix with entries per lane. */
export function hermitian(n: Numerics): VectorCode {
  const f = new VectorCode(n, [i32, i32, i32, i32, i32, i32]);
  const at = rowLocals(f, 2, 3);
  const [o, i] = [f.local(i32), f.local(i32)];
  const sum = f.local(v128);
  f.vector(0).set(sum);
  forSubsets(f, o, 4, () => {
    f.get(0).get(o).op('i32Add').set(at.base).get(1).set(at.row);
    forRange(f, i, 4, 3, () => {
      pushRow(f, at, false);
      f.get(2).get(i).op('i32Add').i32Load().get(at.base).op('i32Add').set(at.source).get(sum);
      f.addProduct(() => f.get(at.source).load(0).get(at.re));
      f.addProduct(() => f.get(at.source).load(16).get(at.im)).set(sum);
    });
  });
  f.get(5).get(5).load().get(sum).add().store();
  return f;
}

/** (state, lambda, matrix, offsets, offset bytes, rest, dy): lambda += dy · A psi. */
export function addHermitian(n: Numerics): VectorCode {
  const f = new VectorCode(n, [i32, i32, i32, i32, i32, i32, i32]);
  const at = rowLocals(f, 3, 4);
  const [o, i, target] = [f.local(i32), f.local(i32), f.local(i32)];
  const weight = f.local(v128);
  f.get(6).load().set(weight);
  forSubsets(f, o, 5, () => {
    f.get(0).get(o).op('i32Add').set(at.base).get(2).set(at.row);
    forRange(f, i, 4, 4, () => {
      pushRow(f, at, false);
      f.get(3).get(i).op('i32Add').i32Load().get(o).op('i32Add').get(1).op('i32Add').set(target);
      f.get(target)
        .get(target)
        .load(0)
        .addProduct(() => f.get(weight).get(at.re))
        .store(0);
      f.get(target)
        .get(target)
        .load(16)
        .addProduct(() => f.get(weight).get(at.im))
        .store(16);
    });
  });
  return f;
}

/** (state, matrix, offsets, offset bytes, rest, scratch): psi = M psi with a constant matrix of any size. */
export function dense(n: Numerics): VectorCode {
  const f = new VectorCode(n, [i32, i32, i32, i32, i32, i32]);
  const at = rowLocals(f, 2, 3);
  const [o, i, target] = [f.local(i32), f.local(i32), f.local(i32)];
  forSubsets(f, o, 4, () => {
    f.get(0).get(o).op('i32Add').set(at.base).get(1).set(at.row).get(5).set(target);
    forRange(f, i, 4, 3, () => {
      pushRow(f, at, true);
      f.get(target).get(at.re).store(0).get(target).get(at.im).store(16);
      f.get(target).i32(32).op('i32Add').set(target);
    });
    f.get(5).set(at.source);
    forRange(f, i, 4, 3, () => {
      f.get(2).get(i).op('i32Add').i32Load().get(at.base).op('i32Add').set(target);
      f.get(target).get(at.source).load(0).store(0).get(target).get(at.source).load(16).store(16);
      f.get(at.source).i32(32).op('i32Add').set(at.source);
    });
  });
  return f;
}
