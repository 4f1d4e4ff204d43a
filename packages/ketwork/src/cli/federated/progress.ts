/** Where progress is shown. */
export interface ProgressStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

const BAR = 24;

/**
 * Progress of rounds beside the results: on a terminal one line with a bar that is written over, elsewhere, in a log, a line
 * for each step.
 */
export class Progress {
  readonly #out: ProgressStream;
  #open = false;

  constructor(out: ProgressStream = process.stderr) {
    this.#out = out;
  }

  /** Something worth a line of its own. */
  note(text: string): void {
    this.#clear();
    this.#out.write(`${text}\n`);
  }

  /** `done` of `total`, with what is to be said about it. */
  step(done: number, total: number, text: string): void {
    if (this.#out.isTTY !== true) {
      this.#out.write(`${done}/${total} ${text}\n`);
      return;
    }
    const full = Math.round((BAR * done) / Math.max(1, total));
    const line = `[${'█'.repeat(full)}${'·'.repeat(BAR - full)}] ${done}/${total} ${text}`;
    this.#clear();
    // A line that breaks could not be written over.
    this.#out.write(line.slice(0, Math.max(20, (this.#out.columns ?? 80) - 1)));
    this.#open = true;
  }

  /** Leaves the last step where it stands. */
  end(): void {
    if (this.#open) this.#out.write('\n');
    this.#open = false;
  }

  #clear(): void {
    if (this.#open) this.#out.write('\r\u001B[K');
    this.#open = false;
  }
}
