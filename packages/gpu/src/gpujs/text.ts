// Text that kernels of mode `webgpu` have in common, and the arguments that go with it.
import { parity } from '../program/matrices.ts';
import type { Typed } from './kernels.ts';
import { phaseOf } from './recorder.ts';
import type { Condition, LinearMap, Part, Place, Word } from './recorder.ts';

/** Arguments of a kernel by name. */
export type Arguments = Record<string, Typed>;

/** The number of a thread. */
export const X = 'this.thread.x';
/** Masks travel in two halves of at most 12 bits, since arrays hold f32. */
export const HALF = 12;
export const halves = (mask: number): [number, number] => [mask & (2 ** HALF - 1), mask >> HALF];

/** The parity of an integer expression below 2^12: folded to four bits, then looked up in the bits of 0x6996. */
const foldedParity = (v: string): string =>
  `((27030 >> (((${v}) ^ ((${v}) >> 4) ^ ((${v}) >> 8)) & 15)) & 1)`;
/** The parity of `v` under the mask with halves zl and zh. */
export const parityUnder = (v: string): string =>
  foldedParity(`((${v}) & zl) ^ (((${v}) >> ${HALF}) & zh)`);

/** A part of a product of complex numbers. */
export const product = (
  part: 'sr' | 'si',
  ur: string,
  ui: string,
  xr: string,
  xi: string,
): string => (part === 'sr' ? `${ur} * ${xr} - ${ui} * ${xi}` : `${ur} * ${xi} + ${ui} * ${xr}`);

/** Declares a local integer: gpu.js takes what is counted for one, and everything else for an f32. */
export const integer = (name: string, value: string): string =>
  `let ${name} = 0; ${name}++; ${name} = ${value};`;

export const integers = (numbers: Readonly<Record<string, number>>): Arguments =>
  Object.fromEntries(Object.entries(numbers).map(([name, n]) => [name, ['Integer', n] as const]));
export const numbered = (letter: string, numbers: readonly number[]): Arguments =>
  integers(Object.fromEntries(numbers.map((n, i) => [`${letter}${i}`, n])));
export const conditionArgs = ({ mask, value }: Condition): Arguments =>
  mask === 0 ? {} : integers({ cm: mask, cv: value });
export const placeArgs = ({ table, offset, stride }: Place): Arguments => ({
  m: ['Array', table],
  ...integers({ off: offset, st: stride }),
});
/** The number that the bits at p0, p1, … make. */
export const outcome = (count: number): string =>
  Array.from({ length: count }, (_, i) => `(((${X} >> p${i}) & 1) << ${count - 1 - i})`).join(
    ' | ',
  );
/** The number that the bits of `v` at some positions make, times `by`; neighbours in falling order are taken together. */
export function numberAt(
  v: string,
  positions: readonly number[],
  by: number,
  text: (position: number) => string,
): string {
  const terms: string[] = [];
  for (let end = positions.length, first = end; end > 0; end = first) {
    first = end - 1;
    while (first > 0 && positions[first - 1] === positions[first]! + 1) first--;
    const mask = 2 ** (end - first) - 1;
    terms.push(
      `((${v} >> ${text(positions[end - 1]!)}) & ${mask}) * ${by * 2 ** (positions.length - end)}`,
    );
  }
  return terms.length === 0 ? '0' : terms.join(' + ');
}

/** Words as numbers for a kernel: halves of z and x, and i^power. */
export const wordTable = (words: readonly Word[]): Float32Array =>
  Float32Array.from(
    words.flatMap((word) => [...halves(word.z), ...halves(word.x), ...phaseOf(word)]),
  );
/** Words of Z as numbers for a kernel: halves of z, and the signs of the first indices. */
export const signTable = (words: readonly Word[], count: number): Float32Array =>
  Float32Array.from(
    words.flatMap(({ z }) => [
      ...halves(z),
      ...Array.from({ length: count }, (_, index) => (parity(index & z) ? -1 : 1)),
    ]),
  );
/** Parts as numbers for a kernel: halves of the condition's mask and value, and of the parity mask. */
export const partTable = (parts: readonly Part[]): Float32Array =>
  Float32Array.from(
    parts.flatMap(({ condition: { mask, value }, parity: z }) => [
      ...halves(mask),
      ...halves(value),
      ...halves(z),
    ]),
  );
/** Loads part j of such a table. */
export const LOAD_PART = `const cl = z[6 * j];
const ch = z[6 * j + 1];
const vl = z[6 * j + 2];
const vh = z[6 * j + 3];
const zl = z[6 * j + 4];
const zh = z[6 * j + 5];`;
export const holds = (v: string): string =>
  `((${v}) & cl) === (vl & ${2 ** HALF - 1}) && (((${v}) >> ${HALF}) & ch) === (vh & ${2 ** (30 - HALF) - 1})`;

/** Leaves an amplitude alone where a condition does not hold. */
export const unless = ({ mask }: Condition, part: 'sr' | 'si'): string =>
  mask === 0 ? '' : `if ((${X} & cm) !== cv) { return ${part}[${X}]; }\n`;

/** The index an amplitude of `n` qubits comes from by a map; the bits of `without` are taken for 0. */
export function movedFrom(
  map: LinearMap,
  n: number,
  without = 0,
): { readonly from: string; readonly args: Arguments } {
  const columns = map.columns.map((column, i) => ((without >> i) & 1 ? 0 : column));
  // Bits that are shifted by as much are taken together, or else each column by itself.
  const shifts = new Map<number, number>();
  columns.forEach((column, i) => {
    for (let p = 0; p < n; p++)
      if ((column >> p) & 1) shifts.set(p - i, (shifts.get(p - i) ?? 0) | (2 ** i));
  });
  let kept = shifts.get(0) ?? 0;
  shifts.delete(0);
  const moved: number[] = [];
  if (shifts.size > n) {
    shifts.clear();
    kept = 0;
    columns.forEach((column, i) => {
      if (column === 2 ** i) kept |= column;
      else if (column !== 0) moved.push(i);
    });
  }
  const from = [
    `(${X} & kept)`,
    ...[...shifts.keys()].map((by, j) => `((${X} & g${j}) ${by > 0 ? '<<' : '>>'} d${j})`),
    ...moved.map((_, j) => `(((${X} >> g${j}) & 1) * c${j})`),
    ...(map.flip === 0 ? [] : ['flip']),
  ].join(' ^ ');
  return {
    from,
    args: {
      ...integers({ kept: kept | -(2 ** n), ...(map.flip === 0 ? {} : { flip: map.flip }) }),
      ...numbered('g', [...shifts.values(), ...moved]),
      ...numbered('d', [...shifts.keys()].map(Math.abs)),
      ...numbered(
        'c',
        moved.map((i) => columns[i]!),
      ),
    },
  };
}
