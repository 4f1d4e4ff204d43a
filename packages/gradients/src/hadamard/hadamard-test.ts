import type { Circuit, Measurement, Observable, Slot } from '@ketwork/circuit';
import { byColumns } from '../columns.ts';
import { derivedSlot, linearMeasurements } from '../linear.ts';
import type { DerivedSlot } from '../linear.ts';
import { sizesOf } from '../method.ts';
import type { MethodOptions, PreparedMethod } from '../method.ts';
import type { Occurrence } from '../shift/occurrences.ts';
import { hadamard, insertedCircuit, insertions } from './insertions.ts';

/**
 * Prepares differentiation by Hadamard tests (Guerreschi and Smelyanskiy, arXiv:1701.01450). With the ancilla in
 * (|0⟩ + |1⟩)/√2 and -iP behind the gate where it is 1, `⟨X ⊗ O⟩ = Re⟨ψ|O|ψ'⟩`, and the derivative by an angle with the
 * generator `Σ c_P P` is `Σ 2 c_P ⟨X ⊗ O⟩`: one run per Pauli string. All runs are one batch.
 */
export function hadamardTest(
  circuit: Circuit,
  measurements: readonly Measurement[],
  options: MethodOptions,
): PreparedMethod {
  const made = insertions(circuit, 'one');
  const linear = linearMeasurements(circuit, measurements);
  const own = [...circuit.slots, ...linear.derived.map(({ slot }) => slot)];
  const derived = new Map<string, DerivedSlot>();
  const sources = new Map(linear.derived.map((d) => [d.slot.name, d]));
  /** The slot of M ⊗ Z; M itself may be derived. */
  const signed = (name: string): string => {
    let found = derived.get(name);
    if (found === undefined) {
      const source = sources.get(name);
      found = derivedSlot(own, name, 'signed', 2, signedMatrix);
      if (source !== undefined) {
        const { from } = found;
        found = { ...found, of: source.of, from: (values) => from(source.from(values)) };
      }
      derived.set(name, found);
    }
    return found.slot.name;
  };
  const plans = linear.measurements.map((m) =>
    withAncilla(m, circuit.qubits, made.ancilla, signed),
  );
  const test = insertedCircuit(circuit, made, { ancilla: true, end: [hadamard(made.ancilla)] });
  const slots: Slot[] = [...test.slots, ...[...derived.values()].map(({ slot }) => slot)];
  const base = {
    circuit: Object.freeze({ ...test, slots }),
    measurements: plans.map(({ measurement }) => measurement),
  };
  const sizes = sizesOf(base.circuit, base.measurements);
  const occurrences = made.generators.map(
    ({ operation, angle, slots: names, strings }): Occurrence => {
      const rule = strings.map(({ term, columns: [column] }) => ({
        column,
        shift: Math.PI,
        coefficient: 2 * term.coefficient,
      }));
      return { operation, angle, slots: names, rule, again: rule, slopes: [] };
    },
  );
  return byColumns(
    {
      ...made,
      method: 'hadamard-test',
      circuit,
      measurements,
      base,
      occurrences,
      derived: [...derived.values()],
      read(results, at, m, i) {
        const row = at * sizes[m]!;
        return plans[m]!.parts(i).reduce(
          (sum, { index, sign }) => sum + sign * results[m]![row + index]!,
          0,
        );
      },
    },
    options,
  );
}

/** A measurement of system and ancilla, and how to read number `i` of the original times the sign of the ancilla. */
interface Signed {
  readonly measurement: Measurement;
  parts(i: number): readonly { readonly index: number; readonly sign: number }[];
}

function withAncilla(
  m: Measurement,
  qubits: number,
  ancilla: number,
  signedSlot: (name: string) => string,
): Signed {
  if (m.type === 'probabilities') {
    const none = m.bits === undefined ? Array.from({ length: qubits }, (_, q) => q) : [];
    const own = m.qubits ?? none;
    const size = 2 ** (own.length + (m.bits?.length ?? 0));
    return {
      // The ancilla is read first, so that the others keep their order.
      measurement: { ...m, qubits: [ancilla, ...own] },
      parts: (i) => [
        { index: i, sign: 1 },
        { index: size + i, sign: -1 },
      ],
    };
  }
  if (m.type !== 'expval') return { measurement: m, parts: (index) => [{ index, sign: 1 }] };
  const observables: Observable[] = [];
  const found = m.observables.map((o) => {
    const index = observables.length;
    if (o.type === 'projector') {
      const on = (bit: 0 | 1): Observable => ({
        ...o,
        qubits: [...o.qubits, ancilla],
        bits: [...o.bits, bit],
      });
      observables.push(on(0), on(1));
      return [
        { index, sign: 1 },
        { index: index + 1, sign: -1 },
      ];
    }
    observables.push(
      o.type === 'pauli'
        ? {
            type: 'pauli',
            terms: o.terms.map(({ coefficient, paulis }) => ({
              coefficient,
              paulis: [...paulis, { qubit: ancilla, pauli: 'Z' as const }],
            })),
          }
        : {
            ...o,
            qubits: [...o.qubits, ancilla],
            matrix:
              'slot' in o.matrix
                ? { slot: signedSlot(o.matrix.slot) }
                : [...signedMatrix(o.matrix)],
          },
    );
    return [{ index, sign: 1 }];
  });
  return { measurement: { ...m, observables }, parts: (i) => found[i]! };
}

/** M ⊗ Z, interleaved re, im. */
function signedMatrix(matrix: ArrayLike<number>): Float64Array {
  const d = Math.sqrt(matrix.length / 2);
  const out = new Float64Array(4 * matrix.length);
  for (let r = 0; r < d; r++) {
    for (let c = 0; c < d; c++) {
      for (const part of [0, 1]) {
        const x = matrix[2 * (r * d + c) + part]!;
        out[2 * (2 * r * 2 * d + 2 * c) + part] = x;
        out[2 * ((2 * r + 1) * 2 * d + 2 * c + 1) + part] = -x;
      }
    }
  }
  return out;
}
