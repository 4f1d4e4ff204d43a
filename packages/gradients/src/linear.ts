import { squaredMatrix, squaredPauli } from '@ketwork/circuit';
import type { Circuit, HermitianObservable, Measurement, Observable, Slot } from '@ketwork/circuit';
import type { SlotValues } from '@ketwork/simulator';

/** A slot holding the squares of the matrices of another. */
export interface SquareSlot {
  readonly slot: Slot;
  readonly of: string;
}

/**
 * Measurements that are linear in the density matrix, which is what shift rules need: a variance becomes the expectation
 * values of O and O².
 */
export interface LinearMeasurements {
  /** One per original measurement; for a variance an expval of the observables followed by their squares. */
  readonly measurements: readonly Measurement[];
  readonly squares: readonly SquareSlot[];
}

/** Replaces variances by expectation values, see {@link LinearMeasurements}. */
export function linearMeasurements(
  circuit: Circuit,
  measurements: readonly Measurement[],
): LinearMeasurements {
  const squares = new Map<string, SquareSlot>();
  const squareOf = (o: Observable): Observable => {
    if (o.type === 'projector') return o;
    if (o.type === 'pauli') return squaredPauli(o);
    return squaredHermitian(o, (name) => {
      const slot = circuit.slots.find((s) => s.name === name)!;
      let squared = `${name}_squared`;
      while (circuit.slots.some((s) => s.name === squared)) squared += '_';
      squares.set(name, { slot: { ...slot, name: squared, differentiable: false }, of: name });
      return squared;
    });
  };
  const linear = measurements.map((m): Measurement =>
    m.type === 'variance'
      ? { type: 'expval', observables: [...m.observables, ...m.observables.map(squareOf)] }
      : m,
  );
  return { measurements: linear, squares: [...squares.values()] };
}

/** Values of a square slot, from those of the slot it squares. */
export function squareValues({ slot, of }: SquareSlot, values: SlotValues): Float64Array {
  const given = values.get(of);
  const d = slot.shape[0]!;
  const out = new Float64Array(given.length);
  for (let start = 0; start < given.length; start += 2 * d * d) {
    out.set(squaredMatrix(given.subarray(start, start + 2 * d * d)), start);
  }
  return out;
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
