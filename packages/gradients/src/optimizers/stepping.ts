import type { Circuit, Slot } from '@ketwork/circuit';
import { readValues } from '@ketwork/simulator';
import type {
  AsyncCallOptions,
  AsyncEngine,
  CompileOptions,
  Engine,
  SlotValues,
  Values,
} from '@ketwork/simulator';
import type { Computation } from '../evaluate.ts';
import type { Variation } from '../method.ts';
import { runnerOf } from '../runner.ts';
import type {
  AsyncCircuitOptimizer,
  CircuitOptimizer,
  CircuitOptimizerInfo,
  CircuitOptimizerState,
} from './contract.ts';
import { checkState, gathered, scatter } from './contract.ts';

/** What one step found: the new numbers, the cost, and running averages to keep. */
export interface Stepped {
  readonly numbers: Float64Array;
  readonly cost: number;
  readonly slots?: Readonly<Record<string, Float64Array>>;
}

/** What an optimiser is made of besides its engine. */
export interface SteppingOptions<Names extends string> {
  readonly name: string;
  readonly settings: CircuitOptimizerInfo['settings'];
  readonly circuit: Circuit<Names>;
  readonly trained: readonly Slot[];
  readonly variations: readonly Variation[];
  readonly compile: CompileOptions;
  /** One step from the trained numbers, one after the other. */
  step(
    numbers: Float64Array,
    values: SlotValues,
    state: Readonly<CircuitOptimizerState>,
  ): Computation<Stepped>;
}

/** An optimiser whose steps are computations. */
export function stepping<Names extends string>(
  engine: Engine | AsyncEngine,
  { name, settings, circuit, trained, variations, compile, step }: SteppingOptions<Names>,
): CircuitOptimizer<Names> | AsyncCircuitOptimizer<Names> {
  const runner = runnerOf(engine, variations, compile);
  const taken = (
    values: Values<Names>,
    state: CircuitOptimizerState,
    call: AsyncCallOptions = {},
  ): number | Promise<number> =>
    runner.run(function* () {
      checkState(name, state);
      const numbers = gathered(name, trained, values);
      const found = yield* step(numbers, readValues(circuit, values), state);
      scatter(trained, values, found.numbers);
      Object.assign(state.slots, found.slots);
      state.step++;
      return found.cost;
    }, call);
  const optimizer = {
    name,
    settings: Object.freeze(settings),
    circuit,
    trained: trained.map((slot) => slot.name) as Names[],
    init: () => ({ step: 0, slots: {} }),
    step: taken,
    dispose: () => runner.dispose(),
    [Symbol.dispose]: () => runner.dispose(),
  };
  return optimizer as CircuitOptimizer<Names>;
}
