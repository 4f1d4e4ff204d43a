/** Groups reduced to their structure, so that groups of equal structure share one kernel. */
import type { Coefficient, Element } from './element.ts';
import type { Group } from './group.ts';
import { adjoint, matrixPattern } from './pattern.ts';
import type { MatrixPattern } from './pattern.ts';

/** An element with qubits replaced by bits of the register index: bit p belongs to `register[p]`. */
export type Step =
  | {
      readonly type: 'turn';
      /** Flipped bits, sign bits and the power of i of the unit factor (see {@link unit}). */
      readonly x: number;
      readonly z: number;
      readonly power: number;
      readonly mask: number;
      readonly value: number;
      /** Acts only where an odd number of these bits is set; 0 for no such condition. */
      readonly odd: number;
      readonly coefficient: number;
      /** Without the cosine: the coefficient is (1, tan) instead of (cos, sin). */
      readonly tangent: boolean;
      readonly gradient: boolean;
    }
  | {
      readonly type: 'matrix';
      readonly bits: readonly number[];
      readonly mask: number;
      readonly value: number;
      readonly pattern: MatrixPattern;
      readonly constant: number;
    }
  /** Multiplies by a table; only ever the first step. */
  | { readonly type: 'table'; readonly gradient: boolean };

/** A group reduced to its structure: equal structures share one kernel. */
export interface KernelSpec {
  readonly qubits: number;
  readonly width: number;
  readonly backward: boolean;
  /** Positions in the register whose qubits lie in the lanes in memory, in exchange for the address bits there. */
  readonly lanes: readonly LaneExchange[];
  readonly axes: readonly ('shared' | 'batch')[];
  readonly steps: readonly Step[];
  /** For chunks of large states: how amplitudes are found; else by strides. */
  readonly walk?: MapWalk;
}

/** Tells the structure of a kernel from all others, as text. */
export function kernelId({
  qubits,
  width,
  backward,
  lanes,
  axes,
  steps,
  walk,
}: KernelSpec): string {
  let id = `${qubits} ${width} ${backward ? 'b' : 'f'}`;
  for (const { position, laneBit } of lanes) id += ` l${position},${laneBit}`;
  id += ' ';
  for (const axis of axes) id += axis === 'shared' ? 's' : 'b';
  for (const step of steps) {
    if (step.type === 'turn') {
      const { x, z, power, mask, value, odd, coefficient, tangent, gradient } = step;
      id += `|${x},${z},${power},${mask},${value},${odd},${coefficient}${tangent ? 't' : ''}${gradient ? 'g' : ''}`;
    } else if (step.type === 'matrix') {
      const { bits, mask, value, pattern, constant } = step;
      id += `|${pattern.id},${bits.join()};${mask},${value},${constant}`;
    } else id += step.gradient ? '|tg' : '|t';
  }
  if (walk === undefined) return id;
  const { rounds, moves, lambda } = walk;
  return `${id} w${rounds}${moves ? 'm' : ''},${lambda.from},${lambda.to}`;
}

/** A bit of the register index that changes places with a bit of the lanes' numbers. */
export interface LaneExchange {
  readonly position: number;
  readonly laneBit: number;
}

/** A walk over a chunk by tables of an affine address map, see `walk.ts`. */
export interface MapWalk {
  /** Logarithm of the number of rounds. */
  readonly rounds: number;
  /** Whether amplitudes are stored elsewhere than they are loaded. */
  readonly moves: boolean;
  /** Bytes from psi to lambda where both are loaded and where they are stored. */
  readonly lambda: { readonly from: number; readonly to: number };
}

/** A kernel and the run-time arguments of one of its uses. */
export interface KernelCall {
  readonly spec: KernelSpec;
  /** Byte mask of register and outer control qubits, byte offset of the control values, byte strides of the register. */
  readonly mask: number;
  readonly base: number;
  readonly strides: readonly number[];
  /** The qubit that each bit of the register is in addresses: the register's, but for that in the lanes. */
  readonly addresses: readonly number[];
  readonly coefficients: readonly Coefficient[];
  /** Constants of the matrices in order; the caller places them and passes their offsets. */
  readonly constants: readonly (readonly number[])[];
  /** The table of the first step, where that is one. */
  readonly table: (Element & { type: 'table' }) | undefined;
}

/** Bytes between amplitudes whose index differs in this qubit. */
export const stride = (qubit: number, qubits: number): number => 32 * 2 ** (qubits - 1 - qubit);

/**
 * Reduces a group to a kernel and its arguments. In `backward` the elements come reversed and are undone.
 *
 * @param qubits number of qubits in addresses
 * @param lanes the qubits whose values are the lanes, highest bit first, where the batch is one example
 */
export function kernelCall(
  group: Group,
  qubits: number,
  lanes: readonly number[],
  backward: boolean,
  wants: (coefficient: Coefficient) => boolean,
): KernelCall {
  const { register } = group;
  const exchanges: LaneExchange[] = [];
  lanes.forEach((lane, i) => {
    const position = register.indexOf(lane);
    if (position >= 0) exchanges.push({ position, laneBit: lanes.length - 1 - i });
  });
  let addresses: readonly number[] = register;
  if (exchanges.length > 0) {
    // A lane's qubit enters a register by changing places with an address qubit that the group does not use.
    const taken = new Set([...register, ...group.controls.map(({ qubit }) => qubit)]);
    const spare = Array.from({ length: qubits }, (_, q) => q).filter((q) => !taken.has(q));
    addresses = register.map((qubit) => (lanes.includes(qubit) ? (spare.pop() ?? -1) : qubit));
  }
  const coefficients: Coefficient[] = [];
  const constants: (readonly number[])[] = [];
  const bit = (qubit: number): number => 1 << register.indexOf(qubit);
  const [head] = group.elements;
  const table = head?.type === 'table' ? head : undefined;
  const steps = group.elements.map((element): Step => {
    if (element.type === 'table') {
      return {
        type: 'table',
        gradient: backward && element.parts.some((part) => wants(part.coefficient)),
      };
    }
    let mask = 0;
    let value = 0;
    for (const control of element.controls) {
      mask |= bit(control.qubit);
      if (control.value === 1) value |= bit(control.qubit);
    }
    if (element.type === 'matrix') {
      const { pattern, values } = matrixPattern(
        backward ? adjoint(element.matrix) : element.matrix,
      );
      constants.push(values);
      return {
        type: 'matrix',
        bits: element.qubits.map(bit),
        mask,
        value,
        pattern,
        constant: constants.length - 1,
      };
    }
    let coefficient = coefficients.indexOf(element.coefficient);
    if (coefficient < 0) coefficient = coefficients.push(element.coefficient) - 1;
    const gradient = backward && wants(element.coefficient);
    if (element.type === 'phase') {
      let bits = 0;
      for (const qubit of element.qubits) bits |= bit(qubit);
      const odd = element.odd === true ? bits : 0;
      if (odd === 0) {
        mask |= bits;
        value |= bits;
      }
      return {
        type: 'turn',
        x: 0,
        z: 0,
        power: 1,
        mask,
        value,
        odd,
        coefficient,
        tangent: false,
        gradient,
      };
    }
    let x = 0;
    let z = 0;
    let power = 3; // the factor -i of exp(-i t P)
    element.qubits.forEach((qubit, i) => {
      const letter = element.word[i];
      if (letter !== 'Z') x |= bit(qubit);
      if (letter !== 'X') z |= bit(qubit);
      if (letter === 'Y') power += 1;
    });
    const tangent = element.form === 'tangent';
    power &= 3;
    return { type: 'turn', x, z, power, mask, value, odd: 0, coefficient, tangent, gradient };
  });
  let mask = 0;
  let base = 0;
  for (const qubit of addresses) mask += stride(qubit, qubits);
  for (const { qubit, value } of group.controls) {
    mask += stride(qubit, qubits);
    if (value === 1) base += stride(qubit, qubits);
  }
  return {
    spec: {
      qubits,
      width: register.length,
      backward,
      lanes: exchanges,
      axes: coefficients.map(({ axis }) => axis),
      steps,
    },
    mask,
    base,
    strides: addresses.map((qubit) => stride(qubit, qubits)),
    addresses,
    coefficients,
    constants,
    table,
  };
}

/** The run-time arguments of a kernel behind its pointers, in order. */
export function kernelArguments(
  call: KernelCall,
  constants: readonly number[],
  table: number | undefined,
): number[] {
  const coefficients = call.coefficients.map(
    ({ axis, index }) => index * (axis === 'shared' ? 16 : 32),
  );
  return [
    call.mask,
    call.base,
    ...call.strides,
    ...coefficients,
    ...constants,
    ...(table === undefined ? [] : [table]),
  ];
}
