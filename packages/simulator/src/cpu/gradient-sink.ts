import { sizeOf } from '@ketwork/base';
import type { Slot } from '@ketwork/circuit';
import { CHUNK } from './angles.ts';

/** Gradient of one slot under construction. */
interface Target {
  readonly slot: Slot;
  readonly size: number;
  /** `sum`: one row per chunk, added up at the end; `rows`: one row per example; `norms`: rows of the chunk in work. */
  readonly mode: 'sum' | 'rows' | 'norms';
  readonly data: Float64Array;
  readonly norms: Float64Array;
}

const NONE = new Float64Array(0);

/** Collects gradients of slots chunk by chunk, summed, per example or as squared norms. */
export class GradientSink {
  readonly #targets: ReadonlyMap<string, Target>;
  #start = 0;
  #count = 0;

  constructor(
    wrt: readonly Slot[],
    batch: number,
    options: { readonly perExample?: boolean; readonly squaredNorms?: boolean },
  ) {
    const chunks = Math.ceil(batch / CHUNK);
    this.#targets = new Map(
      wrt.map((slot) => {
        const size = sizeOf(slot.shape);
        const rows =
          slot.axis === 'batch' || (options.perExample === true && options.squaredNorms !== true);
        const mode = rows ? 'rows' : options.squaredNorms === true ? 'norms' : 'sum';
        const length = mode === 'rows' ? batch : mode === 'norms' ? Math.min(CHUNK, batch) : chunks;
        const norms = mode === 'norms' ? new Float64Array(batch) : NONE;
        return [slot.name, { slot, size, mode, data: new Float64Array(length * size), norms }];
      }),
    );
  }

  /** Bytes of gradients summed over the batch, while they are added up and when they are returned. */
  static bytes(wrt: readonly Slot[], batch: number): number {
    const chunks = Math.ceil(batch / CHUNK);
    return wrt.reduce((sum, { axis, shape }) => {
      const rows = axis === 'batch' ? batch : chunks === 1 ? 1 : chunks + 1;
      return sum + 8 * rows * sizeOf(shape);
    }, 0);
  }

  /** Whether this slot's gradient is collected. */
  wants(name: string): boolean {
    return this.#targets.has(name);
  }

  openChunk(start: number, count: number): void {
    this.#start = start;
    this.#count = count;
    for (const { mode, data } of this.#targets.values()) if (mode === 'norms') data.fill(0);
  }

  /** Adds to one element: a column of one number per example, or (shared slots, summed) one number. */
  add(slot: Slot, element: number, column: Float64Array): void {
    const target = this.#targets.get(slot.name);
    if (target === undefined) return;
    const { mode, size, data } = target;
    if (mode === 'sum') {
      const at = (this.#start / CHUNK) * size + element;
      data[at] = (data[at] as number) + (column[0] as number);
      return;
    }
    let at = (mode === 'rows' ? this.#start : 0) * size + element;
    for (let i = 0; i < this.#count; i++, at += size)
      data[at] = (data[at] as number) + (column[i] as number);
  }

  /** Where an example's gradient of a slot is to be added. */
  row(name: string, example: number): { data: Float64Array; start: number } {
    const { mode, size, data } = this.#targets.get(name) as Target;
    const row =
      mode === 'sum' ? this.#start / CHUNK : mode === 'rows' ? example : example - this.#start;
    return { data, start: row * size };
  }

  closeChunk(): void {
    for (const { mode, size, data, norms } of this.#targets.values()) {
      if (mode !== 'norms') continue;
      for (let i = 0; i < this.#count; i++) {
        let sum = 0;
        for (let j = 0; j < size; j++) sum += (data[i * size + j] as number) ** 2;
        // A slot's gradient comes from one pass; the passes of other slots add nothing.
        norms[this.#start + i] = (norms[this.#start + i] as number) + sum;
      }
    }
  }

  /** The gradients by slot name. */
  finish(): Record<string, Float64Array> {
    const out: Record<string, Float64Array> = {};
    for (const [name, { mode, size, data, norms }] of this.#targets) {
      out[name] = mode === 'norms' ? norms : mode === 'rows' ? data : treeSum(data, size);
    }
    return out;
  }
}

/**
 * Adds rows pairwise, in place: neighbours, then neighbours of these, … The order depends on the number of rows only, and
 * aligned runs of a power of two of rows may be added up first, elsewhere: their sums give the same bits.
 */
export function treeSum(rows: Float64Array, size: number): Float64Array {
  const count = rows.length / size;
  for (let step = 1; step < count; step *= 2) {
    for (let row = 0; row + step < count; row += 2 * step) {
      for (let i = 0; i < size; i++) {
        const at = row * size + i;
        rows[at] = (rows[at] as number) + (rows[at + step * size] as number);
      }
    }
  }
  return count === 1 ? rows : rows.slice(0, size);
}
