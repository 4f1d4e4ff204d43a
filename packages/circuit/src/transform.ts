import { CircuitError, sizeOf, ValueError } from '@ketwork/base';
import { circuit as build } from './builder.ts';
import { negated, substituted } from './expression.ts';
import { controlOf } from './gate-methods.ts';
import type { ControlLike } from './gate-methods.ts';
import { adjoint } from './gates/matrix.ts';
import { gate } from './gates/table.ts';
import { deepFrozen, withAngles, withControls, withQubits } from './ops.ts';
import type { Circuit, Op } from './types.ts';
import { checkCircuit } from './validate.ts';

/**
 * The circuit that undoes this one: inverse operations in reverse order. Qubits and slots stay the same.
 *
 * @throws CircuitError where an operation has no inverse: state preparation, channel, measurement, reset, conditional or
 * a matrix that is not unitary.
 * @example
 * ```ts
 * import { circuit, inverse } from '@ketwork/circuit';
 * console.log(inverse(circuit(1, (q) => q.h(0).s(0))).ops.map((op) => op.type === 'gate' && op.gate)); // [ 'Sdg', 'H' ]
 * ```
 */
export function inverse<Names extends string>(circuit: Circuit<Names>): Circuit<Names> {
  return checked({ ...circuit, ops: circuit.ops.map(inverseOp).reverse() });
}

function inverseOp(op: Op, operation: number): Op {
  switch (op.type) {
    case 'gate':
      return { ...op, ...gate(op.gate).inverse(op.angles) };
    case 'evolution':
      return withAngles(op, negated);
    case 'barrier':
      return op;
    case 'matrix':
      if (op.unitary) {
        const { label = 'U', ...rest } = op;
        const turned = label.endsWith('†') ? label.slice(0, -1) : `${label}†`;
        const plain = { ...rest, matrix: [...adjoint(op.matrix)] };
        return turned === 'U' ? plain : { ...plain, label: turned };
      }
  }
  throw new CircuitError(
    op.type === 'matrix'
      ? 'a matrix that is not unitary has no inverse'
      : `a ${op.type} has no inverse`,
    {
      operation,
      remedy: 'Only circuits of gates, unitary matrices and evolutions can be inverted',
    },
  );
}

/**
 * The circuit under controls: it acts only where every control has its value.
 *
 * @param controls A number of new control qubits (value 1), which become the first ones and move the circuit's own
 * qubits up; or control qubits by index, perhaps with values, on which the circuit must not act.
 * @throws CircuitError when the circuit acts on a control, or has operations other than gates, matrices and evolutions.
 * @example
 * ```ts
 * import { circuit, controlled } from '@ketwork/circuit';
 * const flip = circuit(1, (q) => q.x(0));
 * console.log(controlled(flip, 2).qubits, controlled(flip, [{ qubit: 1, value: 0 }]).qubits); // 3 2
 * ```
 */
export function controlled<Names extends string>(
  circuit: Circuit<Names>,
  controls: number | readonly ControlLike[],
): Circuit<Names> {
  const counted = typeof controls === 'number';
  if (counted && (!Number.isSafeInteger(controls) || controls < 1)) {
    throw new CircuitError(`a circuit cannot have ${controls} controls`, {
      remedy: 'Use a positive integer',
    });
  }
  const likes: readonly ControlLike[] = counted
    ? Array.from({ length: controls }, (_, qubit) => qubit)
    : controls;
  const list = likes.map(controlOf);
  const shift = counted ? controls : 0;
  const qubits = list.reduce(
    (count, { qubit }) => Math.max(count, qubit + 1),
    circuit.qubits + shift,
  );
  const ops = circuit.ops.map((op, i) =>
    withControls(
      withQubits(op, (qubit) => qubit + shift),
      list,
      i,
    ),
  );
  return checked({ ...circuit, qubits, ops });
}

/**
 * One circuit after the other. Slots of equal names must be equal and become one; classical bits are shared.
 *
 * @param first Acts first; its qubits stay.
 * @param second Acts second.
 * @param options `qubits`: where each qubit of the second circuit goes; qubit i to qubit i by default.
 * @returns A circuit of as many qubits as needed.
 * @throws CircuitError for slots that clash, or a state preparation in the second circuit on qubits the first one used.
 * @example
 * ```ts
 * import { circuit, compose } from '@ketwork/circuit';
 * const one = circuit(1, (q) => q.h(0));
 * console.log(compose(one, one, { qubits: [1] }).qubits); // 2
 * ```
 */
export function compose<A extends string, B extends string>(
  first: Circuit<A>,
  second: Circuit<B>,
  options: { readonly qubits?: readonly number[] } = {},
): Circuit<A | B> {
  const needed =
    options.qubits?.reduce((count, qubit) => Math.max(count, qubit + 1), 0) ?? second.qubits;
  const joined = build(Math.max(first.qubits, needed), (q) =>
    q.append(first).append(second, options.qubits),
  );
  return joined as Circuit<A | B>;
}

/**
 * Replaces slots by constants.
 *
 * @param values Values by slot name, row-major `[...shape]`; a slot on the batch axis then has the same values in every
 * example. A bound slot is gone: an observable that read it needs its matrix.
 * @throws CircuitError for a name that is not a slot; ValueError for a wrong number of values, one that is not finite,
 * amplitudes that are not normalised or a matrix that is not Hermitian.
 * @example
 * ```ts
 * import { bind, circuit, input, weight } from '@ketwork/circuit';
 * const model = circuit(1, { x: input([1]), w: weight([1]) }, (q, { x, w }) => q.rx(x.at(0), 0).ry(w.at(0), 0));
 * console.log(bind(model, { w: [0.5] }).slots.map((slot) => slot.name)); // [ 'x' ]
 * ```
 */
export function bind<Names extends string, Bound extends Names>(
  circuit: Circuit<Names>,
  values: Readonly<Record<Bound, ArrayLike<number>>>,
): Circuit<Exclude<Names, Bound>> {
  const given = new Map<string, ArrayLike<number>>(Object.entries(values));
  for (const [name, numbers] of given) {
    const slot = circuit.slots.find((candidate) => candidate.name === name);
    if (slot === undefined) {
      const names = circuit.slots.map((known) => `'${known.name}'`).join(', ');
      throw new CircuitError(`there is no slot '${name}' to bind`, {
        remedy: names === '' ? 'The circuit has no slots' : `The circuit has ${names}`,
      });
    }
    if (numbers.length !== sizeOf(slot.shape)) {
      throw new ValueError(
        `slot '${name}' of shape [${slot.shape.join(', ')}] got ${numbers.length} values`,
        {
          remedy: `Give ${sizeOf(slot.shape)}`,
        },
      );
    }
    if (!Array.from(numbers).every((x) => Number.isFinite(x))) {
      throw new ValueError(`slot '${name}' got a value that is not finite`, {
        remedy: 'Use finite numbers',
      });
    }
  }
  const ops = circuit.ops.map((op) => boundOp(op, circuit, given));
  const slots = circuit.slots.filter(({ name }) => !given.has(name));
  return checked({ ...circuit, slots, ops }) as Circuit<Exclude<Names, Bound>>;
}

function boundOp(op: Op, circuit: Circuit, given: ReadonlyMap<string, ArrayLike<number>>): Op {
  if (op.type === 'conditional') {
    const inside = (inner: Op): Op => boundOp(inner, circuit, given);
    return { ...op, then: op.then.map(inside), otherwise: op.otherwise.map(inside) };
  }
  if (op.type === 'statePreparation' && 'slot' in op.amplitudes) {
    const { slot: name } = op.amplitudes;
    const numbers = given.get(name);
    if (numbers === undefined) return op;
    const list = Array.from(numbers, (x) => x + 0);
    const real = circuit.slots.find((slot) => slot.name === name)?.shape.length === 1;
    return { ...op, amplitudes: { values: real ? list.flatMap((x) => [x, 0]) : list } };
  }
  const bound = withAngles(op, (angle) =>
    substituted(angle, (element) => {
      const numbers = given.get(element.slot);
      return numbers === undefined ? element : numbers[element.index]! + 0;
    }),
  );
  if (bound.type === 'evolution' && 'slot' in bound.generator) {
    const numbers = given.get(bound.generator.slot);
    if (numbers !== undefined)
      return { ...bound, generator: { matrix: Array.from(numbers, (x) => x + 0) } };
  }
  return bound;
}

function checked<Names extends string>(circuit: Circuit<Names>): Circuit<Names> {
  checkCircuit(circuit);
  return deepFrozen(circuit);
}
