import type { Parameter } from '@ketwork/nn';

/** Parameters that are clipped together, by their places. */
export type ClippingGroups = readonly (readonly number[])[];

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

  /** Factors on the gradients of examples, one array per group, from the squares of the groups' norms, which are written over. */
  factors(squares: readonly Float64Array[], batch: number): readonly Float64Array[] {
    const clipped = new Uint8Array(batch);
    for (const group of squares) {
      for (let e = 0; e < batch; e++) {
        const length = Math.sqrt(group[e]!);
        // A norm that is no number gives a factor that is none, and the step is refused.
        group[e] = length <= this.#bound ? 1 : this.#bound / length;
        if (length > this.#bound) clipped[e] = 1;
      }
    }
    for (let e = 0; e < batch; e++) this.unclipped += 1 - clipped[e]!;
    return squares;
  }
}

/**
 * Sums of clipped gradients over stretches of so many examples, added up example by example, so that they have the same
 * bits however the examples are divided into passes.
 */
export class StretchSums {
  readonly #sum: readonly Float64Array[];
  readonly #clipper: Clipper;
  readonly #stretch: number;
  /** Examples in the sum. */
  #held = 0;

  constructor(parameters: readonly Parameter[], clipper: Clipper, stretch: number) {
    this.#sum = parameters.map(({ data }) => new Float64Array(data.length));
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
    const { groups } = this.#clipper;
    const squares = groups.map((group) => {
      const sum = new Float64Array(batch);
      for (const p of group) addSquares(grads[p]!, sum);
      return sum;
    });
    const factors = this.#clipper.factors(squares, batch);
    for (let first = 0; first < batch;) {
      const end = Math.min(batch, first + this.#stretch - this.#held);
      for (let g = 0; g < groups.length; g++)
        for (const p of groups[g]!) addScaled(this.#sum[p]!, grads[p]!, factors[g]!, first, end);
      this.#held += end - first;
      first = end;
      if (this.#held === this.#stretch) this.close(give);
    }
  }

  /** Gives what is left of the last stretch. */
  close(give: GiveSum): void {
    if (this.#held === 0) return;
    give(this.#sum);
    this.#clear();
  }

  #clear(): void {
    this.#held = 0;
    // For a handful of numbers a loop takes less time than a call of `fill`.
    for (const sum of this.#sum) for (let i = 0; i < sum.length; i++) sum[i] = 0;
  }
}

/** Adds the squared norm of each row of `grad`. Four sums at once, since each addition waits for the one before. */
function addSquares(grad: Float64Array, squares: Float64Array): void {
  const size = grad.length / squares.length;
  for (let e = 0, i = 0; e < squares.length; e++) {
    const end = i + size;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (; i + 3 < end; i += 4) {
      a += grad[i]! * grad[i]!;
      b += grad[i + 1]! * grad[i + 1]!;
      c += grad[i + 2]! * grad[i + 2]!;
      d += grad[i + 3]! * grad[i + 3]!;
    }
    for (; i < end; i++) a += grad[i]! * grad[i]!;
    squares[e]! += a + b + (c + d);
  }
}

/** Adds rows times their factors, in their order, two at once where there are as many. */
function addScaled(
  sum: Float64Array,
  grad: Float64Array,
  factors: Float64Array,
  first: number,
  end: number,
): void {
  const size = sum.length;
  let e = first;
  for (; e + 1 < end; e += 2) {
    const a = factors[e]!;
    const b = factors[e + 1]!;
    const at = e * size;
    const next = at + size;
    for (let k = 0; k < size; k++) sum[k] = sum[k]! + a * grad[at + k]! + b * grad[next + k]!;
  }
  if (e === end) return;
  const factor = factors[e]!;
  for (let k = 0, i = e * size; k < size; k++, i++) sum[k]! += factor * grad[i]!;
}
