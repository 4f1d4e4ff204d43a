// Steps as gpu.js kernels in mode `webgpu`: real and imaginary parts in a buffer each, a kernel for each part. Indices into
// a batch are written out where they are used: a local variable would be an f32, which is exact to 2^24 only. What is
// kept in local variables is smaller than a state.
import type { Kernels, Typed } from './kernels.ts';
import type { Handle } from './library.ts';
import { padded, phaseOf, RUN, toTop } from './recorder.ts';
import type {
  Condition,
  LinearMap,
  Part,
  Place,
  Prepared,
  Recorder,
  Shape,
  State,
  Word,
} from './recorder.ts';

type Arguments = Record<string, Typed>;

const X = 'this.thread.x';
/** Masks travel in two halves of at most 12 bits, since arrays hold f32. */
const HALF = 12;
const halves = (mask: number): [number, number] => [mask & (2 ** HALF - 1), mask >> HALF];

/** The parity of an integer expression below 2^12: folded to four bits, then looked up in the bits of 0x6996. */
const parity = (v: string): string =>
  `((27030 >> (((${v}) ^ ((${v}) >> 4) ^ ((${v}) >> 8)) & 15)) & 1)`;
/** The parity of `v` under the mask with halves zl and zh. */
const parityUnder = (v: string): string => parity(`((${v}) & zl) ^ (((${v}) >> ${HALF}) & zh)`);

/** A part of a product of complex numbers. */
const product = (part: 'sr' | 'si', ur: string, ui: string, xr: string, xi: string): string =>
  part === 'sr' ? `${ur} * ${xr} - ${ui} * ${xi}` : `${ur} * ${xi} + ${ui} * ${xr}`;

const integers = (numbers: Readonly<Record<string, number>>): Arguments =>
  Object.fromEntries(Object.entries(numbers).map(([name, n]) => [name, ['Integer', n] as const]));
const numbered = (letter: string, numbers: readonly number[]): Arguments =>
  integers(Object.fromEntries(numbers.map((n, i) => [`${letter}${i}`, n])));
const conditionArgs = ({ mask, value }: Condition): Arguments =>
  mask === 0 ? {} : integers({ cm: mask, cv: value });
const placeArgs = ({ table, offset, stride }: Place): Arguments => ({
  m: ['Array', table],
  ...integers({ off: offset, st: stride }),
});
/** The number that the bits at p0, p1, … make. */
const outcome = (count: number): string =>
  Array.from({ length: count }, (_, i) => `(((${X} >> p${i}) & 1) << ${count - 1 - i})`).join(
    ' | ',
  );

/** Words as numbers for a kernel: halves of z and x, and i^power. */
const wordTable = (words: readonly Word[]): Float32Array =>
  Float32Array.from(
    words.flatMap((word) => [...halves(word.z), ...halves(word.x), ...phaseOf(word)]),
  );
/** Parts as numbers for a kernel: halves of the condition's mask and value, and of the parity mask. */
const partTable = (parts: readonly Part[]): Float32Array =>
  Float32Array.from(
    parts.flatMap(({ condition: { mask, value }, parity: z }) => [
      ...halves(mask),
      ...halves(value),
      ...halves(z),
    ]),
  );
/** Loads part j of such a table. */
const LOAD_PART = `const cl = z[6 * j];
const ch = z[6 * j + 1];
const vl = z[6 * j + 2];
const vh = z[6 * j + 3];
const zl = z[6 * j + 4];
const zh = z[6 * j + 5];`;
const holds = (v: string): string =>
  `((${v}) & cl) === (vl & ${2 ** HALF - 1}) && (((${v}) >> ${HALF}) & ch) === (vh & ${2 ** (30 - HALF) - 1})`;

/** The steps of mode `webgpu`, for plans of one shape. */
export function webgpuRecorder(kernels: Kernels, { qubits: n, batch }: Shape): Recorder {
  const size = 2 ** n;
  const total = batch * size;
  const example = `(${X} >> ${n})`;
  const within = `(${X} & ${size - 1})`;
  const at = (place: string): string => `m[off + ${example} * st + ${place}]`;

  /** A kernel for each part, over all amplitudes. */
  const both = (source: (part: 'sr' | 'si') => string, state: State, args: Arguments): State =>
    (['sr', 'si'] as const).map((part) =>
      kernels.call(total, source(part), {
        sr: ['Array', state[0]!],
        si: ['Array', state[1]!],
        ...args,
      }),
    );

  /** Adds up runs of `length` neighbours. */
  const sums = (values: Handle, results: number, length: number): Handle => {
    let handle = values;
    for (let left = length; left > 1;) {
      const run = Math.min(left, 2 ** RUN);
      left /= run;
      handle = kernels.call(
        results * left,
        `let sum = 0;
for (let k = 0; k < run; k++) { sum += v[${X} * run + k]; }
return sum;`,
        { v: ['Array', handle], ...integers({ run }) },
      );
    }
    return handle;
  };
  /**
   * Sums over parts of each example's state: thread X takes chunk X & (chunks - 1) of sum number X >> log2(chunks), and
   * term k of it is number `inside` of `terms`.
   */
  const summing = (terms: number) => {
    const run = Math.min(Math.log2(terms), RUN);
    const bits = Math.log2(terms) - run;
    return {
      bits,
      chunks: 2 ** bits,
      inside: `(((${X} & ${2 ** bits - 1}) << ${run}) | k)`,
      loop: `for (let k = 0; k < ${2 ** run}; k++)`,
    };
  };

  const gatherArgs = (map: LinearMap): { from: string; args: Arguments } => {
    let kept = -size;
    const moved: number[] = [];
    map.columns.forEach((column, i) => {
      if (column === 2 ** i) kept |= column;
      else moved.push(i);
    });
    const from = [
      `(${X} & kept)`,
      ...moved.map((_, j) => `(((${X} >> i${j}) & 1) * c${j})`),
      'flip',
    ].join(' ^ ');
    return {
      from,
      args: {
        ...integers({ kept, flip: map.flip }),
        ...numbered('i', moved),
        ...numbered(
          'c',
          moved.map((i) => map.columns[i]!),
        ),
      },
    };
  };

  /** A matrix on one or two positions: rows written out. */
  const smallMatrix: Recorder['matrix'] = (state, positions, place, { condition, adjoint }) => {
    const k = positions.length;
    const d = 2 ** k;
    const row = positions.map(
      (_, i) => ` + ((${X} >> p${i}) & 1) * ${2 ** (k - 1 - i) * (adjoint ? 2 : 2 * d)}`,
    );
    const source = (part: 'sr' | 'si'): string => {
      const lines = [`const t = off + ${example} * st${row.join('')};`];
      const terms: string[] = [];
      for (let c = 0; c < d; c++) {
        const set = positions.map((_, i) => ((c >> (k - 1 - i)) & 1 ? ` | b${i}` : '')).join('');
        lines.push(`const r${c} = sr[(${X} & rest)${set}];`);
        lines.push(`const i${c} = si[(${X} & rest)${set}];`);
        const entry = c * (adjoint ? 2 * d : 2);
        const ui = `${adjoint ? '-' : ''}m[t + ${entry + 1}]`;
        terms.push(product(part, `m[t + ${entry}]`, `(${ui})`, `r${c}`, `i${c}`));
      }
      return `${unless(condition, part)}${lines.join('\n')}\nreturn ${terms.join(' + ')};`;
    };
    const masks = positions.map((p) => 2 ** p);
    return both(source, state, {
      ...placeArgs(place),
      ...numbered('p', positions),
      ...numbered('b', masks),
      ...integers({ rest: ~masks.reduce((a, b) => a | b, 0) }),
      ...conditionArgs(condition),
    });
  };
  /** A matrix on any number of positions: a loop over a row. */
  const largeMatrix: Recorder['matrix'] = (state, positions, place, { condition, adjoint }) => {
    const k = positions.length;
    const d = 2 ** k;
    const offsets = new Float32Array(2 * d);
    for (let c = 0; c < d; c++) {
      let mask = 0;
      positions.forEach((p, i) => {
        if ((c >> (k - 1 - i)) & 1) mask |= 2 ** p;
      });
      offsets.set(halves(mask), 2 * c);
    }
    const row = `(${outcome(k)})`;
    const entry = adjoint ? `(c * ${d} + ${row}) * 2` : `(${row} * ${d} + c) * 2`;
    const from = `(${X} & rest) | o[2 * c] | (o[2 * c + 1] << ${HALF})`;
    const source = (part: 'sr' | 'si'): string => `${unless(condition, part)}let sum = 0;
for (let c = 0; c < ${d}; c++) {
const ur = ${at(entry)};
const ui = ${adjoint ? '-' : ''}${at(`${entry} + 1`)};
const xr = sr[${from}];
const xi = si[${from}];
sum += ${product(part, 'ur', 'ui', 'xr', 'xi')};
}
return sum;`;
    return both(source, state, {
      ...placeArgs(place),
      ...numbered('p', positions),
      o: ['Array', offsets],
      ...integers({ rest: ~positions.reduce((a, p) => a | (2 ** p), 0) }),
      ...conditionArgs(condition),
    });
  };

  return {
    start(prepared: readonly Prepared[]) {
      if (prepared.length === 0) {
        return [
          kernels.call(total, `if (${within} === 0) { return 1; }\nreturn 0;`, {}),
          kernels.call(total, 'return 0;', {}),
        ];
      }
      const covered = prepared.flatMap(({ positions }) => positions);
      const others = covered.reduce((mask, p) => mask & ~(2 ** p), size - 1);
      const tables = [...new Set(prepared.map(({ place }) => place.table))];
      const source = (part: 'sr' | 'si'): string => {
        const lines = [`if ((${X} & others) !== 0) { return 0; }`, 'let r = 1;', 'let i = 0;'];
        let used = 0;
        prepared.forEach(({ positions, place }, j) => {
          const number = positions
            .map((_, q) => ` + ((${X} >> p${used + q}) & 1) * ${2 ** (positions.length - q)}`)
            .join('');
          used += positions.length;
          const table = `m${tables.indexOf(place.table)}`;
          lines.push(
            `const a${j} = ${table}[off${j} + ${example} * st${j}${number}];`,
            `const b${j} = ${table}[off${j} + ${example} * st${j}${number} + 1];`,
            `const t${j} = r * a${j} - i * b${j};`,
            `i = r * b${j} + i * a${j};`,
            `r = t${j};`,
          );
        });
        return `${lines.join('\n')}\nreturn ${part === 'sr' ? 'r' : 'i'};`;
      };
      const args: Arguments = {
        ...Object.fromEntries(tables.map((table, i) => [`m${i}`, ['Array', table] as const])),
        ...numbered(
          'off',
          prepared.map(({ place }) => place.offset),
        ),
        ...numbered(
          'st',
          prepared.map(({ place }) => place.stride),
        ),
        ...integers({ others }),
        ...numbered('p', covered),
      };
      return (['sr', 'si'] as const).map((part) => kernels.call(total, source(part), args));
    },
    matrix: (state, positions, place, options) =>
      positions.length <= 2
        ? smallMatrix(state, positions, place, options)
        : largeMatrix(state, positions, place, options),
    gather(state, map) {
      const { from, args } = gatherArgs(map);
      return state.map((s) =>
        kernels.call(total, `return s[${from}];`, { s: ['Array', s], ...args }),
      );
    },
    diagonal(state, parts, place, adjoint) {
      const entry = `4 * j + 2 * ${parityUnder(X)}`;
      const source = (part: 'sr' | 'si'): string => `let pr = 1;
let pi = 0;
for (let j = 0; j < count; j++) {
${LOAD_PART}
if (${holds(X)}) {
const c = ${at(entry)};
const s = ${at(`${entry} + 1`)};
const qr = pr * c - pi * s;
pi = pr * s + pi * c;
pr = qr;
}
}
return ${product(part, 'pr', adjoint ? '(-pi)' : 'pi', `sr[${X}]`, `si[${X}]`)};`;
      return both(source, state, {
        ...placeArgs(place),
        z: ['Array', partTable(parts)],
        ...integers({ count: parts.length }),
      });
    },
    add: (a, b) =>
      a.map((_, i) =>
        kernels.call(total, `return a[${X}] + b[${X}];`, {
          a: ['Array', a[i]!],
          b: ['Array', b[i]!],
        }),
      ),
    words(state, words, place) {
      const from = `${X} ^ xl ^ (xh << ${HALF})`;
      const amount = product('sr', 'w[6 * t + 4]', 'w[6 * t + 5]', `sr[${from}]`, `si[${from}]`);
      const other = product('si', 'w[6 * t + 4]', 'w[6 * t + 5]', `sr[${from}]`, `si[${from}]`);
      const source = (part: 'sr' | 'si'): string => `let sum = 0;
for (let t = 0; t < count; t++) {
const zl = w[6 * t];
const zh = w[6 * t + 1];
const xl = w[6 * t + 2];
const xh = w[6 * t + 3];
sum += ${at('t')} * (1 - 2 * ${parityUnder(from)}) * (${part === 'sr' ? amount : other});
}
return sum;`;
      return both(source, state, {
        ...placeArgs(place),
        w: ['Array', wordTable(words)],
        ...integers({ count: words.length }),
      });
    },
    weighted(state, positions, place) {
      const inOrder = positions.length === n && positions.every((p, i) => p === n - 1 - i);
      const number = inOrder
        ? within
        : positions.length === 0
          ? '0'
          : `(${outcome(positions.length)})`;
      return state.map((s) =>
        kernels.call(total, `return ${at(number)} * s[${X}];`, {
          s: ['Array', s],
          ...placeArgs(place),
          ...(inOrder ? {} : numbered('p', positions)),
        }),
      );
    },
    strings(state, words) {
      const rows = padded(words.length);
      const { bits, chunks, inside, loop } = summing(size);
      const here = `(((${X} >> ${bits + Math.log2(rows)}) << ${n}) | ${inside})`;
      const from = `${here} ^ xl ^ (xh << ${HALF})`;
      const diagonal = words.every(({ x }) => x === 0);
      const term = diagonal
        ? `sr[${here}] * sr[${here}] + si[${here}] * si[${here}]`
        : `cr * (sr[${from}] * sr[${here}] + si[${from}] * si[${here}]) - ci * (sr[${from}] * si[${here}] - si[${from}] * sr[${here}])`;
      const source = `const t = (${X} >> ${bits}) & ${rows - 1};
if (t >= count) { return 0; }
const zl = w[6 * t];
const zh = w[6 * t + 1];
${diagonal ? '' : 'const xl = w[6 * t + 2];\nconst xh = w[6 * t + 3];\nconst cr = w[6 * t + 4];\nconst ci = w[6 * t + 5];\n'}let sum = 0;
${loop} {
sum += (1 - 2 * ${parityUnder(inside)}) * (${term});
}
return sum;`;
      const partial = kernels.call(batch * rows * chunks, source, {
        sr: ['Array', state[0]!],
        si: ['Array', state[1]!],
        w: ['Array', wordTable(words)],
        ...integers({ count: words.length }),
      });
      return sums(partial, batch * rows, chunks);
    },
    outer(a, b, positions, condition) {
      const k = positions.length;
      const { bits, chunks, inside, loop } = summing(2 ** (n - k));
      const ascending = positions.toSorted((p, q) => p - q);
      const base = `((${X} >> ${bits + 2 * k + 1}) << ${n})`;
      // A number with zeros let in at the positions.
      const spread = ascending.map(
        (_, i) => `const v${i + 1} = ((v${i} >> q${i}) << (q${i} + 1)) | (v${i} & (g${i} - 1));`,
      );
      const v = `v${k}`;
      const index = (first: number): string =>
        [
          base,
          v,
          ...positions.map((_, i) => `(((${X} >> ${bits + 1 + first - i}) & 1) * b${i})`),
        ].join(' | ');
      const [row, column] = [index(2 * k - 1), index(k - 1)];
      const term = `const xr = ar[${row}];
const xi = ai[${row}];
const yr = br[${column}];
const yi = bi[${column}];
if (im === 0) { sum += xr * yr + xi * yi; } else { sum += xi * yr - xr * yi; }`;
      const source = `const im = (${X} >> ${bits}) & 1;
let sum = 0;
${loop} {
const v0 = ${inside};
${spread.join('\n')}
${condition.mask === 0 ? term : `if ((${v} & cm) === cv) {\n${term}\n}`}
}
return sum;`;
      const partial = kernels.call(batch * 2 ** (2 * k + 1) * chunks, source, {
        ar: ['Array', a[0]!],
        ai: ['Array', a[1]!],
        br: ['Array', b[0]!],
        bi: ['Array', b[1]!],
        ...numbered(
          'b',
          positions.map((p) => 2 ** p),
        ),
        ...numbered('q', ascending),
        ...numbered(
          'g',
          ascending.map((p) => 2 ** p),
        ),
        ...conditionArgs(condition),
      });
      return sums(partial, batch * 2 ** (2 * k + 1), chunks);
    },
    partSums(a, b, parts) {
      const rows = padded(parts.length);
      const { bits, chunks, inside, loop } = summing(size);
      const here = `(((${X} >> ${bits + 1 + Math.log2(rows)}) << ${n}) | ${inside})`;
      const source = `const odd = (${X} >> ${bits}) & 1;
const j = (${X} >> ${bits + 1}) & ${rows - 1};
if (j >= count) { return 0; }
${LOAD_PART}
let sum = 0;
${loop} {
if (${holds(inside)}) {
if (${parityUnder(inside)} === odd) {
sum += ai[${here}] * br[${here}] - ar[${here}] * bi[${here}];
}
}
}
return sum;`;
      const partial = kernels.call(batch * rows * 2 * chunks, source, {
        ar: ['Array', a[0]!],
        ai: ['Array', a[1]!],
        br: ['Array', b[0]!],
        bi: ['Array', b[1]!],
        z: ['Array', partTable(parts)],
        ...integers({ count: parts.length }),
      });
      return sums(partial, batch * rows * 2, chunks);
    },
    probabilities(state, positions) {
      const { from, args } = gatherArgs(toTop(positions, n));
      const p = kernels.call(
        total,
        `const r = sr[${from}];
const i = si[${from}];
return r * r + i * i;`,
        { sr: ['Array', state[0]!], si: ['Array', state[1]!], ...args },
      );
      return sums(p, batch * 2 ** positions.length, 2 ** (n - positions.length));
    },
    amplitudes: (state) => [state[0]!, state[1]!],
  };
}

const unless = ({ mask }: Condition, part: 'sr' | 'si'): string =>
  mask === 0 ? '' : `if ((${X} & cm) !== cv) { return ${part}[${X}]; }\n`;
