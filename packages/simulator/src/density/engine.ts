import { UnsupportedError, wasmFeatures } from '@ketwork/base';
import type { Circuit } from '@ketwork/circuit';
import { checkAlive } from '../calls.ts';
import { checkProgram } from '../compile.ts';
import type { CompileOptions, Engine, Measurements, Program } from '../contract.ts';
import { EngineMemory } from '../cpu/memory.ts';
import { densityCapabilities } from './capabilities.ts';
import { DensityProgram } from './program.ts';

/**
 * The density matrix engine: exact results of circuits with noise, to 12 qubits.
 *
 * Channels, measurements (which dephase), resets and post-selection act on the density matrix itself, so there is no
 * sampling error. Gradients go through all of it, with respect to the parameters of channels too. The matrix of n qubits
 * is kept as its `4^n` real coefficients `tr(P ρ)` of Pauli strings: `8 · 4^n` bytes, 8 MiB at 10 qubits; a gradient
 * keeps several of them, as `estimateMemory` says. Classical bits that conditions or measurements read count as qubits.
 *
 * @returns an engine that runs in the calling thread; `hosted({ engine: 'density-matrix' })` runs it in a worker.
 * @throws UnsupportedError where WebAssembly SIMD is missing.
 *
 * @example
 * ```ts
 * import { circuit, densityOperator, expval, weight, Z } from '@ketwork/circuit';
 * import { densityMatrix } from '@ketwork/simulator';
 * const engine = densityMatrix();
 * const noisy = circuit(2, { p: weight([]) }, (q, { p }) => q.x(0).cnot(0, 1).depolarizing(p.at(), [0, 1]));
 * const program = engine.compile(noisy, expval(Z(0)));
 * console.log(program.run({ p: [0.3] })); // about -0.68, that is -(1 - 16/15 · 0.3)
 * console.log(program.vjp({ p: [0.3] }, [1]).p); // about 1.0667
 * const half = circuit(1, (q) => q.h(0).phaseFlip(0.5, 0));
 * console.log(engine.compile(half, densityOperator()).run()); // about [0.5, 0, 0, 0, 0, 0, 0.5, 0]
 * ```
 */
export function densityMatrix(): Engine {
  if (!wasmFeatures().simd) {
    throw new UnsupportedError(
      'the density matrix engine needs WebAssembly SIMD, which this runtime lacks',
      { remedy: 'Use a runtime of 2021 or later, or the reference engine' },
    );
  }
  const memory = new EngineMemory();
  const dispose = (): void => {
    memory.released = true;
  };
  return {
    name: 'density-matrix',
    synchronous: true,
    capabilities: densityCapabilities,
    compile<Names extends string, const M extends Measurements>(
      circuit: Circuit<Names>,
      measurements: M,
      options: CompileOptions = {},
    ): Program<Names, M> {
      checkAlive(memory.released, 'engine');
      const checked = checkProgram(circuit, measurements, options, densityCapabilities);
      return new DensityProgram(circuit, measurements, options, checked, memory);
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
}
