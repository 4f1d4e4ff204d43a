import type {
  Expression,
  GateDefinition,
  Index,
  Parameter,
  Statement,
  TypeExpression,
} from '../ast.ts';
import { ExpressionParser, SCALARS, cut } from './expressions.ts';

/** What the notice of something skipped says. */
export const PULSES = 'a pulse-level definition';

/** Reads statements that hold other statements. */
export abstract class CompoundParser extends ExpressionParser {
  /** The next statement. */
  abstract statement(): Statement;

  /** Whether the program has ended. */
  get done(): boolean {
    return this.lexer.kind === 'end';
  }

  /** A body in braces or a single statement. */
  protected body(): Statement[] {
    return this.lexer.is('{') ? this.block() : this.deeper(() => [this.statement()]);
  }

  /** Statements in braces. */
  protected block(): Statement[] {
    return this.deeper(() => {
      const at = this.lexer.start;
      this.expect('{');
      const body: Statement[] = [];
      while (!this.lexer.is('}')) {
        if (this.done)
          this.lexer.fail('a block has no end', { at, end: at + 1, remedy: 'Close it with }' });
        body.push(this.statement());
      }
      this.lexer.next();
      return body;
    });
  }

  /** Skips a body in braces whose language is not OpenQASM. */
  protected skipped(at: number): Statement {
    const { lexer } = this;
    while (!lexer.is('{') && lexer.kind !== 'end') lexer.next();
    this.expect('{');
    for (let open = 1; open > 0; lexer.next()) {
      if (lexer.kind === 'end') lexer.fail('a block has no end', { at, remedy: 'Close it with }' });
      if (lexer.is('{')) open++;
      else if (lexer.is('}')) open--;
    }
    return { type: 'skipped', at, what: PULSES };
  }

  /** `gate` and `opaque`. */
  protected definition(token: string, at: number): GateDefinition {
    this.lexer.next();
    const name = this.name('the name of the gate');
    const parameters: string[] = [];
    if (this.take('(')) {
      while (!this.lexer.is(')')) {
        if (SCALARS.has(this.lexer.token) && this.version === 3) this.type();
        parameters.push(this.name('the name of a parameter'));
        if (!this.take(',')) break;
      }
      this.expect(')');
    }
    const qubits: string[] = [];
    if (!this.lexer.is('{') && !this.lexer.is(';')) {
      do qubits.push(this.name('the name of a qubit'));
      while (this.take(','));
    }
    if (qubits.length === 0) this.unexpected('a qubit', `Write gate ${cut(name)} q { … }`);
    if (token === 'opaque') {
      this.expect(';');
      return { type: 'gateDefinition', at, name, parameters, qubits };
    }
    return { type: 'gateDefinition', at, name, parameters, qubits, body: this.block() };
  }

  /** A loop over a range, a set or an array. */
  protected for(at: number): Statement {
    this.lexer.next();
    const { start, token } = this.lexer;
    if (!SCALARS.has(token)) {
      this.lexer.fail(`the type of the loop's variable is missing`, {
        at: start,
        remedy: `Write for int ${cut(token)} in …`,
      });
    }
    const kind = this.type();
    const name = this.name('a name');
    this.expect('in');
    let over: Index;
    if (this.lexer.is('[')) {
      const [only, ...more] = this.indices();
      if (more.length > 0 || only?.type !== 'range') {
        this.lexer.fail('a loop runs over a range', {
          at: start,
          remedy: 'Write [first:last] or [first:step:last]',
        });
      }
      over = only;
    } else over = this.lexer.is('{') ? this.index() : this.expression();
    return { type: 'for', at, kind, name, over, body: this.body() };
  }

  /** A switch becomes a chain of ifs. */
  protected switch(at: number): Statement {
    this.lexer.next();
    this.expect('(');
    const target = this.expression();
    this.expect(')');
    this.expect('{');
    const cases: {
      readonly at: number;
      readonly values: Expression[];
      readonly body: Statement[];
    }[] = [];
    let fallback: Statement[] | undefined;
    while (!this.lexer.is('}')) {
      const { start } = this.lexer;
      if (this.take('default')) {
        if (fallback !== undefined) this.lexer.fail('a switch has two defaults', { at: start });
        fallback = this.block();
        continue;
      }
      if (fallback !== undefined)
        this.lexer.fail('a case follows the default', { at: start, remedy: 'Move it up' });
      this.expect('case');
      const values = [this.expression()];
      while (this.take(',')) values.push(this.expression());
      cases.push({ at: start, values, body: this.block() });
      if (cases.length > this.nesting)
        this.lexer.fail(`a switch has more than ${this.nesting} cases`, { at: start });
    }
    this.lexer.next();
    if (cases.length === 0) this.lexer.fail('a switch has no case', { at, remedy: 'Add one' });
    return cases.reduceRight<Statement>(
      (rest, { at: where, values, body }) => {
        const condition = values
          .map((right): Expression => ({
            type: 'binary',
            at: right.at,
            mark: right.at,
            op: '==',
            left: target,
            right,
          }))
          .reduce((left, right) => ({
            type: 'binary',
            at: left.at,
            mark: left.at,
            op: '||',
            left,
            right,
          }));
        return { type: 'if', at: where, condition, then: body, otherwise: [rest] };
      },
      { type: 'block', at, body: fallback ?? [] },
    );
  }

  /** `def`. */
  protected subroutine(at: number): Statement {
    this.lexer.next();
    const name = this.name('the name of the subroutine');
    this.expect('(');
    const parameters: Parameter[] = [];
    while (!this.lexer.is(')')) {
      const { start } = this.lexer;
      const access = this.take('readonly')
        ? 'readonly'
        : this.take('mutable')
          ? 'mutable'
          : undefined;
      let kind: TypeExpression;
      let size: Expression | undefined;
      const { token } = this.lexer;
      if (token === 'qubit' || token === 'qreg' || token === 'creg') {
        this.lexer.next();
        if (this.take('[')) {
          size = this.expression();
          this.expect(']');
        }
        kind = {
          at: start,
          base: token === 'creg' ? 'bit' : 'qubit',
          ...(size === undefined ? {} : { size }),
        };
      } else kind = this.type();
      const parameter = this.name('the name of a parameter');
      parameters.push({
        at: start,
        name: parameter,
        kind: access === undefined ? kind : { ...kind, access },
      });
      if (!this.take(',')) break;
    }
    this.expect(')');
    const result = this.take('->') ? { result: this.type() } : {};
    return { type: 'subroutine', at, name, parameters, ...result, body: this.block() };
  }
}
