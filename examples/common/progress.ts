/** A progress bar on stderr: one line that is redrawn on a terminal, a line now and then elsewhere. */
export class ProgressBar {
  readonly #title: string;
  readonly #start = performance.now();
  readonly #terminal = process.stderr.isTTY === true;
  #drawn = 0;
  #announced = 0;

  constructor(title: string) {
    this.#title = title;
  }

  /**
   * Shows how far the work is, 0 to 1, and a text behind it. The time left is estimated from the time gone; `skipped` is
   * the share that took none.
   */
  update(progress: number, text: string, skipped = 0): void {
    const now = performance.now();
    const share = Math.min(1, Math.max(0, progress));
    const gone = (now - this.#start) / 1000;
    const worked = share - skipped;
    const left = worked > 0 ? (gone / worked) * (1 - share) : Number.NaN;
    const clock = `${duration(gone)} gone, ${Number.isNaN(left) ? '?' : duration(left)} left`;
    if (this.#terminal) {
      if (now - this.#drawn < 80 && share < 1) return;
      this.#drawn = now;
      const filled = Math.round(24 * share);
      const bar = `${'█'.repeat(filled)}${'░'.repeat(24 - filled)}`;
      const line = `${this.#title} ${bar} ${percent(share)}  ${clock}  ${text}`;
      process.stderr.write(`\r${line.slice(0, (process.stderr.columns ?? 100) - 1)}\u001B[K`);
    } else if (share - this.#announced >= 0.1 || now - this.#drawn > 15_000) {
      this.#announced = share;
      this.#drawn = now;
      process.stderr.write(`${this.#title} ${percent(share)}  ${clock}  ${text}\n`);
    }
  }

  /** Ends the line. */
  done(): void {
    if (this.#terminal) process.stderr.write('\r\u001B[K');
    process.stderr.write(
      `${this.#title} done in ${duration((performance.now() - this.#start) / 1000)}\n`,
    );
  }
}

/** Seconds as text. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 60
    ? `${whole} s`
    : `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}

function percent(share: number): string {
  return `${Math.floor(100 * share)} %`.padStart(5);
}
