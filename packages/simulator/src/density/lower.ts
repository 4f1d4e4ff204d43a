import { elementary, UnsupportedError } from '@ketwork/base';
import { channel, pauliTransferMatrix, primitives } from '@ketwork/circuit';
import type { Angle, ChannelOp, Circuit, Control, Primitive } from '@ketwork/circuit';
import { evolutionPrimitives } from '../cpu/evolution.ts';
import type { Element, Entry, SparseMatrix } from './element.ts';

/** Entries of a transfer matrix on three qubits that are still unrolled into code. */
const MAX_ENTRIES = 1024;

type Rows = readonly (readonly Entry[] | undefined)[];

/** Rewrites a circuit as maps of Pauli vectors. @throws UnsupportedError */
export function lower(circuit: Circuit): readonly Element[] {
  const out: Element[] = [];
  circuit.ops.forEach((op, operation) => {
    const add = (qubits: readonly number[], rows: Rows): void => {
      if (rows.some((row) => row !== undefined))
        out.push({ type: 'transfer', qubits, rows, operation });
    };
    switch (op.type) {
      case 'gate':
      case 'matrix':
        for (const primitive of primitives(op)) addPrimitive(primitive, operation, out);
        break;
      case 'evolution':
        if ('slot' in op.generator) {
          throw new UnsupportedError(
            `the density matrix engine cannot evolve under the matrix of slot '${op.generator.slot}'`,
            { operation, remedy: 'Use a fixed generator, or Pauli rotations with angles of slots' },
          );
        }
        for (const primitive of evolutionPrimitives(op, operation))
          addPrimitive(primitive, operation, out);
        break;
      case 'channel':
        addChannel(op, operation, out);
        break;
      case 'measure':
        add([op.qubit], op.postselect === undefined ? DEPHASED : PROJECTED[op.postselect]);
        break;
      case 'reset':
        for (const qubit of op.qubits) add([qubit], RESET);
        break;
      case 'statePreparation':
        out.push({
          type: 'preparation',
          qubits: op.qubits,
          amplitudes: op.amplitudes,
          normalize: op.normalize,
          operation,
        });
        break;
      case 'barrier':
      case 'conditional': // refused by the engine's capabilities
    }
  });
  return out;
}

const DEPHASED: Rows = [undefined, [], [], undefined];
/** Projections on 0 and on 1; the trace that is left is divided by at the end. */
const PROJECTED: readonly [Rows, Rows] = [projected(1), projected(-1)];
const RESET: Rows = [undefined, [], [], [{ column: 0, value: 1 }]];

function projected(sign: 1 | -1): Rows {
  const row = (first: number, second: number): readonly Entry[] => [
    { column: 0, value: first },
    { column: 3, value: second },
  ];
  return [row(0.5, 0.5 * sign), [], [], row(0.5 * sign, 0.5)];
}

function addPrimitive(primitive: Primitive, operation: number, out: Element[]): void {
  const { qubits, controls } = primitive;
  if (primitive.type === 'rotation') {
    for (const [sign, on] of projectorStrings(controls)) {
      const word = primitive.word + 'Z'.repeat(on.length);
      addRotation(word, [...qubits, ...on], scaled(sign, primitive.angle), operation, out);
    }
  } else if (primitive.type === 'phase') {
    const all = [...qubits.map((qubit): Control => ({ qubit, value: 1 })), ...controls];
    // exp(iφ c Z…Z) is a rotation by -2φc; the part without Z is a global phase.
    for (const [sign, on] of projectorStrings(all)) {
      if (on.length > 0)
        addRotation('Z'.repeat(on.length), on, scaled(-2 * sign, primitive.angle), operation, out);
    }
  } else addMap([primitive.matrix], qubits, controls, operation, out);
}

/** The projector on the values of controls as a sum of products of Z: coefficients and qubits. */
function projectorStrings(controls: readonly Control[]): [number, number[]][] {
  let strings: [number, number[]][] = [[1, []]];
  for (const { qubit, value } of controls) {
    strings = strings.flatMap(([c, on]): [number, number[]][] => [
      [c / 2, on],
      [value === 0 ? c / 2 : -c / 2, [...on, qubit]],
    ]);
  }
  return strings;
}

function scaled(factor: number, angle: Angle): Angle {
  if (typeof angle === 'number') return factor * angle;
  return factor === 1 ? angle : { mul: [factor, angle] };
}

/** `exp(-i angle/2 P)`; words of more than two letters are narrowed by Clifford gates around them. */
function addRotation(
  word: string,
  qubits: readonly number[],
  angle: Angle,
  operation: number,
  out: Element[],
): void {
  if (word.length <= 2) {
    out.push({ type: 'transfer', qubits, rows: rotationRows(word, angle), operation });
    return;
  }
  const pair = qubits.slice(0, 2);
  const { there, back } = narrowing(word.slice(0, 2));
  out.push({ type: 'transfer', qubits: pair, rows: there, operation });
  addRotation(`Z${word.slice(2)}`, qubits.slice(1), angle, operation, out);
  out.push({ type: 'transfer', qubits: pair, rows: back, operation });
}

const LETTERS = 'IXYZ';

/** Rows of the rotation: of P and Q that anticommute, Q becomes cos Q + i sin QP. */
function rotationRows(word: string, angle: Angle): Rows {
  const cos: Angle = typeof angle === 'number' ? elementary.cos(angle) : { fn: 'cos', of: angle };
  const sin: Angle = typeof angle === 'number' ? elementary.sin(angle) : { fn: 'sin', of: angle };
  const k = word.length;
  return Array.from({ length: 4 ** k }, (_, row) => {
    let column = 0;
    let power = 1; // of i in i·Q·P, for the Q that goes into this row
    let odd = 0;
    for (let q = 0; q < k; q++) {
      const shift = 2 * (k - 1 - q);
      const letter = LETTERS.indexOf(word[q]!);
      const here = (row >> shift) & 3;
      const partner = here ^ letter; // as 1 ^ 2 = 3, products of letters are exclusive or
      column |= partner << shift;
      if (here !== 0 && letter !== 0 && here !== letter) {
        odd++;
        // partner · letter = ± i here
        power += (letter - partner + 3) % 3 === 1 ? 1 : 3;
      }
    }
    if (odd % 2 === 0) return undefined;
    return [
      { column: row, value: cos },
      { column, value: scaled(power % 4 === 0 ? 1 : -1, sin) },
    ];
  });
}

const h = Math.SQRT1_2;
const TO_Z: Readonly<Record<string, readonly number[]>> = {
  X: [h, 0, h, 0, h, 0, -h, 0],
  Y: [h, 0, 0, -h, h, 0, 0, h],
  Z: [1, 0, 0, 0, 0, 0, 1, 0],
};

/** The Clifford gate that turns a two-letter word into a Z on its second qubit, and its inverse. */
function narrowing(word: string): { readonly there: Rows; readonly back: Rows } {
  const [a, b] = [TO_Z[word[0]!]!, TO_Z[word[1]!]!];
  const matrix = new Float64Array(32);
  for (let row = 0; row < 4; row++) {
    // CNOT after both basis changes: rows 2 and 3 of their product trade places.
    const from = row < 2 ? row : 5 - row;
    for (let column = 0; column < 4; column++) {
      const x = 2 * ((from >> 1) * 2 + (column >> 1));
      const y = 2 * ((from & 1) * 2 + (column & 1));
      matrix[2 * (row * 4 + column)] = a[x]! * b[y]! - a[x + 1]! * b[y + 1]!;
      matrix[2 * (row * 4 + column) + 1] = a[x]! * b[y + 1]! + a[x + 1]! * b[y]!;
    }
  }
  const transfer = pauliTransferMatrix([matrix]);
  const transposed = transfer.map((_, i) => transfer[(i % 16) * 16 + Math.floor(i / 16)]!);
  return { there: rowsOf(transfer, 16), back: rowsOf(transposed, 16) };
}

/** Rows of a matrix of numbers; entries that are 0, 1 or -1 but for rounding become so. */
function rowsOf(matrix: ArrayLike<number>, size: number): Rows {
  return Array.from({ length: size }, (_, row) => {
    const entries: Entry[] = [];
    for (let column = 0; column < size; column++) {
      const x = matrix[row * size + column]!;
      const near = Math.round(x);
      const value = Math.abs(x - near) < 2e-15 ? near : x;
      if (value !== 0) entries.push({ column, value });
    }
    const [only] = entries;
    const stays = entries.length === 1 && only?.column === row && only.value === 1;
    return stays ? undefined : entries;
  });
}

/** `Σ K ρ K†` with constant matrices under controls. */
function addMap(
  matrices: readonly (readonly number[])[],
  targets: readonly number[],
  controls: readonly Control[],
  operation: number,
  out: Element[],
): void {
  const qubits = [...controls.map(({ qubit }) => qubit), ...targets];
  const kraus = matrices.map((matrix) => sparse(matrix, controls, targets.length));
  if (qubits.length <= 3) {
    const size = 4 ** qubits.length;
    const d = 2 ** qubits.length;
    const rows = rowsOf(pauliTransferMatrix(kraus.map((matrix) => dense(matrix, d))), size);
    const entries = rows.reduce((sum, row) => sum + (row?.length ?? 0), 0);
    if (entries <= MAX_ENTRIES) {
      if (entries > 0 || rows.some((row) => row !== undefined))
        out.push({ type: 'transfer', qubits, rows, operation });
      return;
    }
  }
  out.push({ type: 'wide', qubits, kraus, operation });
}

/** A matrix under controls, which come first. */
function sparse(
  matrix: readonly number[],
  controls: readonly Control[],
  targets: number,
): SparseMatrix {
  const small = 2 ** targets;
  const pattern = controls.reduce((bits, { value }) => 2 * bits + value, 0);
  const rows: number[] = [];
  const columns: number[] = [];
  const values: number[] = [];
  for (let block = 0; block < 2 ** controls.length; block++) {
    for (let row = 0; row < small; row++) {
      for (let column = 0; column < small; column++) {
        const at = 2 * (row * small + column);
        const re = block === pattern ? matrix[at]! : row === column ? 1 : 0;
        const im = block === pattern ? matrix[at + 1]! : 0;
        if (re === 0 && im === 0) continue;
        rows.push(block * small + row);
        columns.push(block * small + column);
        values.push(re, im);
      }
    }
  }
  return {
    rows: Int32Array.from(rows),
    columns: Int32Array.from(columns),
    values: Float64Array.from(values),
  };
}

function dense({ rows, columns, values }: SparseMatrix, d: number): Float64Array {
  const out = new Float64Array(2 * d * d);
  rows.forEach((row, i) => {
    out[2 * (row * d + columns[i]!)] = values[2 * i]!;
    out[2 * (row * d + columns[i]!) + 1] = values[2 * i + 1]!;
  });
  return out;
}

function addChannel(op: ChannelOp, operation: number, out: Element[]): void {
  if (op.kraus !== undefined) {
    addMap(op.kraus, op.qubits, [], operation, out);
    return;
  }
  const k = op.qubits.length;
  const rows: Entry[][] = Array.from({ length: 4 ** k }, () => []);
  for (const { row, column, value } of channel(op.channel).transfer(op.angles, k))
    if (value !== 0) rows[row]!.push({ column, value });
  const stays = (row: number): boolean =>
    rows[row]!.length === 1 && rows[row]![0]!.column === row && rows[row]![0]!.value === 1;
  out.push({
    type: 'transfer',
    qubits: op.qubits,
    rows: rows.map((entries, row) => (stays(row) ? undefined : entries)),
    operation,
  });
}
