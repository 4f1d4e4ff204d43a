import type { Angle, Slot } from '../types.ts';

type SlotElement = { readonly slot: string; readonly index: number };

const PI_DENOMINATORS = [1, 2, 3, 4, 5, 6, 8, 12, 16];

/** A number for a drawing: multiples of π with a small denominator by name, anything else with three significant digits. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return '0';
  for (const denominator of PI_DENOMINATORS) {
    const ratio = (value / Math.PI) * denominator;
    const numerator = Math.round(ratio);
    if (numerator === 0 || Math.abs(numerator) > 64) continue;
    if (Math.abs(ratio - numerator) > 1e-12 * Math.abs(numerator)) continue;
    const sign = numerator < 0 ? '-' : '';
    const factor = Math.abs(numerator) === 1 ? '' : String(Math.abs(numerator));
    return `${sign}${factor}π${denominator === 1 ? '' : `/${denominator}`}`;
  }
  return String(Number(value.toPrecision(3)));
}

/** `x` for a scalar slot, `w[1,2,0]` for the element of a larger one; the row-major index where the slot is unknown. */
function elementText(element: SlotElement, slots: readonly Slot[]): string {
  const shape = slots.find((slot) => slot.name === element.slot)?.shape;
  if (shape === undefined) return `${element.slot}[${element.index}]`;
  if (shape.length === 0) return element.slot;
  return `${element.slot}[${subscripts(element.index, shape).join(',')}]`;
}

function subscripts(index: number, shape: readonly number[]): number[] {
  const result: number[] = [];
  let rest = index;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = Math.max(1, shape[axis]!);
    // The first axis takes what is left, so that an index out of range stays visible.
    result.unshift(axis === 0 ? rest : rest % size);
    rest = Math.floor(rest / size);
  }
  return result;
}

/** Splits the number off a product: `[-2, [x]]` for `-2·x`. */
function coefficient(angle: Angle): [number, readonly Angle[]] {
  if (typeof angle === 'number') return [angle, []];
  if (!('mul' in angle)) return [1, [angle]];
  let factor = 1;
  const rest: Angle[] = [];
  for (const part of angle.mul) {
    const [inner, others] = coefficient(part);
    factor *= inner;
    rest.push(...others);
  }
  return [factor, rest];
}

function factorText(angle: Angle, slots: readonly Slot[]): string {
  const text = angleText(angle, slots);
  const isSum = typeof angle === 'object' && 'add' in angle && angle.add.length > 1;
  return isSum ? `(${text})` : text;
}

function productText(angle: Angle, slots: readonly Slot[]): string {
  const [factor, rest] = coefficient(angle);
  if (rest.length === 0) return numberText(factor);
  const product = rest.map((part) => factorText(part, slots)).join('·');
  if (factor === 1) return product;
  if (factor === -1) return `-${product}`;
  return `${numberText(factor)}·${product}`;
}

/** An angle for people: `0.5`, `π/2`, `x[0]`, `2·w[1,0]+π`, `sin(x)`. */
export function angleText(angle: Angle, slots: readonly Slot[]): string {
  if (typeof angle === 'number') return numberText(angle);
  if ('slot' in angle) return elementText(angle, slots);
  if ('fn' in angle) return `${angle.fn}(${angleText(angle.of, slots)})`;
  if ('mul' in angle) return productText(angle, slots);
  let text = '';
  for (const part of angle.add) {
    const term = productText(part, slots);
    text += text === '' || term.startsWith('-') ? term : `+${term}`;
  }
  return text === '' ? '0' : text;
}

/** At most `length` characters, the last one `…` where something is left out. */
export function shorten(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}

/** `w[0,1,:]` for three or more neighbouring elements of one row of a slot, in order; undefined for anything else. */
function sliceText(angles: readonly Angle[], slots: readonly Slot[]): string | undefined {
  const first = angles[0];
  if (angles.length < 3 || typeof first !== 'object' || !('slot' in first)) return undefined;
  const shape = slots.find((slot) => slot.name === first.slot)?.shape;
  const row = shape?.at(-1);
  if (shape === undefined || row === undefined) return undefined;
  const start = first.index % row;
  if (start + angles.length > row) return undefined;
  const inOrder = angles.every(
    (angle, i) =>
      typeof angle === 'object' &&
      'slot' in angle &&
      angle.slot === first.slot &&
      angle.index === first.index + i,
  );
  if (!inOrder) return undefined;
  const range = angles.length === row ? ':' : `${start}:${start + angles.length}`;
  return `${first.slot}[${[...subscripts(first.index, shape).slice(0, -1), range].join(',')}]`;
}

/** The angles of an operation, comma separated. With `limit`, each one has at most that many characters. */
export function anglesText(
  angles: readonly Angle[],
  slots: readonly Slot[],
  limit: number = Number.POSITIVE_INFINITY,
): string {
  const slice = sliceText(angles, slots);
  if (slice !== undefined) return slice;
  return angles.map((angle) => shorten(angleText(angle, slots), limit)).join(',');
}

/** The exponent of an evolution: `-i·time·A`, `i·0.5·A` for a negative time. */
export function exponentText(
  time: Angle,
  generator: string,
  slots: readonly Slot[],
  limit: number = Number.POSITIVE_INFINITY,
): string {
  if (time === 1) return `-i·${generator}`;
  const factor = shorten(factorText(time, slots), limit);
  return factor.startsWith('-') ? `i·${factor.slice(1)}·${generator}` : `-i·${factor}·${generator}`;
}
