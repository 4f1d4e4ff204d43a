/** Rows of results by name, for the examples from one number to before another. */
export type Rows = Readonly<Record<string, Float64Array>>;

/**
 * Throws unless parts of a batch have the very bits that they have in the whole: single examples, and all but the ends.
 * `compute` gives, for the examples from `from` to before `to`, arrays with the examples as first axis.
 */
export async function expectSameBits(
  count: number,
  compute: (from: number, to: number) => Promise<Rows>,
): Promise<void> {
  const whole = await compute(0, count);
  const ones = Array.from({ length: count }, (_, e) => [e, e + 1] as const);
  for (const [from, to] of count > 2 ? [...ones, [1, count - 1] as const] : ones) {
    for (const [name, rows] of Object.entries(await compute(from, to))) {
      const all = whole[name]!;
      const row = all.length / count;
      if (rows.length !== (to - from) * row)
        throw new Error(`${name}: length ${rows.length} instead of ${(to - from) * row}`);
      const at = rows.findIndex((value, i) => !Object.is(value, all[from * row + i]));
      if (at < 0) continue;
      throw new Error(
        `${name} of example ${from + Math.floor(at / row)}: element ${at % row} is ${rows[at]} among examples ${from} to ${to - 1}, ${all[from * row + at]} in the whole batch`,
      );
    }
  }
}
