import { angleSlots, gate } from '@ketwork/circuit';
import type { Angle, Circuit, EvolutionOp, GateOp, Op, PauliTerm } from '@ketwork/circuit';
import type { DifferentiationMethod } from '@ketwork/simulator';
import { evolutionTerms } from '../generators.ts';
import { shiftRule } from './shift-rule.ts';
import type { Shift } from './shift-rule.ts';
import { evolutionFrequencies, MAX_SPECTRUM_QUBITS } from './spectrum.ts';

/** A shift of one column of the shift slot. */
export interface ColumnShift extends Shift {
  readonly column: number;
}

/** One place of the circuit where an angle depends on a slot, with the rule that differentiates by that angle. */
export interface Occurrence {
  readonly operation: number;
  readonly angle: Angle;
  /** Names of the scalar slots in the angle. */
  readonly slots: ReadonlySet<string>;
  readonly rule: readonly ColumnShift[];
  /** The rule to shift by a second time, for second derivatives. */
  readonly again: readonly ColumnShift[];
  /** The derivative as a sum of derivatives by columns (those of `again`). */
  readonly slopes: readonly { readonly column: number; readonly factor: number }[];
  /** Frequencies of expectation values as functions of the angle; absent where the rule is one of inserted rotations. */
  readonly frequencies?: readonly number[];
  /** Column of the point in (0, 1) at which the shift acts within an evolution with drift; absent elsewhere. */
  readonly point?: number;
}

/** A slot that the parameter-shift rule cannot differentiate by, because of how an operation uses it. */
export interface Obstacle {
  readonly operation: number | undefined;
  readonly slot: string;
  readonly why: string;
  /** Methods that can, besides those that always can. */
  readonly helps?: readonly DifferentiationMethod[];
}

/** A circuit whose angles carry shifts, given per example in a slot of its own. */
export interface ShiftedCircuit {
  readonly circuit: Circuit;
  /** Name of the slot of the shifts, `[batch, columns]`. */
  readonly shifts: string;
  /** Length of that slot. */
  readonly columns: number;
  readonly occurrences: readonly Occurrence[];
  readonly obstacles: readonly Obstacle[];
}

/** Options of {@link shiftedCircuit}. */
export interface ShiftedCircuitOptions {
  /** Split evolutions with drift for the stochastic rule; otherwise their times are obstacles. Default false. */
  readonly stochastic?: boolean;
  /** Prepare inserted generators for being shifted twice. Default false. */
  readonly twice?: boolean;
}

/** Most frequencies of a rule that is solved for. */
const MAX_FREQUENCIES = 32;

/** Spectral rules whose coefficients grow beyond this multiple of the largest frequency are not used. */
const MAX_GROWTH = 8;

/**
 * Adds an element of a new batch slot to every angle that depends on a slot, so that one batch holds all shifts. Where the
 * generator has more frequencies than Pauli strings, a rotation about each string follows the evolution instead (it
 * commutes with no shift of the time, but `∂ρ = -i[A, ρ] = Σ c_P (-i)[P, ρ]`), with angles that are 0 unless shifted.
 */
export function shiftedCircuit(
  circuit: Circuit,
  { stochastic = false, twice = false }: ShiftedCircuitOptions = {},
): ShiftedCircuit {
  const occurrences: Occurrence[] = [];
  const obstacles: Obstacle[] = [];
  let columns = 0;
  let shifts = 'shift';
  while (circuit.slots.some((slot) => slot.name === shifts)) shifts += '_';
  const element = (index: number): Angle => ({ slot: shifts, index });
  const ruleOn = (column: number, frequencies: readonly number[], scale = 1): ColumnShift[] =>
    shiftRule(frequencies).map(({ shift, coefficient }) => ({
      column,
      shift,
      coefficient: scale * coefficient,
    }));

  const shifted = (angle: Angle, operation: number, frequencies: readonly number[]): Angle => {
    const slots = slotsOf(angle);
    if (slots.size === 0) return angle;
    const column = columns++;
    const rule = ruleOn(column, frequencies);
    occurrences.push({
      operation,
      angle,
      slots,
      rule,
      again: rule,
      slopes: [{ column, factor: 1 }],
      frequencies,
    });
    return { add: [angle, element(column)] };
  };
  const block = (
    angle: Angle,
    operation: number,
    why: string,
    helps: readonly DifferentiationMethod[] = [],
  ): void => {
    for (const slot of slotsOf(angle)) obstacles.push({ operation, slot, why, helps });
  };

  /** Rotations about the strings of a generator, of angle 0 unless shifted, and the rule of their sum. */
  const inserted = (
    op: EvolutionOp,
    terms: readonly PauliTerm[],
  ): {
    readonly ops: Op[];
    readonly rule: ColumnShift[];
    readonly slopes: Occurrence['slopes'];
  } => {
    const rule: ColumnShift[] = [];
    const ops = terms.map((term): Op => {
      const column = columns++;
      // exp(-i φ/2 P) has the derivative of exp(-i c t P) by t, times 2c.
      rule.push(...ruleOn(column, [1], 2 * term.coefficient));
      return {
        type: 'gate',
        gate: 'PauliRot',
        qubits: term.paulis.map(({ qubit }) => qubit),
        word: term.paulis.map(({ pauli }) => pauli).join(''),
        angles: [element(column)],
        controls: [],
      };
    });
    const last = columns;
    return {
      ops,
      rule,
      slopes: terms.map(({ coefficient }, i) => ({
        column: last - terms.length + i,
        factor: 2 * coefficient,
      })),
    };
  };

  const evolution = (op: EvolutionOp, operation: number): Op[] => {
    const { generator, time, drift } = op;
    if ('slot' in generator) {
      obstacles.push({
        operation,
        slot: generator.slot,
        why: 'is the generator of an evolution',
      });
    }
    const varies = slotsOf(time).size > 0;
    if (drift !== undefined) {
      if (!varies && slotsOf(drift.time).size === 0) return [op];
      if (stochastic) return split(op, operation);
      const why =
        'enters an evolution with a drift, whose expectation values are no sums of a few frequencies';
      block(time, operation, why, ['stochastic-shift']);
      block(drift.time, operation, why, ['stochastic-shift']);
      return [op];
    }
    if (!varies) return [op];
    const frequencies = evolutionFrequencies(op);
    if ('slot' in generator) {
      block(
        time,
        operation,
        'enters the time of an evolution whose generator, and so its frequencies, are given at run time',
      );
      return [op];
    }
    const small = op.qubits.length <= MAX_SPECTRUM_QUBITS;
    const terms = 'terms' in generator || small ? (evolutionTerms(op, generator) ?? []) : undefined;
    if (frequencies !== undefined && (terms === undefined || spectral(frequencies, terms.length)))
      return [{ ...op, time: shifted(time, operation, frequencies) }];
    if (terms === undefined) {
      block(
        time,
        operation,
        `enters the time of an evolution under a matrix on more than ${MAX_SPECTRUM_QUBITS} qubits, which has too many frequencies`,
      );
      return [op];
    }
    const first = inserted(op, terms);
    const second = twice ? inserted(op, terms) : { ...first, ops: [] };
    occurrences.push({
      operation,
      angle: time,
      slots: slotsOf(time),
      rule: first.rule,
      again: second.rule,
      slopes: second.slopes,
    });
    return [op, ...first.ops, ...second.ops];
  };

  /**
   * `exp(-i(tA + uB))` in two parts, the second one of length 1 - s, and between them rotations about the strings of A and
   * B: the stochastic rule (Banchi and Crooks, Quantum 5, 386, 2021) averages over s.
   */
  const split = (op: EvolutionOp, operation: number): Op[] => {
    const drift = op.drift!;
    const point = columns++;
    const part = (share: Angle): Op => ({
      ...op,
      time: { mul: [share, op.time] },
      drift: { ...drift, time: { mul: [share, drift.time] } },
    });
    const between: Op[] = [];
    for (const { generator, time } of [op, drift]) {
      const slots = slotsOf(time);
      if (slots.size === 0) continue;
      const terms = evolutionTerms(op, generator);
      if (terms === undefined) {
        block(
          time,
          operation,
          'enters the time of an evolution whose generator is given at run time',
        );
        continue;
      }
      const { ops, rule, slopes } = inserted(op, terms);
      between.push(...ops);
      occurrences.push({ operation, angle: time, slots, rule, again: rule, slopes, point });
    }
    return [part(element(point)), ...between, part({ add: [1, { mul: [-1, element(point)] }] })];
  };

  const rewrite = (op: Op, operation: number, repeated: boolean): Op[] => {
    const loop = 'enters an angle inside a loop, where one shift would act several times';
    switch (op.type) {
      case 'gate':
        if (repeated) {
          for (const angle of op.angles) block(angle, operation, loop);
          return [op];
        }
        return [
          {
            ...op,
            angles: op.angles.map((angle, i) => shifted(angle, operation, gateFrequencies(op, i))),
          },
        ];
      case 'evolution':
        if (!repeated) return evolution(op, operation);
        block(op.time, operation, loop);
        if (op.drift !== undefined) block(op.drift.time, operation, loop);
        return [op];
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
        return [
          {
            ...op,
            then: op.then.flatMap((o) => rewrite(o, operation, inner)),
            otherwise: op.otherwise.flatMap((o) => rewrite(o, operation, inner)),
          },
        ];
      }
      default:
        return [op];
    }
  };

  const ops = circuit.ops.flatMap((op, operation) => rewrite(op, operation, false));
  if (columns === 0) return { circuit, shifts, columns, occurrences, obstacles };
  const slot = {
    name: shifts,
    shape: [columns],
    kind: 'scalar',
    axis: 'batch',
    differentiable: twice,
  } as const;
  return {
    circuit: Object.freeze({ ...circuit, slots: [...circuit.slots, slot], ops }),
    shifts,
    columns,
    occurrences,
    obstacles,
  };
}

/** Whether the rule of the frequencies takes no more runs than one rule per Pauli string, and its coefficients are tame. */
function spectral(frequencies: readonly number[], strings: number): boolean {
  if (frequencies.length <= 1) return true;
  if (frequencies.length > Math.min(strings, MAX_FREQUENCIES)) return false;
  const size = shiftRule(frequencies).reduce(
    (sum, { coefficient }) => sum + Math.abs(coefficient),
    0,
  );
  return size <= MAX_GROWTH * Math.max(...frequencies);
}

/** Names of the slots an angle reads. */
export function slotsOf(angle: Angle): Set<string> {
  return new Set(angleSlots(angle).map(({ slot }) => slot));
}

/** Frequencies of parameter `i` of a gate: those of the gate table, with 0 among the eigenvalues where there are controls. */
function gateFrequencies(op: GateOp, i: number): readonly number[] {
  const parameter = gate(op.gate).parameters[i]!;
  if (op.controls.length === 0) return parameter.frequencies;
  return parameter.generator.type === 'pauli' ? [0.5, 1] : [1];
}
