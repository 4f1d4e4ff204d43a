import type { Circuit, Measurement, Observable } from '@ketwork/circuit';
import { randomTerm } from './random-circuit.ts';
import { randomHermitian } from './random-matrix.ts';
import type { Random } from './random.ts';

/** Random values for all slots of a circuit: scalars between -π and π, states, Hermitian matrices. */
export function randomValues(
  random: Random,
  circuit: Circuit,
  batch: number,
): Record<string, Float64Array> {
  const values: Record<string, Float64Array> = {};
  for (const slot of circuit.slots) {
    const size = slot.shape.reduce((a, b) => a * b, 1);
    const rows = Array.from({ length: slot.axis === 'batch' ? batch : 1 }, () => {
      if (slot.kind === 'hermitian') return randomHermitian(random, slot.shape[0]!);
      if (slot.kind === 'scalar')
        return Array.from({ length: size }, () => random.uniform(-Math.PI, Math.PI));
      const row = random.normals(size);
      const raw = circuit.ops.some(
        (op) =>
          op.type === 'statePreparation' &&
          !op.normalize &&
          'slot' in op.amplitudes &&
          op.amplitudes.slot === slot.name,
      );
      const norm = raw ? Math.hypot(...row) : 1;
      return Array.from(row, (x) => x / norm);
    });
    values[slot.name] = Float64Array.from(rows.flat());
  }
  return values;
}

/** A random observable: a Pauli sum, a Hermitian matrix (fixed or from one of the circuit's slots) or a projector. */
export function randomObservable(random: Random, circuit: Circuit): Observable {
  const all = Array.from({ length: circuit.qubits }, (_, q) => q);
  const slots = circuit.slots.filter((s) => s.kind === 'hermitian');
  switch (random.integer(slots.length > 0 ? 6 : 5)) {
    case 0:
    case 1:
    case 2:
      return {
        type: 'pauli',
        terms: Array.from({ length: random.integer(1, 4) }, () => randomTerm(random, all)),
      };
    case 3: {
      const qubits = random.sample(all, random.integer(1, Math.min(2, circuit.qubits)));
      return { type: 'hermitian', qubits, matrix: randomHermitian(random, 2 ** qubits.length) };
    }
    case 4: {
      const qubits = random.sample(all, random.integer(1, Math.min(3, circuit.qubits)));
      return { type: 'projector', qubits, bits: qubits.map(() => random.pick([0, 1] as const)) };
    }
    default: {
      const slot = random.pick(slots);
      const qubits = random.sample(all, Math.log2(slot.shape[0]!));
      return { type: 'hermitian', qubits, matrix: { slot: slot.name } };
    }
  }
}

/** A random measurement of a type. */
export function randomMeasurement(
  random: Random,
  circuit: Circuit,
  type: Measurement['type'],
  shots = 100,
): Measurement {
  const all = Array.from({ length: circuit.qubits }, (_, q) => q);
  const qubits = random.chance(0.5)
    ? {}
    : { qubits: random.sample(all, random.integer(1, circuit.qubits)) };
  // Classical bits now and then, where the circuit has any: alone, or besides qubits.
  const bits =
    circuit.bits > 0 && random.chance(0.5)
      ? {
          bits: random.sample(
            Array.from({ length: circuit.bits }, (_, bit) => bit),
            random.integer(1, Math.min(3, circuit.bits)),
          ),
        }
      : {};
  switch (type) {
    case 'expval':
    case 'variance':
      return {
        type,
        observables: Array.from({ length: random.integer(1, 3) }, () =>
          randomObservable(random, circuit),
        ),
      };
    case 'probabilities':
      return { type, ...qubits, ...bits };
    case 'successProbability':
    case 'state':
      return { type };
    default:
      return { type, shots, ...qubits, ...bits };
  }
}
