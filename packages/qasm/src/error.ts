import { FormatError } from '@ketwork/base';

/** What a fault is besides its message. */
export interface Fault {
  /** Offset of the first character at fault. */
  readonly at: number;
  /** Offset behind the last character at fault; by default that of the word at `at`. */
  readonly end?: number;
  /** What to do about it, one sentence. */
  readonly remedy?: string;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/**
 * A program that is not OpenQASM, or that no circuit can express. The message holds line, column, the line itself with a
 * mark below what is at fault, and what to do. Code `FORMAT`.
 *
 * @example
 * ```ts
 * import { QasmError, parseQasm } from '@ketwork/qasm';
 * try {
 *   parseQasm('OPENQASM 3.0;\nqubit q;\nhh q;');
 * } catch (error) {
 *   if (error instanceof QasmError) console.log(error.line, error.column); // 3 1
 * }
 * ```
 */
export class QasmError extends FormatError {
  /** Name of the class. */
  override name: string = 'QasmError';
  /** Line of the fault, counted from 1. */
  readonly line: number;
  /** Column of the fault in characters, counted from 1. */
  readonly column: number;
  /** The line with a mark below what is at fault. */
  readonly excerpt: string;

  constructor(what: string, text: string, fault: Fault) {
    const { line, column, excerpt } = located(text, fault);
    const details = fault.cause === undefined ? {} : { cause: fault.cause };
    super(
      `line ${line}, column ${column}: ${what}`,
      fault.remedy === undefined ? details : { ...details, remedy: fault.remedy },
    );
    this.message += `\n${excerpt}`;
    this.line = line;
    this.column = column;
    this.excerpt = excerpt;
  }
}

/** Most characters of a line that are shown. */
const WIDTH = 100;

function located(
  text: string,
  fault: Fault,
): { readonly line: number; readonly column: number; readonly excerpt: string } {
  const at = Math.min(Math.max(fault.at, 0), text.length);
  let line = 1;
  let begin = 0;
  for (let next = text.indexOf('\n'); next >= 0 && next < at; next = text.indexOf('\n', begin)) {
    line++;
    begin = next + 1;
  }
  const newline = text.indexOf('\n', at);
  const stop = newline < 0 ? text.length : newline;
  const word = /^[\p{L}\p{N}_]+/u.exec(text.slice(at, Math.min(stop, at + WIDTH)))?.[0].length ?? 1;
  const end = Math.min(Math.max(fault.end ?? at + word, at + 1), Math.max(stop, at + 1));
  // A window of a long line, with the fault inside.
  const from = at - begin <= WIDTH / 2 ? begin : at - WIDTH / 2;
  const to = Math.min(stop, from + WIDTH);
  const before = from > begin ? '…' : '';
  const shown = `${before}${printable(text.slice(from, to))}${to < stop ? '…' : ''}`;
  const blank = text.slice(from, at).replaceAll(/[^\t]/gu, ' ');
  const marks = '^'.repeat(Math.max(1, Math.min(end, to) - at));
  const number = String(line);
  const gutter = ' '.repeat(number.length);
  return {
    line,
    column: text.slice(begin, at).length + 1,
    excerpt: `  ${number} | ${shown.trimEnd()}\n  ${gutter} | ${before && ' '}${blank}${marks}`,
  };
}

/** Control characters as blanks, so that an excerpt cannot steer a terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, ' ');
}
