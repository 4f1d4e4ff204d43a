import { CircuitError } from '@ketwork/base';
import type { AngleLike } from '../angle.ts';
import { SlotReference } from '../angle.ts';
import type { GateMethods } from '../gate-methods.ts';
import type { AmplitudesLike } from '../matrix-like.ts';

/** What a template needs of a circuit under construction; every `Builder` is one. */
export interface TemplateTarget extends Pick<GateMethods, 'gate'> {
  /** Number of qubits of the circuit. */
  readonly qubits: number;
  /** Prepares a state of qubits on which nothing has acted yet. */
  prepare(
    amplitudes: SlotReference<string, 'amplitudes'> | AmplitudesLike,
    qubits: readonly number[],
    options?: { readonly normalize?: boolean },
  ): unknown;
}

/** Nested lists of angles: numbers in radians, expressions or both, all lists of one depth equally long. */
export type NestedAngles = AngleLike | Float64Array | Float32Array | readonly NestedAngles[];

/** Parameters of a template: a slot of kind `scalar`, or nested lists of angles, of the shape the template names. */
export type TemplateAngles = SlotReference<string, 'scalar'> | NestedAngles;

/** Parameters with their shape. */
export interface AngleTensor {
  readonly shape: readonly number[];
  /** One element. */
  at(...indices: readonly number[]): AngleLike;
}

/** The error of a template, which names itself. */
export function templateError(template: string, what: string, remedy: string): CircuitError {
  return new CircuitError(`${template}: ${what}`, { remedy });
}

function isList(values: unknown): values is readonly NestedAngles[] {
  return Array.isArray(values) || values instanceof Float64Array || values instanceof Float32Array;
}

/** Reads the shape of slot or lists. */
function tensorOf(template: string, what: string, values: TemplateAngles): AngleTensor {
  let shape: readonly number[];
  let elements: readonly AngleLike[];
  if (values instanceof SlotReference) {
    shape = values.shape;
    elements = values.elements();
  } else {
    const lengths: number[] = [];
    const flat: AngleLike[] = [];
    const visit = (part: NestedAngles, depth: number): void => {
      const length = isList(part) ? part.length : -1;
      const known = lengths[depth];
      if (known === undefined) lengths[depth] = length;
      else if (known !== length) {
        throw templateError(
          template,
          `${what} are ragged: at depth ${depth} there is ${listText(known)} and ${listText(length)}`,
          'Make all lists of one depth equally long',
        );
      }
      if (!isList(part)) flat.push(leaf(template, what, part));
      else for (const inner of part) visit(inner, depth + 1);
    };
    visit(values, 0);
    shape = lengths.filter((length) => length >= 0);
    elements = flat;
  }
  return {
    shape,
    at: (...indices) =>
      elements[indices.reduce((flat, index, axis) => flat * shape[axis]! + index, 0)]!,
  };
}

function listText(length: number): string {
  return length < 0 ? 'an angle' : `a list of ${length}`;
}

function leaf(template: string, what: string, value: unknown): AngleLike {
  // A slot that holds a single number is an angle like any other.
  const isSlot = value instanceof SlotReference && value.shape.length > 0;
  const isObject = typeof value === 'object' && value !== null;
  if (typeof value === 'number' || (isObject && !isSlot)) return value as AngleLike;
  const text = isSlot ? `the slot '${value.name}'` : value === null ? 'null' : `a ${typeof value}`;
  throw templateError(
    template,
    `${what} hold ${text}, which is no angle`,
    'Give numbers or angle expressions, or the slot itself instead of lists',
  );
}

/** An expected length: fixed, or any with the name it has in messages; `atMost` accepts shorter ones. */
export type Length = number | string | { readonly atMost: number };

/**
 * The parameters as a tensor of the expected shape.
 *
 * @throws CircuitError naming the expected shape and the given one.
 */
export function anglesOf(
  template: string,
  what: string,
  values: TemplateAngles,
  expected: readonly Length[],
  helper: string,
): AngleTensor {
  const tensor = tensorOf(template, what, values);
  const fits =
    tensor.shape.length === expected.length &&
    expected.every((length, axis) => {
      const given = tensor.shape[axis]!;
      if (given < 1) return false;
      if (typeof length === 'object') return given <= length.atMost;
      return typeof length === 'string' || given === length;
    });
  if (fits) return tensor;
  const wanted = expected
    .map((length) => (typeof length === 'object' ? `at most ${length.atMost}` : length))
    .join(', ');
  throw templateError(
    template,
    `${what} have shape [${tensor.shape.join(', ')}] instead of [${wanted}]`,
    `${helper} gives the shape`,
  );
}

/** The given qubits, all of the circuit by default. @throws CircuitError for an empty, repeated or wrong qubit */
export function qubitsFor(
  template: string,
  target: TemplateTarget,
  qubits: readonly number[] | undefined,
): number[] {
  if (qubits === undefined) return Array.from({ length: target.qubits }, (_, qubit) => qubit);
  const wrong = qubits.find(
    (qubit) => !Number.isInteger(qubit) || qubit < 0 || qubit >= target.qubits,
  );
  if (wrong !== undefined) {
    throw templateError(
      template,
      `qubit ${wrong} is out of range`,
      `Use qubits 0 to ${target.qubits - 1}`,
    );
  }
  if (qubits.length === 0)
    throw templateError(template, 'there are no qubits', 'Name at least one');
  if (new Set(qubits).size !== qubits.length) {
    throw templateError(
      template,
      `the qubits [${qubits.join(', ')}] repeat`,
      'Name each qubit once',
    );
  }
  return [...qubits];
}

/** The axis of a one-qubit rotation. */
export type RotationAxis = 'X' | 'Y' | 'Z';

/** Gate of a rotation axis. @throws CircuitError when it is none of X, Y, Z */
export function rotationGateOf(template: string, axis: RotationAxis): string {
  if (axis !== 'X' && axis !== 'Y' && axis !== 'Z') {
    throw templateError(
      template,
      `there is no rotation about '${String(axis)}'`,
      "Use 'X', 'Y' or 'Z'",
    );
  }
  return `R${axis}`;
}
