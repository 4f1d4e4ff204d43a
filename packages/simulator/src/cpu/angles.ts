import { arctangents, elementary, sizeOf, ValueError } from '@ketwork/base';
import type { Angle, AngleFunction, Circuit, Slot } from '@ketwork/circuit';
import type { SlotValues } from '../values.ts';

/** Examples are worked on in chunks of this many; sums over a batch are a tree over chunks. */
export const CHUNK = 64;
/** Examples of a forward pass, which adds nothing up, are worked on in larger pieces. */
export const PIECE = 256;

/** Where a node's value comes from. */
type NodeAxis = 'constant' | 'shared' | 'batch';

type Node =
  | { readonly op: 'constant'; readonly axis: 'constant'; readonly value: number }
  | {
      readonly op: 'element';
      readonly axis: 'shared' | 'batch';
      readonly slot: Slot;
      readonly size: number;
      readonly index: number;
    }
  | { readonly op: 'add' | 'mul'; readonly axis: NodeAxis; readonly args: readonly number[] }
  | {
      readonly op: 'fn';
      readonly axis: NodeAxis;
      readonly fn: AngleFunction;
      readonly arg: number;
    };

/** Numbers of a column of values. */
const lengthOf = (axis: NodeAxis): number => (axis === 'batch' ? PIECE : 1);

/** Functions of angles, the same bits everywhere: square roots are rounded correctly by every machine. */
const value: Record<AngleFunction, (x: number) => number> = {
  sin: elementary.sin,
  cos: elementary.cos,
  tan: elementary.tan,
  asin: elementary.asin,
  acos: elementary.acos,
  atan: elementary.atan,
  sqrt: Math.sqrt,
  exp: elementary.exp,
  log: elementary.log,
};

/** Derivatives as functions of the argument and the value. */
const derivative: Record<AngleFunction, (x: number, y: number) => number> = {
  sin: (x) => elementary.cos(x),
  cos: (x) => -elementary.sin(x),
  tan: (_, y) => 1 + y * y,
  asin: (x) => 1 / Math.sqrt(1 - x * x),
  acos: (x) => -1 / Math.sqrt(1 - x * x),
  atan: (x) => 1 / (1 + x * x),
  sqrt: (_, y) => 0.5 / y,
  exp: (_, y) => y,
  log: (x) => 1 / x,
};

/** Expressions of a table. Tables of several programs may share them: there are only ever more, and none changes. */
interface Expressions {
  readonly nodes: Node[];
  /** First operation that uses each node, for messages. */
  readonly operation: number[];
  readonly known: Map<string, number>;
  /** Nodes that are arguments of others. */
  readonly used: Set<number>;
  readonly slots: ReadonlyMap<string, Slot>;
  /** Nodes that vary with the example, and all others, each in the order of evaluation. */
  readonly order: Readonly<Record<'batch' | 'fixed', number[]>>;
}

/**
 * All angle expressions of a circuit as one list of nodes without repetitions, arguments before their users.
 * Values and adjoints are columns over a chunk of examples; nodes that do not depend on the example have columns of one.
 */
export class AngleTable {
  readonly #expressions: Expressions;
  // Columns are made when they are first needed.
  readonly #values: (Float64Array | undefined)[] = [];
  readonly #adjoints: (Float64Array | undefined)[] = [];

  /** @param from the circuit whose slots expressions refer to, or a table to share expressions with */
  constructor(from: Circuit | AngleTable) {
    this.#expressions =
      from instanceof AngleTable
        ? from.#expressions
        : {
            nodes: [],
            operation: [],
            known: new Map(),
            used: new Set(),
            slots: new Map(from.slots.map((slot) => [slot.name, slot])),
            order: { batch: [], fixed: [] },
          };
  }

  get nodes(): readonly Node[] {
    return this.#expressions.nodes;
  }

  /** Adds an angle and returns its node. */
  add(angle: Angle, operation: number): number {
    if (typeof angle === 'number')
      return this.#node(`${angle}`, { op: 'constant', axis: 'constant', value: angle }, operation);
    if ('slot' in angle) {
      const slot = this.#expressions.slots.get(angle.slot) as Slot;
      const size = sizeOf(slot.shape);
      const node = { op: 'element', axis: slot.axis, slot, size, index: angle.index } as const;
      return this.#node(`${angle.slot}[${angle.index}]`, node, operation);
    }
    if ('fn' in angle) {
      const arg = this.add(angle.of, operation);
      const node = { op: 'fn', axis: (this.nodes[arg] as Node).axis, fn: angle.fn, arg } as const;
      return this.#node(`${angle.fn} ${arg}`, node, operation);
    }
    const [op, terms] =
      'add' in angle ? (['add', angle.add] as const) : (['mul', angle.mul] as const);
    const args = terms.map((term) => this.add(term, operation));
    return this.#node(`${op} ${args.join()}`, { op, axis: this.#axisOf(args), args }, operation);
  }

  /** Adds the sum of two nodes and returns its node. */
  sum(a: number, b: number, operation: number): number {
    const args = [a, b];
    return this.#node(
      `add ${args.join()}`,
      { op: 'add', axis: this.#axisOf(args), args },
      operation,
    );
  }

  #axisOf(args: readonly number[]): NodeAxis {
    const axes = args.map((arg) => (this.nodes[arg] as Node).axis);
    return axes.includes('batch') ? 'batch' : axes.includes('shared') ? 'shared' : 'constant';
  }

  /** The value of a constant node, undefined for others. */
  constant(node: number): number | undefined {
    const found = this.nodes[node] as Node;
    return found.op === 'constant' ? found.value : undefined;
  }

  #node(id: string, node: Node, operation: number): number {
    const { nodes, operation: operations, known, used, order } = this.#expressions;
    const found = known.get(id);
    if (found !== undefined) return found;
    const index = nodes.push(node) - 1;
    known.set(id, index);
    if ('args' in node) for (const arg of node.args) used.add(arg);
    else if ('arg' in node) used.add(node.arg);
    operations.push(operation);
    order[node.axis === 'batch' ? 'batch' : 'fixed'].push(index);
    return index;
  }

  /** Bytes of the columns, once all are in use. */
  get bytes(): number {
    return this.nodes.reduce((sum, { axis }) => sum + 8 * (lengthOf(axis) + CHUNK), 0);
  }

  /** Whether a node varies with the example. */
  isBatch(node: number): boolean {
    return (this.nodes[node] as Node).axis === 'batch';
  }

  /** The slot element a node is, if it is one and no expression uses it: its adjoint is the slot's gradient. */
  plainElement(node: number): { readonly slot: Slot; readonly index: number } | undefined {
    const found = this.nodes[node] as Node;
    if (found.op !== 'element') return undefined;
    return this.#expressions.used.has(node) ? undefined : found;
  }

  /** Whether some angle is computed, so that it may come out as no finite number. */
  get mayFail(): boolean {
    return this.nodes.some(({ op }) => op !== 'constant' && op !== 'element');
  }

  /** Which nodes depend on one of these slots. */
  dependsOn(names: ReadonlySet<string>): boolean[] {
    const depends: boolean[] = [];
    for (const node of this.nodes) {
      if (node.op === 'element') depends.push(names.has(node.slot.name));
      else if (node.op === 'fn') depends.push(depends[node.arg] as boolean);
      else depends.push('args' in node && node.args.some((arg) => depends[arg]));
    }
    return depends;
  }

  /** Which nodes the values of some nodes are computed from, these included. */
  neededBy(nodes: Iterable<number>): boolean[] {
    const needed: boolean[] = this.nodes.map(() => false);
    for (const node of nodes) needed[node] = true;
    for (let index = needed.length - 1; index >= 0; index--) {
      const node = this.nodes[index] as Node;
      if (needed[index] !== true) continue;
      if ('args' in node) for (const arg of node.args) needed[arg] = true;
      else if ('arg' in node) needed[node.arg] = true;
    }
    return needed;
  }

  /** The node's values as last evaluated, one per example of the chunk, or one. */
  column(node: number): Float64Array {
    return (this.#values[node] ??= new Float64Array(lengthOf((this.nodes[node] as Node).axis)));
  }

  /** The node's adjoint column, to be filled before {@link backpropagate}. */
  adjoint(node: number): Float64Array {
    return (this.#adjoints[node] ??= new Float64Array(CHUNK));
  }

  /**
   * Evaluates the nodes that vary with the example for examples `start` to `start + count`, or all others.
   * @throws ValueError where an angle is not a finite number.
   */
  evaluate(values: SlotValues, axis: 'batch' | 'fixed', start = 0, count = 1): void {
    const { nodes, operation, order } = this.#expressions;
    for (const index of order[axis]) {
      const node = nodes[index] as Node;
      const out = this.column(index);
      switch (node.op) {
        case 'constant':
          out[0] = node.value;
          continue;
        case 'element': {
          const data = values.get(node.slot.name);
          for (let i = 0, at = start * node.size + node.index; i < count; i++, at += node.size)
            out[i] = data[at] as number;
          continue; // slot values were checked on entry
        }
        case 'fn': {
          const x = this.column(node.arg);
          if (node.fn === 'atan') arctangents(x, out, count);
          else {
            const fn = value[node.fn];
            for (let i = 0; i < count; i++) out[i] = fn(x[i] as number);
          }
          break;
        }
        default: {
          const sum = node.op === 'add';
          out.fill(sum ? 0 : 1, 0, count);
          for (const arg of node.args) {
            const x = this.column(arg);
            const varies = this.isBatch(arg) ? 1 : 0;
            if (sum)
              for (let i = 0; i < count; i++)
                out[i] = (out[i] as number) + (x[i * varies] as number);
            else
              for (let i = 0; i < count; i++)
                out[i] = (out[i] as number) * (x[i * varies] as number);
          }
        }
      }
      for (let i = 0; i < count; i++) {
        if (Number.isFinite(out[i])) continue;
        const which = axis === 'batch' ? ` of example ${start + i}` : '';
        throw new ValueError(`the angle${which} is ${out[i]}`, {
          operation: operation[index] as number,
          remedy: `Give values within the domain of ${'fn' in node ? node.fn : 'the expression'}`,
        });
      }
    }
  }

  /**
   * Carries the adjoints of all nodes back to the slots. Shared nodes have one adjoint summed over the chunk, or
   * (`perExample`) one per example. Adjoints of inner nodes are used up: they are zero afterwards.
   *
   * @param depends which nodes matter, from {@link dependsOn}
   * @param deliver receives each slot element's adjoint column: one number, or one per example
   */
  backpropagate(
    depends: readonly boolean[],
    count: number,
    perExample: boolean,
    deliver: (slot: Slot, element: number, column: Float64Array) => void,
  ): void {
    const wide = (index: number): boolean => perExample || this.isBatch(index);
    for (let index = this.nodes.length - 1; index >= 0; index--) {
      if (depends[index] !== true) continue;
      const node = this.nodes[index] as Node;
      const adjoint = this.adjoint(index);
      if (node.op === 'element') deliver(node.slot, node.index, adjoint);
      else if (node.op === 'fn') {
        const x = this.column(node.arg);
        const y = this.column(index);
        const varies = node.axis === 'batch' ? 1 : 0;
        const slope = derivative[node.fn];
        const into = this.adjoint(node.arg);
        const lanes = wide(index) ? count : 1;
        for (let i = 0; i < lanes; i++) {
          const a = adjoint[i] as number;
          // A zero adjoint stays zero even where the slope is infinite.
          if (a !== 0)
            into[i] =
              (into[i] as number) + a * slope(x[i * varies] as number, y[i * varies] as number);
        }
      } else if ('args' in node) {
        node.args.forEach((arg, position) => {
          if (depends[arg] === true)
            this.#spread(node, index, arg, position, wide(index) ? count : 1, wide(arg));
        });
      }
      adjoint.fill(0, 0, wide(index) ? count : 1);
    }
  }

  /** Adds one argument's share of a sum's or product's adjoint. */
  #spread(
    node: Node & { args: readonly number[] },
    index: number,
    arg: number,
    position: number,
    lanes: number,
    wideArg: boolean,
  ): void {
    const adjoint = this.adjoint(index);
    const into = this.adjoint(arg);
    for (let i = 0; i < lanes; i++) {
      let share = adjoint[i] as number;
      if (node.op === 'mul') {
        for (let other = 0; other < node.args.length; other++) {
          if (other === position) continue;
          const factor = node.args[other] as number;
          share *= this.column(factor)[this.isBatch(factor) ? i : 0] as number;
        }
      }
      const at = wideArg ? i : 0;
      into[at] = (into[at] as number) + share;
    }
  }
}
