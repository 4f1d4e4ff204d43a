import { sizeOf } from '@ketwork/base';
import type { Slot } from '@ketwork/circuit';
import type { VjpOptions } from '@ketwork/simulator';

/** Derivative of an angle (or of anything the results depend on) by an element of a wanted slot. */
export interface SlotPartial {
  /** Position in the list of wanted slots. */
  readonly slot: number;
  readonly element: number;
  readonly partial: number;
}

/** Derivatives by parameters, `[batch, rows, parameters]`, and how parameters depend on the wanted slots. */
export interface Derivatives {
  readonly batch: number;
  /** Outputs for a Jacobian, 1 for a vector–Jacobian product. */
  readonly rows: number;
  readonly parameters: number;
  readonly data: Float64Array;
  partials(parameter: number, example: number): readonly SlotPartial[];
}

/** Chain rule: derivatives by slot elements, `[batch, rows, ...shape]` per slot. */
export function bySlot(
  slots: readonly Slot[],
  derivatives: Derivatives,
): Record<string, Float64Array> {
  const { batch, rows, parameters, data } = derivatives;
  const sizes = slots.map((slot) => sizeOf(slot.shape));
  const out = sizes.map((size) => new Float64Array(batch * rows * size));
  for (let b = 0; b < batch; b++) {
    for (let p = 0; p < parameters; p++) {
      for (const { slot, element, partial } of derivatives.partials(p, b)) {
        const target = out[slot]!;
        const size = sizes[slot]!;
        for (let r = b * rows; r < (b + 1) * rows; r++) {
          target[r * size + element]! += partial * data[r * parameters + p]!;
        }
      }
    }
  }
  return Object.fromEntries(slots.map((slot, i) => [slot.name, out[i]!]));
}

/** Turns gradients of each example, `[batch, ...shape]`, into what the options of a vjp ask for. */
export function reduced(
  slots: readonly Slot[],
  perExample: Record<string, Float64Array>,
  batch: number,
  options: VjpOptions,
): Record<string, Float64Array> {
  const out: Record<string, Float64Array> = {};
  for (const slot of slots) {
    const rows = perExample[slot.name]!;
    const size = sizeOf(slot.shape);
    if (slot.axis === 'batch' || options.perExample === true) {
      out[slot.name] = rows;
    } else if (options.squaredNorms === true) {
      out[slot.name] = Float64Array.from({ length: batch }, (_, b) =>
        rows.subarray(b * size, (b + 1) * size).reduce((sum, x) => sum + x * x, 0),
      );
    } else {
      const sum = new Float64Array(size);
      for (let i = 0; i < rows.length; i++) sum[i % size]! += rows[i]!;
      out[slot.name] = sum;
    }
  }
  return out;
}
