import type { AsyncEngine } from '@ketwork/simulator';
import type { Device } from '../adapter/device.ts';
import type { Pipelines } from './pipelines.ts';

/** Options of `wgsl`. */
export interface WgslOptions {
  /**
   * Takes a software adapter (SwiftShader, llvmpipe) too, which is slower than the CPU engine: for tests. Default false.
   */
  readonly force?: boolean;
  /**
   * Most qubits of a merged matrix, 1 to 4; 0 makes a step of every element, for comparisons. By default 3 where circuits
   * run whole in workgroup memory, else 4.
   */
  readonly fusion?: 0 | 1 | 2 | 3 | 4;
  /**
   * Largest error that results may have, in units of the observable's norm: circuits that are too deep for single
   * precision are refused when they are compiled. By default none is.
   */
  readonly tolerance?: number;
  /** Whether small circuits run whole in workgroup memory (the default) or pass by pass as large ones do, for comparisons. */
  readonly workgroups?: boolean;
}

/** What programs know of their engine. */
export interface EngineParts extends Pick<AsyncEngine, 'name' | 'compile'> {
  readonly device: Device;
  readonly pipelines: Pipelines;
  readonly settings: WgslOptions;
  readonly disposed: boolean;
  /** @throws UnsupportedError where a state and its λ do not fit into one buffer */
  checkGradient(qubits: number): void;
}
