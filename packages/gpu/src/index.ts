export { probeGpu } from './adapter/probe.ts';
export type { GpuReport } from './adapter/probe.ts';
export type { AdapterReport } from './adapter/webgpu.ts';
