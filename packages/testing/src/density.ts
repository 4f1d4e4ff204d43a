import { channelKraus, evaluateAngle, gate } from '@ketwork/circuit';
import type { Angle, Circuit, Control, Op } from '@ketwork/circuit';
import { dagger, embedded, expm, identity, kron, matmul, PAULI, scaled, sum } from './dense.ts';

/** Values of one example by slot. */
export type ExampleValues = Readonly<Record<string, ArrayLike<number>>>;

/** A density matrix, divided by its trace where outcomes were selected, and that trace. */
export interface DenseState {
  /** `2^n × 2^n`, interleaved, row-major. */
  readonly rho: Float64Array;
  readonly success: number;
}

/**
 * The density matrix after a circuit (without conditionals) as products of matrices over all qubits, `Σ K ρ K†` for every
 * operation, straight from the definitions. For up to about five qubits.
 */
export function denseDensityMatrix(circuit: Circuit, values: ExampleValues = {}): DenseState {
  const { qubits } = circuit;
  let rho: Float64Array = new Float64Array(2 * 4 ** qubits);
  rho[0] = 1;
  const angle = (a: Angle): number => evaluateAngle(a, (slot, index) => values[slot]![index]!);
  for (const op of circuit.ops) {
    for (const kraus of krausOf(op, qubits, angle, values)) rho = mapped(rho, kraus);
  }
  const success = trace(rho);
  const selected = circuit.ops.some((op) => op.type === 'measure' && op.postselect !== undefined);
  return { rho: selected ? scaled(rho, 1 / success) : rho, success };
}

/** `tr(A ρ)`, real part. */
export function denseExpectation(a: ArrayLike<number>, rho: ArrayLike<number>): number {
  return trace(matmul(a, rho));
}

function trace(m: ArrayLike<number>): number {
  const d = Math.round(Math.sqrt(m.length / 2));
  let total = 0;
  for (let i = 0; i < d; i++) total += m[2 * (i * d + i)]!;
  return total;
}

function mapped(rho: Float64Array, kraus: readonly Float64Array[]): Float64Array {
  return sum(...kraus.map((k) => matmul(matmul(k, rho), dagger(k))));
}

/** |row⟩⟨column| of one qubit. */
function unit(row: number, column: number): Float64Array {
  const m = new Float64Array(8);
  m[2 * (2 * row + column)] = 1;
  return m;
}

/** Kraus matrices over all qubits, one list per map. */
function krausOf(
  op: Op,
  qubits: number,
  angle: (a: Angle) => number,
  values: ExampleValues,
): Float64Array[][] {
  const on = (m: ArrayLike<number>, controls: readonly Control[]): Float64Array[][] => [
    [controlledOn(m, (op as { qubits: readonly number[] }).qubits, controls, qubits)],
  ];
  switch (op.type) {
    case 'gate':
      return on(
        gate(op.gate).matrix(op.angles.map(angle), op.word ?? 'Z'.repeat(op.qubits.length)),
        op.controls,
      );
    case 'matrix':
      return on(op.matrix, op.controls);
    case 'evolution': {
      const { generator } = op;
      const matrix =
        'slot' in generator
          ? values[generator.slot]!
          : 'matrix' in generator
            ? generator.matrix
            : sum(
                new Float64Array(2 * 4 ** op.qubits.length),
                ...generator.terms.map(({ coefficient, paulis }) =>
                  scaled(
                    op.qubits
                      .map((q) => PAULI[paulis.find((p) => p.qubit === q)?.pauli ?? 'I'])
                      .reduce<Float64Array>((m, letter) => kron(m, letter), Float64Array.of(1, 0)),
                    coefficient,
                  ),
                ),
              );
      return on(expm(scaled(matrix, 0, -angle(op.time))), op.controls);
    }
    case 'channel':
      return [channelKraus(op, op.angles.map(angle)).map((k) => embedded(k, op.qubits, qubits))];
    case 'measure':
      return [
        (op.postselect === undefined ? [0, 1] : [op.postselect]).map((v) =>
          embedded(unit(v, v), [op.qubit], qubits),
        ),
      ];
    case 'reset':
      return op.qubits.map((q) => [0, 1].map((v) => embedded(unit(0, v), [q], qubits)));
    case 'statePreparation': {
      const d = 2 ** op.qubits.length;
      const given = 'slot' in op.amplitudes ? values[op.amplitudes.slot]! : op.amplitudes.values;
      const all = Array.from({ length: 2 * d }, (_, i) =>
        given.length === d ? (i % 2 === 0 ? given[i / 2]! : 0) : given[i]!,
      );
      const norm = op.normalize ? Math.hypot(...all) : 1;
      const m = new Float64Array(2 * d * d);
      for (let i = 0; i < d; i++) {
        m[2 * i * d] = all[2 * i]! / norm;
        m[2 * i * d + 1] = all[2 * i + 1]! / norm;
      }
      return [[embedded(m, op.qubits, qubits)]];
    }
    default:
      return [];
  }
}

/** A matrix that acts where controls have their values, over all qubits. */
function controlledOn(
  m: ArrayLike<number>,
  on: readonly number[],
  controls: readonly Control[],
  qubits: number,
): Float64Array {
  let whole = embedded(m, on, qubits);
  for (const { qubit, value } of controls) {
    const acts = embedded(unit(value, value), [qubit], qubits);
    const rests = embedded(unit(1 - value, 1 - value), [qubit], qubits);
    whole = Float64Array.from(sum(matmul(acts, whole), matmul(rests, identity(2 ** qubits))));
  }
  return whole;
}
