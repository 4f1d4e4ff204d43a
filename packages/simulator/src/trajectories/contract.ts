import type { Circuit } from '@ketwork/circuit';
import type {
  AsyncCallOptions,
  AsyncEngine,
  AsyncProgram,
  CompileOptions,
  Engine,
  Measurements,
  Program,
  Results,
  RunOptions,
  Values,
} from '../contract.ts';

/** Means over trajectories and their standard errors: arrays of the same shapes. */
export interface Estimate<M extends Measurements = Measurements> {
  /** What {@link Program.run} returns. */
  readonly values: Results<M>;
  /**
   * The standard error of each value: the standard deviation over trajectories divided by the square root of their number;
   * for variances, that of the first-order change. NaN where a single trajectory was kept.
   */
  readonly errors: Results<M>;
  /** How many trajectories passed all post-selections, `[batch]`. */
  readonly kept: Float64Array;
}

/** A compiled circuit that is run as quantum trajectories. */
export interface TrajectoryProgram<
  Names extends string = string,
  M extends Measurements = Measurements,
> extends Program<Names, M> {
  /**
   * Runs the circuit and returns standard errors along with the means; only without shots.
   *
   * @throws UnsupportedError for a program that draws shots; ValueError for values that do not fit, or where no trajectory
   * passes the post-selections.
   */
  runWithErrors(values?: Values<Names>, options?: RunOptions): Estimate<M>;
}

/** An engine whose programs return standard errors, too. */
export interface TrajectoryEngine extends Engine {
  /** Checks everything that can be checked before values are known. @throws CircuitError, UnsupportedError */
  compile<Names extends string, const M extends Measurements>(
    circuit: Circuit<Names>,
    measurements: M,
    options?: CompileOptions,
  ): TrajectoryProgram<Names, M>;
}

/** A circuit compiled for trajectories in workers: the methods of {@link TrajectoryProgram}, returning promises. */
export interface AsyncTrajectoryProgram<
  Names extends string = string,
  M extends Measurements = Measurements,
> extends AsyncProgram<Names, M> {
  /** Runs the circuit and returns standard errors along with the means; rejects where {@link TrajectoryProgram.runWithErrors} throws. */
  runWithErrors(
    values?: Values<Names>,
    options?: RunOptions & AsyncCallOptions,
  ): Promise<Estimate<M>>;
}

/** An engine that runs trajectories in workers. */
export interface AsyncTrajectoryEngine extends AsyncEngine {
  /** Checks everything that can be checked before values are known. @throws CircuitError, UnsupportedError */
  compile<Names extends string, const M extends Measurements>(
    circuit: Circuit<Names>,
    measurements: M,
    options?: CompileOptions,
  ): AsyncTrajectoryProgram<Names, M>;
}
