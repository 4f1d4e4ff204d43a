/** Amplitudes in registers while a kernel is written: factors of i cost nothing, signs wait for the next use. */
import type { VectorCode } from './arithmetic.ts';

/**
 * A register that holds a component up to a sign, which is applied where the component is next used: twice the local,
 * plus 1 for a negative one. Kernels are written by the thousand, and numbers take no memory.
 */
export type Component = number;

/** A register as the component it holds. */
export const held = (local: number): Component => 2 * local;
/** The register of a component. */
export const localOf = (component: Component): number => component >> 1;
/** Whether the register holds the component's negative. */
export const isNegative = (component: Component): boolean => (component & 1) === 1;

/** One amplitude in registers. */
export interface Amplitude {
  re: Component;
  im: Component;
}

/** The real part of i^power times an amplitude, without computing anything. */
export function turnedRe({ re, im }: Amplitude, power: number): Component {
  switch (power & 3) {
    case 0:
      return re;
    case 1:
      return im ^ 1;
    case 2:
      return re ^ 1;
    default:
      return im;
  }
}

/** The imaginary part. */
export function turnedIm({ re, im }: Amplitude, power: number): Component {
  switch (power & 3) {
    case 0:
      return im;
    case 1:
      return re;
    case 2:
      return im ^ 1;
    default:
      return re ^ 1;
  }
}

/** Applies signs that are still pending. */
export function settle(f: VectorCode, vector: readonly Amplitude[]): void {
  const settled = (component: Component): Component => {
    if (!isNegative(component)) return component;
    const local = localOf(component);
    f.get(local).neg().set(local);
    return component ^ 1;
  };
  for (const amplitude of vector) {
    amplitude.re = settled(amplitude.re);
    amplitude.im = settled(amplitude.im);
  }
}

/**
 * Pushes `first · own + sin · other` and returns whether the pushed value is its negative. `first` is a register, or -1
 * for a factor of 1.
 */
export function pushTurned(
  f: VectorCode,
  first: number,
  own: Component,
  sin: number,
  other: Component,
): boolean {
  // A component without a factor in front lets the product be fused into the sum.
  const ahead = isNegative(own) && !isNegative(other) && (first >= 0 || !f.numerics.fused);
  const flipped = isNegative(ahead ? other : own);
  const opposite = ((own ^ other) & 1) === 1;
  if (ahead) {
    f.get(sin).get(localOf(other)).mul();
    if (first >= 0) f.addProductOf(first, localOf(own), opposite);
    else {
      f.get(localOf(own));
      if (opposite) f.sub();
      else f.add();
    }
  } else {
    if (first >= 0) f.get(first).get(localOf(own)).mul();
    else f.get(localOf(own));
    f.addProductOf(sin, localOf(other), opposite);
  }
  return flipped;
}

/** A sum of signed products of constants in memory and components. */
export class Terms {
  /** By term: byte offset of the constant, -1 where there is none, and component. */
  readonly #offsets: number[] = [];
  readonly #components: Component[] = [];
  #count = 0;

  /** Begins another sum. */
  clear(): this {
    this.#count = 0;
    return this;
  }

  /** @param offset of the constant from the address in the local, -1 for a factor of 1 */
  add(offset: number, component: Component): void {
    this.#offsets[this.#count] = offset;
    this.#components[this.#count++] = component;
  }

  /** Pushes the sum and returns whether the pushed value is its negative. */
  push(f: VectorCode, constants: number): boolean {
    const offsets = this.#offsets;
    const components = this.#components;
    const count = this.#count;
    let lead = 0;
    while (lead < count && isNegative(components[lead] as Component)) lead++;
    if (lead === count) lead = 0;
    // A term without a coefficient in front lets the product be fused into the sum.
    if (f.numerics.fused && count === 2 && (offsets[0] === -1) !== (offsets[1] === -1))
      lead = offsets[0] === -1 ? 0 : 1;
    const first = components[lead] as Component;
    const flipped = isNegative(first);
    const offset = offsets[lead] as number;
    if (offset === -1) f.get(localOf(first));
    else f.get(constants).loadSplat(offset).get(localOf(first)).mul();
    for (let i = 0; i < count; i++) {
      if (i === lead) continue;
      const component = components[i] as Component;
      const opposite = isNegative(component) !== flipped;
      const at = offsets[i] as number;
      if (at === -1) {
        f.get(localOf(component));
        if (opposite) f.sub();
        else f.add();
      } else f.addProductAt(constants, at, localOf(component), opposite);
    }
    return flipped;
  }
}
