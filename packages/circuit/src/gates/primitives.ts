import { negated, productOf } from '../expression.ts';
import type { Control, GateOp, MatrixOp } from '../types.ts';
import type { Gate, Primitive } from './gate.ts';
import { findGate, gate } from './table.ts';

export type { Primitive } from './gate.ts';

/**
 * The factors of an operation that engines run: Pauli rotations, phases and constant matrices, each with controls, the
 * first one acting first. Their product is the matrix of the operation exactly, global phase included. Gates with
 * parameters become rotations and phases only; the controls of a controlled gate come before those of the operation.
 *
 * @throws CircuitError for a gate that is not in the table.
 * @example
 * ```ts
 * import { circuit, primitives } from '@ketwork/circuit';
 * const [op] = circuit(2, (q) => q.crx(0.3, 0, 1)).ops;
 * if (op?.type === 'gate') console.log(primitives(op));
 * ```
 */
export function primitives(op: GateOp | MatrixOp): readonly Primitive[] {
  if (op.type === 'matrix') {
    return [{ type: 'matrix', qubits: op.qubits, matrix: op.matrix, controls: op.controls }];
  }
  const row = gate(op.gate);
  const base = baseOf(row);
  const own: Control[] = op.qubits.slice(0, row.controls).map((qubit) => ({ qubit, value: 1 }));
  const controls = own.length === 0 ? op.controls : [...own, ...op.controls];
  const targets = op.qubits.slice(row.controls);
  if (base.name === 'I') return [];
  if (base.factors === undefined)
    return [{ type: 'matrix', qubits: targets, matrix: constantOf(base), controls }];
  const word = op.word ?? 'Z'.repeat(targets.length);
  return base.factors(op.angles, word).map((factor) => placed(factor, targets, controls));
}

/**
 * Frequencies of an expectation value as a function of the primitive's angle: what a parameter-shift rule needs.
 * A rotation has `[1]`, with controls `[0.5, 1]`; a phase `[1]`; a global phase and a constant matrix none.
 *
 * Source: Wierichs et al., General parameter-shift rules for quantum gradients, Quantum 6, 677 (2022).
 * @example
 * ```ts
 * import { primitiveFrequencies } from '@ketwork/circuit';
 * console.log(primitiveFrequencies({ type: 'rotation', word: 'X', qubits: [0], angle: 0.1, controls: [] })); // [ 1 ]
 * ```
 */
export function primitiveFrequencies(primitive: Primitive): readonly number[] {
  if (primitive.type === 'rotation') return primitive.controls.length === 0 ? [1] : [0.5, 1];
  if (primitive.type === 'phase')
    return primitive.qubits.length + primitive.controls.length === 0 ? [] : [1];
  return [];
}

function baseOf(row: Gate): Gate {
  return row.base === undefined ? row : findGate(row.base)!;
}

const constants = new Map<string, readonly number[]>();

function constantOf(row: Gate): readonly number[] {
  let matrix = constants.get(row.name);
  if (matrix === undefined) {
    matrix = Object.freeze([...row.matrix([])]);
    constants.set(row.name, matrix);
  }
  return matrix;
}

/** Moves a factor from the gate's own qubits to those of the operation; identity letters have no effect. */
function placed(
  factor: Primitive,
  targets: readonly number[],
  controls: readonly Control[],
): Primitive {
  const all = factor.qubits.map((i) => targets[i]!);
  if (factor.type !== 'rotation') return { ...factor, qubits: all, controls };
  const keep = [...factor.word].flatMap((letter, i) => (letter === 'I' ? [] : [i]));
  if (keep.length === 0) {
    return { type: 'phase', angle: productOf(0.5, negated(factor.angle)), qubits: [], controls };
  }
  const word = keep.map((i) => factor.word[i]).join('');
  return {
    type: 'rotation',
    word,
    qubits: keep.map((i) => all[i]!),
    angle: factor.angle,
    controls,
  };
}
