// Steps as gpu.js kernels in mode `webgl2`: a state is a texture of pairs (re, im), a thread makes one amplitude. Bits are
// taken by multiplying with powers of two and rounding down, exact in floats up to 2^24; gpu.js imitates operators on bits
// by loops there. Everything numeric is a float: mixed types do not compile.
import type { Kernels, Typed } from './kernels.ts';
import type { Handle } from './library.ts';
import { padded, phaseOf, RUN, toTop } from './recorder.ts';
import type { Condition, LinearMap, Place, Prepared, Recorder, Shape, Word } from './recorder.ts';

type Arguments = Record<string, Typed>;

const X = 'this.thread.x';
/** Parts of a diagonal that one kernel multiplies: they are written out. */
const PARTS = 12;
/** The inverse power of two whose bit is 0 in every index. */
const NEVER = 2 ** -26;

const floor = (v: string): string => `Math.floor(${v})`;
/** The bit of `v` at the inverse power of two `h`. */
const bit = (v: string, h: string): string =>
  `(${floor(`${v} * ${h}`)} - 2.0 * ${floor(`${v} * ${h} * 0.5`)})`;
const odd = (v: string): string => `(${v} - 2.0 * ${floor(`${v} * 0.5`)})`;
/** A power of two as text, never taken for an integer; 20 digits are enough for a float to be exact. */
const float = (v: number): string => (Number.isInteger(v) ? `${v}.0` : v.toFixed(20));

const floats = (numbers: Readonly<Record<string, number>>): Arguments =>
  Object.fromEntries(Object.entries(numbers).map(([name, v]) => [name, ['Float', v] as const]));
const numbered = (letter: string, numbers: readonly number[]): Arguments =>
  floats(Object.fromEntries(numbers.map((v, i) => [`${letter}${i}`, v])));
const placeArgs = ({ table, offset, stride }: Place): Arguments => ({
  m: ['NumberTexture', table],
  ...floats({ off: offset, st: stride }),
});
const texture = (handle: Handle): Typed => ['ArrayTexture(2)', handle];
/** A position as an inverse power of two (h) and a power of two (b). */
const positionArgs = (positions: readonly number[], letter = ''): Arguments => ({
  ...numbered(
    `h${letter}`,
    positions.map((p) => 2 ** -p),
  ),
  ...numbered(
    `b${letter}`,
    positions.map((p) => 2 ** p),
  ),
});
const positionsOf = (mask: number): number[] => {
  const positions: number[] = [];
  for (let p = 0; p < 30; p++) if ((mask >> p) & 1) positions.push(p);
  return positions;
};
/** Whether `v` is where a condition does not hold. */
const missed = ({ mask, value }: Condition, v: string): string =>
  positionsOf(mask)
    .map((p) => `${bit(v, float(2 ** -p))} !== ${float((value >> p) & 1)}`)
    .join(' || ');
/** A sum of bits of `v`; 0 where none is named. */
const bitSum = (mask: number, v: string): string =>
  mask === 0
    ? '0.0'
    : `(${positionsOf(mask)
        .map((p) => bit(v, float(2 ** -p)))
        .join(' + ')})`;

/** Words as lists of positions of the same lengths. */
function wordArrays(words: readonly Word[]): { zs: number; xs: number; args: Arguments } {
  const zs = Math.max(0, ...words.map(({ z }) => positionsOf(z).length));
  const xs = Math.max(0, ...words.map(({ x }) => positionsOf(x).length));
  const width = zs + 2 * xs + 2;
  const w = new Float32Array(words.length * width);
  words.forEach((word, t) => {
    const at = t * width;
    const z = positionsOf(word.z);
    const x = positionsOf(word.x);
    for (let i = 0; i < zs; i++) w[at + i] = i < z.length ? 2 ** -z[i]! : NEVER;
    for (let i = 0; i < xs; i++) {
      w[at + zs + 2 * i] = i < x.length ? 2 ** -x[i]! : NEVER;
      w[at + zs + 2 * i + 1] = i < x.length ? 2 ** x[i]! : 0;
    }
    w.set(phaseOf(word), at + width - 2);
  });
  return { zs, xs, args: { w: ['Array', w] } };
}

/** The steps of mode `webgl2`, for plans of one shape. */
export function webgl2Recorder(kernels: Kernels, { qubits: n, batch }: Shape): Recorder {
  const size = 2 ** n;
  const total = batch * size;
  const exampleOf = (v: string, bits = n): string => floor(`${v} * ${float(2 ** -bits)}`);
  const START = `const x = ${X} * 1.0;\nconst e = ${exampleOf('x')};`;
  const at = (place: string): string => `m[off + e * st + ${place}]`;

  const sums = (values: Handle, results: number, length: number): Handle => {
    let handle = values;
    for (let left = length; left > 1;) {
      const run = Math.min(left, 2 ** RUN);
      left /= run;
      handle = kernels.call(
        results * left,
        `let sum = 0.0;
const x = ${X} * ${float(run)};
for (let k = 0; k < ${run}; k++) { sum += v[x + k]; }
return sum;`,
        { v: ['NumberTexture', handle] },
      );
    }
    return handle;
  };
  /**
   * Sums over parts of each example's state: thread x takes chunk x mod chunks of sum number floor(x / chunks), and term
   * k of it is number `inside` of `terms`.
   */
  const summing = (terms: number) => {
    const run = Math.min(Math.log2(terms), RUN);
    const chunks = terms / 2 ** run;
    return {
      chunks,
      head: `const x = ${X} * 1.0;
const number = ${floor(`x * ${float(1 / chunks)}`)};
const first = (x - number * ${float(chunks)}) * ${float(2 ** run)};`,
      inside: '(first + k)',
      loop: `for (let k = 0; k < ${2 ** run}; k++)`,
    };
  };
  const gather = (map: LinearMap): string => {
    const lines = [START, 'let y = x;'];
    for (let p = 0; p < n; p++) {
      let sources = 0;
      map.columns.forEach((column, i) => {
        if ((column >> p) & 1) sources |= 2 ** i;
      });
      const flip = (map.flip >> p) & 1;
      if (sources === 2 ** p && flip === 0) continue;
      const sum = `(${bitSum(sources, 'x')} + ${float(flip)})`;
      lines.push(`const f${p} = ${sum};`);
      lines.push(`y = y + (${odd(`f${p}`)} - ${bit('x', float(2 ** -p))}) * ${float(2 ** p)};`);
    }
    return lines.join('\n');
  };
  const outcome = (count: number, v = 'x'): string =>
    count === 0
      ? '0.0'
      : `(${Array.from({ length: count }, (_, i) => `${bit(v, `h${i}`)} * ${float(2 ** (count - 1 - i))}`).join(' + ')})`;
  /** Loads word t: `flipped` and `sign` come from an index. */
  const loadFlip = (xs: number, zs: number, base: string, v: string): string =>
    xs === 0
      ? ''
      : `let j = ${v};
for (let q = 0; q < ${xs}; q++) {
const h = w[${base} + ${zs} + 2 * q];
j = j + (1.0 - 2.0 * ${bit(v, 'h')}) * w[${base} + ${zs} + 2 * q + 1];
}`;
  const loadParity = (zs: number, base: string, v: string): string => `let par = 0.0;
${zs === 0 ? '' : `for (let q = 0; q < ${zs}; q++) {\nconst g = w[${base} + q];\npar += ${bit(v, 'g')};\n}`}
const sign = 1.0 - 2.0 * ${odd('par')};`;

  const recorder: Recorder = {
    start(prepared: readonly Prepared[], map?: LinearMap) {
      const covered = prepared.reduce(
        (mask, { positions }) => positions.reduce((m, p) => m | (2 ** p), mask),
        0,
      );
      const others = size - 1 - covered;
      const lines = [map === undefined ? `${START}\nconst y = x;` : gather(map)];
      lines.push('let r = 1.0;', 'let i = 0.0;');
      if (others !== 0) lines.push(`if (${bitSum(others, 'y')} > 0.5) { return [0.0, 0.0]; }`);
      const tables = [...new Set(prepared.map(({ place }) => place.table))];
      prepared.forEach(({ positions, place: { table, offset, stride }, step }, j) => {
        const number = positions.map(
          (p, q) =>
            ` + ${bit('y', float(2 ** -p))} * ${float(step * 2 ** (positions.length - 1 - q))}`,
        );
        const m = `m${tables.indexOf(table)}`;
        lines.push(
          `const at${j} = ${float(offset)} + e * ${float(stride)}${number.join('')};`,
          `const a${j} = ${m}[at${j}];`,
          `const b${j} = ${m}[at${j} + 1];`,
          `const t${j} = r * a${j} - i * b${j};`,
          `i = r * b${j} + i * a${j};`,
          `r = t${j};`,
        );
      });
      lines.push('return [r, i];');
      const args = Object.fromEntries(
        tables.map((table, i) => [`m${i}`, ['NumberTexture', table] as const]),
      );
      return [kernels.call(total, lines.join('\n'), args)];
    },
    matrix(given, positions, place, { condition, adjoint, map }) {
      const state = map === undefined ? given : recorder.gather(given, map);
      const k = positions.length;
      const d = 2 ** k;
      const z = positions.map((_, i) => `const z${i} = ${bit('x', `h${i}`)};`);
      const rest = positions.map((_, i) => ` - z${i} * b${i}`).join('');
      const row = positions.map((_, i) => ` + z${i} * ${float(2 ** (k - 1 - i))}`).join('');
      const lines = [
        START,
        ...(condition.mask === 0 ? [] : [`if (${missed(condition, 'x')}) { return s[x]; }`]),
        ...z,
        `const rest = x${rest};`,
        `const row = 0.0${row};`,
      ];
      const [forRow, forColumn] = adjoint ? [2, 2 * d] : [2 * d, 2];
      lines.push(`const t = off + e * st + row * ${float(forRow)};`);
      const args: Arguments = {
        s: texture(state[0]!),
        ...placeArgs(place),
        ...positionArgs(positions),
      };
      const term = (u: string, v: string): string[] => {
        const ui = adjoint ? `(0.0 - m[${u} + 1])` : `m[${u} + 1]`;
        return [
          `const ur = m[${u}];`,
          `const ui = ${ui};`,
          `const v = s[${v}];`,
          're += ur * v[0] - ui * v[1];',
          'im += ur * v[1] + ui * v[0];',
        ];
      };
      if (k <= 2) {
        const parts: string[] = ['let re = 0.0;', 'let im = 0.0;'];
        for (let c = 0; c < d; c++) {
          const set = positions.map((_, i) => ((c >> (k - 1 - i)) & 1 ? ` + b${i}` : '')).join('');
          parts.push(
            ...term(`t + ${c * forColumn}`, `rest${set}`).map((line) =>
              line.replaceAll(/\b(ur|ui|v)\b/g, `$1${c}`),
            ),
          );
        }
        lines.push(...parts);
      } else {
        const offsets = new Float32Array(d);
        for (let c = 0; c < d; c++) {
          positions.forEach((p, i) => {
            if ((c >> (k - 1 - i)) & 1) offsets[c] = offsets[c]! + 2 ** p;
          });
        }
        args['o'] = ['Array', offsets];
        lines.push(
          'let re = 0.0;',
          'let im = 0.0;',
          `for (let c = 0; c < ${d}; c++) {`,
          `const u = t + c * ${float(forColumn)};`,
          ...term('u', 'rest + o[c]'),
          '}',
        );
      }
      lines.push('return [re, im];');
      return [kernels.call(total, lines.join('\n'), args)];
    },
    gather: (state, map) => [
      kernels.call(total, `${gather(map)}\nreturn s[y];`, { s: texture(state[0]!) }),
    ],
    diagonal(state, parts, place, adjoint) {
      let current = state;
      for (let first = 0; first < parts.length; first += PARTS) {
        const lines = [START, 'const v = s[x];', 'let r = v[0];', 'let i = v[1];'];
        parts.slice(first, first + PARTS).forEach(({ condition, parity }, j) => {
          lines.push(
            `const g${j} = ${bitSum(parity, 'x')};`,
            `const at${j} = off + e * st + ${odd(`g${j}`)} * 2.0 + ${float(4 * (first + j))};`,
            `let c${j} = m[at${j}];`,
            `let s${j} = m[at${j} + 1];`,
            ...(condition.mask === 0
              ? []
              : [`if (${missed(condition, 'x')}) { c${j} = 1.0; s${j} = 0.0; }`]),
            ...(adjoint ? [`s${j} = 0.0 - s${j};`] : []),
            `const t${j} = r * c${j} - i * s${j};`,
            `i = r * s${j} + i * c${j};`,
            `r = t${j};`,
          );
        });
        lines.push('return [r, i];');
        const args = { s: texture(current[0]!), ...placeArgs(place) };
        current = [kernels.call(total, lines.join('\n'), args)];
      }
      return current;
    },
    add: (a, b) => [
      kernels.call(
        total,
        `const v = a[${X}];\nconst w = b[${X}];\nreturn [v[0] + w[0], v[1] + w[1]];`,
        { a: texture(a[0]!), b: texture(b[0]!) },
      ),
    ],
    words(state, words, place) {
      const { zs, xs, args } = wordArrays(words);
      const width = zs + 2 * xs + 2;
      const source = `${START}
let re = 0.0;
let im = 0.0;
for (let t = 0; t < ${words.length}; t++) {
const base = t * ${width};
${loadFlip(xs, zs, 'base', 'x')}
${loadParity(zs, 'base', xs === 0 ? 'x' : 'j')}
const amount = ${at('t')} * sign;
const cr = w[base + ${width - 2}];
const ci = w[base + ${width - 1}];
const v = s[${xs === 0 ? 'x' : 'j'}];
re += amount * (cr * v[0] - ci * v[1]);
im += amount * (cr * v[1] + ci * v[0]);
}
return [re, im];`;
      return [kernels.call(total, source, { s: texture(state[0]!), ...placeArgs(place), ...args })];
    },
    weighted(state, positions, place) {
      const source = `${START}
const amount = ${at(outcome(positions.length))};
const v = s[x];
return [amount * v[0], amount * v[1]];`;
      return [
        kernels.call(total, source, {
          s: texture(state[0]!),
          ...placeArgs(place),
          ...positionArgs(positions),
        }),
      ];
    },
    strings(state, words) {
      const rows = padded(words.length);
      const { zs, xs, args } = wordArrays(words);
      const width = zs + 2 * xs + 2;
      const { chunks, head, inside, loop } = summing(size);
      const source = `${head}
const e = ${floor(`number * ${float(1 / rows)}`)};
const t = number - e * ${float(rows)};
if (t > ${float(words.length - 0.5)}) { return 0.0; }
const base = t * ${float(width)};
const cr = w[base + ${width - 2}];
const ci = w[base + ${width - 1}];
let sum = 0.0;
${loop} {
const i = ${inside};
${loadFlip(xs, zs, 'base', 'i')}
${loadParity(zs, 'base', 'i')}
const v = s[e * ${float(size)} + i];
const u = s[e * ${float(size)} + ${xs === 0 ? 'i' : 'j'}];
sum += sign * (cr * (u[0] * v[0] + u[1] * v[1]) - ci * (u[0] * v[1] - u[1] * v[0]));
}
return sum;`;
      const partial = kernels.call(batch * rows * chunks, source, {
        s: texture(state[0]!),
        ...args,
      });
      return sums(partial, batch * rows, chunks);
    },
    outer(a, b, positions, condition) {
      const k = positions.length;
      const entries = 2 ** (2 * k + 1);
      const { chunks, head, inside, loop } = summing(2 ** (n - k));
      const ascending = positions.toSorted((p, q) => p - q);
      const spread = ascending.map(
        (_, i) =>
          `const w${i} = ${floor(`v${i} * hq${i}`)};\nconst v${i + 1} = v${i} + w${i} * bq${i};`,
      );
      const entryBit = (place: number): string => bit('entry', float(2 ** -place));
      const index = (first: number): string =>
        positions.map((_, i) => ` + ${entryBit(first - i)} * b${i}`).join('');
      const term = `const y = a[e * ${float(size)} + v${k} + row];
const z = b[e * ${float(size)} + v${k} + column];
if (im < 0.5) { sum += y[0] * z[0] + y[1] * z[1]; } else { sum += y[1] * z[0] - y[0] * z[1]; }`;
      const source = `${head}
const e = ${floor(`number * ${float(1 / entries)}`)};
const entry = number - e * ${float(entries)};
const im = ${entryBit(0)};
const row = 0.0${index(2 * k)};
const column = 0.0${index(k)};
let sum = 0.0;
${loop} {
const v0 = ${inside};
${spread.join('\n')}
${condition.mask === 0 ? term : `if (${missed(condition, `v${k}`)}) { sum += 0.0; } else {\n${term}\n}`}
}
return sum;`;
      const partial = kernels.call(batch * entries * chunks, source, {
        a: texture(a[0]!),
        b: texture(b[0]!),
        ...numbered(
          'b',
          positions.map((p) => 2 ** p),
        ),
        ...positionArgs(ascending, 'q'),
      });
      return sums(partial, batch * entries, chunks);
    },
    partSums(a, b, parts) {
      const rows = padded(parts.length);
      const { chunks, head, inside, loop } = summing(size);
      // A row of the table: positions of the parity, then positions and values of the condition.
      const zs = Math.max(1, ...parts.map(({ parity }) => positionsOf(parity).length));
      const cs = Math.max(0, ...parts.map(({ condition }) => positionsOf(condition.mask).length));
      const width = zs + 2 * cs;
      const table = new Float32Array(parts.length * width).fill(NEVER);
      parts.forEach(({ condition: { mask, value }, parity }, j) => {
        positionsOf(parity).forEach((p, i) => {
          table[j * width + i] = 2 ** -p;
        });
        for (let i = 0; i < cs; i++) table[j * width + zs + 2 * i + 1] = 0;
        positionsOf(mask).forEach((p, i) => {
          table[j * width + zs + 2 * i] = 2 ** -p;
          table[j * width + zs + 2 * i + 1] = (value >> p) & 1;
        });
      });
      const source = `${head}
const e = ${floor(`number * ${float(0.5 / rows)}`)};
const entry = number - e * ${float(2 * rows)};
const t = ${floor('entry * 0.5')};
const wanted = entry - 2.0 * t;
if (t > ${float(parts.length - 0.5)}) { return 0.0; }
const base = t * ${float(width)};
let sum = 0.0;
${loop} {
const i = ${inside};
let off = 0.0;
let par = 0.0;
for (let q = 0; q < ${zs}; q++) {
const h = w[base + q];
par += ${bit('i', 'h')};
}
${
  cs === 0
    ? ''
    : `for (let q = 0; q < ${cs}; q++) {
const g = w[base + ${zs} + 2 * q];
off += Math.abs(${bit('i', 'g')} - w[base + ${zs} + 2 * q + 1]);
}`
}
if (Math.abs(${odd('par')} - wanted) + off < 0.5) {
const y = a[e * ${float(size)} + i];
const z = b[e * ${float(size)} + i];
sum += y[1] * z[0] - y[0] * z[1];
}
}
return sum;`;
      const partial = kernels.call(batch * rows * 2 * chunks, source, {
        a: texture(a[0]!),
        b: texture(b[0]!),
        w: ['Array', table],
      });
      return sums(partial, batch * rows * 2, chunks);
    },
    probabilities(state, positions) {
      const source = `${gather(toTop(positions, n))}
const v = s[y];
return v[0] * v[0] + v[1] * v[1];`;
      const p = kernels.call(total, source, { s: texture(state[0]!) });
      return sums(p, batch * 2 ** positions.length, 2 ** (n - positions.length));
    },
    amplitudes: (state) => {
      const part = (i: number): Handle =>
        kernels.call(total, `const v = s[${X}];\nreturn v[${i}];`, { s: texture(state[0]!) });
      return [part(0), part(1)];
    },
  };
  return recorder;
}
