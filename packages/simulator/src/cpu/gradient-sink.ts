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
  /** Whether something was added to the rows of the chunk in work. */
  touched: boolean;
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
    options: {
      readonly perExample?: boolean;
      readonly squaredNorms?: boolean;
      /** Arrays to take for rows, by slot, where their lengths fit. */
      readonly reuse?: Readonly<Record<string, Float64Array | undefined>>;
      /** Slots of which all numbers of all rows are set. */
      readonly set?: ReadonlySet<string>;
    },
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
        const { name } = slot;
        const given = mode === 'rows' ? options.reuse?.[name] : undefined;
        const fits = given instanceof Float64Array && given.length === length * size;
        if (fits && options.set?.has(name) !== true) given.fill(0);
        const data = fits ? given : new Float64Array(length * size);
        return [name, { slot, size, mode, data, norms, touched: false }];
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
    for (const target of this.#targets.values()) {
      if (target.mode === 'norms' && target.touched) target.data.fill(0);
      target.touched = false;
    }
  }

  /** Adds to one element: a column of one number per example, or (shared slots, summed) one number. */
  add(slot: Slot, element: number, column: Float64Array): void {
    const target = this.#targets.get(slot.name);
    if (target === undefined) return;
    target.touched = true;
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

  /** Where an example's gradient of a slot, `size` numbers, is to be added; that of the next one lies behind it. */
  row(name: string, example: number): { data: Float64Array; start: number; size: number } {
    const target = this.#targets.get(name) as Target;
    target.touched = true;
    const { mode, size, data } = target;
    const row =
      mode === 'sum' ? this.#start / CHUNK : mode === 'rows' ? example : example - this.#start;
    return { data, start: row * size, size };
  }

  /** The squared norms of a slot's gradients by example, where they come without the gradients. */
  norms(name: string): Float64Array {
    return (this.#targets.get(name) as Target).norms;
  }

  closeChunk(): void {
    for (const { mode, size, data, norms, touched } of this.#targets.values()) {
      if (mode !== 'norms' || !touched) continue;
      // A slot's gradient comes from one pass; the passes of other slots add nothing.
      addSquares(data, size, norms, this.#start, this.#count);
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

/** Adds sums of squares of rows. Four sums at once, since each addition waits for the one before. */
function addSquares(
  rows: Float64Array,
  size: number,
  squares: Float64Array,
  start: number,
  count: number,
): void {
  for (let i = 0, at = 0; i < count; i++) {
    const end = at + size;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (; at + 3 < end; at += 4) {
      a += (rows[at] as number) ** 2;
      b += (rows[at + 1] as number) ** 2;
      c += (rows[at + 2] as number) ** 2;
      d += (rows[at + 3] as number) ** 2;
    }
    for (; at < end; at++) a += (rows[at] as number) ** 2;
    squares[start + i] = (squares[start + i] as number) + (a + b + (c + d));
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
