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
    list.push({
      text: match[0],
      value,
      slack: Math.max(tolerance * Math.max(1, Math.abs(value)), cut * 1.000001),
    });
    if (plain[last] === '…' && decimals > 0) last++;
  }
  if (last < plain.length) list.push({ text: plain.slice(last) });
  return list;
}

function agree(expected: Token, actual: Token | undefined): boolean {
  if (actual === undefined) return false;
  if (expected.value === undefined || actual.value === undefined)
    return expected.text === actual.text;
  if (expected.value === actual.value) return true;
  return Math.abs(expected.value - actual.value) <= (expected.slack ?? tolerance);
}

/**
 * Whether a comment states a value at all. One that starts with a word, behind something printed that does not,
 * is a remark ("three random numbers") and promises nothing that can be compared.
 */
export function isRemark(printed: string, comment: string): boolean {
  const startsWithWord = (text: string): boolean =>
    /^[a-z]/i.test(tokens(text)[0]?.text ?? '') && !/^(true|false|null|undefined|NaN)\b/.test(text);
  return startsWithWord(comment) && !startsWithWord(printed);
}

/**
 * Why a printed text is not the one a comment promises, or undefined where it is. Numbers may differ by 1e-6, or by
 * rounding where the comment shows three decimals or more; "…" stands for anything left out; the brackets of an
 * array may be missing.
 */
export function disagreement(printed: string, comment: string): string | undefined {
  const expected = tokens(comment);
  const bare = /^(?:[A-Z]\w+Array\(\d+\) |\(\d+\) )?\[([^[]*)\]$/s.exec(printed.trim())?.[1];
  const candidates = [printed, ...(bare === undefined ? [] : [bare])].map(tokens);
  const fits = candidates.some((actual) => fit(expected, actual));
  return fits ? undefined : `prints "${printed}" where the comment says "${comment}"`;
}

function fit(expected: readonly Token[], actual: readonly Token[]): boolean {
  const [head = [], ...tails] = splitAtEllipsis(expected);
  const tail = tails.at(-1);
  if (tail === undefined) {
    return head.length === actual.length && head.every((token, i) => agree(token, actual[i]));
  }
  return (
    head.every((token, i) => startsAgree(token, actual[i], i === head.length - 1)) &&
    tail.every((token, i) => endsAgree(token, actual[actual.length - tail.length + i], i === 0))
  );
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
