/** Code for the tables of merged diagonals: how they are made, and how their gradients are gathered. */
import { FunctionBuilder, valueType } from '@ketwork/base';
import { VectorCode } from './arithmetic.ts';
import type { Coefficient, Element } from './element.ts';
import type { MainCode } from './main-code.ts';
import { runtime } from './runtime.ts';

const { i32, v128 } = valueType;

/** A merged diagonal: a table of `e^{i Φ}`, 32 bytes per basis state, and its gradient cells, 16 bytes each. */
export type Table = Element & { readonly type: 'table' };

/** Bits that one pass of a transform takes: as many values are in registers at once. */
const PASS_BITS = 4;
/** A transform of more passes than one writes code for every sum that it keeps, up to so many. */
const MAX_SUMS = 32;

/**
 * (table cells, constants, shared cells): adds the gradients of the tables' coefficients to their cells, and clears those of
 * the tables. With W[mask] the sum of cells signed by a parity, dL/dθ = offset · W[0] + weight · (W[0] - W[mask]) / 2. W[0]
 * is what a global phase would do, -Im⟨lambda|psi⟩: zero for Hermitian observables, so it is left out unless the state
 * itself is read.
 */
export function contraction(
  code: MainCode,
  tables: readonly Table[],
  readsState: boolean,
  wanted: (coefficient: Coefficient) => boolean,
): FunctionBuilder {
  const f = new VectorCode(code.numerics, [i32, i32, i32]);
  const weights = new Map<number, number>();
  const bytes = code.stateBytes / 2;
  const transform = new PrunedTransform(f, code.qubits);
  const transforms = tables.map(({ parts }, t) => {
    const rows = parts.flatMap(({ mask, weight, offset, coefficient }) =>
      wanted(coefficient)
        ? [
            ...(readsState
              ? [{ mask: 0, column: 16 * coefficient.index, weight: offset + weight / 2 }]
              : []),
            { mask, column: 16 * coefficient.index, weight: -weight / 2 },
          ]
        : [],
    );
    const masks = new Set(rows.map(({ mask }) => mask));
    return { start: t * bytes, rows, masks, whole: !transform.suits(masks) };
  });
  for (const { rows, whole } of transforms)
    for (const { weight } of whole ? [] : rows) {
      if (weights.has(weight)) continue;
      const local = f.local(v128);
      f.vector(weight).set(local);
      weights.set(weight, local);
    }
  for (const { start, rows, masks, whole } of transforms) {
    const cells = (): unknown => f.get(0).i32(start).op('i32Add');
    if (rows.length > 0 && whole) {
      cells();
      f.i32(bytes)
        .i32(bytes - 16)
        .call(runtime.walshHadamard);
      cells();
      f.get(1)
        .i32(code.constants.table(rows.map(({ mask, ...row }) => ({ value: 16 * mask, ...row }))))
        .op('i32Add')
        .i32(rows.length)
        .get(2)
        .call(runtime.pick);
    } else if (rows.length > 0)
      transform.write(start, masks, (mask, sum) => {
        for (const { column, weight } of rows.filter((row) => row.mask === mask))
          f.get(2)
            .get(2)
            .load(column)
            .addProduct(() => f.get(sum).get(weights.get(weight) as number))
            .store(column);
      });
    if (rows.length === 0 || whole) {
      cells();
      f.i32(bytes).call(runtime.clear);
    }
  }
  return f;
}

/**
 * Walsh–Hadamard transforms of 16-byte values, of which only some sums are kept: a few bits of the index at a time in
 * registers, the lowest first, and in each pass only what the wanted sums need. The values are cleared on the way.
 */
class PrunedTransform {
  readonly #f: VectorCode;
  readonly #qubits: number;
  readonly #values: readonly number[];
  readonly #pointer: number;
  readonly #end: number;

  constructor(f: VectorCode, qubits: number) {
    this.#f = f;
    this.#qubits = qubits;
    this.#values = Array.from({ length: 2 ** Math.min(qubits, PASS_BITS) }, () => f.local(v128));
    this.#pointer = f.local(i32);
    this.#end = f.local(i32);
  }

  /** Whether so many sums are worth code of their own. */
  suits(masks: ReadonlySet<number>): boolean {
    return this.#qubits <= PASS_BITS || masks.size <= MAX_SUMS;
  }

  /** @param use takes one sum after the other, each in a local */
  write(start: number, masks: ReadonlySet<number>, use: (mask: number, sum: number) => void): void {
    const passes = Math.ceil(this.#qubits / PASS_BITS);
    let prefixes = new Set([0]);
    let done = 0;
    for (let pass = 0; pass < passes; pass++) {
      const bits = Math.ceil((this.#qubits - done) / (passes - pass));
      const last = pass === passes - 1;
      const next = new Set([...masks].map((mask) => mask & (2 ** (done + bits) - 1)));
      for (const prefix of prefixes) {
        const kept = new Set(
          [...next]
            .filter((mask) => (mask & (2 ** done - 1)) === prefix)
            .map((mask) => mask >> done),
        );
        if (last) {
          this.#open(start, 0);
          this.#load(16 * prefix, done, bits, new Set());
          this.#butterflies(bits, kept);
          for (const mask of kept) use((mask << done) | prefix, this.#values[mask] as number);
        } else {
          this.#open(start, 16 * 2 ** this.#qubits);
          this.#load(16 * prefix, done, bits, kept);
          this.#butterflies(bits, kept);
          for (const mask of kept)
            this.#f
              .get(this.#pointer)
              .get(this.#values[mask] as number)
              .store(16 * (prefix + (mask << done)));
          this.#close(16 << (done + bits));
        }
      }
      prefixes = next;
      done += bits;
    }
  }

  /** Points to the values, and begins a loop through so many bytes of them. */
  #open(start: number, bytes: number): void {
    const f = this.#f;
    f.get(0).i32(start).op('i32Add').set(this.#pointer);
    if (bytes > 0) f.get(this.#pointer).i32(bytes).op('i32Add').set(this.#end).loop();
  }

  #close(step: number): void {
    const f = this.#f;
    f.get(this.#pointer).i32(step).op('i32Add').tee(this.#pointer);
    f.get(this.#end).op('i32LtU').brIf(0).op('end');
  }

  /** Takes a pass's values into registers and clears their places, but for those that sums are stored to. */
  #load(offset: number, done: number, bits: number, kept: ReadonlySet<number>): void {
    const f = this.#f;
    for (let i = 0; i < 2 ** bits; i++) {
      const at = offset + (16 << done) * i;
      f.get(this.#pointer)
        .load(at)
        .set(this.#values[i] as number);
      if (!kept.has(i)) f.get(this.#pointer).vector(0).store(at);
    }
  }

  /** Leaves the sum of every kept mask in the register of this number. */
  #butterflies(bits: number, kept: ReadonlySet<number>): void {
    const f = this.#f;
    for (let bit = 1; bit < 2 ** bits; bit *= 2) {
      const needed = new Set([...kept].map((mask) => mask & (2 * bit - 1)));
      for (let i = 0; i < 2 ** bits; i++) {
        if ((i & bit) !== 0) continue;
        const [a, b] = [this.#values[i] as number, this.#values[i | bit] as number];
        const low = i & (bit - 1);
        const [sum, difference] = [needed.has(low), needed.has(low | bit)];
        if (sum) f.get(a).get(b).add();
        if (difference) f.get(a).get(b).sub().set(b);
        if (sum) f.set(a);
      }
    }
  }
}

/** (phases, tables): turns each table's Walsh–Hadamard coefficients of Φ (16 bytes each) into cosines and sines. */
export function tabulation(code: MainCode, tables: readonly Table[]): FunctionBuilder {
  const f = new FunctionBuilder([i32, i32]);
  const bytes = code.stateBytes / 2;
  tables.forEach((_, t) => {
    f.get(0)
      .i32(t * bytes)
      .op('i32Add')
      .i32(bytes)
      .i32(bytes - 16)
      .call(runtime.transformPhases);
    f.get(0)
      .i32(t * bytes)
      .op('i32Add')
      .get(1)
      .i32(t * code.stateBytes)
      .op('i32Add');
    f.i32(2 ** code.qubits).call(runtime.turnPhases);
  });
  return f;
}
