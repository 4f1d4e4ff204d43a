// Sides of a comparison that may fail: a device that is lost or full ends a back end's figures, not those of the others.
import { UnsupportedError } from '@ketwork/base';
import type { AsyncEngine, AsyncProgram, Engine, Program } from '@ketwork/simulator';
import type { Circuit, ExpvalMeasurement } from '@ketwork/circuit';
import type { Timer } from '../harness/measure.ts';
import { firstLine, mustAgree } from '../harness/question.ts';
import type { BackEnd, Bed } from './bed.ts';

/** A program of either kind of engine. */
export type AnyProgram<Names extends string> =
  | Program<Names, ExpvalMeasurement>
  | AsyncProgram<Names, ExpvalMeasurement>;

/** What failed, with the back end that did. */
class BackEndFailure extends Error {
  readonly backEnd: BackEnd;
  constructor(backEnd: BackEnd, cause: unknown) {
    super(firstLine(cause), { cause });
    this.backEnd = backEnd;
  }
}

/** Single precision on both sides. */
const TOLERANCE = 1e-4;

/**
 * The back ends of figures. One that fails is no longer among them; one that cannot do what is asked, such as so many
 * qubits, is back with the next part.
 */
export class Sides {
  readonly bed: Bed;
  readonly #failed = new Set<BackEnd>();
  readonly #unable = new Set<BackEnd>();
  readonly #programs: { dispose(): void }[] = [];

  constructor(bed: Bed) {
    this.bed = bed;
  }

  get backEnds(): readonly BackEnd[] {
    return this.bed.backEnds.filter((one) => this.has(one));
  }

  has(backEnd: BackEnd): boolean {
    return !this.#failed.has(backEnd) && !this.#unable.has(backEnd);
  }

  /** The back end's program, in the version with a pass for every gate if asked for. */
  async compiled<Names extends string>(
    backEnd: BackEnd,
    circuit: Circuit<Names>,
    measured: ExpvalMeasurement,
    version: 'engine' | 'plain' = 'engine',
  ): Promise<AnyProgram<Names>> {
    return await this.guarded(backEnd, async () => {
      const open = version === 'plain' ? backEnd.plain! : backEnd.engine;
      const engine: Engine | AsyncEngine = await open();
      const program: AnyProgram<Names> = engine.compile(circuit, measured);
      this.#programs.push(program);
      return program;
    });
  }

  /** Ends a part: those that could not do it are back. */
  end(): void {
    this.#unable.clear();
    this.release();
  }

  /** Disposes of all programs. */
  release(): void {
    for (const program of this.#programs.splice(0)) program.dispose();
  }

  /** Does something on a back end. @throws BackEndFailure, for {@link attempt} */
  async guarded<T>(backEnd: BackEnd, work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#failure(backEnd, error);
    }
  }

  /** A timer of work on a back end. */
  timer(backEnd: BackEnd, work: () => unknown): Timer {
    const timer = backEnd.timer(work);
    return async (calls) => {
      try {
        return await timer(calls);
      } catch (error) {
        throw this.#failure(backEnd, error);
      }
    };
  }

  /** Stopping is not a failure of anybody. */
  #failure(backEnd: BackEnd, error: unknown): unknown {
    const stopped = error instanceof Error && error.name === 'AbortError';
    return stopped || error instanceof BackEndFailure ? error : new BackEndFailure(backEnd, error);
  }

  /** The result of a back end must be what others have. */
  agree(backEnd: BackEnd, right: ArrayLike<number>, own: ArrayLike<number>): void {
    try {
      mustAgree(backEnd.name, right, own, TOLERANCE);
    } catch (error) {
      throw this.#failure(backEnd, error);
    }
  }

  /** Measures; what a back end fails at is told and left out. */
  async attempt<T>(measure: () => Promise<readonly T[]>): Promise<readonly T[]> {
    try {
      return await measure();
    } catch (error) {
      if (!(error instanceof BackEndFailure)) throw error;
      const { backEnd, message, cause } = error;
      (cause instanceof UnsupportedError ? this.#unable : this.#failed).add(backEnd);
      this.bed.skip(backEnd, message, cause);
      return [];
    }
  }
}
