export { QasmError } from './error.ts';
export { parseQasm } from './parse.ts';
export type { ParseQasmOptions, QasmLimits, QasmProgram } from './parse.ts';
export type { QasmRegister } from './interpreter/declarations.ts';
export { toQasm } from './write/write.ts';
export type { ToQasmOptions } from './write/options.ts';
