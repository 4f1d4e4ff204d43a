export { CircuitError, EnvironmentError, FormatError, KetworkError, UnsupportedError, ValueError } from './errors.ts';
export type { ErrorDetails } from './errors.ts';
export { bits, fillUniformAt, fold, integers, key, normal, permutation, split, uniform, uniformAt } from './random.ts';
export type { Key, NormalOptions, UniformOptions } from './random.ts';
export { ByteWriter, FunctionBuilder, encodeModule, valueType } from './wasm/encoder.ts';
export type { ModuleParts, PlainInstruction, ValueType } from './wasm/encoder.ts';
export { compileWasm, wasmFeatures } from './wasm/probe.ts';
export type { WasmFeatures } from './wasm/probe.ts';
