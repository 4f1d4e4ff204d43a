export { probeGpu } from './adapter/probe.ts';
export type { GpuReport } from './adapter/probe.ts';
export type { AdapterReport } from './adapter/webgpu.ts';
export { gpujs } from './gpujs/engine.ts';
export type { GpujsEngine, GpujsOptions } from './gpujs/engine.ts';
export { wgsl } from './wgsl/engine.ts';
export type { WgslOptions } from './wgsl/options.ts';
