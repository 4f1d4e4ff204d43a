import { CircuitError } from '@ketwork/base';
import type { AngleLike, UnnamedSlot } from './angle.ts';
import { SlotReference, referenceTo, resolveAngle } from './angle.ts';
import { channel as channelRow } from './channels/table.ts';
import { controlOf } from './gate-methods.ts';
import type { ControlLike, GateOptions } from './gate-methods.ts';
import { gate } from './gates/table.ts';
import type { AmplitudesLike, MatrixLike } from './matrix-like.ts';
import { interleavedAmplitudes, interleavedMatrix } from './matrix-like.ts';
import { bitsOf, deepFrozen, termOn, withControls, withQubits } from './ops.ts';
import { TemplateMethods } from './templates/methods.ts';
import type {
  Angle,
  BitCondition,
  Circuit,
  Control,
  EvolutionDrift,
  GateOp,
  Op,
  PauliObservable,
  Slot,
  SlotKind,
} from './types.ts';
import { CIRCUIT_SCHEMA } from './types.ts';
import { checkCircuit, checkQubitCount } from './validate.ts';

/** A condition on classical bits: one bit that must be 1, or several bits and the value they must read as. */
export type ConditionLike = number | BitCondition;

/**
 * Collects the operations of a circuit; what the function given to {@link circuit} receives. Every method returns the
 * builder. Faults are reported with the index of the operation, at the latest when the circuit is complete.
 *
 * @example
 * ```ts
 * import { circuit } from '@ketwork/circuit';
 * import type { Builder } from '@ketwork/circuit';
 * const ring = (q: Builder): void => {
 *   for (let i = 0; i < q.qubits; i++) q.cz(i, (i + 1) % q.qubits);
 * };
 * console.log(circuit(4, ring).ops.length); // 4
 * ```
 */
export class Builder extends TemplateMethods {
  /** Number of qubits of the circuit. */
  readonly qubits: number;
  readonly #slots = new Map<string, Slot>();
  /** Whether slots may still be added by using them. */
  readonly #open: boolean;
  #ops: Op[] = [];
  /** Classical bits of appended circuits, used or not. */
  #bits = 0;
  #controls: readonly Control[] = [];
  /** Index in the circuit of the operation being built, for messages; nested operations count with their conditional. */
  #outer: number | undefined;

  constructor(qubits: number, slots?: readonly Slot[]) {
    super();
    this.qubits = qubits;
    this.#open = slots === undefined;
    for (const slot of slots ?? []) this.#slots.set(slot.name, slot);
  }

  /** The finished, checked circuit of a builder. @internal */
  static finish(builder: Builder): Circuit {
    const circuit: Circuit = {
      schema: CIRCUIT_SCHEMA,
      qubits: builder.qubits,
      bits: builder.#ops
        .flatMap(bitsOf)
        .reduce(
          (count, bit) => (Number.isSafeInteger(bit) ? Math.max(count, bit + 1) : count),
          builder.#bits,
        ),
      slots: [...builder.#slots.values()],
      ops: builder.#ops,
    };
    checkCircuit(circuit);
    return deepFrozen(circuit);
  }

  override gate(
    name: string,
    angles: readonly AngleLike[],
    qubits: number | readonly number[],
    options: GateOptions = {},
  ): this {
    const row = this.#located(() => gate(name));
    const op: GateOp = {
      type: 'gate',
      gate: row.name,
      qubits: Array.isArray(qubits) ? [...(qubits as readonly number[])] : [qubits as number],
      angles: angles.map((angle) => this.#angle(angle)),
      controls: (options.controls ?? []).map(controlOf),
    };
    return this.#push(options.word === undefined ? op : { ...op, word: options.word });
  }

  /**
   * Adds controls to everything that `build` adds: it acts only where each control has its value.
   *
   * @param controls Qubits (which must be 1), or qubits with values.
   * @throws CircuitError when something other than gates, matrices and evolutions is added inside.
   */
  control(controls: readonly ControlLike[], build: (q: this) => unknown): this {
    const outside = this.#controls;
    this.#controls = [...outside, ...controls.map(controlOf)];
    try {
      build(this);
    } finally {
      this.#controls = outside;
    }
    return this;
  }

  /**
   * A unitary matrix of `2^k × 2^k` on k qubits, the first qubit being the most significant bit.
   *
   * @param options `label` is the text for drawings, `U` by default.
   */
  unitary(
    matrix: MatrixLike,
    qubits: readonly number[],
    options: { readonly label?: string } = {},
  ): this {
    return this.#matrix(matrix, qubits, true, options.label);
  }

  /**
   * A linear map that need not be unitary, such as a projection or filter; the state is not normalised afterwards.
   *
   * @param options `label` is the text for drawings, `L` by default.
   */
  linear(
    matrix: MatrixLike,
    qubits: readonly number[],
    options: { readonly label?: string } = {},
  ): this {
    return this.#matrix(matrix, qubits, false, options.label ?? 'L');
  }

  /**
   * Evolution `exp(-i · time · A)` under a Hermitian matrix, a slot holding one, or a sum of Pauli strings; with a drift B,
   * `exp(-i · (time · A + driftTime · B))`, which engines with the capability `evolutionDrift` run.
   *
   * @param generator A; the qubits of Pauli strings are qubits of the circuit.
   * @param time Dimensionless time, a number or an expression.
   * @param qubits Qubits the matrix acts on, first one most significant; for Pauli strings those that occur, by default.
   * @param options `drift` is B, a matrix on the same qubits or a sum of Pauli strings; `driftTime` is 1 by default.
   */
  evolution(
    generator: SlotReference<string, 'hermitian'> | MatrixLike | PauliObservable,
    time: AngleLike,
    qubits?: readonly number[],
    options: {
      readonly drift?: MatrixLike | PauliObservable;
      readonly driftTime?: AngleLike;
    } = {},
  ): this {
    const fixed = (given: MatrixLike | PauliObservable): EvolutionDrift['generator'] =>
      'type' in given
        ? { terms: given.terms.map((term) => termOn(term, (qubit) => qubit)) }
        : { matrix: this.#located(() => interleavedMatrix(given)) };
    const { drift, driftTime = 1 } = options;
    const data =
      generator instanceof SlotReference
        ? { slot: this.#declare(generator.slot) }
        : fixed(generator);
    const parts = [data, ...(drift === undefined ? [] : [fixed(drift)])];
    const terms = parts.flatMap((part) => ('terms' in part ? part.terms : []));
    const on =
      qubits ??
      (parts.every((part) => 'terms' in part)
        ? [...new Set(terms.flatMap((term) => term.paulis.map(({ qubit }) => qubit)))].sort(
            (a, b) => a - b,
          )
        : this.#fail('an evolution under a matrix has no qubits', 'Name the qubits it acts on'));
    return this.#push({
      type: 'evolution',
      qubits: [...on],
      generator: data,
      time: this.#angle(time),
      ...(drift === undefined
        ? {}
        : { drift: { generator: fixed(drift), time: this.#angle(driftTime) } }),
      controls: [],
    });
  }

  /**
   * Prepares a state of qubits on which nothing has acted yet.
   *
   * @param amplitudes A slot made by `amplitudes`, or `2^k` numbers or complex numbers, or `2 · 2^k` interleaved re, im.
   * @param options With `normalize` the amplitudes are divided by their norm; otherwise the norm must be 1.
   */
  prepare(
    amplitudes: SlotReference<string, 'amplitudes'> | AmplitudesLike,
    qubits: readonly number[],
    options: { readonly normalize?: boolean } = {},
  ): this {
    return this.#push({
      type: 'statePreparation',
      qubits: [...qubits],
      amplitudes:
        amplitudes instanceof SlotReference
          ? { slot: this.#declare(amplitudes.slot) }
          : { values: interleavedAmplitudes(amplitudes, qubits.length) },
      normalize: options.normalize ?? false,
    });
  }

  /** X on every qubit whose bit is 1: prepares that basis state from |0…0⟩. One bit per qubit. */
  basisState(bits: readonly number[], qubits: readonly number[]): this {
    if (bits.length !== qubits.length || bits.some((bit) => bit !== 0 && bit !== 1)) {
      this.#fail(
        `the bits [${bits.join(', ')}] do not fit ${qubits.length} qubits`,
        'Give one 0 or 1 per qubit',
      );
    }
    qubits.forEach((qubit, i) => bits[i] === 1 && this.gate('X', [], qubit));
    return this;
  }

  /**
   * A noise channel by name with its parameters, or by Kraus matrices.
   *
   * @param channel Name in the channel table, such as `depolarizing`; free text where `kraus` is given.
   * @param parameters Probabilities or times, as the table says; none where `kraus` is given.
   */
  override channel(
    channel: string,
    parameters: readonly AngleLike[],
    qubits: number | readonly number[],
    options: { readonly kraus?: readonly MatrixLike[] } = {},
  ): this {
    const { kraus } = options;
    const op: Op = {
      type: 'channel',
      channel: kraus === undefined ? this.#located(() => channelRow(channel)).name : channel,
      qubits: typeof qubits === 'number' ? [qubits] : [...qubits],
      angles: parameters.map((parameter) => this.#angle(parameter)),
    };
    return this.#push(
      kraus === undefined
        ? op
        : { ...op, kraus: this.#located(() => kraus.map(interleavedMatrix)) },
    );
  }

  /** Measures a qubit into a classical bit; with `postselect` only that outcome is kept. */
  measure(qubit: number, bit: number, options: { readonly postselect?: 0 | 1 } = {}): this {
    const { postselect } = options;
    return this.#push({
      type: 'measure',
      qubit,
      bit,
      ...(postselect === undefined ? {} : { postselect }),
    });
  }

  /** Puts qubits back to |0⟩. */
  reset(...qubits: readonly number[]): this {
    return this.#push({ type: 'reset', qubits: [...qubits] });
  }

  /** Runs `then` where the condition on classical bits holds, and `otherwise` where it does not. */
  if(condition: ConditionLike, then: (q: this) => unknown, otherwise?: (q: this) => unknown): this {
    return this.#push({
      type: 'conditional',
      condition: conditionOf(condition),
      then: this.#nested(then),
      otherwise: otherwise === undefined ? [] : this.#nested(otherwise),
    });
  }

  /** Repeats `body` while the condition on classical bits holds, at most `rounds` times. */
  while(condition: ConditionLike, rounds: number, body: (q: this) => unknown): this {
    return this.#push({
      type: 'conditional',
      condition: conditionOf(condition),
      then: this.#nested(body),
      otherwise: [],
      repeat: rounds,
    });
  }

  /** Makes a slot part of the circuit that no operation uses, such as the matrix of an observable. */
  declare(...slots: readonly SlotReference[]): this {
    for (const { slot } of slots) this.#declare(slot);
    return this;
  }

  /** A line that compilers and drawings move nothing across; over all qubits by default. */
  barrier(...qubits: readonly number[]): this {
    const all = Array.from({ length: this.qubits }, (_, qubit) => qubit);
    return this.#push({ type: 'barrier', qubits: qubits.length === 0 ? all : [...qubits] });
  }

  /**
   * Adds the operations of another circuit; slots of equal names must be equal and become one.
   *
   * @param qubits Where its qubits go, one entry for each; qubit i to qubit i by default.
   */
  append(other: Circuit, qubits?: readonly number[]): this {
    if (
      (qubits ?? []).length !== (qubits === undefined ? 0 : other.qubits) ||
      other.qubits > this.qubits
    ) {
      this.#fail(
        `a circuit of ${other.qubits} qubits does not fit ${qubits?.length ?? this.qubits} qubits`,
        'Name one qubit for each of its qubits',
      );
    }
    for (const slot of other.slots) this.#declare(slot);
    this.#bits = Math.max(this.#bits, other.bits);
    for (const op of other.ops)
      this.#push(qubits === undefined ? op : withQubits(op, (qubit) => qubits[qubit]!));
    return this;
  }

  #matrix(
    matrix: MatrixLike,
    qubits: readonly number[],
    unitary: boolean,
    label: string | undefined,
  ): this {
    const data = this.#located(() => interleavedMatrix(matrix));
    const op: Op = { type: 'matrix', qubits: [...qubits], matrix: data, unitary, controls: [] };
    return this.#push(label === undefined ? op : { ...op, label });
  }

  #nested(build: (q: this) => unknown): Op[] {
    if (this.#controls.length > 0)
      this.#fail('a conditional cannot be controlled', 'Put it outside');
    const outside = this.#ops;
    const outer = this.#outer;
    this.#outer ??= outside.length;
    const inside: Op[] = [];
    this.#ops = inside;
    try {
      build(this);
    } finally {
      this.#ops = outside;
      this.#outer = outer;
    }
    return inside;
  }

  #push(op: Op): this {
    this.#ops.push(withControls(op, this.#controls, this.#index));
    return this;
  }

  #angle(like: AngleLike): Angle {
    const { data, slots } = this.#located(() => resolveAngle(like));
    for (const slot of slots) this.#declare(slot);
    return data;
  }

  /** Makes the slot known to the circuit and returns its name. */
  #declare(slot: Slot): string {
    const known = this.#slots.get(slot.name);
    if (known === undefined) {
      if (!this.#open) {
        this.#fail(
          `slot '${slot.name}' is not among the slots given to circuit()`,
          'Add it to the record of slots',
        );
      }
      this.#slots.set(slot.name, slot);
    } else if (known !== slot && !sameSlot(known, slot)) {
      this.#fail(
        `two different slots are named '${slot.name}'`,
        'Rename one, or give both the same shape and options',
      );
    }
    return slot.name;
  }

  get #index(): number {
    return this.#outer ?? this.#ops.length;
  }

  #fail(what: string, remedy: string): never {
    throw new CircuitError(what, { operation: this.#index, remedy });
  }

  /** Adds the operation's index to a CircuitError of a function that does not know it. */
  #located<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof CircuitError) || error.operation !== undefined) throw error;
      const what =
        error.remedy === undefined
          ? error.message
          : error.message.slice(0, -error.remedy.length - 2);
      throw new CircuitError(what, {
        operation: this.#index,
        ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
      });
    }
  }
}

/** Whether two slots of the same name are the same slot. */
function sameSlot(a: Slot, b: Slot): boolean {
  return (
    a.kind === b.kind &&
    a.axis === b.axis &&
    a.differentiable === b.differentiable &&
    a.shape.length === b.shape.length &&
    a.shape.every((length, i) => length === b.shape[i])
  );
}

function conditionOf(like: ConditionLike): BitCondition {
  return typeof like === 'number'
    ? { bits: [like], value: 1 }
    : { bits: [...like.bits], value: like.value };
}

/** Slots given to {@link circuit} by name. */
export type SlotRecord = Readonly<Record<string, UnnamedSlot | SlotReference>>;

/** The slots of a record as the builder function receives them: named, and of their kinds. */
export type NamedSlots<Slots extends SlotRecord> = {
  readonly [Name in keyof Slots & string]: SlotReference<
    Name,
    Slots[Name] extends UnnamedSlot<infer Kind> | SlotReference<string, infer Kind>
      ? Kind
      : SlotKind
  >;
};

/**
 * Builds a circuit: the function adds operations in the order in which they act. Everything is checked when it returns.
 *
 * With a record of slots, their names become part of the type, so that programs know which values they need.
 *
 * @param qubits Number of qubits, at least 1. Qubit 0 is the most significant bit of a basis index.
 * @returns Frozen plain data, safe for `JSON.stringify` and `structuredClone`.
 * @throws CircuitError for a wrong qubit, gate name, slot or number of parameters; ValueError for a number that is not
 * finite, a matrix that is not unitary or amplitudes that are not normalised. Both name the operation.
 * @example
 * ```ts
 * import { circuit, input, weight } from '@ketwork/circuit';
 * const bell = circuit(2, (q) => q.h(0).cnot(0, 1));
 * console.log(bell.ops.length); // 2
 * const model = circuit(2, { x: input([2]), w: weight([2]) }, (q, { x, w }) => {
 *   for (const i of [0, 1]) q.rx(x.at(i), i).ry(w.at(i).times(2), i);
 *   q.cz(0, 1);
 * });
 * console.log(model.slots.map((slot) => slot.name)); // [ 'x', 'w' ]
 * ```
 */
export function circuit(qubits: number, build: (q: Builder) => unknown): Circuit;
export function circuit<const Slots extends SlotRecord>(
  qubits: number,
  slots: Slots,
  build: (q: Builder, slots: NamedSlots<Slots>) => unknown,
): Circuit<keyof Slots & string>;
export function circuit(
  qubits: number,
  ...rest:
    | readonly [(q: Builder) => unknown]
    | readonly [SlotRecord, (q: Builder, slots: Record<string, SlotReference>) => unknown]
): Circuit {
  checkQubitCount(qubits);
  if (typeof rest.at(-1) !== 'function') {
    throw new CircuitError('the last argument of circuit() is not a function', {
      remedy: 'Give one that adds the operations, such as (q) => q.h(0)',
    });
  }
  if (rest.length === 1) {
    const builder = new Builder(qubits);
    rest[0](builder);
    return Builder.finish(builder);
  }
  const [record, build] = rest;
  const references: Record<string, SlotReference> = {};
  for (const [name, slot] of Object.entries(record)) references[name] = named(name, slot);
  const builder = new Builder(
    qubits,
    Object.values(references).map((reference) => reference.slot),
  );
  build(builder, references);
  return Builder.finish(builder);
}

function named(name: string, slot: UnnamedSlot | SlotReference): SlotReference {
  if (!(slot instanceof SlotReference)) return referenceTo({ name, ...slot.unnamed });
  if (slot.name !== name) {
    throw new CircuitError(`slot '${slot.name}' is given under the name '${name}'`, {
      remedy: 'Leave the name out of input() or weight(), or use the same one',
    });
  }
  return slot;
}
