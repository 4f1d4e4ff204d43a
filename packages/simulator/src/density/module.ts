import {
  compileWasm,
  encodeModule,
  FunctionBuilder,
  instantiateWasm,
  valueType,
} from '@ketwork/base';
import type { AngleTable } from '../cpu/angles.ts';
import type { Stage, Step } from './group.ts';
import { backwardKernel, bytesPerNumber, copyKernel, forwardKernel } from './kernel.ts';
import type { Layout } from './kernel.ts';
import { traceGroup } from './trace.ts';
import type { Coefficient, Trace } from './trace.ts';

const { i32 } = valueType;

/** A group of a stage: its code, and where its coefficients begin among all. */
interface PlacedGroup {
  readonly trace: Trace;
  readonly coefficients: number;
}

/** A stage with its groups unrolled. */
export interface TracedStage {
  readonly stage: Stage;
  readonly groups: readonly PlacedGroup[];
  /** Bytes of a chunk. */
  readonly bytes: number;
  /** Offset in bytes of every chunk's first number; a single 0 where the chunk is the whole vector. */
  readonly chunks: Int32Array;
}

/** All stages of a program with their coefficients. */
export interface Traced {
  /** By number of the step; absent for steps that are no stages. */
  readonly stages: ReadonlyMap<number, TracedStage>;
  readonly coefficients: readonly Coefficient[];
}

/** Unrolls the groups of all stages. */
export function traceStages(
  steps: readonly Step[],
  qubits: number,
  layout: Layout,
  angles: AngleTable,
): Traced {
  const coefficients: Coefficient[] = [];
  const stages = new Map<number, TracedStage>();
  const width = bytesPerNumber(layout);
  steps.forEach((step, index) => {
    if (step.type !== 'stage') return;
    const groups = step.groups.map((group): PlacedGroup => {
      const trace = traceGroup(group, angles);
      const first = coefficients.length;
      coefficients.push(...trace.coefficients);
      return { trace, coefficients: first };
    });
    let chunks = [0];
    for (let qubit = 0; qubit < qubits; qubit++) {
      if (step.qubits.includes(qubit)) continue;
      const stride = width * 4 ** (qubits - 1 - qubit);
      chunks = chunks.flatMap((start) => [0, 1, 2, 3].map((digit) => start + digit * stride));
    }
    const bytes = width * 4 ** step.qubits.length;
    stages.set(index, { stage: step, groups, bytes, chunks: Int32Array.from(chunks) });
  });
  return { stages, coefficients };
}

/** The functions of a stage. */
export interface StageFunctions {
  /** `(vector, coefficients)`: applies all groups to a chunk. */
  readonly forward: (vector: number, coefficients: number) => void;
  /** `(vector, chunk)`: copies a chunk out of the vector. */
  readonly gather: (vector: number, chunk: number) => void;
  /** `(chunk, vector)`: and back. */
  readonly scatter: (chunk: number, vector: number) => void;
  /** `(chunks, coefficients)`: from a chunk, makes the chunk before every group, one behind the other. */
  readonly record: (chunks: number, coefficients: number) => void;
  /** `(chunks, cotangent, coefficients, cells)`: takes a cotangent back through all groups. */
  readonly backward: (
    chunks: number,
    cotangent: number,
    coefficients: number,
    cells: number,
  ) => void;
}

/**
 * Compiles the stages of a program.
 *
 * @param wanted for gradients: whether derivatives by a coefficient are collected; without it there is no way back
 */
export function buildStages(
  { stages, coefficients }: Traced,
  qubits: number,
  layout: Layout,
  memory: WebAssembly.Memory,
  wanted?: (coefficient: Coefficient) => boolean,
): ReadonlyMap<number, StageFunctions> {
  const functions: { name?: string; body: FunctionBuilder }[] = [];
  const known = new Map<string, number>();
  const once = (id: string, write: () => FunctionBuilder): number => {
    let index = known.get(id);
    if (index === undefined) {
      index = functions.push({ body: write() }) - 1;
      known.set(id, index);
    }
    return index;
  };
  const add = (name: string, body: FunctionBuilder): void => {
    functions.push({ name, body });
  };
  for (const [number, { stage, groups, bytes, chunks }] of stages) {
    const digits = stage.qubits.length;
    const kernels = groups.map(({ trace, coefficients: first }) => {
      const places = trace.qubits.map((qubit) => stage.qubits.indexOf(qubit));
      const shape = JSON.stringify([places, digits, trace.statements, trace.results]);
      const want = (index: number): boolean => wanted?.(coefficients[first + index]!) ?? false;
      const forward = once(`forward ${shape}`, () => forwardKernel(trace, places, digits, layout));
      if (wanted === undefined) return { forward, backward: -1, first };
      const mask = trace.coefficients.map((_, i) => (want(i) ? 1 : 0)).join('');
      const backward = once(`backward ${mask} ${shape}`, () =>
        backwardKernel(trace, places, digits, layout, want),
      );
      return { forward, backward, first };
    });
    const forward = new FunctionBuilder([i32, i32], []);
    for (const { forward: kernel, first } of kernels)
      forward
        .get(0)
        .get(1)
        .i32(16 * first)
        .op('i32Add')
        .call(kernel);
    add(`forward${number}`, forward);
    if (chunks.length > 1 || wanted !== undefined) {
      add(`gather${number}`, copyKernel(stage.qubits, qubits, layout, false));
      add(`scatter${number}`, copyKernel(stage.qubits, qubits, layout, true));
    }
    if (wanted === undefined) continue;
    const record = new FunctionBuilder([i32, i32], []);
    kernels.slice(0, -1).forEach(({ forward: kernel, first }, i) => {
      record
        .get(0)
        .i32((i + 1) * bytes)
        .op('i32Add');
      record
        .get(0)
        .i32(i * bytes)
        .op('i32Add')
        .i32(bytes)
        .memoryCopy();
      record
        .get(0)
        .i32((i + 1) * bytes)
        .op('i32Add');
      record
        .get(1)
        .i32(16 * first)
        .op('i32Add')
        .call(kernel);
    });
    add(`record${number}`, record);
    const backward = new FunctionBuilder([i32, i32, i32, i32], []);
    kernels.forEach((_, i) => {
      const j = kernels.length - 1 - i;
      const { backward: kernel, first } = kernels[j]!;
      backward
        .get(0)
        .i32(j * bytes)
        .op('i32Add')
        .get(1);
      backward
        .get(2)
        .i32(16 * first)
        .op('i32Add');
      backward
        .get(3)
        .i32(16 * first)
        .op('i32Add')
        .call(kernel);
    });
    add(`backward${number}`, backward);
  }
  const bytes = encodeModule({ functions, memory: { minimum: 1 } });
  const instance = instantiateWasm(compileWasm(bytes), { env: { memory } });
  return new Map(
    [...stages.keys()].map((number) => {
      const found = (name: string): never => instance.exports[`${name}${number}`] as never;
      return [
        number,
        {
          forward: found('forward'),
          gather: found('gather'),
          scatter: found('scatter'),
          record: found('record'),
          backward: found('backward'),
        },
      ];
    }),
  );
}
