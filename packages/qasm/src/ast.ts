/*
 * What the parser makes of a program. `at` is the offset of a node's first character, `end` the one behind its last.
 */

/** An expression. */
export type Expression =
  | {
      readonly type: 'number';
      readonly at: number;
      readonly value: number;
      readonly integer: boolean;
    }
  | { readonly type: 'boolean'; readonly at: number; readonly value: boolean }
  /** A bit string such as `"0110"`, the first character being the most significant bit. */
  | { readonly type: 'bits'; readonly at: number; readonly text: string }
  /** A time in seconds. */
  | { readonly type: 'timing'; readonly at: number; readonly value: number }
  | { readonly type: 'name'; readonly at: number; readonly name: string }
  /** A physical qubit such as `$2`. */
  | { readonly type: 'hardware'; readonly at: number; readonly index: number }
  | { readonly type: 'unary'; readonly at: number; readonly op: string; readonly of: Expression }
  | {
      readonly type: 'binary';
      readonly at: number;
      /** Where the operator stands. */
      readonly mark: number;
      readonly op: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly type: 'call';
      readonly at: number;
      readonly name: string;
      readonly values: readonly Expression[];
    }
  | {
      readonly type: 'cast';
      readonly at: number;
      readonly to: TypeExpression;
      readonly of: Expression;
    }
  | {
      readonly type: 'index';
      readonly at: number;
      readonly of: Expression;
      readonly indices: readonly Index[];
    }
  /** The elements of an array. */
  | { readonly type: 'list'; readonly at: number; readonly items: readonly Expression[] }
  | { readonly type: 'measure'; readonly at: number; readonly operand: Expression }
  | {
      readonly type: 'concat';
      readonly at: number;
      readonly left: Expression;
      readonly right: Expression;
    };

/** `start:step:stop`, both ends included; a missing end is that of the register. */
export interface Range {
  readonly type: 'range';
  readonly at: number;
  readonly start?: Expression;
  readonly step?: Expression;
  readonly stop?: Expression;
}

/** A set of values such as `{0, 2, 3}`. */
export interface IndexSet {
  readonly type: 'set';
  readonly at: number;
  readonly items: readonly Expression[];
}

/** What stands between brackets. */
export type Index = Expression | Range | IndexSet;

/** A type as it is written. */
export interface TypeExpression {
  readonly at: number;
  readonly base: string;
  /** Width of a scalar, or length of a register. */
  readonly size?: Expression;
  /** Lengths of an array, outermost first. */
  readonly dimensions?: readonly Expression[];
  /** Number of dimensions of an array parameter that fits any lengths. */
  readonly rank?: Expression;
  /** Whether a subroutine may change an array it is given. */
  readonly access?: 'readonly' | 'mutable';
}

/** `ctrl`, `negctrl`, `inv` or `pow` in front of a gate. */
export interface Modifier {
  readonly at: number;
  readonly name: 'ctrl' | 'negctrl' | 'inv' | 'pow';
  readonly value?: Expression;
}

/** A call of a gate. */
export interface GateCall {
  readonly type: 'gate';
  readonly at: number;
  readonly end: number;
  readonly name: string;
  readonly modifiers: readonly Modifier[];
  readonly values: readonly Expression[];
  readonly operands: readonly Expression[];
}

/** Parameter of a subroutine. */
export interface Parameter {
  readonly at: number;
  readonly name: string;
  readonly kind: TypeExpression;
}

/** A gate that the program defines. */
export interface GateDefinition {
  readonly type: 'gateDefinition';
  readonly at: number;
  readonly name: string;
  readonly parameters: readonly string[];
  readonly qubits: readonly string[];
  /** Undefined for an opaque gate. */
  readonly body?: readonly Statement[];
}

/** A subroutine. */
export interface Subroutine {
  readonly type: 'subroutine';
  readonly at: number;
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly result?: TypeExpression;
  readonly body: readonly Statement[];
}

/** A statement. */
export type Statement =
  | { readonly type: 'include'; readonly at: number; readonly file: string }
  | {
      readonly type: 'qubits';
      readonly at: number;
      readonly name: string;
      readonly nameAt: number;
      readonly size?: Expression;
    }
  | {
      readonly type: 'declare';
      readonly at: number;
      readonly kind: TypeExpression;
      readonly name: string;
      readonly nameAt: number;
      readonly role: 'variable' | 'constant' | 'input' | 'output';
      readonly value?: Expression;
    }
  | {
      readonly type: 'alias';
      readonly at: number;
      readonly name: string;
      readonly nameAt: number;
      readonly value: Expression;
    }
  | GateDefinition
  | Subroutine
  | GateCall
  | {
      readonly type: 'gphase';
      readonly at: number;
      readonly modifiers: readonly Modifier[];
      readonly value: Expression;
      readonly operands: readonly Expression[];
      readonly end: number;
    }
  | {
      readonly type: 'measure';
      readonly at: number;
      readonly operand: Expression;
      readonly target?: Expression;
    }
  | {
      readonly type: 'assign';
      readonly at: number;
      readonly target: Expression;
      /** Operator in front of `=`, empty for a plain assignment. */
      readonly op: string;
      readonly value: Expression;
    }
  | { readonly type: 'expression'; readonly at: number; readonly value: Expression }
  | { readonly type: 'reset'; readonly at: number; readonly operand: Expression }
  | { readonly type: 'barrier'; readonly at: number; readonly operands: readonly Expression[] }
  | {
      readonly type: 'if';
      readonly at: number;
      readonly condition: Expression;
      readonly then: readonly Statement[];
      readonly otherwise: readonly Statement[];
    }
  | {
      readonly type: 'for';
      readonly at: number;
      readonly kind: TypeExpression;
      readonly name: string;
      readonly over: Index;
      readonly body: readonly Statement[];
    }
  | {
      readonly type: 'while';
      readonly at: number;
      readonly condition: Expression;
      readonly body: readonly Statement[];
    }
  | { readonly type: 'block'; readonly at: number; readonly body: readonly Statement[] }
  | { readonly type: 'break' | 'continue' | 'end'; readonly at: number }
  | { readonly type: 'return'; readonly at: number; readonly value?: Expression }
  /** Something without effect on the circuit, and what it was. */
  | { readonly type: 'skipped'; readonly at: number; readonly what: string };
