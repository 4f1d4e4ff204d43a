/** What runs a lowered program on a device: small circuits whole in workgroups, large states pass by pass. */
import type { HostProgram } from '../program/host.ts';
import type { Layout } from '../program/readings.ts';

/** Numbers of some examples for a device. */
export interface Input {
  readonly count: number;
  readonly shared: Float32Array<ArrayBuffer>;
  readonly own: Float32Array<ArrayBuffer>;
}

/** What gradients need. */
export interface GradientNeeds {
  /** λ at the start of the circuit. */
  readonly start: boolean;
  /** ψ at its end. */
  readonly end: boolean;
  /** Only the cells of all examples together, those of the first step that has any taken behind it: {@link HostProgram.addsUp}. */
  readonly together: boolean;
}

/** Sums that a device made for gradients: records, and where in each the parts are, in numbers. */
export interface GradientRecords {
  /** A record of each example or, where only their sum is needed, of some of them together. */
  readonly records: Float32Array;
  readonly size: number;
  /** Cells, `[plan.cells, 2]`, of a record. */
  readonly cells: (record: Float32Array) => Float32Array;
  readonly startAt: number;
  readonly endAt: number;
}

/** A way to run. */
export interface Runner {
  readonly layout: Layout;
  /** Steps of a run that go through device memory, in words for people. */
  readonly regime: 'workgroup' | 'passes';
  /** Passes over the state in device memory. */
  readonly passes: number;
  /** Bytes on the device for so many examples. */
  bytes(count: number, gradient: boolean): number;
  /** Most examples at once. */
  readonly most: number;
  /** Records of examples, `[count, layout.size]`. */
  forward(input: Input): Promise<Float32Array>;
  gradient(
    input: Input,
    weights: Float32Array<ArrayBuffer>,
    needs: GradientNeeds,
  ): Promise<GradientRecords>;
  dispose(): void;
}

/** Shared data, then those of the examples, without a copy of both. */
export function writeData(queue: GPUQueue, buffer: GPUBuffer, { shared, own }: Input): void {
  if (shared.length > 0) queue.writeBuffer(buffer, 0, shared);
  if (own.length > 0) queue.writeBuffer(buffer, shared.byteLength, own);
}

/** Bytes of the inputs of so many examples. */
export function inputBytes(host: HostProgram, count: number): number {
  return 8 * Math.max(2, host.sharedSize + count * host.batchSize);
}
