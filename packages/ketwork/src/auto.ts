import { ValueError } from '@ketwork/base';
import { probabilities } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { cpu } from '@ketwork/simulator';
import type { Engine, Explanation, Measurements } from '@ketwork/simulator';

/** Options of {@link auto}. */
export interface AutoOptions {
  /** The kind of engine wished for; a wish that cannot be met is not an error, `reason` says why. Default `cpu`. */
  readonly prefer?: 'cpu' | 'gpu';
}

/** An engine that {@link auto} chose, and why. */
export interface AutoEngine extends Engine {
  /** Why this engine was chosen, a sentence or two. */
  readonly reason: string;
  /**
   * Why this engine, and how it runs the circuit.
   *
   * @param measurements What is measured; `probabilities()` by default.
   * @throws what `compile` throws for the circuit.
   */
  explain(circuit: Circuit, measurements?: Measurements): Explanation;
}

/**
 * Chooses an engine and says why. There is no GPU engine yet, so the choice is always the CPU engine of this thread;
 * with `prefer: 'gpu'` the reason says that the wish was not met.
 *
 * @throws ValueError for an unknown preference; what `cpu` throws where the runtime lacks WebAssembly SIMD.
 * @example
 * ```ts
 * import { auto, circuit } from 'ketwork';
 * const engine = await auto({ prefer: 'gpu' });
 * console.log(engine.reason); // No GPU engine exists yet, so the CPU engine was chosen.
 * const bell = circuit(2, (q) => q.h(0).cnot(0, 1));
 * console.log(engine.explain(bell).details.engine); // cpu
 * ```
 */
export async function auto(options: AutoOptions = {}): Promise<AutoEngine> {
  const { prefer = 'cpu' } = options;
  if (prefer !== 'cpu' && prefer !== 'gpu') {
    throw new ValueError(`auto cannot prefer '${String(prefer)}'`, {
      remedy: "Use 'cpu' or 'gpu'",
    });
  }
  const reason =
    prefer === 'gpu'
      ? 'No GPU engine exists yet, so the CPU engine was chosen.'
      : 'The CPU engine was chosen; no other fast engine exists yet.';
  const engine = await cpu();
  return {
    name: engine.name,
    synchronous: true,
    capabilities: engine.capabilities,
    reason,
    compile: (circuit, measurements, compileOptions) =>
      engine.compile(circuit, measurements, compileOptions),
    explain(circuit, measurements = probabilities()) {
      using program = engine.compile(circuit, measurements);
      const { text, details } = program.explain();
      return {
        text: `${reason} ${text}`,
        details: { engine: engine.name, preferred: prefer, ...details },
      };
    },
    dispose: () => engine.dispose(),
    [Symbol.dispose]: () => engine.dispose(),
  };
}
