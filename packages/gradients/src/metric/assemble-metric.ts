import { sizeOf } from '@ketwork/base';
import type { Circuit, Slot } from '@ketwork/circuit';
import type { SlotValues } from '@ketwork/simulator';
import { chainRule } from '../chain-rule.ts';
import type { Dependent } from '../chain-rule.ts';
import type { Computation } from '../evaluate.ts';
import type { Variation } from '../method.ts';

/** What a metric tensor is wanted of. */
export interface MetricTask {
  readonly circuit: Circuit;
  readonly wanted: readonly Slot[];
  readonly memory: number;
}

/** A method prepared: what is compiled and how its runs make the tensor. */
export interface PreparedMetric {
  readonly variations: readonly Variation[];
  readonly evaluations: number;
  run(values: SlotValues, seed: number): Computation<Float64Array>;
}

/** `J^T g J`: the tensor by elements of slots, `[batch, P, P]`, from that by angles, `[batch, n, n]`. */
export function bySlots(
  { circuit, wanted }: MetricTask,
  angles: readonly Dependent[],
  values: SlotValues,
  tensor: Float64Array,
): Float64Array {
  const n = angles.length;
  const offsets: number[] = [];
  let size = 0;
  for (const { shape } of wanted) {
    offsets.push(size);
    size += sizeOf(shape);
  }
  const out = new Float64Array(values.batch * size * size);
  const partials = chainRule(circuit, angles, wanted, values);
  for (let b = 0; b < values.batch; b++) {
    const lists = angles.map((_, i) =>
      partials(i, b).map(({ slot, element, partial }) => ({
        p: offsets[slot]! + element,
        partial,
      })),
    );
    lists.forEach((left, i) => {
      lists.forEach((right, j) => {
        const g = tensor[(b * n + i) * n + j]!;
        if (g === 0) return;
        for (const x of left) {
          for (const y of right) out[(b * size + x.p) * size + y.p]! += x.partial * g * y.partial;
        }
      });
    });
  }
  return out;
}

/** `Re⟨a|b⟩` and `Im⟨a|b⟩` of interleaved vectors. */
function inner(a: Float64Array, b: Float64Array): { re: number; im: number } {
  let re = 0;
  let im = 0;
  for (let i = 0; i < a.length; i += 2) {
    re += a[i]! * b[i]! + a[i + 1]! * b[i + 1]!;
    im += a[i]! * b[i + 1]! - a[i + 1]! * b[i]!;
  }
  return { re, im };
}

/** `Re(⟨∂_i ψ|∂_j ψ⟩ − ⟨∂_i ψ|ψ⟩⟨ψ|∂_j ψ⟩)` of one example, written to `out` from `offset` on. */
export function fubiniStudy(
  psi: Float64Array,
  slopes: readonly Float64Array[],
  out: Float64Array,
  offset: number,
): void {
  const n = slopes.length;
  const along = slopes.map((slope) => inner(psi, slope));
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) {
      const { re } = inner(slopes[i]!, slopes[j]!);
      // Re(conj(a) b) for a = ⟨ψ|∂_i ψ⟩ and b = ⟨ψ|∂_j ψ⟩.
      const g = re - along[i]!.re * along[j]!.re - along[i]!.im * along[j]!.im;
      out[offset + i * n + j] = g;
      out[offset + j * n + i] = g;
    }
  }
}
