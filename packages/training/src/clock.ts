/** Time and examples of a run, and where it began. */
export class Clock {
  readonly #start: number = performance.now();
  /** Steps that were done before this run. */
  readonly firstStep: number;
  readonly #before: number;
  #examples = 0;
  #busy = 0;

  /** @param before Seconds of the runs that this one goes on from. */
  constructor(firstStep: number, before: number) {
    this.firstStep = firstStep;
    this.#before = before;
  }

  /** Counts examples of a step that began at `started`. */
  add(examples: number, started: number): void {
    this.#examples += examples;
    this.#busy += performance.now() - started;
  }

  get seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }

  /** Seconds of the run, those before a resume included. */
  get allSeconds(): number {
    return this.#before + this.seconds;
  }

  get samplesPerSecond(): number {
    return this.#busy === 0 ? 0 : (1000 * this.#examples) / this.#busy;
  }
}
