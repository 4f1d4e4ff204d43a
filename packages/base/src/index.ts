export { awaitableSteps } from './awaitable.ts';
export type { AwaitableSteps } from './awaitable.ts';
export {
  CircuitError,
  EnvironmentError,
  FormatError,
  KetworkError,
  UnsupportedError,
  ValueError,
} from './errors.ts';
export type { ErrorDetails } from './errors.ts';
export {
  bits,
  fillUniformAt,
  fold,
  integers,
  key,
  normal,
  permutation,
  split,
  uniform,
  uniformAt,
} from './random.ts';
export type { Key, NormalOptions, UniformOptions } from './random.ts';
export { ByteWriter, valueType } from './wasm/bytes.ts';
export type { ValueType } from './wasm/bytes.ts';
export { FunctionBuilder, encodeModule } from './wasm/encoder.ts';
export type { ModuleParts, Widen, WrittenFunction } from './wasm/encoder.ts';
export { instruction } from './wasm/instructions.ts';
export type { PlainInstruction } from './wasm/instructions.ts';
export { arctangents } from './arctangents.ts';
export { compileWasm, instantiateWasm, wasmFeatures, wideMemory } from './wasm/probe.ts';
export type { WasmFeatures } from './wasm/probe.ts';
export { widen } from './wasm/widen.ts';
export { elementary } from './elementary.ts';
export type { ElementaryFunctions } from './elementary.ts';
export { checkNode, readIfThere, replaceFile } from './files.ts';
export type { ReplaceOptions } from './files.ts';
export { hint } from './hint.ts';
export { sizeOf } from './shape.ts';
export { matmul } from './linalg.ts';
export type { MatmulOptions } from './linalg.ts';
export { col2im, im2col, windowPositions } from './im2col.ts';
export type { WindowOptions, WindowShape } from './im2col.ts';
export { fastConvolution } from './winograd/convolution.ts';
export type { ConvolutionShape, FastConvolution } from './winograd/convolution.ts';
export { createPool, workerUrl } from './pool.ts';
export type { CallOptions, Pool, PoolOptions, PoolWorker } from './pool.ts';
export { serve } from './serve.ts';
export type { Handler, ServeContext } from './serve.ts';
