import { UnsupportedError, wasmFeatures } from '@ketwork/base';
import type { Circuit } from '@ketwork/circuit';
import { checkProgram } from '../compile.ts';
import type { AsyncEngine, Capabilities, CompileOptions, Engine, Measurements, Program } from '../contract.ts';
import { hosted } from '../worker/hosted.ts';
import { cpuCapabilities } from './capabilities.ts';
import { EngineMemory } from './memory.ts';
import { CpuProgram } from './program.ts';

class CpuEngine implements Engine {
  readonly name = 'cpu';
  readonly synchronous = true;
  readonly capabilities: Capabilities = cpuCapabilities;
  readonly #memory = new EngineMemory();

  compile<Names extends string, const M extends Measurements>(
    circuit: Circuit<Names>,
    measurements: M,
    options: CompileOptions = {},
  ): Program<Names, M> {
    const checked = checkProgram(circuit, measurements, options, this.capabilities);
    return new CpuProgram(circuit, measurements, options, checked, this.#memory);
  }

  dispose(): void {}

  [Symbol.dispose](): void {}
}

/** Options of {@link cpu}. */
export interface CpuOptions {
  /**
   * Number of worker threads. 0 (the default) runs in the calling thread, synchronously; 1 runs the same programs in a
   * worker and returns promises.
   */
  readonly threads?: 0 | 1;
}

/**
 * The CPU engine: statevectors in f64, batches as SIMD lanes of generated WebAssembly, gradients by the adjoint method
 * (Jones and Gacon, arXiv:2009.02823). A whole circuit runs on a block of the batch without leaving the cache.
 *
 * @returns the engine: synchronous in this thread, or with `threads: 1` the same methods returning promises.
 * @throws UnsupportedError where WebAssembly SIMD is missing; EnvironmentError where a content security policy forbids
 * WebAssembly (when a circuit is first run) or there are no workers.
 *
 * @example
 * ```ts
 * import { circuit, expval, input, Z } from '@ketwork/circuit';
 * import { cpu } from '@ketwork/simulator';
 * const engine = await cpu();
 * const turn = circuit(1, { x: input([]) }, (q, { x }) => { q.rx(x.at(), 0); });
 * const program = engine.compile(turn, expval(Z(0)));
 * console.log(program.run({ x: [0, Math.PI] })[1]); // -1
 * ```
 */
export function cpu(options?: CpuOptions & { readonly threads?: 0 }): Promise<Engine>;
export function cpu(options: CpuOptions & { readonly threads: 1 }): Promise<AsyncEngine>;
export async function cpu(options: CpuOptions = {}): Promise<Engine | AsyncEngine> {
  if (!wasmFeatures().simd) {
    throw new UnsupportedError('the CPU engine needs WebAssembly SIMD, which this runtime lacks', {
      remedy: 'Use a runtime of 2021 or later, or the reference engine',
    });
  }
  const { threads = 0 } = options;
  if (threads === 0) return new CpuEngine();
  if (threads === 1) return hosted({ engine: 'cpu' });
  throw new UnsupportedError(`the CPU engine cannot split work over ${String(threads)} threads yet`, {
    remedy: 'Use threads: 0 (this thread) or threads: 1 (a worker)',
  });
}
