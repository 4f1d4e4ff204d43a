import { elementary, UnsupportedError } from '@ketwork/base';
import { channel, pauliTransferMatrix, primitives } from '@ketwork/circuit';
import type {
  Angle,
  ChannelOp,
  Circuit,
  ConditionalOp,
  Control,
  Measurement,
  Op,
  Primitive,
} from '@ketwork/circuit';
import { evolutionPrimitives } from '../cpu/evolution.ts';
import type { Element, Entry, SparseMatrix } from './element.ts';

/** Entries of a transfer matrix on three qubits that are still unrolled into code. */
const MAX_ENTRIES = 1024;

type Rows = readonly (readonly Entry[] | undefined)[];

/** Most operations after loops are written out. */
const MAX_OPS = 100_000;

/** A circuit as maps of Pauli vectors. */
export interface Lowered {
  readonly elements: readonly Element[];
  /** Digits of the vector: qubits, then classical bits that matter, then conditions. */
  readonly wires: number;
  /** Where classical bits are that something reads. */
  readonly bits: ReadonlyMap<number, number>;
}

/**
 * Rewrites a circuit as maps of Pauli vectors. Classical bits that conditions or measurements read become further digits,
 * which only ever hold I and Z, and a condition becomes a control on them: exact, since bits are never in superposition.
 *
 * @throws UnsupportedError
 */
export function lower(circuit: Circuit, read: readonly Measurement[]): Lowered {
  const lowering = new Lowering(circuit, read);
  lowering.add(circuit.ops, []);
  return { elements: lowering.out, wires: lowering.wires, bits: lowering.bits };
}

class Lowering {
  readonly out: Element[] = [];
  readonly bits = new Map<number, number>();
  wires: number;
  #count = 0;
  /** Operation of the circuit that is being rewritten. */
  #operation = 0;
  /** Wires that hold conditions, by how deep they are nested. */
  readonly #conditions: number[] = [];

  constructor(circuit: Circuit, read: readonly Measurement[]) {
    this.wires = circuit.qubits;
    const need = (bit: number): void => {
      if (!this.bits.has(bit)) this.bits.set(bit, this.wires++);
    };
    const visit = (op: Op): void => {
      if (op.type !== 'conditional') return;
      op.condition.bits.forEach(need);
      op.then.forEach(visit);
      op.otherwise.forEach(visit);
    };
    circuit.ops.forEach(visit);
    for (const m of read) if ('bits' in m) m.bits?.forEach(need);
  }

  /** Appends operations under conditions on wires of bits. */
  add(ops: readonly Op[], conditions: readonly Control[], depth = 0): void {
    ops.forEach((op, i) => {
      if (depth === 0) this.#operation = i;
      if (++this.#count > MAX_OPS) {
        throw new UnsupportedError(`more than ${MAX_OPS} operations once loops are written out`, {
          operation: this.#operation,
          remedy: 'Use fewer rounds',
        });
      }
      this.#add(op, conditions, depth);
    });
  }

  #add(op: Op, conditions: readonly Control[], depth: number): void {
    const operation = this.#operation;
    switch (op.type) {
      case 'gate':
      case 'matrix':
        for (const primitive of primitives({ ...op, controls: [...conditions, ...op.controls] }))
          addPrimitive(primitive, operation, this.out);
        return;
      case 'evolution':
        if ('slot' in op.generator) {
          throw new UnsupportedError(
            `the density matrix engine cannot evolve under the matrix of slot '${op.generator.slot}'`,
            { operation, remedy: 'Use a fixed generator, or Pauli rotations with angles of slots' },
          );
        }
        for (const primitive of evolutionPrimitives(
          { ...op, controls: [...conditions, ...op.controls] },
          operation,
        ))
          addPrimitive(primitive, operation, this.out);
        return;
      case 'channel':
        this.#addChannel(op, conditions);
        return;
      case 'measure': {
        const wire = this.bits.get(op.bit);
        const kept = op.postselect === undefined ? DEPHASED : PROJECTED[op.postselect];
        if (wire === undefined) this.#rows([op.qubit], kept, conditions);
        else this.#rows([op.qubit, wire], recorded(kept), conditions);
        return;
      }
      case 'reset':
        for (const qubit of op.qubits) this.#rows([qubit], RESET, conditions);
        return;
      case 'conditional':
        for (let round = 0; round < (op.repeat ?? 1); round++) this.#branch(op, conditions, depth);
        return;
      case 'statePreparation':
        if (conditions.length > 0) {
          throw new UnsupportedError(
            'the density matrix engine cannot prepare a state under a condition',
            { operation, remedy: 'Prepare it first, or use gates' },
          );
        }
        this.out.push({
          type: 'preparation',
          qubits: op.qubits,
          amplitudes: op.amplitudes,
          normalize: op.normalize,
          operation,
        });
        return;
      case 'barrier':
    }
  }

  #branch(op: ConditionalOp, conditions: readonly Control[], depth: number): void {
    const { bits, value } = op.condition;
    const all = bits.map((bit, i): Control => ({
      qubit: this.bits.get(bit)!,
      value: (Math.floor(value / 2 ** i) % 2) as 0 | 1,
    }));
    // A bit that a condition around this one reads has its value there, since nothing in between writes it.
    const known = ({ qubit }: Control): Control | undefined =>
      conditions.find((condition) => condition.qubit === qubit);
    const pattern = all.filter((control) => known(control) === undefined);
    const never = all.some((control) => (known(control) ?? control).value !== control.value);
    if (never || pattern.length === 0) {
      this.add(never ? op.otherwise : op.then, conditions, depth + 1);
      return;
    }
    const written = writtenBits([...op.then, ...op.otherwise]);
    const lasts = [...conditions, ...pattern].every(({ qubit }) =>
      [...written].every((bit) => this.bits.get(bit) !== qubit),
    );
    if (
      lasts &&
      conditions.length + pattern.length <= MAX_CONDITIONS &&
      (op.otherwise.length === 0 || pattern.length === 1)
    ) {
      this.add(op.then, [...conditions, ...pattern], depth + 1);
      const other = pattern.map(({ qubit, value: v }): Control => ({
        qubit,
        value: v === 0 ? 1 : 0,
      }));
      this.add(op.otherwise, [...conditions, ...other], depth + 1);
      return;
    }
    // A bit of its own says whether the condition held, with all those around it.
    const [then, otherwise] = [0, 1].map(
      (branch) => (this.#conditions[2 * depth + branch] ??= this.wires++),
    ) as [number, number];
    const flip = (wire: number, controls: readonly Control[]): void =>
      addMap([NOT], [wire], controls, this.#operation, this.out);
    this.#rows([then], RESET, []);
    flip(then, [...conditions, ...pattern]);
    if (op.otherwise.length > 0) {
      this.#rows([otherwise], RESET, []);
      flip(otherwise, [...conditions, { qubit: then, value: 0 }]);
    }
    this.add(op.then, [{ qubit: then, value: 1 }], depth + 1);
    if (op.otherwise.length > 0)
      this.add(op.otherwise, [{ qubit: otherwise, value: 1 }], depth + 1);
  }

  #addChannel(op: ChannelOp, conditions: readonly Control[]): void {
    const k = op.qubits.length;
    if (conditions.length === 0 && op.kraus !== undefined) {
      addMap(op.kraus, op.qubits, [], this.#operation, this.out);
      return;
    }
    if (conditions.length > 0 && k > 2) {
      throw new UnsupportedError(
        `the density matrix engine cannot run a channel on ${k} qubits under a condition`,
        { operation: this.#operation, remedy: 'Use channels on one or two qubits there' },
      );
    }
    const rows =
      op.kraus === undefined ? channelRows(op) : rowsOf(pauliTransferMatrix(op.kraus), 4 ** k);
    this.#rows(op.qubits, rows, conditions);
  }

  /** Appends a map that acts where conditions on bits hold. */
  #rows(qubits: readonly number[], rows: Rows, conditions: readonly Control[]): void {
    if (rows.every((row) => row === undefined)) return;
    this.out.push({
      type: 'transfer',
      qubits: [...conditions.map(({ qubit }) => qubit), ...qubits],
      rows: conditions.length === 0 ? rows : conditionalRows(rows, conditions),
      operation: this.#operation,
    });
  }
}

/** Most bits that a map is made conditional on; more are first gathered in one. */
const MAX_CONDITIONS = 2;

const NOT = [0, 0, 1, 0, 1, 0, 0, 0];

/** Bits that operations write. */
function writtenBits(ops: readonly Op[]): ReadonlySet<number> {
  const found = new Set<number>();
  for (const op of ops) {
    if (op.type === 'measure') found.add(op.bit);
    if (op.type === 'conditional')
      for (const bit of writtenBits([...op.then, ...op.otherwise])) found.add(bit);
  }
  return found;
}

/** A measurement whose outcome goes into a bit: both read the same, whatever the bit was. */
function recorded(kept: Rows): Rows {
  const value = (digit: 0 | 3): readonly Entry[] =>
    (kept[digit] ?? [{ column: digit, value: 1 }]).map((entry) => ({
      ...entry,
      column: 4 * entry.column,
    }));
  return Array.from({ length: 16 }, (_, row) => {
    const [qubit, bit] = [row >> 2, row & 3];
    if ((qubit !== 0 && qubit !== 3) || (bit !== 0 && bit !== 3)) return [];
    return value(qubit === bit ? 0 : 3);
  });
}

/** Rows of a map that acts where bits, which come first, have their values: `P ⊗ E + (1 - P) ⊗ 1`. */
function conditionalRows(rows: Rows, conditions: readonly Control[]): Rows {
  const size = rows.length;
  const digitsOf = (index: number): number[] =>
    conditions.map((_, i) => (index >> (2 * (conditions.length - 1 - i))) & 3);
  const classical = Array.from({ length: 4 ** conditions.length }, (_, index) => index).filter(
    (index) => digitsOf(index).every((digit) => digit === 0 || digit === 3),
  );
  const projector = (to: number, from: number): number => {
    const [a, b] = [digitsOf(to), digitsOf(from)];
    return conditions.reduce(
      (product, { value }, i) => product * (value === 1 && a[i] !== b[i] ? -0.5 : 0.5),
      1,
    );
  };
  return Array.from({ length: 4 ** conditions.length * size }, (_, index) => {
    const [bits, row] = [Math.floor(index / size), index % size];
    const inner = rows[row];
    if (inner === undefined || !classical.includes(bits)) return undefined;
    return classical.flatMap((from) => {
      const p = projector(bits, from);
      const rest = (bits === from ? 1 : 0) - p;
      const entries: Entry[] = inner.map(({ column, value }) => ({
        column: from * size + column,
        value: scaled(p, value),
      }));
      if (rest !== 0) entries.push({ column: from * size + row, value: rest });
      return entries;
    });
  });
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

/** Rows of a channel of the table. */
function channelRows(op: ChannelOp): Rows {
  const k = op.qubits.length;
  const rows: Entry[][] = Array.from({ length: 4 ** k }, () => []);
  for (const { row, column, value } of channel(op.channel).transfer(op.angles, k))
    if (value !== 0) rows[row]!.push({ column, value });
  const stays = (row: number): boolean =>
    rows[row]!.length === 1 && rows[row]![0]!.column === row && rows[row]![0]!.value === 1;
  return rows.map((entries, row) => (stays(row) ? undefined : entries));
}
