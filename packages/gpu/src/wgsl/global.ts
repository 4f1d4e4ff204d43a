/** Shaders for large states: a pass over storage for every step, all circuits and sizes with the same pipelines. */
import { bindings, functions, sized } from './shader.ts';

/** Threads of a workgroup. */
export const THREADS = 64;
/** Workgroups in the first dimension of a dispatch, at most. */
export const ROW = 32768;

/** Entry points, each a pass. */
export type Pass =
  | 'start'
  | `apply${1 | 2 | 3 | 4}`
  | `undo${1 | 2 | 3 | 4}`
  | `${'permute' | 'widen' | 'phase'}${'' | 'Back'}`
  | 'observe'
  | 'cells'
  | 'phaseCells'
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

const passes = [
  each('start', 'if (i < call.total) { amp[i] = prepared(i); }'),
  ...[1, 2, 3, 4].flatMap((k) =>
    ['apply', 'undo'].map((what) =>
      each(
        `pass_${what}${k}`,
        `apply${k}(i, call.stride, call.total, call.pc, ${what === 'undo'});`,
      ),
    ),
  ),
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
  chunk(
    'cells',
    'outer(t, 1u, pc + 7u, code[pc], code[pc + 2u], code[pc + 3u], info.lambda, code[pc + 6u], part);',
  ),
  chunk('phaseCells', 'phaseSums(t, 1u, pc, info.lambda, part);'),
  chunk('strings', 'stringSums(t, 1u, pc, part);'),
  chunk(
    'outcomes',
    `let begin = (group.x / call.chunks) * ${BLOCK}u;
  outcomeSums(t, 1u, pc, begin, min(begin + ${BLOCK}u, 1u << code[pc + 3u]), part);`,
  ),
  chunk('density', 'outer(t, 1u, pc + 4u, code[pc + 3u], 0u, 0u, 0u, code[pc + 2u], part);'),
];

/** The shader of all passes. */
export function globalShader(): string {
  const text = `
struct Call { pc: u32, total: u32, chunks: u32, terms: u32, at: u32, offset: u32, stride: u32 }
@group(0) @binding(5) var<uniform> call: Call;
@group(1) @binding(0) var<storage, read_write> amp: array<vec2f>;
@group(1) @binding(1) var<storage, read_write> spare: array<vec2f>;
const W = ${THREADS}u;
var<workgroup> scratch: array<vec2f, W>;
fn exampleOf(i: u32) -> u32 { return (i >> N) % info.count; }
${functions()}
${passes.join('\n')}`;
  return bindings + sized(text);
}

/** Name of the entry point of a pass. */
export const entryOf = (pass: Pass): string => (/^(apply|undo)/.test(pass) ? `pass_${pass}` : pass);
