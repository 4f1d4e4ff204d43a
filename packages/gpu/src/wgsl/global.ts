/** Shaders for large states: a pass over storage for every step, all circuits and sizes with the same pipelines. */
import type { Device } from '../adapter/device.ts';
import { op } from './encode.ts';
import { JOINED_WIDTH } from './joining.ts';
import { fromCall, fromData, outer } from './matrix.ts';
import { bindings, functions, sized } from './shader.ts';

/** Threads of a workgroup: few where they run one after the other, so that one core's are soon done. */
export const threadsOf = (narrow: boolean): number => (narrow ? 16 : 64);
/** Workgroups in the first dimension of a dispatch, at most. */
export const ROW = 32768;

/** Qubits of a matrix. */
export type Width = 1 | 2 | 3 | 4;

/**
 * Entry points, each a pass. `apply` takes a matrix from its uniforms, `several` some on four qubits, `own` those of the examples
 * from the data.
 */
export type Pass =
  | 'start'
  | `${'apply' | 'own' | 'cells'}${Width}`
  | 'several'
  | `${'permute' | 'widen' | 'phase'}${'' | 'Back'}`
  | 'observe'
  | 'phaseCells'
  | 'parity'
  | 'parities'
  | 'strings'
  | 'outcomes'
  | 'density'
  | 'keep';

/** Outcomes that a workgroup sums up, at most. */
export const BLOCK = 4096;

/** Every thread one index of `call.total`. */
const each = (name: string, body: string, threads = 'W', lane = false): string => `
@compute @workgroup_size(${threads})
fn ${name}(
  @builtin(local_invocation_index) t: u32,
  @builtin(workgroup_id) group: vec3u,
  ${lane ? '@builtin(subgroup_invocation_id) lane: u32,' : ''}
) {
  let i = (group.x + group.y * ${ROW}u) * ${threads} + t;
  ${body}
}`;

/** Every workgroup a chunk of the sums of an example. */
const chunk = (name: string, body: string): string => `
@compute @workgroup_size(W)
fn ${name}(@builtin(local_invocation_index) t: u32, @builtin(workgroup_id) group: vec3u) {
  let e = group.y + group.z * ${ROW}u;
  if (e >= info.count) { return; }
  let chunk = group.x % call.chunks;
  let pc = call.pc;
  let part = Part(e << N, e, chunk * call.terms, (chunk + 1u) * call.terms, chunk);
  ${body}
}`;

/** What decides how work is shared among threads. */
export type Breadth = Pick<Device, 'narrow' | 'software' | 'subgroup' | 'tells'>;

/**
 * Whether the threads of a subgroup read different entries of a matrix and tell them to each other. Software adapters are slow with
 * reads at a place that is not a constant, which they make for every thread.
 */
const areTold = (width: number, { software, tells }: Breadth): boolean =>
  software && tells && width > 2;

/** As many as a vector has masks. */
const MOST_JOINED = 4;
/**
 * How many matrices on four qubits a pass takes, one after the other. On software adapters waiting for all threads after each matrix
 * costs as much as a third of it; but narrow ones are faster without, and GPUs need more threads than there would be.
 */
export const mostJoined = (breadth: Breadth): number =>
  areTold(JOINED_WIDTH, breadth) && !breadth.narrow ? MOST_JOINED : 1;

/** How many cosets of a matrix on so many qubits a thread takes: entries are read once for all of them. */
export function lanesOf(width: number, { narrow, software }: Breadth): number {
  if (narrow) return width > 2 ? 8 : 4;
  return software || width <= 2 ? 2 : 1;
}

/** The same where all examples share the matrix. */
export const sharedLanes = (width: number, breadth: Breadth): number =>
  areTold(width, breadth) ? Math.max(4, lanesOf(width, breadth)) : lanesOf(width, breadth);

const WIDTHS = [1, 2, 3, 4] as const;
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Matrices, from thread i. */
const matrices = (breadth: Breadth): string[] =>
  WIDTHS.flatMap((k) => {
    const where = {
      bit: (j: number) => `call.bits[${j}]`,
      control: 'call.spread[j >> 2u][j & 3u]',
    };
    const told = areTold(k, breadth);
    const begin = (lanes: string, goesOn: boolean): string => `
  let lanes = ${lanes}; let cosets = call.total; let controls = call.controls; let value = call.value;
  let rows = call.rows;
  let first = i * lanes;
  ${goesOn ? 'let mine = first < cosets;' : 'if (first >= cosets) { return; }'}`;
    const most = sharedLanes(k, breadth);
    const subgroup = told ? breadth.subgroup : undefined;
    // Threads that run side by side read entries at once where their places are constants.
    const shared = fromCall(k, most, where, subgroup, !breadth.narrow);
    return [
      each(`apply${k}`, begin(`${most}u`, told) + shared, 'W', told),
      each(
        `own${k}`,
        `${begin('call.lanes', false)}
  let offset = call.offset; let step = call.step; let undo = call.undo != 0u;
${fromData(k, lanesOf(k, breadth), where)}`,
      ),
    ];
  });

/**
 * Several matrices: thread i has all amplitudes to itself that differ only in bits of their qubits, so that none waits for others.
 * The loop is one, not two: what does not change in an inner one would be read before it, and kept.
 */
const joined = (breadth: Breadth): string =>
  each(
    'several',
    `let mine = i < call.total;
  var base = min(i, call.total - 1u);
  for (var j = 0u; j < call.controls; j++) {
    let low = call.spread[j >> 2u][j & 3u] - 1u;
    base = ((base & ~low) << 1u) | (base & low);
  }
  let rows = call.rows;
  let lanes = ${sharedLanes(JOINED_WIDTH, breadth)}u;
  var q = 0u;
  var first = 0u;
  while (q < call.matrices) {
    var rest = call.bits[q];
    ${range(JOINED_WIDTH)
      .map((j) => `let own${j} = rest & (~rest + 1u); rest ^= own${j};`)
      .join('\n    ')}
    rest = call.free[q];
    let cosets = 1u << countOneBits(rest);
    ${range(JOINED_WIDTH)
      .map((j) => `let free${j} = rest & (~rest + 1u); rest ^= free${j};`)
      .join('\n    ')}
${fromCall(
  JOINED_WIDTH,
  sharedLanes(JOINED_WIDTH, breadth),
  {
    bit: (j) => `own${j}`,
    control: '',
    coset: (c) =>
      `base | ${range(JOINED_WIDTH)
        .map((j) => `select(0u, free${j}, (${c} & ${2 ** j}u) != 0u)`)
        .join(' | ')}`,
  },
  breadth.subgroup,
  false,
  `q * ${MATRIX_VECTORS}u`,
)}
    first += lanes;
    if (first >= cosets) {
      first = 0u;
      q += 1u;
    }
  }`,
    'JOINED',
    true,
  );

const passes = (breadth: Breadth): string[] => [
  // The other amplitudes are zero already.
  each(
    'start',
    `if (i < call.total) {
    var x = i;
    for (var j = 0u; j < call.controls; j++) {
      let low = call.spread[j >> 2u][j & 3u] - 1u;
      x = ((x & ~low) << 1u) | (x & low);
    }
    amp[x] = prepared(x);
  }`,
  ),
  ...matrices(breadth),
  ...(mostJoined(breadth) > 1 ? [joined(breadth)] : []),
  ...[false, true].flatMap((undo) => {
    const back = undo ? 'Back' : '';
    return [
      each(`permute${back}`, `if (i < call.total) { spare[i] = permuted(i, call.pc, ${undo}); }`),
      each(`widen${back}`, `if (i < call.total) { spare[i] = widened(i, call.pc, ${undo}); }`),
      each(`phase${back}`, `if (i < call.total) { amp[i] = phased(i, call.pc, ${undo}); }`),
    ];
  }),
  each('observe', 'if (i < call.total) { amp[info.lambda + i] = observed(i); }'),
  each(
    'keep',
    `if (i < call.total) {
    let to = (i >> N) * info.record + call.at + 2u * (i & (STATES - 1u));
    let a = amp[call.offset + i];
    out[to] = a.x;
    out[to + 1u] = a.y;
  }`,
  ),
  ...WIDTHS.map((k) => chunk(`cells${k}`, `outer${k}(t, 1u, pc, info.lambda, part);`)),
  chunk('phaseCells', 'phaseSums(t, 1u, pc, info.lambda, part);'),
  chunk('parity', 'paritySums1(t, 1u, pc, part);'),
  chunk('parities', 'paritySums8(t, 1u, pc, part);'),
  chunk('strings', 'stringSums(t, 1u, pc, part);'),
  chunk(
    'outcomes',
    `let begin = (group.x / call.chunks) * ${BLOCK}u;
  outcomeSums(t, 1u, pc, begin, min(begin + ${BLOCK}u, 1u << code[pc + 3u]), part);`,
  ),
  chunk('density', 'densitySums(t, 1u, pc, part);'),
];

/** Words of a call before the entries of its matrices. */
export const CALL_WORDS = 52;
/** Vectors of the largest matrix, and its bytes. */
const MATRIX_VECTORS = 128;
export const MATRIX_BYTES: number = 16 * MATRIX_VECTORS;
/** Bytes of the largest call. */
export const callBytes = (breadth: Breadth): number =>
  4 * CALL_WORDS + mostJoined(breadth) * MATRIX_BYTES;

/** The shader of all passes. */
export function globalShader(breadth: Breadth): string {
  const threads = threadsOf(breadth.narrow);
  const most = mostJoined(breadth);
  const text = `
struct Call {
  pc: u32, total: u32, chunks: u32, terms: u32,
  at: u32, offset: u32, step: u32, lanes: u32,
  controls: u32, value: u32, rows: u32, undo: u32,
  /** Of joined matrices: how many, and masks of their qubits and of those that number the cosets of each. */
  matrices: u32, pad0: u32, pad1: u32, pad2: u32,
  /** Bits of a matrix's qubits, or those masks. */
  bits: vec4u,
  free: vec4u,
  spread: array<vec4u, 7>,
  entries: array<vec4f, ${most * MATRIX_VECTORS}>,
}
@group(0) @binding(5) var<uniform> call: Call;
@group(1) @binding(0) var<storage, read_write> amp: array<vec2f>;
@group(1) @binding(1) var<storage, read_write> spare: array<vec2f>;
const W = ${threads}u;
/** Threads of a workgroup in passes of several matrices. */
const JOINED = ${breadth.subgroup}u;
var<workgroup> scratch: array<vec2f, W>;
fn fullExamples() -> u32 { return 1u; }
fn exampleOf(i: u32) -> u32 { return (i >> N) % info.count; }
${functions(new Set(Object.values(op)))}
${WIDTHS.map((k) => outer(k, 1, threads)).join('\n')}
${passes(breadth).join('\n')}`;
  return (
    (WIDTHS.some((k) => areTold(k, breadth)) ? 'enable subgroups;\n' : '') + bindings + sized(text)
  );
}
