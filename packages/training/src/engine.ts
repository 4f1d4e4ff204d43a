import { networkOf } from '@ketwork/nn';
import type { BuiltLayer, Model } from '@ketwork/nn';
import { cpu } from '@ketwork/simulator';
import type { AsyncEngine, Engine } from '@ketwork/simulator';

/** Binds the engine given; without one keeps the engine that is bound, or binds the CPU. */
export async function bindEngine(
  model: Model | BuiltLayer,
  engine: Engine | AsyncEngine | undefined,
): Promise<void> {
  const network = networkOf(model);
  if (network.bind === undefined) return;
  if (engine !== undefined) network.bind(engine);
  else if (network.bound?.() !== true) network.bind(await cpu());
}

/** Lets timers, input and an `AbortSignal` have their turn. */
export class Breather {
  #last = performance.now();

  /** A promise where it has been long since the last turn. */
  pause(): Promise<void> | undefined {
    if (performance.now() - this.#last < 30) return undefined;
    return new Promise<void>((resolve) => {
      const go = (): void => {
        this.#last = performance.now();
        resolve();
      };
      // Node's setImmediate costs nothing, a timer of 0 about a millisecond.
      if (typeof setImmediate === 'function') setImmediate(go);
      else setTimeout(go, 0);
    });
  }
}
