import { specs as specsOf } from '@ketwork/circuit';
import { oneFile, readArguments } from './arguments.ts';
import type { OptionTable } from './arguments.ts';
import { readCircuit } from './files.ts';

const options: OptionTable = { json: { type: 'boolean' } };

/** Help of `ketwork specs`. */
export const specsHelp: string = `Usage: ketwork specs <circuit> [options]

Prints size, depth, gate counts and slots of a circuit (JSON, or OpenQASM where the name ends in .qasm); - reads the standard input.

Options:
  --json     JSON instead of a table
  --debug    show where an error was thrown
  --help     show this text
`;

/** Describes a circuit from a file. @returns the text to print. */
export async function specs(args: readonly string[]): Promise<string> {
  const given = readArguments(args, options);
  const circuit = await readCircuit(oneFile(given));
  const { gates, byQubits, ...numbers } = specsOf(circuit);
  if (given.on('json')) {
    return `${JSON.stringify({ ...numbers, gates, byQubits, slots: circuit.slots }, null, 2)}\n`;
  }
  const rows: [string, string][] = [
    ['qubits', String(numbers.qubits)],
    ['classical bits', String(numbers.bits)],
    ['operations', String(numbers.operations)],
    ['depth', String(numbers.depth)],
    ['two-qubit depth', String(numbers.twoQubitDepth)],
    ['non-Clifford', `${numbers.nonClifford}, depth ${numbers.nonCliffordDepth}`],
    ['measurements', String(numbers.measurements)],
    ['weights', String(numbers.weights)],
    ['inputs', `${numbers.inputs} per example`],
    ...Object.entries(gates).map(([name, count]): [string, string] => [`  ${name}`, String(count)]),
    ...circuit.slots.map(({ name, shape, kind, axis }): [string, string] => [
      `slot ${name}`,
      `[${shape.join(', ')}] ${kind}, ${axis === 'batch' ? 'one per example' : 'shared'}`,
    ]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('');
}
