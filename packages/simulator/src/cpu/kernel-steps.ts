/** Code of a kernel's steps: what an element does to amplitudes in registers. */
import { valueType } from '@ketwork/base';
import { parity } from '../bits.ts';
import type { VectorCode } from './arithmetic.ts';
import { localOf, pushTurned, Terms, turnedIm, turnedRe } from './kernel-registers.ts';
import type { Amplitude, Component } from './kernel-registers.ts';
import type { Step } from './kernel-spec.ts';
import type { Place } from './walk.ts';

const { i32, v128 } = valueType;

/** Power of i of the factor u in `new_a = cos · psi_a + sin · u · psi_b`, b = a ^ x. */
const unit = (step: Step & { type: 'turn' }, source: number): number =>
  step.power + 2 * parity(source & step.z);

/** Whether a turn acts on this amplitude. */
export const applies = (step: Step & { type: 'turn' }, a: number): boolean =>
  (a & step.mask) === step.value && (step.odd === 0 || parity(a & step.odd) === 1);

export function turn(
  f: VectorCode,
  step: Step & { type: 'turn' },
  vector: readonly Amplitude[],
  cos: number | undefined,
  sin: number,
  inverse: boolean,
): void {
  const sign = inverse ? 2 : 0;
  const cosine = cos ?? -1;
  /** Pushes both parts of what becomes of an amplitude; returns which of them are pushed negative, as bits. */
  const push = (target: number): number => {
    const amplitude = vector[target] as Amplitude;
    const source = target ^ step.x;
    const other = vector[source] as Amplitude;
    const power = unit(step, source) + sign;
    const re = pushTurned(f, cosine, amplitude.re, sin, turnedRe(other, power));
    const im = pushTurned(f, cosine, amplitude.im, sin, turnedIm(other, power));
    return (re ? 1 : 0) + (im ? 2 : 0);
  };
  for (let a = 0; a < vector.length; a++) {
    const b = a ^ step.x;
    if (!applies(step, a) || b < a) continue;
    // Values are computed before any register is overwritten.
    const first = push(a);
    const second = a === b ? 0 : push(b);
    if (a !== b) pop(f, vector[b] as Amplitude, second);
    pop(f, vector[a] as Amplitude, first);
  }
}

/** Pops an amplitude into its registers; `negative` says which parts were pushed negative, as bits. */
function pop(f: VectorCode, amplitude: Amplitude, negative: number): void {
  f.set(localOf(amplitude.im)).set(localOf(amplitude.re));
  amplitude.re = (amplitude.re & -2) | (negative & 1);
  amplitude.im = (amplitude.im & -2) | (negative >> 1);
}

/**
 * Multiplies every amplitude by its entry of a table (32 bytes: cos, sin, both lanes alike), which lies as far from the
 * table's beginning as the amplitude from the state's. In the backward pass by the conjugate, after adding
 * Re(conj(lambda) · i psi) to the entry's gradient cell (16 bytes).
 */
export function lookUp(
  f: VectorCode,
  at: { places: readonly Place[]; table: () => unknown; backward: boolean; gradient: boolean },
  vectors: readonly Amplitude[][],
): void {
  const { places, table, backward, gradient } = at;
  const pointer = f.local(i32);
  const cell = f.local(i32);
  const [cos, sin] = [f.local(v128), f.local(v128)];
  for (const [a, place] of places.entries()) {
    f.get(place.local).get(0).op('i32Sub');
    table();
    f.op('i32Add').i32(place.offset).op('i32Add').set(pointer);
    if (gradient) {
      const [psi, lambda] = vectors.map((vector) => vector[a]) as [Amplitude, Amplitude];
      f.get(pointer).i32(1).op('i32ShrU').get(7).op('i32Add').tee(cell).get(cell).load();
      f.addProductOf(localOf(lambda.re), localOf(psi.im), ((lambda.re ^ psi.im) & 1) === 0);
      f.addProductOf(localOf(lambda.im), localOf(psi.re), ((lambda.im ^ psi.re) & 1) === 1);
      f.store();
    }
    f.get(pointer).get(4).op('i32Add').tee(pointer).load(0).set(cos).get(pointer).load(16).set(sin);
    for (const vector of vectors) {
      const amplitude = vector[a] as Amplitude;
      const power = backward ? 3 : 1;
      const re = pushTurned(f, cos, amplitude.re, sin, turnedRe(amplitude, power));
      const im = pushTurned(f, cos, amplitude.im, sin, turnedIm(amplitude, power));
      pop(f, amplitude, (re ? 1 : 0) + (im ? 2 : 0));
    }
  }
}

/** sum += Re(conj(lambda_a) · u · psi_b): half the derivative with respect to the coefficient's angle. */
export function accumulate(
  f: VectorCode,
  step: Step & { type: 'turn' },
  sum: number,
  vectors: readonly Amplitude[][],
): void {
  const [psi, lambda] = vectors as [Amplitude[], Amplitude[]];
  // The products are summed up before they meet the sum: the next amplitudes' need not wait for this chain of additions.
  f.get(sum);
  let sign = -1;
  const add = (bra: Component, ket: Component): void => {
    const negative = (bra ^ ket) & 1;
    if (sign >= 0) f.addProductOf(localOf(bra), localOf(ket), negative !== sign);
    else {
      sign = negative;
      f.get(localOf(bra)).get(localOf(ket)).mul();
    }
  };
  for (let a = 0; a < psi.length; a++) {
    if (!applies(step, a)) continue;
    const source = a ^ step.x;
    const other = psi[source] as Amplitude;
    const power = unit(step, source);
    const bra = lambda[a] as Amplitude;
    add(bra.re, turnedRe(other, power));
    add(bra.im, turnedIm(other, power));
  }
  if (sign === 1) f.sub();
  else if (sign === 0) f.add();
  f.set(sum);
}

export function multiply(
  f: VectorCode,
  step: Step & { type: 'matrix' },
  vector: Amplitude[],
  constants: Place,
): void {
  const { bits, pattern } = step;
  const size = 1 << bits.length;
  const offset = (constant: number): number => constants.offset + f.bytes * constant;
  let all = 0;
  for (const bit of bits) all |= bit;
  // Row r of the matrix, first qubit most significant, as bits of the register index.
  const spread: number[] = [];
  for (let row = 0; row < size; row++) {
    let index = 0;
    for (let i = 0; i < bits.length; i++)
      if (((row >> (bits.length - 1 - i)) & 1) === 1) index |= bits[i] as number;
    spread.push(index);
  }
  for (let rest = 0; rest < vector.length; rest++) {
    if ((rest & all) !== 0 || (rest & step.mask) !== step.value) continue;
    const input = (column: number): Amplitude =>
      vector[rest | (spread[column] as number)] as Amplitude;
    if (pattern.monomial) {
      const inputs = spread.map((_, column) => input(column));
      spread.forEach((index, row) => {
        const entry = pattern.rows[row]?.[0];
        if (entry === undefined) return;
        const from = inputs[entry.column] as Amplitude;
        vector[rest | index] = {
          re: turnedRe(from, entry.power),
          im: turnedIm(from, entry.power),
        };
      });
      continue;
    }
    /** Pushes a part of a row, and says whether it is pushed negative. */
    const push = (row: number, part: 0 | 1): boolean => {
      terms.clear();
      for (const { column, power, constant, real } of pattern.rows[row] ?? []) {
        const from = input(column);
        const own = part === 0 ? turnedRe(from, power) : turnedIm(from, power);
        if (constant === undefined) terms.add(-1, own);
        else {
          terms.add(offset(constant), own);
          if (real !== true)
            terms.add(
              offset(constant + 1),
              part === 0 ? turnedRe(from, power + 1) : turnedIm(from, power + 1),
            );
        }
      }
      const negative = terms.push(f, constants.local);
      if (pattern.scaled) f.get(constants.local).loadSplat(offset(0)).mul();
      return negative;
    };
    // Values are computed before any register is overwritten.
    let negative = 0;
    for (let row = 0; row < size; row++) {
      if (push(row, 0)) negative |= 1 << (2 * row);
      if (push(row, 1)) negative |= 2 << (2 * row);
    }
    for (let row = size - 1; row >= 0; row--) pop(f, input(row), (negative >> (2 * row)) & 3);
  }
}

/** For all kernels, which are written one after the other. */
const terms = new Terms();
