import { fold, sizeOf, UnsupportedError, ValueError } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import { BackwardPass } from './backward.ts';
import { groupCalls, runForward } from './external.ts';
import type { ExternalCall } from './external.ts';
import type { Axis, DifferentiableMap, MaybePromise, Parameter, Shape } from './map.ts';
import { freshRoom } from './scratch.ts';
import type { Room } from './scratch.ts';
import type { GradientMode, Node, Rule } from './rule.ts';
import { isPromise, shapeText } from './shape.ts';

export type { GradientMode, Rule } from './rule.ts';

/** A node of a {@link Tape}: a value whose shape is known when it is recorded and whose numbers are known after the run. */
export interface Tensor {
  /** The tape that holds it. */
  readonly tape: Tape;
  /** Position on the tape. */
  readonly id: number;
  /** Shape without the batch axis. */
  readonly shape: Shape;
  /** Whether the value is one for all examples or one for each. */
  readonly axis: Axis;
}

/** Gradients after a backward pass. */
export interface TapeGradients {
  /**
   * Gradient with respect to a tensor: `[batch, ...shape]` for a batch tensor, and for a shared one `[...shape]` or, in
   * per-example mode, `[batch, ...shape]`, or `[batch]` squared norms. Zeros where the differentiated tensor does not depend on it. The array may
   * be the same for several tensors; do not change it.
   * @throws ValueError where the tensor was recorded as a constant.
   */
  of(tensor: Tensor): Float64Array;
}

/**
 * Records operations whose shapes are known, then runs them: in the calling thread, or as a promise where an external
 * map returns one. External calls of the same map that are ready together and share their shared inputs run as one
 * batch. Reverse-mode gradients come out of `backward`.
 *
 * @example
 * ```ts
 * import { Tape, ops } from '@ketwork/nn';
 * const tape = new Tape(2);
 * const x = tape.variable(new Float64Array([1, 2]), [1], 'batch');
 * const y = ops.sum(ops.mul(x, x));
 * await tape.run();
 * const gradients = await tape.backward(y, new Float64Array([1, 1]));
 * console.log(tape.value(y), gradients.of(x)); // [1, 4] [2, 4]
 * ```
 */
export class Tape {
  /** Number of examples. */
  readonly batch: number;
  /** Number of the first of them in the random streams. */
  readonly firstExample: number;
  readonly #nodes: Node[] = [];
  readonly #values: (Float64Array | undefined)[] = [];
  readonly #parameters = new Map<Float64Array, Tensor>();
  /** Local nodes by level, in order of recording. */
  readonly #locals: Node[][] = [[]];
  /** External calls by level; level 0 has none. */
  readonly #externals: ExternalCall[][] = [[]];
  readonly #room: Room;
  readonly #tracksParameters: boolean;

  /**
   * @param batch Number of examples, at least 1.
   * @param firstExample Number of the first of them in the random streams, 0 unless a batch is processed in parts.
   * @param room Where operations get memory for what they return. Default: new memory.
   * @param tracksParameters Whether gradients of parameters will be asked for. Default true.
   * @throws ValueError where it is not a positive integer.
   */
  constructor(batch: number, firstExample = 0, room: Room = freshRoom, tracksParameters = true) {
    if (!Number.isSafeInteger(batch) || batch < 1) {
      throw new ValueError(`a batch of ${String(batch)} examples is not possible`, {
        remedy: 'Give at least one example',
      });
    }
    this.batch = batch;
    this.firstExample = firstExample;
    this.#room = room;
    this.#tracksParameters = tracksParameters;
  }

  /**
   * Enters a layer's parameter; the same parameter gives the same tensor, so its gradients add up. One that is not
   * `trainable` (default true) enters as a constant.
   */
  parameter(parameter: Parameter, trainable = true): Tensor {
    if (!trainable) return this.constant(parameter.data, parameter.shape, 'shared');
    let tensor = this.#parameters.get(parameter.data);
    if (tensor === undefined) {
      tensor = this.#leaf(parameter.data, parameter.shape, 'shared', this.#tracksParameters);
      this.#parameters.set(parameter.data, tensor);
    }
    return tensor;
  }

  /** Enters fixed numbers, `[batch, ...shape]` or `[...shape]`. @throws ValueError where the length does not fit. */
  constant(data: Float64Array, shape: Shape, axis: Axis): Tensor {
    return this.#leaf(data, shape, axis, false);
  }

  /** Enters numbers whose gradient will be asked for. @throws ValueError where the length does not fit. */
  variable(data: Float64Array, shape: Shape, axis: Axis): Tensor {
    return this.#leaf(data, shape, axis, true);
  }

  /** Records a primitive operation; its output is shared where all inputs are. Meant for `ops`, which check shapes first. */
  record(rule: Rule, inputs: readonly Tensor[], shape: Shape): Tensor {
    let axis: Axis = 'shared';
    let level = 0;
    let tracked = false;
    const ids: number[] = [];
    for (const input of inputs) {
      const node = this.#nodeOf(input);
      if (node.axis === 'batch') axis = 'batch';
      if (node.level > level) level = node.level;
      if (node.tracked) tracked = true;
      node.uses++;
      ids.push(node.id);
    }
    const node: Node = {
      id: this.#nodes.length,
      shape,
      size: sizeOf(shape),
      axis,
      level,
      tracked,
      inputs: ids,
      rule,
      uses: 0,
    };
    this.#locals[level]!.push(node);
    return this.#add(node, undefined);
  }

  /**
   * Records a call of an external map. The result is on the batch axis. Meant for `ops.external`, which checks shapes.
   * A key is handed to the map, another one for each part of a batch that is processed in parts; calls with a key are
   * never merged.
   */
  recordExternal(map: DifferentiableMap, inputs: readonly Tensor[], given?: Key): Tensor {
    const key =
      given === undefined || this.firstExample === 0 ? given : fold(given, this.firstExample);
    let level = 0;
    const ids: number[] = [];
    const tracked: boolean[] = [];
    for (const input of inputs) {
      const node = this.#nodeOf(input);
      if (node.level > level) level = node.level;
      node.uses++;
      ids.push(node.id);
      tracked.push(node.tracked);
    }
    level++;
    const id = this.#nodes.length;
    const shape = map.outputShape;
    const some = tracked.includes(true);
    if (this.#locals.length === level) {
      this.#locals.push([]);
      this.#externals.push([]);
    }
    this.#externals[level]!.push({ id, map, inputs: ids, tracked, key });
    const node: Node = {
      id,
      shape,
      size: sizeOf(shape),
      axis: 'batch',
      level,
      tracked: some,
      inputs: ids,
      rule: undefined,
      uses: 0,
    };
    return this.#add(node, undefined);
  }

  /** Whether an external map draws random numbers for the batch as a whole. */
  get drawsAtOnce(): boolean {
    return this.#externals.some((calls) => calls.some(({ key }) => key !== undefined));
  }

  /** Computes everything recorded and not yet computed. A promise only where an external map returned one. */
  run(): MaybePromise<void> {
    return this.#runFrom(0);
  }

  /** The numbers of a tensor after `run`, `[batch, ...shape]` or `[...shape]`; do not change them. */
  value(tensor: Tensor): Float64Array {
    const value = this.#values[this.#nodeOf(tensor).id];
    if (value === undefined) {
      throw new ValueError('the value of a tensor was asked for before the tape ran', {
        remedy: 'Await tape.run() first',
      });
    }
    return value;
  }

  /**
   * Gradients of `Σ dy · output`. A promise only where an external map returned one.
   *
   * @param dy As `output`, `[batch, ...shape]`.
   * @param factors For some shared leaves, such as parameters, `[batch]` factors on the contributions of examples, in mode
   * `sum`. Default: 1.
   * @throws ValueError where `dy` does not have that length, or the tape has not run.
   * @throws UnsupportedError where gradients per example are asked of a shared output; where leaves with different
   * factors are combined before they meet examples (see {@link Tape.combines}).
   */
  backward(
    output: Tensor,
    dy: Float64Array,
    mode: GradientMode = 'sum',
    factors?: ReadonlyMap<Tensor, Float64Array>,
  ): MaybePromise<TapeGradients> {
    const node = this.#nodeOf(output);
    const value = this.value(output);
    if (dy.length !== value.length) {
      throw new ValueError(`dy has ${dy.length} elements where the output has ${value.length}`);
    }
    if (mode !== 'sum' && node.axis === 'shared') {
      throw new UnsupportedError('a value shared by all examples has no gradient per example', {
        remedy: 'Differentiate a tensor on the batch axis',
      });
    }
    const scales = factors && this.#scales(factors);
    if (scales === 'combined') {
      throw new UnsupportedError('values with different factors are combined for all examples', {
        remedy: 'Differentiate once for each of the factors',
      });
    }
    const pass = new BackwardPass(
      {
        batch: this.batch,
        nodes: this.#nodes,
        values: this.#values,
        locals: this.#locals,
        externals: this.#externals,
        room: this.#room,
      },
      mode,
      scales,
    );
    const done = pass.start(node.id, dy, node.level);
    const gradients: TapeGradients = {
      of: (tensor) => {
        const target = this.#nodeOf(tensor);
        if (!target.tracked) {
          throw new ValueError('the gradient of a constant was asked for', {
            remedy: 'Enter it with tape.variable',
          });
        }
        return pass.gradientOf(target);
      },
    };
    return isPromise(done) ? done.then(() => gradients) : gradients;
  }

  /** Whether leaves with different factors enter one operation on shared values, so that its gradient has no factors of its own. */
  combines(factors: ReadonlyMap<Tensor, Float64Array>): boolean {
    return this.#scales(factors) === 'combined';
  }

  /** The factors of every shared node that depends on leaves with factors. */
  #scales(factors: ReadonlyMap<Tensor, Float64Array>): (Float64Array | undefined)[] | 'combined' {
    const scales: (Float64Array | undefined)[] = [];
    for (const [tensor, scale] of factors) scales[this.#nodeOf(tensor).id] = scale;
    for (const { id, axis, tracked, inputs } of this.#nodes) {
      if (axis === 'batch' || !tracked || inputs.length === 0) continue;
      const found = new Set(inputs.filter((i) => this.#nodes[i]!.tracked).map((i) => scales[i]));
      if (found.size > 1) return 'combined';
      scales[id] = [...found][0];
    }
    return scales;
  }

  #leaf(data: Float64Array, shape: Shape, axis: Axis, tracked: boolean): Tensor {
    const size = sizeOf(shape);
    const expected = axis === 'batch' ? this.batch * size : size;
    if (data.length !== expected) {
      const text = axis === 'batch' ? shapeText([this.batch, ...shape]) : shapeText(shape);
      throw new ValueError(
        `an array of ${data.length} elements does not have shape ${text} (${expected} elements)`,
      );
    }
    const node: Node = {
      id: this.#nodes.length,
      shape,
      size,
      axis,
      level: 0,
      tracked,
      inputs: [],
      rule: undefined,
      uses: 0,
    };
    return this.#add(node, data);
  }

  #add(node: Node, value: Float64Array | undefined): Tensor {
    const tensor: Tensor = { tape: this, id: node.id, shape: node.shape, axis: node.axis };
    this.#nodes.push(node);
    this.#values.push(value);
    return tensor;
  }

  #nodeOf(tensor: Tensor): Node {
    if (tensor.tape !== this) {
      throw new ValueError('a tensor of another tape was used', {
        remedy: 'Record all inputs of an operation on one tape',
      });
    }
    return this.#nodes[tensor.id]!;
  }

  #runFrom(level: number): MaybePromise<void> {
    for (let l = level; l < this.#locals.length; l++) {
      const pending = this.#externals[l]!.filter((call) => this.#values[call.id] === undefined);
      if (pending.length > 0) {
        const results = groupCalls(pending, this.#nodes).map((group) =>
          runForward(group, this.#values, this.batch, this.#room),
        );
        if (results.some(isPromise)) {
          return Promise.all(results).then(() => {
            this.#runLocals(l);
            return this.#runFrom(l + 1);
          });
        }
      }
      this.#runLocals(l);
    }
  }

  #runLocals(level: number): void {
    for (const node of this.#locals[level]!) {
      if (this.#values[node.id] !== undefined) continue;
      const inputs = node.inputs.map((id) => this.#values[id]!);
      const batch = node.axis === 'batch' ? this.batch : 1;
      this.#values[node.id] = node.rule!.forward(inputs, batch, this.#room);
    }
  }
}
