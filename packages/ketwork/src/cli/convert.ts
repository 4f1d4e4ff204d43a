import { toJSON } from '@ketwork/circuit';
import { toQasm } from '@ketwork/qasm';
import { oneFile, readArguments } from './arguments.ts';
import type { OptionTable } from './arguments.ts';
import { readCircuitFile, within, writeText } from './files.ts';
import { UsageError } from './usage.ts';

const options: OptionTable = { to: { type: 'string' }, out: { type: 'string' } };

/** Help of `ketwork convert`. */
export const convertHelp: string = `Usage: ketwork convert <circuit> [options]

Writes a circuit (JSON, or OpenQASM where the name ends in .qasm) in another format; - reads the standard input.

Options:
  --to FORMAT  qasm3 (default), qasm2 or json
  --out FILE   write to a file instead of the standard output
  --debug      show where an error was thrown
  --help       show this text
`;

/** Writes a circuit from a file in another format. @returns the text to print, nothing where it went to a file. */
export async function convert(args: readonly string[]): Promise<string> {
  const given = readArguments(args, options);
  const file = oneFile(given);
  const to = given.text('to') ?? 'qasm3';
  if (to !== 'qasm3' && to !== 'qasm2' && to !== 'json') {
    throw new UsageError(`--to is '${to}' and must be qasm3, qasm2 or json`);
  }
  const { circuit, program } = await readCircuitFile(file);
  const text = within(file, () =>
    to === 'json'
      ? `${toJSON(circuit)}\n`
      : toQasm(circuit, { ...program, version: to === 'qasm2' ? 2 : 3 }),
  );
  const out = given.text('out');
  if (out === undefined) return text;
  await writeText(out, text);
  return '';
}
