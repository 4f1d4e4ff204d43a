import { CircuitError, sizeOf, ValueError } from '@ketwork/base';
import { checkSlot } from './angle.ts';
import { krausSum } from './channels/channel.ts';
import { actsOn, findChannel, parameterFault } from './channels/table.ts';
import { adjoint, identity, multiply } from './gates/matrix.ts';
import { findGate } from './gates/table.ts';
import { checkHermitian } from './observable.ts';
import { qubitsOf } from './ops.ts';
import type {
  Angle,
  ChannelOp,
  Circuit,
  ConditionalOp,
  Control,
  EvolutionDrift,
  EvolutionOp,
  GateOp,
  MatrixOp,
  Op,
  Slot,
  SlotKind,
  StatePreparationOp,
} from './types.ts';

/** How far a matrix may be from unitary or Hermitian, and a norm from 1. */
const TOLERANCE = 1e-10;

/** How deep angles and conditionals may be nested, so that every reader may recurse. */
export const MAX_NESTING = 64;

/** Most qubits and most classical bits of a circuit. */
export const MAX_WIRES = 65_536;

/** Circuits that were checked where they were made; they are frozen, so they stay well formed. */
const wellFormed = new WeakSet<object>();

/** Whether a circuit is known to be well formed. */
export function isWellFormed(circuit: object): boolean {
  return wellFormed.has(circuit) && Object.isFrozen(circuit);
}

/** What the checks of one operation need to know. */
interface Scope {
  readonly circuit: Circuit;
  readonly slots: ReadonlyMap<string, Slot>;
  /** Qubits on which something has acted. */
  readonly touched: Set<number>;
  /** Index of the operation in the circuit; nested ones count with their conditional. */
  readonly operation: number;
  /** How many conditionals are around it. */
  readonly nesting: number;
}

/**
 * Checks a circuit whose fields have the right types: numbers, ranges, names, matrices and states.
 *
 * @throws CircuitError, ValueError
 */
export function checkCircuit(circuit: Circuit): void {
  checkQubitCount(circuit.qubits);
  if (!Number.isSafeInteger(circuit.bits) || circuit.bits < 0 || circuit.bits > MAX_WIRES) {
    throw new CircuitError(`a circuit cannot have ${circuit.bits} classical bits`, {
      remedy: `Use 0 to ${MAX_WIRES}`,
    });
  }
  const slots = new Map<string, Slot>();
  for (const slot of circuit.slots) {
    checkSlot(slot);
    if (slots.has(slot.name))
      throw new CircuitError(`two slots are named '${slot.name}'`, { remedy: 'Rename one' });
    slots.set(slot.name, slot);
  }
  const touched = new Set<number>();
  circuit.ops.forEach((op, operation) =>
    checkOp(op, { circuit, slots, touched, operation, nesting: 0 }),
  );
  wellFormed.add(circuit);
}

/** Checks the number of qubits of a circuit. @throws CircuitError */
export function checkQubitCount(qubits: number): void {
  if (!Number.isSafeInteger(qubits) || qubits < 1 || qubits > MAX_WIRES) {
    throw new CircuitError(`a circuit cannot have ${qubits} qubits`, {
      remedy: `Use 1 to ${MAX_WIRES}`,
    });
  }
}

function checkOp(op: Op, scope: Scope): void {
  switch (op.type) {
    case 'gate':
      checkGate(op, scope);
      break;
    case 'matrix':
      checkMatrix(op, scope);
      break;
    case 'evolution':
      checkEvolution(op, scope);
      break;
    case 'statePreparation':
      checkPreparation(op, scope);
      break;
    case 'channel':
      checkChannel(op, scope);
      break;
    case 'measure':
      checkQubits('a measurement', [op.qubit], [], scope);
      checkBits('a measurement', [op.bit], scope);
      if (op.postselect !== undefined && op.postselect !== 0 && op.postselect !== 1) {
        fail(scope, `a measurement is postselected on ${String(op.postselect)}`, 'Use 0 or 1');
      }
      break;
    case 'reset':
      checkQubits('a reset', op.qubits, [], scope);
      atLeastOne('a reset', op.qubits, scope);
      break;
    case 'conditional':
      checkConditional(op, scope);
      break;
    case 'barrier':
      checkQubits('a barrier', op.qubits, [], scope);
      return; // touches nothing
  }
  for (const qubit of qubitsOf(op)) scope.touched.add(qubit);
}

function checkGate(op: GateOp, scope: Scope): void {
  const row = findGate(op.gate);
  if (row?.name !== op.gate) {
    fail(
      scope,
      `unknown gate '${op.gate}'`,
      row ? `Its name is '${row.name}'` : 'Use a name of the gate table',
    );
  }
  const { qubits, angles, word } = op;
  if (row.qubits === 'any') atLeastOne(row.name, qubits, scope);
  else if (qubits.length !== row.qubits) {
    fail(scope, `${row.name} got ${plural(qubits.length, 'qubit')}`, `Give ${row.qubits}`);
  }
  if (angles.length !== row.parameters.length) {
    const names = row.parameters.map((parameter) => parameter.name).join(', ');
    const remedy =
      row.parameters.length === 0 ? 'It takes none' : `Give ${row.parameters.length}: ${names}`;
    fail(scope, `${row.name} got ${plural(angles.length, 'angle')}`, remedy);
  }
  if (row.name === 'PauliRot') {
    if (word === undefined || word.length !== qubits.length || !/^[IXYZ]+$/.test(word)) {
      const given = word === undefined ? 'has no Pauli word' : `got the Pauli word '${word}'`;
      fail(
        scope,
        `PauliRot ${given} for ${plural(qubits.length, 'qubit')}`,
        'Give one letter of I, X, Y, Z per qubit',
      );
    }
  } else if (word !== undefined)
    fail(scope, `${row.name} got a Pauli word`, 'Only PauliRot takes one');
  checkQubits(row.name, qubits, op.controls, scope);
  for (const angle of angles) checkAngle(row.name, angle, scope);
}

function checkMatrix(op: MatrixOp, scope: Scope): void {
  checkQubits('a matrix', op.qubits, op.controls, scope);
  atLeastOne('a matrix', op.qubits, scope);
  checkSize('a matrix', op.matrix, op.qubits.length, scope);
  if (!op.unitary) return;
  const error = distanceFromIdentity(multiply(adjoint(op.matrix), op.matrix));
  if (error > TOLERANCE) {
    failValue(
      scope,
      `a matrix is not unitary: U†U differs from the identity by ${error.toPrecision(3)}`,
      'Use linear() for maps that are not unitary',
    );
  }
}

function checkEvolution(op: EvolutionOp, scope: Scope): void {
  const { generator, qubits } = op;
  checkQubits('an evolution', qubits, op.controls, scope);
  checkAngle('an evolution', op.time, scope);
  if ('slot' in generator) {
    atLeastOne('an evolution', qubits, scope);
    checkSlotUse('an evolution', generator.slot, 'hermitian', 2 ** qubits.length, scope);
  } else checkGenerator(generator, qubits, scope);
  if (op.drift === undefined) return;
  checkAngle('the drift of an evolution', op.drift.time, scope);
  checkGenerator(op.drift.generator, qubits, scope);
}

function checkGenerator(
  generator: EvolutionDrift['generator'],
  qubits: readonly number[],
  scope: Scope,
): void {
  if ('matrix' in generator) {
    atLeastOne('an evolution', qubits, scope);
    checkSize('the generator of an evolution', generator.matrix, qubits.length, scope);
    checkHermitian(generator.matrix, 'the generator of an evolution', scope.operation);
  } else {
    for (const { coefficient, paulis } of generator.terms) {
      if (!Number.isFinite(coefficient)) {
        failValue(
          scope,
          `a Pauli string of an evolution has the coefficient ${coefficient}`,
          'Use finite numbers',
        );
      }
      paulis.forEach(({ qubit, pauli }, i) => {
        if (!['X', 'Y', 'Z'].includes(pauli)) {
          fail(scope, `an evolution has the Pauli letter '${pauli}'`, 'Use X, Y or Z');
        }
        if (!qubits.includes(qubit) || (i > 0 && paulis[i - 1]!.qubit >= qubit)) {
          fail(
            scope,
            `a Pauli string on [${paulis.map((p) => p.qubit).join(', ')}] does not fit an evolution on [${qubits.join(', ')}]`,
            'Use qubits of the evolution, each once and in ascending order',
          );
        }
      });
    }
  }
}

function checkPreparation(op: StatePreparationOp, scope: Scope): void {
  const { qubits, amplitudes } = op;
  checkQubits('a state preparation', qubits, [], scope);
  atLeastOne('a state preparation', qubits, scope);
  const used = qubits.find((qubit) => scope.touched.has(qubit));
  if (used !== undefined) {
    fail(
      scope,
      `a state preparation follows another operation on qubit ${used}`,
      'Prepare states first, or use unitary()',
    );
  }
  const dimension = 2 ** qubits.length;
  if ('slot' in amplitudes) {
    checkSlotUse('a state preparation', amplitudes.slot, 'amplitudes', dimension, scope);
    return;
  }
  const { values } = amplitudes;
  if (values.length !== 2 * dimension) {
    fail(
      scope,
      `${values.length / 2} amplitudes do not fit ${plural(qubits.length, 'qubit')}`,
      `Give ${dimension}`,
    );
  }
  if (!values.every((x) => Number.isFinite(x)))
    failValue(scope, 'an amplitude is not finite', 'Use finite numbers');
  const norm = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
  if (norm === 0) failValue(scope, 'all amplitudes are zero', 'Give a state');
  if (!op.normalize && Math.abs(norm - 1) > TOLERANCE) {
    failValue(
      scope,
      `amplitudes have norm ${norm.toPrecision(6)}`,
      'Divide by the norm, or prepare with { normalize: true }',
    );
  }
}

function checkChannel(op: ChannelOp, scope: Scope): void {
  checkQubits('a channel', op.qubits, [], scope);
  atLeastOne('a channel', op.qubits, scope);
  if (op.channel === '') fail(scope, 'a channel has no name', 'Name it');
  for (const angle of op.angles) checkAngle(`the channel ${op.channel}`, angle, scope);
  if (op.kraus === undefined) checkNamedChannel(op, scope);
  else checkKraus(op, op.kraus, scope);
}

function checkNamedChannel(op: ChannelOp, scope: Scope): void {
  const row = findChannel(op.channel);
  if (row?.name !== op.channel) {
    fail(
      scope,
      `unknown channel '${op.channel}'`,
      row ? `Its name is '${row.name}'` : 'Use a name of the channel table, or Kraus matrices',
    );
  }
  const count = op.qubits.length;
  if (!actsOn(row, count)) {
    const remedy = row.qubits === 'any' ? 'It takes 1 to 4' : `Give ${row.qubits}`;
    fail(scope, `${row.name} got ${plural(count, 'qubit')}`, remedy);
  }
  const expected = row.parameters(count);
  if (op.angles.length !== expected.length) {
    const names = expected.map(({ name }) => name).join(', ');
    fail(
      scope,
      `${row.name} got ${plural(op.angles.length, 'parameter')}`,
      `Give ${expected.length}: ${names}`,
    );
  }
  const known = op.angles.map((angle) => (typeof angle === 'number' ? angle : undefined));
  const fault = parameterFault(row, known, count);
  if (fault !== undefined) failValue(scope, fault.what, fault.remedy);
}

function checkKraus(op: ChannelOp, kraus: readonly (readonly number[])[], scope: Scope): void {
  if (op.angles.length > 0) {
    fail(
      scope,
      `the channel ${op.channel} has Kraus matrices and ${plural(op.angles.length, 'parameter')}`,
      'Give one or the other',
    );
  }
  for (const matrix of kraus) checkSize('a Kraus matrix', matrix, op.qubits.length, scope);
  const error = distanceFromIdentity(krausSum(kraus, op.qubits.length));
  if (error > TOLERANCE) {
    failValue(
      scope,
      `Kraus matrices are not complete: ΣK†K differs from the identity by ${error.toPrecision(3)}`,
      'Scale them',
    );
  }
}

function checkConditional(op: ConditionalOp, scope: Scope): void {
  const { bits, value } = op.condition;
  checkBits('a condition', bits, scope);
  if (bits.length === 0 || new Set(bits).size !== bits.length || bits.length > 32) {
    fail(
      scope,
      `a condition reads the bits [${bits.join(', ')}]`,
      'Name 1 to 32 bits, each of them once',
    );
  }
  if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** bits.length) {
    fail(
      scope,
      `a condition compares ${plural(bits.length, 'bit')} with ${value}`,
      `Use 0 to ${2 ** bits.length - 1}`,
    );
  }
  if (op.repeat !== undefined) {
    if (!Number.isSafeInteger(op.repeat) || op.repeat < 1) {
      fail(scope, `a loop has ${op.repeat} rounds`, 'Use a positive integer');
    }
    if (op.otherwise.length > 0)
      fail(scope, 'a loop has an otherwise-branch', 'Put it after the loop');
  }
  // Either branch may run, so neither may rely on the other having touched a qubit or not.
  const before = new Set(scope.touched);
  const nesting = scope.nesting + 1;
  if (nesting > MAX_NESTING)
    fail(scope, `conditionals are nested more than ${MAX_NESTING} deep`, 'Flatten them');
  // A loop comes back to what it touches itself.
  if (op.repeat !== undefined && op.repeat > 1)
    for (const qubit of op.then.flatMap(qubitsOf)) scope.touched.add(qubit);
  for (const inner of op.then) checkOp(inner, { ...scope, nesting });
  for (const inner of op.otherwise) checkOp(inner, { ...scope, nesting, touched: before });
}

function checkAngle(what: string, angle: Angle, scope: Scope, depth = 0): void {
  if (depth > MAX_NESTING) {
    fail(
      scope,
      `${what} got an angle nested more than ${MAX_NESTING} deep`,
      'Simplify it, or compute it outside',
    );
  }
  if (typeof angle === 'number') {
    if (!Number.isFinite(angle))
      failValue(scope, `${what} got the angle ${angle}`, 'Use finite numbers, in radians');
  } else if ('slot' in angle) {
    const slot = findSlot(what, angle.slot, 'scalar', scope);
    const size = sizeOf(slot.shape);
    if (!Number.isSafeInteger(angle.index) || angle.index < 0 || angle.index >= size) {
      fail(
        scope,
        `${what} reads element ${angle.index} of slot '${slot.name}', which has ${size}`,
        `Use 0 to ${size - 1}`,
      );
    }
  } else if ('add' in angle) for (const term of angle.add) checkAngle(what, term, scope, depth + 1);
  else if ('mul' in angle)
    for (const factor of angle.mul) checkAngle(what, factor, scope, depth + 1);
  else checkAngle(what, angle.of, scope, depth + 1);
}

function checkQubits(
  what: string,
  qubits: readonly number[],
  controls: readonly Control[],
  scope: Scope,
): void {
  const { qubits: count } = scope.circuit;
  const all = [...qubits, ...controls.map((control) => control.qubit)];
  for (const qubit of all as readonly unknown[]) {
    if (typeof qubit !== 'number') {
      const shown = Array.isArray(qubit) ? 'a list' : qubit === null ? 'null' : typeof qubit;
      fail(scope, `${what} got ${shown} where a qubit belongs`, 'Give each qubit as a number');
    }
    if (!Number.isSafeInteger(qubit) || qubit < 0 || qubit >= count) {
      fail(
        scope,
        `${what} acts on qubit ${qubit}, but the circuit has ${plural(count, 'qubit')}`,
        count === 1 ? 'Use qubit 0' : `Use qubits 0 to ${count - 1}`,
      );
    }
  }
  // Comparing all pairs is fastest for few.
  const differ = all.length > 8 && new Set(all).size === all.length;
  const twice = differ ? undefined : all.find((qubit, i) => all.indexOf(qubit) !== i);
  if (twice !== undefined) {
    fail(scope, `${what} acts twice on qubit ${twice}`, 'Give different qubits, controls included');
  }
  const control = controls.find(({ value }) => value !== 0 && value !== 1);
  if (control !== undefined) {
    fail(
      scope,
      `${what} has a control on qubit ${control.qubit} with value ${String(control.value)}`,
      'Use 0 or 1',
    );
  }
}

function checkBits(what: string, bits: readonly number[], scope: Scope): void {
  const { bits: count } = scope.circuit;
  for (const bit of bits) {
    if (!Number.isSafeInteger(bit) || bit < 0 || bit >= count) {
      fail(
        scope,
        `${what} uses classical bit ${bit}, but the circuit has ${plural(count, 'bit')}`,
        'Use integers from 0',
      );
    }
  }
}

function atLeastOne(what: string, qubits: readonly number[], scope: Scope): void {
  if (qubits.length === 0) fail(scope, `${what} has no qubits`, 'Name at least one');
}

function checkSize(what: string, matrix: readonly number[], qubits: number, scope: Scope): void {
  const dimension = 2 ** qubits;
  if (matrix.length !== 2 * dimension ** 2) {
    fail(
      scope,
      `${what} of ${matrix.length / 2} entries does not fit ${plural(qubits, 'qubit')}`,
      `Give ${dimension} × ${dimension} complex entries`,
    );
  }
  if (!matrix.every((x) => Number.isFinite(x))) {
    failValue(scope, `${what} has an entry that is not finite`, 'Use finite numbers');
  }
}

function findSlot(what: string, name: string, kind: SlotKind, scope: Scope): Slot {
  const slot = scope.slots.get(name);
  if (slot === undefined)
    fail(scope, `${what} reads slot '${name}', which the circuit does not have`, 'Declare it');
  if (slot.kind !== kind) {
    fail(scope, `${what} reads slot '${name}' of kind ${slot.kind}`, `Use a slot of kind ${kind}`);
  }
  return slot;
}

function checkSlotUse(
  what: string,
  name: string,
  kind: SlotKind,
  dimension: number,
  scope: Scope,
): void {
  const { shape } = findSlot(what, name, kind, scope);
  if (shape[0] !== dimension) {
    fail(
      scope,
      `${what} on ${plural(Math.log2(dimension), 'qubit')} reads slot '${name}' of shape [${shape.join(', ')}]`,
      `Its first dimension must be ${dimension}`,
    );
  }
}

function distanceFromIdentity(matrix: Float64Array): number {
  const unit = identity(Math.sqrt(matrix.length / 2));
  return matrix.reduce((worst, x, i) => Math.max(worst, Math.abs(x - unit[i]!)), 0);
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function fail(scope: Scope, what: string, remedy: string): never {
  throw new CircuitError(what, { operation: scope.operation, remedy });
}

function failValue(scope: Scope, what: string, remedy: string): never {
  throw new ValueError(what, { operation: scope.operation, remedy });
}
