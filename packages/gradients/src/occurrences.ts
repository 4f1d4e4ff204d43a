import { angleSlots, gate } from '@ketwork/circuit';
import type { Angle, Circuit, GateOp, Op } from '@ketwork/circuit';
import { shiftRule } from './shift-rule.ts';
import type { Shift } from './shift-rule.ts';
import { evolutionFrequencies, MAX_SPECTRUM_QUBITS } from './spectrum.ts';

/** One place of the circuit where an angle depends on a slot, with the rule that differentiates by that angle. */
export interface Occurrence {
  readonly operation: number;
  readonly angle: Angle;
  /** Names of the scalar slots in the angle. */
  readonly slots: ReadonlySet<string>;
  readonly rule: readonly Shift[];
}

/** A slot that the parameter-shift rule cannot differentiate by, because of how an operation uses it. */
export interface Obstacle {
  readonly operation: number | undefined;
  readonly slot: string;
  readonly why: string;
}

/** A circuit whose angles carry shifts, given per example in a slot of its own. */
export interface ShiftedCircuit {
  readonly circuit: Circuit;
  /** Name of the slot of the shifts, `[batch, occurrences]`. */
  readonly shifts: string;
  readonly occurrences: readonly Occurrence[];
  readonly obstacles: readonly Obstacle[];
}

/** Adds an element of a new batch slot to every angle that depends on a slot, so that one batch holds all shifts. */
export function shiftedCircuit(circuit: Circuit): ShiftedCircuit {
  const occurrences: Occurrence[] = [];
  const obstacles: Obstacle[] = [];
  let shifts = 'shift';
  while (circuit.slots.some((slot) => slot.name === shifts)) shifts += '_';

  const shift = (angle: Angle, operation: number, frequencies: readonly number[]): Angle => {
    const slots = slotsOf(angle);
    if (slots.size === 0) return angle;
    occurrences.push({ operation, angle, slots, rule: shiftRule(frequencies) });
    return { add: [angle, { slot: shifts, index: occurrences.length - 1 }] };
  };
  const block = (angle: Angle, operation: number, why: string): Angle => {
    for (const slot of slotsOf(angle)) obstacles.push({ operation, slot, why });
    return angle;
  };
  const rewrite = (op: Op, operation: number, repeated: boolean): Op => {
    const place = (angle: Angle, frequencies: readonly number[]): Angle =>
      repeated
        ? block(
            angle,
            operation,
            'enters an angle inside a loop, where one shift would act several times',
          )
        : shift(angle, operation, frequencies);
    switch (op.type) {
      case 'gate':
        return { ...op, angles: op.angles.map((angle, i) => place(angle, gateFrequencies(op, i))) };
      case 'evolution': {
        if ('slot' in op.generator) {
          obstacles.push({
            operation,
            slot: op.generator.slot,
            why: 'is the generator of an evolution',
          });
        }
        const frequencies = evolutionFrequencies(op);
        if (frequencies !== undefined) return { ...op, time: place(op.time, frequencies) };
        const why =
          'slot' in op.generator
            ? 'enters the time of an evolution whose generator, and so its frequencies, are given at run time'
            : `enters the time of an evolution on more than ${MAX_SPECTRUM_QUBITS} qubits, which has too many frequencies`;
        block(op.time, operation, why);
        return op;
      }
      case 'statePreparation':
        if ('slot' in op.amplitudes) {
          obstacles.push({
            operation,
            slot: op.amplitudes.slot,
            why: 'holds amplitudes, not angles',
          });
        }
        return op;
      case 'channel':
        for (const angle of op.angles)
          block(angle, operation, 'is a parameter of a channel, not of a rotation');
        return op;
      case 'conditional': {
        const inner = repeated || op.repeat !== undefined;
        return {
          ...op,
          then: op.then.map((o) => rewrite(o, operation, inner)),
          otherwise: op.otherwise.map((o) => rewrite(o, operation, inner)),
        };
      }
      default:
        return op;
    }
  };

  const ops = circuit.ops.map((op, operation) => rewrite(op, operation, false));
  if (occurrences.length === 0) return { circuit, shifts, occurrences, obstacles };
  const slot = {
    name: shifts,
    shape: [occurrences.length],
    kind: 'scalar',
    axis: 'batch',
    differentiable: false,
  } as const;
  return {
    circuit: Object.freeze({ ...circuit, slots: [...circuit.slots, slot], ops }),
    shifts,
    occurrences,
    obstacles,
  };
}

function slotsOf(angle: Angle): Set<string> {
  return new Set(angleSlots(angle).map(({ slot }) => slot));
}

/** Frequencies of parameter `i` of a gate: those of the gate table, with 0 among the eigenvalues where there are controls. */
function gateFrequencies(op: GateOp, i: number): readonly number[] {
  const parameter = gate(op.gate).parameters[i]!;
  if (op.controls.length === 0) return parameter.frequencies;
  return parameter.generator.type === 'pauli' ? [0.5, 1] : [1];
}
