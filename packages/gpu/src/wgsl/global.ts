/** Shaders for large states: a pass over storage for every step, all circuits and sizes with the same pipelines. */
import type { Device } from '../adapter/device.ts';
import { op } from './encode.ts';
import { fromData, matrix, outer } from './matrix.ts';
import { bindings, functions, sized } from './shader.ts';

/** Threads of a workgroup: few where they run one after the other, so that one core's are soon done. */
export const threadsOf = (narrow: boolean): number => (narrow ? 16 : 64);
/** Workgroups in the first dimension of a dispatch, at most. */
export const ROW = 32768;

/** Qubits of a matrix. */
export type Width = 1 | 2 | 3 | 4;

/** Entry points, each a pass. `apply` takes a matrix from its uniforms, `own` those of the examples from the data. */
export type Pass =
  | 'start'
  | `${'apply' | 'own' | 'cells'}${Width}`
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
const each = (name: string, body: string): string => `
@compute @workgroup_size(W)
fn ${name}(@builtin(local_invocation_index) t: u32, @builtin(workgroup_id) group: vec3u) {
  let i = (group.x + group.y * ${ROW}u) * W + t;
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
export type Breadth = Pick<Device, 'narrow' | 'software'>;

/** How many cosets of a matrix on so many qubits a thread takes: entries are read once for all of them. */
export function lanesOf(width: number, { narrow, software }: Breadth): number {
  if (narrow) return width > 2 ? 8 : 4;
  return software || width <= 2 ? 2 : 1;
}

const WIDTHS = [1, 2, 3, 4] as const;

/** Matrices, from thread i. */
const matrices = (breadth: Breadth): string[] =>
  WIDTHS.flatMap((k) => {
    const most = lanesOf(k, breadth);
    const where = {
      bit: (j: number) => `call.bits[${j}]`,
      control: 'call.spread[j >> 2u][j & 3u]',
    };
    const begin = (lanes: string): string => `
  let lanes = ${lanes}; let cosets = call.total; let controls = call.controls; let value = call.value;
  let rows = call.rows;
  let first = i * lanes;
  if (first >= cosets) { return; }`;
    const half = (c: number): string => ((c & 1) === 0 ? 'xy' : 'zw');
    const entry = (c: number, r?: number): string =>
      r === undefined
        ? `call.entries[m + ${c >> 1}u].${half(c)}`
        : `call.entries[${(r * 2 ** k + c) >> 1}].${half(c)}`;
    const fromCall = matrix(
      k,
      most,
      { ...where, entry, sign: '' },
      `var m = 0u; let down = ${2 ** k / 2}u;`,
      // Threads that run side by side read them at once.
      !breadth.narrow,
    );
    return [
      each(`apply${k}`, begin(`${most}u`) + fromCall),
      each(
        `own${k}`,
        `${begin('call.lanes')}
  let offset = call.offset; let step = call.step; let undo = call.undo != 0u;
${fromData(k, most, where)}`,
      ),
    ];
  });

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

/** Words of a call before the entries of its matrix, and bytes with the largest one. */
export const CALL_WORDS = 48;
export const CALL_BYTES: number = 4 * CALL_WORDS + 16 * 128;

/** The shader of all passes. */
export function globalShader(breadth: Breadth): string {
  const threads = threadsOf(breadth.narrow);
  const text = `
struct Call {
  pc: u32, total: u32, chunks: u32, terms: u32,
  at: u32, offset: u32, step: u32, lanes: u32,
  controls: u32, value: u32, rows: u32, undo: u32,
  pad0: u32, pad1: u32, pad2: u32, pad3: u32,
  bits: vec4u,
  spread: array<vec4u, 7>,
  entries: array<vec4f, 128>,
}
@group(0) @binding(5) var<uniform> call: Call;
@group(1) @binding(0) var<storage, read_write> amp: array<vec2f>;
@group(1) @binding(1) var<storage, read_write> spare: array<vec2f>;
const W = ${threads}u;
var<workgroup> scratch: array<vec2f, W>;
fn fullExamples() -> u32 { return 1u; }
fn exampleOf(i: u32) -> u32 { return (i >> N) % info.count; }
${functions(new Set(Object.values(op)))}
${WIDTHS.map((k) => outer(k, 1, threads)).join('\n')}
${passes(breadth).join('\n')}`;
  return bindings + sized(text);
}
