import type { Expression, Index, TypeExpression } from '../ast.ts';
import { Lexer } from '../lexer.ts';

/** Binary operators by how strongly they bind; those of OpenQASM 2 are among them with other meanings. */
const BINDING: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  '|': 3,
  '^': 4,
  '&': 5,
  '==': 6,
  '!=': 6,
  '<': 7,
  '<=': 7,
  '>': 7,
  '>=': 7,
  '<<': 8,
  '>>': 8,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '%': 10,
};

/** Names that begin a scalar type. */
export const SCALARS: ReadonlySet<string> = new Set([
  'bit', 'bool', 'int', 'uint', 'float', 'angle', 'complex', 'duration', 'stretch',
]); // prettier-ignore

const UNITS: Readonly<Record<string, number>> = {
  dt: 1e-9,
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
};

/** Reads expressions and types. */
export class ExpressionParser {
  protected readonly lexer: Lexer;
  /** 2 or 3, once known. */
  protected version: 2 | 3 = 3;
  /** How deep expressions and statements may be nested. */
  protected readonly nesting: number;
  protected depth = 0;

  constructor(text: string, nesting: number) {
    this.lexer = new Lexer(text);
    this.nesting = nesting;
  }

  /** Stops at the current token. */
  protected unexpected(wanted: string, remedy?: string): never {
    const { lexer } = this;
    const { kind, token } = lexer;
    const found =
      kind === 'end'
        ? 'the end of the program'
        : kind === 'string'
          ? 'a string'
          : `'${cut(token)}'`;
    // A missing semicolon belongs to the line before.
    const missing = wanted === "';'" && lexer.text.slice(lexer.before, lexer.start).includes('\n');
    const place = missing
      ? { at: Math.max(0, lexer.before - 1), end: lexer.before }
      : { at: lexer.start, end: lexer.end };
    return lexer.fail(`${wanted} is missing before ${found}`, {
      ...place,
      ...(remedy === undefined ? {} : { remedy }),
    });
  }

  /** Takes that token, or stops. */
  protected expect(token: string, remedy?: string): void {
    if (!this.lexer.is(token)) this.unexpected(`'${token}'`, remedy);
    this.lexer.next();
  }

  /** Takes that token if it is there. */
  protected take(token: string): boolean {
    if (!this.lexer.is(token)) return false;
    this.lexer.next();
    return true;
  }

  /** Takes a name. */
  protected name(what: string): string {
    if (this.lexer.kind !== 'name') this.unexpected(what);
    const { token } = this.lexer;
    this.lexer.next();
    return token;
  }

  /** Goes one level deeper; a fault ends the reading, so only success must call `leave`. */
  protected enter(): void {
    if (++this.depth <= this.nesting) return;
    this.lexer.fail(`the program is nested more than ${this.nesting} deep`, {
      at: this.lexer.start,
      remedy: 'Flatten it, or name parts of it',
    });
  }

  /** Runs `work` one level deeper. */
  protected deeper<T>(work: () => T): T {
    this.enter();
    const result = work();
    this.depth--;
    return result;
  }

  /** An expression; binary operators that bind as strongly as `least` or more belong to it. */
  expression(least = 1): Expression {
    this.enter();
    let left = this.unary();
    for (;;) {
      const { kind, token, start } = this.lexer;
      if (kind !== 'punctuation') break;
      const binding = this.version === 2 && token === '^' ? undefined : BINDING[token];
      if (binding === undefined || binding < least) break;
      this.lexer.next();
      const right = this.expression(binding + 1);
      left = { type: 'binary', at: left.at, mark: start, op: token, left, right };
    }
    this.depth--;
    return left;
  }

  /** Signs bind less than powers: `-a ** b` is `-(a ** b)`. */
  protected unary(): Expression {
    const { token, start, kind } = this.lexer;
    if (
      kind === 'punctuation' &&
      (token === '-' || token === '!' || token === '~' || token === '+')
    ) {
      this.lexer.next();
      const of = this.deeper(() => this.unary());
      return token === '+' ? of : { type: 'unary', at: start, op: token, of };
    }
    const base = this.postfix();
    const { start: mark } = this.lexer;
    if (!this.lexer.is(this.version === 2 ? '^' : '**')) return base;
    this.lexer.next();
    const right = this.deeper(() => this.unary());
    return { type: 'binary', at: base.at, mark, op: '**', left: base, right };
  }

  protected postfix(): Expression {
    let value = this.primary();
    for (let brackets = 0; this.lexer.is('['); brackets++) {
      if (brackets === 8)
        this.unexpected('the end of the indices', 'Arrays have at most 7 dimensions');
      const indices = this.indices();
      value = { type: 'index', at: value.at, of: value, indices };
    }
    return value;
  }

  /** What stands between brackets. */
  protected indices(): Index[] {
    this.expect('[');
    const indices: Index[] = [];
    do {
      if (this.lexer.is(']')) break;
      indices.push(this.index());
    } while (this.take(','));
    if (indices.length === 0) this.unexpected('an index');
    this.expect(']');
    return indices;
  }

  /** A number, a range or a set. */
  protected index(): Index {
    const at = this.lexer.start;
    if (this.take('{')) return { type: 'set', at, items: this.expressions('}') };
    const start = this.lexer.is(':') ? undefined : this.expression();
    if (!this.take(':')) return start!;
    const ends = (): boolean => this.lexer.is(']') || this.lexer.is(',') || this.lexer.is(':');
    const second = ends() ? undefined : this.expression();
    const begin = start === undefined ? {} : { start };
    if (!this.take(':')) {
      return { type: 'range', at, ...begin, ...(second === undefined ? {} : { stop: second }) };
    }
    const third = ends() ? undefined : this.expression();
    return {
      type: 'range',
      at,
      ...begin,
      ...(second === undefined ? {} : { step: second }),
      ...(third === undefined ? {} : { stop: third }),
    };
  }

  /** Expressions up to a closing token, which is taken. */
  protected expressions(close: string): Expression[] {
    const items: Expression[] = [];
    while (!this.lexer.is(close)) {
      items.push(this.lexer.is('{') ? this.list() : this.expression());
      if (!this.take(',')) break;
    }
    this.expect(close);
    return items;
  }

  /** The elements of an array in braces. */
  protected list(): Expression {
    const at = this.lexer.start;
    return this.deeper(() => {
      this.expect('{');
      return { type: 'list', at, items: this.expressions('}') };
    });
  }

  protected primary(): Expression {
    const { lexer } = this;
    const { kind, token, start: at } = lexer;
    switch (kind) {
      case 'integer':
        lexer.next();
        return { type: 'number', at, value: numberOf(token), integer: true };
      case 'real':
        lexer.next();
        return { type: 'number', at, value: numberOf(token), integer: false };
      case 'timing': {
        lexer.next();
        const unit = /[^\d.eE+_\s-]+$/u.exec(token)![0];
        return { type: 'timing', at, value: parseFloat(token) * (UNITS[unit] ?? 1) };
      }
      case 'string':
        if (!/^[01][01_]*$/.test(token)) {
          lexer.fail('a string is not a value', {
            at,
            end: lexer.end,
            remedy: 'Bit strings such as "0110" are',
          });
        }
        lexer.next();
        return { type: 'bits', at, text: token.replaceAll('_', '') };
      case 'hardware':
        lexer.next();
        return { type: 'hardware', at, index: Number(token.slice(1)) };
      case 'name':
        return this.named(token, at);
      case 'imaginary':
        return lexer.fail('complex numbers are not supported', {
          at,
          end: lexer.end,
          remedy: 'Use real numbers and angles',
        });
      default:
        if (this.take('(')) {
          const inner = this.expression();
          this.expect(')');
          return inner;
        }
        return this.unexpected('a value');
    }
  }

  /** An expression that begins with a name: a constant, a cast, a call, a measurement. */
  protected named(token: string, at: number): Expression {
    const { lexer } = this;
    if (this.version === 3) {
      if (token === 'true' || token === 'false') {
        lexer.next();
        return { type: 'boolean', at, value: token === 'true' };
      }
      if (token === 'measure') {
        lexer.next();
        return { type: 'measure', at, operand: this.postfix() };
      }
      if (SCALARS.has(token) || token === 'array') {
        const to = this.type();
        this.expect('(', 'A type in an expression is a cast, such as int(c)');
        const of = this.expression();
        this.expect(')');
        return { type: 'cast', at, to, of };
      }
    }
    lexer.next();
    if (!this.take('(')) return { type: 'name', at, name: token };
    return { type: 'call', at, name: token, values: this.expressions(')') };
  }

  /** A type of a variable. */
  type(): TypeExpression {
    const { start: at, token: base } = this.lexer;
    if (this.lexer.kind !== 'name' || !(SCALARS.has(base) || base === 'array'))
      this.unexpected('a type');
    this.lexer.next();
    if (base === 'array') {
      this.expect('[');
      const element = this.type();
      const dimensions: Expression[] = [];
      let rank: Expression | undefined;
      while (this.take(',')) {
        if (this.lexer.is('#')) this.lexer.next();
        if (this.lexer.is('dim')) {
          this.lexer.next();
          this.expect('=');
          rank = this.expression();
        } else dimensions.push(this.expression());
      }
      this.expect(']');
      return { ...element, at, dimensions, ...(rank === undefined ? {} : { rank }) };
    }
    if (base === 'complex') {
      this.lexer.fail('complex numbers are not supported', {
        at,
        remedy: 'Use real numbers and angles',
      });
    }
    if (!this.lexer.is('[') || base === 'bool' || base === 'duration' || base === 'stretch')
      return { at, base };
    this.lexer.next();
    const size = this.expression();
    this.expect(']');
    return { at, base, size };
  }

  /** Qubits or bits: a name, perhaps with indices, or several of them joined by `++`. */
  protected operand(): Expression {
    const { start: at } = this.lexer;
    const left = this.postfix();
    if (!this.lexer.is('++')) return left;
    return this.deeper(() => {
      this.lexer.next();
      return { type: 'concat', at, left, right: this.operand() };
    });
  }

  /** Operands with commas between. */
  protected operands(): Expression[] {
    const list = [this.operand()];
    while (this.take(',')) list.push(this.operand());
    return list;
  }
}

/** A number without the underscores that may stand between digits. */
function numberOf(token: string): number {
  return Number(token.includes('_') ? token.replaceAll('_', '') : token);
}

/** A long text cut short. */
export function cut(text: string): string {
  return text.length > 30 ? `${text.slice(0, 30)}…` : text;
}
