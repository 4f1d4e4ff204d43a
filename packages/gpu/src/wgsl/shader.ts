/** The functions of all shaders: steps, read-outs and sums over `amp`, wherever that is. */
import { NONE, op } from './encode.ts';

/** Bindings that all shaders have, and the numbers of a call. */
export const bindings = `
struct Info {
  /** Examples, and numbers per example of the record and of the weights. */
  count: u32, record: u32, weights: u32, lambda: u32,
  /** Parts of the table. */
  preparations: u32, preparationsEnd: u32, program: u32, programEnd: u32,
  bra: u32, braEnd: u32, startAt: u32, endAt: u32,
  qubits: u32, pad0: u32, pad1: u32, pad2: u32,
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

/**
 * A matrix on k qubits, or (undone) its conjugate transpose, in place. Amplitudes stay in registers, so that rows can be a
 * loop: written out, sixteen of them take drivers seconds to compile. Entries of large matrices serve two neighbouring
 * products; matrices that examples have of their own are that large only where an example has many products.
 */
function apply(k: number): string {
  const d = 2 ** k;
  const rows = Array.from({ length: d }, (_, r) => r);
  const list = Array.from({ length: k }, (_, j) => j);
  const index = (r: number, l: number): string =>
    [`i${l}`, ...list.filter((j) => ((r >> j) & 1) === 1).map((j) => `b${j}`)].join(' | ');
  const row = list.map((j) => `select(0u, b${j}, (r & ${2 ** j}u) != 0u)`).join(' | ');
  const lanes = Array.from({ length: k > 2 ? 2 : 1 }, (_, l) => l);
  const each = (write: (l: number) => string): string => lanes.map(write).join('\n');
  const load = (l: number): string => `
    var i${l} = min(c + ${l}u, cosets - 1u);
${list.map((j) => `    i${l} = ((i${l} & ~(b${j} - 1u)) << 1u) | (i${l} & (b${j} - 1u));`).join('\n')}
    let on${l} = (i${l} & mask) == value;
${rows.map((r) => `    let a${r}_${l} = amp[${index(r, l)}];`).join('\n')}`;
  const product = (c: number): string => `      v = data[m + ${c}u * across];
${each((l) => `      s${l} += v.x * a${c}_${l} + sign * v.y * vec2f(-a${c}_${l}.y, a${c}_${l}.x);`)}`;
  return `
fn apply${k}(first: u32, stride: u32, total: u32, pc: u32, undo: bool) {
  let mask = code[pc + 2u]; let value = code[pc + 3u];
  let offset = code[pc + 4u]; let step = code[pc + 5u];
  let down = select(${d}u, 1u, undo);
  let across = select(1u, ${d}u, undo);
  let sign = select(1.0, -1.0, undo);
${list.map((j) => `  let b${j} = code[pc + ${7 + j}u];`).join('\n')}
  let cosets = total >> ${k}u;
  for (var c = ${lanes.length}u * first; c < cosets; c += ${lanes.length}u * stride) {
${each(load)}
    if (!(${lanes.map((l) => `on${l}`).join(' || ')})) { continue; }
    var m = offset;
    // A division, where examples have matrices of their own.
    if (step != 0u) { m += step * exampleOf(i0); }
    for (var r = 0u; r < ${d}u; r++) {
      let to = ${row};
      var v: vec2f;
${each((l) => `      var s${l} = vec2f();`)}
${rows.map(product).join('\n')}
${each((l) => `      if (on${l}) { amp[i${l} | to] = s${l}; }`)}
      m += down;
    }
  }
}`;
}

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
fn prepared(i: u32) -> vec2f {
  let x = i & (STATES - 1u);
  var rest = x;
  var a = vec2f(1.0, 0.0);
  for (var pc = info.preparations; pc < info.preparationsEnd; pc += code[pc + 1u]) {
    let k = code[pc + 4u];
    a = mul(a, data[code[pc + 2u] + code[pc + 3u] * exampleOf(i) + row(x, pc + 5u, k)]);
    rest &= ~place((1u << k) - 1u, pc + 5u, k);
  }
  if (rest != 0u) { return vec2f(); }
  return a;
}
fn turned(a: vec2f, power: u32, negative: bool) -> vec2f {
  var b = a;
  if (power == 1u) { b = vec2f(-a.y, a.x); }
  if (power == 2u) { b = -a; }
  if (power == 3u) { b = vec2f(a.y, -a.x); }
  return select(b, -b, negative);
}
/** Amplitude i of λ = O ψ. */
fn observed(i: u32) -> vec2f {
  let x = i & (STATES - 1u);
  let w = exampleOf(i) * info.weights;
  var sum = vec2f();
  for (var pc = info.bra; pc < info.braEnd; pc += code[pc + 1u]) {
    let at = w + code[pc + 2u];
    switch code[pc] {
      case ${op.strings}u: {
        let terms = code[pc + 3u];
        for (var t = 0u; t < terms; t++) {
          let s = pc + 4u + 3u * t;
          let source = i ^ code[s];
          sum += weights[at + t] * turned(amp[source], code[s + 2u], odd(source & code[s + 1u]));
        }
      }
      case ${op.marginal}u: { sum += weights[at + row(x, pc + 4u, code[pc + 3u])] * amp[i]; }
      case ${op.density}u: {
        let k = code[pc + 3u];
        let d = 1u << k;
        let r = row(x, pc + 4u, k);
        let base = i & ~place(d - 1u, pc + 4u, k);
        for (var c = 0u; c < d; c++) {
          let h = at + 2u * (r * d + c);
          sum += mul(vec2f(weights[h], weights[h + 1u]), amp[base | place(c, pc + 4u, k)]);
        }
      }
      default: { sum += vec2f(weights[at + 2u * x], weights[at + 2u * x + 1u]); }
    }
  }
  return sum;
}
`;

/**
 * Sums over a state, or a part of it, of one or several examples in a workgroup: `W` threads share the sums of all items;
 * where there are fewer items than threads, several threads share an item.
 */
const sums = `
struct Share { item: u32, slice: u32, slices: u32 }
fn share(t: u32, round: u32, items: u32) -> Share {
  let slices = max(1u, W / items);
  if (slices > 1u) { return Share(t / slices, t % slices, slices); }
  return Share(round + t, 0u, 1u);
}
/** The sum over the slices of an item, in their order, for the first of them. All threads of the workgroup call it. */
fn joined(t: u32, own: Share, sum: vec2f) -> vec2f {
  scratch[t] = sum;
  workgroupBarrier();
  var all = sum;
  if (own.slice == 0u) { for (var s = 1u; s < own.slices && t + s < W; s++) { all += scratch[t + s]; } }
  workgroupBarrier();
  return all;
}
struct Part { base: u32, first: u32, low: u32, high: u32, chunk: u32 }
/** Σ ψ λ† on the qubits of a matrix, λ = ψ for a reduced density matrix. */
fn outer(t: u32, examples: u32, at: u32, k: u32, mask: u32, value: u32, lambda: u32, cells: u32, part: Part) {
  let d = 1u << k;
  let items = examples << (2u * k);
  for (var round = 0u; round < items; round += W) {
    let own = share(t, round, items);
    var sum = vec2f();
    let e = own.item >> (2u * k);
    if (own.item < items) {
      let a = place((own.item >> k) & (d - 1u), at, k);
      let b = place(own.item & (d - 1u), at, k);
      for (var c = part.low + own.slice; c < part.high; c += own.slices) {
        let i = spread(c, at, k);
        if ((i & mask) != value) { continue; }
        let here = part.base + ((e << N) | i);
        let v = amp[lambda + (here | b)];
        sum += mul(vec2f(v.x, -v.y), amp[here | a]);
      }
    }
    sum = joined(t, own, sum);
    if (own.slice == 0u && own.item < items && part.first + e < info.count) {
      let to = (part.first + e) * info.record + cells
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
  for (var round = 0u; round < items; round += W) {
    let own = share(t, round, items);
    var sum = vec2f();
    let e = own.item / (parts * 2u);
    let cell = own.item % (parts * 2u);
    if (own.item < items) {
      let at = pc + 6u + 3u * (cell >> 1u);
      let wanted = (cell & 1u) == 1u;
      for (var i = part.low + own.slice; i < part.high; i += own.slices) {
        if ((i & code[at]) != code[at + 1u] || odd(i & code[at + 2u]) != wanted) { continue; }
        let here = part.base + ((e << N) | i);
        let v = amp[lambda + here];
        sum += mul(vec2f(v.x, -v.y), amp[here]);
      }
    }
    sum = joined(t, own, sum);
    if (own.slice == 0u && own.item < items && part.first + e < info.count) {
      let to = (part.first + e) * info.record + code[pc + 4u] + 2u * (part.chunk * parts * 2u + cell);
      out[to] = sum.x;
      out[to + 1u] = sum.y;
    }
  }
}
fn stringSums(t: u32, examples: u32, pc: u32, part: Part) {
  let terms = code[pc + 3u];
  let items = examples * terms;
  for (var round = 0u; round < items; round += W) {
    let own = share(t, round, items);
    var sum = 0.0;
    let e = own.item / terms;
    let term = own.item % terms;
    if (own.item < items) {
      let s = pc + 4u + 3u * term;
      let x = code[s]; let z = code[s + 1u]; let power = code[s + 2u];
      for (var i = part.low + own.slice; i < part.high; i += own.slices) {
        let here = part.base + (e << N);
        let source = i ^ x;
        sum += dot(amp[here | i], turned(amp[here | source], power, odd(source & z)));
      }
    }
    let all = joined(t, own, vec2f(sum, 0.0)).x;
    if (own.slice == 0u && own.item < items && part.first + e < info.count) {
      out[(part.first + e) * info.record + code[pc + 2u] + part.chunk * terms + term] = all;
    }
  }
}
/** Probabilities of outcomes from \`low\` to before \`high\`, over the given part of the other qubits. */
fn outcomeSums(t: u32, examples: u32, pc: u32, begin: u32, end: u32, part: Part) {
  let k = code[pc + 3u];
  let outcomes = end - begin;
  let items = examples * outcomes;
  for (var round = 0u; round < items; round += W) {
    let own = share(t, round, items);
    var sum = 0.0;
    let e = own.item / outcomes;
    let outcome = begin + own.item % outcomes;
    if (own.item < items) {
      let bits = place(outcome, pc + 4u, k) | (e << N);
      for (var c = part.low + own.slice; c < part.high; c += own.slices) {
        let a = amp[part.base + (bits | spread(c, pc + 4u, k))];
        sum += dot(a, a);
      }
    }
    let all = joined(t, own, vec2f(sum, 0.0)).x;
    if (own.slice == 0u && own.item < items && part.first + e < info.count) {
      out[(part.first + e) * info.record + code[pc + 2u] + (part.chunk << k) + outcome] = all;
    }
  }
}
`;

/**
 * Functions of the shaders. `amp`, `scratch` and `exampleOf` are the caller's; one shader serves all sizes, as the number
 * of qubits comes with the call.
 */
export function functions(): string {
  return [`const NONE = ${NONE}u;`, spread, ...[1, 2, 3, 4].map(apply), gathers, sums].join('\n');
}

/** Fills in the number of qubits and of basis states. */
export const sized = (text: string): string =>
  text.replaceAll(/\bSTATES\b/g, '(1u << info.qubits)').replaceAll(/\bN\b/g, 'info.qubits');
