import { ValueError } from '@ketwork/base';
import type { Circuit, Slot } from '@ketwork/circuit';
import { UnsupportedError, sizeOf } from '@ketwork/base';
import { readWrt } from '@ketwork/simulator';
import type { AsyncCallOptions, Values } from '@ketwork/simulator';

/** State of a circuit's optimiser: plain data, to be saved and continued from. */
export interface CircuitOptimizerState {
  /** Number of steps taken; the random numbers of a step follow from it and the seed. */
  step: number;
  /** Running averages by name, where the optimiser keeps some. */
  readonly slots: Record<string, Float64Array>;
}

/** What optimisers on local and remote engines share. */
export interface CircuitOptimizerInfo<Names extends string = string> extends Disposable {
  /** Name for messages and reports. */
  readonly name: string;
  /** The settings as plain data. */
  readonly settings: Readonly<Record<string, number | string | boolean>>;
  /** The circuit whose weights it changes. */
  readonly circuit: Circuit<Names>;
  /** Names of the slots it changes. */
  readonly trained: readonly Names[];
  /** The state before the first step. */
  init(): CircuitOptimizerState;
  /** Frees the engine's memory. */
  dispose(): void;
}

/**
 * An optimiser that runs the circuit itself. The cost is the sum of all outputs of an example, averaged over the batch: an
 * energy, or any observable scaled to be small where the circuit does well.
 */
export interface CircuitOptimizer<
  Names extends string = string,
> extends CircuitOptimizerInfo<Names> {
  /**
   * Takes one step: changes the trained slots' arrays, `Float64Array`s, and the state in place.
   *
   * @returns the cost that the step found, as each optimiser says.
   * @throws ValueError for values that do not fit; nothing is changed then.
   */
  step(values: Values<Names>, state: CircuitOptimizerState): number;
}

/** A {@link CircuitOptimizer} whose engine returns promises. */
export interface AsyncCircuitOptimizer<
  Names extends string = string,
> extends CircuitOptimizerInfo<Names> {
  /** Takes one step, as that of a {@link CircuitOptimizer}. */
  step(
    values: Values<Names>,
    state: CircuitOptimizerState,
    options?: AsyncCallOptions,
  ): Promise<number>;
}

/** The slots an optimiser changes: scalars that the batch shares. @throws UnsupportedError */
export function trainedSlots(name: string, circuit: Circuit, wrt?: readonly string[]): Slot[] {
  const able = (slot: Slot): boolean => slot.kind === 'scalar' && slot.axis === 'shared';
  const slots = wrt === undefined ? readWrt(circuit).filter(able) : readWrt(circuit, wrt);
  const bad = slots.find((slot) => !able(slot));
  if (bad !== undefined) {
    throw new UnsupportedError(
      `${name} cannot train slot '${bad.name}', which is ${bad.kind === 'scalar' ? 'given per example' : `of kind ${bad.kind}`}`,
      { remedy: 'Name slots of scalars that the batch shares, made by weight()' },
    );
  }
  if (slots.length === 0) {
    throw new UnsupportedError(`${name} finds nothing to train in the circuit`, {
      remedy: 'Give it slots made by weight()',
    });
  }
  return slots;
}

/** The trained arrays one after the other. @throws ValueError for what cannot be changed in place */
export function gathered(
  name: string,
  slots: readonly Slot[],
  values: Readonly<Record<string, unknown>>,
): Float64Array {
  const out = new Float64Array(slots.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
  let offset = 0;
  for (const slot of slots) {
    const array = values[slot.name];
    const size = sizeOf(slot.shape);
    if (!(array instanceof Float64Array) || array.length !== size) {
      throw new ValueError(`${name}: slot '${slot.name}' is no Float64Array of ${size} numbers`, {
        remedy: 'Give one; steps change it in place',
      });
    }
    out.set(array, offset);
    offset += size;
  }
  return out;
}

/** Writes numbers into the trained arrays. */
export function scatter(
  slots: readonly Slot[],
  values: Readonly<Record<string, unknown>>,
  numbers: Float64Array,
): void {
  let offset = 0;
  for (const slot of slots) {
    const size = sizeOf(slot.shape);
    (values[slot.name] as Float64Array).set(numbers.subarray(offset, offset + size));
    offset += size;
  }
}

/** @throws ValueError where a setting is not a finite number in its range */
export function checkSetting(
  name: string,
  setting: string,
  value: number,
  { above = false, whole = false }: { readonly above?: boolean; readonly whole?: boolean } = {},
): void {
  const good = Number.isFinite(value) && (above ? value > 0 : value >= 0);
  if (!good || (whole && !Number.isInteger(value))) {
    throw new ValueError(
      `${name}: ${setting} is ${value}, not a ${whole ? 'whole' : 'finite'} number ${above ? 'above 0' : 'of at least 0'}`,
    );
  }
}

/** @throws ValueError for a state that no optimiser made */
export function checkState(name: string, state: CircuitOptimizerState): void {
  if (!Number.isSafeInteger(state.step) || state.step < 0) {
    throw new ValueError(
      `${name}: the state's step ${String(state.step)} is not a whole number of at least 0`,
      { remedy: 'Use the state that init() made' },
    );
  }
}
