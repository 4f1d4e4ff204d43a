import { squaredMatrix, squaredPauli } from '@ketwork/circuit';
import type { Circuit, HermitianObservable, Measurement, Observable, Slot } from '@ketwork/circuit';

/** A slot of matrices made from those of another slot. */
export interface DerivedSlot {
  readonly slot: Slot;
  /** Name of the other slot. */
  readonly of: string;
  /** Its values, `[d, d, 2]` or `[batch, d, d, 2]`, from those of the other. */
  from(values: Float64Array): Float64Array;
}

/**
 * Measurements that are linear in the density matrix, which is what shift rules need: a variance becomes the expectation
 * values of O and O².
 */
export interface LinearMeasurements {
  /** One per original measurement; for a variance an expval of the observables followed by their squares. */
  readonly measurements: readonly Measurement[];
  readonly derived: readonly DerivedSlot[];
}

/** Replaces variances by expectation values, see {@link LinearMeasurements}. */
export function linearMeasurements(
  circuit: Circuit,
  measurements: readonly Measurement[],
): LinearMeasurements {
  const squares = new Map<string, DerivedSlot>();
  const squareOf = (o: Observable): Observable => {
    if (o.type === 'projector') return o;
    if (o.type === 'pauli') return squaredPauli(o);
    return squaredHermitian(o, (name) => {
      const square =
        squares.get(name) ?? derivedSlot(circuit.slots, name, 'squared', 1, squaredMatrix);
      squares.set(name, square);
      return square.slot.name;
    });
  };
  const linear = measurements.map((m): Measurement =>
    m.type === 'variance'
      ? { type: 'expval', observables: [...m.observables, ...m.observables.map(squareOf)] }
      : m,
  );
  return { measurements: linear, derived: [...squares.values()] };
}

/** A slot, under a new name, of matrices that are a function of those of another, perhaps of larger dimension. */
export function derivedSlot(
  slots: readonly Slot[],
  of: string,
  suffix: string,
  factor: number,
  map: (matrix: Float64Array) => ArrayLike<number>,
): DerivedSlot {
  const source = slots.find((s) => s.name === of)!;
  let name = `${of}_${suffix}`;
  while (slots.some((s) => s.name === name)) name += '_';
  const d = source.shape[0]!;
  return {
    slot: { ...source, name, shape: [factor * d, factor * d, 2], differentiable: false },
    of,
    from(values) {
      const size = 2 * d * d;
      const out = new Float64Array(values.length * factor * factor);
      for (let start = 0; start < values.length; start += size)
        out.set(map(values.subarray(start, start + size)), start * factor * factor);
      return out;
    },
  };
}

function squaredHermitian(
  o: HermitianObservable,
  squareSlot: (name: string) => string,
): HermitianObservable {
  const { matrix } = o;
  return 'slot' in matrix
    ? { ...o, matrix: { slot: squareSlot(matrix.slot) } }
    : { ...o, matrix: [...squaredMatrix(matrix)] };
}
