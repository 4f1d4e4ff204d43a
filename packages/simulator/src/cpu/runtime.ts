/**
 * The fixed functions of every engine module: trigonometry, state preparation, read-outs and dense matrices.
 * Addresses count bytes; an amplitude is 32 bytes (v128 re, v128 im, lanes = examples); index masks are in bytes too.
 */
import { valueType } from '@ketwork/base';
import { VectorCode, lanesOf } from './arithmetic.ts';
import type { Numerics } from './arithmetic.ts';
import { forRange, forSubsets } from './loops.ts';
import { addHermitian, dense, hermitian } from './runtime-matrix.ts';
import { contractFactor, double } from './runtime-product.ts';
import { sincos } from './runtime-sincos.ts';
import { addFlipped, addPauli, flipped, pauli, quarterTurns } from './runtime-strings.ts';
import { Sum } from './runtime-sum.ts';

const { i32, v128 } = valueType;

/** Function indices, in the order of {@link runtimeFunctions}. */
export const runtime = {
  sincos: 0,
  clear: 1,
  expand: 2,
  marginal: 3,
  walshHadamard: 4,
  pick: 5,
  scatter: 6,
  setDiagonal: 7,
  addDiagonal: 8,
  pauliEven: 9,
  pauliOdd: 10,
  addPauliEven: 11,
  addPauliOdd: 12,
  hermitian: 13,
  addHermitian: 14,
  dense: 15,
  addVector: 16,
  spread: 17,
  gather: 18,
  flippedEven: 19,
  flippedOdd: 20,
  addFlippedEven: 21,
  addFlippedOdd: 22,
  toBasis: 23,
  addFromBasis: 24,
  pauliEvenCrossed: 25,
  pauliOddCrossed: 26,
  addPauliEvenCrossed: 27,
  addPauliOddCrossed: 28,
  repeat: 29,
  turnPhases: 30,
  transformPhases: 31,
  double: 32,
  contractFactor: 33,
  exchange: 34,
  /** In single precision only: the crossed ones for the other two ways to exchange lanes. */
  moreCrossed: 35,
} as const;

/**
 * The function that reads a Pauli string, or adds it to lambda.
 *
 * @param crossed bits of the lanes' numbers that the string flips
 */
export function pauliFunction(string: {
  readonly odd: boolean;
  readonly add: boolean;
  readonly crossed: number;
}): number {
  const { odd, add, crossed } = string;
  const kind = (add ? 2 : 0) + (odd ? 1 : 0);
  if (crossed === 0) return runtime.pauliEven + kind;
  return crossed === 1
    ? runtime.pauliEvenCrossed + kind
    : runtime.moreCrossed + 4 * (crossed - 2) + kind;
}

/**
 * Ways to build the fixed functions: few programs need all of them.
 *
 * @param long whether states are so large that sums over them are taken in doubles
 */
export function runtimeFunctions(n: Numerics, long = false): (() => VectorCode)[] {
  const paulis = (crossed: number): (() => VectorCode)[] => [
    () => pauli(n, false, crossed, long),
    () => pauli(n, true, crossed, long),
    () => addPauli(n, false, crossed),
    () => addPauli(n, true, crossed),
  ];
  return [
    () => sincos(n, false),
    () => clear(n),
    () => expand(n),
    () => marginal(n, long),
    () => walshHadamard(n),
    () => pick(n),
    () => scatter(n),
    () => diagonal(n, false),
    () => diagonal(n, true),
    ...paulis(0),
    () => hermitian(n),
    () => addHermitian(n),
    () => dense(n),
    () => addVector(n),
    () => spread(n),
    () => gather(n),
    () => flipped(n, false, long),
    () => flipped(n, true, long),
    () => addFlipped(n, false),
    () => addFlipped(n, true),
    () => quarterTurns(n, false),
    () => quarterTurns(n, true),
    ...paulis(1),
    () => repeat(n),
    () => sincos(n, true),
    () => walshHadamard({ ...n, precision: 'f64' }),
    () => double(n),
    () => contractFactor(n),
    () => exchange(n),
    ...(n.precision === 'f32' ? [...paulis(2), ...paulis(3)] : []),
  ];
}

/**
 * (target, source, flips, bytes): copies values, in an order of its own in each lane: that whose byte index differs by the
 * flips of the lane, integers as far apart as numbers.
 */
function exchange(n: Numerics): VectorCode {
  const f = new VectorCode(n, [i32, i32, i32, i32]);
  const at = f.local(i32);
  const flips = Array.from({ length: lanesOf(n) }, (_, lane) => {
    const local = f.local(i32);
    f.get(2)
      .i32Load(f.bytes * lane)
      .set(local);
    return local;
  });
  forRange(f, at, 16, 3, () =>
    flips.forEach((local, lane) => {
      f.get(0).get(at).op('i32Add');
      f.get(1).get(at).get(local).op('i32Xor').op('i32Add');
      if (f.bytes === 8) f.f64Load(8 * lane).f64Store(8 * lane);
      else f.i32Load(4 * lane).i32Store(4 * lane);
    }),
  );
  return f;
}

/** (target, bytes): zeros. A short loop beats the engine's call for small states. */
function clear(n: Numerics): VectorCode {
  const f = new VectorCode(n, [i32, i32]);
  const at = f.local(i32);
  f.get(1).i32(4096).op('i32GeU').if();
  f.get(0).i32(0).get(1).memoryFill().op('else');
  forRange(f, at, 16, 1, () => f.get(0).get(at).op('i32Add').vector(0).store());
  f.op('end');
  return f;
}

/**
 * (state, amplitudes, mask, before): the tensor product of the state, which lives on the bits of `before`, with the
 * amplitudes (32 bytes each, ascending) on the bits of `mask`.
 */
function expand(n: Numerics): VectorCode {
  const f = new VectorCode(n, [i32, i32, i32, i32]);
  const outer = f.local(i32);
  const inner = f.local(i32);
  const source = f.local(i32);
  const target = f.local(i32);
  const [vr, vi] = [f.local(v128), f.local(v128)];
  const last = f.local(i32);
  // Address of the last amplitude: 32 · (2^bits - 1).
  f.get(1)
    .i32(1)
    .get(2)
    .op('i32Popcnt')
    .op('i32Shl')
    .i32(1)
    .op('i32Sub')
    .i32(5)
    .op('i32Shl')
    .op('i32Add')
    .set(last);
  forSubsets(f, outer, 3, () => {
    f.get(0).get(outer).op('i32Add').tee(target).load(0).set(vr).get(target).load(16).set(vi);
    f.get(2).set(inner).get(last).set(source);
    // Descending, so that the value at subset 0 is overwritten last.
    f.loop();
    f.get(0).get(outer).op('i32Add').get(inner).op('i32Add').tee(target);
    f.get(vr)
      .get(source)
      .load(0)
      .mul()
      .addProduct(() => f.get(vi).get(source).load(16), true)
      .store(0);
    f.get(target);
    f.get(vr)
      .get(source)
      .load(16)
      .mul()
      .addProduct(() => f.get(vi).get(source).load(0))
      .store(16);
    f.get(source).i32(32).op('i32Sub').set(source);
    f.get(inner).if();
    f.get(inner).i32(1).op('i32Sub').get(2).op('i32And').set(inner).br(1);
    f.op('end').op('end');
  });
  return f;
}

/** (state, out, kept, summed): probabilities of the kept bits, 16 bytes each, ascending. */
function marginal(n: Numerics, long: boolean): VectorCode {
  const f = new VectorCode(n, [i32, i32, i32, i32]);
  const [outer, inner, at] = [f.local(i32), f.local(i32), f.local(i32)];
  const [sum, x] = [new Sum(f, long), f.local(v128)];
  forSubsets(f, outer, 2, () => {
    sum.clear();
    forSubsets(f, inner, 3, () => {
      f.get(0).get(outer).op('i32Add').get(inner).op('i32Add').set(at);
      sum.add(() => {
        f.get(at).load(0).tee(x).get(x).mul();
        f.addProduct(() => f.get(at).load(16).tee(x).get(x));
      });
    });
    f.get(1);
    sum.push();
    f.store().get(1).i32(16).op('i32Add').set(1);
  });
  return f;
}

/**
 * (data, bytes, bits): unnormalised Walsh–Hadamard transform of 16-byte values over some bits of their byte index, in
 * place: two bits at a time, so that values are loaded and stored half as often, and a last one alone where their number
 * is odd.
 */
function walshHadamard(n: Numerics): VectorCode {
  const f = new VectorCode(n, [i32, i32, i32]);
  const [low, high, mask, at] = [f.local(i32), f.local(i32), f.local(i32), f.local(i32)];
  const [p0, p1, p2, p3] = [f.local(i32), f.local(i32), f.local(i32), f.local(i32)];
  const [a, b, c, d] = [f.local(v128), f.local(v128), f.local(v128), f.local(v128)];
  const butterfly = (x: number, y: number): void => {
    f.get(x).get(y).add().get(x).get(y).sub().set(y).set(x);
  };
  /** Moves the lowest of the bits left into a local; zero where there is none. */
  const take = (bit: number): void => {
    f.get(2).i32(0).get(2).op('i32Sub').op('i32And').set(bit);
    f.get(2).get(bit).op('i32Xor').set(2);
  };
  /** For every index without the bits of `mask`. */
  const forOthers = (body: () => void): void => {
    f.i32(0).set(at).loop();
    f.get(0).get(at).op('i32Add').tee(p0).get(low).op('i32Add').set(p1);
    body();
    f.get(at)
      .get(mask)
      .op('i32Or')
      .i32(16)
      .op('i32Add')
      .get(mask)
      .i32(-1)
      .op('i32Xor')
      .op('i32And');
    f.tee(at).get(1).op('i32LtU').brIf(0).op('end');
  };
  f.block().loop();
  f.get(2).op('i32Eqz').brIf(1);
  take(low);
  take(high);
  f.get(low).get(high).op('i32Or').set(mask);
  f.get(high).op('i32Eqz').if();
  forOthers(() => {
    f.get(p0).load().set(a).get(p1).load().set(b);
    butterfly(a, b);
    f.get(p0).get(a).store().get(p1).get(b).store();
  });
  f.br(2).op('end');
  forOthers(() => {
    f.get(p0).get(high).op('i32Add').tee(p2).get(low).op('i32Add').set(p3);
    f.get(p0).load().set(a).get(p1).load().set(b).get(p2).load().set(c).get(p3).load().set(d);
    butterfly(a, b);
    butterfly(c, d);
    butterfly(a, c);
    butterfly(b, d);
    f.get(p0).get(a).store().get(p1).get(b).store().get(p2).get(c).store().get(p3).get(d).store();
  });
  f.br(0).op('end').op('end');
  return f;
}

/**
 * Tables of (source offset i32, column offset i32, weight f64): `pick` adds weighted values to columns,
 * `scatter` is its transpose.
 */
function transfer(
  n: Numerics,
  from: (f: VectorCode) => void,
  to: (f: VectorCode) => void,
): VectorCode {
  const f = new VectorCode(n, [i32, i32, i32, i32]); // values, table, count, columns
  const target = f.local(i32);
  f.loop();
  to(f);
  f.tee(target)
    .get(target)
    .load()
    .addProduct(() => {
      from(f);
      f.load().get(1).loadSplat(8);
    });
  f.store();
  f.get(1).i32(16).op('i32Add').set(1);
  f.get(2).i32(1).op('i32Sub').tee(2).brIf(0).op('end');
  return f;
}

const valueAddress = (f: VectorCode): void => void f.get(0).get(1).i32Load(0).op('i32Add');
const columnAddress = (f: VectorCode): void => void f.get(3).get(1).i32Load(4).op('i32Add');
const pick = (n: Numerics): VectorCode => transfer(n, valueAddress, columnAddress);
const scatter = (n: Numerics): VectorCode => transfer(n, columnAddress, valueAddress);

/** (pairs, table, count, pairs): copies pairs of cosine and sine, the sine multiplied by the weight, which is a sign. */
function repeat(n: Numerics): VectorCode {
  const f = new VectorCode(n, [i32, i32, i32, i32]);
  const [source, target] = [f.local(i32), f.local(i32)];
  f.loop();
  valueAddress(f);
  f.set(source);
  columnAddress(f);
  f.tee(target).get(source).load(0).store(0);
  f.get(target).get(source).load(16).get(1).loadSplat(8).mul().store(16);
  f.get(1).i32(16).op('i32Add').set(1);
  f.get(2).i32(1).op('i32Sub').tee(2).brIf(0).op('end');
  return f;
}

/** (state, out, weights, kept, summed): out = w · psi or out += w · psi, w by the kept bits. */
function diagonal(n: Numerics, add: boolean): VectorCode {
  const f = new VectorCode(n, [i32, i32, i32, i32, i32]);
  const [outer, inner, at, target] = [f.local(i32), f.local(i32), f.local(i32), f.local(i32)];
  const weight = f.local(v128);
  forSubsets(f, outer, 3, () => {
    f.get(2).load().set(weight).get(2).i32(16).op('i32Add').set(2);
    forSubsets(f, inner, 4, () => {
      f.get(outer).get(inner).op('i32Add').tee(at).get(0).op('i32Add');
      f.get(at).get(1).op('i32Add').set(target).set(at);
      for (const part of [0, 16]) {
        f.get(target);
        const product = (): unknown => f.get(at).load(part).get(weight);
        if (add) f.get(target).load(part).addProduct(product);
        else {
          product();
          f.mul();
        }
        f.store(part);
      }
    });
  });
  return f;
}

/** (target, source, bytes): target += source. */
function addVector(n: Numerics): VectorCode {
  const f = new VectorCode(n, [i32, i32, i32]);
  const [at, target] = [f.local(i32), f.local(i32)];
  forRange(f, at, 16, 2, () => {
    f.get(0).get(at).op('i32Add').tee(target).get(target).load().get(1).get(at).op('i32Add').load();
    f.add().store();
  });
  return f;
}

/** (state, packed, bytes of packed): from the lowest index bit in the lanes to one amplitude per vector, in both lanes. */
function spread(n: Numerics): VectorCode {
  const f = new VectorCode(n, [i32, i32, i32]);
  const [at, target, source] = [f.local(i32), f.local(i32), f.local(i32)];
  forRange(f, at, 32, 2, () => {
    f.get(1).get(at).op('i32Add').set(source);
    f.get(0).get(at).i32(1).op('i32Shl').op('i32Add').set(target);
    for (const [lane, to] of [
      [0, 0],
      [8, 32],
    ] as const) {
      for (const part of [0, 16])
        f.get(target)
          .get(source)
          .loadSplat(part + lane)
          .store(to + part);
    }
  });
  return f;
}

/** (packed, state, bytes of packed): the way back, from lane 0. */
function gather(n: Numerics): VectorCode {
  const f = new VectorCode(n, [i32, i32, i32]);
  const [at, target, source] = [f.local(i32), f.local(i32), f.local(i32)];
  forRange(f, at, 32, 2, () => {
    f.get(0).get(at).op('i32Add').set(target);
    f.get(1).get(at).i32(1).op('i32Shl').op('i32Add').set(source);
    for (const part of [0, 16]) {
      f.get(target)
        .get(source)
        .f64Load(part)
        .f64Store(part)
        .get(target)
        .get(source)
        .f64Load(32 + part)
        .f64Store(part + 8);
    }
  });
  return f;
}
