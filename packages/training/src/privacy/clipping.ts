import type { Parameter } from '@ketwork/nn';

/** Parameters that are clipped together, by their places. */
export type ClippingGroups = readonly (readonly number[])[];

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

/** The sum of clipped gradients, example by example, so that it has the same bits however the examples are divided into passes. */
export class ClippedSum {
  readonly sum: readonly Float64Array[];
  /** Examples none of whose groups was clipped. */
  unclipped = 0;
  readonly #groups: ClippingGroups;
  readonly #bound: number;

  /** @param norm Largest norm of the contribution of one example; each of L groups gets `norm / √L`. */
  constructor(parameters: readonly Parameter[], groups: ClippingGroups, norm: number) {
    this.sum = parameters.map(({ data }) => new Float64Array(data.length));
    this.#groups = groups;
    this.#bound = norm / Math.sqrt(groups.length);
  }

  /** @param grads `[batch, ...shape]` of each parameter. */
  add(grads: readonly Float64Array[], batch: number): void {
    const whole = new Uint8Array(batch).fill(1);
    for (const group of this.#groups) {
      const factors = new Float64Array(batch);
      for (const p of group) addSquares(grads[p]!, batch, factors);
      for (let e = 0; e < batch; e++) {
        const length = Math.sqrt(factors[e]!);
        // A norm that is no number gives a factor that is none, and the step is refused.
        factors[e] = length <= this.#bound ? 1 : this.#bound / length;
        if (length > this.#bound) whole[e] = 0;
      }
      for (const p of group) addScaled(this.sum[p]!, grads[p]!, factors);
    }
    for (const one of whole) this.unclipped += one;
  }
}

function addSquares(grad: Float64Array, batch: number, squares: Float64Array): void {
  const size = grad.length / batch;
  for (let e = 0, i = 0; e < batch; e++) {
    let sum = 0;
    for (const end = i + size; i < end; i++) sum += grad[i]! * grad[i]!;
    squares[e]! += sum;
  }
}

function addScaled(sum: Float64Array, grad: Float64Array, factors: Float64Array): void {
  const size = sum.length;
  for (let e = 0, i = 0; e < factors.length; e++) {
    const factor = factors[e]!;
    for (let k = 0; k < size; k++, i++) sum[k]! += factor * grad[i]!;
  }
}
