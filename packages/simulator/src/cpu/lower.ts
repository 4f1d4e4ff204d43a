import { UnsupportedError } from '@ketwork/base';
import { primitives } from '@ketwork/circuit';
import type { Angle, Circuit, Op, Primitive, StatePreparationOp } from '@ketwork/circuit';
import { AngleTable } from './angles.ts';
import type { Coefficient, Element } from './element.ts';
import { evolutionPrimitives } from './evolution.ts';

/** A circuit in the engine's terms. */
export interface Lowered {
  readonly qubits: number;
  /** Whether the circuit has slots with a value per example; without, a run is always a single example. */
  readonly batched: boolean;
  /**
   * Whether angles of single examples are folded, so that signs and scales differ from example to example: then every use
   * of an angle has a coefficient per example.
   */
  readonly folded: boolean;
  readonly angles: AngleTable;
  readonly elements: readonly Element[];
  /** Elements on single qubits that run before all others. */
  readonly prefix: readonly Element[];
  /** State preparations, in order, on disjoint qubits that no element touched before. */
  readonly preparations: readonly StatePreparationOp[];
  /** Coefficients by axis, in the order of their index; numbered by the last pass. */
  readonly shared: readonly Coefficient[];
  readonly batch: readonly Coefficient[];
  /** Different angles by axis, in the order of {@link Coefficient.source}, each as the first coefficient that has it. */
  readonly sources: {
    readonly shared: readonly Coefficient[];
    readonly batch: readonly Coefficient[];
  };
  /** Indices of operations that are not unitary, which the adjoint method cannot undo. */
  readonly filters: ReadonlySet<number>;
}

/**
 * Rewrites a circuit as rotations, phases and matrices. Global phases are kept only where the state itself is read;
 * elsewhere a rotation about Z becomes a phase on half of the amplitudes.
 */
export function lower(circuit: Circuit, keepGlobalPhase: boolean): Lowered {
  const angles = new AngleTable(circuit);
  const elements: Element[] = [];
  const preparations: StatePreparationOp[] = [];
  const filters = new Set<number>();

  const coefficient = (angle: Angle, scale: number, operation: number): Coefficient => {
    const node = angles.add(angle, operation);
    return { node, scale, axis: angles.isBatch(node) ? 'batch' : 'shared', index: -1, source: -1 };
  };

  const add = (primitive: Primitive, operation: number): void => {
    const { qubits, controls } = primitive;
    if (primitive.type === 'matrix') {
      elements.push({ type: 'matrix', qubits, controls, matrix: primitive.matrix, operation });
      return;
    }
    const { angle } = primitive;
    if (primitive.type === 'phase') {
      if (qubits.length + controls.length === 0 && !keepGlobalPhase) return;
      elements.push({
        type: 'phase',
        qubits,
        controls,
        coefficient: coefficient(angle, 1, operation),
        operation,
      });
      return;
    }
    const { word } = primitive;
    const halved = !keepGlobalPhase && controls.length === 0;
    const rotation = (letters: string, on: readonly number[]): Element =>
      halved && /^Z+$/.test(letters)
        ? {
            type: 'phase',
            odd: true,
            qubits: on,
            controls,
            coefficient: coefficient(angle, 1, operation),
            operation,
          }
        : {
            type: 'rotation',
            word: letters,
            qubits: on,
            controls,
            coefficient: coefficient(angle, 0.5, operation),
            operation,
          };
    if (qubits.length <= 2) elements.push(rotation(word, qubits));
    else elements.push(...ladder(word, qubits, rotation('Z', qubits.slice(-1)), operation));
  };

  circuit.ops.forEach((op, operation) => {
    switch (op.type) {
      case 'gate':
        for (const primitive of primitives(op)) add(primitive, operation);
        break;
      case 'matrix':
        for (const primitive of primitives(op)) add(primitive, operation);
        if (!op.unitary) filters.add(operation);
        break;
      case 'evolution':
        for (const primitive of evolutionPrimitives(op, operation)) add(primitive, operation);
        break;
      case 'statePreparation':
        preparations.push(op);
        break;
      case 'barrier':
        break;
      default:
        throw refused(op, operation);
    }
  });
  const batched = circuit.slots.some(({ axis }) => axis === 'batch');
  return {
    qubits: circuit.qubits,
    batched,
    folded: false,
    angles,
    elements,
    prefix: [],
    preparations,
    shared: [],
    batch: [],
    sources: { shared: [], batch: [] },
    filters,
  };
}

/** The same circuit with its prefix among the other elements. */
export const withoutPrefix = (lowered: Lowered): Lowered => ({
  ...lowered,
  elements: [...lowered.prefix, ...lowered.elements],
  prefix: [],
});

function refused(op: Op, operation: number): UnsupportedError {
  return new UnsupportedError(`the CPU engine cannot run '${op.type}'`, { operation });
}

const H = Math.SQRT1_2;
const HADAMARD = [H, 0, H, 0, H, 0, -H, 0];
/** Columns: eigenvectors of Y for +1 and -1; its adjoint takes Y to Z. */
const Y_TO_Z = [H, 0, 0, -H, H, 0, 0, H];
const Z_TO_Y = [H, 0, H, 0, 0, H, 0, -H];
const NOT = [0, 0, 1, 0, 1, 0, 0, 0];

/** A rotation about a long Pauli word: basis changes to Z, parity gathered on the last qubit, `middle` there, all undone. */
function ladder(
  word: string,
  qubits: readonly number[],
  middle: Element,
  operation: number,
): Element[] {
  const matrix = (entries: readonly number[], qubit: number): Element => ({
    type: 'matrix',
    qubits: [qubit],
    controls: [],
    matrix: entries,
    operation,
  });
  const change: Element[] = [];
  const back: Element[] = [];
  qubits.forEach((qubit, i) => {
    const letter = word[i];
    if (letter === 'Z') return;
    change.push(matrix(letter === 'X' ? HADAMARD : Y_TO_Z, qubit));
    back.push(matrix(letter === 'X' ? HADAMARD : Z_TO_Y, qubit));
  });
  const chain = qubits.slice(1).map((target, i): Element => ({
    type: 'matrix',
    qubits: [target],
    controls: [{ qubit: qubits[i] as number, value: 1 }],
    matrix: NOT,
    operation,
  }));
  return [...change, ...chain, middle, ...chain.toReversed(), ...back];
}
