import { angle as angles, gate } from '@ketwork/circuit';
import type { Angle, AngleExpression, Control, GateOp, MatrixOp } from '@ketwork/circuit';
import { powerOfMatrix, product2 } from './matrix-power.ts';
import { Refusal } from './values.ts';

/** What gates become: gates of the table and matrices. */
export type Piece = GateOp | MatrixOp;

/** An angle: a number or an expression of inputs. */
export type Turn = number | AngleExpression;

/** The data of an angle. */
function dataOf(turn: Turn): Angle {
  return typeof turn === 'number' ? turn : turn.data;
}

/** Shared by all gates that have none. */
const NO_CONTROLS: readonly Control[] = Object.freeze([]);
const NO_ANGLES: readonly Angle[] = Object.freeze([]);

/** A gate of the table. */
export function piece(
  name: string,
  turns: readonly Turn[],
  qubits: readonly number[],
  controls: readonly Control[] = NO_CONTROLS,
): GateOp {
  return {
    type: 'gate',
    gate: name,
    qubits,
    angles: turns.length === 0 ? NO_ANGLES : turns.map(dataOf),
    controls,
  };
}

/** What undoes the pieces. */
export function inverted(pieces: readonly Piece[]): Piece[] {
  return pieces
    .map((op): Piece => {
      if (op.type === 'gate') return { ...op, ...gate(op.gate).inverse(op.angles) };
      return { ...op, matrix: conjugateTranspose(op.matrix) };
    })
    .reverse();
}

function conjugateTranspose(matrix: readonly number[]): number[] {
  const d = Math.sqrt(matrix.length / 2);
  return Array.from({ length: matrix.length }, (_, k) => {
    const [row, column] = [Math.floor(k / 2 / d), Math.floor(k / 2) % d];
    const x = matrix[2 * (column * d + row) + (k % 2)]!;
    return k % 2 === 1 ? 0 - x : x;
  });
}

/** The pieces under further controls; a global phase becomes the phase of a control. */
export function underControls(pieces: readonly Piece[], controls: readonly Control[]): Piece[] {
  return pieces.map((op) => {
    const all = [...controls, ...op.controls];
    const first = all.find(({ value }) => value === 1);
    if (op.type === 'gate' && op.gate === 'GPhase' && first !== undefined) {
      return {
        ...op,
        gate: 'P',
        qubits: [first.qubit],
        controls: all.filter((one) => one !== first),
      };
    }
    return { ...op, controls: all };
  });
}

/** Gates of one parameter θ are exp(-iθG), so that a power multiplies θ. */
function scales(name: string): boolean {
  return gate(name).parameters.length === 1;
}

/** Gates diag(1, …, 1, e^{iφ}) without parameters, with φ; powers multiply it. */
const PHASES: Readonly<Record<string, number>> = {
  Z: Math.PI,
  S: Math.PI / 2,
  Sdg: -Math.PI / 2,
  T: Math.PI / 4,
  Tdg: -Math.PI / 4,
};

/** Every gate of the table without parameters is the identity when applied eight times. */
const PERIOD = 8;

/**
 * A power of the pieces. A rotation's angle is multiplied; what is left takes its principal power, eigenvalues having
 * phases from -π (excluded) to π.
 *
 * @param most How many pieces may come of it.
 * @throws Refusal
 */
export function raised(pieces: readonly Piece[], exponent: Turn, most: number): readonly Piece[] {
  const [only] = pieces;
  if (only === undefined) return [];
  if (pieces.length === 1 && only.type === 'gate' && scales(only.gate)) {
    return [{ ...only, angles: [dataOf(times(exponent, only.angles[0]!))] }];
  }
  if (typeof exponent !== 'number') {
    throw new Refusal(
      'a power depends on an input',
      'Only rotations and phases can have such powers',
    );
  }
  if (Number.isInteger(exponent)) return repeated(pieces, exponent, most);
  if (pieces.length === 1) {
    const power = powerOf(only, exponent);
    if (power !== undefined) return power;
  }
  const together = onOneQubit(pieces);
  if (together !== undefined)
    return [{ ...together, matrix: powerOfMatrix(together.matrix, exponent) }];
  throw new Refusal(
    `the power ${exponent} of a gate of several parts is not supported`,
    'Take powers of its parts, or an integer power',
  );
}

function times(exponent: Turn, data: Angle): Turn {
  if (typeof exponent === 'number' && typeof data === 'number') return exponent * data;
  // Slots are declared by the program, so an expression from data needs none of its own.
  return angles.mul(exponent, data);
}

function repeated(pieces: readonly Piece[], exponent: number, most: number): readonly Piece[] {
  const [only] = pieces;
  let count = Math.abs(exponent);
  if (pieces.length === 1 && only!.type === 'gate' && only!.angles.length === 0) count %= PERIOD;
  if (count * pieces.length > most) {
    throw new Refusal(
      `the power ${exponent} has more than ${most} operations`,
      'Use a smaller power',
    );
  }
  const unit = exponent < 0 ? inverted(pieces) : pieces;
  return Array.from({ length: count }, () => unit).flat();
}

/** A power that is no integer, of one piece. */
function powerOf(op: Piece, exponent: number): readonly Piece[] | undefined {
  if (op.type === 'matrix') {
    return op.qubits.length === 1
      ? [{ ...op, matrix: powerOfMatrix(op.matrix, exponent) }]
      : undefined;
  }
  const row = gate(op.gate);
  if (row.base !== undefined) {
    const own = op.qubits.slice(0, row.controls).map((qubit): Control => ({ qubit, value: 1 }));
    const base = {
      ...op,
      gate: row.base,
      qubits: op.qubits.slice(row.controls),
      controls: [...own, ...op.controls],
    };
    return powerOf(base, exponent);
  }
  if (row.name === 'I') return [op];
  const phase = PHASES[row.name];
  if (phase !== undefined) return [{ ...op, gate: 'P', angles: [phase * exponent] }];
  if (row.name === 'ISWAP' || row.name === 'ISWAPdg') {
    const theta = ((row.name === 'ISWAP' ? -1 : 1) * exponent * Math.PI) / 2;
    return ['RXX', 'RYY'].map((name) => ({ ...op, gate: name, angles: [theta] }));
  }
  if (row.selfInverse && row.qubits === 2) {
    return [{ ...matrixPiece(op), matrix: powerOfReflection([...row.matrix([])], exponent) }];
  }
  if (row.qubits !== 1 || !op.angles.every((x) => typeof x === 'number')) return undefined;
  return [{ ...matrixPiece(op), matrix: powerOfMatrix([...row.matrix(op.angles)], exponent) }];
}

function matrixPiece(op: GateOp): MatrixOp {
  return { type: 'matrix', qubits: op.qubits, matrix: [], unitary: true, controls: op.controls };
}

/** U² = 1 has the eigenvalues ±1, and U^k = (1+U)/2 + e^{iπk}(1-U)/2. */
function powerOfReflection(matrix: readonly number[], exponent: number): number[] {
  const d = Math.sqrt(matrix.length / 2);
  const [cos, sin] = [Math.cos(Math.PI * exponent), Math.sin(Math.PI * exponent)];
  return Array.from({ length: matrix.length }, (_, k) => {
    const entry = Math.floor(k / 2);
    const unit = Math.floor(entry / d) === entry % d ? 1 : 0;
    const [re, im] = [matrix[2 * entry]!, matrix[2 * entry + 1]!];
    const [p, q] = [(unit - re) / 2, (0 - im) / 2];
    return k % 2 === 0 ? (unit + re) / 2 + cos * p - sin * q : im / 2 + sin * p + cos * q;
  });
}

/** The product of pieces without controls on one qubit, global phases included. */
function onOneQubit(pieces: readonly Piece[]): MatrixOp | undefined {
  const qubit = pieces.find((op) => op.qubits.length === 1)?.qubits[0];
  if (qubit === undefined) return undefined;
  let matrix: readonly number[] = [1, 0, 0, 0, 0, 0, 1, 0];
  for (const op of pieces) {
    if (op.controls.length > 0 || op.qubits.some((other) => other !== qubit)) return undefined;
    if (op.type === 'matrix') matrix = product2(op.matrix, matrix);
    else {
      if (!op.angles.every((x) => typeof x === 'number')) return undefined;
      const own = gate(op.gate).matrix(op.angles, op.word);
      const [re, im] = [own[0]!, own[1]!];
      matrix = product2(op.qubits.length === 0 ? [re, im, 0, 0, 0, 0, re, im] : own, matrix);
    }
  }
  return { type: 'matrix', qubits: [qubit], matrix, unitary: true, controls: [] };
}
