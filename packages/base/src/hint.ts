/**
 * ` (did you mean 'x'?)` for messages: the name nearest to a mistyped one, or nothing where none is near. Near means at
 * most half of the letters wrong, capitals apart.
 *
 * @example
 * ```ts
 * import { hint } from '@ketwork/base';
 * console.log(`unknown gate 'CNTO'${hint('CNTO', ['CNOT', 'CRX'])}`); // unknown gate 'CNTO' (did you mean 'CNOT'?)
 * ```
 */
export function hint(name: string, names: readonly string[]): string {
  let best: string | undefined;
  let least = Math.floor(name.length / 2) + 1;
  for (const candidate of names) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best === undefined ? '' : ` (did you mean '${best}'?)`;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
