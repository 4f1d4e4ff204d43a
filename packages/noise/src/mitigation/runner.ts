import { fold, key, ValueError } from '@ketwork/base';
import { expval, variance } from '@ketwork/circuit';
import type { Circuit, Observable, PauliTerm } from '@ketwork/circuit';
import { measurementSettings } from '@ketwork/simulator';
import type {
  AsyncEngine,
  AsyncProgram,
  AsyncTrajectoryProgram,
  Engine,
  Measurements,
  Program,
  TrajectoryProgram,
  Values,
} from '@ketwork/simulator';
import type { MaybePromise } from '@ketwork/nn';

/** What a {@link RunCircuit} is told about a run. */
export interface RunCall {
  /** Values of the slots, for the whole batch. */
  readonly values: Values;
  /** Seed of this run, another one for each. */
  readonly seed: number;
  /** Scale of the noise that the circuit reaches; 1 where noise is not scaled. */
  readonly scale: number;
}

/**
 * Runs a circuit somewhere, such as on a device or with noise of its own, and returns the expectation values
 * `[batch, observables]`, or a promise of them.
 */
export type RunCircuit = (circuit: Circuit, call: RunCall) => MaybePromise<ArrayLike<number>>;

/** An engine, or a function that runs circuits. */
export type CircuitRunner = Engine | AsyncEngine | RunCircuit;

/** The result at once, or a promise of it where runs return promises. */
export type Mitigated<R extends CircuitRunner, T> = R extends Engine
  ? T
  : R extends (...call: never[]) => infer Out
    ? Out extends PromiseLike<unknown>
      ? Promise<T>
      : T
    : Promise<T>;

/** Expectation values `[batch, observables]` with standard errors where there are any. */
export interface Estimates {
  readonly values: ArrayLike<number>;
  readonly errors?: Float64Array;
}

/** Runs one circuit; compiles, runs and disposes where the runner is an engine. */
export function estimate(
  runner: CircuitRunner,
  circuit: Circuit,
  observables: readonly Observable[],
  call: RunCall,
  shots: number | undefined,
): MaybePromise<Estimates> {
  if (typeof runner === 'function') {
    return after(runner(circuit, call), (values) => {
      if (values.length === 0 || values.length % observables.length !== 0) {
        throw new ValueError(
          `the run function returned ${values.length} values for ${observables.length} observables`,
          { remedy: 'Return [batch, observables]' },
        );
      }
      return { values };
    });
  }
  const { values, seed } = call;
  if (shots === undefined) {
    const program = runner.compile(circuit, expval(...observables)) as
      | Program
      | AsyncProgram
      | TrajectoryProgram
      | AsyncTrajectoryProgram;
    return closing(program, () =>
      'runWithErrors' in program
        ? after(program.runWithErrors(values, { seed }), (found) => ({
            values: found.values as unknown as Float64Array,
            errors: found.errors as unknown as Float64Array,
          }))
        : after(program.run(values, { seed }), (found) => ({
            values: found as unknown as Float64Array,
          })),
    );
  }
  if (!runner.capabilities.shots.includes('variance')) {
    const program = compiled(runner, circuit, expval(...observables), shots);
    return closing(program, () =>
      after(program.run(values, { seed }), (found) => ({
        values: found as unknown as Float64Array,
      })),
    );
  }
  const parts = observables.map(separate);
  const program = compiled(
    runner,
    circuit,
    [expval(...observables), variance(...parts.flat())],
    shots,
  );
  return closing(program, () =>
    after(program.run(values, { seed }), (found) => {
      const [means, variances] = found as unknown as [Float64Array, Float64Array];
      let at = 0;
      const errors = new Float64Array(means.length);
      for (let i = 0; i < means.length; i++) {
        let sum = 0;
        for (let j = 0; j < parts[i % parts.length]!.length; j++)
          sum += Math.max(0, variances[at++]!) / shots;
        errors[i] = Math.sqrt(sum);
      }
      return { values: means, errors };
    }),
  );
}

/** Parts of an observable that one setting each measures, first come first served as engines do it. */
function separate(observable: Observable): readonly Observable[] {
  if (observable.type !== 'pauli' || measurementSettings([observable]) === 1) return [observable];
  const parts: PauliTerm[][] = [];
  for (const term of observable.terms) {
    if (term.paulis.length === 0) continue;
    const fits = (part: PauliTerm[]): boolean =>
      measurementSettings([...part, term].map((one) => ({ type: 'pauli', terms: [one] }))) === 1;
    const part = parts.find(fits);
    if (part === undefined) parts.push([term]);
    else part.push(term);
  }
  return parts.length === 0 ? [observable] : parts.map((terms) => ({ type: 'pauli', terms }));
}

function compiled(
  engine: Engine | AsyncEngine,
  circuit: Circuit,
  measurements: Measurements,
  shots: number,
): Program | AsyncProgram {
  return engine.synchronous
    ? engine.compile(circuit, measurements, { shots })
    : engine.compile(circuit, measurements, { shots });
}

/** Disposes a program after its work, whatever becomes of it. */
export function closing<T>(
  program: { dispose(): void },
  work: () => MaybePromise<T>,
): MaybePromise<T> {
  let result: MaybePromise<T>;
  try {
    result = work();
  } catch (error) {
    program.dispose();
    throw error;
  }
  if (isPromise(result)) return result.finally(() => program.dispose());
  program.dispose();
  return result;
}

/** Goes on at once after a value, later after a promise. */
export function after<A, B>(
  value: MaybePromise<A>,
  next: (value: A) => MaybePromise<B>,
): MaybePromise<B> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** All results in order, at once where none is a promise. */
export function all<A>(list: readonly MaybePromise<A>[]): MaybePromise<A[]> {
  return list.some(isPromise) ? Promise.all(list) : (list as A[]);
}

/** Runs that are under way together where they are promises. */
const WINDOW = 8;

/** Makes `count` runs and hands their results on in order, without keeping them all. */
export function inOrder<A>(
  count: number,
  run: (i: number) => MaybePromise<A>,
  add: (result: A, i: number) => void,
): MaybePromise<void> {
  let next = 0;
  const go = (): MaybePromise<void> => {
    while (next < count) {
      const first = next;
      const head = run(next++);
      if (!isPromise(head)) {
        add(head, first);
        continue;
      }
      const group = [head];
      while (next < count && group.length < WINDOW) group.push(Promise.resolve(run(next++)));
      return Promise.all(group).then((results) => {
        results.forEach((result, i) => add(result, first + i));
        return go();
      });
    }
  };
  return go();
}

function isPromise<A>(value: MaybePromise<A>): value is Promise<A> {
  return typeof value === 'object' && value !== null && 'then' in value;
}

/** The seed of run i of an experiment with a seed. */
export function seedOf(seed: number, i: number): number {
  const [high, low] = fold(key(seed), i);
  return ((high >>> 0) & 0x1fffff) * 2 ** 32 + (low >>> 0);
}

/** Observables as a list that is not empty. */
export function listed(observables: Observable | readonly Observable[]): readonly Observable[] {
  const list = 'type' in observables ? [observables] : observables;
  if (list.length === 0)
    throw new ValueError('there are no observables', { remedy: 'Give at least one' });
  return list;
}
