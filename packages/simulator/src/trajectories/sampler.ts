/** Draws outcomes for few random numbers in one pass over the probabilities. */
export class Sampler {
  /**
   * @param probability of each outcome; they need not sum to 1
   * @param numbers in [0, 1)
   * @returns for each number the outcome whose share of the running sum holds it
   */
  draw(
    probability: (outcome: number) => number,
    outcomes: number,
    numbers: readonly number[],
  ): Uint32Array {
    let total = 0;
    let last = 0;
    for (let i = 0; i < outcomes; i++) {
      const p = probability(i);
      total += p;
      if (p > 0) last = i;
    }
    const order = numbers
      .map((_, i) => i)
      .sort((a, b) => (numbers[a] as number) - (numbers[b] as number));
    const out = new Uint32Array(numbers.length);
    let at = 0;
    let sum = probability(0);
    for (const i of order) {
      const wanted = (numbers[i] as number) * total;
      while (at < last && sum <= wanted) sum += probability(++at);
      out[i] = at;
    }
    return out;
  }
}
