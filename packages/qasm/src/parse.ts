import type { Circuit } from '@ketwork/circuit';
import { FormatError, ValueError } from '@ketwork/base';
import { QasmError } from './error.ts';
import type { QasmRegister } from './interpreter/declarations.ts';
import { Emitter } from './interpreter/emitter.ts';
import type { Limits } from './interpreter/emitter.ts';
import { Interpreter } from './interpreter/interpreter.ts';
import { StatementParser } from './parser/statements.ts';

/** Greatest sizes of what {@link parseQasm} reads, so that no text can use up the machine. */
export type QasmLimits = Limits;

/** Options of {@link parseQasm}. */
export interface ParseQasmOptions {
  /** Version of a program without a version line. Default 3. */
  readonly version?: 2 | 3;
  /** Values of inputs by name: they are put into the circuit instead of becoming slots. */
  readonly inputs?: Readonly<Record<string, number | boolean | readonly number[]>>;
  /** Inputs of which every example of a batch has its own value; the others are shared. */
  readonly batch?: readonly string[];
  /** Greatest sizes; those that are left out have their defaults. */
  readonly limits?: QasmLimits;
}

/** What {@link parseQasm} reads from a program. */
export interface QasmProgram {
  /** The circuit. Inputs are slots of shape `[]` or that of the array. */
  readonly circuit: Circuit;
  /** Version of the language. */
  readonly version: 2 | 3;
  /** Registers of qubits in the order of declaration, and which qubits of the circuit they are. */
  readonly qubits: readonly QasmRegister[];
  /** Registers of classical bits in the order of declaration, and which bits of the circuit they are. */
  readonly bits: readonly QasmRegister[];
  /** Names of variables declared as `output`. */
  readonly outputs: readonly string[];
  /** What of the program the circuit does not show, such as pragmas and delays. */
  readonly notices: readonly string[];
}

const DEFAULTS: Required<Limits> = {
  characters: 2 ** 26,
  qubits: 65_536,
  operations: 1_000_000,
  steps: 5_000_000,
  rounds: 1000,
  nesting: 100,
};

/**
 * Reads a program in OpenQASM 2 or 3. Loops and subroutines are written out, constants evaluated; conditions on measured
 * bits become conditionals of the circuit, inputs its slots. `qelib1.inc` and `stdgates.inc` are built in. Qubit i of the
 * circuit is the i-th qubit declared, bit i the i-th classical bit; the first bit of a register is the least significant.
 *
 * Sources: Cross et al., arXiv:1707.03429 (version 2); Cross et al., ACM Trans. Quantum Comput. 3, 12 (2022) and the
 * specification at openqasm.com (version 3).
 *
 * @param text The program. It need not be trusted: sizes have limits.
 * @returns The circuit, and the names of its qubits and bits.
 * @throws QasmError with line, column and excerpt for a program that is not well formed or that no circuit can express;
 * FormatError for text that is too long; ValueError for limits that are not positive integers.
 * @example
 * ```ts
 * import { parseQasm } from '@ketwork/qasm';
 * const { circuit, bits } = parseQasm(`
 *   OPENQASM 3.0;
 *   include "stdgates.inc";
 *   input angle theta;
 *   qubit[2] q;
 *   h q[0];
 *   ctrl @ rx(theta) q[0], q[1];
 *   bit[2] c = measure q;
 * `);
 * console.log(circuit.ops.length, circuit.slots[0]?.name, bits); // 4 theta [ { name: 'c', indices: [ 0, 1 ] } ]
 * ```
 */
export function parseQasm(text: string, options: ParseQasmOptions = {}): QasmProgram {
  const limits = { ...DEFAULTS, ...options.limits };
  for (const [name, value] of Object.entries(limits)) {
    if (Number.isSafeInteger(value) && value > 0) continue;
    throw new ValueError(`the limit ${name} is ${value}`, { remedy: 'Use a positive integer' });
  }
  if (text.length > limits.characters) {
    throw new FormatError(`the program has ${text.length} characters`, {
      remedy: `At most ${limits.characters} are read; raise the limit \`characters\``,
    });
  }
  const parser = new StatementParser(text, limits.nesting);
  const version = parser.header(options.version ?? 3);
  const { inputs = {}, batch = [] } = options;
  const interpreter = new Interpreter(text, version, new Emitter(limits), { inputs, batch });
  interpreter.begin();
  // Reading and running take turns, so that a long program never is in memory twice.
  while (!parser.done) {
    const statement = parser.statement();
    try {
      if (interpreter.run(statement)) break;
    } catch (cause) {
      // Calls within blocks within calls: each depth has its limit, all together the stack has.
      if (!(cause instanceof RangeError)) throw cause;
      throw new QasmError('this is nested too deep to be run', text, { at: statement.at, cause });
    }
  }
  return { version, ...interpreter.finish() };
}
