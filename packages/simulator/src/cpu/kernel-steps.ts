/** Code of a kernel's steps: what an element does to amplitudes in registers. */
import { valueType } from '@ketwork/base';
import { parity } from '../bits.ts';
import type { VectorCode } from './arithmetic.ts';
import { assign, turned } from './kernel-registers.ts';
import type { Amplitude, Component, Factor, Term } from './kernel-registers.ts';
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
  vector: Amplitude[],
  cos: number | undefined,
  sin: number,
  inverse: boolean,
): void {
  const sign = inverse ? 2 : 0;
  const cosine = cos === undefined ? undefined : { local: cos };
  const sine = { local: sin };
  const withCos = (component: Component): Term => ({ coefficient: cosine, component });
  const withSin = (component: Component): Term => ({ coefficient: sine, component });
  for (let a = 0; a < vector.length; a++) {
    const b = a ^ step.x;
    if (!applies(step, a) || b < a) continue;
    const pair = a === b ? [a] : [a, b];
    assign(
      f,
      pair.map((target) => {
        const amplitude = vector[target] as Amplitude;
        const source = target ^ step.x;
        const other = turned(vector[source] as Amplitude, unit(step, source) + sign);
        return {
          amplitude,
          re: [withCos(amplitude.re), withSin(other.re)],
          im: [withCos(amplitude.im), withSin(other.im)],
        };
      }),
    );
  }
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
      const other = turned(psi, 1);
      f.get(pointer).i32(1).op('i32ShrU').get(7).op('i32Add').tee(cell).get(cell).load();
      for (const part of ['re', 'im'] as const) {
        f.addProduct(
          () => f.get(lambda[part].local).get(other[part].local),
          lambda[part].negative !== other[part].negative,
        );
      }
      f.store();
    }
    f.get(pointer).get(4).op('i32Add').tee(pointer).load(0).set(cos).get(pointer).load(16).set(sin);
    for (const vector of vectors) {
      const amplitude = vector[a] as Amplitude;
      const other = turned(amplitude, backward ? 3 : 1);
      assign(f, [
        {
          amplitude,
          re: [
            { coefficient: { local: cos }, component: amplitude.re },
            { coefficient: { local: sin }, component: other.re },
          ],
          im: [
            { coefficient: { local: cos }, component: amplitude.im },
            { coefficient: { local: sin }, component: other.im },
          ],
        },
      ]);
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
  let sign: boolean | undefined;
  for (let a = 0; a < psi.length; a++) {
    if (!applies(step, a)) continue;
    const source = a ^ step.x;
    const other = turned(psi[source] as Amplitude, unit(step, source));
    const bra = lambda[a] as Amplitude;
    for (const part of ['re', 'im'] as const) {
      const factors = (): VectorCode => f.get(bra[part].local).get(other[part].local);
      const negative = bra[part].negative !== other[part].negative;
      if (sign === undefined) {
        sign = negative;
        factors().mul();
      } else f.addProduct(factors, negative !== sign);
    }
  }
  if (sign === true) f.sub();
  else if (sign === false) f.add();
  f.set(sum);
}

export function multiply(
  f: VectorCode,
  step: Step & { type: 'matrix' },
  vector: Amplitude[],
  constants: Place,
): void {
  const { bits, pattern } = step;
  const constant = (index: number): Factor => ({
    local: constants.local,
    offset: constants.offset + f.bytes * index,
  });
  const dimension = 1 << bits.length;
  const all = bits.reduce((sum, bit) => sum | bit, 0);
  // Row r of the matrix, first qubit most significant, as bits of the register index.
  const spread = Array.from({ length: dimension }, (_, r) =>
    bits.reduce((sum, bit, i) => (((r >> (bits.length - 1 - i)) & 1) === 1 ? sum | bit : sum), 0),
  );
  for (let rest = 0; rest < vector.length; rest++) {
    if ((rest & all) !== 0 || (rest & step.mask) !== step.value) continue;
    const at = spread.map((bitsOfRow) => rest | bitsOfRow);
    const inputs = at.map((a) => ({ ...(vector[a] as Amplitude) }));
    if (pattern.monomial) {
      at.forEach((a, row) => {
        const column = pattern.rows[row]?.[0];
        if (column === undefined) return;
        vector[a] = turned(inputs[column.column] as Amplitude, column.power);
      });
      continue;
    }
    assign(
      f,
      at.map((a, row) => {
        const re: Term[] = [];
        const im: Term[] = [];
        for (const entry of pattern.rows[row] ?? []) {
          const input = turned(inputs[entry.column] as Amplitude, entry.power);
          if (entry.constant === undefined) {
            re.push({ component: input.re });
            im.push({ component: input.im });
            continue;
          }
          const real = constant(entry.constant);
          if (entry.real === true) {
            re.push({ coefficient: real, component: input.re });
            im.push({ coefficient: real, component: input.im });
            continue;
          }
          const imaginary = constant(entry.constant + 1);
          const rotated = turned(input, 1);
          re.push({ coefficient: real, component: input.re });
          re.push({ coefficient: imaginary, component: rotated.re });
          im.push({ coefficient: real, component: input.im });
          im.push({ coefficient: imaginary, component: rotated.im });
        }
        return { amplitude: vector[a] as Amplitude, re, im };
      }),
      pattern.scaled ? constant(0) : undefined,
    );
  }
}
