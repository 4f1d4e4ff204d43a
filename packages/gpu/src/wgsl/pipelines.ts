/** Compiled shaders of a device, each once, whatever the number of programs. */
import type { Device } from '../adapter/device.ts';
import { globalShader } from './global.ts';
import type { Pass } from './global.ts';
import { localShader } from './local.ts';
import type { LocalShape } from './local.ts';

const COMPUTE = 0x4;

/** Layouts and pipelines. */
export class Pipelines {
  readonly device: Device;
  /** Numbers of a call, tables, data, weights and results; with `call`, the numbers of a pass. */
  readonly local: GPUBindGroupLayout;
  readonly global: GPUBindGroupLayout;
  readonly states: GPUBindGroupLayout;
  readonly #layouts: Readonly<Record<'local' | 'global', GPUPipelineLayout>>;
  readonly #made = new Map<string, Promise<GPUComputePipeline>>();
  readonly #globalShader: string;

  constructor(device: Device) {
    this.device = device;
    this.#globalShader = globalShader(device);
    const { gpu } = device;
    const entry = (
      binding: number,
      type: GPUBufferBindingType,
      hasDynamicOffset = false,
    ): GPUBindGroupLayoutEntry => ({
      binding,
      visibility: COMPUTE,
      buffer: { type, hasDynamicOffset },
    });
    const common = [
      entry(0, 'uniform'),
      entry(1, 'read-only-storage'),
      entry(2, 'read-only-storage'),
      entry(3, 'read-only-storage'),
      entry(4, 'storage'),
    ];
    this.local = gpu.createBindGroupLayout({ entries: common });
    this.global = gpu.createBindGroupLayout({ entries: [...common, entry(5, 'uniform', true)] });
    this.states = gpu.createBindGroupLayout({
      entries: [entry(0, 'storage'), entry(1, 'storage')],
    });
    this.#layouts = {
      local: gpu.createPipelineLayout({ bindGroupLayouts: [this.local] }),
      global: gpu.createPipelineLayout({ bindGroupLayouts: [this.global, this.states] }),
    };
  }

  /** The pipeline of small circuits of a shape, with these kinds of entries. */
  async whole(
    shape: LocalShape,
    kinds: ReadonlySet<number>,
    gradient: boolean,
  ): Promise<GPUComputePipeline> {
    const among = [...kinds].sort((a, b) => a - b).join(' ');
    const id = `${gradient ? 'gradient' : 'forward'} ${shape.states}: ${among}`;
    return await this.#once(id, () =>
      this.device.pipeline(localShader(shape, kinds, gradient), 'main', this.#layouts.local),
    );
  }

  /** The pipeline of a pass over large states. */
  async pass(pass: Pass): Promise<GPUComputePipeline> {
    return await this.#once(pass, () =>
      this.device.pipeline(this.#globalShader, pass, this.#layouts.global),
    );
  }

  /** How many were compiled. */
  get count(): number {
    return this.#made.size;
  }

  async #once(id: string, make: () => Promise<GPUComputePipeline>): Promise<GPUComputePipeline> {
    let made = this.#made.get(id);
    if (made === undefined) {
      made = make();
      this.#made.set(id, made);
    }
    return await made;
  }
}
