import type { Angle, AngleFunction } from '@ketwork/circuit';

/** A real number with its derivatives by slot elements; elements that are not in the map have derivative 0. */
export interface Dual {
  readonly value: number;
  readonly partials: ReadonlyMap<number, number>;
}

/** Where an element of a slot is: its value and the number under which derivatives by it are kept. */
export type Element = (
  slot: string,
  index: number,
) => { readonly value: number; readonly id: number };

const NONE: ReadonlyMap<number, number> = new Map();

/** Evaluates an angle with all its derivatives, by the sum, product and chain rules. */
export function dualAngle(angle: Angle, element: Element): Dual {
  if (typeof angle === 'number') return { value: angle, partials: NONE };
  if ('slot' in angle) {
    const { value, id } = element(angle.slot, angle.index);
    return { value, partials: new Map([[id, 1]]) };
  }
  if ('add' in angle) {
    return angle.add
      .map((term) => dualAngle(term, element))
      .reduce((a, b) => ({ value: a.value + b.value, partials: combine(a, 1, b, 1) }), {
        value: 0,
        partials: NONE,
      });
  }
  if ('mul' in angle) {
    return angle.mul
      .map((factor) => dualAngle(factor, element))
      .reduce((a, b) => ({ value: a.value * b.value, partials: combine(a, b.value, b, a.value) }), {
        value: 1,
        partials: NONE,
      });
  }
  const inner = dualAngle(angle.of, element);
  const [value, slope] = FUNCTIONS[angle.fn](inner.value);
  return { value, partials: combine(inner, slope, { value: 0, partials: NONE }, 0) };
}

/** Derivatives of `p·a + q·b` for fixed p and q. */
function combine(a: Dual, p: number, b: Dual, q: number): ReadonlyMap<number, number> {
  const sum = new Map<number, number>();
  for (const [id, x] of a.partials) sum.set(id, p * x);
  for (const [id, x] of b.partials) sum.set(id, (sum.get(id) ?? 0) + q * x);
  return sum;
}

/** Value and derivative of each function. */
const FUNCTIONS: Record<AngleFunction, (x: number) => [number, number]> = {
  sin: (x) => [Math.sin(x), Math.cos(x)],
  cos: (x) => [Math.cos(x), -Math.sin(x)],
  tan: (x) => [Math.tan(x), 1 + Math.tan(x) ** 2],
  asin: (x) => [Math.asin(x), 1 / Math.sqrt(1 - x * x)],
  acos: (x) => [Math.acos(x), -1 / Math.sqrt(1 - x * x)],
  atan: (x) => [Math.atan(x), 1 / (1 + x * x)],
  sqrt: (x) => [Math.sqrt(x), 0.5 / Math.sqrt(x)],
  exp: (x) => [Math.exp(x), Math.exp(x)],
  log: (x) => [Math.log(x), 1 / x],
};
