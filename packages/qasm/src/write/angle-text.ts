import { angle as angles } from '@ketwork/circuit';
import type { Angle, Slot } from '@ketwork/circuit';

/** Denominators of multiples of π that are written as such. */
const PARTS = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 32, 64, 128, 256, 512, 1024];

/** A number that reads back as the same number, always with a decimal point; multiples of π by name. */
export function numberText(x: number): string {
  if (x < 0) return `-${numberText(-x)}`;
  if (x === 0) return '0.0';
  for (const part of PARTS) {
    const times = Math.round((x * part) / Math.PI);
    if (times === 0 || times > 4096) continue;
    const above = times === 1 ? Math.PI : times * Math.PI;
    if (above / part !== x) continue;
    return `${times === 1 ? '' : `${times}*`}pi${part === 1 ? '' : `/${part}`}`;
  }
  const text = String(x);
  if (/^\d+$/.test(text)) return `${text}.0`;
  return text.replace(/^(\d+)e/, '$1.0e').replace('e+', 'e');
}

/** Names of functions in OpenQASM 3. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  asin: 'arcsin',
  acos: 'arccos',
  atan: 'arctan',
};

/** How strongly a text binds: a sum, a product, or a single value. */
type Binding = 0 | 1 | 2;

/** An angle as an expression of OpenQASM 3. `names` are those of the slots. */
export function angleText(
  angle: Angle,
  slots: ReadonlyMap<string, Slot>,
  names: ReadonlyMap<string, string>,
): string {
  const write = (node: Angle, least: Binding): string => {
    const [text, binding] = bare(node);
    return binding < least ? `(${text})` : text;
  };
  const bare = (node: Angle): readonly [string, Binding] => {
    if (typeof node === 'number') {
      const text = numberText(node);
      return [text, text.startsWith('-') ? 0 : /[*/]/.test(text) ? 1 : 2];
    }
    if ('slot' in node) return [elementText(node.index, slots.get(node.slot)!, names), 2];
    if ('add' in node) {
      const sum = node.add.map((term, i) => {
        // A term with a sign in front is subtracted.
        const text = typeof term === 'object' && 'add' in term ? write(term, 1) : bare(term)[0];
        if (i === 0) return text;
        return text.startsWith('-') ? ` - ${text.slice(1)}` : ` + ${text}`;
      });
      return [sum.join(''), 0];
    }
    if ('mul' in node) {
      const [first, ...more] = node.mul;
      const rest = more.map((factor) => write(factor, 2)).join('*');
      if (first === -1) return [`-${rest}`, 0];
      if (typeof first === 'number' && first < 0) return [`-${write(-first, 2)}*${rest}`, 0];
      return [`${write(first!, 2)}*${rest}`, 1];
    }
    return [`${FUNCTIONS[node.fn] ?? node.fn}(${write(node.of, 0)})`, 2];
  };
  return write(angle, 0);
}

function elementText(index: number, slot: Slot, names: ReadonlyMap<string, string>): string {
  const name = names.get(slot.name)!;
  if (slot.shape.length === 0) return name;
  const places: number[] = [];
  let left = index;
  for (const length of slot.shape.toReversed()) {
    places.unshift(left % length);
    left = Math.floor(left / length);
  }
  return `${name}[${places.join(', ')}]`;
}

/** A sum with equal terms put together, so that what cancels is gone. */
export function collected(angle: Angle): Angle {
  if (typeof angle === 'number' || !('add' in angle)) return angle;
  const counts = new Map<string, { readonly term: Angle; readonly factor: number }>();
  let constant = 0;
  for (const term of angle.add) {
    if (typeof term === 'number') {
      constant += term;
      continue;
    }
    const [first, ...rest] = 'mul' in term ? term.mul : [];
    const scaled = typeof first === 'number' && rest.length > 0;
    const bare: Angle = scaled ? (rest.length === 1 ? rest[0]! : { mul: rest }) : term;
    const key = JSON.stringify(bare);
    const factor = (counts.get(key)?.factor ?? 0) + (scaled ? first : 1);
    counts.set(key, { term: bare, factor });
  }
  const terms = [...counts.values()].filter(({ factor }) => Math.abs(factor) > 1e-15);
  if (terms.length === 0) return constant;
  return angles.add(...terms.map(({ term, factor }) => angles.mul(factor, term)), constant).data;
}
