import { CircuitError, FormatError } from '@ketwork/base';
import { angleFunctions } from './expression.ts';
import { deepFrozen } from './ops.ts';
import type {
  Angle,
  AngleFunction,
  Circuit,
  Control,
  EvolutionDrift,
  EvolutionOp,
  Op,
  PauliTerm,
  Slot,
} from './types.ts';
import { CIRCUIT_SCHEMA } from './types.ts';
import { MAX_NESTING, checkCircuit, isWellFormed } from './validate.ts';

const MAX_CHARACTERS = 2 ** 28;
const MAX_OPERATIONS = 2 ** 20;

/**
 * A circuit as JSON text. `JSON.stringify(circuit)` gives the same.
 *
 * @example
 * ```ts
 * import { circuit, parseCircuit, toJSON } from '@ketwork/circuit';
 * const bell = circuit(2, (q) => q.h(0).cnot(0, 1));
 * console.log(parseCircuit(toJSON(bell)).ops.length); // 2
 * ```
 */
export function toJSON(circuit: Circuit): string {
  return JSON.stringify(circuit);
}

/**
 * Reads a circuit from JSON text, or from what JSON.parse made of it. The input need not be trusted: every field is
 * checked, unknown fields are refused, and only checked values enter the result.
 *
 * @param json Text of at most 2^28 characters with at most 2^20 operations, angles and conditionals nested at most 64 deep.
 * @returns A frozen circuit.
 * @throws FormatError when it is not JSON, has an unknown schema version, or a field is missing, unknown or of the wrong
 * type; CircuitError or ValueError when the circuit is not well formed, as `circuit` does.
 * @example
 * ```ts
 * import { parseCircuit } from '@ketwork/circuit';
 * const text = '{"schema":"ketwork.circuit/1","qubits":1,"bits":0,"slots":[],"ops":[]}';
 * console.log(parseCircuit(text).qubits); // 1
 * ```
 */
export function parseCircuit(json: unknown): Circuit {
  const value = typeof json === 'string' ? parsed(json) : json;
  if (!isRecord(value)) {
    throw new FormatError('a circuit is not a JSON object', {
      remedy: 'Give what toJSON() returned',
    });
  }
  if (value['schema'] !== CIRCUIT_SCHEMA) {
    throw new FormatError(`unknown circuit version ${shown(value['schema'])}`, {
      remedy: `This version of Ketwork reads '${CIRCUIT_SCHEMA}'`,
    });
  }
  const fields = read(value, 'circuit', ['schema', 'qubits', 'bits', 'slots', 'ops']);
  const budget = { operations: MAX_OPERATIONS };
  const circuit: Circuit = {
    schema: CIRCUIT_SCHEMA,
    qubits: integer(fields['qubits'], 'qubits'),
    bits: integer(fields['bits'], 'bits'),
    slots: list(fields['slots'], 'slots', slotFrom),
    ops: list(fields['ops'], 'ops', (op, path) => opFrom(op, path, 0, budget)),
  };
  checkCircuit(circuit);
  return deepFrozen(circuit);
}

/**
 * Refuses what is not a well-formed circuit. Circuits made by `circuit`, `parseCircuit` and the like were checked there
 * and pass at once; plain data, such as what JSON.parse returns, is checked in full.
 *
 * @throws CircuitError where the value is no object; what `parseCircuit` throws.
 * @example
 * ```ts
 * import { circuit, requireCircuit } from '@ketwork/circuit';
 * const data: unknown = JSON.parse(JSON.stringify(circuit(1, (q) => q.h(0))));
 * requireCircuit(data);
 * console.log(data.qubits); // 1
 * ```
 */
export function requireCircuit(value: unknown): asserts value is Circuit {
  if (!isRecord(value)) {
    throw new CircuitError(
      `${value === null ? 'null' : `a value of type ${typeof value}`} is not a circuit`,
      {
        remedy: 'Make one with circuit(), or read one with parseCircuit()',
      },
    );
  }
  if (!isWellFormed(value)) parseCircuit(value);
}

/** How many operations may still be read, nested ones included. */
interface Budget {
  operations: number;
}

function parsed(text: string): unknown {
  if (text.length > MAX_CHARACTERS) {
    throw new FormatError(`the text has ${text.length} characters`, {
      remedy: `Give at most ${MAX_CHARACTERS}`,
    });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError('the text is not JSON', { cause, remedy: 'Check that it is complete' });
  }
}

type Fields = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? 'a list' : 'an object';
  if (typeof value !== 'string') return String(value);
  return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
}

function wrong(path: string, value: unknown, wanted: string): never {
  throw new FormatError(`${path} is ${shown(value)}`, { remedy: `It must be ${wanted}` });
}

/** The value as a record with exactly these fields. */
function read(
  value: unknown,
  path: string,
  required: readonly string[],
  optional: readonly string[] = [],
): Fields {
  if (!isRecord(value)) wrong(path, value, 'an object');
  for (const name of required) {
    if (!Object.hasOwn(value, name))
      throw new FormatError(`${path} has no field '${name}'`, { remedy: 'Add it' });
  }
  for (const name of Object.keys(value)) {
    if (!required.includes(name) && !optional.includes(name)) {
      throw new FormatError(`${path} has the unknown field ${shown(name)}`, {
        remedy: 'Remove it',
      });
    }
  }
  return value;
}

function list<T>(value: unknown, path: string, item: (value: unknown, path: string) => T): T[] {
  if (!Array.isArray(value)) wrong(path, value, 'a list');
  return Array.from(value, (element, i) => item(element, `${path}[${i}]`));
}

function number(value: unknown, path: string): number {
  return typeof value === 'number' ? value + 0 : wrong(path, value, 'a number');
}

function integer(value: unknown, path: string): number {
  return Number.isSafeInteger(value) ? (value as number) + 0 : wrong(path, value, 'an integer');
}

function string(value: unknown, path: string): string {
  return typeof value === 'string' ? value : wrong(path, value, 'a string');
}

function boolean(value: unknown, path: string): boolean {
  return typeof value === 'boolean' ? value : wrong(path, value, 'true or false');
}

function oneOf<T extends string | number>(value: unknown, path: string, choices: readonly T[]): T {
  return (
    choices.find((choice) => choice === value) ?? wrong(path, value, `one of ${choices.join(', ')}`)
  );
}

function bit(value: unknown, path: string): 0 | 1 {
  return value === 0 || value === 1 ? value : wrong(path, value, '0 or 1');
}

function slotFrom(value: unknown, path: string): Slot {
  const fields = read(value, path, ['name', 'shape', 'kind', 'axis', 'differentiable']);
  return {
    name: string(fields['name'], `${path}.name`),
    shape: list(fields['shape'], `${path}.shape`, integer),
    kind: oneOf(fields['kind'], `${path}.kind`, ['scalar', 'amplitudes', 'hermitian']),
    axis: oneOf(fields['axis'], `${path}.axis`, ['shared', 'batch']),
    differentiable: boolean(fields['differentiable'], `${path}.differentiable`),
  };
}

function controlFrom(value: unknown, path: string): Control {
  const fields = read(value, path, ['qubit', 'value']);
  return {
    qubit: integer(fields['qubit'], `${path}.qubit`),
    value: bit(fields['value'], `${path}.value`),
  };
}

function angleFrom(value: unknown, path: string, depth = 0): Angle {
  if (typeof value === 'number') return value + 0;
  if (depth > MAX_NESTING)
    throw new FormatError(`${path.slice(0, 40)}… is nested more than ${MAX_NESTING} deep`);
  if (!isRecord(value)) wrong(path, value, 'an angle');
  const inside = (inner: unknown, at: string): Angle => angleFrom(inner, at, depth + 1);
  if ('slot' in value) {
    const fields = read(value, path, ['slot', 'index']);
    return {
      slot: string(fields['slot'], `${path}.slot`),
      index: integer(fields['index'], `${path}.index`),
    };
  }
  if ('add' in value)
    return { add: list(read(value, path, ['add'])['add'], `${path}.add`, inside) };
  if ('mul' in value)
    return { mul: list(read(value, path, ['mul'])['mul'], `${path}.mul`, inside) };
  const fields = read(value, path, ['fn', 'of']);
  const fn = oneOf(fields['fn'], `${path}.fn`, Object.keys(angleFunctions) as AngleFunction[]);
  return { fn, of: inside(fields['of'], `${path}.of`) };
}

function termFrom(value: unknown, path: string): PauliTerm {
  const fields = read(value, path, ['coefficient', 'paulis']);
  return {
    coefficient: number(fields['coefficient'], `${path}.coefficient`),
    paulis: list(fields['paulis'], `${path}.paulis`, (item, at) => {
      const pair = read(item, at, ['qubit', 'pauli']);
      return {
        qubit: integer(pair['qubit'], `${at}.qubit`),
        pauli: oneOf(pair['pauli'], `${at}.pauli`, ['X', 'Y', 'Z']),
      };
    }),
  };
}

function generatorFrom(value: unknown, path: string): EvolutionOp['generator'] {
  if (!isRecord(value)) wrong(path, value, 'an object');
  if ('slot' in value) return { slot: string(read(value, path, ['slot'])['slot'], `${path}.slot`) };
  if ('matrix' in value)
    return { matrix: list(read(value, path, ['matrix'])['matrix'], `${path}.matrix`, number) };
  return { terms: list(read(value, path, ['terms'])['terms'], `${path}.terms`, termFrom) };
}

function driftFrom(value: unknown, path: string): EvolutionDrift {
  const fields = read(value, path, ['generator', 'time']);
  const generator = generatorFrom(fields['generator'], `${path}.generator`);
  if ('slot' in generator) wrong(`${path}.generator`, fields['generator'], 'a matrix or terms');
  return { generator, time: angleFrom(fields['time'], `${path}.time`) };
}

function opFrom(value: unknown, path: string, depth: number, budget: Budget): Op {
  if (--budget.operations < 0) {
    throw new FormatError(`the circuit has more than ${MAX_OPERATIONS} operations`, {
      remedy: 'Split it',
    });
  }
  if (depth > MAX_NESTING)
    throw new FormatError(`${path.slice(0, 40)}… is nested more than ${MAX_NESTING} deep`);
  if (!isRecord(value)) wrong(path, value, 'an operation');
  const fields = (required: readonly string[], optional: readonly string[] = []): Fields =>
    read(value, path, ['type', ...required], optional);
  const at = (name: string): string => `${path}.${name}`;
  const integers = (name: string): number[] => list(value[name], at(name), integer);
  const controls = (): Control[] => list(value['controls'], at('controls'), controlFrom);
  const angles = (): Angle[] =>
    list(value['angles'], at('angles'), (angle, where) => angleFrom(angle, where));
  const type = oneOf(value['type'], at('type'), [
    'gate',
    'matrix',
    'evolution',
    'statePreparation',
    'channel',
    'measure',
    'reset',
    'conditional',
    'barrier',
  ]);
  switch (type) {
    case 'gate': {
      const { gate, word } = fields(['gate', 'qubits', 'angles', 'controls'], ['word']);
      const op = {
        type,
        gate: string(gate, at('gate')),
        qubits: integers('qubits'),
        angles: angles(),
        controls: controls(),
      };
      return word === undefined ? op : { ...op, word: string(word, at('word')) };
    }
    case 'matrix': {
      const { matrix, unitary, label } = fields(
        ['qubits', 'matrix', 'unitary', 'controls'],
        ['label'],
      );
      const op = {
        type,
        qubits: integers('qubits'),
        matrix: list(matrix, at('matrix'), number),
        unitary: boolean(unitary, at('unitary')),
        controls: controls(),
      };
      return label === undefined ? op : { ...op, label: string(label, at('label')) };
    }
    case 'evolution': {
      const { generator, time, drift } = fields(
        ['qubits', 'generator', 'time', 'controls'],
        ['drift'],
      );
      return {
        type,
        qubits: integers('qubits'),
        generator: generatorFrom(generator, at('generator')),
        time: angleFrom(time, at('time')),
        ...(drift === undefined ? {} : { drift: driftFrom(drift, at('drift')) }),
        controls: controls(),
      };
    }
    case 'statePreparation': {
      const { amplitudes, normalize } = fields(['qubits', 'amplitudes', 'normalize']);
      const where = at('amplitudes');
      const source =
        isRecord(amplitudes) && 'slot' in amplitudes
          ? { slot: string(read(amplitudes, where, ['slot'])['slot'], `${where}.slot`) }
          : {
              values: list(
                read(amplitudes, where, ['values'])['values'],
                `${where}.values`,
                number,
              ),
            };
      return {
        type,
        qubits: integers('qubits'),
        amplitudes: source,
        normalize: boolean(normalize, at('normalize')),
      };
    }
    case 'channel': {
      const { channel, kraus } = fields(['channel', 'qubits', 'angles'], ['kraus']);
      const op = {
        type,
        channel: string(channel, at('channel')),
        qubits: integers('qubits'),
        angles: angles(),
      };
      if (kraus === undefined) return op;
      return {
        ...op,
        kraus: list(kraus, at('kraus'), (matrix, where) => list(matrix, where, number)),
      };
    }
    case 'measure': {
      const { qubit, bit: target, postselect } = fields(['qubit', 'bit'], ['postselect']);
      const op = { type, qubit: integer(qubit, at('qubit')), bit: integer(target, at('bit')) };
      return postselect === undefined
        ? op
        : { ...op, postselect: bit(postselect, at('postselect')) };
    }
    case 'conditional': {
      const { condition, then, otherwise, repeat } = fields(
        ['condition', 'then', 'otherwise'],
        ['repeat'],
      );
      const where = at('condition');
      const test = read(condition, where, ['bits', 'value']);
      const inside = (op: unknown, inner: string): Op => opFrom(op, inner, depth + 1, budget);
      const op = {
        type,
        condition: {
          bits: list(test['bits'], `${where}.bits`, integer),
          value: integer(test['value'], `${where}.value`),
        },
        then: list(then, at('then'), inside),
        otherwise: list(otherwise, at('otherwise'), inside),
      };
      return repeat === undefined ? op : { ...op, repeat: integer(repeat, at('repeat')) };
    }
    case 'reset':
    case 'barrier':
      fields(['qubits']);
      return { type, qubits: integers('qubits') };
  }
}
