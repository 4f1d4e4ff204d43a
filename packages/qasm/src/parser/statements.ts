import type { Expression, Modifier, Statement, TypeExpression } from '../ast.ts';
import type { TokenKind } from '../lexer.ts';
import { CompoundParser, PULSES } from './compound.ts';
import { SCALARS, cut } from './expressions.ts';

const ASSIGNMENTS: ReadonlySet<string> = new Set([
  '=', '+=', '-=', '*=', '/=', '&=', '|=', '^=', '%=', '<<=', '>>=', '**=', '~=',
]); // prettier-ignore

const MODIFIERS: ReadonlySet<string> = new Set(['ctrl', 'negctrl', 'inv', 'pow']);

/** Reads statements of OpenQASM 2 and 3, one at a time. */
export class StatementParser extends CompoundParser {
  /**
   * The version line.
   *
   * @param assumed Version of a program without one.
   */
  header(assumed: 2 | 3): 2 | 3 {
    const { lexer } = this;
    this.version = assumed;
    if (!lexer.is('OPENQASM')) return assumed;
    lexer.next();
    const { kind, token, start: at, end } = lexer;
    const wanted = 'This reads OPENQASM 2.0 and OPENQASM 3.0';
    if (kind !== 'integer' && kind !== 'real') this.unexpected('a version', wanted);
    const major = /^(\d+)(?:\.\d+)?$/.exec(token)?.[1];
    if (major !== '2' && major !== '3') {
      lexer.fail(`OpenQASM ${cut(token)} is unknown`, { at, end, remedy: wanted });
    }
    this.version = major === '2' ? 2 : 3;
    lexer.next();
    this.expect(';');
    return this.version;
  }

  /** The next statement. */
  override statement(): Statement {
    const { lexer } = this;
    const { kind, token, start: at } = lexer;
    if (kind === 'pragma') {
      lexer.next();
      return { type: 'skipped', at, what: `the pragma '${cut(token)}'` };
    }
    if (kind === 'punctuation' && token === '@') {
      lexer.annotation();
      const what = `the annotation '${cut(lexer.token)}'`;
      lexer.next();
      return { type: 'skipped', at, what };
    }
    if (kind === 'punctuation' && token === '{' && this.version === 3) {
      return { type: 'block', at, body: this.block() };
    }
    if (kind === 'hardware') return this.started(at);
    if (kind !== 'name') this.unexpected('a statement');
    return this.version === 2 ? this.#version2(token, at) : this.#version3(token, at);
  }

  #version2(token: string, at: number): Statement {
    switch (token) {
      case 'if': {
        this.lexer.next();
        this.expect('(');
        const condition = this.expression();
        this.expect(')');
        if (
          condition.type !== 'binary' ||
          condition.op !== '==' ||
          condition.left.type !== 'name'
        ) {
          this.lexer.fail('a condition of OpenQASM 2 compares a register with an integer', {
            at: condition.at,
            remedy: 'Write if (c == 1) …, or use version 3',
          });
        }
        const body = this.deeper(() => this.statement());
        if (!['gate', 'measure', 'reset'].includes(body.type)) {
          this.lexer.fail(
            'a condition of OpenQASM 2 stands before a gate, a measurement or a reset',
            {
              at: body.at,
              remedy: 'Use version 3 for others',
            },
          );
        }
        return { type: 'if', at, condition, then: [body], otherwise: [] };
      }
      case 'qreg':
      case 'creg':
        return this.#register(token, at);
      case 'measure':
        return this.#measure(at);
      default:
        return this.#common(token, at) ?? this.#call(at);
    }
  }

  /** Statements of both versions. */
  #common(token: string, at: number): Statement | undefined {
    const { lexer } = this;
    switch (token) {
      case 'include': {
        lexer.next();
        const { token: file, kind } = lexer;
        if (kind !== 'string') this.unexpected('the name of a file in quotes');
        lexer.next();
        this.expect(';');
        return { type: 'include', at, file };
      }
      case 'gate':
      case 'opaque':
        return this.definition(token, at);
      case 'barrier': {
        lexer.next();
        const operands = lexer.is(';') ? [] : this.operands();
        this.expect(';');
        return { type: 'barrier', at, operands };
      }
      case 'reset': {
        lexer.next();
        const operand = this.operand();
        this.expect(';');
        return { type: 'reset', at, operand };
      }
      case 'OPENQASM':
        return lexer.fail('the version is not the first statement', {
          at,
          remedy: 'Move it to the top, and give it once',
        });
      default:
        return undefined;
    }
  }

  #version3(token: string, at: number): Statement {
    const { lexer } = this;
    const common = this.#common(token, at);
    if (common !== undefined) return common;
    if (MODIFIERS.has(token)) return this.#call(at);
    if (SCALARS.has(token) || token === 'array') return this.#declaration(at);
    switch (token) {
      case 'qreg':
      case 'creg':
        return this.#register(token, at);
      case 'qubit':
        return this.#qubits(at);
      case 'const':
      case 'input':
      case 'output': {
        lexer.next();
        const role = token === 'const' ? 'constant' : token;
        return this.#variable(at, role, this.type());
      }
      case 'let': {
        lexer.next();
        const nameAt = lexer.start;
        const name = this.name('a name');
        this.expect('=');
        const value = this.operand();
        this.expect(';');
        return { type: 'alias', at, name, nameAt, value };
      }
      case 'gphase':
        return this.#call(at);
      case 'measure':
        return this.#measure(at);
      case 'if': {
        lexer.next();
        this.expect('(');
        const condition = this.expression();
        this.expect(')');
        const then = this.body();
        const otherwise = this.take('else') ? this.body() : [];
        return { type: 'if', at, condition, then, otherwise };
      }
      case 'for':
        return this.for(at);
      case 'while': {
        lexer.next();
        this.expect('(');
        const condition = this.expression();
        this.expect(')');
        return { type: 'while', at, condition, body: this.body() };
      }
      case 'switch':
        return this.switch(at);
      case 'break':
      case 'continue':
      case 'end':
        lexer.next();
        this.expect(';');
        return { type: token, at };
      case 'return': {
        lexer.next();
        const value = lexer.is(';') ? {} : { value: this.expression() };
        this.expect(';');
        return { type: 'return', at, ...value };
      }
      case 'def':
        return this.subroutine(at);
      case 'box':
        lexer.next();
        if (lexer.is('[')) this.indices();
        return { type: 'block', at, body: this.block() };
      case 'delay':
        lexer.next();
        this.indices();
        if (!lexer.is(';')) this.operands();
        this.expect(';');
        return { type: 'skipped', at, what: 'a delay' };
      case 'nop':
        lexer.next();
        if (!lexer.is(';')) this.operands();
        this.expect(';');
        return { type: 'skipped', at, what: 'a nop' };
      case 'extern':
      case 'defcalgrammar':
        while (!lexer.is(';') && lexer.kind !== 'end') lexer.next();
        this.expect(';');
        return { type: 'skipped', at, what: token === 'extern' ? 'an extern function' : PULSES };
      case 'cal':
      case 'defcal':
        return this.skipped(at);
      default:
        return this.started(at);
    }
  }

  /** `qreg q[2];` and `creg c[2];` */
  #register(token: string, at: number): Statement {
    this.lexer.next();
    const nameAt = this.lexer.start;
    const name = this.name('a name');
    let size: Expression | undefined;
    if (this.take('[')) {
      size = this.expression();
      this.expect(']');
    } else if (this.version === 2) this.unexpected("'['", 'Registers have a length, such as q[2]');
    this.expect(';');
    const length = size === undefined ? {} : { size };
    if (token === 'qreg') return { type: 'qubits', at, name, nameAt, ...length };
    return {
      type: 'declare',
      at,
      kind: { at, base: 'bit', ...length },
      name,
      nameAt,
      role: 'variable',
    };
  }

  #qubits(at: number): Statement {
    this.lexer.next();
    let size: Expression | undefined;
    if (this.take('[')) {
      size = this.expression();
      this.expect(']');
    }
    const nameAt = this.lexer.start;
    const name = this.name('a name');
    if (this.lexer.is('[')) this.unexpected("';'", `Write qubit[n] ${cut(name)};`);
    this.expect(';');
    return { type: 'qubits', at, name, nameAt, ...(size === undefined ? {} : { size }) };
  }

  /** A declaration, or a cast that begins a statement. */
  #declaration(at: number): Statement {
    const kind = this.type();
    if (this.lexer.is('(')) {
      this.lexer.fail('a cast is not a statement', { at, remedy: 'Assign its value' });
    }
    return this.#variable(at, 'variable', kind);
  }

  #variable(
    at: number,
    role: 'variable' | 'constant' | 'input' | 'output',
    kind: TypeExpression,
  ): Statement {
    const nameAt = this.lexer.start;
    const name = this.name('a name');
    const value = this.take('=') ? { value: this.#value() } : {};
    this.expect(';');
    return { type: 'declare', at, kind, name, nameAt, role, ...value };
  }

  /** What may stand behind `=`. */
  #value(): Expression {
    if (this.lexer.is('{')) return this.list();
    if (this.lexer.is('measure')) {
      const { start: at } = this.lexer;
      this.lexer.next();
      return { type: 'measure', at, operand: this.operand() };
    }
    const value = this.expression();
    if (!this.lexer.is('++')) return value;
    this.lexer.next();
    return { type: 'concat', at: value.at, left: value, right: this.operand() };
  }

  #measure(at: number): Statement {
    this.lexer.next();
    const operand = this.operand();
    if (this.take('->')) {
      const target = this.operand();
      this.expect(';');
      return { type: 'measure', at, operand, target };
    }
    if (this.version === 2)
      this.unexpected("'->'", 'Measure into a bit, such as measure q[0] -> c[0];');
    this.expect(';');
    return { type: 'measure', at, operand };
  }

  /** A gate with its modifiers, or a global phase. */
  #call(at: number): Statement {
    const { lexer } = this;
    const modifiers: Modifier[] = [];
    while (this.version === 3 && MODIFIERS.has(lexer.token) && lexer.kind === 'name') {
      const { start, token } = lexer;
      lexer.next();
      let value: Expression | undefined;
      if (this.take('(')) {
        value = this.expression();
        this.expect(')');
      } else if (token === 'pow')
        this.unexpected("'('", 'A power has an exponent, such as pow(2) @');
      this.expect('@');
      if (modifiers.length === this.nesting) {
        lexer.fail(`a gate has more than ${this.nesting} modifiers`, { at: start });
      }
      modifiers.push({
        at: start,
        name: token as Modifier['name'],
        ...(value === undefined ? {} : { value }),
      });
    }
    const name = this.name('the name of a gate');
    const values = this.take('(') ? this.expressions(')') : [];
    if (lexer.is('[')) this.indices(); // a duration
    if (name === 'gphase' && this.version === 3) {
      const [value, ...more] = values;
      if (value === undefined || more.length > 0) {
        return lexer.fail('gphase takes one angle', { at });
      }
      const operands = lexer.is(';') ? [] : this.operands();
      const end = lexer.before;
      this.expect(';');
      return { type: 'gphase', at, end, modifiers, value, operands };
    }
    if (lexer.is(';')) {
      return this.version === 3 && modifiers.length === 0
        ? this.#ended({ type: 'expression', at, value: { type: 'call', at, name, values } })
        : this.unexpected('a qubit');
    }
    const operands = this.operands();
    const end = lexer.before;
    this.expect(';');
    return { type: 'gate', at, end, name, modifiers, values, operands };
  }

  #ended(statement: Statement): Statement {
    this.expect(';');
    return statement;
  }

  /** A statement that begins with a name: a gate, an assignment or a call. */
  protected started(at: number): Statement {
    const { lexer } = this;
    const mark = lexer.mark();
    if (lexer.kind === 'name') {
      lexer.next();
      // Whatever follows the name of a gate is a qubit or an angle in parentheses.
      const next: TokenKind = lexer.kind;
      if (next === 'name' || next === 'hardware' || lexer.is('(')) {
        lexer.reset(mark);
        return this.#call(at);
      }
      if (lexer.is(';')) {
        lexer.fail(`'${cut(mark.text)}' is not a statement`, {
          at,
          remedy: 'A gate needs qubits, a subroutine parentheses',
        });
      }
      lexer.reset(mark);
    }
    const target = this.postfix();
    const { token, kind } = lexer;
    if (kind !== 'punctuation' || !ASSIGNMENTS.has(token)) {
      if (target.type === 'index' && target.of.type === 'name' && kind === 'name') {
        // A gate with a duration, such as `x[20ns] q;`.
        lexer.reset(mark);
        return this.#call(at);
      }
      this.unexpected("'='", 'Assign a value, or call a gate');
    }
    lexer.next();
    const value = this.#value();
    this.expect(';');
    return { type: 'assign', at, target, op: token.slice(0, -1), value };
  }
}
