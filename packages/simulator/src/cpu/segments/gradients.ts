import { sizeOf } from '@ketwork/base';
import type { Slot } from '@ketwork/circuit';
import { CHUNK } from '../angles.ts';
import { treeSum } from '../gradient-sink.ts';

/** How gradients of shared slots are returned. */
interface GradientMode {
  readonly perExample?: boolean;
  readonly squaredNorms?: boolean;
}

interface Target {
  readonly size: number;
  /** One row per example of the chunk, or one for all. */
  readonly chunk: Float64Array;
  readonly isRows: boolean;
  readonly isNorms: boolean;
  /** Rows of all examples or, summed, of all chunks; squared norms. */
  readonly all: Float64Array;
}

/**
 * Gradients of a program of several parts: those of all parts are added up chunk by chunk, so that sums over the batch have
 * the same bits however the batch is split, and norms are those of whole gradients.
 */
export class ChunkGradients {
  readonly #targets: ReadonlyMap<string, Target>;

  constructor(wrt: readonly Slot[], batch: number, mode: GradientMode) {
    const { perExample = false, squaredNorms = false } = mode;
    this.#targets = new Map(
      wrt.map(({ name, shape, axis }) => {
        const size = sizeOf(shape);
        const isNorms = squaredNorms && axis !== 'batch';
        const isRows = axis === 'batch' || perExample || squaredNorms;
        const chunk = new Float64Array(size * (isRows ? Math.min(CHUNK, batch) : 1));
        const length = isNorms ? batch : size * (isRows ? batch : Math.ceil(batch / CHUNK));
        return [name, { size, chunk, isRows, isNorms, all: new Float64Array(length) }];
      }),
    );
  }

  /** Whether this slot's gradient is collected. */
  wants(name: string): boolean {
    return this.#targets.has(name);
  }

  /** Where the gradient of an example of the chunk is to be added. */
  row(name: string, e: number): { readonly data: Float64Array; readonly start: number } {
    const { chunk, size, isRows } = this.#targets.get(name)!;
    return { data: chunk, start: isRows ? e * size : 0 };
  }

  /** Adds gradients of the chunk, in rows or summed as this collects them. */
  add(name: string, gradient: Float64Array): void {
    const { chunk } = this.#targets.get(name)!;
    for (let i = 0; i < gradient.length; i++) chunk[i]! += gradient[i]!;
  }

  /** Ends the chunk that began with this example. */
  close(first: number, count: number): void {
    for (const { size, chunk, isRows, isNorms, all } of this.#targets.values()) {
      if (isNorms) {
        for (let e = 0; e < count; e++) {
          let sum = 0;
          for (let i = e * size; i < (e + 1) * size; i++) sum += chunk[i]! ** 2;
          all[first + e] = sum;
        }
      } else if (isRows) all.set(chunk.subarray(0, count * size), first * size);
      else all.set(chunk, (first / CHUNK) * size);
      chunk.fill(0);
    }
  }

  /** The gradients by slot name. */
  finish(): Record<string, Float64Array> {
    return Object.fromEntries(
      [...this.#targets].map(([name, { all, isRows, size }]) => [
        name,
        isRows ? all : treeSum(all, size),
      ]),
    );
  }
}
