import { primitives } from '@ketwork/circuit';
import type { Angle, Circuit, Op, PauliTerm } from '@ketwork/circuit';
import type { DifferentiationMethod } from '@ketwork/simulator';
import { evolutionTerms, primitiveOp, primitiveTerms } from '../generators.ts';
import { slotsOf } from '../shift/occurrences.ts';
import type { Obstacle } from '../shift/occurrences.ts';

/** A Pauli string of a generator that can be inserted behind its gate. */
export interface InsertedString {
  readonly term: PauliTerm;
  /** Columns of the rotations where the ancilla is 1, and where it is 0 (the same column where only one is prepared). */
  readonly columns: readonly [one: number, zero: number];
}

/** A place where an angle depends on a slot, with its generator `G`: the operation is `exp(-i angle G)`, up to a phase. */
export interface Generator {
  readonly operation: number;
  /** Index, in {@link Insertions.ops}, of the operation that has the angle; only without insertions and branches. */
  readonly position: number;
  readonly angle: Angle;
  readonly slots: ReadonlySet<string>;
  readonly strings: readonly InsertedString[];
}

/**
 * A circuit on one more qubit, the ancilla, which begins in (|0⟩ + |1⟩)/√2. Behind each angle that depends on a slot stand
 * rotations about the strings P of its generator, controlled by the ancilla; their angles are a batch slot. At angle π a
 * rotation is -iP, at 0 nothing, so that each example of a batch inserts its own string.
 */
export interface Insertions {
  readonly ops: readonly Op[];
  readonly ancilla: number;
  readonly shifts: string;
  readonly columns: number;
  readonly generators: readonly Generator[];
  readonly obstacles: readonly Obstacle[];
}

/**
 * Where rotations are inserted: nowhere (generators are only listed), where the ancilla is 1, for both of its values, or
 * everywhere, without an ancilla.
 */
export type InsertionMode = 'none' | 'one' | 'both' | 'free';

/** Lists the generators of a circuit and prepares insertions of their strings. */
export function insertions(circuit: Circuit, mode: InsertionMode): Insertions {
  const generators: Generator[] = [];
  const obstacles: Obstacle[] = [];
  const ancilla = circuit.qubits;
  let columns = 0;
  let shifts = 'insert';
  while (circuit.slots.some((slot) => slot.name === shifts)) shifts += '_';
  let position = 0;

  const block = (
    angle: Angle,
    operation: number,
    why: string,
    helps: readonly DifferentiationMethod[] = [],
  ): void => {
    for (const slot of slotsOf(angle)) obstacles.push({ operation, slot, why, helps });
  };
  /** The operation, whose only varying angle is this, followed by the strings of its generator. */
  const followed = (op: Op, operation: number, angle: Angle, terms: readonly PauliTerm[]): Op[] => {
    const slots = slotsOf(angle);
    if (slots.size === 0) return [op];
    if (mode === 'free' && op.type === 'gate' && op.gate === 'PauliRot' && terms.length === 1) {
      // The operation itself is a rotation about the string: exp(-i (θ + π)/2 P) = -iP exp(-i θ/2 P).
      const column = columns++;
      const term = terms[0]!;
      generators.push({
        operation,
        position,
        angle,
        slots,
        strings: [{ term, columns: [column, column] }],
      });
      return [{ ...op, angles: [{ add: [angle, { slot: shifts, index: column }] }] }];
    }
    const added: Op[] = [];
    const rotation = (term: PauliTerm, column: number, value?: 0 | 1): Op => ({
      type: 'gate',
      gate: 'PauliRot',
      qubits: term.paulis.map(({ qubit }) => qubit),
      word: term.paulis.map(({ pauli }) => pauli).join(''),
      angles: [{ slot: shifts, index: column }],
      controls: value === undefined ? [] : [{ qubit: ancilla, value }],
    });
    const strings = terms.map((term): InsertedString => {
      const first = columns;
      columns += mode === 'none' ? 0 : mode === 'both' ? 2 : 1;
      if (mode === 'free') added.push(rotation(term, first));
      if (mode === 'one' || mode === 'both') added.push(rotation(term, first, 1));
      if (mode === 'both') added.push(rotation(term, first + 1, 0));
      return { term, columns: [first, mode === 'both' ? first + 1 : first] };
    });
    generators.push({ operation, position, angle, slots, strings });
    return [op, ...added];
  };

  /**
   * Quarter turns of the ancilla in the branch that has none of these columns. Nothing is inserted there, where
   * `Re⟨ψ|O|ψ⟩` would count as a derivative; `Re⟨ψ|O|iψ⟩` is 0.
   */
  const turned = (from: number, to: number): Op[] =>
    Array.from({ length: to - from }, (_, i) => ({
      type: 'gate',
      gate: 'P',
      qubits: [ancilla],
      angles: [{ mul: [0.5, { slot: shifts, index: from + i }] }],
      controls: [],
    }));

  const rewrite = (op: Op, operation: number, repeated: boolean): Op[] => {
    const loop = 'enters an angle inside a loop, where an insertion would act several times';
    switch (op.type) {
      case 'gate': {
        if (op.angles.every((angle) => slotsOf(angle).size === 0)) return [op];
        if (repeated) {
          for (const angle of op.angles) block(angle, operation, loop);
          return [op];
        }
        return primitives(op).flatMap((primitive, i): Op[] => {
          if (i > 0) position++;
          return primitive.type === 'matrix'
            ? [{ ...primitive, unitary: true }]
            : followed(
                primitiveOp(primitive),
                operation,
                primitive.angle,
                primitiveTerms(primitive),
              );
        });
      }
      case 'evolution': {
        const times = [op.time, ...(op.drift === undefined ? [] : [op.drift.time])];
        if ('slot' in op.generator) {
          obstacles.push({
            operation,
            slot: op.generator.slot,
            why: 'is the generator of an evolution',
          });
        }
        if (times.every((time) => slotsOf(time).size === 0)) return [op];
        const terms = evolutionTerms(op, op.generator);
        const why = repeated
          ? loop
          : terms === undefined
            ? 'enters the time of an evolution whose generator is given at run time'
            : op.drift !== undefined
              ? 'enters an evolution with a drift, whose derivative is no insertion at one point'
              : undefined;
        if (why === undefined) return followed(op, operation, op.time, terms!);
        const helps: DifferentiationMethod[] = op.drift === undefined ? [] : ['stochastic-shift'];
        for (const time of times) block(time, operation, why, helps);
        return [op];
      }
      case 'statePreparation':
        if ('slot' in op.amplitudes) {
          obstacles.push({
            operation,
            slot: op.amplitudes.slot,
            why: 'holds amplitudes, not angles',
          });
        }
        return [op];
      case 'channel':
        for (const angle of op.angles)
          block(angle, operation, 'is a parameter of a channel, not of a rotation');
        return [op];
      case 'conditional': {
        const inner = repeated || op.repeat !== undefined;
        const first = columns;
        const then = op.then.flatMap((o) => rewrite(o, operation, inner));
        const second = columns;
        const otherwise = op.otherwise.flatMap((o) => rewrite(o, operation, inner));
        const last = columns;
        return [
          {
            ...op,
            then: [...then, ...turned(second, last)],
            otherwise: [...otherwise, ...turned(first, second)],
          },
        ];
      }
      default:
        return [op];
    }
  };

  const ops: Op[] = [];
  circuit.ops.forEach((op, operation) => {
    position = ops.length;
    ops.push(...rewrite(op, operation, false));
  });
  return { ops, ancilla, shifts, columns, generators, obstacles };
}

/** The circuit of {@link insertions}: the ancilla prepared, where there is one, the operations, and what is to follow. */
export function insertedCircuit(
  circuit: Circuit,
  made: Insertions,
  options: { readonly ancilla: boolean; readonly end?: readonly Op[] },
): Circuit {
  const { ops, ancilla, shifts, columns } = made;
  const slot = {
    name: shifts,
    shape: [columns],
    kind: 'scalar',
    axis: 'batch',
    differentiable: false,
  } as const;
  return Object.freeze({
    ...circuit,
    qubits: circuit.qubits + (options.ancilla ? 1 : 0),
    slots: columns === 0 ? circuit.slots : [...circuit.slots, slot],
    ops: [...(options.ancilla ? [hadamard(ancilla)] : []), ...ops, ...(options.end ?? [])],
  });
}

/** A Hadamard gate. */
export function hadamard(qubit: number): Op {
  return { type: 'gate', gate: 'H', qubits: [qubit], angles: [], controls: [] };
}
