import { ValueError } from '@ketwork/base';

/** How gradients are kept small before each step. */
export interface ClipOptions {
  /** Largest Euclidean norm of all gradients together; longer ones are scaled down to it. */
  readonly norm?: number;
  /** Largest absolute value of each number, applied before the norm. */
  readonly value?: number;
}

/** Refuses bounds that are no positive numbers. */
export function checkClip(where: string, { norm, value }: ClipOptions): void {
  for (const [name, bound] of [
    ['norm', norm],
    ['value', value],
  ] as const) {
    if (bound !== undefined && !(bound > 0 && bound < Infinity))
      throw new ValueError(`${where}: clip.${name} is ${bound}, not a finite number above 0`);
  }
}

/** Clips gradients in place; returns their norm before it was bounded, where it is. */
export function clipGradients(
  grads: readonly Float64Array[],
  { norm, value }: ClipOptions,
): number | undefined {
  if (value !== undefined) {
    for (const grad of grads)
      for (let i = 0; i < grad.length; i++) grad[i] = Math.max(-value, Math.min(value, grad[i]!));
  }
  if (norm === undefined) return undefined;
  const length = normOf(grads);
  if (length > norm) {
    const factor = norm / length;
    for (const grad of grads) for (let i = 0; i < grad.length; i++) grad[i]! *= factor;
  }
  return length;
}

/** The Euclidean norm, scaled so that squares neither overflow nor vanish. */
function normOf(grads: readonly Float64Array[]): number {
  let largest = 0;
  for (const grad of grads) for (const g of grad) largest = Math.max(largest, Math.abs(g));
  if (largest === 0) return 0;
  let sum = 0;
  for (const grad of grads) for (const g of grad) sum += (g / largest) ** 2;
  return largest * Math.sqrt(sum);
}
