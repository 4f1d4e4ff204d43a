import type { RoundRecord, Update } from '../contract.ts';
import { checkUpdate } from '../rounds/check.ts';
import type { Rounds } from '../rounds/rounds.ts';
import { sumSecurely } from '../secure/round.ts';

/** The updates of a round on their way into a secure sum, all participants being in this process. */
export class SecretUpdates {
  readonly #rounds: Rounds;
  readonly #updates: Map<string, Update> = new Map();

  constructor(rounds: Rounds) {
    this.#rounds = rounds;
  }

  /** Takes what a participant is about to mask. @throws UpdateError where it could not: it drops out then. */
  take(update: unknown, from: string): void {
    const { round, weights } = this.#rounds.current!;
    const checked = checkUpdate(update, from, round, weights, this.#rounds.plan);
    if (!this.#updates.has(from)) this.#updates.set(from, checked);
  }

  /** Ends the open round with the sum. @throws what `closeSummed` and `repeat` of the rounds throw. */
  async close(seconds: () => number): Promise<RoundRecord | 'repeat'> {
    const sum = await sumSecurely(this.#rounds.plan, this.#rounds.current!, this.#updates);
    const count = this.#updates.size;
    this.#updates.clear();
    return sum === undefined
      ? this.#rounds.repeat(count)
      : this.#rounds.closeSummed(sum, seconds());
  }
}
