import type { HostProgram } from '../program/host.ts';
import type { Layout } from '../program/readings.ts';
import { Buffers, uses } from './buffers.ts';
import type { Wanted } from './buffers.ts';
import { encode, NONE } from './encode.ts';
import type { Encoded } from './encode.ts';
import { ROW } from './global.ts';
import { kindsOfShader } from './local.ts';
import { INFO_BYTES } from './shader.ts';
import type { LocalShape } from './local.ts';
import type { Pipelines } from './pipelines.ts';
import { inputBytes, writeData } from './runner.ts';
import type { GradientNeeds, GradientRecords, Input, Runner } from './runner.ts';

type Name = 'info' | 'code' | 'data' | 'weights' | 'out' | 'staging';

/** Workgroups of a dispatch where to begin one costs more than a small circuit, at most: enough for the cores of a machine. */
const SOFTWARE_GROUPS = 32;

/** What a call reads: numbers of a record, where states begin in it, and whether records are those of workgroups. */
interface Reads {
  readonly record: number;
  readonly startAt: number;
  readonly endAt: number;
  readonly together: boolean;
}

/** Runs circuits whose states fit into the memory of a workgroup: one dispatch for everything. */
export class LocalRunner implements Runner {
  readonly regime = 'workgroup';
  readonly passes = 0;
  readonly layout: Layout;
  readonly most: number;
  readonly #host: HostProgram;
  readonly #pipelines: Pipelines;
  readonly #shape: LocalShape;
  readonly #kinds: ReadonlySet<number>;
  readonly #encoded: Encoded;
  readonly #weightsSize: number;
  readonly #buffers: Buffers<Name>;
  #bound: { readonly version: number; readonly group: GPUBindGroup } | undefined;
  #codeVersion = -1;

  /**
   * @param shape the shape for gradients where there will be any: the same for both, so that so are the numbers
   * @param sparse whether the first steps pass over amplitudes that are still zero
   */
  constructor(host: HostProgram, pipelines: Pipelines, shape: LocalShape, sparse: boolean) {
    this.#host = host;
    this.#pipelines = pipelines;
    this.#shape = shape;
    this.layout = host.readings.layout();
    this.#weightsSize = this.layout.size;
    this.#encoded = encode(
      host,
      this.layout,
      ({ cells }) => (cells === undefined ? undefined : 2 * cells),
      sparse,
      true,
      shape.told,
    );
    this.#kinds = kindsOfShader(this.#encoded.kinds, shape.told);
    this.#buffers = new Buffers(pipelines.device);
    const { limits } = pipelines.device;
    const largest = Math.min(limits.maxStorageBufferBindingSize, 2 ** 28);
    const each = Math.max(
      8 * host.batchSize,
      4 * this.layout.size,
      4 * this.#gradientSize(true, true),
      16,
    );
    const room = Math.floor((largest - 8 * host.sharedSize) / each);
    this.most = Math.max(1, Math.min(room, 65536));
  }

  #gradientSize(start: boolean, end: boolean): number {
    const states = 2 * 2 ** this.#host.plan.qubits;
    return 2 * this.#host.plan.cells + (start ? states : 0) + (end ? states : 0);
  }

  #sizes(count: number, numbers: number): Record<Name, Wanted> {
    const out = Math.max(16, 4 * numbers);
    return {
      info: { bytes: INFO_BYTES, usage: uses.uniform },
      code: { bytes: 4 * this.#encoded.words.length, usage: uses.input },
      data: { bytes: inputBytes(this.#host, count), usage: uses.input },
      weights: { bytes: Math.max(16, 4 * count * this.#weightsSize), usage: uses.input },
      out: { bytes: out, usage: uses.output },
      staging: { bytes: out, usage: uses.staging },
    };
  }

  bytes(count: number, gradient: boolean): number {
    const record = gradient ? this.#gradientSize(false, false) : this.layout.size;
    const sizes = this.#sizes(count, count * record);
    return Object.values(sizes).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  async forward(input: Input): Promise<Float32Array> {
    return await this.#call(input, undefined, {
      record: this.layout.size,
      startAt: NONE,
      endAt: NONE,
      together: false,
    });
  }

  async gradient(
    input: Input,
    weights: Float32Array<ArrayBuffer>,
    { start, end, together }: GradientNeeds,
  ): Promise<GradientRecords> {
    const size = this.#gradientSize(start, end);
    const cells = 2 * this.#host.plan.cells;
    const startAt = start ? cells : NONE;
    const endAt = end ? this.#gradientSize(start, false) : NONE;
    const records = await this.#call(input, weights, { record: size, startAt, endAt, together });
    const cellsOf = (record: Float32Array): Float32Array => record.subarray(0, cells);
    return { records, size, cells: cellsOf, startAt, endAt };
  }

  async #call(
    input: Input,
    weights: Float32Array<ArrayBuffer> | undefined,
    { record, startAt, endAt, together }: Reads,
  ): Promise<Float32Array> {
    const { count } = input;
    const { device } = this.#pipelines;
    device.check();
    const gradient = weights !== undefined;
    const pipeline = await this.#pipelines.whole(this.#shape, this.#kinds, gradient);
    const pieces = Math.ceil((count * 2 ** this.#host.plan.qubits) / this.#shape.states);
    const groups = device.software ? Math.min(pieces, SOFTWARE_GROUPS) : pieces;
    const records = together ? groups : count;
    await this.#buffers.ensure(this.#sizes(count, records * record));
    const { gpu } = device;
    const { queue } = gpu;
    const { words, preparations, steps, readings, weights: bra } = this.#encoded;
    const back = startAt === NONE ? this.#encoded.back : this.#encoded.wholeBack;
    if (this.#codeVersion !== this.#buffers.version) {
      queue.writeBuffer(this.#buffers.get('code'), 0, words);
      this.#codeVersion = this.#buffers.version;
    }
    const ranges = [preparations, steps, readings, back, bra].flatMap(({ start, end }) => [
      start,
      end,
    ]);
    const info = [count, record, this.#weightsSize, 0, ...ranges, startAt, endAt];
    const how = [this.#host.plan.qubits, pieces, groups, 2];
    const stop = together ? this.#encoded.stop : NONE;
    queue.writeBuffer(
      this.#buffers.get('info'),
      0,
      Uint32Array.from([...info, ...how, stop, together ? 1 : 0, 0, 0]),
    );
    writeData(queue, this.#buffers.get('data'), input);
    if (weights !== undefined && weights.length > 0)
      queue.writeBuffer(this.#buffers.get('weights'), 0, weights);
    const bytes = 4 * records * record;
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, this.#group());
    pass.dispatchWorkgroups(Math.min(groups, ROW), Math.ceil(groups / ROW));
    pass.end();
    if (bytes > 0)
      encoder.copyBufferToBuffer(
        this.#buffers.get('out'),
        0,
        this.#buffers.get('staging'),
        0,
        bytes,
      );
    queue.submit([encoder.finish()]);
    return bytes > 0 ? await device.read(this.#buffers.get('staging'), bytes) : new Float32Array(0);
  }

  #group(): GPUBindGroup {
    const { version } = this.#buffers;
    if (this.#bound?.version !== version) {
      const names = ['info', 'code', 'data', 'weights', 'out'] as const;
      const group = this.#pipelines.device.gpu.createBindGroup({
        layout: this.#pipelines.local,
        entries: names.map((name, binding) => ({
          binding,
          resource: { buffer: this.#buffers.get(name) },
        })),
      });
      this.#bound = { version, group };
    }
    return (this.#bound as { readonly group: GPUBindGroup }).group;
  }

  dispose(): void {
    this.#buffers.dispose();
    this.#bound = undefined;
  }
}
