import { CircuitError, UnsupportedError } from '@ketwork/base';
import { requireCircuit } from '../json.ts';
import { deepFrozen, qubitsOf, withControls, withQubits } from '../ops.ts';
import type {
  BitCondition,
  Circuit,
  ConditionalOp,
  Control,
  MeasureOp,
  Measurement,
  Op,
  StatePreparationOp,
} from '../types.ts';
import { actsOnValue, lightCone, reads, readsValue } from './influence.ts';
import { checkCircuit, MAX_WIRES } from '../validate.ts';

/** Options of {@link deferMeasurements}. */
export interface DeferOptions {
  /**
   * All that will be read of the circuit. Operations and qubits without influence on it are left out, and a measured
   * qubit that is from then on read and acted on in the computational basis only is its own record, which saves a qubit.
   * By default anything may be read, and every measurement takes one.
   */
  readonly read?: readonly Measurement[];
  /**
   * `final`, the default: post-selected qubits are listed, to be projected at the end, and the circuit stays unitary.
   * `immediate`: projections, linear maps that are not unitary, stand where the measurements stood; no qubits are added.
   */
  readonly postselection?: 'final' | 'immediate';
  /** Most qubits of the result. Default 65,536, the most of any circuit. */
  readonly maxQubits?: number;
}

/** Where a classical bit is after {@link deferMeasurements}: on a qubit, or a constant. */
export type DeferredBit = { readonly qubit: number } | { readonly value: 0 | 1 };

/** A circuit without measurements, resets and conditionals, and where to find what they left. */
export interface DeferredCircuit<Names extends string = string> {
  /** The circuit, on the qubits of the given one and further ones. */
  readonly circuit: Circuit<Names>;
  /** For each of its operations the index of the operation of the given circuit that it comes from. */
  readonly operations: readonly number[];
  /** For each qubit of the given circuit the qubit on which its state ends; undefined where it was left out. */
  readonly qubits: readonly (number | undefined)[];
  /** For each classical bit where its value is read, in the computational basis; undefined where it was left out. */
  readonly bits: readonly (DeferredBit | undefined)[];
  /** Qubits that must be found with these values for all post-selections to hold. */
  readonly postselected: readonly Control[];
}

/** Most operations of the result, so that loops of very many rounds are refused instead of written out. */
const MAX_OPS = 1_000_000;

/**
 * Rewrites a circuit so that nothing is measured before its end (principle of deferred measurement, Nielsen and Chuang,
 * section 4.4): a measurement copies the qubit onto a fresh one by a CNOT, a condition becomes controls on the qubits
 * that hold the bits, a reset goes on with a fresh qubit, and loops are written out round by round. All probabilities and
 * expectation values stay what they were.
 *
 * @throws CircuitError for a circuit that is not well formed; UnsupportedError for a channel under a condition, which no
 * operation expresses, and where more qubits or operations would be needed than allowed.
 * @example
 * ```ts
 * import { circuit, deferMeasurements } from '@ketwork/circuit';
 * const coin = circuit(1, (q) => q.h(0).measure(0, 0).if(0, (then) => then.x(0)));
 * const { circuit: plain, bits } = deferMeasurements(coin);
 * console.log(plain.qubits, bits); // 2 [ { qubit: 1 } ]
 * ```
 */
export function deferMeasurements<Names extends string>(
  circuit: Circuit<Names>,
  options: DeferOptions = {},
): DeferredCircuit<Names> {
  requireCircuit(circuit);
  const { read, postselection = 'final', maxQubits = MAX_WIRES } = options;
  if (!Number.isSafeInteger(maxQubits) || maxQubits < 1) {
    throw new CircuitError(`a circuit cannot have at most ${maxQubits} qubits`, {
      remedy: 'Use a positive integer',
    });
  }
  const deferral = new Deferral(circuit, read, postselection === 'immediate');
  deferral.run(circuit.ops, [], []);
  const { place, bits, postselected, count } = deferral;
  const all = Array.from({ length: count }, (_, qubit) => qubit);
  const { kept, needed } =
    read === undefined
      ? { kept: deferral.ops.map((_, index) => index), needed: all }
      : lightCone(deferral.ops, all, [
          ...place.filter((_, qubit) => read.some((m) => reads(m, qubit))),
          ...bits.flatMap((held, bit) =>
            'qubit' in held && read.some((m) => 'bits' in m && m.bits?.includes(bit) === true)
              ? [held.qubit]
              : [],
          ),
          ...postselected.map(({ qubit }) => qubit),
        ]);
  if (needed.length > maxQubits) {
    throw new UnsupportedError(
      `without measurements and resets on the way the circuit needs ${needed.length} qubits, and there may be ${maxQubits}`,
      {
        remedy:
          'Measure or reset less often, or use an engine that runs the circuit as it is, such as trajectories',
      },
    );
  }
  const numbers = new Map(needed.map((qubit, i) => [qubit, i]));
  const renumbered = (qubit: number): number => numbers.get(qubit)!;
  const deferred = {
    ...circuit,
    qubits: needed.length,
    bits: 0,
    ops: kept.map((index) => withQubits(deferral.ops[index]!, renumbered)),
  };
  checkCircuit(deferred);
  return deepFrozen({
    circuit: deferred,
    operations: kept.map((index) => deferral.operations[index]!),
    qubits: place.map((qubit) => numbers.get(qubit)),
    bits: bits.map((held): DeferredBit | undefined => {
      if ('value' in held) return held;
      const qubit = numbers.get(held.qubit);
      return qubit === undefined ? undefined : { qubit };
    }),
    postselected: postselected.map(({ qubit, value }) => ({ qubit: renumbered(qubit), value })),
  });
}

/** The state of the rewriting: where everything is at the point reached. */
class Deferral {
  readonly ops: Op[] = [];
  /** The operations of the given circuit that they come from. */
  readonly operations: number[] = [];
  /** Where the qubits are. */
  readonly place: number[];
  /** Where the bits are. What holds a bit is never changed, only replaced. */
  readonly bits: DeferredBit[];
  readonly postselected: Control[] = [];
  /** Number of qubits so far. */
  count: number;
  /** Qubits that may be in another state than |0⟩. */
  readonly #used = new Set<number>();
  /** Qubits that have the value of a record, where the controls hold. */
  readonly #copies = new Map<
    number,
    { readonly record: number; readonly where: readonly Control[] }
  >();
  /** Conditions of earlier rounds of the loops around: they hold wherever a later round runs. */
  #passed: readonly Control[] = [];
  readonly #read: readonly Measurement[] | undefined;
  readonly #immediate: boolean;
  /** Index of the operation of the given circuit. */
  #operation = 0;

  constructor(circuit: Circuit, read: readonly Measurement[] | undefined, immediate: boolean) {
    this.place = Array.from({ length: circuit.qubits }, (_, qubit) => qubit);
    this.bits = Array.from({ length: circuit.bits }, () => ({ value: 0 }));
    this.count = circuit.qubits;
    this.#read = read;
    this.#immediate = immediate;
  }

  /**
   * Rewrites operations that run where all of `context` holds.
   *
   * @param later Operations that follow them, list after list.
   */
  run(
    ops: readonly Op[],
    context: readonly Control[],
    later: readonly (readonly Op[])[],
    operation?: number,
  ): void {
    ops.forEach((op, i) => {
      this.#operation = operation ?? i;
      const rest = [ops.slice(i + 1), ...later];
      switch (op.type) {
        case 'measure':
          if (op.postselect === undefined) this.#measure(op, context, rest);
          else this.#postselect(op, op.postselect, context, rest);
          break;
        case 'reset':
          for (const qubit of op.qubits) this.#reset(qubit, context);
          break;
        case 'conditional':
          this.#conditional(op, context, rest);
          break;
        case 'statePreparation':
          this.#prepare(op, context);
          break;
        case 'channel':
          if (context.length > 0) {
            throw new UnsupportedError('a channel under a condition cannot be deferred', {
              operation: this.#operation,
              remedy: 'Put the channel outside, or use an engine that runs the circuit as it is',
            });
          }
          this.#push(withQubits(op, (qubit) => this.place[qubit]!));
          break;
        default:
          this.#push(
            withControls(
              withQubits(op, (qubit) => this.place[qubit]!),
              context,
              this.#operation,
            ),
          );
      }
    });
  }

  #measure(op: MeasureOp, context: readonly Control[], rest: readonly (readonly Op[])[]): void {
    const from = this.place[op.qubit]!;
    if (context.length === 0 && !this.#used.has(from)) this.bits[op.bit] = { value: 0 };
    else if (context.length === 0 && this.#keepsValue(op.qubit, rest)) {
      this.bits[op.bit] = { qubit: from };
      // A record itself now: a reset must not flip it.
      this.#copies.delete(from);
    } else {
      const record = this.#record(op.bit, context);
      this.#flip(record, [...context, { qubit: from, value: 1 }]);
      this.bits[op.bit] = { qubit: record };
      this.#copies.set(from, { record, where: context });
    }
  }

  #postselect(
    op: MeasureOp,
    value: 0 | 1,
    context: readonly Control[],
    rest: readonly (readonly Op[])[],
  ): void {
    const from = this.place[op.qubit]!;
    if (this.#immediate) {
      const matrix = [0, 0, 0, 0, 0, 0, 0, 0];
      matrix[value === 0 ? 0 : 6] = 1;
      this.#push({
        type: 'matrix',
        qubits: [from],
        matrix,
        unitary: false,
        controls: context,
        label: `|${value}⟩⟨${value}|`,
      });
    } else if (context.length === 0 && this.#isDone(op.qubit, rest)) {
      this.postselected.push({ qubit: from, value });
      this.#copies.delete(from);
    } else {
      // Set where the post-selection fails.
      const failed = this.#fresh();
      this.#flip(failed, [...context, { qubit: from, value: value === 0 ? 1 : 0 }]);
      this.postselected.push({ qubit: failed, value: 0 });
    }
    const before = this.bits[op.bit]!;
    if (context.length === 0 || ('value' in before && before.value === value)) {
      this.bits[op.bit] = { value };
      return;
    }
    const record = this.#record(op.bit, context);
    if (value === 1) this.#flip(record, context);
    this.bits[op.bit] = { qubit: record };
  }

  /** A fresh qubit with the value of a bit where the context does not hold, and 0 where it does. */
  #record(bit: number, context: readonly Control[]): number {
    const record = this.#fresh();
    const before = this.bits[bit]!;
    if (context.length === 0 || ('value' in before && before.value === 0)) return record;
    const holds = 'qubit' in before ? [{ qubit: before.qubit, value: 1 as const }] : [];
    this.#flip(record, holds);
    this.#flip(record, joined(context, holds));
    return record;
  }

  #reset(qubit: number, context: readonly Control[]): void {
    const from = this.place[qubit]!;
    if (!this.#used.has(from)) return;
    const copy = this.#copies.get(from);
    const known = [...context, ...this.#passed];
    if (copy !== undefined && copy.where.every((control) => includes(known, control))) {
      // Just measured: the record tells whether to flip it.
      this.#flip(from, joined(context, [{ qubit: copy.record, value: 1 }]));
      return;
    }
    const fresh = this.#fresh();
    if (context.length === 0) this.place[qubit] = fresh;
    else this.#exchange(from, fresh, context);
  }

  #prepare(op: StatePreparationOp, context: readonly Control[]): void {
    if (context.length === 0) {
      this.#push(withQubits(op, (qubit) => this.place[qubit]!));
      return;
    }
    // Prepared on fresh qubits in any case, and taken over where the context holds.
    const fresh = op.qubits.map(() => this.#fresh());
    this.#push({ ...op, qubits: fresh });
    op.qubits.forEach((qubit, i) => this.#exchange(this.place[qubit]!, fresh[i]!, context));
  }

  #conditional(
    op: ConditionalOp,
    context: readonly Control[],
    rest: readonly (readonly Op[])[],
  ): void {
    const operation = this.#operation;
    if (op.repeat !== undefined) {
      const again: readonly (readonly Op[])[] = [[op], ...rest];
      const outside = this.#passed;
      // Where the condition fails, no bit changes any more, so that it fails in all later rounds, too.
      for (let round = 0; round < op.repeat; round++) {
        const holds = this.#controls(op.condition, context);
        if (holds === undefined) break;
        this.run(op.then, [...context, ...holds], again, operation);
        this.#passed = [...this.#passed, ...holds];
        this.#operation = operation;
        this.#checkLength();
      }
      this.#passed = outside;
      return;
    }
    const holds = this.#controls(op.condition, context);
    if (holds === undefined) this.run(op.otherwise, context, rest, operation);
    else if (holds.length === 0) this.run(op.then, context, rest, operation);
    else if (op.otherwise.length === 0) this.run(op.then, [...context, ...holds], rest, operation);
    else {
      let [decides] = holds as [Control];
      if (holds.length > 1) {
        const all = this.#fresh();
        this.#flip(all, holds);
        decides = { qubit: all, value: 1 };
      }
      this.run(op.then, [...context, decides], [op.otherwise, ...rest], operation);
      const opposite = { qubit: decides.qubit, value: decides.value === 1 ? 0 : 1 } as const;
      this.run(op.otherwise, [...context, opposite], rest, operation);
    }
  }

  /** Controls that hold where a condition does, besides those of the context; undefined where it never does. */
  #controls(
    { bits, value }: BitCondition,
    context: readonly Control[],
  ): readonly Control[] | undefined {
    const holds: Control[] = [];
    for (const [i, bit] of bits.entries()) {
      const wanted = Math.floor(value / 2 ** i) % 2 === 1 ? 1 : 0;
      const held = this.bits[bit]!;
      if ('qubit' in held) holds.push({ qubit: held.qubit, value: wanted });
      else if (held.value !== wanted) return undefined;
    }
    const all = joined(context, holds);
    return all?.slice(context.length);
  }

  /** Flips a qubit where all controls hold; never where there are no such controls. */
  #flip(qubit: number, controls: readonly Control[] | undefined): void {
    if (controls === undefined) return;
    this.#push({ type: 'gate', gate: 'X', qubits: [qubit], angles: [], controls });
  }

  #exchange(a: number, b: number, controls: readonly Control[]): void {
    this.#push({ type: 'gate', gate: 'SWAP', qubits: [a, b], angles: [], controls });
  }

  #push(op: Op): void {
    if (op.type !== 'barrier') {
      for (const qubit of qubitsOf(op)) {
        this.#used.add(qubit);
        if (!actsOnValue(op, qubit)) this.#copies.delete(qubit);
      }
    }
    this.ops.push(op);
    this.operations.push(this.#operation);
    this.#checkLength();
  }

  #checkLength(): void {
    if (this.ops.length > MAX_OPS) {
      throw new UnsupportedError(
        `without measurements the circuit has more than ${MAX_OPS} operations`,
        {
          operation: this.#operation,
          remedy: 'Use fewer rounds, or an engine that runs the circuit as it is',
        },
      );
    }
  }

  #fresh(): number {
    if (this.count >= MAX_WIRES) {
      throw new UnsupportedError(
        `without measurements the circuit needs more than ${MAX_WIRES} qubits`,
        {
          operation: this.#operation,
          remedy: 'Measure less often, or use an engine that runs the circuit as it is',
        },
      );
    }
    return this.count++;
  }

  /**
   * Whether a qubit keeps, until it is reset or to the end, the value it has now, and nothing reads more than that value.
   */
  #keepsValue(qubit: number, rest: readonly (readonly Op[])[]): boolean {
    for (const ops of rest) {
      for (const op of ops) {
        if (!qubitsOf(op).includes(qubit)) continue;
        if (op.type === 'reset') return true;
        if (!actsOnValue(op, qubit)) return false;
      }
    }
    return this.#read !== undefined && this.#read.every((m) => readsValue(m, qubit));
  }

  /** Whether nothing acts on a qubit any more, but perhaps a reset, and nothing reads it. */
  #isDone(qubit: number, rest: readonly (readonly Op[])[]): boolean {
    for (const ops of rest) {
      for (const op of ops) {
        if (op.type === 'barrier' || !qubitsOf(op).includes(qubit)) continue;
        return op.type === 'reset';
      }
    }
    return this.#read !== undefined && this.#read.every((m) => !reads(m, qubit));
  }
}

/** Controls together, each qubit once; undefined where they contradict each other. */
function joined(
  context: readonly Control[],
  others: readonly Control[],
): readonly Control[] | undefined {
  const all = [...context];
  for (const control of others) {
    const same = all.find(({ qubit }) => qubit === control.qubit);
    if (same === undefined) all.push(control);
    else if (same.value !== control.value) return undefined;
  }
  return all;
}

function includes(controls: readonly Control[], { qubit, value }: Control): boolean {
  return controls.some((other) => other.qubit === qubit && other.value === value);
}
