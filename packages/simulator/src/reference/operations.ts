import { sizeOf, ValueError } from '@ketwork/base';
import { angleSlots, gate } from '@ketwork/circuit';
import type {
  Angle,
  Circuit,
  EvolutionOp,
  GateOp,
  Op,
  PauliTerm,
  StatePreparationOp,
} from '@ketwork/circuit';
import type { SlotValues } from '../values.ts';
import type { Dual, Element } from './dual.ts';
import { dualAngle } from './dual.ts';
import type { LinearMap } from './linear.ts';
import {
  addScaled,
  applyMap,
  HermitianSpectrum,
  hermitianPart,
  multiply,
  timesMinusI,
} from './linear.ts';

/** The values of one example, every element of every slot numbered: its number is its place in the list of all. */
export interface Example {
  readonly element: Element;
  /** All elements of a slot and the number of the first. */
  readonly slot: (name: string) => {
    readonly values: Float64Array;
    readonly first: number;
    readonly shape: readonly number[];
    /** Whether every example has its own values. */
    readonly batch: boolean;
  };
  /** Its number in the batch. */
  readonly index: number;
}

/** Reads one example out of the values of a batch. */
export function exampleOf(circuit: Circuit, values: SlotValues, index: number): Example {
  const slots = new Map<string, ReturnType<Example['slot']>>();
  let first = 0;
  for (const { name, shape, axis } of circuit.slots) {
    const size = sizeOf(shape);
    const start = axis === 'batch' ? index * size : 0;
    slots.set(name, {
      values: values.get(name).subarray(start, start + size),
      first,
      shape,
      batch: axis === 'batch',
    });
    first += size;
  }
  const slot: Example['slot'] = (name) => slots.get(name)!;
  return {
    slot,
    index,
    element: (name, i) => ({ value: slot(name).values[i]!, id: slot(name).first + i }),
  };
}

/** An operation as a linear map for one example, with its derivative by every slot element in it. */
export interface ConcreteOp {
  readonly map: LinearMap;
  readonly partials: ReadonlyMap<number, LinearMap['form']>;
}

/** Builds an operation for one example; undefined where nothing happens (a barrier). */
export function concrete(
  op: Op,
  operation: number,
  example: Example,
  wanted: (id: number) => boolean,
): ConcreteOp | undefined {
  switch (op.type) {
    case 'gate':
      return concreteGate(op, operation, example, wanted);
    case 'matrix':
      return {
        map: { targets: op.qubits, controls: op.controls, form: { matrix: op.matrix } },
        partials: new Map(),
      };
    case 'evolution':
      return concreteEvolution(op, operation, example, wanted);
    case 'statePreparation':
      return concretePreparation(op, example, wanted);
    case 'measure': {
      // Only the outcome that is kept; branches of others are not state vectors.
      const matrix = [0, 0, 0, 0, 0, 0, 0, 0];
      matrix[op.postselect === 0 ? 0 : 6] = 1;
      return {
        map: { targets: [op.qubit], controls: [], form: { matrix } },
        partials: new Map(),
      };
    }
    default:
      return undefined;
  }
}

/** An angle with its derivatives, which must be finite. @throws ValueError naming the example and the function */
export function angleOf(angle: Angle, operation: number, example: Example): Dual {
  const dual = dualAngle(angle, example.element);
  if (!Number.isFinite(dual.value)) {
    const { value, of } = culprit(angle, example);
    const which = angleSlots(angle).some(({ slot }) => example.slot(slot).batch)
      ? ` of example ${example.index}`
      : '';
    throw new ValueError(`the angle${which} is ${value}`, {
      operation,
      remedy: `Give values within the domain of ${of}`,
    });
  }
  return dual;
}

/** The innermost part of an angle that is not finite: its value, and the name of what made it. */
function culprit(angle: Angle, example: Example): { readonly value: number; readonly of: string } {
  if (typeof angle === 'object' && !('slot' in angle)) {
    for (const part of 'fn' in angle ? [angle.of] : 'add' in angle ? angle.add : angle.mul) {
      if (!Number.isFinite(dualAngle(part, example.element).value)) return culprit(part, example);
    }
  }
  const of = typeof angle === 'object' && 'fn' in angle ? angle.fn : 'the expression';
  return { value: dualAngle(angle, example.element).value, of };
}

function concreteGate(
  op: GateOp,
  operation: number,
  example: Example,
  wanted: (id: number) => boolean,
): ConcreteOp {
  const row = gate(op.gate);
  const word = op.word ?? 'Z'.repeat(op.qubits.length);
  const angles = op.angles.map((angle) => angleOf(angle, operation, example));
  const matrixAt = (list: readonly number[]): Float64Array => row.matrix(list, word);
  const values = angles.map((a) => a.value);
  const matrix = matrixAt(values);
  const partials = new Map<number, { matrix: Float64Array }>();
  angles.forEach((angle, position) => {
    const ids = [...angle.partials].filter(([id]) => wanted(id));
    if (ids.length === 0) return;
    const slope = matrixDerivative(matrixAt, values, position);
    for (const [id, factor] of ids) {
      const before = partials.get(id)?.matrix ?? new Float64Array(matrix.length);
      partials.set(id, { matrix: addScaled(before, slope, factor) });
    }
  });
  return { map: { targets: op.qubits, controls: op.controls, form: { matrix } }, partials };
}

/**
 * Derivative of a gate's matrix by one of its angles. The generators of all gates have eigenvalues 0, ±1/2 and ±1, so
 * every entry is a trigonometric polynomial of degree 2 in half the angle, and its derivative is exactly this sum over
 * four shifted matrices (Wierichs et al., Quantum 6, 677, 2022, equation 26, with R = 2).
 */
function matrixDerivative(
  matrixAt: (angles: readonly number[]) => Float64Array,
  angles: readonly number[],
  position: number,
): Float64Array {
  // Functions of half the angle repeat after two turns. A shift added to a large angle would lose its digits.
  const half = angles[position]! / 2;
  const near = 2 * Math.atan2(Math.sin(half), Math.cos(half));
  let sum = new Float64Array(matrixAt(angles).length);
  for (let m = 1; m <= 4; m++) {
    const shift = ((2 * m - 1) * Math.PI) / 4;
    const sign = m % 2 === 1 ? 1 : -1;
    const weight = sign / (8 * Math.sin(shift / 2) ** 2);
    const shifted = matrixAt(angles.map((x, i) => (i === position ? near + 2 * shift : x)));
    // The factor 1/2: by the angle, not by half of it.
    sum = addScaled(sum, shifted, weight / 2) as Float64Array<ArrayBuffer>;
  }
  return sum;
}

function concreteEvolution(
  op: EvolutionOp,
  operation: number,
  example: Example,
  wanted: (id: number) => boolean,
): ConcreteOp {
  const d = 2 ** op.qubits.length;
  const time = angleOf(op.time, operation, example);
  const { generator, drift } = op;
  const matrixOf = (g: Exclude<EvolutionOp['generator'], { slot: string }>): ArrayLike<number> =>
    'matrix' in g ? g.matrix : pauliSumMatrix(g.terms, op.qubits);
  const a = 'slot' in generator ? example.slot(generator.slot).values : matrixOf(generator);
  if (drift !== undefined)
    return evolutionWithDrift(op, operation, example, wanted, a, matrixOf(drift.generator));
  const spectrum = new HermitianSpectrum(a, d);
  const matrix = spectrum.exponential(time.value);
  const partials = new Map<number, { matrix: Float64Array }>();
  const add = (id: number, slope: Float64Array, factor: number): void => {
    if (!wanted(id)) return;
    const before = partials.get(id)?.matrix ?? new Float64Array(matrix.length);
    partials.set(id, { matrix: addScaled(before, slope, factor) });
  };
  if (time.partials.size > 0) {
    const slope = timesMinusI(multiply(hermitianPart(a, d), matrix, d));
    for (const [id, factor] of time.partials) add(id, slope, factor);
  }
  if ('slot' in generator) {
    const { first } = example.slot(generator.slot);
    for (let i = 0; i < 2 * d * d; i++) {
      if (wanted(first + i))
        add(first + i, spectrum.exponentialAlong(time.value, unitDirection(i, d)), 1);
    }
  }
  return { map: { targets: op.qubits, controls: op.controls, form: { matrix } }, partials };
}

/** `exp(-i (t A + u B))`, with its derivatives along A, along B, and along each number of a slot that holds A. */
function evolutionWithDrift(
  op: EvolutionOp,
  operation: number,
  example: Example,
  wanted: (id: number) => boolean,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): ConcreteOp {
  const d = 2 ** op.qubits.length;
  const time = angleOf(op.time, operation, example);
  const other = angleOf(op.drift!.time, operation, example);
  const exponent = addScaled(
    addScaled(new Float64Array(2 * d * d), hermitianPart(a, d), time.value),
    b,
    other.value,
  );
  const spectrum = new HermitianSpectrum(exponent, d);
  const matrix = spectrum.exponential(1);
  const partials = new Map<number, { matrix: Float64Array }>();
  const add = (id: number, direction: () => ArrayLike<number>, factor: number): void => {
    if (!wanted(id)) return;
    const before = partials.get(id)?.matrix ?? new Float64Array(matrix.length);
    partials.set(id, {
      matrix: addScaled(before, spectrum.exponentialAlong(1, direction()), factor),
    });
  };
  for (const [id, factor] of time.partials) add(id, () => hermitianPart(a, d), factor);
  for (const [id, factor] of other.partials) add(id, () => b, factor);
  if ('slot' in op.generator) {
    const { first } = example.slot(op.generator.slot);
    for (let i = 0; i < 2 * d * d; i++) add(first + i, () => unitDirection(i, d), time.value);
  }
  return { map: { targets: op.qubits, controls: op.controls, form: { matrix } }, partials };
}

/** How the Hermitian part of a d × d matrix moves when number `i` of its 2·d² numbers does. */
export function unitDirection(i: number, d: number): Float64Array {
  const unit = new Float64Array(2 * d * d);
  unit[i] = 1;
  return hermitianPart(unit, d);
}

/** Dense matrix of a sum of Pauli strings over a list of qubits, the first one most significant. */
export function pauliSumMatrix(
  terms: readonly PauliTerm[],
  qubits: readonly number[],
): Float64Array {
  const k = qubits.length;
  const d = 2 ** k;
  const sum = new Float64Array(2 * d * d);
  for (let column = 0; column < d; column++) {
    // Column c of the matrix is what it makes of basis state c.
    const basis = new Float64Array(2 * d);
    basis[2 * column] = 1;
    const image = applyPauliSum(basis, terms, k, (qubit) => qubits.indexOf(qubit));
    for (let row = 0; row < d; row++) {
      sum[2 * (row * d + column)] = image[2 * row]!;
      sum[2 * (row * d + column) + 1] = image[2 * row + 1]!;
    }
  }
  return sum;
}

const PAULI = {
  X: [0, 0, 1, 0, 1, 0, 0, 0],
  Y: [0, 0, 0, -1, 0, 1, 0, 0],
  Z: [1, 0, 0, 0, 0, 0, -1, 0],
} as const;

/** A sum of Pauli strings applied to a state. */
export function applyPauliSum(
  state: Float64Array,
  terms: readonly PauliTerm[],
  qubits: number,
  place: (qubit: number) => number = (qubit) => qubit,
): Float64Array {
  let sum = new Float64Array(state.length);
  for (const term of terms) {
    let image: Float64Array = state;
    for (const { qubit, pauli } of term.paulis) {
      const map = { targets: [place(qubit)], controls: [], form: { matrix: PAULI[pauli] } };
      image = applyMap(image, qubits, map, 'keep');
    }
    sum = addScaled(sum, image, term.coefficient) as Float64Array<ArrayBuffer>;
  }
  return sum;
}

function concretePreparation(
  op: StatePreparationOp,
  example: Example,
  wanted: (id: number) => boolean,
): ConcreteOp {
  const d = 2 ** op.qubits.length;
  const slot = 'slot' in op.amplitudes ? example.slot(op.amplitudes.slot) : undefined;
  const given = 'slot' in op.amplitudes ? slot!.values : op.amplitudes.values;
  // A slot of shape [2^k] holds real amplitudes; everything else is interleaved.
  const step = slot !== undefined && slot.shape.length === 1 ? 2 : 1;
  const raw = new Float64Array(2 * d);
  for (let i = 0; i < given.length; i++) raw[step * i] = given[i]!;
  const norm = op.normalize ? Math.hypot(...raw) : 1;
  const column = raw.map((x) => x / norm);
  const partials = new Map<number, { column: Float64Array }>();
  if (slot !== undefined) {
    for (let i = 0; i < given.length; i++) {
      const id = slot.first + i;
      if (!wanted(id)) continue;
      // d(a/|a|) = da/|a| - a (a·da)/|a|³, and without normalisation just da.
      const slope = op.normalize
        ? column.map((x) => (-x * column[step * i]!) / norm)
        : new Float64Array(2 * d);
      slope[step * i]! += 1 / norm;
      partials.set(id, { column: slope });
    }
  }
  return { map: { targets: op.qubits, controls: [], form: { column } }, partials };
}
