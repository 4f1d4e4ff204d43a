/** Shaders for small circuits: whole circuits in workgroup memory, one or several examples to a workgroup. */
import { op, SHARED } from './encode.ts';
import { fromData, fromOthers, outer } from './matrix.ts';
import { bindings, cases, functions, sized } from './shader.ts';

/** How examples are laid out in a workgroup. */
export interface LocalShape {
  /** Amplitudes of ψ in a workgroup: those of one example, or of several. */
  readonly states: number;
  /** Threads. */
  readonly threads: number;
  /** Cosets of a matrix that a thread takes at a time, by its qubits, in shaders of few kinds. */
  readonly lanes: readonly number[];
  /** Whether the threads are one subgroup, so that they can tell each other what they read. */
  readonly told: boolean;
}

/** Amplitudes of a workgroup, by size: those of small circuits hold several examples, so that threads have work. */
const STATES = [256, 512, 1024];

/**
 * The shape for a number of qubits, with λ besides ψ so that gradients fit; undefined where the device's workgroups are too
 * small. Few shapes: each is a shader to compile.
 */
export function localShape(
  qubits: number,
  { bytes, threads: most, software, subgroup, tells }: Workgroups,
): LocalShape | undefined {
  const states = STATES.find((size) => 2 ** qubits <= size);
  if (states === undefined) return undefined;
  // Software adapters run the threads of a workgroup one after the other, a vector of them at a time.
  const threads = software ? subgroup : Math.min(most, states / 4);
  const lanes = !software ? LANES : subgroup <= 4 ? [4, 4, 4, 2] : [2, 2, 2, 1];
  return 16 * states + 8 * threads > bytes
    ? undefined
    : { states, threads, lanes, told: software && tells };
}

const WIDTHS = [1, 2, 3, 4] as const;
const LANES = [1, 1, 2, 2];
/** Of matrices that threads tell each other, whose entries cost little: but each has to be told to all. */
const TOLD_LANES = [4, 4, 4, 2];
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Kinds of steps and readings of most circuits that learn: shaders with these and no others are small, and made to be fast. */
const COMMON: readonly number[] = [1, 2, op.signs, op.parities, op.product];
const READINGS: readonly number[] = [
  op.signs,
  op.parities,
  op.strings,
  op.marginal,
  op.density,
  op.state,
];

/**
 * The kinds of entries that a shader for these has: one of six sets, as each takes time to compile. Matrices on few qubits with mean
 * values of products of Z, matrices with all readings, and everything, with and without matrices on four qubits.
 *
 * @param told whether threads tell each other what they read of matrices that examples share
 */
export function kindsOfShader(kinds: ReadonlySet<number>, told: boolean): ReadonlySet<number> {
  const all = [...kinds];
  const three = told ? SHARED + 3 : 3;
  if (all.every((kind) => kind === three || COMMON.includes(kind))) {
    if (!kinds.has(three)) return new Set(COMMON);
    return new Set([...COMMON.filter((kind) => kind !== 1 || kinds.has(1)), three]);
  }
  const matrices = told ? [1, 2, 3, SHARED + 3] : [1, 2, 3];
  if (all.every(isCommon)) return new Set([...matrices, ...READINGS, op.product]);
  const wide = told ? [4, SHARED + 4] : [4];
  const wider = wide.some((kind) => kinds.has(kind)) ? wide : [];
  return new Set([...matrices, ...wider, ...Object.values(op)]);
}

const isCommon = (kind: number): boolean =>
  kind === 3 || kind === SHARED + 3 || COMMON.includes(kind) || READINGS.includes(kind);

/** What a device allows its workgroups. */
export interface Workgroups {
  readonly bytes: number;
  readonly threads: number;
  readonly software: boolean;
  readonly subgroup: number;
  /** Whether shaders may use what subgroups do, all of which are of that size. */
  readonly tells: boolean;
}

/** Matrices on k qubits, over all amplitudes of a workgroup. */
const apply = (k: number, lanes: number): string => `
fn apply${k}(t: u32, total: u32, pc: u32, undo: bool) {
  let offset = code[pc + 4u]; let step = code[pc + 5u];
  let controls = code[pc + ${7 + k}u]; let value = code[pc + ${8 + k}u];
  let rows = 1u << code[pc];
  let cosets = (total >> ${k}u) >> controls;
  // What a thread takes at a time shares a matrix.
  let lanes = select(${lanes}u, min(${lanes}u, (STATES >> ${k}u) >> controls), step != 0u);
  for (var first = lanes * t; first < cosets; first += lanes * W) {
${fromData(k, lanes, {
  bit: (j) => `code[pc + ${7 + j}u]`,
  control: `code[pc + ${9 + k}u + j]`,
})}
  }
}`;

/** The same for matrices that all examples share. */
const applyShared = (k: number, lanes: number, threads: number): string => `
fn applyShared${k}(t: u32, total: u32, pc: u32, undo: bool) {
  let offset = code[pc + 4u];
  let controls = code[pc + ${7 + k}u]; let value = code[pc + ${8 + k}u];
  let rows = ${2 ** k}u + (code[pc] - ${SHARED + k}u);
  let cosets = (total >> ${k}u) >> controls;
  let lanes = ${lanes}u;
  for (var begin = 0u; begin < cosets; begin += lanes * W) {
    let first = begin + lanes * t;
    let mine = first < cosets;
${fromOthers(k, lanes, threads, {
  bit: (j) => `code[pc + ${7 + j}u]`,
  control: `code[pc + ${9 + k}u + j]`,
})}
  }
}`;

/** Steps by kind, over `total` amplitudes. */
const stepCases = (each: number): Map<number, string> => {
  const gather = (made: string): string => `var others: array<vec2f, ${each}>;
        var j = 0u;
        for (var i = t; i < total; i += W) { others[j] = ${made}(i, pc, undo); j++; }
        workgroupBarrier();
        j = 0u;
        for (var i = t; i < total; i += W) { amp[i] = others[j]; j++; }`;
  return new Map([
    ...WIDTHS.map((k) => [k, `apply${k}(t, total, pc, undo);`] as const),
    ...WIDTHS.map((k) => [SHARED + k, `applyShared${k}(t, total, pc, undo);`] as const),
    [op.diagonal, `for (var i = t; i < total; i += W) { amp[i] = phased(i, pc, undo); }`],
    [op.permutation, gather('permuted')],
    [op.wide, gather('widened')],
  ]);
};

/** Gradient cells of steps, by kind. */
const cellCases: ReadonlyMap<number, string> = new Map<number, string>([
  ...[...WIDTHS, ...WIDTHS.map((k) => SHARED + k)].map(
    (kind) =>
      [
        kind,
        `if (code[pc + 6u] != NONE) {
        outer${kind & 7}(t, items, pc, own, Part(0u, record, 0u, over >> ${kind & 7}u, 0u));
      }`,
      ] as const,
  ),
  [
    op.diagonal,
    'if (code[pc + 4u] != NONE) { phaseSums(t, items, pc, own, Part(0u, record, 0u, over, 0u)); }',
  ],
]);

/** Keeps a state of the examples. */
const keep = (from: string, at: string): string => `if (${at} != NONE) {
          for (var i = t; i < own; i += W) {
            let to = (begin + (i >> N)) * info.record + ${at} + 2u * (i & (STATES - 1u));
            out[to] = amp[${from} + i].x;
            out[to + 1u] = amp[${from} + i].y;
          }
        }`;

/**
 * Steps from `pc` on, kind by kind: software adapters run the code of steps of other kinds too, with no thread active, but less often
 * than if each step looked for its kind.
 */
const runs = (
  kinds: ReadonlySet<number>,
  steps: ReadonlyMap<number, string>,
  before = '',
  then: (kind: number) => string = () => '',
): string =>
  [...steps]
    .filter(([kind]) => kinds.has(kind))
    .map(
      ([kind, text]) => `
      for (; pc < last && code[pc] == ${kind}u; pc += code[pc + 1u]) {
        ${before}
        ${text}
        workgroupBarrier();
        ${then(kind)}
      }`,
    )
    .join('');

const readingCases: ReadonlyMap<number, string> = new Map<number, string>([
  [op.signs, 'signSums(t, examples, pc, whole);'],
  [op.strings, 'stringSums(t, examples, pc, whole);'],
  [op.density, 'densitySums(t, examples, pc, Part(0u, begin, 0u, STATES >> code[pc + 3u], 0u));'],
  [
    op.marginal,
    `let k = code[pc + 3u];
        outcomeSums(t, examples, pc, 0u, 1u << k, Part(0u, begin, 0u, STATES >> k, 0u));`,
  ],
  [op.state, keep('0u', 'code[pc + 2u]')],
]);

/** Writes a product of states of qubits. */
const productOf = (shape: LocalShape): string => {
  const { told, threads } = shape;
  // Where every thread has an entry of the lower table, they tell each other those of the upper one.
  const together = range(threads)
    .map((j) => `amp[x ^ subgroupBroadcast(y, ${j}u)] = mul(a, subgroupBroadcast(b, ${j}u));`)
    .join('\n          ');
  return `
fn writeProduct(t: u32, examples: u32, pc: u32) {
  let lower = code[pc + 4u];
  let low = 1u << lower;
  let high = STATES >> lower;
  let places = pc + 5u;
${
  told
    ? `  if (low >= W) {
    for (var e = 0u; e < examples; e++) {
      let m = code[pc + 2u] + code[pc + 3u] * (firstExample + e);
      for (var first = 0u; first < low; first += W) {
        let c = first + t;
        let a = data[m + c];
        let x = (e << N) | code[places + c];
        for (var h = 0u; h < high; h += W) {
          let r = low + min(h + lane, high - 1u);
          let b = data[m + r];
          let y = code[places + r];
          ${together}
        }
      }
    }
    return;
  }`
    : ''
}
  for (var i = t; i < examples << N; i += W) {
    let e = i >> N;
    let m = code[pc + 2u] + code[pc + 3u] * (firstExample + e);
    let c = i & (low - 1u);
    let r = low + ((i & (STATES - 1u)) >> lower);
    amp[(e << N) | (code[places + c] ^ code[places + r])] = mul(data[m + c], data[m + r]);
  }
}`;
};

/**
 * The shader of a shape, for values or for gradients. It reads runs of entries and does what they say.
 * @param kinds entries that may occur
 */
export function localShader(
  shape: LocalShape,
  kinds: ReadonlySet<number>,
  gradient: boolean,
): string {
  const { states, threads } = shape;
  const lanes = [...kinds].every(isCommon) ? shape.lanes : LANES;
  const own = WIDTHS.filter((k) => kinds.has(k));
  const shared = WIDTHS.filter((k) => kinds.has(SHARED + k));
  const widths = WIDTHS.filter((k) => own.includes(k) || shared.includes(k));
  const sumsOf = (kind: number): string => {
    const sums = cellCases.get(kind);
    return sums === undefined ? '' : `if (undo) { ${sums} }\n        workgroupBarrier();`;
  };
  const asPrepared = 'for (var i = t; i < own; i += W) { amp[i] = prepared(i); }';
  const begin = kinds.has(op.product)
    ? `if (info.preparations < info.preparationsEnd && code[info.preparations] == ${op.product}u) {
    writeProduct(t, examples, info.preparations);
  } else { ${asPrepared} }`
    : asPrepared;
  const forward = `
  let undo = false;
  let total = own;
  let last = info.stepsEnd;
  for (var pc = info.steps; pc < last;) {
    ${runs(kinds, stepCases(states / threads))}
  }
  for (var pc = info.readings; pc < info.readingsEnd; pc += code[pc + 1u]) {
    ${cases(kinds, readingCases)}
  }`;
  // Cells are those of an example, or those of all that a workgroup has, which are one to them.
  const sumsUp = `
  let together = info.together != 0u;
  let items = select(examples, 1u, together);
  let over = select(STATES, own, together);
  let record = select(begin, slot, together);
  more = together && g != slot;`;
  // One loop for both ways, whose end drivers do not know: else they would have all steps twice.
  const thereAndBack = `${sumsUp}
  for (var way = 0u; way < info.ways; way++) {
    let undo = way == 1u;
    if (undo) {
      ${keep('0u', 'info.endAt')}
      for (var i = t; i < own; i += W) { amp[own + i] = observed(i); }
    }
    workgroupBarrier();
    let all = select(own, 2u * own, undo);
    let last = select(info.stepsEnd, info.backEnd, undo);
    for (var pc = select(info.steps, info.back, undo); pc < last;) {
      ${runs(kinds, stepCases((2 * states) / threads), 'let total = select(all, 0u, pc == info.stop);', sumsOf)}
    }
  }
  ${keep('own', 'info.startAt')}`;
  return (
    (shape.told ? 'enable subgroups;\n' : '') +
    bindings +
    sized(`
const TOTAL = ${states}u;
const W = ${threads}u;
var<workgroup> amp: array<vec2f, ${gradient ? 2 * states : states}>;
var<workgroup> scratch: array<vec2f, W>;
var<private> firstExample: u32;
var<private> span: u32;
var<private> lane: u32;
/** λ follows ψ. */
fn exampleOf(i: u32) -> u32 { return firstExample + (select(i, i - span, i >= span) >> N); }
fn fullExamples() -> u32 { return TOTAL >> N; }
${functions(kinds, shape.told)}
${kinds.has(op.product) ? productOf(shape) : ''}
${own.map((k) => apply(k, lanes[k - 1] as number)).join('\n')}
${shared.map((k) => applyShared(k, TOLD_LANES[k - 1] as number, threads)).join('\n')}
${gradient ? widths.map((k) => outer(k, Math.max(1, 2 ** k / threads), threads)).join('\n') : ''}
@compute @workgroup_size(W)
fn main(@builtin(local_invocation_index) t: u32, @builtin(workgroup_id) group: vec3u${shape.told ? ', @builtin(subgroup_invocation_id) inSubgroup: u32' : ''}) {
  ${shape.told ? 'lane = inSubgroup;' : ''}
  let most = TOTAL >> N;
  let slot = group.x + group.y * 32768u;
  for (var g = slot; g < info.groups; g += info.stride) {
  let begin = g * most;
  let examples = min(most, info.count - begin);
  let own = examples << N;
  let whole = Part(0u, begin, 0u, STATES, 0u);
  firstExample = begin;
  span = own;
  ${begin}
  workgroupBarrier();
  ${gradient ? thereAndBack : forward}
  workgroupBarrier();
  }
}`)
  );
}
