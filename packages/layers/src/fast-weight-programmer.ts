import { sizeOf, ValueError } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import { Z, circuit, expval, input } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { initializers, ops } from '@ketwork/nn';
import type {
  BuiltLayer,
  DifferentiableMap,
  ForwardContext,
  Json,
  Layer,
  Parameter,
  Shape,
  Tensor,
} from '@ketwork/nn';
import { fastWeights } from './fast-weights.ts';
import { after } from './maybe-promise.ts';
import { LayerProgram } from './program.ts';
import type { ProgramOptions } from './program.ts';
import { initialize } from './slots.ts';

/** Options of {@link fastWeightProgrammer}. */
export interface FastWeightProgrammerOptions extends ProgramOptions {
  /** Numbers per step, at most as many as qubits. Default: the last axis of the input. */
  readonly inputs?: number;
  /** Qubits of the fast programmer, at least 2. Default 8. */
  readonly qubits?: number;
  /** Layers of the fast programmer, each with one angle per qubit. Default 2. */
  readonly layers?: number;
  /** Width of the slow programmer's hidden vector. Default: as many as qubits. */
  readonly latent?: number;
  /**
   * Which qubits the numbers of a step rotate: `first`, number j qubit j, as in the public code; `all`, every qubit,
   * the numbers repeated in order. Default `first`.
   */
  readonly encode?: 'first' | 'all';
  /**
   * Share of the fast weights that is left after a step, from 0 to 1. Default 1, as in the source. Less keeps the angles
   * of long sequences from growing without bound, as the fast weights of Ba et al., arXiv:1610.06258, do.
   */
  readonly decay?: number;
  /** Qubits that are measured, from the first. Default: all. */
  readonly outputs?: number;
  /** Outputs of every step instead of the last one only. Default false. */
  readonly returnSequences?: boolean;
  /** Whether the slow programmer is trained; else its numbers are buffers and stay as drawn. Default true. */
  readonly trainable?: boolean;
}

/** What {@link BuiltFastWeightProgrammer.unroll} goes on from. */
export interface UnrollOptions {
  /** Fast weights before the first step, `[layers, qubits]`, radians. Default: zeros. */
  readonly state?: Tensor;
  /** 1 for each step before which the fast weights are set to zero (an episode begins), else 0, `[steps]`. Default: 0. */
  readonly starts?: Tensor;
}

/** What {@link BuiltFastWeightProgrammer.unroll} gives. */
export interface Unrolled {
  /** ⟨Z⟩ of the measured qubits of every step, `[steps, outputs]`. */
  readonly outputs: Tensor;
  /** Fast weights after the last step, `[layers, qubits]`, to go on from. */
  readonly state: Tensor;
}

/** A fast weight programmer with its parameters. */
export interface BuiltFastWeightProgrammer extends BuiltLayer {
  /** Shape of the fast weights, `[layers, qubits]`. */
  readonly stateShape: Shape;
  /**
   * Records any number of steps `x` `[steps, inputs]`, going on from earlier fast weights: for agents that act step by
   * step and learn from windows of steps.
   *
   * @throws ValueError where shapes do not fit.
   */
  unroll(x: Tensor, context: ForwardContext, options?: UnrollOptions): Unrolled;
}

/** A description of a fast weight programmer, see {@link fastWeightProgrammer}. */
export interface FastWeightProgrammer extends Layer {
  /** The circuit of a step, with the data slots `x` `[inputs]` and `theta` `[layers, qubits]` where `inputs` is known. */
  readonly circuit: Circuit | undefined;
  build(inputShape: Shape, key: Key): BuiltFastWeightProgrammer;
}

const KIND = 'fastWeightProgrammer';

/**
 * A quantum fast weight programmer: a classical network, the slow programmer, reads a sequence and at every step *adds*
 * to the angles of a circuit, the fast programmer. The angles remember, so nothing quantum has to be carried from step to
 * step, and the circuits of all steps and examples are one batch. Of few layers (three, for four qubits) the outputs are
 * short polynomials in cosines and sines of the angles, and the engine has nothing to do.
 *
 * With `x_t` the numbers of a step: `z = W_e x_t + b_e` (`latent` numbers), `l = W_l z + b_l` (`layers`),
 * `q = W_q z + b_q` (`qubits`), `θ_t = decay · θ_{t-1} + l qᵀ`, `θ_0 = 0`. The circuit: H on every qubit, `RY(x_j)` as `encode` says;
 * then per layer CNOTs on the pairs 0-1, 2-3 … and 1-2, 3-4 …, and `RY(θ)` on every qubit (radians); read out as ⟨Z⟩ of
 * the first `outputs` qubits. Without returned sequences only the circuits of the last step run.
 *
 * `[steps, inputs]` to `[outputs]`, or `[steps, outputs]` with `returnSequences`. Parameters: `latent.weight`
 * `[inputs, latent]`, `layer.weight` `[latent, layers]`, `qubit.weight` `[latent, qubits]` and a `bias` of each, uniform
 * in ±1/√fan_in: `latent · (inputs + 1) + (latent + 1)(layers + qubits)` numbers, 106 for one input and the defaults,
 * 111 with `dense(4, 1)` behind `outputs: 4`.
 *
 * Source: Chen, "Learning to program variational quantum circuits with fast weights", arXiv:2402.17760; sizes, circuit
 * and first values as in the author's public code. `encode: 'all'` and `decay` are additions.
 *
 * @throws ValueError where sizes do not fit; at build, where the input is not `[steps, inputs]`; in a pass, where
 * inputs or fast weights are not finite; the errors of binding as `quantum`.
 * @example
 * ```ts
 * import { fastWeightProgrammer } from '@ketwork/layers';
 * import { dense, forward, sequential } from '@ketwork/nn';
 * import { cpu } from '@ketwork/simulator';
 * const network = sequential(fastWeightProgrammer({ outputs: 4 }), dense(4, 1)).build([4, 1], 7);
 * network.bind!(await cpu());
 * console.log(network.parameters.reduce((sum, { data }) => sum + data.length, 0)); // 111
 * console.log(await forward(network, [0.1, 0.2, 0.3, 0.4])); // one number for a window of four
 * ```
 */
export function fastWeightProgrammer(
  options: FastWeightProgrammerOptions = {},
): FastWeightProgrammer {
  const { qubits = 8, layers = 2, encode = 'first', returnSequences = false } = options;
  const { latent = qubits, outputs = qubits, decay = 1, trainable = true } = options;
  const { method, shots } = options;
  for (const [name, value] of Object.entries({ qubits, layers, latent, outputs })) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new ValueError(`${KIND}: ${name} is ${String(value)}, not a positive integer`);
  }
  if (qubits < 2)
    throw new ValueError(`${KIND}: one qubit has no neighbour to be entangled with`, {
      remedy: 'Use 2 qubits or more',
    });
  if (outputs > qubits)
    throw new ValueError(`${KIND}: ${outputs} outputs cannot be measured on ${qubits} qubits`);
  if (encode !== 'first' && encode !== 'all')
    throw new ValueError(`${KIND}: encode is '${String(encode)}', not 'first' or 'all'`);
  if (!(decay >= 0 && decay <= 1))
    throw new ValueError(`${KIND}: decay is ${String(decay)}, not from 0 to 1`);
  const sizes = { qubits, layers, latent, outputs };
  if (options.inputs !== undefined) checkInputs(options.inputs, qubits);
  const settings = {
    kind: KIND,
    ...(options.inputs === undefined ? {} : { inputs: options.inputs }),
    ...sizes,
    encode,
    decay,
    returnSequences,
    trainable,
    method: method ?? 'best',
    ...(shots === undefined ? {} : { shots }),
  };
  const programOf = (inputs: number): LayerProgram =>
    new LayerProgram(KIND, stepCircuit({ ...sizes, inputs, encode }), readout(outputs), options);
  // What the program refuses, such as no shots at all, is refused here, before there is an input.
  programOf(options.inputs ?? 1);
  return Object.freeze<FastWeightProgrammer>({
    kind: KIND,
    circuit:
      options.inputs === undefined
        ? undefined
        : stepCircuit({ ...sizes, inputs: options.inputs, encode }),
    toJSON: () => settings satisfies Json,
    build(inputShape, key) {
      const [steps, inputs] = inputShape;
      if (inputShape.length !== 2 || (options.inputs ?? inputs) !== inputs) {
        throw new ValueError(
          `${KIND}: inputs of shape [${inputShape.join(', ')}] do not fit, it takes [steps, ${options.inputs ?? 'inputs'}]`,
          {
            remedy: `Put reshape([steps, ${options.inputs ?? 1}]) before it; shapes do not include the batch`,
          },
        );
      }
      checkSteps(steps!);
      checkInputs(inputs, qubits);
      const program = programOf(inputs);
      const slow = slowProgrammer({ ...sizes, inputs }, key);
      const maps = new Map<number, DifferentiableMap>();
      const mapOf = (rows: number): DifferentiableMap => {
        const map = maps.get(rows) ?? circuitsOf(program, rows, { ...sizes, inputs });
        maps.set(rows, map);
        return map;
      };
      const run = (
        x: Tensor,
        { tape, key: passKey }: ForwardContext,
        last: boolean,
        from: UnrollOptions,
      ): { outputs: Tensor; theta: Tensor } => {
        const [we, be, wl, bl, wq, bq] = slow.map((p) => tape.parameter(p, trainable)) as [
          Tensor,
          Tensor,
          Tensor,
          Tensor,
          Tensor,
          Tensor,
        ];
        const programmer = { latent: [we, be], layer: [wl, bl], qubit: [wq, bq] } as const;
        const theta = fastWeights(x, programmer, { ...from, decay, last });
        const length = x.shape[0]!;
        const shown = last && length > 1 ? ops.slice(x, length - 1, length) : x;
        const map = mapOf(last ? 1 : length);
        return {
          outputs: ops.external(map, [shown, theta], program.draws ? passKey : undefined),
          theta,
        };
      };
      return {
        kind: KIND,
        inputShape: [...inputShape],
        outputShape: returnSequences ? [steps!, outputs] : [outputs],
        stateShape: [layers, qubits],
        parameters: trainable ? slow : [],
        buffers: trainable ? [] : slow,
        couplesExamples: false,
        bind: (engine) => program.bind(engine),
        bound: () => program.bound,
        forward(x, context) {
          const { outputs: measured } = run(x, context, !returnSequences, {});
          return returnSequences ? measured : ops.reshape(measured, [outputs]);
        },
        unroll(x, context, from = {}) {
          checkUnroll(x, from, { ...sizes, inputs });
          const { outputs: measured, theta } = run(x, context, false, from);
          const length = x.shape[0]!;
          const end = length > 1 ? ops.slice(theta, length - 1, length) : theta;
          return { outputs: measured, state: ops.reshape(end, [layers, qubits]) };
        },
      };
    },
  });
}

interface Sizes {
  readonly inputs: number;
  readonly qubits: number;
  readonly layers: number;
  readonly latent: number;
  readonly outputs: number;
}

/** The fast programmer. */
function stepCircuit({
  inputs,
  qubits,
  layers,
  encode,
}: Sizes & { readonly encode: 'first' | 'all' }): Circuit<'x' | 'theta'> {
  const slots = { x: input([inputs]), theta: input([layers, qubits]) };
  return circuit(qubits, slots, (q, { x, theta }) => {
    for (let qubit = 0; qubit < qubits; qubit++) q.h(qubit);
    const encoded = encode === 'all' ? qubits : inputs;
    for (let qubit = 0; qubit < encoded; qubit++) q.ry(x.at(qubit % inputs), qubit);
    for (let layer = 0; layer < layers; layer++) {
      for (const first of [0, 1])
        for (let qubit = first; qubit + 1 < qubits; qubit += 2) q.cnot(qubit, qubit + 1);
      for (let qubit = 0; qubit < qubits; qubit++) q.ry(theta.at(layer, qubit), qubit);
    }
  });
}

function readout(outputs: number): ReturnType<typeof expval> {
  return expval(...Array.from({ length: outputs }, (_, qubit) => Z(qubit)));
}

/** Three linear layers as PyTorch starts them: weight and bias uniform in ±1/√fan_in. */
function slowProgrammer({ inputs, latent, layers, qubits }: Sizes, key: Key): Parameter[] {
  const parts: readonly (readonly [name: string, fanIn: number, fanOut: number])[] = [
    ['latent', inputs, latent],
    ['layer', latent, layers],
    ['qubit', latent, qubits],
  ];
  return parts.flatMap(([name, fanIn, fanOut], part) => {
    const rule = initializers.uniform(-1 / Math.sqrt(fanIn), 1 / Math.sqrt(fanIn));
    const shapes = { weight: [fanIn, fanOut], bias: [fanOut] };
    return Object.entries(shapes).map(([what, shape], i) =>
      initialize(KIND, rule, `${name}.${what}`, shape, { fanIn, fanOut }, key, 2 * part + i),
    );
  });
}

/** The circuits of `rows` steps as a map: rows of examples are rows of the program, since both are row-major. */
function circuitsOf(program: LayerProgram, rows: number, sizes: Sizes): DifferentiableMap {
  const { inputs, layers, qubits, outputs } = sizes;
  const names = ['x', 'theta'] as const;
  return {
    name: KIND,
    inputs: [
      { axis: 'batch', shape: [rows, inputs] },
      { axis: 'batch', shape: [rows, layers, qubits] },
    ],
    outputShape: [rows, outputs],
    forward([x, theta], _batch, key, room) {
      checkFinite(x!, 'inputs', rows * inputs);
      checkFinite(theta!, 'fast weights', rows * layers * qubits);
      return program.run({ x: x!, theta: theta! }, key, room);
    },
    vjp([x, theta], dy, _batch, wants, key, room) {
      const wanted = names.filter((_, i) => wants[i] !== 'none');
      const gradients = program.vjp({ x: x!, theta: theta! }, dy, wanted, false, key, room);
      return after(gradients, (bySlot) =>
        names.map((name, i) => (wants[i] === 'none' ? undefined : bySlot[name])),
      );
    },
  };
}

function checkFinite(values: Float64Array, what: string, size: number): void {
  // x - x is 0 for finite x and NaN otherwise: one sum tells whether anything is wrong.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! - values[i]!;
  if (sum === 0) return;
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i]!)) continue;
    throw new ValueError(
      `${KIND}: the ${what} of example ${Math.floor(i / size)} are not finite (${values[i]!})`,
      {
        remedy:
          'Check the data for values that are not finite; where they are finite, training has diverged and needs a lower learning rate',
      },
    );
  }
}

function checkInputs(inputs: number | undefined, qubits: number): asserts inputs is number {
  if (inputs === undefined || !Number.isSafeInteger(inputs) || inputs < 1)
    throw new ValueError(
      `${KIND}: the number of inputs per step is ${String(inputs)}, not a positive integer`,
    );
  if (inputs > qubits) {
    throw new ValueError(`${KIND}: ${inputs} inputs per step cannot rotate ${qubits} qubits`, {
      remedy: `Put dense(${inputs}, ${qubits}) before it, or use more qubits`,
    });
  }
}

function checkSteps(steps: number): void {
  if (!Number.isSafeInteger(steps) || steps < 1)
    throw new ValueError(`${KIND}: a sequence of ${String(steps)} steps is not possible`, {
      remedy: 'Give at least one step',
    });
}

function checkUnroll(x: Tensor, { state, starts }: UnrollOptions, sizes: Sizes): void {
  const { inputs, layers, qubits } = sizes;
  if (x.shape.length !== 2 || x.shape[1] !== inputs)
    throw new ValueError(
      `${KIND}: steps of shape [${x.shape.join(', ')}] do not fit, it takes [steps, ${inputs}]`,
    );
  checkSteps(x.shape[0]!);
  const expected = [
    ['state', state, [layers, qubits]],
    ['starts', starts, [x.shape[0]!]],
  ] as const;
  for (const [name, tensor, shape] of expected) {
    if (tensor === undefined || tensor.shape.join() === shape.join()) continue;
    throw new ValueError(
      `${KIND}: ${name} has shape [${tensor.shape.join(', ')}] (${sizeOf(tensor.shape)} numbers) where [${shape.join(', ')}] is needed`,
    );
  }
}
