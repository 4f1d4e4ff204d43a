import type { Fragment, Port } from './fragments.ts';
import { combination, variedPorts, waysOf } from './jobs.ts';

/** Where the numbers of a fragment lie: `[rows, …ports, strings, …measured ports]`. */
export interface Layout {
  /** Examples: 1 where the fragment sees no batch slot. */
  readonly rows: number;
  /** Numbers per row, four values per port. */
  readonly size: number;
  /** Distance between values of each port, with the cut it belongs to. */
  readonly strides: readonly { readonly cut: number; readonly stride: number }[];
  /** Distance between strings. */
  readonly string: number;
}

/** Layout of a fragment's numbers once the ways of its ports are combined into values of the cuts. */
export function layoutOf(fragment: Fragment, rows: number, strings: number): Layout {
  const strides: { cut: number; stride: number }[] = [];
  let size = 1;
  const add = (port: Port): void => {
    strides.push({ cut: port.cut, stride: size });
    size *= 4;
  };
  fragment.ports
    .filter((port) => port.kind === 'measure')
    .reverse()
    .forEach(add);
  const string = size;
  size *= strings;
  [...variedPorts(fragment)].reverse().forEach(add);
  return { rows, size, strides, string };
}

/** From ways of the ports, `[rows, …ways, inner]`, to values of the cuts, `[rows, …4, inner]`. */
export function combined(fragment: Fragment, inner: number, raw: Float64Array): Float64Array {
  return applied(fragment, inner, raw, false);
}

/** The transpose of {@link combined}: from cotangents of values to cotangents of ways. */
export function spread(fragment: Fragment, inner: number, values: Float64Array): Float64Array {
  return applied(fragment, inner, values, true);
}

function applied(
  fragment: Fragment,
  inner: number,
  data: Float64Array,
  transposed: boolean,
): Float64Array {
  let now = data;
  let after = inner;
  for (const port of [...variedPorts(fragment)].reverse()) {
    const matrix = combination(port);
    const ways = waysOf(port);
    const [from, to] = transposed ? [4, ways] : [ways, 4];
    const before = now.length / (from * after);
    const next = new Float64Array(before * to * after);
    for (let outer = 0; outer < before; outer++) {
      for (let i = 0; i < to; i++) {
        for (let j = 0; j < from; j++) {
          const factor = transposed ? matrix[j]![i]! : matrix[i]![j]!;
          if (factor === 0) continue;
          const source = (outer * from + j) * after;
          const target = (outer * to + i) * after;
          for (let k = 0; k < after; k++) next[target + k]! += factor * now[source + k]!;
        }
      }
    }
    now = next;
    after *= to;
  }
  return now;
}

/** Everything the sum over the values of the cuts needs. */
export interface Contraction {
  readonly batch: number;
  readonly cuts: number;
  /** Weight of each value of each cut, `[batch, cuts, 4]`. */
  readonly weights: Float64Array;
  readonly layouts: readonly Layout[];
  /** Numbers of each fragment, as its layout says. */
  readonly numbers: readonly Float64Array[];
  /** For each string of the circuit, the local string in each fragment. */
  readonly strings: readonly (readonly number[])[];
}

/** Expectation values of the strings, `[batch, strings]`: sums over all values of all cuts of products over fragments. */
export function contract(c: Contraction): Float64Array {
  const out = new Float64Array(c.batch * c.strings.length);
  visit(c, (example, weight, _values, at) => {
    c.strings.forEach((local, s) => {
      let product = weight;
      for (let f = 0; f < at.length && product !== 0; f++) {
        product *= c.numbers[f]![at[f]! + local[f]! * c.layouts[f]!.string]!;
      }
      out[example * c.strings.length + s]! += product;
    });
  });
  return out;
}

/** Cotangents of the fragments' numbers and of the weights from those of the strings, `[batch, strings]`. */
export function contractBack(
  c: Contraction,
  dy: Float64Array,
): { readonly numbers: Float64Array[]; readonly weights: Float64Array } {
  const numbers = c.numbers.map((array) => new Float64Array(array.length));
  const weights = new Float64Array(c.weights.length);
  const count = c.layouts.length;
  const factors = new Float64Array(count);
  const below = new Float64Array(count + 1);
  visit(c, (example, weight, values, at) => {
    let total = 0;
    c.strings.forEach((local, s) => {
      const cotangent = dy[example * c.strings.length + s]!;
      if (cotangent === 0) return;
      below[count] = 1;
      for (let f = count - 1; f >= 0; f--) {
        factors[f] = c.numbers[f]![at[f]! + local[f]! * c.layouts[f]!.string]!;
        below[f] = below[f + 1]! * factors[f]!;
      }
      total += cotangent * below[0]!;
      let above = cotangent * weight;
      for (let f = 0; f < count; f++) {
        numbers[f]![at[f]! + local[f]! * c.layouts[f]!.string]! += above * below[f + 1]!;
        above *= factors[f]!;
      }
    });
    if (total === 0) return;
    for (let cut = 0; cut < c.cuts; cut++) {
      const own = (example * c.cuts + cut) * 4;
      let rest = total;
      for (let other = 0; other < c.cuts; other++) {
        if (other !== cut) rest *= c.weights[(example * c.cuts + other) * 4 + values[other]!]!;
      }
      weights[own + values[cut]!]! += rest;
    }
  });
  return { numbers, weights };
}

/** Calls back for every example and every choice of values of the cuts, with the place of the numbers in each fragment. */
function visit(
  c: Contraction,
  act: (example: number, weight: number, values: Uint8Array, at: Float64Array) => void,
): void {
  const values = new Uint8Array(c.cuts);
  const at = new Float64Array(c.layouts.length);
  for (let example = 0; example < c.batch; example++) {
    for (let choice = 0; choice < 4 ** c.cuts; choice++) {
      let weight = 1;
      for (let cut = 0, rest = choice; cut < c.cuts; cut++, rest = Math.floor(rest / 4)) {
        values[cut] = rest % 4;
        weight *= c.weights[(example * c.cuts + cut) * 4 + values[cut]!]!;
      }
      c.layouts.forEach((layout, f) => {
        let place = layout.rows === 1 ? 0 : example * layout.size;
        for (const { cut, stride } of layout.strides) place += values[cut]! * stride;
        at[f] = place;
      });
      act(example, weight, values, at);
    }
  }
}
