import type { Op } from '@ketwork/circuit';
import type { Piece } from './pieces.ts';
import type {
  BitReference,
  Conjunction,
  Constant,
  Measured,
  Scalar,
  ScalarType,
  Value,
} from './values.ts';
import { Refusal, constant, measuredBit, overwritten, reduced } from './values.ts';

/** Greatest sizes of what is read. */
export interface Limits {
  /** Characters of the program. Default 2^26. */
  readonly characters?: number;
  /** Qubits, and as many classical bits. Default 65,536. */
  readonly qubits?: number;
  /** Operations of the circuit. Default 1,000,000. */
  readonly operations?: number;
  /** Statements executed and operations made on the way, loops and calls written out. Default 5,000,000. */
  readonly steps?: number;
  /** Rounds of a `while` whose condition is measured. Default 1,000. */
  readonly rounds?: number;
  /** How deep expressions, blocks and calls may be nested. Default 100. */
  readonly nesting?: number;
}

/** A place for a value: a variable, an element of an array, or a bit. */
export interface Cell {
  readonly type: ScalarType;
  /** Classical bit of the circuit that a bit is; such a cell without a value holds what was measured last. */
  readonly bit?: number;
  value: Value | undefined;
}

/** What happened in a branch that may or may not run. */
interface Branch {
  /** Cells written, with their values before. */
  readonly cells: Map<Cell, Value | undefined>;
  /** Bits measured into, with their versions before. */
  readonly bits: Map<number, number>;
}

/** A branch, with the values and versions it leaves. */
interface Collected {
  readonly ops: readonly Op[];
  readonly before: Branch;
  readonly after: Branch;
}

/** How deep conditionals may be nested in a circuit. */
const MOST_BRANCHES = 64;

/** Collects the operations of the circuit, and keeps track of what may still be read. */
export class Emitter {
  readonly limits: Required<Limits>;
  #ops: Op[] = [];
  /** Global phase of what is being collected, in radians. */
  #phase = 0;
  #steps = 0;
  #count = 0;
  readonly #versions = new Map<number, number>();
  #clock = 0;
  #branches: Branch[] = [];

  constructor(limits: Required<Limits>) {
    this.limits = limits;
  }

  /** Counts work. @throws Refusal where it is too much */
  step(count = 1): void {
    this.#steps += count;
    if (this.#steps > this.limits.steps) {
      throw new Refusal(
        `the program takes more than ${this.limits.steps} steps`,
        'Shorten its loops, or raise the limit `steps`',
      );
    }
  }

  /** How many operations may still come. */
  get left(): number {
    return this.limits.operations - this.#count;
  }

  /** Adds an operation. @throws Refusal where there are too many */
  push(op: Op): void {
    if (++this.#count > this.limits.operations) this.#tooMany();
    this.#ops.push(op);
  }

  /** Adds gates; global phases that are known are gathered into one. */
  pieces(pieces: readonly Piece[]): void {
    for (const op of pieces) {
      const [angle] =
        op.type === 'gate' && op.gate === 'GPhase' && op.controls.length === 0 ? op.angles : [];
      if (typeof angle === 'number') this.#phase += angle;
      else this.push(op);
    }
  }

  /** Ends the collection. */
  finish(): Op[] {
    return closed(this.#ops, this.#phase);
  }

  #tooMany(): never {
    throw new Refusal(
      `the circuit has more than ${this.limits.operations} operations`,
      'Shorten its loops, or raise the limit `operations`',
    );
  }

  /** Whether a branch or loop that may not run is being collected. */
  get conditional(): boolean {
    return this.#branches.length > 0;
  }

  /** Writes a cell, so that a branch can be undone. */
  write(cell: Cell, value: Value | undefined): void {
    const branch = this.#branches.at(-1);
    if (branch !== undefined && !branch.cells.has(cell)) branch.cells.set(cell, cell.value);
    cell.value = value;
  }

  /** Measures into a bit. */
  measure(qubit: number, bit: number, cell: Cell): void {
    this.push({ type: 'measure', qubit, bit });
    this.#renew(bit);
    this.write(cell, undefined);
  }

  #renew(bit: number): void {
    const branch = this.#branches.at(-1);
    if (branch !== undefined && !branch.bits.has(bit))
      branch.bits.set(bit, this.#versions.get(bit) ?? 0);
    this.#versions.set(bit, ++this.#clock);
  }

  /** What a bit of the circuit holds now. */
  current(bit: number): Measured {
    return measuredBit({ bit, version: this.#versions.get(bit) ?? 0 });
  }

  /** Makes sure that bits still hold what a value was made of. @throws Refusal */
  #stillThere(bits: readonly BitReference[]): void {
    for (const reference of bits) {
      if ((this.#versions.get(reference.bit) ?? 0) !== reference.version) overwritten();
    }
  }

  /**
   * Runs one of two bodies, as a condition on measured bits says.
   *
   * @param then Collects what happens where it holds.
   * @param otherwise Collects what happens where it does not.
   */
  choose(condition: Measured | Conjunction, then: () => void, otherwise: () => void): void {
    this.#stillThere(condition.bits);
    const first = this.#branch(then);
    for (const [cell, before] of first.before.cells) cell.value = before;
    for (const [bit, version] of first.before.bits) this.#versions.set(bit, version);
    const second = this.#branch(otherwise);
    if (first.ops.length + second.ops.length > 0) {
      this.#ops.push(...this.#tree(condition, first.ops, second.ops));
    }
    this.#merge(condition, first, second);
  }

  /** Collects a branch, with the values and versions it leaves. */
  #branch(work: () => void): Collected {
    if (this.#branches.length >= MOST_BRANCHES) {
      throw new Refusal(
        `conditions on measured bits are nested more than ${MOST_BRANCHES} deep`,
        'Flatten them',
      );
    }
    const outside = this.#ops;
    const phase = this.#phase;
    const before: Branch = { cells: new Map(), bits: new Map() };
    this.#ops = [];
    this.#phase = 0;
    this.#branches.push(before);
    work();
    this.#branches.pop();
    const ops = closed(this.#ops, this.#phase);
    // What is made of the branch counts.
    this.#count -= sizeOf(this.#ops);
    this.#ops = outside;
    this.#phase = phase;
    const cells = new Map([...before.cells.keys()].map((cell) => [cell, cell.value]));
    const bits = new Map([...before.bits.keys()].map((bit) => [bit, this.#versions.get(bit) ?? 0]));
    return { ops, before, after: { cells, bits } };
  }

  #merge(condition: Measured | Conjunction, first: Collected, second: Collected): void {
    const outer = this.#branches.at(-1);
    for (const bit of new Set([...first.before.bits.keys(), ...second.before.bits.keys()])) {
      const before = first.before.bits.get(bit) ?? second.before.bits.get(bit)!;
      if (outer !== undefined && !outer.bits.has(bit)) outer.bits.set(bit, before);
      // Where only one branch measured, what it made of its bits stays good in that branch.
      const [a, b] = [first.after.bits.get(bit), second.after.bits.get(bit)];
      this.#versions.set(bit, a !== undefined && b !== undefined ? ++this.#clock : (a ?? b)!);
    }
    for (const cell of new Set([...first.before.cells.keys(), ...second.before.cells.keys()])) {
      const before = first.before.cells.has(cell)
        ? first.before.cells.get(cell)
        : second.before.cells.get(cell);
      const a = first.after.cells.has(cell) ? first.after.cells.get(cell) : before;
      const b = second.after.cells.has(cell) ? second.after.cells.get(cell) : before;
      cell.value = before;
      this.write(cell, this.#either(condition, cell, a, b));
    }
  }

  /** The value that is `a` where the condition holds and `b` elsewhere. */
  #either(
    condition: Measured | Conjunction,
    cell: Cell,
    a: Value | undefined,
    b: Value | undefined,
  ): Value | undefined {
    if (a === b) return a;
    const own = (value: Value | undefined): Value | undefined =>
      value ?? (cell.bit === undefined ? undefined : this.current(cell.bit));
    const [x, y] = [own(a), own(b)];
    if (x === undefined || y === undefined) return undefined;
    const scalars = [x, y];
    if (
      condition.kind === 'conjunction' ||
      !scalars.every((v) => v.kind === 'constant' || v.kind === 'measured')
    ) {
      throw new Refusal(
        'a variable gets a value that depends on a measured condition in a way that cannot be followed',
        'Assign bits, integers and real numbers on conditions of few bits',
      );
    }
    return select(condition, x as Constant | Measured, y as Constant | Measured, cell.type);
  }

  /**
   * Repeats a body while bits have values; at most `limits.rounds` times.
   *
   * @param test Works out the condition.
   * @param body Collects a round.
   */
  repeat(test: () => Measured | Conjunction, body: () => void): void {
    // The first round only shows which bits are measured. What was made of them before the loop is no longer good.
    const rehearsal = this.#branch(body);
    for (const [cell, before] of rehearsal.before.cells) cell.value = before;
    for (const [bit, version] of rehearsal.before.bits) this.#versions.set(bit, version);
    for (const bit of rehearsal.before.bits.keys()) this.#renew(bit);
    const condition = test();
    this.#stillThere(condition.bits);
    const round = this.#branch(body);
    for (const [cell, before] of round.before.cells) {
      if (cell.value === undefined && before === undefined && cell.bit !== undefined) continue;
      throw new Refusal(
        'a variable changes in a loop whose number of rounds is measured',
        'Only bits that are measured into may change there',
      );
    }
    this.#count += sizeOf(round.ops);
    this.push({
      type: 'conditional',
      condition: singleTest(condition),
      then: round.ops,
      otherwise: [],
      repeat: this.limits.rounds,
    });
    for (const bit of round.before.bits.keys()) this.#renew(bit);
  }

  /**
   * Does something once for every combination that measured values can have, each under its condition.
   *
   * @param work Gets the values, none of them measured.
   */
  cases(values: readonly Scalar[], work: (known: readonly Scalar[]) => void): void {
    const open = values.find((value): value is Measured => value.kind === 'measured');
    if (open === undefined) {
      work(values);
      return;
    }
    const [reference] = open.bits;
    const at =
      (bit: 0 | 1) =>
      (value: Scalar): Scalar =>
        value.kind === 'measured' ? fixed(value, reference!, bit) : value;
    const bit = measuredBit(reference!);
    this.step();
    this.choose(
      bit,
      () => this.cases(values.map(at(1)), work),
      () => this.cases(values.map(at(0)), work),
    );
  }

  /** Conditionals that run `then` where the condition holds, and `otherwise` elsewhere. */
  #tree(
    condition: Measured | Conjunction,
    then: readonly Op[],
    otherwise: readonly Op[],
  ): readonly Op[] {
    // Every branch comes with one conditional, or less.
    const count = (ops: readonly Op[]): readonly Op[] => {
      this.#count += sizeOf(ops) + 1;
      if (this.#count > this.limits.operations) this.#tooMany();
      return ops;
    };
    if (condition.kind === 'conjunction') {
      const { bits, values, negated } = condition;
      const [yes, no] = negated ? [otherwise, then] : [then, otherwise];
      return chained(
        bits.map(({ bit }) => bit),
        values,
        yes,
        no,
        count,
      );
    }
    const grow = (bits: readonly number[], table: readonly number[]): readonly Op[] => {
      const holds = table.filter((entry) => entry !== 0).length;
      if (holds === table.length) return count(then);
      if (holds === 0) return count(otherwise);
      const single = holds === 1 ? 1 : holds === table.length - 1 ? 0 : undefined;
      if (single !== undefined) {
        const value = table.findIndex((entry) => Number(entry !== 0) === single);
        // One bit is tested for the value that has something to do.
        const flip = single === 0 && bits.length === 1;
        const [yes, no] = single === 1 || flip ? [then, otherwise] : [otherwise, then];
        return [conditional(bits, flip ? 1 - value : value, count(yes), count(no))];
      }
      const middle = table.length / 2;
      const last = bits.at(-1)!;
      const rest = bits.slice(0, -1);
      return [
        conditional([last], 1, grow(rest, table.slice(middle)), grow(rest, table.slice(0, middle))),
      ];
    };
    return grow(
      condition.bits.map(({ bit }) => bit),
      condition.table,
    );
  }
}

/** Operations of a branch with the global phase they left. */
function closed(ops: Op[], phase: number): Op[] {
  const turned = phase - 2 * Math.PI * Math.round(phase / (2 * Math.PI));
  if (Math.abs(turned) < 1e-12) return ops;
  return [...ops, { type: 'gate', gate: 'GPhase', qubits: [], angles: [turned], controls: [] }];
}

function sizeOf(ops: readonly Op[]): number {
  let size = 0;
  for (const op of ops)
    size += op.type === 'conditional' ? 1 + sizeOf(op.then) + sizeOf(op.otherwise) : 1;
  return size;
}

function conditional(
  bits: readonly number[],
  value: number,
  then: readonly Op[],
  otherwise: readonly Op[],
): Op {
  return { type: 'conditional', condition: { bits, value }, then, otherwise };
}

/** Tests of many bits: a conditional reads at most 32 of them. */
function chained(
  bits: readonly number[],
  values: readonly number[],
  then: readonly Op[],
  otherwise: readonly Op[],
  count: (ops: readonly Op[]) => readonly Op[],
): readonly Op[] {
  if (bits.length === 0) return count(then);
  const value = values.slice(0, 32).reduce((sum, bit, i) => sum + bit * 2 ** i, 0);
  const inner = chained(bits.slice(32), values.slice(32), then, otherwise, count);
  return [conditional(bits.slice(0, 32), value, inner, count(otherwise))];
}

/** The one test that a loop makes. @throws Refusal for conditions of another form */
function singleTest(condition: Measured | Conjunction): {
  readonly bits: readonly number[];
  readonly value: number;
} {
  const bits = condition.bits.map(({ bit }) => bit);
  if (condition.kind === 'conjunction' && !condition.negated && bits.length <= 32) {
    return { bits, value: condition.values.reduce((sum, bit, i) => sum + bit * 2 ** i, 0) };
  }
  if (
    condition.kind === 'measured' &&
    condition.table.filter((entry) => entry !== 0).length === 1
  ) {
    return { bits, value: condition.table.findIndex((entry) => entry !== 0) };
  }
  throw new Refusal(
    'a loop tests more than whether bits have given values',
    'Compare a register with one value, or one bit',
  );
}

/** A value with one of its bits known. */
function fixed(value: Measured, reference: BitReference, bit: 0 | 1): Constant | Measured {
  const place = value.bits.findIndex((own) => own.bit === reference.bit);
  if (place < 0) return value;
  if (value.bits[place]!.version !== reference.version) overwritten();
  const bits = value.bits.filter((_, i) => i !== place);
  const table = value.table.filter((_, assignment) => ((assignment >> place) & 1) === bit);
  return reduced({ kind: 'measured', type: value.type, bits, table });
}

/** One of two values, by a condition. Versions of bits may differ between the two: each is read in its own case. */
function select(
  condition: Measured,
  a: Constant | Measured,
  b: Constant | Measured,
  type: ScalarType,
): Constant | Measured {
  const bits = new Map<number, BitReference>(
    condition.bits.map((reference) => [reference.bit, reference]),
  );
  for (const value of [a, b]) {
    for (const reference of value.kind === 'measured' ? value.bits : []) {
      const known = bits.get(reference.bit);
      if (known !== undefined && known.version !== reference.version) overwritten();
      bits.set(reference.bit, reference);
    }
  }
  const list = [...bits.values()];
  if (list.length > 12) {
    throw new Refusal('a variable depends on more than 12 measured bits', 'Use fewer');
  }
  const place = new Map(list.map(({ bit }, i) => [bit, i]));
  const at = (value: Constant | Measured, assignment: number): number => {
    if (value.kind === 'constant') return value.value;
    let entry = 0;
    value.bits.forEach(({ bit }, i) => (entry |= ((assignment >> place.get(bit)!) & 1) << i));
    return value.table[entry]!;
  };
  const table = Array.from({ length: 2 ** list.length }, (_, assignment) =>
    at(at(condition, assignment) === 0 ? b : a, assignment),
  );
  return list.length === 0
    ? constant(type, table[0]!)
    : reduced({ kind: 'measured', type, bits: list, table });
}
