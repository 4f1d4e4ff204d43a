/** The functions of all shaders: steps, read-outs and sums over `amp`, wherever that is. */
import { NONE, op } from './encode.ts';

/** Bytes of the numbers of a call. */
export const INFO_BYTES = 96;

/** Bindings that all shaders have, and the numbers of a call. */
export const bindings = `
struct Info {
  /** Examples, and numbers per example of the record and of the weights. */
  count: u32, record: u32, weights: u32, lambda: u32,
  /** Parts of the table. */
  preparations: u32, preparationsEnd: u32, steps: u32, stepsEnd: u32,
  readings: u32, readingsEnd: u32, back: u32, backEnd: u32,
  bra: u32, braEnd: u32, startAt: u32, endAt: u32,
  /** Pieces of the batch, and workgroups, each of which takes every so manieth. */
  qubits: u32, groups: u32, stride: u32, ways: u32,
  /** The entry that is not undone, and whether a workgroup adds up the cells of all its examples. */
  stop: u32, together: u32,
}
@group(0) @binding(0) var<uniform> info: Info;
@group(0) @binding(1) var<storage, read> code: array<u32>;
@group(0) @binding(2) var<storage, read> data: array<vec2f>;
@group(0) @binding(3) var<storage, read> weights: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
`;

/** Index of coset c: its bits spread over the positions that the bits of a matrix leave free. */
const spread = `
fn spread(c: u32, at: u32, k: u32) -> u32 {
  var i = c;
  for (var j = 0u; j < k; j++) {
    let low = code[at + j] - 1u;
    i = ((i & ~low) << 1u) | (i & low);
  }
  return i;
}
/** Bits of row r of a matrix, in an index. */
fn place(r: u32, at: u32, k: u32) -> u32 {
  var i = 0u;
  for (var j = 0u; j < k; j++) { i |= select(0u, code[at + j], ((r >> j) & 1u) == 1u); }
  return i;
}
/** Row of an index. */
fn row(i: u32, at: u32, k: u32) -> u32 {
  var r = 0u;
  for (var j = 0u; j < k; j++) { r |= select(0u, 1u << j, (i & code[at + j]) != 0u); }
  return r;
}
fn mul(a: vec2f, b: vec2f) -> vec2f { return a.x * b + a.y * vec2f(-b.y, b.x); }
fn odd(bits: u32) -> bool { return (countOneBits(bits) & 1u) == 1u; }
`;

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Steps that make every amplitude of others: the caller keeps what they read until all are made. */
const gathers = `
fn permuted(i: u32, pc: u32, undo: bool) -> vec2f {
  let at = pc + 2u + select(0u, N + 1u, undo);
  var source = code[at] ^ (i & ~(STATES - 1u));
  for (var j = 0u; j < N; j++) { source ^= select(0u, code[at + 1u + j], ((i >> j) & 1u) == 1u); }
  return amp[source];
}
fn widened(i: u32, pc: u32, undo: bool) -> vec2f {
  if ((i & code[pc + 2u]) != code[pc + 3u]) { return amp[i]; }
  let k = code[pc + 6u]; let at = pc + 7u;
  let d = 1u << k;
  let m = code[pc + 4u] + code[pc + 5u] * exampleOf(i);
  let base = i & ~place(d - 1u, at, k);
  let r = row(i, at, k);
  var sum = vec2f();
  for (var c = 0u; c < d; c++) {
    let a = amp[base | place(c, at, k)];
    if (undo) { let v = data[m + c * d + r]; sum += mul(vec2f(v.x, -v.y), a); }
    else { sum += mul(data[m + r * d + c], a); }
  }
  return sum;
}
fn phased(i: u32, pc: u32, undo: bool) -> vec2f {
  var a = amp[i];
  let m = code[pc + 2u] + code[pc + 3u] * exampleOf(i);
  let parts = code[pc + 5u];
  for (var p = 0u; p < parts; p++) {
    let at = pc + 6u + 3u * p;
    if ((i & code[at]) != code[at + 1u]) { continue; }
    let v = data[m + 2u * p + select(0u, 1u, odd(i & code[at + 2u]))];
    a = mul(vec2f(v.x, select(v.y, -v.y, undo)), a);
  }
  return a;
}
fn turned(a: vec2f, power: u32, negative: bool) -> vec2f {
  var b = a;
  if (power == 1u) { b = vec2f(-a.y, a.x); }
  if (power == 2u) { b = -a; }
  if (power == 3u) { b = vec2f(a.y, -a.x); }
  return select(b, -b, negative);
}
`;

/** What is added to amplitude i of λ = O ψ, by the kind of an entry. */
const observing = new Map<number, string>([
  [
    op.parities,
    `let end = pc + 5u + 2u * code[pc + 4u];
        var factor = 0.0;
        for (var s = pc + 5u; s < end; s += 2u) {
          let weight = weights[at + code[s + 1u]];
          factor += select(weight, -weight, odd(x & code[s]));
        }
        sum += factor * amp[i];`,
  ],
  [
    op.strings,
    `let end = pc + 5u + 4u * code[pc + 4u];
        for (var s = pc + 5u; s < end; s += 4u) {
          let source = i ^ code[s];
          let a = turned(amp[source], code[s + 2u], odd(source & code[s + 1u]));
          sum += weights[at + code[s + 3u]] * a;
        }`,
  ],
  [op.marginal, 'sum += weights[at + row(x, pc + 4u, code[pc + 3u])] * amp[i];'],
  [
    op.density,
    `let k = code[pc + 3u];
        let d = 1u << k;
        let r = row(x, pc + 4u, k);
        let base = i & ~place(d - 1u, pc + 4u, k);
        for (var c = 0u; c < d; c++) {
          let h = at + 2u * (r * d + c);
          sum += mul(vec2f(weights[h], weights[h + 1u]), amp[base | place(c, pc + 4u, k)]);
        }`,
  ],
  [op.state, 'sum += vec2f(weights[at + 2u * x], weights[at + 2u * x + 1u]);'],
]);

/**
 * What depends on the kind of the entry at `pc`. Software adapters run the code of all cases, whatever the kind is: so shaders have
 * those that may occur and no others.
 */
export function cases(kinds: ReadonlySet<number>, code: ReadonlyMap<number, string>): string {
  const found = [...code].filter(([kind]) => kinds.has(kind));
  if (found.length <= 1) return found.map(([, text]) => `{ ${text} }`).join('');
  return `switch code[pc] {
${found.map(([kind, text]) => `      case ${kind}u: { ${text} }`).join('\n')}
      default: {}
    }`;
}

/** Amplitude i of the state at the start, and of λ = O ψ. */
const ends = (kinds: ReadonlySet<number>): string => `
fn prepared(i: u32) -> vec2f {
  let x = i & (STATES - 1u);
${
  kinds.has(op.preparation)
    ? `  var rest = x;
  var a = vec2f(1.0, 0.0);
  for (var pc = info.preparations; pc < info.preparationsEnd; pc += code[pc + 1u]) {
    let k = code[pc + 4u];
    a = mul(a, data[code[pc + 2u] + code[pc + 3u] * exampleOf(i) + row(x, pc + 5u, k)]);
    rest &= ~place((1u << k) - 1u, pc + 5u, k);
  }
  return select(a, vec2f(), rest != 0u);`
    : '  return vec2f(select(0.0, 1.0, x == 0u), 0.0);'
}
}
fn observed(i: u32) -> vec2f {
  let x = i & (STATES - 1u);
  let w = exampleOf(i) * info.weights;
  var sum = vec2f();
  for (var pc = info.bra; pc < info.braEnd; pc += code[pc + 1u]) {
    let at = w + code[pc + 2u];
    ${cases(kinds, observing)}
  }
  return sum;
}
`;

/** Lines for eight at a time. */
const eight = (write: (j: number) => string): string => range(8).map(write).join('\n');

const joinedInScratch = `scratch[t] = sum;
  workgroupBarrier();
  for (var half = slices >> 1u; half > 0u; half >>= 1u) {
    if (slice < half) { scratch[t] += scratch[t + half]; }
    workgroupBarrier();
  }
  return scratch[t];`;

/** For workgroups of one subgroup: the same sums in the same order. */
const joinedByShuffles = `var all = sum;
  for (var half = slices >> 1u; half > 0u; half >>= 1u) { all += subgroupShuffleXor(all, half); }
  return all;`;

/** Mean values of products of Z, so many of them at a time: one alone needs no more than its own sign. */
const paritySums = (together: number): string => {
  const each = range(together);
  const sign = (j: number): string => `let z${j} = code[min(s + ${2 * j}u, last)];`;
  const pairs = each.filter((j) => j % 2 === 0);
  const write = (j: number, part: string): string =>
    j < together
      ? `if (mine && block + ${j}u < terms) { out[to + code[s + ${2 * j + 1}u]] = both.${part}; }`
      : '';
  return `
fn paritySums${together}(t: u32, examples: u32, pc: u32, part: Part) {
  let terms = code[pc + 4u];
  let slices = slicesOf(1u);
  for (var block = 0u; block < terms; block += ${together}u) {
    let s = pc + 5u + 2u * block;
    let last = pc + 3u + 2u * terms;
    ${each.map(sign).join('\n    ')}
    for (var round = 0u; round < examples; round += W) {
      let own = share(t, round, slices);
      ${each.map((j) => `var s${j} = 0.0;`).join('\n      ')}
      if (own.item < examples) {
        let here = part.base + (own.item << N);
        for (var i = part.low + own.slice; i < part.high; i += slices) {
          let a = amp[here | i];
          let p = dot(a, a);
          ${each.map((j) => `s${j} += select(p, -p, odd(i & z${j}));`).join('\n          ')}
        }
      }
      let to = (part.first + own.item) * info.record + code[pc + 2u] + part.chunk * code[pc + 3u];
      let mine = own.slice == 0u && own.item < examples;
      ${pairs
        .map(
          (j) => `{
        let both = joined(t, own.slice, slices, vec2f(s${j}, ${j + 1 < together ? `s${j + 1}` : '0.0'}));
        ${write(j, 'x')}
        ${write(j + 1, 'y')}
      }`,
        )
        .join('\n      ')}
    }
  }
}
`;
};

/**
 * Sums over a state, or a part of it, of one or several examples in a workgroup: `W` threads, a power of two, share the sums of all
 * items; where there are fewer items than threads, several threads share an item.
 */
const sums = `
struct Share { item: u32, slice: u32 }
/** By the items of an example: whether the workgroup is full must not change the order of a sum. */
fn slicesOf(items: u32) -> u32 {
  let examples = select(fullExamples(), 1u, info.together != 0u);
  return 1u << firstLeadingBit(max(1u, W / (examples * items)));
}
/** Whether there are sums of cells already. */
var<private> more: bool;
fn addCell(to: u32, sum: vec2f) {
  var all = sum;
  if (more) { all += vec2f(out[to], out[to + 1u]); }
  out[to] = all.x;
  out[to + 1u] = all.y;
}
fn share(t: u32, round: u32, slices: u32) -> Share {
  if (slices > 1u) { return Share(t / slices, t % slices); }
  return Share(round + t, 0u);
}
/** The sum over the slices of an item, for the first of them. All threads of the workgroup call it. */
fn joined(t: u32, slice: u32, slices: u32, sum: vec2f) -> vec2f {
  if (slices == 1u) { return sum; }
  JOIN
}
struct Part { base: u32, first: u32, low: u32, high: u32, chunk: u32 }
/** A reduced density matrix. */
fn densitySums(t: u32, examples: u32, pc: u32, part: Part) {
  let k = code[pc + 3u]; let at = pc + 4u;
  let d = 1u << k;
  let items = examples << (2u * k);
  let slices = slicesOf(d * d);
  for (var round = 0u; round < items; round += W) {
    let own = share(t, round, slices);
    var sum = vec2f();
    let e = own.item >> (2u * k);
    if (own.item < items) {
      let a = place((own.item >> k) & (d - 1u), at, k);
      let b = place(own.item & (d - 1u), at, k);
      for (var c = part.low + own.slice; c < part.high; c += slices) {
        let here = part.base + ((e << N) | spread(c, at, k));
        let v = amp[here | b];
        sum += mul(vec2f(v.x, -v.y), amp[here | a]);
      }
    }
    sum = joined(t, own.slice, slices, sum);
    if (own.slice == 0u && own.item < items) {
      let to = (part.first + e) * info.record + code[pc + 2u]
        + 2u * ((part.chunk << (2u * k)) | (own.item & (d * d - 1u)));
      out[to] = sum.x;
      out[to + 1u] = sum.y;
    }
  }
}
/** Sums over the even and the odd indices of each part of a diagonal. */
fn phaseSums(t: u32, examples: u32, pc: u32, lambda: u32, part: Part) {
  let parts = code[pc + 5u];
  let items = examples * parts * 2u;
  let slices = slicesOf(parts * 2u);
  for (var round = 0u; round < items; round += W) {
    let own = share(t, round, slices);
    var sum = vec2f();
    let e = own.item / (parts * 2u);
    let cell = own.item % (parts * 2u);
    if (own.item < items) {
      let at = pc + 6u + 3u * (cell >> 1u);
      let wanted = (cell & 1u) == 1u;
      for (var i = part.low + own.slice; i < part.high; i += slices) {
        if ((i & code[at]) != code[at + 1u] || odd(i & code[at + 2u]) != wanted) { continue; }
        let here = part.base + ((e << N) | i);
        let v = amp[lambda + here];
        sum += mul(vec2f(v.x, -v.y), amp[here]);
      }
    }
    sum = joined(t, own.slice, slices, sum);
    if (own.slice == 0u && own.item < items) {
      addCell((part.first + e) * info.record + code[pc + 4u] + 2u * (part.chunk * parts * 2u + cell), sum);
    }
  }
}
${[1, 8].map(paritySums).join('')}/** The same with a table of signs, for states that are whole in workgroups. */
fn signSums(t: u32, examples: u32, pc: u32, part: Part) {
  let terms = code[pc + 4u];
  let slices = slicesOf(1u);
  for (var block = 0u; block < terms; block += 8u) {
    let names = pc + 5u + block;
    let table = pc + 5u + terms + ((block >> 5u) << N);
    for (var round = 0u; round < examples; round += W) {
      let own = share(t, round, slices);
${eight((j) => `      var s${j} = 0.0;`)}
      if (own.item < examples) {
        let here = own.item << N;
        for (var i = own.slice; i < STATES; i += slices) {
          let a = amp[here | i];
          let p = bitcast<u32>(dot(a, a));
          let word = code[table + i] >> (block & 31u);
${eight((j) => `          s${j} += bitcast<f32>(p ^ ((word << ${31 - j}u) & 0x80000000u));`)}
        }
      }
      let to = (part.first + own.item) * info.record + code[pc + 2u];
      let mine = own.slice == 0u && own.item < examples;
${[0, 2, 4, 6]
  .map(
    (j) => `      {
        let both = joined(t, own.slice, slices, vec2f(s${j}, s${j + 1}));
        if (mine && block + ${j}u < terms) { out[to + code[names + ${j}u]] = both.x; }
        if (mine && block + ${j + 1}u < terms) { out[to + code[names + ${j + 1}u]] = both.y; }
      }`,
  )
  .join('\n')}
    }
  }
}
fn stringSums(t: u32, examples: u32, pc: u32, part: Part) {
  let terms = code[pc + 4u];
  let items = examples * terms;
  let slices = slicesOf(terms);
  for (var round = 0u; round < items; round += W) {
    let own = share(t, round, slices);
    var sum = 0.0;
    let e = own.item / terms;
    let s = pc + 5u + 4u * (own.item % terms);
    if (own.item < items) {
      let x = code[s]; let z = code[s + 1u]; let power = code[s + 2u];
      for (var i = part.low + own.slice; i < part.high; i += slices) {
        let here = part.base + (e << N);
        let source = i ^ x;
        sum += dot(amp[here | i], turned(amp[here | source], power, odd(source & z)));
      }
    }
    let all = joined(t, own.slice, slices, vec2f(sum, 0.0)).x;
    if (own.slice == 0u && own.item < items) {
      out[(part.first + e) * info.record + code[pc + 2u] + part.chunk * code[pc + 3u] + code[s + 3u]] = all;
    }
  }
}
/** Probabilities of outcomes from \`begin\` to before \`end\`, over the given part of the other qubits. */
fn outcomeSums(t: u32, examples: u32, pc: u32, begin: u32, end: u32, part: Part) {
  let k = code[pc + 3u];
  let outcomes = end - begin;
  let items = examples * outcomes;
  let slices = slicesOf(outcomes);
  for (var round = 0u; round < items; round += W) {
    let own = share(t, round, slices);
    var sum = 0.0;
    let e = own.item / outcomes;
    let outcome = begin + own.item % outcomes;
    if (own.item < items) {
      let bits = place(outcome, pc + 4u, k) | (e << N);
      for (var c = part.low + own.slice; c < part.high; c += slices) {
        let a = amp[part.base + (bits | spread(c, pc + 4u, k))];
        sum += dot(a, a);
      }
    }
    let all = joined(t, own.slice, slices, vec2f(sum, 0.0)).x;
    if (own.slice == 0u && own.item < items) {
      out[(part.first + e) * info.record + code[pc + 2u] + (part.chunk << k) + outcome] = all;
    }
  }
}
`;

/**
 * Functions of the shaders. `amp`, `scratch`, `exampleOf` and `fullExamples` are the caller's; one shader serves all sizes, as the number
 * of qubits comes with the call. Sums expect that all examples they are asked for are there.
 *
 * @param told whether the threads of a workgroup are one subgroup, and shaders may use what those do
 */
export function functions(kinds: ReadonlySet<number>, told = false): string {
  const join = told ? joinedByShuffles : joinedInScratch;
  return [`const NONE = ${NONE}u;`, spread, gathers, ends(kinds), sums.replace('JOIN', join)].join(
    '\n',
  );
}

/** Fills in the number of qubits and of basis states. */
export const sized = (text: string): string =>
  text.replaceAll(/\bSTATES\b/g, '(1u << info.qubits)').replaceAll(/\bN\b/g, 'info.qubits');
