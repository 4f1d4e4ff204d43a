import type { QasmRegister } from '../interpreter/declarations.ts';

/** Options of {@link toQasm}. */
export interface ToQasmOptions {
  /** Version of the language. Default 3. */
  readonly version?: 2 | 3;
  /** Registers of qubits, such as those of {@link QasmProgram}; by default one, named q. */
  readonly qubits?: readonly QasmRegister[];
  /** Registers of classical bits; by default one, named c, or as many as conditions of version 2 need. */
  readonly bits?: readonly QasmRegister[];
}
