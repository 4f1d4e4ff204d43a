import { elementary, sizeOf, ValueError } from '@ketwork/base';
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

/**
 * All angle expressions of a circuit as one list of nodes without repetitions, arguments before their users.
 * Values and adjoints are columns over a chunk of examples; nodes that do not depend on the example have columns of one.
 */
export class AngleTable {
  readonly nodes: Node[] = [];
  /** First operation that uses each node, for messages. */
  readonly #operation: number[] = [];
  readonly #known = new Map<string, number>();
  /** Nodes that are arguments of others. */
  readonly #used = new Set<number>();
  readonly #slots: ReadonlyMap<string, Slot>;
  /** Nodes that vary with the example, and all others, each in the order of evaluation. */
  readonly #order: Readonly<Record<'batch' | 'fixed', number[]>> = { batch: [], fixed: [] };
  readonly #values: Float64Array[] = [];
  readonly #adjoints: Float64Array[] = [];

  constructor(circuit: Circuit) {
    this.#slots = new Map(circuit.slots.map((slot) => [slot.name, slot]));
  }

  /** Adds an angle and returns its node. */
  add(angle: Angle, operation: number): number {
    if (typeof angle === 'number')
      return this.#node(`${angle}`, { op: 'constant', axis: 'constant', value: angle }, operation);
    if ('slot' in angle) {
      const slot = this.#slots.get(angle.slot) as Slot;
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
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const index = this.nodes.push(node) - 1;
    this.#known.set(id, index);
    if ('args' in node) for (const arg of node.args) this.#used.add(arg);
    else if ('arg' in node) this.#used.add(node.arg);
    this.#operation.push(operation);
    this.#order[node.axis === 'batch' ? 'batch' : 'fixed'].push(index);
    const length = node.axis === 'batch' ? PIECE : 1;
    this.#values.push(new Float64Array(length));
    this.#adjoints.push(new Float64Array(CHUNK));
    return index;
  }

  /** Bytes of the columns. */
  get bytes(): number {
    const doubles = (columns: readonly Float64Array[]): number =>
      columns.reduce((sum, { length }) => sum + length, 0);
    return 8 * (doubles(this.#values) + doubles(this.#adjoints));
  }

  /** Whether a node varies with the example. */
  isBatch(node: number): boolean {
    return (this.nodes[node] as Node).axis === 'batch';
  }

  /** The slot element a node is, if it is one and no expression uses it: its adjoint is the slot's gradient. */
  plainElement(node: number): { readonly slot: Slot; readonly index: number } | undefined {
    const found = this.nodes[node] as Node;
    if (found.op !== 'element') return undefined;
    return this.#used.has(node) ? undefined : found;
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

  /** The node's values as last evaluated, one per example of the chunk, or one. */
  column(node: number): Float64Array {
    return this.#values[node] as Float64Array;
  }

  /** The node's adjoint column, to be filled before {@link backpropagate}. */
  adjoint(node: number): Float64Array {
    return this.#adjoints[node] as Float64Array;
  }

  /**
   * Evaluates the nodes that vary with the example for examples `start` to `start + count`, or all others.
   * @throws ValueError where an angle is not a finite number.
   */
  evaluate(values: SlotValues, axis: 'batch' | 'fixed', start = 0, count = 1): void {
    for (const index of this.#order[axis]) {
      const node = this.nodes[index] as Node;
      const out = this.#values[index] as Float64Array;
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
          const x = this.#values[node.arg] as Float64Array;
          const fn = value[node.fn];
          for (let i = 0; i < count; i++) out[i] = fn(x[i] as number);
          break;
        }
        default: {
          const sum = node.op === 'add';
          out.fill(sum ? 0 : 1, 0, count);
          for (const arg of node.args) {
            const x = this.#values[arg] as Float64Array;
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
          operation: this.#operation[index] as number,
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
      const adjoint = this.#adjoints[index] as Float64Array;
      if (node.op === 'element') deliver(node.slot, node.index, adjoint);
      else if (node.op === 'fn') {
        const x = this.#values[node.arg] as Float64Array;
        const y = this.#values[index] as Float64Array;
        const varies = node.axis === 'batch' ? 1 : 0;
        const slope = derivative[node.fn];
        const into = this.#adjoints[node.arg] as Float64Array;
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
    const adjoint = this.#adjoints[index] as Float64Array;
    const into = this.#adjoints[arg] as Float64Array;
    for (let i = 0; i < lanes; i++) {
      let share = adjoint[i] as number;
      if (node.op === 'mul') {
        for (let other = 0; other < node.args.length; other++) {
          if (other === position) continue;
          const factor = node.args[other] as number;
          share *= (this.#values[factor] as Float64Array)[this.isBatch(factor) ? i : 0] as number;
        }
      }
      const at = wideArg ? i : 0;
      into[at] = (into[at] as number) + share;
    }
  }
}
