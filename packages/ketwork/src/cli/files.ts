import { EnvironmentError, KetworkError, replaceFile } from '@ketwork/base';
import { parseCircuit } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import type { QasmProgram } from '@ketwork/qasm';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';

/** The text of a file, or of the standard input for `-`. @throws EnvironmentError */
export async function readText(file: string): Promise<string> {
  try {
    const content = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
    // Some editors put a byte order mark in front.
    return content.replace(/^\uFEFF/, '');
  } catch (cause) {
    throw new EnvironmentError(`cannot read ${nameOf(file)}: ${reasonOf(cause)}`, { cause });
  }
}

/** The bytes of a file. @throws EnvironmentError */
export async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new EnvironmentError(`cannot read ${file}: ${reasonOf(cause)}`, { cause });
  }
}

/** A circuit from a file; where it is a program in OpenQASM, with the names of its registers. */
export interface CircuitFile {
  readonly circuit: Circuit;
  readonly program?: QasmProgram;
}

/** Reads a circuit as JSON or OpenQASM; messages begin with the name of the file. */
export async function readCircuitFile(file: string): Promise<CircuitFile> {
  const content = await readText(file);
  // The standard input has no name: circuits as JSON begin with a brace, which no program does.
  const qasm = file === '-' ? !/^\s*[{["]/.test(content) : /\.qasm$/i.test(file);
  if (!qasm) return { circuit: within(file, () => parseCircuit(content)) };
  const { parseQasm } = await import('@ketwork/qasm');
  const program = within(file, () => parseQasm(content));
  return { circuit: program.circuit, program };
}

/** Reads a circuit alone. */
export async function readCircuit(file: string): Promise<Circuit> {
  const { circuit } = await readCircuitFile(file);
  return circuit;
}

/** Runs `work` and puts the name of the file in front of the messages of its errors. */
export function within<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof KetworkError)) throw cause;
    throw new KetworkError(cause.code, `${nameOf(file)}: ${cause.message}`, { cause });
  }
}

/** Writes a file whole or not at all. */
export async function writeText(file: string, content: string): Promise<void> {
  try {
    await replaceFile(file, content);
  } catch (cause) {
    throw new EnvironmentError(`cannot write ${file}: ${reasonOf(cause)}`, { cause });
  }
}

function nameOf(file: string): string {
  return file === '-' ? 'standard input' : file;
}

function reasonOf(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return 'no such file or folder';
    case 'EISDIR':
      return 'it is a folder';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    default:
      return cause instanceof Error ? cause.message : String(cause);
  }
}
