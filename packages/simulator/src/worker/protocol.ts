import type { Circuit, Measurement } from '@ketwork/circuit';
import type { Capabilities, CompileOptions } from '../contract.ts';
import type { TeamPlace } from '../cpu/large/team.ts';

/** The engine a worker runs and its options; sent as the pool's `workerData`. */
export interface HostedEngine {
  readonly engine: string;
  readonly options: unknown;
}

/** What is compiled. */
export interface ProgramSpec {
  readonly circuit: Circuit;
  readonly measurements: Measurement | readonly Measurement[];
  readonly options: CompileOptions;
}

/** Consecutive examples of a batch. */
export interface Part {
  /** Number, in the whole batch, of its first example. */
  readonly first: number;
  /** How many examples. */
  readonly count: number;
}

/** A call of one of a program's methods, with its arguments. */
export interface ProgramCall {
  readonly method: 'run' | 'vjp' | 'jacobian';
  readonly arguments: readonly unknown[];
  /**
   * Where the arguments hold part of a larger batch. Gradients summed over examples come as one row for each `piece`
   * examples then.
   */
  readonly part?: Part & { readonly piece: number };
  /** Where all workers run the call together, on one state. */
  readonly team?: TeamPlace;
}

/** From the program's owner to the worker. */
export type Request =
  | { readonly type: 'describe' }
  | { readonly type: 'compile'; readonly program: number; readonly spec: ProgramSpec }
  | {
      readonly type: 'call';
      readonly program: number;
      readonly call: ProgramCall;
      readonly spec?: ProgramSpec;
    }
  | { readonly type: 'dispose'; readonly program: number };

/**
 * The worker's answer. `missing`: it does not have the program (any more) and needs the spec; `indivisible`: the program
 * is none that workers can run together.
 */
export type Response =
  | { readonly type: 'description'; readonly name: string; readonly capabilities: Capabilities }
  | { readonly type: 'result'; readonly result: unknown }
  | { readonly type: 'missing' }
  | { readonly type: 'indivisible' }
  | { readonly type: 'done' };
