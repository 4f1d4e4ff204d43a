import { UnsupportedError, ValueError, wasmFeatures } from '@ketwork/base';
import type { Circuit } from '@ketwork/circuit';
import { checkAlive } from '../calls.ts';
import { checkProgram } from '../compile.ts';
import type {
  AsyncEngine,
  Capabilities,
  CompileOptions,
  Engine,
  Measurements,
} from '../contract.ts';
import { hosted } from '../worker/hosted.ts';
import { threaded } from '../worker/threaded.ts';
import { LEAST_WORK } from '../worker/work.ts';
import { numericsOf } from './arithmetic.ts';
import { cpuCapabilities, singleCapabilities } from './capabilities.ts';
import { needsBits } from '../deferred/held.ts';
import { compileDynamic } from './dynamic.ts';
import type { CpuWork } from './dynamic.ts';
import { EngineMemory } from './memory.ts';
import { CpuProgram } from './program.ts';
import { SegmentedProgram } from './segments/program.ts';
import { needsCuts } from './segments/split.ts';

/** The engine on a memory, which workers may share. */
export class CpuEngine implements Engine {
  readonly name = 'cpu';
  readonly synchronous = true;
  readonly capabilities: Capabilities;
  readonly #memory: EngineMemory;

  constructor(memory: EngineMemory) {
    this.#memory = memory;
    this.capabilities = memory.numerics.precision === 'f64' ? cpuCapabilities : singleCapabilities;
  }

  compile<Names extends string, const M extends Measurements>(
    circuit: Circuit<Names>,
    measurements: M,
    options: CompileOptions = {},
  ): CpuWork<Names, M> {
    checkAlive(this.#memory.released, 'engine');
    const checked = checkProgram(circuit, measurements, options, this.capabilities);
    if (needsBits(circuit, checked.measurements)) {
      const { fused } = this.#memory.numerics;
      return compileDynamic(circuit, measurements, options, checked, { engine: this, fused });
    }
    if (needsCuts(circuit)) {
      return new SegmentedProgram(circuit, measurements, options, checked, {
        compile: (part, read) => this.compile(part, read),
        isReleased: () => this.#memory.released,
      });
    }
    return new CpuProgram(circuit, measurements, options, checked, this.#memory);
  }

  /** Ends the engine and its programs; what code still holds of its memory goes with the programs. */
  dispose(): void {
    this.#memory.released = true;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Options of {@link cpu}. */
export interface CpuOptions {
  /**
   * Number of worker threads. 0 (the default) runs in the calling thread, synchronously. From 1 on the same programs run in
   * workers and return promises: the calling thread stays free, and batches that are large enough are cut into a part for
   * each worker. `auto` takes as many workers as the machine runs threads at once, at least one.
   *
   * Results, gradients and shots have the same bits for any number of threads: a batch is cut between chunks of 64
   * examples, sums over the batch follow one tree, and shots depend on (seed, example, shot). A batch of at most 64
   * examples, or with too little work to pay for asking several workers (some 0.1 ms each; `explain()` names the smallest
   * batch that is cut), runs on one of them, as does a circuit without values per example. Parts and results are copied to
   * and fro, without shared memory, so pages need no special headers.
   */
  readonly threads?: number | 'auto';
  /**
   * Results, gradients and shots with the same bits on every machine and in every JavaScript engine. Default false:
   * where the machine has an instruction for it, products are rounded together with the sum they enter (relaxed SIMD),
   * which is faster and changes last bits, so that results of two kinds of machines differ by some 1e-15. On one machine
   * results never differ, with this option or without it.
   */
  readonly reproducible?: boolean;
  /**
   * Format of amplitudes: `f64` (the default), or `f32`, where a vector holds four examples instead of two, so that batches
   * take about half the time. Angles, their reduction and what is made of results stay in double precision, and results
   * are returned as doubles. Rounding errors add up with the number of gates: measured, 5e-7 of the largest
   * number of an array for values and gradients of 30 strongly entangling layers, 5e-6 at most on random circuits. States of
   * 14 qubits and more, one example at a time, take half the memory and about half the time, too (four amplitudes per vector);
   * a smaller circuit without values per example gains nothing, nor does one that measures Hermitian matrices.
   */
  readonly precision?: 'f64' | 'f32';
}

/**
 * The CPU engine: statevectors in f64 (or f32), batches as SIMD lanes of generated WebAssembly, gradients by the adjoint method
 * (Jones and Gacon, arXiv:2009.02823). A whole circuit runs on a block of the batch without leaving the cache.
 *
 * Circuits with measurements, resets and conditionals have exact results and gradients, too: they are rewritten so that
 * nothing is measured before the end (`deferMeasurements`), on as many qubits more as that takes. Where that would be too
 * many and only shots are asked for, these are drawn by trajectories.
 *
 * @returns the engine: synchronous in this thread, or with `threads` the same methods returning promises.
 * @throws UnsupportedError where WebAssembly SIMD is missing; EnvironmentError where a content security policy forbids
 * WebAssembly (when a circuit is first run) or there are no workers; ValueError for a number of threads that is not a
 * whole number from 0 on.
 *
 * @example
 * ```ts
 * import { circuit, expval, input, Z } from '@ketwork/circuit';
 * import { cpu } from '@ketwork/simulator';
 * const engine = await cpu();
 * const turn = circuit(1, { x: input([]) }, (q, { x }) => { q.rx(x.at(), 0); });
 * const program = engine.compile(turn, expval(Z(0)));
 * console.log(program.run({ x: [0, Math.PI] })[1]); // -1
 *
 * const workers = await cpu({ threads: 2 });
 * console.log((await workers.compile(turn, expval(Z(0))).run({ x: [0, Math.PI] }))[1]); // -1
 * workers.dispose();
 * ```
 */
export function cpu(options?: CpuOptions & { readonly threads?: 0 }): Promise<Engine>;
export function cpu<const Threads extends number | 'auto'>(
  options: CpuOptions & { readonly threads: Threads },
): Promise<0 extends Threads ? Engine | AsyncEngine : AsyncEngine>;
export function cpu(options: CpuOptions): Promise<Engine | AsyncEngine>;
export async function cpu(options: CpuOptions = {}): Promise<Engine | AsyncEngine> {
  const { threads: asked = 0, reproducible = false, precision = 'f64' } = options;
  const threads = asked === 'auto' ? availableThreads() : asked;
  if (!Number.isSafeInteger(threads) || threads < 0) {
    throw new ValueError(`the CPU engine cannot run on ${String(asked)} threads`, {
      remedy: "Use 0 (this thread), a number of workers, or 'auto'",
    });
  }
  if (typeof reproducible !== 'boolean') {
    throw new ValueError(
      `the CPU engine's option 'reproducible' cannot be ${String(reproducible)}`,
      {
        remedy: 'Use true or false',
      },
    );
  }
  if (precision !== 'f64' && precision !== 'f32') {
    throw new ValueError(`the CPU engine does not compute in '${String(precision)}'`, {
      remedy: "Use precision 'f64' or 'f32'",
    });
  }
  if (!wasmFeatures().simd) {
    throw new UnsupportedError('the CPU engine needs WebAssembly SIMD, which this runtime lacks', {
      remedy: 'Use a runtime of 2021 or later, or the reference engine',
    });
  }
  if (threads === 0)
    return new CpuEngine(new EngineMemory(numericsOf({ precision, reproducible })));
  const inWorker = { precision, reproducible };
  return await (threads === 1
    ? hosted({ engine: 'cpu', options: inWorker })
    : threaded(threads, LEAST_WORK, inWorker));
}

/** How many threads the machine runs at once; 1 where it does not say. */
function availableThreads(): number {
  const { navigator } = globalThis as { navigator?: { readonly hardwareConcurrency?: number } };
  return Math.max(1, navigator?.hardwareConcurrency ?? 1);
}
