import { hint, KetworkError } from '@ketwork/base';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { UsageError } from './usage.ts';

interface Command {
  /** Works and returns what to print. */
  readonly work: (args: readonly string[]) => Promise<string>;
  readonly help: string;
  /** Whether it has commands of its own, which have help of their own. */
  readonly group?: true;
}

// Loaded when needed: a drawing does not wait for the engines.
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => {
    const { run, runHelp } = await import('./run.ts');
    return { work: run, help: runHelp };
  },
  draw: async () => {
    const { draw, drawHelp } = await import('./draw.ts');
    return { work: draw, help: drawHelp };
  },
  specs: async () => {
    const { specs, specsHelp } = await import('./specs.ts');
    return { work: specs, help: specsHelp };
  },
  convert: async () => {
    const { convert, convertHelp } = await import('./convert.ts');
    return { work: convert, help: convertHelp };
  },
  federated: async () => {
    const { federated, federatedHelp } = await import('./federated/federated.ts');
    return { work: federated, help: federatedHelp, group: true };
  },
};

const help = `Usage: ketwork <command> <circuit> [options]
       ketwork federated <command> …

Commands:
  run        run a circuit and print expectations, probabilities or counts as JSON
  draw       draw a circuit as text, SVG or LaTeX
  specs      size, depth, gate counts and slots of a circuit
  convert    write a circuit as OpenQASM or JSON
  federated  train a model with participants that keep their data: serve, join, simulate

A circuit is a file of JSON, or of OpenQASM 2 or 3 where its name ends in .qasm.

Options:
  --help     show this text; after a command, its own
  --version  print the version

Exit codes: 0 success, 1 the circuit, its values or other input are at fault, 2 the command line is.
`;

/** Does what a command line asks for. @returns what to print */
export async function answer([name, ...args]: readonly string[]): Promise<string> {
  if (name === '--help' || name === '-h' || name === 'help') return help;
  if (name === '--version' || name === '-v') return `${version()}\n`;
  if (name === undefined) throw new UsageError('no command is given');
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) {
    const option = name.startsWith('-');
    const known = option ? ['--help', '--version'] : Object.keys(commands);
    const what = option ? `unknown option ${name}` : `unknown command '${name}'`;
    throw new UsageError(`${what}${hint(name, known)}`);
  }
  const command = await load();
  const end = args.indexOf('--');
  const before = (end < 0 ? args : args.slice(0, end)).slice(0, command.group ? 1 : undefined);
  return before.includes('--help') || before.includes('-h') ? command.help : command.work(args);
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** What is said about an error, and the exit code. */
export function complaint(
  error: unknown,
  args: readonly string[],
): { readonly text: string; readonly code: 1 | 2 } {
  if (error instanceof UsageError) {
    const command = args[0] !== undefined && Object.hasOwn(commands, args[0]) ? ` ${args[0]}` : '';
    return {
      text: `ketwork${command}: ${error.message}\nSee ketwork${command} --help\n`,
      code: 2,
    };
  }
  // What the libraries throw on purpose says all; with --debug also where, and what led to it.
  if (args.includes('--debug')) return { text: `${inspect(error)}\n`, code: 1 };
  return error instanceof KetworkError
    ? { text: `ketwork: ${error.message}\n`, code: 1 }
    : { text: `ketwork: unexpected ${String(error)}; --debug shows where\n`, code: 1 };
}
