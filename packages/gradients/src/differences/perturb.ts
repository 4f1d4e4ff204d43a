import type { Circuit, Measurement, Slot } from '@ketwork/circuit';

/** How often a slot's amplitudes are used without being divided by their norm. */
export function unnormalisedUses(circuit: Circuit, slot: Slot): number {
  return circuit.ops.filter(
    (op) =>
      op.type === 'statePreparation' &&
      !op.normalize &&
      'slot' in op.amplitudes &&
      op.amplitudes.slot === slot.name,
  ).length;
}

/**
 * Moves one element of a slot by `step`, in place. Matrices move by the Hermitian part of that change. Amplitudes that
 * must have norm 1 are divided by their norm afterwards, and the norm is returned (1 elsewhere): results of the state that
 * was meant follow from it by {@link homogeneity}.
 */
export function perturb(
  values: Float64Array,
  slot: Slot,
  element: number,
  step: number,
  normalise: boolean,
): number {
  if (slot.kind === 'hermitian') {
    const d = slot.shape[0]!;
    const imaginary = element % 2;
    const entry = element >> 1;
    const mirror = (entry % d) * d + Math.floor(entry / d);
    values[element]! += step / 2;
    values[2 * mirror + imaginary]! += imaginary === 1 ? -step / 2 : step / 2;
    return 1;
  }
  values[element]! += step;
  if (!normalise) return 1;
  const norm = Math.hypot(...values);
  values.forEach((x, i) => (values[i] = x / norm));
  return norm;
}

/**
 * The power of a state's norm that a measurement is proportional to; undefined for a variance, which is a sum of two
 * powers.
 */
export function homogeneity(m: Measurement): number | undefined {
  switch (m.type) {
    case 'expval':
    case 'probabilities':
      return 2;
    case 'state':
      return 1;
    default:
      return undefined;
  }
}
