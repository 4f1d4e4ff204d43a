import type { HostProgram, PreparationData } from '../program/host.ts';
import type { Step, UnitaryStep } from '../program/plan.ts';
import type { Layout, Section } from '../program/readings.ts';
import { Buffers, uses } from './buffers.ts';
import type { Wanted } from './buffers.ts';
import { encode, NONE, op } from './encode.ts';
import type { Encoded, Entry } from './encode.ts';
import {
  BLOCK,
  CALL_WORDS,
  callBytes,
  lanesOf,
  MATRIX_BYTES,
  mostJoined,
  ROW,
  sharedLanes,
  threadsOf,
} from './global.ts';
import type { Pass, Width } from './global.ts';
import { join, JOINED_WIDTH } from './joining.ts';
import type { Joined } from './joining.ts';
import type { Pipelines } from './pipelines.ts';
import { inputBytes, writeData } from './runner.ts';
import type { GradientNeeds, GradientRecords, Input, Runner } from './runner.ts';
import { INFO_BYTES } from './shader.ts';

type Name = 'info' | 'code' | 'data' | 'weights' | 'out' | 'staging' | 'calls' | 'amp' | 'spare';

/** Sums over more terms are cut into parts, for threads to have work and for exact sums of the parts on the host. */
const TERMS = 4096;
const MOST_CHUNKS = 64;
const chunksOf = (terms: number): number =>
  Math.min(MOST_CHUNKS, Math.max(1, 2 ** Math.floor(Math.log2(terms / TERMS))));

/** Where the numbers of a pass may begin, and so many bytes with what is left free behind them. */
const ALIGNED = 256;
const aligned = (bytes: number): number => ALIGNED * Math.ceil(bytes / ALIGNED);

/** A dispatch. */
interface Call {
  readonly pass: Pass;
  readonly pc: number;
  readonly total: number;
  readonly chunks: number;
  readonly terms: number;
  readonly at: number;
  readonly offset: number;
  readonly groups: readonly [number, number, number];
  /** Whether states change places afterwards. */
  readonly swap: boolean;
  /** Where zeros are put into the number of a thread, ascending. */
  readonly controls?: readonly number[];
  /** Matrices: their entry of the table, cosets that a thread takes, and whether they are undone. */
  readonly entry?: Entry;
  readonly lanes?: number;
  readonly undo?: boolean;
  /** Several matrices. */
  readonly joined?: Joined;
}

/** Runs circuits of any size, each step a pass over the states in device memory. */
export class GlobalRunner implements Runner {
  readonly regime = 'passes';
  readonly layout: Layout;
  readonly most: number;
  readonly passes: number;
  readonly #host: HostProgram;
  readonly #pipelines: Pipelines;
  readonly #encoded: Encoded;
  /** Passes of all steps, and of those behind what the host has made. */
  readonly #steps: readonly (Entry | Joined)[];
  readonly #behindHead: readonly (Entry | Joined)[];
  readonly #weightsSize: number;
  readonly #cells: ReadonlyMap<Step, Section>;
  readonly #cellsSize: number;
  readonly #moves: boolean;
  readonly #buffers: Buffers<Name>;
  #bound:
    | {
        readonly version: number;
        readonly call: GPUBindGroup;
        readonly states: readonly GPUBindGroup[];
      }
    | undefined;
  #codeVersion = -1;
  /** Kept from call to call: the device copies what it is given at once. */
  #numbersRoom = new Uint8Array(0);

  /** @param sparse whether the first steps pass over amplitudes that are still zero */
  constructor(host: HostProgram, pipelines: Pipelines, sparse: boolean) {
    this.#host = host;
    this.#pipelines = pipelines;
    const { plan } = host;
    const states = 2 ** plan.qubits;
    this.layout = host.readings.layout(chunksOf);
    this.#weightsSize = host.readings.layout().size;
    const cells = new Map<Step, Section>();
    let size = 0;
    for (const step of plan.steps) {
      if (step.type === 'permutation' || step.cells === undefined) continue;
      const width = step.type === 'unitary' ? step.qubits.length : 0;
      const numbers = step.type === 'unitary' ? 2 * 4 ** width : 4 * step.parts.length;
      const chunks = chunksOf(states / 2 ** width);
      cells.set(step, { start: size, size: numbers, chunks });
      size += numbers * chunks;
    }
    this.#cells = cells;
    this.#cellsSize = size;
    this.#encoded = encode(host, this.layout, (step) => cells.get(step)?.start, sparse);
    const { forward } = this.#encoded.entries;
    const joining = (entries: readonly Entry[]): readonly (Entry | Joined)[] =>
      join(entries, plan.qubits, mostJoined(pipelines.device));
    this.#steps = joining(forward);
    this.#behindHead =
      host.head === undefined ? this.#steps : joining(forward.slice(host.head.steps));
    this.passes = this.#behindHead.length;
    this.#moves = plan.steps.some(
      (step) => step.type === 'permutation' || (step.type === 'unitary' && step.qubits.length > 4),
    );
    this.#buffers = new Buffers(pipelines.device);
    const { limits } = pipelines.device;
    // Gradients hold two states of each example in one buffer.
    const largest = Math.min(limits.maxStorageBufferBindingSize, 2 ** 28);
    const each = Math.max(
      16 * states,
      4 * this.layout.size,
      4 * (size + 4 * states),
      8 * host.batchSize,
    );
    this.most = Math.max(1, Math.min(1024, Math.floor((largest - 8 * host.sharedSize) / each)));
  }

  #sizes(count: number, record: number, gradient: boolean): Record<Name, Wanted> {
    const out = Math.max(16, 4 * count * record);
    const amp = 8 * count * 2 ** this.#host.plan.qubits * (gradient ? 2 : 1);
    const { forward, backward, readings } = this.#encoded.entries;
    const calls = 2 * (forward.length + 2 * backward.length + readings.length + 8);
    // A call of several matrices takes no more than several calls; behind the last one is room for the longest.
    const most = callBytes(this.#pipelines.device);
    const callsBytes = calls * aligned(4 * CALL_WORDS + MATRIX_BYTES) + most;
    return {
      info: { bytes: INFO_BYTES, usage: uses.uniform },
      code: { bytes: 4 * this.#encoded.words.length, usage: uses.input },
      data: { bytes: inputBytes(this.#host, count), usage: uses.input },
      weights: { bytes: Math.max(16, 4 * count * this.#weightsSize), usage: uses.input },
      out: { bytes: out, usage: uses.output },
      staging: { bytes: out, usage: uses.staging },
      calls: { bytes: callsBytes, usage: uses.uniform },
      amp: { bytes: amp, usage: uses.state },
      spare: { bytes: this.#moves ? amp : 16, usage: uses.work },
    };
  }

  bytes(count: number, gradient: boolean): number {
    const sizes = this.#sizes(count, gradient ? this.#cellsSize : this.layout.size, gradient);
    return Object.values(sizes).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  async forward(input: Input): Promise<Float32Array> {
    const { count } = input;
    const calls = this.#forwardCalls(this.#behindHead, count);
    for (const entry of this.#encoded.entries.readings) calls.push(this.#reading(entry, count));
    return await this.#run(input, undefined, calls, this.layout.size);
  }

  async gradient(
    input: Input,
    weights: Float32Array<ArrayBuffer>,
    { start, end, together }: GradientNeeds,
  ): Promise<GradientRecords> {
    const { count } = input;
    const states = 2 ** this.#host.plan.qubits;
    const startAt = start ? this.#cellsSize : NONE;
    const endAt = end ? this.#cellsSize + (start ? 2 * states : 0) : NONE;
    const size = this.#cellsSize + (start ? 2 * states : 0) + (end ? 2 * states : 0);
    const calls = this.#forwardCalls(this.#steps, count);
    const all = count * states;
    if (end) calls.push(call('keep', { total: all, at: endAt, groups: this.#linear(all) }));
    calls.push(call('observe', { total: all, groups: this.#linear(all) }));
    const { backward, wholeBackward } = this.#encoded.entries;
    const stop = together ? backward.at(-1) : undefined;
    calls.push(...this.#stepCalls(start ? wholeBackward : backward, count, true, stop));
    if (start)
      calls.push(call('keep', { total: all, at: startAt, offset: all, groups: this.#linear(all) }));
    const records = await this.#run(input, weights, calls, size);
    const cells = (record: Float32Array): Float32Array => this.#summed(record);
    return { records, size, cells, startAt, endAt };
  }

  /** Cells of an example, the parts of their sums added up. */
  #summed(record: Float32Array): Float32Array {
    const out = new Float32Array(2 * this.#host.plan.cells);
    for (const [step, { start, size, chunks }] of this.#cells) {
      if (step.type === 'permutation' || step.cells === undefined) continue;
      for (let i = 0; i < size; i++) {
        let sum = 0;
        for (let c = 0; c < chunks; c++) sum += record[start + c * size + i] as number;
        out[2 * step.cells + i] = sum;
      }
    }
    return out;
  }

  #forwardCalls(steps: readonly (Entry | Joined)[], count: number): Call[] {
    return steps.flatMap((one) =>
      'entries' in one ? [this.#joined(one, count)] : this.#stepCalls([one], count, false),
    );
  }

  /** @param stop an entry that is not taken itself, only its cells */
  #stepCalls(entries: readonly Entry[], count: number, undo: boolean, stop?: Entry): Call[] {
    const states = 2 ** this.#host.plan.qubits;
    const total = count * states * (undo ? 2 : 1);
    const calls: Call[] = [];
    for (const entry of entries) {
      const { op: code, at, step, width } = entry;
      const place = { pc: at, total, groups: this.#linear(total) };
      if (entry === stop) {
        // Its cells follow.
      } else if (code === op.permutation)
        calls.push(call(undo ? 'permuteBack' : 'permute', { ...place, swap: true }));
      else if (code === op.wide)
        calls.push(call(undo ? 'widenBack' : 'widen', { ...place, swap: true }));
      else if (code === op.diagonal) calls.push(call(undo ? 'phaseBack' : 'phase', place));
      else calls.push(this.#matrix(entry, total, undo));
      const cells = step === undefined ? undefined : this.#cells.get(step);
      if (!undo || cells === undefined) continue;
      const pass: Pass = code === op.diagonal ? 'phaseCells' : `cells${width as Width}`;
      const terms = states / (code === op.diagonal ? 1 : 2 ** width);
      calls.push(summing(pass, at, terms, cells.chunks, count, 1));
    }
    return calls;
  }

  /** A matrix on all its cosets. */
  #matrix(entry: Entry, total: number, undo: boolean): Call {
    const { at: pc, width, controls = [], step } = entry;
    const k = width as Width;
    const cosets = total / 2 ** (k + controls.length);
    const own = (step as UnitaryStep).axis === 'batch';
    const each = 2 ** (this.#host.plan.qubits - k - controls.length);
    const { device } = this.#pipelines;
    // Those that a thread takes share a matrix.
    const lanes = own ? Math.min(lanesOf(k, device), each) : sharedLanes(k, device);
    const groups = this.#linear(Math.ceil(cosets / lanes));
    return call(own ? `own${k}` : `apply${k}`, { pc, total: cosets, groups, entry, lanes, undo });
  }

  /** Several matrices, by threads that have a part of the state to themselves. */
  #joined(matrices: Joined, count: number): Call {
    const { controls } = matrices;
    const total = (count * 2 ** this.#host.plan.qubits) / 2 ** controls.length;
    const groups = this.#linear(total, this.#pipelines.device.subgroup);
    return call('several', { total, controls, groups, joined: matrices });
  }

  /** A thread for each of so many indices. */
  #linear(
    total: number,
    threads: number = threadsOf(this.#pipelines.device.narrow),
  ): readonly [number, number, number] {
    const groups = Math.ceil(total / threads);
    return [Math.min(groups, ROW), Math.ceil(groups / ROW), 1];
  }

  /** Numbers of all passes, as uniforms that each sees its own of, and where they begin. */
  #numbers(
    calls: readonly Call[],
    shared: Float32Array,
  ): { readonly bytes: Uint8Array<ArrayBuffer>; readonly offsets: readonly number[] } {
    const offsets: number[] = [];
    let size = 0;
    for (const one of calls) {
      offsets.push(size);
      const numbers = matricesOf(one).reduce((sum, { width }) => sum + 8 * 4 ** width, 0);
      size += aligned(4 * CALL_WORDS + numbers);
    }
    if (this.#numbersRoom.length < size) this.#numbersRoom = new Uint8Array(size);
    const bytes = this.#numbersRoom.subarray(0, size);
    calls.forEach((one, i) => {
      const { pc, total, chunks, terms, at, offset, entry, lanes, undo = false, joined } = one;
      const words = new Uint32Array(bytes.buffer, offsets[i], CALL_WORDS);
      words.set([pc, total, chunks, terms, at, offset]);
      const controls = one.controls ?? entry?.controls ?? [];
      words[8] = controls.length;
      words.set(controls, 24);
      if (joined !== undefined) {
        words.set([2 ** JOINED_WIDTH, 0, joined.own.length], 10);
        words.set(joined.own, 16);
        words.set(joined.free, 20);
      } else if (entry !== undefined) {
        const { value = 0, width } = entry;
        const step = entry.step as UnitaryStep;
        const { batchSize, sharedSize } = this.#host;
        if (step.axis === 'batch')
          words.set([sharedSize + this.#host.offsetOf(step), batchSize], 5);
        words.set([lanes ?? 1, controls.length, value, 2 ** width, undo ? 1 : 0], 7);
        words.set(bitsOf(step, this.#host.plan.qubits), 16);
      }
      let to = (offsets[i] as number) + 4 * CALL_WORDS;
      for (const { step, width } of matricesOf(one)) {
        const d = 2 ** width;
        const from = 2 * this.#host.offsetOf(step as UnitaryStep);
        const matrix = shared.subarray(from, from + 2 * d * d);
        const entries = new Float32Array(bytes.buffer, to, 2 * d * d);
        if (undo) conjugateTranspose(matrix, d, entries);
        else entries.set(matrix);
        to += 8 * d * d;
      }
    });
    return { bytes, offsets };
  }

  #reading({ op: code, at, section, width }: Entry, count: number): Call {
    const states = 2 ** this.#host.plan.qubits;
    const { chunks, start } = section as Section;
    if (code === op.strings) return summing('strings', at, states, chunks, count, 1);
    if (code === op.parities) {
      const pass = width === 1 ? 'parity' : 'parities';
      return summing(pass, at, states, chunks, count, 1);
    }
    if (code === op.marginal) {
      const blocks = Math.ceil(2 ** width / BLOCK);
      return summing('outcomes', at, states / 2 ** width, chunks, count, blocks);
    }
    if (code === op.density) return summing('density', at, states / 2 ** width, chunks, count, 1);
    const total = count * states;
    return call('keep', { total, at: start, groups: this.#linear(total) });
  }

  async #run(
    input: Input,
    weights: Float32Array<ArrayBuffer> | undefined,
    steps: readonly Call[],
    record: number,
  ): Promise<Float32Array> {
    const { count } = input;
    const { device } = this.#pipelines;
    device.check();
    const { qubits } = this.#host.plan;
    const all = count * 2 ** qubits;
    // Gradients go through all steps, backwards too.
    const head = weights === undefined ? this.#host.head : undefined;
    const free = bitsOutside(head === undefined ? this.#host.preparations : [head], qubits);
    const total = all / 2 ** free.length;
    const start = call('start', { total, controls: free, groups: this.#linear(total) });
    const calls = [start, ...steps];
    const names = [...new Set(calls.map(({ pass }) => pass))];
    const made = await Promise.all(names.map((name) => this.#pipelines.pass(name)));
    const pipelines = new Map(names.map((name, i) => [name, made[i] as GPUComputePipeline]));
    await this.#buffers.ensure(this.#sizes(count, record, weights !== undefined));
    const { gpu } = device;
    const { queue } = gpu;
    const { words, steps: table, readings, back, weights: bra } = this.#encoded;
    const preparations = this.#encoded[head === undefined ? 'preparations' : 'head'];
    if (this.#codeVersion !== this.#buffers.version) {
      queue.writeBuffer(this.#buffers.get('code'), 0, words);
      this.#codeVersion = this.#buffers.version;
    }
    const ranges = [preparations, table, readings, back, bra].flatMap(({ start, end }) => [
      start,
      end,
    ]);
    const info = [count, record, this.#weightsSize, all, ...ranges, NONE, NONE];
    queue.writeBuffer(
      this.#buffers.get('info'),
      0,
      Uint32Array.from([...info, qubits, 0, 0, 0, NONE, 0, 0, 0]),
    );
    const { bytes: numbers, offsets } = this.#numbers(calls, input.shared);
    queue.writeBuffer(this.#buffers.get('calls'), 0, numbers);
    writeData(queue, this.#buffers.get('data'), input);
    if (weights !== undefined && weights.length > 0)
      queue.writeBuffer(this.#buffers.get('weights'), 0, weights);
    const bytes = 4 * count * record;
    const { call: shared, states: pair } = this.#groups();
    const encoder = gpu.createCommandEncoder();
    if (free.length > 0) encoder.clearBuffer(this.#buffers.get('amp'), 0, 8 * all);
    const pass = encoder.beginComputePass();
    let current = 0;
    pass.setBindGroup(1, pair[0] as GPUBindGroup);
    calls.forEach(({ pass: name, groups, swap }, i) => {
      // What stays as it was is not set again.
      if (name !== calls[i - 1]?.pass) pass.setPipeline(pipelines.get(name) as GPUComputePipeline);
      pass.setBindGroup(0, shared, [offsets[i] as number]);
      pass.dispatchWorkgroups(...groups);
      if (!swap) return;
      current = 1 - current;
      pass.setBindGroup(1, pair[current] as GPUBindGroup);
    });
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

  #groups(): { readonly call: GPUBindGroup; readonly states: readonly GPUBindGroup[] } {
    const { version } = this.#buffers;
    if (this.#bound?.version === version) return this.#bound;
    const { device } = this.#pipelines;
    const { gpu } = device;
    const names = ['info', 'code', 'data', 'weights', 'out'] as const;
    const bound = {
      version,
      call: gpu.createBindGroup({
        layout: this.#pipelines.global,
        entries: [
          ...names.map((name, binding) => ({
            binding,
            resource: { buffer: this.#buffers.get(name) },
          })),
          { binding: 5, resource: { buffer: this.#buffers.get('calls'), size: callBytes(device) } },
        ],
      }),
      states: [['amp', 'spare'] as const, ['spare', 'amp'] as const].map((order) =>
        gpu.createBindGroup({
          layout: this.#pipelines.states,
          entries: order.map((name, binding) => ({
            binding,
            resource: { buffer: this.#buffers.get(name) },
          })),
        }),
      ),
    };
    this.#bound = bound;
    return bound;
  }

  dispose(): void {
    this.#buffers.dispose();
    this.#bound = undefined;
  }
}

function call(pass: Pass, given: Partial<Call>): Call {
  const groups = [1, 1, 1] as const;
  return {
    pass,
    pc: 0,
    total: 0,
    chunks: 1,
    terms: 0,
    at: 0,
    offset: 0,
    groups,
    swap: false,
    ...given,
  };
}

/** The matrices that are among the numbers of a call. */
function matricesOf({ pass, entry, joined }: Call): readonly Entry[] {
  if (joined !== undefined) return joined.entries;
  return entry !== undefined && pass.startsWith('apply') ? [entry] : [];
}

/** Bits of a step's qubits, ascending. */
const bitsOf = ({ qubits: on }: UnitaryStep, qubits: number): number[] =>
  on.map((qubit) => 2 ** (qubits - 1 - qubit)).sort((a, b) => a - b);

/** Bits, ascending, that no preparation is on. */
function bitsOutside(preparations: readonly PreparationData[], qubits: number): number[] {
  const on = new Set(preparations.flatMap(({ bits }) => bits));
  return Array.from({ length: qubits }, (_, bit) => bit)
    .filter((bit) => !on.has(bit))
    .map((bit) => 2 ** bit);
}

function conjugateTranspose(u: Float32Array, d: number, out: Float32Array): void {
  for (let r = 0; r < d; r++) {
    for (let c = 0; c < d; c++) {
      out[2 * (c * d + r)] = u[2 * (r * d + c)] as number;
      out[2 * (c * d + r) + 1] = -(u[2 * (r * d + c) + 1] as number);
    }
  }
}

/** A workgroup for each chunk (and block of items) of each example. */
function summing(
  pass: Pass,
  pc: number,
  terms: number,
  chunks: number,
  count: number,
  blocks: number,
): Call {
  const groups = [chunks * blocks, Math.min(count, ROW), Math.ceil(count / ROW)] as const;
  return call(pass, { pc, chunks, terms: terms / chunks, groups });
}
