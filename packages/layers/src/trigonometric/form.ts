import { sizeOf } from '@ketwork/base';
import { primitives } from '@ketwork/circuit';
import type { Angle, Circuit, Measurement, Primitive, Slot } from '@ketwork/circuit';
import { reachedMonomials } from './support.ts';
import type { Step } from './support.ts';

/** A product of the polynomial with the outputs in which it may appear. */
export interface Term {
  /**
   * Which of 1, cos φ_i and sin φ_i stands for each element: digits to base 3, 0, 1 or 2, that of the first element the
   * most significant.
   */
  readonly monomial: number;
  /** Outputs, ascending. */
  readonly outputs: readonly number[];
}

/**
 * Measured numbers as polynomials of degree 1 in the cosine and the sine of each data element's angle:
 * `f(x) = Σ C_k Π_i b_{k_i}(φ_i)` with `b = (1, cos, sin)` and `φ_i = factors[i] · x_i`. The coefficients C depend on
 * everything that all examples share.
 */
export interface TrigonometricForm {
  /** Factor on each data element before it is an angle. */
  readonly factors: readonly number[];
  /** Numbers per example. */
  readonly outputs: number;
  /** The products that are not zero whatever the weights are, by monomial. */
  readonly terms: readonly Term[];
}

/** Data elements up to which the polynomial is used: its coefficients come from 3^n runs of the circuit. */
const MAX_ELEMENTS = 4;
/** Measured numbers up to which it is used: the code for all products is straight. */
const MAX_OUTPUTS = 16;
/** Qubits up to which products that vanish are looked for, among 4^n Pauli strings. */
const MAX_QUBITS = 5;

/**
 * The form of a circuit's results, undefined where they have none, or not one that is worth it: it takes that each data
 * element enters once, times a constant, as the angle of a rotation about a Pauli string (Vidal and Theis,
 * arXiv:1812.06323; Schuld, Sweke and Meyer, arXiv:2008.08605), and that results are linear in the final density matrix.
 * Nothing but the circuit decides.
 */
export function trigonometricForm(
  circuit: Circuit,
  input: Slot,
  measurements: readonly Measurement[],
  outputs: number,
): TrigonometricForm | undefined {
  const count = sizeOf(input.shape);
  if (input.kind !== 'scalar' || count > MAX_ELEMENTS || outputs > MAX_OUTPUTS) return undefined;
  if (circuit.qubits > MAX_QUBITS || !measurements.every(isLinear)) return undefined;
  const factors = Array.from({ length: count }, () => 0);
  const steps: Step[] = [];
  const isData = (slot: string): boolean => slot === input.name;
  for (const op of circuit.ops) {
    if (op.type === 'barrier') continue;
    if (op.type === 'statePreparation') {
      if ('slot' in op.amplitudes) return undefined;
      steps.push({ type: 'prepared', qubits: op.qubits });
      continue;
    }
    if (op.type === 'evolution') {
      const times = [op.time, op.drift?.time ?? 0];
      if ('slot' in op.generator || times.some((time) => dependsOn(time, isData))) return undefined;
      const controls = op.controls.map(({ qubit }) => qubit);
      steps.push({ type: 'unitary', qubits: [...op.qubits, ...controls] });
      continue;
    }
    if (op.type !== 'gate' && op.type !== 'matrix') return undefined;
    for (const primitive of primitives(op)) {
      const qubits = [...primitive.qubits, ...primitive.controls.map(({ qubit }) => qubit)];
      if (primitive.type === 'matrix') {
        steps.push({ ...primitive, qubits, size: primitive.qubits.length });
        continue;
      }
      const word = wordOf(primitive);
      if (!dependsOn(primitive.angle, isData)) {
        if (word !== undefined) steps.push({ type: 'rotation', qubits, word, element: undefined });
        else if (qubits.length > 0) steps.push({ type: 'unitary', qubits });
        continue;
      }
      const found = multipleOf(primitive.angle, isData);
      if (found === undefined || word === undefined) return undefined;
      if (found.factor === 0 || factors[found.index] !== 0) return undefined;
      factors[found.index] = found.factor;
      steps.push({ type: 'rotation', qubits, word, element: found.index });
      // What is added to the data turns about the same string.
      if (found.rest !== 0) steps.push({ type: 'rotation', qubits, word, element: undefined });
    }
  }
  if (factors.includes(0)) return undefined;
  const masks = reachedMonomials(circuit.qubits, count, steps, measurements);
  const terms: Term[] = [];
  masks.forEach((mask, monomial) => {
    const among = Array.from({ length: outputs }, (_, m) => m).filter((m) => (mask >> m) & 1);
    if (among.length > 0) terms.push({ monomial, outputs: among });
  });
  return { factors, outputs, terms };
}

/** The Pauli string that a primitive turns about, up to a global phase; undefined where there is not one. */
export function wordOf(primitive: Exclude<Primitive, { type: 'matrix' }>): string | undefined {
  const { type, qubits, controls } = primitive;
  if (type === 'rotation') return controls.length === 0 ? primitive.word : undefined;
  return qubits.length + controls.length === 1 ? 'Z' : undefined;
}

/** Whether a measurement's numbers are traces of the density matrix with fixed operators. */
function isLinear(measurement: Measurement): boolean {
  if (measurement.type === 'probabilities') return !('bits' in measurement);
  return (
    measurement.type === 'expval' &&
    measurement.observables.every((o) => o.type !== 'hermitian' || !('slot' in o.matrix))
  );
}

function dependsOn(angle: Angle, isData: (slot: string) => boolean): boolean {
  if (typeof angle === 'number') return false;
  if ('slot' in angle) return isData(angle.slot);
  if ('fn' in angle) return dependsOn(angle.of, isData);
  return ('add' in angle ? angle.add : angle.mul).some((part) => dependsOn(part, isData));
}

/** An angle `factor · element + rest`. */
interface Multiple {
  readonly slot: string;
  readonly index: number;
  readonly factor: number;
  /** The rest where it is a number; undefined where it depends on weights. */
  readonly rest: number | undefined;
}

/** The only element of data in an angle, times a constant, where it enters like that. */
export function multipleOf(angle: Angle, isData: (slot: string) => boolean): Multiple | undefined {
  if (typeof angle === 'number' || 'fn' in angle) return undefined;
  if ('slot' in angle) return { ...angle, factor: 1, rest: 0 };
  const parts = 'add' in angle ? angle.add : angle.mul;
  const own = parts.filter((part) => dependsOn(part, isData));
  const others = parts.filter((part) => part !== own[0]);
  const inner = own.length === 1 ? multipleOf(own[0]!, isData) : undefined;
  if (inner === undefined) return undefined;
  const numbers = others.filter((part) => typeof part === 'number');
  const constant = numbers.length === others.length;
  if ('add' in angle)
    return {
      ...inner,
      rest:
        constant && inner.rest !== undefined
          ? numbers.reduce((a, b) => a + b, inner.rest)
          : undefined,
    };
  if (!constant) return undefined;
  const by = numbers.reduce((a, b) => a * b, 1);
  return {
    ...inner,
    factor: by * inner.factor,
    rest: inner.rest === undefined ? undefined : by * inner.rest,
  };
}
