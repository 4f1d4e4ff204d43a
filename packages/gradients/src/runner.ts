import type {
  AsyncCallOptions,
  AsyncEngine,
  AsyncProgram,
  CompileOptions,
  Engine,
  Program,
} from '@ketwork/simulator';
import { compute, computeAsync } from './evaluate.ts';
import type { Computation } from './evaluate.ts';
import type { Variation } from './method.ts';

/** Compiled circuits that carry out computations: at once, or as promises where the engine returns promises. */
export interface Runner {
  run<T>(computation: () => Computation<T>, options?: AsyncCallOptions): T | Promise<T>;
  dispose(): void;
}

/** Compiles variations on an engine. */
export function runnerOf(
  engine: Engine | AsyncEngine,
  variations: readonly Variation[],
  options: CompileOptions,
): Runner {
  const own = ({ shots }: Variation): CompileOptions => (shots === undefined ? options : { shots });
  if (engine.synchronous) {
    const programs: Program[] = variations.map((v) =>
      engine.compile(v.circuit, v.measurements, own(v)),
    );
    return {
      run: (computation) => compute(programs, computation()),
      dispose: () => programs.forEach((program) => program.dispose()),
    };
  }
  const programs: AsyncProgram[] = variations.map((v) =>
    engine.compile(v.circuit, v.measurements, own(v)),
  );
  return {
    // Async, so that faults of the values reject instead of being thrown.
    run: async (computation, callOptions = {}) =>
      computeAsync(programs, computation(), callOptions),
    dispose: () => programs.forEach((program) => program.dispose()),
  };
}

/** One element of a slot among those differentiated by. */
export interface ParameterPlace {
  /** Name of the slot. */
  readonly slot: string;
  /** Row-major index of the element. */
  readonly index: number;
}
