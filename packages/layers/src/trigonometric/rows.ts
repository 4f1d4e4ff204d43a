import { elementary, sizeOf } from '@ketwork/base';
import type { Circuit } from '@ketwork/circuit';
import { freshRoom } from '@ketwork/nn';
import type { Room } from '@ketwork/nn';
import type { TrigonometricExpansion } from './expansion.ts';
import { trigonometricKernel } from './kernel.ts';
import type { TrigonometricKernel } from './kernel.ts';

/** Examples that are worked on together: their cosines and sines stay in the first cache. */
const POINTS = 64;
/** Angles above this are reduced first: the kernel's sines and cosines are for smaller ones. */
const LARGE = 1e5;

/** Values by slot name, `[batch, ...shape]`. */
type SlotArrays = Readonly<Record<string, Float64Array>>;

/** Examples of a circuit as points of a polynomial, see `trigonometricExpansion`. */
export class TrigonometricRows {
  readonly #expansion: TrigonometricExpansion;
  readonly #kernel: TrigonometricKernel;
  /** Numbers per example of each slot. */
  readonly #sizes: ReadonlyMap<string, number>;

  /** @throws EnvironmentError where the page forbids WebAssembly. */
  constructor(circuit: Circuit, expansion: TrigonometricExpansion) {
    this.#expansion = expansion;
    this.#sizes = new Map(circuit.slots.map(({ name, shape }) => [name, sizeOf(shape)]));
    this.#kernel = trigonometricKernel(expansion.form, POINTS, 1);
    this.#kernel.coefficients.set(expansion.coefficients);
  }

  /** Examples in the values; undefined where something is wrong with them. */
  batchOf(values: SlotArrays): number | undefined {
    let batch: number | undefined;
    for (const [name, size] of this.#sizes) {
      const array = values[name];
      if (array === undefined || array.length === 0) return undefined;
      if (array.length !== (batch ??= array.length / size) * size) return undefined;
      let sum = 0;
      // x - x is 0 for finite x and NaN otherwise.
      for (let i = 0; i < array.length; i++) sum += array[i]! - array[i]!;
      if (sum !== 0) return undefined;
    }
    return Number.isInteger(batch) ? batch : undefined;
  }

  /** Results, `[batch, outputs]`. */
  run(values: SlotArrays, batch: number, room: Room = freshRoom): Float64Array {
    const { outputs } = this.#expansion.form;
    const kernel = this.#kernel;
    const out = room(batch * outputs);
    for (let first = 0; first < batch; first += POINTS) {
      const count = Math.min(POINTS, batch - first);
      this.#turn(values, first, count);
      kernel.evaluate(0);
      for (let m = 0; m < outputs; m++)
        for (let i = 0, at = m * POINTS, to = first * outputs + m; i < count; i++, to += outputs)
          out[to] = kernel.outputs[at + i]!;
    }
    return out;
  }

  /** Gradients of `Σ dy · output` by slot, `[batch, ...shape]`. */
  vjp(
    values: SlotArrays,
    dy: Float64Array,
    batch: number,
    wrt: readonly string[],
    room: Room = freshRoom,
  ): Record<string, Float64Array> {
    const { form, elements } = this.#expansion;
    const { outputs, factors } = form;
    const kernel = this.#kernel;
    const gradients: Record<string, Float64Array> = {};
    for (const name of wrt) gradients[name] = room(batch * this.#sizes.get(name)!).fill(0);
    for (let first = 0; first < batch; first += POINTS) {
      const count = Math.min(POINTS, batch - first);
      this.#turn(values, first, count);
      for (let m = 0; m < outputs; m++)
        for (let i = 0, to = m * POINTS, at = first * outputs + m; i < count; i++, at += outputs)
          kernel.outputs[to + i] = dy[at]!;
      kernel.slopes.fill(0);
      kernel.differentiate(0);
      for (let e = 0; e < elements.length; e++) {
        const { slot, index } = elements[e]!;
        const gradient = gradients[slot];
        if (gradient === undefined) continue;
        const factor = factors[e]!;
        const size = this.#sizes.get(slot)!;
        for (let i = 0, to = first * size + index; i < count; i++, to += size)
          gradient[to]! += factor * kernel.slopes[e * POINTS + i]!;
      }
    }
    return gradients;
  }

  /** Gives the kernel the angles of some examples. Those of the others are left from before. */
  #turn(values: SlotArrays, first: number, count: number): void {
    const { form, elements } = this.#expansion;
    const { angles } = this.#kernel;
    for (let e = 0; e < elements.length; e++) {
      const { slot, index } = elements[e]!;
      const factor = form.factors[e]!;
      const array = values[slot]!;
      const size = this.#sizes.get(slot)!;
      for (let i = 0, at = first * size + index; i < count; i++, at += size) {
        let angle = factor * array[at]!;
        if (Math.abs(angle) > LARGE) angle = elementary.withoutTurns(angle);
        angles[e * POINTS + i] = angle;
      }
    }
    this.#kernel.turn();
  }
}
