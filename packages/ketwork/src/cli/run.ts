import { FormatError, sizeOf, UnsupportedError } from '@ketwork/base';
import { Z, counts, expval, probabilities, state } from '@ketwork/circuit';
import type { Circuit, Measurement } from '@ketwork/circuit';
import { cpu, reference } from '@ketwork/simulator';
import type { CompileOptions, Counts, Engine } from '@ketwork/simulator';
import { oneFile, readArguments } from './arguments.ts';
import type { Arguments, OptionTable } from './arguments.ts';
import { readCircuit, readText, within } from './files.ts';
import { parseObservables } from './observables.ts';
import type { NamedObservable } from './observables.ts';
import { UsageError } from './usage.ts';

/** Up to how many qubits probabilities are printed without being asked for. */
const PROBABILITIES_UNASKED: number = 10;
/** Greatest number of numbers printed for one measurement. */
const MOST_NUMBERS = 2 ** 22;

const options: OptionTable = {
  shots: { type: 'string' },
  seed: { type: 'string' },
  backend: { type: 'string' },
  values: { type: 'string' },
  observables: { type: 'string' },
  state: { type: 'boolean' },
  probabilities: { type: 'boolean' },
  bits: { type: 'boolean' },
};

/** Help of `ketwork run`. */
export const runHelp: string = `Usage: ketwork run <circuit> [options]

Runs a circuit and prints the results as JSON: the expectation of Z on each qubit and, up to ${PROBABILITIES_UNASKED} qubits,
the probabilities; with --shots how often each bit string was measured. Qubit 0 is the leftmost bit.
A circuit file is what JSON.stringify(circuit) gives, or a program in OpenQASM (*.qasm); - reads the standard input.

Options:
  --shots N           draw N shots per example instead of exact results
  --seed N            seed of the shots, 0 to 4294967295; default 0
  --backend NAME      cpu (default) or reference (slow and simple, at most 14 qubits)
  --values JSON|FILE  values by slot name, such as '{"x": [[0.1, 0.2]], "w": [1, 2]}', or a file with that, or -
  --observables LIST  expectations of these only: 'Z0 Z1, 0.5 X2, Z0 - Y1' are three, products, multiples and sums
  --probabilities     probabilities of the basis states
  --bits              counts or probabilities of the classical bits instead of the qubits, bit 0 leftmost
  --state             amplitudes of the state as [re, im]
  --debug             show where an error was thrown
  --help              show this text
`;

/** What is printed: JSON by name. */
type Printed = Record<string, string>;

/** Runs a circuit from a file. @returns the JSON to print. */
export async function run(args: readonly string[]): Promise<string> {
  const given = readArguments(args, options);
  const file = oneFile(given);
  const wish = readWish(given);
  if (file === '-' && given.text('values') === '-') {
    throw new UsageError('the circuit and the values cannot both come from the standard input');
  }
  const circuit = await readCircuit(file);
  const values = await readValues(given.text('values'));
  using engine: Engine = wish.backend === 'cpu' ? await cpu() : reference();
  return printed(execute(engine, circuit, values, wish));
}

interface Wish {
  readonly backend: 'cpu' | 'reference';
  readonly shots: number | undefined;
  readonly seed: number;
  readonly observables: readonly NamedObservable[] | undefined;
  readonly probabilities: boolean;
  readonly bits: boolean;
  readonly state: boolean;
}

function readWish(given: Arguments): Wish {
  const backend = given.text('backend') ?? 'cpu';
  if (backend !== 'cpu' && backend !== 'reference') {
    throw new UsageError(`unknown backend '${backend}'; there are cpu and reference`);
  }
  const list = given.text('observables');
  const wish = {
    backend,
    shots: given.integer('shots', 1, 2 ** 31 - 1),
    seed: given.integer('seed', 0, 2 ** 32 - 1) ?? 0,
    observables: list === undefined ? undefined : parseObservables(list),
    probabilities: given.on('probabilities'),
    bits: given.on('bits'),
    state: given.on('state'),
  } as const;
  if (wish.state && wish.shots !== undefined) {
    throw new UsageError('--state is exact and cannot be drawn with --shots');
  }
  if (wish.bits && wanted(wish) > 0) {
    throw new UsageError(
      '--bits cannot be combined with --observables, --probabilities or --state',
    );
  }
  return wish;
}

/** One measurement with the way its result is printed. */
interface Part {
  readonly measurement: Measurement;
  readonly print: (result: Float64Array | Uint8Array | Counts[], batch: number) => Printed;
}

function execute(
  engine: Engine,
  circuit: Circuit,
  values: Readonly<Record<string, readonly number[]>>,
  wish: Wish,
): Printed {
  const parts = partsOf(circuit, wish);
  const compileOptions: CompileOptions =
    wish.shots === undefined || wanted(wish) === 0 ? {} : { shots: wish.shots };
  using program = engine.compile(
    circuit,
    parts.map((part) => part.measurement),
    compileOptions,
  );
  const results = program.run(values, { seed: wish.seed });
  const batch = batchOf(results[0]!, program.outputShapes[0]!);
  const { shots, seed } = wish;
  return {
    backend: JSON.stringify(engine.name),
    qubits: String(circuit.qubits),
    batch: String(batch),
    ...(shots === undefined ? {} : { shots: String(shots), seed: String(seed) }),
    ...Object.assign({}, ...parts.map((part, i) => part.print(results[i]!, batch))),
  };
}

function wanted(wish: Wish): number {
  return Number(wish.observables !== undefined) + Number(wish.probabilities) + Number(wish.state);
}

function batchOf(result: Float64Array | Uint8Array | Counts[], shape: readonly number[]): number {
  return Array.isArray(result) ? result.length : result.length / sizeOf(shape);
}

function partsOf(circuit: Circuit, wish: Wish): Part[] {
  const { qubits } = circuit;
  if (wish.bits) return [bitPart(circuit, wish.shots)];
  const byDefault = wanted(wish) === 0;
  if (byDefault && wish.shots !== undefined) {
    return [
      {
        measurement: counts(wish.shots),
        print: (result) => ({ counts: sorted(result as Counts[]) }),
      },
    ];
  }
  const parts: Part[] = [];
  const each = (): NamedObservable[] =>
    Array.from({ length: qubits }, (_, qubit) => ({ name: `Z${qubit}`, observable: Z(qubit) }));
  const observables = wish.observables ?? (byDefault ? each() : []);
  if (observables.length > 0) {
    parts.push({
      measurement: expval(...observables.map(({ observable }) => observable)),
      print: (result, batch) => ({
        observables: JSON.stringify(observables.map(({ name }) => name)),
        expectations: JSON.stringify(rows(result, batch)),
      }),
    });
  }
  if (wish.probabilities) checkLength(2 ** qubits);
  if (wish.state) checkLength(2 ** (qubits + 1));
  if (wish.probabilities || (byDefault && qubits <= PROBABILITIES_UNASKED)) {
    parts.push({
      measurement: probabilities(),
      print: (result, batch) => ({ probabilities: JSON.stringify(rows(result, batch)) }),
    });
  }
  if (wish.state) {
    parts.push({
      measurement: state(),
      print: (result, batch) => ({
        state: JSON.stringify(rows(result, batch).map((row) => pairs(row))),
      }),
    });
  }
  return parts;
}

/** The classical bits: how often each combination was measured, or how probable it is. */
function bitPart({ bits: count }: Circuit, shots: number | undefined): Part {
  if (count === 0) {
    throw new UnsupportedError('the circuit has no classical bits', { remedy: 'Leave out --bits' });
  }
  const bits = Array.from({ length: count }, (_, bit) => bit);
  if (shots !== undefined) {
    return {
      measurement: counts(shots, { bits }),
      print: (result) => ({ bitCounts: sorted(result as Counts[]) }),
    };
  }
  checkLength(2 ** count);
  return {
    measurement: probabilities({ bits }),
    print: (result, batch) => ({ bitProbabilities: JSON.stringify(rows(result, batch)) }),
  };
}

/** Refuses what nobody reads and what may not fit into one text. */
function checkLength(numbers: number): void {
  if (numbers <= MOST_NUMBERS) return;
  throw new UnsupportedError(`a result of ${numbers} numbers is too long to print`, {
    remedy: 'Ask for --observables or --shots, or use the library',
  });
}

function rows(result: Float64Array | Uint8Array | Counts[], batch: number): number[][] {
  checkLength(result.length);
  const size = result.length / batch;
  const numbers = result as Float64Array;
  return Array.from({ length: batch }, (_, example) =>
    Array.from(numbers.subarray(example * size, (example + 1) * size)),
  );
}

function pairs(row: readonly number[]): [number, number][] {
  return Array.from({ length: row.length / 2 }, (_, i) => [row[2 * i]!, row[2 * i + 1]!]);
}

/** Counts in the order of the bit strings, which an object would not keep: `11` looks like an index to it. */
function sorted(result: readonly Counts[]): string {
  const records = result.map((record) => {
    const entries = Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([bits, count]) => `"${bits}":${count}`).join(',')}}`;
  });
  return `[${records.join(',')}]`;
}

/** One line per name: short enough to read, and JSON. */
function printed(result: Printed): string {
  const lines = Object.entries(result).map(([name, json]) => `  "${name}": ${json}`);
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** Values given as JSON, or as the name of a file that holds it. */
async function readValues(
  given: string | undefined,
): Promise<Readonly<Record<string, readonly number[]>>> {
  if (given === undefined) return {};
  const inline = given.trimStart().startsWith('{');
  const json = inline ? given : await readText(given);
  return within(inline ? '--values' : given, () => valuesFrom(json));
}

function valuesFrom(json: string): Readonly<Record<string, readonly number[]>> {
  let data: unknown;
  try {
    data = JSON.parse(json);
  } catch (cause) {
    throw new FormatError('the values are not JSON', {
      cause,
      remedy: 'Check that they are complete',
    });
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new FormatError('the values are not an object', {
      remedy: 'Give numbers by slot name, such as {"x": [0.1, 0.2]}',
    });
  }
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, numbersFrom(value, name)]),
  );
}

/** A number or nested lists of numbers, row-major, as one list. */
function numbersFrom(value: unknown, name: string): number[] {
  if (typeof value === 'number') return [value];
  if (Array.isArray(value)) return value.flatMap((inner) => numbersFrom(inner, name));
  throw new FormatError(`the values of slot '${name}' hold ${JSON.stringify(value)}`, {
    remedy: 'Give numbers or lists of numbers',
  });
}
