import { angle, assembleCircuit, circuit, expval, input, pauliSum } from '@ketwork/circuit';
import type { Circuit, ExpvalMeasurement, PauliSum, WeightedWord } from '@ketwork/circuit';

/** All Pauli words of some qubits, the first letter the most significant: the coordinates of a density matrix. */
export function pauliWords(qubits: number): readonly string[] {
  return Array.from({ length: 4 ** qubits }, (_, i) =>
    Array.from({ length: qubits }, (_, q) => 'IXYZ'[(i >> (2 * (qubits - 1 - q))) & 3]).join(''),
  );
}

/** The circuit with all its slots fed per example. */
export function perExample(source: Circuit): Circuit {
  const slots = source.slots.map((slot) => ({ ...slot, axis: 'batch' as const }));
  return assembleCircuit({ ...source, slots });
}

/** Measures the coordinates of the state of some wires, the first qubits; the others are dropped or found in |0⟩. */
export function coordinates(
  qubits: number,
  kept: number,
  discard: 'trace' | 'postselect',
): ExpvalMeasurement {
  const dropped = Array.from({ length: qubits - kept }, (_, i) => kept + i);
  const keptQubits = Array.from({ length: kept }, (_, i) => i);
  const on = [...keptQubits, ...dropped];
  // The projector on |0…0⟩ of the dropped qubits is the mean of all words of I and Z on them.
  const tails =
    discard === 'trace'
      ? ['I'.repeat(dropped.length)]
      : pauliWords(dropped.length).filter((word) => /^[IZ]*$/.test(word));
  const observables = pauliWords(kept).map((word): PauliSum => {
    const terms = tails.map((tail): WeightedWord => [1 / tails.length, word + tail, on]);
    return pauliSum(terms);
  });
  return expval(...observables);
}

/** Names of the slots that choose the states a box is probed with; no slot of a user's circuit may have them. */
export const PROBE = { polar: 'probe polar', azimuth: 'probe azimuth' } as const;

/** A box behind probes: qubit i starts in RZ(azimuth_i) RY(polar_i)|0⟩. */
export function probed(box: Circuit): Circuit {
  const { qubits } = box;
  return circuit(qubits, (q) => {
    const polar = input(PROBE.polar, [qubits]);
    const azimuth = input(PROBE.azimuth, [qubits]);
    for (let qubit = 0; qubit < qubits; qubit++)
      q.ry(angle.add(polar.at(qubit), 0), qubit).rz(angle.add(azimuth.at(qubit), 0), qubit);
    q.append(box);
  });
}

/** Angles of the probes |0⟩, |1⟩, |+⟩ and |+i⟩. */
const PROBES = [
  [0, 0],
  [Math.PI, 0],
  [Math.PI / 2, 0],
  [Math.PI / 2, Math.PI / 2],
] as const;

/** Angles of all products of probes, `[4^qubits, qubits]` each. */
export function probeAngles(qubits: number): { polar: Float64Array; azimuth: Float64Array } {
  const size = 4 ** qubits;
  const at = (which: 0 | 1): Float64Array =>
    Float64Array.from({ length: size * qubits }, (_, i) => {
      const product = Math.floor(i / qubits);
      return PROBES[(product >> (2 * (qubits - 1 - (i % qubits)))) & 3]![which];
    });
  return { polar: at(0), azimuth: at(1) };
}

/** Coefficients of I, X, Y, Z (halved) in the probes: Pauli coordinate p of an input is worth `T[p][s]` of probe s. */
const TO_PROBES = [
  [1, 1, 0, 0],
  [-1, -1, 2, 0],
  [-1, -1, 0, 2],
  [1, -1, 0, 0],
] as const;

/**
 * Results for Pauli inputs from results for probes, in place: an operator P/2 per qubit is a combination of the four
 * probes. `values` is `[4^qubits, width]`; `transpose` for cotangents.
 */
export function fromProbes(
  values: Float64Array,
  qubits: number,
  width: number,
  transpose: boolean,
): void {
  const size = 4 ** qubits;
  const four = new Float64Array(4);
  for (let stride = 1; stride < size; stride *= 4) {
    for (let base = 0; base < size; base++) {
      if (Math.floor(base / stride) % 4 !== 0) continue;
      for (let k = 0; k < width; k++) {
        for (let r = 0; r < 4; r++) {
          let sum = 0;
          for (let c = 0; c < 4; c++) {
            const factor = transpose ? TO_PROBES[c]![r]! : TO_PROBES[r]![c]!;
            sum += factor * values[(base + c * stride) * width + k]!;
          }
          four[r] = sum / 2;
        }
        for (let r = 0; r < 4; r++) values[(base + r * stride) * width + k] = four[r]!;
      }
    }
  }
}
