// Steps as gpu.js kernels in mode `webgpu`: real and imaginary parts in a buffer each, a kernel for each part. Indices into
// a batch are integers, written out where they are used or declared by `integer`: any other local variable is an f32, which
// is exact to 2^24 only. What is kept in those is smaller than a state.
import type { Kernels } from './kernels.ts';
import type { Handle } from './library.ts';
import { padded, RUN, toTop } from './recorder.ts';
import type { LinearMap, Prepared, Recorder, Shape, State } from './recorder.ts';
import {
  conditionArgs,
  HALF,
  halves,
  holds,
  integer,
  integers,
  LOAD_PART,
  movedFrom,
  numberAt,
  numbered,
  outcome,
  parityUnder,
  partTable,
  placeArgs,
  product,
  signTable,
  unless,
  wordTable,
  X,
} from './text.ts';
import type { Arguments } from './text.ts';

/** 2^NEIGHBOURS terms of a sum are written out. */
const NEIGHBOURS = 4;
/** From so many mean values of products of Z on, probabilities are made once for all of them. */
const MANY = 4;

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
      run,
      chunks: 2 ** bits,
      inside: `(((${X} & ${2 ** bits - 1}) << ${run}) | k)`,
      loop: `for (let k = 0; k < ${2 ** run}; k++)`,
    };
  };

  /** A matrix on one or two positions: rows written out. Where there is a map, the indices of a row are taken from it. */
  const smallMatrix: Recorder['matrix'] = (
    state,
    positions,
    place,
    { condition, adjoint, map, real = false, phases },
  ) => {
    const k = positions.length;
    const d = 2 ** k;
    const masks = positions.map((p) => 2 ** p);
    const covered = masks.reduce((a, b) => a | b, 0);
    const gathered = map === undefined ? undefined : movedFrom(map, n, covered);
    const shared = place.stride === 0 ? '' : ` + ${example} * st`;
    const rowLength = real ? d : 2 * d;
    const row = numberAt(X, positions, adjoint ? 2 : rowLength, (p) => `p${positions.indexOf(p)}`);
    const source = (part: 'sr' | 'si'): string => {
      const lines: string[] = [integer('t', `off${shared} + ${row}`)];
      const terms: string[] = [];
      for (let c = 0; c < d; c++) {
        // Each index from the one with its last bit cleared.
        const last = Math.log2(c & -c);
        const index = `j${c & (c - 1)} ^ b${k - 1 - last}`;
        lines.push(integer(`j${c}`, c === 0 ? (gathered?.from ?? `${X} & rest`) : index));
        if (real) {
          const own =
            phases === undefined
              ? `${part}[j${c}]`
              : product(part, `m[f${c}]`, `m[f${c} + 1]`, `sr[j${c}]`, `si[j${c}]`);
          if (phases !== undefined) lines.push(integer(`f${c}`, `ph + (j${c} & ${size - 1}) * 2`));
          terms.push(`m[t + ${c}] * (${own})`);
          continue;
        }
        lines.push(`const r${c} = sr[j${c}];`, `const i${c} = si[j${c}];`);
        const entry = c * (adjoint ? 2 * d : 2);
        const ui = `${adjoint ? '-' : ''}m[t + ${entry + 1}]`;
        terms.push(product(part, `m[t + ${entry}]`, `(${ui})`, `r${c}`, `i${c}`));
      }
      return `${unless(condition, part)}${lines.join('\n')}\nreturn ${terms.join(' + ')};`;
    };
    return both(source, state, {
      ...placeArgs(place),
      ...numbered('p', positions),
      ...numbered('b', map === undefined ? masks : positions.map((p) => map.columns[p]!)),
      ...(gathered?.args ?? integers({ rest: ~covered })),
      ...(phases === undefined ? {} : integers({ ph: phases })),
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

  const recorder: Recorder = {
    start(prepared: readonly Prepared[], map?: LinearMap) {
      const covered = prepared.flatMap(({ positions }) => positions);
      const others = covered.reduce((mask, p) => mask & ~(2 ** p), size - 1);
      const tables = [...new Set(prepared.map(({ place }) => place.table))];
      const gathered = map === undefined ? undefined : movedFrom(map, n);
      const source = (part: 'sr' | 'si'): string => {
        const lines = [integer('x', gathered?.from ?? X), integer('t', '0')];
        if (others !== 0) lines.push(`if ((x & ${others}) !== 0) { return 0; }`);
        if (prepared.length === 0) lines.push('let r = 1;', 'let i = 0;');
        prepared.forEach(({ positions, place: { table, offset, stride }, step }, j) => {
          const number = numberAt('x', positions, step, String);
          const own = stride === 0 ? '' : ` + ${example} * ${stride}`;
          const from = `m${tables.indexOf(table)}`;
          lines.push(
            `t = ${offset}${own} + ${number};`,
            `const a${j} = ${from}[t];`,
            `const b${j} = ${from}[t + 1];`,
          );
          if (j === 0) {
            lines.push('let r = a0;', 'let i = b0;');
            return;
          }
          lines.push(
            `const t${j} = r * a${j} - i * b${j};`,
            `i = r * b${j} + i * a${j};`,
            `r = t${j};`,
          );
        });
        return `${lines.join('\n')}\nreturn ${part === 'sr' ? 'r' : 'i'};`;
      };
      const args: Arguments = {
        ...Object.fromEntries(tables.map((table, i) => [`m${i}`, ['Array', table] as const])),
        ...gathered?.args,
      };
      return (['sr', 'si'] as const).map((part) => kernels.call(total, source(part), args));
    },
    matrix(state, positions, place, { map, ...options }) {
      if (positions.length <= 2 && options.condition.mask === 0)
        return smallMatrix(state, positions, place, { ...options, map });
      const moved = map === undefined ? state : recorder.gather(state, map);
      return positions.length <= 2
        ? smallMatrix(moved, positions, place, options)
        : largeMatrix(moved, positions, place, options);
    },
    gather(state, map) {
      const { from, args } = movedFrom(map, n);
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
      const own = place.stride === 0 ? '' : ` + ${example} * st`;
      const weight = 'm[first + t]';
      const sign = `(1 - 2 * ${parityUnder('j')})`;
      const diagonal = words.every(({ x }) => x === 0);
      const load = `const zl = w[6 * t];
const zh = w[6 * t + 1];`;
      const flip = `const xl = w[6 * t + 2];
const xh = w[6 * t + 3];
j = ${X} ^ xl ^ (xh << ${HALF});`;
      const source = (part: 'sr' | 'si'): string => {
        const term = product(part, 'w[6 * t + 4]', 'w[6 * t + 5]', 'sr[j]', 'si[j]');
        return `let sum = 0;
${integer('j', X)}
${integer('first', `off${own}`)}
for (let t = 0; t < count; t++) {
${load}
${diagonal ? `sum += ${weight} * ${sign};` : `${flip}\nsum += ${weight} * ${sign} * (${term});`}
}
return ${diagonal ? `sum * ${part}[j]` : 'sum'};`;
      };
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
      const { bits, run, chunks, inside, loop } = summing(size);
      const first = `((${X} >> ${bits + Math.log2(rows)}) << ${n})`;
      const amplitudes: Arguments = { sr: ['Array', state[0]!], si: ['Array', state[1]!] };
      const call = (source: string, from: Arguments, table: Float32Array): Handle =>
        sums(
          kernels.call(
            batch * rows * chunks,
            `const t = (${X} >> ${bits}) & ${rows - 1};\nif (t >= count) { return 0; }\n${source}`,
            {
              ...from,
              w: ['Array', table],
              ...integers({ count: words.length }),
            },
          ),
          batch * rows,
          chunks,
        );
      if (words.every(({ x }) => x === 0)) {
        // Signs of neighbours come from a table, those of whole groups of them from their number.
        const width = Math.min(run, NEIGHBOURS);
        const group = 2 ** width;
        const numbers = Array.from({ length: group }, (_, i) => i);
        const many = words.length >= MANY;
        const loads = numbers.map((i) =>
          many
            ? `const p${i} = p[b + ${i}];`
            : `const r${i} = sr[b + ${i}];\nconst i${i} = si[b + ${i}];\nconst p${i} = r${i} * r${i} + i${i} * i${i};`,
        );
        const terms = numbers.map((i) => `s${i} * p${i}`);
        const squares = `const r = sr[${X}];\nconst i = si[${X}];\nreturn r * r + i * i;`;
        const signs = numbers.map((i) => `const s${i} = w[t * ${2 + group} + ${2 + i}];`);
        const from = `(((${X} & ${chunks - 1}) << ${run}) | (k << ${width}))`;
        return call(
          `const zl = w[t * ${2 + group}];
const zh = w[t * ${2 + group} + 1];
${signs.join('\n')}
let sum = 0;
${integer('v', '0')}
${integer('b', '0')}
for (let k = 0; k < ${2 ** (run - width)}; k++) {
v = ${from};
b = ${first} | v;
${loads.join('\n')}
sum += (1 - 2 * ${parityUnder('v')}) * (${terms.join(' + ')});
}
return sum;`,
          many ? { p: ['Array', kernels.call(total, squares, amplitudes)] } : amplitudes,
          signTable(words, group),
        );
      }
      const here = `(${first} | ${inside})`;
      const from = `${here} ^ xl ^ (xh << ${HALF})`;
      return call(
        `const zl = w[6 * t];
const zh = w[6 * t + 1];
const xl = w[6 * t + 2];
const xh = w[6 * t + 3];
const cr = w[6 * t + 4];
const ci = w[6 * t + 5];
let sum = 0;
${loop} {
sum += (1 - 2 * ${parityUnder(inside)}) * (cr * (sr[${from}] * sr[${here}] + si[${from}] * si[${here}]) - ci * (sr[${from}] * si[${here}] - si[${from}] * sr[${here}]));
}
return sum;`,
        amplitudes,
        wordTable(words),
      );
    },
    outer(a, b, positions, condition) {
      const k = positions.length;
      const { bits, chunks, inside, loop } = summing(2 ** (n - k));
      const ascending = positions.toSorted((p, q) => p - q);
      const base = `((${X} >> ${bits + 2 * k + 1}) << ${n})`;
      // A number with zeros let in at the positions.
      const spread = ascending.map(
        (_, i) => `v${i + 1} = ((v${i} >> q${i}) << (q${i} + 1)) | (v${i} & (g${i} - 1));`,
      );
      const v = `v${k}`;
      const index = (first: number): string =>
        [
          base,
          ...positions.map((_, i) => `(((${X} >> ${bits + 1 + first - i}) & 1) * b${i})`),
        ].join(' | ');
      const term = `const xr = ar[row | ${v}];
const xi = ai[row | ${v}];
const yr = br[column | ${v}];
const yi = bi[column | ${v}];
re += xr * yr + xi * yi;
im += xi * yr - xr * yi;`;
      const source = `let re = 0;
let im = 0;
${integer('row', index(2 * k - 1))}
${integer('column', index(k - 1))}
${Array.from({ length: k + 1 }, (_, i) => integer(`v${i}`, '0')).join('\n')}
${loop} {
v0 = ${inside};
${spread.join('\n')}
${condition.mask === 0 ? term : `if ((${v} & cm) === cv) {\n${term}\n}`}
}
if (((${X} >> ${bits}) & 1) === 0) { return re; }
return im;`;
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
      const { from, args } = movedFrom(toTop(positions, n), n);
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
  return recorder;
}
