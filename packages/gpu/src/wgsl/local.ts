/** Shaders for small circuits: whole circuits in workgroup memory, one or several examples to a workgroup. */
import { kept, op } from './encode.ts';
import { bindings, functions, sized } from './shader.ts';

/** How examples are laid out in a workgroup. */
export interface LocalShape {
  /** Amplitudes of ψ in a workgroup: those of one example, or of several. */
  readonly states: number;
  /** Threads. */
  readonly threads: number;
}

/** Amplitudes of a workgroup, by size: those of small circuits hold several examples, so that threads have work. */
const STATES = [256, 512, 1024];
/** Software adapters run the threads of a workgroup one after the other, a vector of them at a time. */
const SOFTWARE_THREADS = 4;

/**
 * The shape for a number of qubits, with λ besides ψ so that gradients fit; undefined where the device's workgroups are too
 * small. Few shapes: each is a shader to compile.
 */
export function localShape(
  qubits: number,
  { bytes, threads: most, software }: Workgroups,
): LocalShape | undefined {
  const states = STATES.find((size) => 2 ** qubits <= size);
  if (states === undefined) return undefined;
  const threads = software ? SOFTWARE_THREADS : Math.min(most, states / 4);
  return 16 * states + 8 * threads > bytes ? undefined : { states, threads };
}

/** What a device allows its workgroups. */
export interface Workgroups {
  readonly bytes: number;
  readonly threads: number;
  readonly software: boolean;
}

/** The shader of a shape, with room for λ where there are gradients. It reads a run of entries and does what they say. */
export function localShader({ states, threads }: LocalShape, gradient: boolean): string {
  const each = ((gradient ? 2 : 1) * states) / threads;
  return (
    bindings +
    sized(`
const TOTAL = ${states}u;
const W = ${threads}u;
var<workgroup> amp: array<vec2f, ${gradient ? 2 * states : states}>;
var<workgroup> scratch: array<vec2f, W>;
var<private> firstExample: u32;
fn exampleOf(i: u32) -> u32 {
  return min(firstExample + ((i & (TOTAL - 1u)) >> N), info.count - 1u);
}
${functions()}
@compute @workgroup_size(W)
fn main(@builtin(local_invocation_index) t: u32, @builtin(workgroup_id) group: vec3u) {
  let examples = TOTAL >> N;
  firstExample = (group.x + group.y * 32768u) * examples;
  for (var i = t; i < TOTAL; i += W) { amp[i] = prepared(i); }
  workgroupBarrier();
  var total = TOTAL;
  var undo = false;
  for (var pc = info.program; pc < info.programEnd; pc += code[pc + 1u]) {
    let kind = code[pc];
    let whole = Part(0u, firstExample, 0u, STATES, 0u);
    switch kind {
      case 1u: { apply1(t, W, total, pc, undo); }
      case 2u: { apply2(t, W, total, pc, undo); }
      case 3u: { apply3(t, W, total, pc, undo); }
      case 4u: { apply4(t, W, total, pc, undo); }
      case ${op.diagonal}u: { for (var i = t; i < total; i += W) { amp[i] = phased(i, pc, undo); } }
      case ${op.permutation}u, ${op.wide}u: {
        var others: array<vec2f, ${each}>;
        for (var j = 0u; j < ${each}u; j++) {
          let i = t + j * W;
          if (i >= total) { break; }
          if (kind == ${op.permutation}u) { others[j] = permuted(i, pc, undo); }
          else { others[j] = widened(i, pc, undo); }
        }
        workgroupBarrier();
        for (var j = 0u; j < ${each}u; j++) {
          let i = t + j * W;
          if (i >= total) { break; }
          amp[i] = others[j];
        }
      }
      case ${op.state}u: {
        let which = code[pc + 3u];
        var at = code[pc + 2u];
        if (which == ${kept.end}u) { at = info.endAt; }
        if (which == ${kept.start}u) { at = info.startAt; }
        let from_ = select(0u, TOTAL, which == ${kept.start}u);
        for (var i = t; i < TOTAL; i += W) {
          let example = firstExample + (i >> N);
          if (example < info.count && at != NONE) {
            let to = example * info.record + at + 2u * (i & (STATES - 1u));
            out[to] = amp[from_ + i].x;
            out[to + 1u] = amp[from_ + i].y;
          }
        }
      }
${gradient ? `      case ${op.observe}u: { for (var i = t; i < TOTAL; i += W) { amp[TOTAL + i] = observed(i); } }` : ''}
      case ${op.strings}u: { stringSums(t, examples, pc, whole); }
      case ${op.marginal}u: {
        let k = code[pc + 3u];
        outcomeSums(t, examples, pc, 0u, 1u << k, Part(0u, firstExample, 0u, STATES >> k, 0u));
      }
      default: {}
    }
    if (kind == ${op.observe}u) {
      undo = true;
      total = 2u * TOTAL;
    }
    workgroupBarrier();
    if (kind == ${op.diagonal}u && undo && code[pc + 4u] != NONE) {
      phaseSums(t, examples, pc, TOTAL, whole);
    }
    let cells = kind <= 4u && undo && code[pc + 6u] != NONE;
    if (cells || kind == ${op.density}u) {
      let k = select(code[pc + 3u], kind, cells);
      let mask = select(0u, code[pc + 2u], cells);
      let value = select(0u, code[pc + 3u], cells);
      let at = select(code[pc + 2u], code[pc + 6u], cells);
      outer(t, examples, pc + select(4u, 7u, cells), k, mask, value, select(0u, TOTAL, cells), at,
        Part(0u, firstExample, 0u, STATES >> k, 0u));
    }
  }
}`)
  );
}
