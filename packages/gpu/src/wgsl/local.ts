/** Shaders for small circuits: whole circuits in workgroup memory, one or several examples to a workgroup. */
import { op } from './encode.ts';
import { fromData, outer } from './matrix.ts';
import { bindings, cases, functions, sized } from './shader.ts';

/** How examples are laid out in a workgroup. */
export interface LocalShape {
  /** Amplitudes of ψ in a workgroup: those of one example, or of several. */
  readonly states: number;
  /** Threads. */
  readonly threads: number;
  /** Cosets of a matrix that a thread takes at a time, by its qubits, in shaders of few kinds. */
  readonly lanes: readonly number[];
}

/** Amplitudes of a workgroup, by size: those of small circuits hold several examples, so that threads have work. */
const STATES = [256, 512, 1024];

/**
 * The shape for a number of qubits, with λ besides ψ so that gradients fit; undefined where the device's workgroups are too
 * small. Few shapes: each is a shader to compile.
 */
export function localShape(
  qubits: number,
  { bytes, threads: most, software, subgroup }: Workgroups,
): LocalShape | undefined {
  const states = STATES.find((size) => 2 ** qubits <= size);
  if (states === undefined) return undefined;
  // Software adapters run the threads of a workgroup one after the other, a vector of them at a time.
  const threads = software ? subgroup : Math.min(most, states / 4);
  const lanes = !software ? LANES : subgroup <= 4 ? [4, 4, 4, 2] : [2, 2, 2, 1];
  return 16 * states + 8 * threads > bytes ? undefined : { states, threads, lanes };
}

const WIDTHS = [1, 2, 3, 4] as const;
const LANES = [1, 1, 2, 2];

/** Kinds of steps and readings of most circuits that learn: shaders with these and no others are small, and made to be fast. */
const COMMON: readonly number[] = [1, 2, 3, op.parities];
const READINGS: readonly number[] = [op.parities, op.strings, op.marginal, op.density, op.state];

/**
 * The kinds of entries that a shader for these has: one of six sets, as each takes time to compile. Matrices on few qubits with mean
 * values of products of Z, matrices with all readings, and everything, with and without matrices on four qubits.
 */
export function kindsOfShader(kinds: ReadonlySet<number>): ReadonlySet<number> {
  if ([...kinds].every((kind) => COMMON.includes(kind))) {
    if (!kinds.has(3)) return new Set([1, 2, op.parities]);
    return new Set([...(kinds.has(1) ? [1] : []), 2, 3, op.parities]);
  }
  if ([...kinds].every((kind) => COMMON.includes(kind) || READINGS.includes(kind)))
    return new Set([1, 2, 3, ...READINGS]);
  return new Set([1, 2, 3, ...(kinds.has(4) ? [4] : []), ...Object.values(op)]);
}

/** What a device allows its workgroups. */
export interface Workgroups {
  readonly bytes: number;
  readonly threads: number;
  readonly software: boolean;
  readonly subgroup: number;
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
    [op.diagonal, `for (var i = t; i < total; i += W) { amp[i] = phased(i, pc, undo); }`],
    [op.permutation, gather('permuted')],
    [op.wide, gather('widened')],
  ]);
};

/** Gradient cells of steps, by kind. */
const cellCases: ReadonlyMap<number, string> = new Map<number, string>([
  ...WIDTHS.map(
    (k) =>
      [
        k,
        `if (code[pc + 6u] != NONE) {
        outer${k}(t, examples, pc, own, Part(0u, begin, 0u, STATES >> ${k}u, 0u));
      }`,
      ] as const,
  ),
  [op.diagonal, 'if (code[pc + 4u] != NONE) { phaseSums(t, examples, pc, own, whole); }'],
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
  then: (kind: number) => string,
): string =>
  [...steps]
    .filter(([kind]) => kinds.has(kind))
    .map(
      ([kind, text]) => `
      for (; pc < last && code[pc] == ${kind}u; pc += code[pc + 1u]) {
        ${text}
        workgroupBarrier();
        ${then(kind)}
      }`,
    )
    .join('');

const readingCases: ReadonlyMap<number, string> = new Map<number, string>([
  [op.parities, 'paritySums(t, examples, pc, whole);'],
  [op.strings, 'stringSums(t, examples, pc, whole);'],
  [op.density, 'densitySums(t, examples, pc, Part(0u, begin, 0u, STATES >> code[pc + 3u], 0u));'],
  [
    op.marginal,
    `let k = code[pc + 3u];
        outcomeSums(t, examples, pc, 0u, 1u << k, Part(0u, begin, 0u, STATES >> k, 0u));`,
  ],
  [op.state, keep('0u', 'code[pc + 2u]')],
]);

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
  const common = [...kinds].every((kind) => COMMON.includes(kind) || READINGS.includes(kind));
  const lanes = common ? shape.lanes : LANES;
  const widths = WIDTHS.filter((k) => kinds.has(k));
  const sumsOf = (kind: number): string => {
    const sums = cellCases.get(kind);
    return sums === undefined ? '' : `if (undo) { ${sums} }\n        workgroupBarrier();`;
  };
  const forward = `
  let undo = false;
  let total = own;
  let last = info.stepsEnd;
  for (var pc = info.steps; pc < last;) {
    ${runs(kinds, stepCases(states / threads), () => '')}
  }
  for (var pc = info.readings; pc < info.readingsEnd; pc += code[pc + 1u]) {
    ${cases(kinds, readingCases)}
  }`;
  // One loop for both ways, whose end drivers do not know: else they would have all steps twice.
  const thereAndBack = `
  for (var way = 0u; way < info.ways; way++) {
    let undo = way == 1u;
    if (undo) {
      ${keep('0u', 'info.endAt')}
      for (var i = t; i < own; i += W) { amp[own + i] = observed(i); }
    }
    workgroupBarrier();
    let total = select(own, 2u * own, undo);
    let last = select(info.stepsEnd, info.backEnd, undo);
    for (var pc = select(info.steps, info.back, undo); pc < last;) {
      ${runs(kinds, stepCases((2 * states) / threads), sumsOf)}
    }
  }
  ${keep('own', 'info.startAt')}`;
  return (
    bindings +
    sized(`
const TOTAL = ${states}u;
const W = ${threads}u;
var<workgroup> amp: array<vec2f, ${gradient ? 2 * states : states}>;
var<workgroup> scratch: array<vec2f, W>;
var<private> firstExample: u32;
var<private> span: u32;
/** λ follows ψ. */
fn exampleOf(i: u32) -> u32 { return firstExample + (select(i, i - span, i >= span) >> N); }
fn fullExamples() -> u32 { return TOTAL >> N; }
${functions(kinds)}
${widths.map((k) => apply(k, lanes[k - 1] as number)).join('\n')}
${gradient ? widths.map((k) => outer(k, Math.max(1, 2 ** k / threads), threads)).join('\n') : ''}
@compute @workgroup_size(W)
fn main(@builtin(local_invocation_index) t: u32, @builtin(workgroup_id) group: vec3u) {
  let most = TOTAL >> N;
  for (var g = group.x + group.y * 32768u; g < info.groups; g += info.stride) {
  let begin = g * most;
  let examples = min(most, info.count - begin);
  let own = examples << N;
  let whole = Part(0u, begin, 0u, STATES, 0u);
  firstExample = begin;
  span = own;
  for (var i = t; i < own; i += W) { amp[i] = prepared(i); }
  workgroupBarrier();
  ${gradient ? thereAndBack : forward}
  workgroupBarrier();
  }
}`)
  );
}
