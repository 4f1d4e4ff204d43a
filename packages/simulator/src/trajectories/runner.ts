/** What ways to run the trajectories of one example have in common. */
import { sizeOf } from '@ketwork/base';
import type { Circuit, Slot } from '@ketwork/circuit';
import type { Engine } from '../contract.ts';
import type { SlotValues } from '../values.ts';
import type { Draws } from './draws.ts';
import type { Readings, Sums } from './readings.ts';

/** Trajectories that are worked on together; sums over them are added up chunk by chunk. */
export const CHUNK = 256;

/** The values of one example. */
export type ExampleValues = Record<string, Float64Array>;

/** One example of a batch and its place. */
export interface OneExample {
  readonly read: SlotValues;
  /** Its place in the batch that was given. */
  readonly index: number;
  readonly draws: Draws;
}

/** What happened to some trajectories in one shot each. */
export interface Shot {
  /** By trajectory: 1 where it passed all post-selections. */
  readonly kept: Uint8Array;
  /** By trajectory: the values of the qubits that are read, as a basis index of all of them. */
  readonly outcomes: Uint32Array;
  /** Classical bits, `[trajectories, bits]`. */
  readonly bits: Uint8Array;
}

/** Runs trajectories `first` to `first + count`, at most {@link CHUNK}. */
export interface Runner {
  /** Adds what is read from their states to sums. */
  means(example: OneExample, first: number, count: number, sums: Sums): void;
  /** Measures each of them once in the computational basis. */
  shots(example: OneExample, first: number, count: number): Shot;
  /** Frees what it compiled. */
  dispose(): void;
}

/** What a runner is made for. */
export interface RunnerOptions {
  readonly engine: Engine;
  readonly fused: boolean;
  /** States that a tree keeps at once at most; frames are not tried where this is given. For tests. */
  readonly mostStates?: number;
  /** Qubits, and bits numbered after them, that shots read. */
  readonly wires?: readonly number[];
  /** What is read where means are asked for. */
  readonly readings?: Readings;
}

/** The values of one example, as slots without a batch axis take them. */
export function valuesOf(circuit: Circuit, read: SlotValues, index: number): ExampleValues {
  return Object.fromEntries(
    circuit.slots.map(({ name, shape, axis }: Slot) => {
      const values = read.get(name);
      const size = sizeOf(shape);
      return [name, axis === 'batch' ? values.subarray(index * size, (index + 1) * size) : values];
    }),
  );
}
