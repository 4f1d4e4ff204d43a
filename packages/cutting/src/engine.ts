import { ValueError } from '@ketwork/base';
import type { Circuit } from '@ketwork/circuit';
import type {
  AsyncEngine,
  AsyncProgram,
  Capabilities,
  CompileOptions,
  Engine,
  Measurements,
  Program,
} from '@ketwork/simulator';
import { cutCircuit, whole } from './cut.ts';
import type { CutOptions } from './cut.ts';

/** Options of {@link cuttingEngine}. */
export type CuttingEngineOptions = Omit<CutOptions, 'shots'>;

/**
 * An engine that cuts every circuit before another engine runs its fragments, see {@link cutCircuit}: bind it to a model, or
 * give it to `fit`, and layers train with their circuits in pieces. With `cuts` it is for one circuit, with `maxQubits`
 * for any. Circuits that fit are not cut.
 *
 * @param engine Runs the fragments; disposing of the cutting engine leaves it as it is.
 * @returns An engine with the name of the other one, for expectation values, variances and probabilities.
 * @throws ValueError where there are neither cuts nor `maxQubits`; when compiling, what `cutCircuit` throws.
 * @example
 * ```ts
 * import { circuit, expval, input, weight, Z } from '@ketwork/circuit';
 * import { cuttingEngine } from '@ketwork/cutting';
 * import { cpu } from '@ketwork/simulator';
 * const chain = circuit(6, { x: input([6]), w: weight([5]) }, (q, { x, w }) => {
 *   q.angleEmbedding(x, { rotation: 'Y' });
 *   for (let i = 0; i < 5; i++) q.ry(w.at(i), i).cnot(i, i + 1);
 * });
 * const engine = cuttingEngine(await cpu(), { maxQubits: 4 });
 * const program = engine.compile(chain, expval(Z(5)));
 * console.log(program.run({ x: [0, 0, 0, 0, 0, 0], w: [0, 0, 0, 0, 0] })); // 1
 * ```
 */
export function cuttingEngine(engine: Engine, options: CuttingEngineOptions): Engine;
export function cuttingEngine(engine: AsyncEngine, options: CuttingEngineOptions): AsyncEngine;
export function cuttingEngine(
  engine: Engine | AsyncEngine,
  options: CuttingEngineOptions,
): Engine | AsyncEngine {
  if (options.cuts === undefined && options.maxQubits === undefined) {
    throw new ValueError('cuttingEngine: neither cuts nor maxQubits say where to cut', {
      remedy: 'Give maxQubits, the size of the largest fragment',
    });
  }
  const { analytic, ...rest } = whole(engine.capabilities);
  const capabilities: Capabilities = { ...rest, analytic, adjoint: analytic };
  const common = { name: engine.name, capabilities, dispose: () => {}, [Symbol.dispose]: () => {} };
  // Two branches, so that the types of engine and programs stay together.
  return engine.synchronous
    ? Object.freeze<Engine>({
        ...common,
        synchronous: true,
        compile<Names extends string, const M extends Measurements>(
          circuit: Circuit<Names>,
          measurements: M,
          settings: CompileOptions = {},
        ): Program<Names, M> {
          return fits(circuit, options)
            ? engine.compile(circuit, measurements, settings)
            : cutCircuit(engine, circuit, measurements, { ...options, ...settings });
        },
      })
    : Object.freeze<AsyncEngine>({
        ...common,
        synchronous: false,
        compile<Names extends string, const M extends Measurements>(
          circuit: Circuit<Names>,
          measurements: M,
          settings: CompileOptions = {},
        ): AsyncProgram<Names, M> {
          return fits(circuit, options)
            ? engine.compile(circuit, measurements, settings)
            : cutCircuit(engine, circuit, measurements, { ...options, ...settings });
        },
      });
}

function fits({ qubits }: Circuit, { cuts, maxQubits = 0 }: CuttingEngineOptions): boolean {
  return cuts === undefined && qubits <= maxQubits;
}
