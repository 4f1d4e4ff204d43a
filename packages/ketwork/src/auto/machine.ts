// What `auto` asks of the machine, in one place, so that tests can answer instead.
import { cpu } from '@ketwork/simulator';
import type { AsyncEngine, Engine } from '@ketwork/simulator';
import type { GpuReport, WgslOptions } from '@ketwork/gpu';

/** A machine with a CPU and perhaps a GPU. */
export interface Machine {
  cpu(): Promise<Engine>;
  probe(): Promise<GpuReport>;
  open(engine: 'wgsl' | 'gpujs', options: Pick<WgslOptions, 'tolerance'>): Promise<AsyncEngine>;
  now(): number;
}

/** The machine this runs on. The GPU package is loaded when it is first asked for. */
export const machine: Machine = {
  cpu: () => cpu(),
  probe: async () => await (await import('@ketwork/gpu')).probeGpu(),
  async open(engine, options) {
    const { gpujs, wgsl } = await import('@ketwork/gpu');
    return engine === 'wgsl' ? await wgsl(options) : await gpujs({ ...options, mode: 'webgl2' });
  },
  now: () => performance.now(),
};
