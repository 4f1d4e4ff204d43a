import { ValueError } from '@ketwork/base';
import { probabilities } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { cpu } from '@ketwork/simulator';
import type { Engine, Explanation, Measurements } from '@ketwork/simulator';
import { checkCalibration } from './auto/calibration.ts';
import type { Calibration } from './auto/calibration.ts';
import { choose, explainOnce } from './auto/choose.ts';
import type { AsyncAutoEngine } from './auto/choose.ts';
import { machine } from './auto/machine.ts';

/** Options of {@link auto}. */
export interface AutoOptions {
  /**
   * `cpu`, the default: the CPU engine of this thread. `gpu`: the faster of CPU and GPU for every circuit; a wish that
   * cannot be met is not an error, `reason` says why.
   */
  readonly prefer?: 'cpu' | 'gpu';
  /** With `gpu`: examples per call to expect, which decide from which size on a GPU pays. Default 64. */
  readonly batch?: number;
  /**
   * With `gpu`: largest error that results may have, in units of the observable's norm. Circuits that are too deep for
   * single precision stay on the CPU. By default none does.
   */
  readonly tolerance?: number;
  /** With `gpu`: measure again what was measured in this process before. Default false. */
  readonly recalibrate?: boolean;
  /** With `gpu`: what an engine of `auto` measured earlier; used where adapter, engine and batch are the same. */
  readonly calibration?: Calibration;
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
 * Chooses an engine and says why. By default it is the CPU engine of this thread. With `prefer: 'gpu'` programs return
 * promises, and each circuit runs where it is faster: the first call looks for a GPU, times both engines on circuits of 4
 * to 20 qubits (about a second), and keeps the result for the process by adapter. Only the circuit decides, not the batch
 * of a call. Drivers that compute on the CPU are never chosen. The GPU computes in single precision, see `tolerance`.
 *
 * @throws ValueError for an unknown preference or wrong options; what `cpu` throws where the runtime lacks WebAssembly SIMD.
 * @example
 * ```ts
 * import { auto, circuit, expval, Z } from 'ketwork';
 * const engine = await auto({ prefer: 'gpu' });
 * // what was found on this machine
 * console.log(engine.reason);
 * const bell = circuit(2, (q) => q.h(0).cnot(0, 1));
 * console.log(engine.explain(bell).details.engine); // cpu
 * console.log(await engine.compile(bell, expval(Z(0).mul(Z(1)))).run()); // [1]
 * ```
 */
export function auto(options: AutoOptions & { readonly prefer: 'gpu' }): Promise<AsyncAutoEngine>;
export function auto(options?: AutoOptions & { readonly prefer?: 'cpu' }): Promise<AutoEngine>;
export function auto(options?: AutoOptions): Promise<AutoEngine | AsyncAutoEngine>;
export async function auto(options: AutoOptions = {}): Promise<AutoEngine | AsyncAutoEngine> {
  const { prefer = 'cpu', batch = 64, tolerance, recalibrate = false, calibration } = options;
  if (prefer !== 'cpu' && prefer !== 'gpu') {
    throw new ValueError(`auto cannot prefer '${String(prefer)}'`, {
      remedy: "Use 'cpu' or 'gpu'",
    });
  }
  if (!Number.isSafeInteger(batch) || batch < 1) {
    throw new ValueError(`auto cannot expect ${String(batch)} examples per call`, {
      remedy: 'Give a whole number from 1 on',
    });
  }
  if (tolerance !== undefined && !(tolerance > 0)) {
    throw new ValueError(`the tolerance is ${String(tolerance)}`, {
      remedy: 'Give a positive number, such as 1e-5',
    });
  }
  if (calibration !== undefined) checkCalibration(calibration);
  if (prefer === 'gpu')
    return await choose(machine, { batch, tolerance, recalibrate, calibration });
  const reason = "The CPU engine was chosen; auto({ prefer: 'gpu' }) looks for a GPU.";
  const engine = await cpu();
  return {
    name: engine.name,
    synchronous: true,
    capabilities: engine.capabilities,
    reason,
    compile: (circuit, measurements, compileOptions) =>
      engine.compile(circuit, measurements, compileOptions),
    explain(circuit, measurements = probabilities()) {
      const { text, details } = explainOnce(engine.compile(circuit, measurements));
      return {
        text: `${reason} ${text}`,
        details: { engine: engine.name, preferred: prefer, ...details },
      };
    },
    dispose: () => engine.dispose(),
    [Symbol.dispose]: () => engine.dispose(),
  };
}
