const number = /[-−]?(?:\d+\.?\d*(?:e[+-]?\d+)?|Infinity)/giu;
const tolerance = 1e-6;

interface Token {
  readonly text: string;
  readonly value?: number;
  /** How far off a number may be. */
  readonly slack?: number;
}

/** Numbers and what stands between them, without what is only dressing: quotes, names of array types, spaces. */
function tokens(text: string): Token[] {
  const plain = text
    .replaceAll(/\b(?:Float|Uint|Int|BigInt|BigUint)\d+(?:Clamped)?Array(?:\(\d+\))?\s*/g, '')
    .replaceAll(/\(\d+\) (?=\[)/g, '')
    .replaceAll(/\[Object: null prototype\]\s*/g, '')
    .replaceAll(/['"`]/g, '')
    .replaceAll('...', '…')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ?([[\](){},:…]) ?/g, '$1')
    .trim();
  const list: Token[] = [];
  let last = 0;
  for (const match of plain.matchAll(number)) {
    if (match.index > last) list.push({ text: plain.slice(last, match.index) });
    last = match.index + match[0].length;
    const decimals = /\.(\d+)/.exec(match[0])?.[1]?.length ?? 0;
    // Digits that are left out ("0.247…") or rounded away (three or more shown) bound the tolerance.
    const cut = plain[last] === '…' ? 10 ** -decimals : decimals >= 3 ? 0.5 * 10 ** -decimals : 0;
    const value = Number(match[0].replace('−', '-'));
    list.push({ text: match[0], value, slack: Math.max(tolerance * Math.max(1, Math.abs(value)), cut * 1.000001) });
    if (plain[last] === '…' && decimals > 0) last++;
  }
  if (last < plain.length) list.push({ text: plain.slice(last) });
  return list;
}

function agree(expected: Token, actual: Token | undefined): boolean {
  if (actual === undefined) return false;
  if (expected.value === undefined || actual.value === undefined) return expected.text === actual.text;
  if (expected.value === actual.value) return true;
  return Math.abs(expected.value - actual.value) <= (expected.slack ?? tolerance);
}

/**
 * Why a printed text is not the one a comment promises, or undefined where it is. Numbers may differ by 1e-6, or by
 * rounding where the comment shows three decimals or more; "…" stands for anything left out.
 */
export function disagreement(printed: string, comment: string): string | undefined {
  const [head, ...tails] = splitAtEllipsis(tokens(comment));
  const actual = tokens(printed);
  const tail = tails.at(-1);
  const whole = tail === undefined;
  const fits =
    (head ?? []).every((token, i) => startsAgree(token, actual[i], !whole && i === (head?.length ?? 0) - 1)) &&
    (whole
      ? head?.length === actual.length
      : tail.every((token, i) => endsAgree(token, actual[actual.length - tail.length + i], i === 0)));
  return fits ? undefined : `prints "${printed}" where the comment says "${comment}"`;
}

function splitAtEllipsis(list: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]];
  for (const token of list) {
    const [first, ...others] = token.value === undefined ? token.text.split('…') : [token.text];
    const push = (text: string): void => {
      if (text !== '') parts.at(-1)?.push(token.value === undefined ? { text } : token);
    };
    push(first ?? '');
    for (const other of others) {
      parts.push([]);
      push(other);
    }
  }
  return parts;
}

function startsAgree(expected: Token, actual: Token | undefined, last: boolean): boolean {
  if (last && expected.value === undefined) return actual?.text.startsWith(expected.text) ?? false;
  return agree(expected, actual);
}

function endsAgree(expected: Token, actual: Token | undefined, first: boolean): boolean {
  if (first && expected.value === undefined) return actual?.text.endsWith(expected.text) ?? false;
  return agree(expected, actual);
}
