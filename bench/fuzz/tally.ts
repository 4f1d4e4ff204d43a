/** The worst difference of a kind of result, and the seed that shows it. */
export interface Worst {
  readonly error: number;
  readonly seed: number;
}

/** What a part of the fuzz has found so far; plain data, so that it can be saved and taken up again. */
export interface Tally {
  /** Cases checked. */
  done: number;
  /** Worst relative difference by kind of result. */
  readonly worst: Record<string, Worst>;
  /** Cases that fail, with the reason. */
  readonly failures: string[];
}

/** Nothing checked yet. */
export const emptyTally = (): Tally => ({ done: 0, worst: {}, failures: [] });

/** Largest difference, relative to the largest number where that is above 1; NaN and Infinity stand for wrong. */
export function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) {
    throw new Error(`${actual.length} numbers instead of ${expected.length}`);
  }
  let largest = 1;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]!));
    const off = Math.abs(actual[i]! - expected[i]!);
    if (!(off <= worst)) worst = Number.isNaN(off) ? Infinity : off;
  }
  return worst / largest;
}

/** Compares results of one case and keeps the worst of each kind. */
export class Judge {
  readonly #tally: Tally;
  readonly #seed: number;
  readonly #tolerance: number;
  readonly #faults: string[] = [];

  constructor(tally: Tally, seed: number, tolerance: number) {
    this.#tally = tally;
    this.#seed = seed;
    this.#tolerance = tolerance;
  }

  /** Compares two arrays. */
  compare(
    kind: string,
    actual: ArrayLike<number>,
    expected: ArrayLike<number>,
    tolerance: number = this.#tolerance,
  ): void {
    this.note(kind, difference(actual, expected), tolerance / this.#tolerance);
  }

  /** Notes a difference; `looser` multiplies what is allowed. */
  note(kind: string, error: number, looser = 1): void {
    if (error > (this.#tally.worst[kind]?.error ?? -1)) {
      this.#tally.worst[kind] = { error, seed: this.#seed };
    }
    if (!(error <= looser * this.#tolerance))
      this.#faults.push(`${kind} off by ${error.toExponential(2)}`);
  }

  /** Notes what was thrown. */
  thrown(error: unknown): void {
    this.#faults.push(error instanceof Error ? error.message.split('\n')[0]! : String(error));
  }

  /** Ends the case. */
  close(label: string): void {
    this.#tally.done++;
    if (this.#faults.length > 0) {
      this.#tally.failures.push(`seed ${this.#seed} (${label}): ${this.#faults.join('; ')}`);
    }
  }
}
