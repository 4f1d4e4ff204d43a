/** A command line that cannot be understood; the command ends with exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** `; did you mean …?` where a known name is close to the given one, else nothing. */
export function nearName(given: string, known: readonly string[]): string {
  const [best] = known
    .map((name) => ({ name, distance: distance(given, name) }))
    .filter(({ name, distance }) => distance <= (name.length < 4 ? 1 : 2))
    .sort((a, b) => a.distance - b.distance);
  return best === undefined ? '' : `; did you mean ${best.name}?`;
}

/** Number of letters to insert, remove or replace (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
