import { QasmError } from './error.ts';
import type { Fault } from './error.ts';

/** What a token is. Punctuation and operators have their text; `end` is the end of the program. */
export type TokenKind =
  | 'name'
  | 'integer'
  | 'real'
  | 'imaginary'
  | 'timing'
  | 'string'
  | 'hardware'
  | 'annotation'
  | 'pragma'
  | 'punctuation'
  | 'end';

/** Place of a lexer, to which it can return. */
export interface Mark {
  readonly position: number;
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const THREE = ['**=', '<<=', '>>='];
const TWO = [
  '->', '++', '**', '==', '!=', '<=', '>=', '<<', '>>', '&&', '||',
  '+=', '-=', '*=', '/=', '&=', '|=', '^=', '%=', '~=',
]; // prettier-ignore
/** Characters that are tokens whatever follows. */
const SINGLE: ReadonlySet<number> = new Set([...';,()[]{}:@'].map((char) => char.charCodeAt(0)));
const LETTER = /[\p{L}\p{Nl}_]/u;
const NAME = /[\p{L}\p{Nl}\p{Nd}\p{Mn}_]/u;

/** Cuts a program into tokens, one at a time: the fields describe the current one. */
export class Lexer {
  /** The whole program. */
  readonly text: string;
  /** What the current token is. */
  kind: TokenKind = 'end';
  /** Its text; of a string without the quotes. */
  token = '';
  /** Offset of its first character. */
  start = 0;
  /** Offset behind its last character. */
  end = 0;
  /** Offset behind the last character of the token before. */
  before = 0;
  #position = 0;

  constructor(text: string) {
    this.text = text;
    this.next();
  }

  /** Stops with an error. */
  fail(what: string, fault: Fault): never {
    throw new QasmError(what, this.text, fault);
  }

  /** Remembers the current token. */
  mark(): Mark {
    const { kind, token, start, end } = this;
    return { position: this.#position, kind, text: token, start, end };
  }

  /** Goes back to a remembered token. */
  reset(mark: Mark): void {
    this.#position = mark.position;
    this.kind = mark.kind;
    this.token = mark.text;
    this.start = mark.start;
    this.end = mark.end;
  }

  /** Whether the current token is that punctuation or name. */
  is(token: string): boolean {
    return this.token === token && (this.kind === 'punctuation' || this.kind === 'name');
  }

  /** Goes to the next token. */
  next(): void {
    this.before = this.end;
    this.#skip();
    const { text } = this;
    const at = this.#position;
    this.start = at;
    if (at >= text.length) {
      this.#end('end', at, '');
      return;
    }
    const code = text.charCodeAt(at);
    if (isLetter(code) || (code > 127 && LETTER.test(this.#character(at)))) {
      this.#name(at);
    } else if (isDigit(code) || (code === 46 && isDigit(text.charCodeAt(at + 1)))) {
      this.#number(at);
    } else this.#other(at, code);
  }

  #end(kind: TokenKind, to: number, token?: string): void {
    this.kind = kind;
    this.token = token ?? this.text.slice(this.start, to);
    this.end = to;
    this.#position = to;
  }

  #character(at: number): string {
    return String.fromCodePoint(this.text.codePointAt(at)!);
  }

  /** White space and comments. */
  #skip(): void {
    const { text } = this;
    let at = this.#position;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === 32 || (code >= 9 && code <= 13) || code === 0xfeff || code === 0xa0) at++;
      else if (code === 47 && text.charCodeAt(at + 1) === 47) {
        const stop = text.indexOf('\n', at);
        at = stop < 0 ? text.length : stop;
      } else if (code === 47 && text.charCodeAt(at + 1) === 42) {
        const stop = text.indexOf('*/', at + 2);
        if (stop < 0) {
          this.fail('a comment has no end', { at, end: at + 2, remedy: 'Close it with */' });
        }
        at = stop + 2;
      } else break;
    }
    this.#position = at;
  }

  #name(at: number): void {
    const { text } = this;
    let to = at;
    for (;;) {
      const code = text.charCodeAt(to);
      if (isLetter(code) || isDigit(code)) to++;
      else if (code > 127 && NAME.test(this.#character(to))) to += this.#character(to).length;
      else break;
    }
    this.#end('name', to);
    if (this.token === 'pragma') this.#line('pragma');
  }

  #number(at: number): void {
    const { text } = this;
    if (text.charCodeAt(at) === 48 && isLetter(text.charCodeAt(at + 1))) {
      const prefixed = /^0(?:[xX][0-9a-fA-F_]+|[bB][01_]+|[oO][0-7_]+)/.exec(
        text.slice(at, at + 80),
      );
      if (prefixed !== null) {
        this.#numberEnd(at + prefixed[0].length, 'integer');
        return;
      }
    }
    let to = this.#digits(at);
    let kind: TokenKind = 'integer';
    if (text.charCodeAt(to) === 46) {
      kind = 'real';
      to = this.#digits(to + 1);
    }
    const mark = text.charCodeAt(to) | 32;
    if (mark === 101) {
      const sign = text.charCodeAt(to + 1);
      const digits = sign === 43 || sign === 45 ? to + 2 : to + 1;
      if (isDigit(text.charCodeAt(digits))) {
        kind = 'real';
        to = this.#digits(digits);
      }
    }
    this.#numberEnd(to, kind);
  }

  /** A unit behind a number makes it a time or an imaginary number; another letter is a fault. */
  #numberEnd(to: number, kind: TokenKind): void {
    const next = this.text.charCodeAt(to);
    if (next < 48 && next !== 32) {
      this.#end(kind, to);
      return;
    }
    const unit = /^\s?(dt|ns|us|µs|μs|ms|s|im)(?![\p{L}\p{N}_])/u.exec(this.text.slice(to, to + 5));
    if (unit !== null) this.#end(unit[1] === 'im' ? 'imaginary' : 'timing', to + unit[0].length);
    else if (isLetter(this.text.charCodeAt(to)) || isDigit(this.text.charCodeAt(to))) {
      this.fail('letters follow a number', {
        at: this.start,
        remedy: 'Put a space or an operator between',
      });
    } else this.#end(kind, to);
  }

  #digits(at: number): number {
    let to = at;
    while (isDigit(this.text.charCodeAt(to)) || (to > at && this.text.charCodeAt(to) === 95)) to++;
    return to;
  }

  /** The rest of the line. */
  #line(kind: TokenKind): void {
    const stop = this.text.indexOf('\n', this.start);
    this.#end(kind, stop < 0 ? this.text.length : stop);
  }

  #other(at: number, code: number): void {
    const { text } = this;
    const char = text[at]!;
    if (SINGLE.has(code)) {
      this.#end('punctuation', at + 1, char);
      return;
    }
    if (code === 34 || code === 39) {
      const stop = text.indexOf(char, at + 1);
      const line = text.indexOf('\n', at);
      if (stop < 0 || (line >= 0 && line < stop)) {
        this.fail('a string has no end', { at, end: at + 1, remedy: `Close it with ${char}` });
      }
      this.#end('string', stop + 1, text.slice(at + 1, stop));
      return;
    }
    if (code === 36 && isDigit(text.charCodeAt(at + 1))) {
      this.#end('hardware', this.#digits(at + 1));
      return;
    }
    if (code === 35) {
      if (text.startsWith('#pragma', at)) this.#line('pragma');
      else if (text.startsWith('#dim', at)) this.#end('punctuation', at + 1, '#');
      else this.fail(`unexpected character '#'`, { at });
      return;
    }
    const three = text.slice(at, at + 3);
    if (THREE.includes(three)) this.#end('punctuation', at + 3, three);
    else if (TWO.includes(three.slice(0, 2))) this.#end('punctuation', at + 2, three.slice(0, 2));
    else if ('=+-*/%<>!~&|^.'.includes(char)) this.#end('punctuation', at + 1, char);
    else {
      const odd = this.#character(at);
      const shown = /[\p{L}\p{N}\p{P}\p{S}]/u.test(odd)
        ? `'${odd}'`
        : `U+${odd.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
      this.fail(`unexpected character ${shown}`, { at, end: at + odd.length, remedy: 'Remove it' });
    }
  }

  /** Turns the current mark of an annotation into its whole line. */
  annotation(): void {
    this.#line('annotation');
  }
}

function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
