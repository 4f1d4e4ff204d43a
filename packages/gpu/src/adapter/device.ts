/** A WebGPU device whose failures become typed errors. */
import { EnvironmentError } from '@ketwork/base';
import { patiently } from './patience.ts';
import type { FoundAdapter } from './webgpu.ts';

// Bits of the standard, which Node has no global objects for.
/** Uses of buffers. */
export const usage = {
  mapRead: 0x1,
  copySource: 0x4,
  copyTarget: 0x8,
  uniform: 0x40,
  storage: 0x80,
} as const;
const MAP_READ = 0x1;

/** Limits that are asked for as high as the adapter goes. */
const WANTED = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
] as const;

/** What browsers have since 2025. */
const SUBGROUPS = 'subgroups' as GPUFeatureName;

/** How long the news of a lost device may take after the first failure, in milliseconds. */
export const NEWS = 500;

/** A device with its limits, until it is lost or disposed. */
export class Device {
  readonly gpu: GPUDevice;
  readonly limits: GPUSupportedLimits;
  /** What the adapter calls itself. */
  readonly name: string;
  readonly software: boolean;
  /** Threads that run in step, at least. */
  readonly subgroup: number;
  /** Whether shaders may use what subgroups do, all of which are of that size. */
  readonly tells: boolean;
  /** Bytes of buffers in use. */
  bytes = 0;
  /** Buffers in use. */
  buffers = 0;
  #lost: string | undefined;

  private constructor(gpu: GPUDevice, { adapter, report }: FoundAdapter) {
    this.gpu = gpu;
    this.limits = gpu.limits;
    this.name = report.name;
    this.software = report.software;
    // Browsers tell it since 2025.
    const { subgroupMinSize, subgroupMaxSize } = adapter.info as {
      readonly subgroupMinSize?: number;
      readonly subgroupMaxSize?: number;
    };
    this.subgroup = subgroupMinSize ?? (report.software ? 4 : 32);
    this.tells = gpu.features.has(SUBGROUPS) && subgroupMinSize === subgroupMaxSize;
    void this.#watch();
  }

  /** @throws EnvironmentError where the adapter gives no device */
  static async open(found: FoundAdapter): Promise<Device> {
    const { adapter } = found;
    try {
      const requiredLimits = Object.fromEntries(
        WANTED.map((name) => [name, adapter.limits[name]] as const),
      );
      const requiredFeatures = adapter.features.has(SUBGROUPS) ? [SUBGROUPS] : [];
      const device = new Device(
        await adapter.requestDevice({ requiredLimits, requiredFeatures }),
        found,
      );
      // What is not caught by a scope of its own ends here instead of on the console.
      device.gpu.addEventListener('uncapturederror', (event) => {
        event.preventDefault();
        device.#fault ??= event.error.message;
      });
      return device;
    } catch (error) {
      throw new EnvironmentError(
        `the GPU (${found.report.name}) gives no device: ${messageOf(error)}`,
        { remedy: 'Close other pages that compute on it, or use cpu()', cause: error },
      );
    }
  }

  #fault: string | undefined;

  async #watch(): Promise<void> {
    const { message, reason } = await this.gpu.lost;
    this.#lost = message === '' ? reason : message;
  }

  /** @throws EnvironmentError where the device is lost or a command failed */
  check(): void {
    if (this.#lost !== undefined) {
      throw new EnvironmentError(`the GPU device was lost: ${this.#lost}`, {
        remedy: 'Make a new engine and compile again, or go on with cpu()',
      });
    }
    const fault = this.#fault;
    if (fault === undefined) return;
    this.#fault = undefined;
    throw new EnvironmentError(`the GPU refused a command: ${fault}`, {
      remedy: 'Use cpu() for this circuit and report the circuit with this message',
    });
  }

  /**
   * After something failed: waits for the news that the device is lost, which comes later than the failures that follow
   * from it, and checks.
   */
  async settle(): Promise<void> {
    await Promise.race([this.gpu.lost, new Promise((done) => void setTimeout(done, NEWS))]);
    this.check();
  }

  /** Whether few threads run at a time, one after the other: then each should do more. */
  get narrow(): boolean {
    return this.software && this.subgroup <= 4;
  }

  /** Whether the device is gone. */
  get lost(): boolean {
    return this.#lost !== undefined;
  }

  /**
   * Makes buffers, all or none.
   * @throws EnvironmentError where the device has not the memory
   */
  async allocate(
    wanted: readonly { readonly bytes: number; readonly usage: number }[],
  ): Promise<GPUBuffer[]> {
    this.check();
    this.gpu.pushErrorScope('validation');
    this.gpu.pushErrorScope('out-of-memory');
    const made: GPUBuffer[] = [];
    let thrown: unknown;
    try {
      for (const { bytes, usage: bits } of wanted)
        made.push(this.gpu.createBuffer({ size: Math.max(16, (bytes + 15) & ~15), usage: bits }));
    } catch (error) {
      thrown = error;
    }
    // Scopes of a device that is gone reject.
    const memory = await this.gpu.popErrorScope().catch((error: unknown) => error);
    const validation = await this.gpu.popErrorScope().catch((error: unknown) => error);
    const fault = memory ?? validation ?? thrown;
    if (fault !== null && fault !== undefined) {
      for (const buffer of made) buffer.destroy();
      await this.settle();
      const total = wanted.reduce((sum, { bytes }) => sum + bytes, 0);
      throw new EnvironmentError(
        `the GPU has no ${(total / 2 ** 20).toFixed(1)} MiB left: ${messageOf(fault)}`,
        { remedy: 'Run smaller batches or fewer qubits, dispose other programs, or use cpu()' },
      );
    }
    for (const buffer of made) {
      this.bytes += buffer.size;
      this.buffers++;
    }
    return made;
  }

  /** Frees buffers of {@link allocate}. */
  free(buffers: readonly GPUBuffer[]): void {
    for (const buffer of buffers) {
      this.bytes -= buffer.size;
      this.buffers--;
      buffer.destroy();
    }
  }

  /**
   * Compiles a shader.
   * @throws EnvironmentError with the compiler's message
   */
  async pipeline(
    code: string,
    entryPoint: string,
    layout: GPUPipelineLayout,
    constants: Record<string, number> = {},
  ): Promise<GPUComputePipeline> {
    this.check();
    this.gpu.pushErrorScope('validation');
    const module = this.gpu.createShaderModule({ code });
    try {
      const pipeline = await this.gpu.createComputePipelineAsync({
        layout,
        compute: { module, entryPoint, constants },
      });
      await this.gpu.popErrorScope();
      return pipeline;
    } catch (error) {
      await this.gpu.popErrorScope().catch(() => null);
      await this.settle();
      const { messages } = await module.getCompilationInfo().catch(() => ({ messages: [] }));
      const first = messages.find(({ type }) => type === 'error');
      const where = first === undefined ? '' : ` (line ${first.lineNum}: ${first.message})`;
      throw new EnvironmentError(
        `the GPU's driver (${this.name}) does not compile the shader '${entryPoint}': ${messageOf(error)}${where}`,
        { remedy: 'Update the driver or the browser, or use cpu()', cause: error },
      );
    }
  }

  /** Reads the first bytes of a mappable buffer that commands sent before fill. */
  async read(buffer: GPUBuffer, bytes: number): Promise<Float32Array<ArrayBuffer>> {
    try {
      await patiently(buffer.mapAsync(MAP_READ, 0, (bytes + 7) & ~7), buffer, bytes);
    } catch (error) {
      await this.settle();
      throw new EnvironmentError(`results cannot be read from the GPU: ${messageOf(error)}`, {
        remedy: 'Run the call again, or use cpu()',
        cause: error,
      });
    }
    const copy = new Float32Array(buffer.getMappedRange(0, (bytes + 7) & ~7).slice(0, bytes));
    buffer.unmap();
    this.check();
    return copy;
  }

  dispose(): void {
    this.gpu.destroy();
  }
}

const messageOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : String(error);
