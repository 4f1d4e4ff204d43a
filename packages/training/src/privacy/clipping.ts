import type { Parameter } from '@ketwork/nn';
import { gradientRows } from './gradient-rows.ts';
import type { ClippingGroups, GradientRows } from './gradient-rows.ts';

/** Takes the sum over a stretch of examples, one array per parameter; they are written over after the call. */
export type GiveSum = (sum: readonly Float64Array[]) => void;

/** All parameters in one group, or those of each layer in one: names are equal up to the last dot. */
export function groupsOf(parameters: readonly Parameter[], perLayer: boolean): ClippingGroups {
  if (!perLayer) return [parameters.map((_, p) => p)];
  const groups = new Map<string, number[]>();
  parameters.forEach(({ name }, p) => {
    const layer = name.slice(0, Math.max(0, name.lastIndexOf('.')));
    const group = groups.get(layer) ?? [];
    group.push(p);
    groups.set(layer, group);
  });
  return [...groups.values()];
}

/** What decides how long a gradient may be. */
export class Clipper {
  readonly groups: ClippingGroups;
  /** Examples of the step none of whose groups was clipped. */
  unclipped = 0;
  #bound = 0;

  constructor(groups: ClippingGroups) {
    this.groups = groups;
  }

  /** Begins a step. @param norm Largest norm of the contribution of one example; each of L groups gets `norm / √L`. */
  begin(norm: number): void {
    this.unclipped = 0;
    this.#bound = norm / Math.sqrt(this.groups.length);
  }

  /** Puts factors on the gradients of examples in the place of the squares of the groups' norms, one array per group. */
  factors(squares: readonly Float64Array[], batch: number): readonly Float64Array[] {
    const bound = this.#bound;
    for (let e = 0; e < batch; e++) {
      let clipped = false;
      for (const group of squares) {
        const length = Math.sqrt(group[e]!);
        // A norm that is no number gives a factor that is none, and the step is refused.
        group[e] = length <= bound ? 1 : bound / length;
        if (length > bound) clipped = true;
      }
      if (!clipped) this.unclipped++;
    }
    return squares;
  }
}

/**
 * Sums of clipped gradients over stretches of so many examples, added up example by example, so that they have the same
 * bits however the examples are divided into passes.
 */
export class StretchSums {
  readonly #rows: GradientRows;
  readonly #clipper: Clipper;
  readonly #stretch: number;
  /** Examples in the sum. */
  #held = 0;

  constructor(parameters: readonly Parameter[], clipper: Clipper, stretch: number) {
    const sizes = parameters.map(({ data }) => data.length);
    this.#rows = gradientRows(sizes, clipper.groups);
    this.#clipper = clipper;
    this.#stretch = stretch;
  }

  /** Begins a step, whatever became of the one before. */
  begin(): void {
    this.#clear();
  }

  /**
   * Adds up examples.
   *
   * @param grads `[batch, ...shape]` of each parameter.
   * @param give Gets the sum of each stretch that comes to its end.
   */
  add(grads: readonly Float64Array[], batch: number, give: GiveSum): void {
    const { capacity } = this.#rows;
    for (let from = 0; from < batch; from += capacity)
      this.#addSome(grads, from, Math.min(capacity, batch - from), give);
  }

  #addSome(grads: readonly Float64Array[], from: number, count: number, give: GiveSum): void {
    const rows = this.#rows;
    rows.take(grads, from, count);
    this.#clipper.factors(rows.factors, count);
    for (let first = 0; first < count;) {
      const end = Math.min(count, first + this.#stretch - this.#held);
      rows.add(first, end);
      this.#held += end - first;
      first = end;
      if (this.#held === this.#stretch) this.close(give);
    }
  }

  /** Gives what is left of the last stretch. */
  close(give: GiveSum): void {
    if (this.#held === 0) return;
    give(this.#rows.sums);
    this.#clear();
  }

  #clear(): void {
    this.#held = 0;
    // For a handful of numbers a loop takes less time than a call of `fill`.
    for (const sum of this.#rows.sums) for (let i = 0; i < sum.length; i++) sum[i] = 0;
  }
}
