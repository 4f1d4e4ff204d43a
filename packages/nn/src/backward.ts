import { groupCalls, runVjp } from './external.ts';
import type { ExternalCall } from './external.ts';
import type { MaybePromise, Want } from './map.ts';
import { freshRoom } from './scratch.ts';
import type { Room } from './scratch.ts';
import { isPromise } from './shape.ts';
import type { GradientMode, Node, Rule } from './rule.ts';

/** What was recorded and computed. */
export interface Recorded {
  readonly batch: number;
  readonly nodes: readonly Node[];
  readonly values: readonly (Float64Array | undefined)[];
  readonly locals: readonly (readonly Node[])[];
  readonly externals: readonly (readonly ExternalCall[])[];
  readonly room: Room;
}

/** Factors on the contributions of examples, by shared node. */
export type Scales = readonly (Float64Array | undefined)[];

/** One walk from an output back to the leaves. */
export class BackwardPass {
  readonly #gradients: (Float64Array | undefined)[] = [];
  /** Squared norms of each example's gradient of shared leaves that one operation alone depends on. */
  readonly #squares: (Float64Array | undefined)[] = [];
  /** Gradients that this pass allocated by adding and may therefore add to in place. */
  readonly #owned: boolean[] = [];
  readonly #tape: Recorded;
  readonly #mode: GradientMode;
  readonly #scales: Scales | undefined;

  constructor(tape: Recorded, mode: GradientMode, scales: Scales | undefined) {
    this.#tape = tape;
    this.#mode = mode;
    this.#scales = scales;
  }

  start(id: number, dy: Float64Array, level: number): MaybePromise<void> {
    this.#gradients[id] = dy;
    return this.#from(level);
  }

  /** What the walk found for a tracked node. */
  gradientOf({ id, axis, size }: Node): Float64Array {
    const { batch } = this.#tape;
    const gradient = this.#gradients[id];
    if (axis === 'shared' && this.#mode === 'squaredNorms')
      return this.#squares[id] ?? (gradient ? squaresOf(gradient, batch) : new Float64Array(batch));
    const rows = axis === 'batch' || this.#mode === 'perExample' ? batch : 1;
    return gradient ?? new Float64Array(rows * size);
  }

  #from(level: number): MaybePromise<void> {
    const { locals, externals, nodes } = this.#tape;
    for (let l = level; l >= 0; l--) {
      const here = locals[l]!;
      for (let i = here.length - 1; i >= 0; i--) this.#local(here[i]!);
      const reached = externals[l]!.filter(
        (call) => this.#gradients[call.id] !== undefined && call.tracked.includes(true),
      );
      if (reached.length > 0) {
        const results = groupCalls(reached, nodes).map((group) => this.#external(group));
        if (results.some(isPromise)) {
          const next = l - 1;
          // The contributions are added in the order of the calls, not of their arrival, so that sums stay the same.
          return Promise.all(results).then((deliveries) => {
            for (const deliver of deliveries) deliver();
            return this.#from(next);
          });
        }
        for (const deliver of results) (deliver as () => void)();
      }
    }
  }

  /**
   * One call for all gradients, since a map that draws random numbers may draw others where less is asked of it; where
   * contributions of examples count differently, it gives rows.
   */
  #external(group: readonly ExternalCall[]): MaybePromise<() => void> {
    const { batch, values, room } = this.#tape;
    const { map, inputs } = group[0]!;
    const tracked = inputs.map((_, i) => group.some((call) => call.tracked[i]));
    const shared = inputs.filter((_, i) => tracked[i] && map.inputs[i]!.axis === 'shared');
    const norms = map.squaredNorms === true && shared.every((id) => this.#isSingle(id));
    const rows = this.#scales !== undefined || (this.#mode === 'squaredNorms' && !norms);
    const wants = map.inputs.map(({ axis }, i): Want => {
      if (tracked[i] !== true) return 'none';
      return axis === 'batch' ? 'sum' : rows ? 'perExample' : this.#mode;
    });
    const dys = group.map(({ id }) => this.#gradients[id]!);
    return runVjp(group, values, dys, batch, wants, room, (id, value, want) =>
      this.#take(id, value, want),
    );
  }

  #local(node: Node): void {
    const { batch, nodes, values, room } = this.#tape;
    const dy = this.#gradients[node.id];
    if (dy === undefined || !node.tracked) return;
    const inputs = node.inputs.map((id) => values[id]!);
    const output = values[node.id]!;
    const rule = node.rule!;
    if (node.axis === 'shared' && this.#mode !== 'sum') {
      this.#localRows(node, rule, inputs, output, dy);
      return;
    }
    const wants = node.inputs.map((id, i): Want => {
      const input = nodes[id]!;
      if (!input.tracked) return 'none';
      if (input.axis === 'batch' || node.axis === 'shared') return 'sum';
      if (this.#mode !== 'squaredNorms') return this.#mode;
      const squares = this.#isSingle(id) ? rule.squaredNorms?.(inputs, dy, batch, i) : undefined;
      if (squares === undefined) return 'perExample';
      this.#squares[id] = squares;
      return 'none';
    });
    const rows = node.axis === 'batch' ? batch : 1;
    const asks =
      node.axis === 'batch' ? this.#asks(node.inputs, wants) : [{ scale: undefined, wants }];
    for (const { scale, wants: some } of asks) {
      const grads = rule.vjp(inputs, output, scaled(dy, scale), rows, some, room);
      for (let i = 0; i < grads.length; i++)
        if (some[i] !== 'none') this.#take(node.inputs[i]!, grads[i]!, some[i]!);
    }
  }

  /** What to ask an operation on the batch axis for: apart where contributions of examples count differently. */
  #asks(inputs: readonly number[], wants: readonly Want[]): readonly Ask[] {
    if (wants.every((want) => want === 'none')) return [];
    const scales = this.#scales;
    if (scales === undefined) return [{ scale: undefined, wants }];
    const byInput = inputs.map((id) =>
      this.#tape.nodes[id]!.axis === 'shared' ? scales[id] : undefined,
    );
    const different = new Set(byInput.filter((_, i) => wants[i] !== 'none'));
    return [...different].map((scale) => ({
      scale,
      wants: wants.map((want, i) => (byInput[i] === scale ? want : 'none')),
    }));
  }

  /** A shared node has one value but, per example, as many cotangents as there are examples: one call each. */
  #localRows(
    node: Node,
    rule: Rule,
    inputs: readonly Float64Array[],
    output: Float64Array,
    dy: Float64Array,
  ): void {
    const { batch, nodes } = this.#tape;
    const wants = node.inputs.map((id): Want => (nodes[id]!.tracked ? 'sum' : 'none'));
    const totals = node.inputs.map((id, i) =>
      wants[i] === 'none' ? undefined : new Float64Array(batch * nodes[id]!.size),
    );
    for (let b = 0; b < batch; b++) {
      const row = rule.vjp(
        inputs,
        output,
        dy.subarray(b * node.size, (b + 1) * node.size),
        1,
        wants,
        freshRoom,
      );
      for (let i = 0; i < row.length; i++)
        totals[i]?.set(row[i]!, b * nodes[node.inputs[i]!]!.size);
    }
    for (let i = 0; i < totals.length; i++) {
      const total = totals[i];
      if (total !== undefined) this.#take(node.inputs[i]!, total, 'perExample');
    }
  }

  /** Whether a node is a shared leaf on which one operation alone depends, so that no other can add to its gradient. */
  #isSingle(id: number): boolean {
    const { axis, inputs, uses } = this.#tape.nodes[id]!;
    return axis === 'shared' && inputs.length === 0 && uses === 1;
  }

  #take(id: number, value: Float64Array, want: Want): void {
    if (want === 'squaredNorms') this.#squares[id] = value;
    else if (this.#mode === 'squaredNorms' && want === 'perExample' && this.#isSingle(id))
      this.#squares[id] = squaresOf(value, this.#tape.batch);
    else if (this.#mode === 'sum' && want === 'perExample')
      this.#give(id, sumOfRows(value, this.#tape.batch, this.#scales?.[id]));
    else this.#give(id, value);
  }

  #give(id: number, value: Float64Array): void {
    const present = this.#gradients[id];
    if (present === undefined) {
      this.#gradients[id] = value;
      return;
    }
    if (this.#owned[id] === true) {
      for (let i = 0; i < present.length; i++) present[i]! += value[i]!;
      return;
    }
    const sum = new Float64Array(present.length);
    for (let i = 0; i < sum.length; i++) sum[i] = present[i]! + value[i]!;
    this.#gradients[id] = sum;
    this.#owned[id] = true;
  }
}

interface Ask {
  readonly scale: Float64Array | undefined;
  readonly wants: readonly Want[];
}

/** Rows times one factor each; the array itself where there are no factors. */
function scaled(rows: Float64Array, factors: Float64Array | undefined): Float64Array {
  if (factors === undefined) return rows;
  const size = rows.length / factors.length;
  return rows.map((value, i) => value * factors[Math.floor(i / size)]!);
}

/** The sum of rows times one factor each. */
function sumOfRows(
  rows: Float64Array,
  batch: number,
  factors: Float64Array | undefined,
): Float64Array {
  const sum = new Float64Array(rows.length / batch);
  for (let e = 0, i = 0; e < batch; e++) {
    const factor = factors?.[e] ?? 1;
    for (let k = 0; k < sum.length; k++, i++) sum[k]! += factor * rows[i]!;
  }
  return sum;
}

/** Sums of squares of rows. */
function squaresOf(rows: Float64Array, batch: number): Float64Array {
  const size = rows.length / batch;
  const squares = new Float64Array(batch);
  for (let e = 0, i = 0; e < batch; e++) {
    let sum = 0;
    for (const end = i + size; i < end; i++) sum += rows[i]! * rows[i]!;
    squares[e] = sum;
  }
  return squares;
}
