import { fold, ValueError } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import type { Circuit } from '@ketwork/circuit';
import { dropout as dropoutLayer, initializers, ops, prefixed } from '@ketwork/nn';
import type {
  BuiltLayer,
  ForwardContext,
  Initializer,
  Json,
  Layer,
  Parameter,
  Shape,
  Tensor,
} from '@ketwork/nn';
import type { ProgramOptions } from '../program.ts';
import { initializerOf, slotRoles } from '../slots.ts';
import type { SlotInitializers } from '../slots.ts';
import { variationalBlock } from '../variational-block.ts';
import type { CellKind } from './cells.ts';
import { Gates } from './gates.ts';
import { stepInput } from './rules.ts';

/** Options that recurrent cells and layers have in common. */
export interface RecurrentCellOptions extends ProgramOptions {
  /** Numbers of the hidden state. */
  readonly hidden: number;
  /** Layers of each circuit. Default 2. */
  readonly layers?: number;
  /** Qubits of each circuit, at least features + hidden, which is the default. */
  readonly qubits?: number;
  /**
   * A circuit of your own for all gates: one data slot of features + hidden angles, any weights. Default:
   * `variationalBlock(features + hidden, { qubits, layers })`.
   */
  readonly circuit?: Circuit;
  /** First values of the weights, one rule or rules by slot name. Default: normal with deviation 0.01. */
  readonly init?: SlotInitializers;
  /** Whether the weights are trained. False makes a random, fixed network: they are saved as buffers. Default true. */
  readonly trainable?: boolean;
}

/** Options of recurrent layers over sequences. */
export interface RecurrentOptions extends RecurrentCellOptions {
  /** Return the output of every step, `[steps, outputs]`, instead of the last one's, `[outputs]`. Default false. */
  readonly returnSequences?: boolean;
  /** Recurrent layers one on the other; each takes the hidden states of the one below. Default 1. */
  readonly stack?: number;
  /** Probability of dropout between the layers of the stack while training. Default 0. */
  readonly dropout?: number;
  /** States before the first step: zeros, or vectors that are trained from zeros. Default `zeros`. */
  readonly initialState?: 'zeros' | 'trained';
}

/** What a kind of cell has of its own. */
export interface CellSettings {
  /** Whether the output is that of the read-out circuit instead of the hidden state. */
  readonly readout: boolean;
  /** Name of the layer in messages and JSON. */
  readonly kind: string;
  /** Settings that only this kind has, for its JSON. */
  readonly extra?: Readonly<Record<string, Json>>;
  /** Settings of every recurrent layer that this kind does not offer; not in its JSON. */
  readonly without?: readonly string[];
}

/** One cell of a stack, built. */
interface Level {
  readonly gates: Gates;
  readonly sizes: readonly number[];
  readonly initial: readonly Parameter[];
  readonly parameters: readonly Parameter[];
  readonly readout: boolean;
}

/** Makes the layer that runs a cell, or a stack of them, along a sequence `[steps, features]`. */
export function recurrentLayer(
  cell: CellKind,
  settings: CellSettings,
  options: RecurrentOptions,
): Layer {
  const { kind, readout } = settings;
  const { hidden, returnSequences = false, stack = 1, dropout = 0, trainable = true } = options;
  const { initialState = 'zeros' } = options;
  const rule = checkOptions(kind, options);
  if (!Number.isSafeInteger(stack) || stack < 1)
    throw new ValueError(`${kind}: the stack ${stack} is not a positive integer`);
  if (!(dropout >= 0 && dropout < 1))
    throw new ValueError(`${kind}: the dropout ${dropout} is not from 0 to below 1`);
  if (initialState !== 'zeros' && initialState !== 'trained') {
    throw new ValueError(`${kind}: there is no initial state '${String(initialState)}'`, {
      remedy: "Use 'zeros' or 'trained'",
    });
  }
  const json: Record<string, Json> = {
    ...jsonOf(kind, options, rule),
    returnSequences,
    stack,
    dropout,
    initialState,
    ...settings.extra,
  };
  for (const name of settings.without ?? []) delete json[name];
  return Object.freeze<Layer>({
    kind,
    toJSON: () => json,
    build(shape, key) {
      const [steps, features] = checkSequence(kind, shape);
      const levels = Array.from({ length: stack }, (_, at): Level => {
        const last = at === stack - 1;
        const width = at === 0 ? features : hidden;
        const own = fold(key, at);
        const gates = gatesOf(cell, kind, options, rule, width, last && readout, own);
        const sizes = cell.sizes(width + hidden, hidden);
        const initial =
          initialState === 'zeros'
            ? []
            : cell.states.map((name, s) => ({
                name: `initial.${name}`,
                shape: [sizes[s]!],
                data: new Float64Array(sizes[s]!),
              }));
        const parameters = [...gates.parameters, ...initial];
        return {
          gates,
          sizes,
          initial,
          parameters: stack === 1 ? parameters : prefixed(`${at}`, parameters),
          readout: last && readout,
        };
      });
      const outputs = readout ? levels.at(-1)!.sizes.at(-1)! : hidden;
      const parameters = levels.flatMap((level) => level.parameters);
      const drop = dropout === 0 ? undefined : dropoutLayer(dropout).build([hidden], key);
      return {
        kind,
        inputShape: [...shape],
        outputShape: returnSequences ? [steps, outputs] : [outputs],
        parameters: trainable ? parameters : [],
        buffers: trainable ? [] : parameters,
        couplesExamples: false,
        bind: (engine) => levels.forEach((level) => level.gates.bind(engine)),
        bound: () => levels.every((level) => level.gates.bound),
        forward: (x, context) =>
          unrolled(x, context, { cell, kind, levels, steps, trainable, returnSequences, drop }),
      };
    },
  });
}

interface Unrolled {
  readonly cell: CellKind;
  readonly kind: string;
  readonly levels: readonly Level[];
  readonly steps: number;
  readonly trainable: boolean;
  readonly returnSequences: boolean;
  readonly drop: BuiltLayer | undefined;
}

function unrolled(x: Tensor, context: ForwardContext, plan: Unrolled): Tensor {
  const { cell, kind, levels, steps, trainable, returnSequences, drop } = plan;
  const { tape } = context;
  const keyOf = (...path: readonly number[]): Key | undefined =>
    path.reduce<Key | undefined>((key, part) => key && fold(key, part), context.key);
  let below: readonly Tensor[] | undefined;
  let result: Tensor | undefined;
  levels.forEach((level, at) => {
    const call = level.gates.caller(tape, keyOf(at, 0), trainable);
    let states: readonly Tensor[] = level.sizes.map((size, s) => {
      const initial = level.initial[s];
      if (initial === undefined)
        return tape.constant(new Float64Array(tape.batch * size), [size], 'batch');
      return ops.expand(tape.parameter(initial, trainable));
    });
    const outputs: Tensor[] = [];
    let read: Tensor | undefined;
    for (let t = 0; t < steps; t++) {
      const v =
        below === undefined
          ? stepInput(kind, x, states[0]!, t)
          : ops.concat([dropped(below[t]!, t), states[0]!]);
      const step = cell.step(call, v, states);
      states = step.states;
      read = step.read;
      outputs.push(level.readout ? read! : states[0]!);
    }
    function dropped(value: Tensor, t: number): Tensor {
      const own = keyOf(at, 1, t);
      if (drop === undefined) return value;
      return drop.forward(value, own === undefined ? context : { ...context, key: own });
    }
    below = outputs;
    if (at < levels.length - 1) return;
    if (returnSequences) {
      const all = stacked(outputs);
      result = level.readout ? call('readout', all, steps) : all;
    } else result = level.readout ? call('readout', read!) : states[0]!;
  });
  return result!;
}

/** Vectors of the steps as the rows of one tensor. */
function stacked(rows: readonly Tensor[]): Tensor {
  return ops.concat(rows.map((row) => ops.reshape(row, [1, ...row.shape])));
}

/** Makes the layer of a single step: `[x, states]` in, `[states]` out, with the read-out before them where there is one. */
export function recurrentCell(
  cell: CellKind,
  settings: CellSettings,
  options: RecurrentCellOptions,
): Layer {
  const { kind, readout } = settings;
  const { hidden, trainable = true } = options;
  const rule = checkOptions(kind, options);
  const json: Json = { ...jsonOf(kind, options, rule), ...settings.extra };
  return Object.freeze<Layer>({
    kind,
    toJSON: () => json,
    build(shape, key) {
      const features = featuresOfCell(cell, kind, shape, hidden);
      const gates = gatesOf(cell, kind, options, rule, features, readout, key);
      const sizes = cell.sizes(features + hidden, hidden);
      const total = sizes.reduce((a, b) => a + b, 0);
      const { parameters } = gates;
      return {
        kind,
        inputShape: [...shape],
        outputShape: [total + (readout ? sizes.at(-1)! : 0)],
        parameters: trainable ? parameters : [],
        buffers: trainable ? [] : parameters,
        couplesExamples: false,
        bind: (engine) => gates.bind(engine),
        bound: () => gates.bound,
        forward(x, { tape, key: passKey }) {
          const call = gates.caller(tape, passKey, trainable);
          let start = features;
          const states = sizes.map((size) => ops.slice(x, start, (start += size)));
          const first = ops.reshape(ops.slice(x, 0, features), [1, features]);
          const step = cell.step(call, stepInput(kind, first, states[0]!, 0), states);
          const outputs = readout ? [call('readout', step.read!)] : [];
          return ops.concat([...outputs, ...step.states]);
        },
      };
    },
  });
}

/** How many features stand before the states in the input of a cell. */
function featuresOfCell(cell: CellKind, kind: string, shape: Shape, hidden: number): number {
  const size = shape.length === 1 ? shape[0]! : -1;
  for (let features = 1; features < size; features++) {
    const states = cell.sizes(features + hidden, hidden).reduce((a, b) => a + b, 0);
    if (features + states === size) return features;
  }
  const sizes = cell.states.join(' and ');
  throw new ValueError(
    `${kind}: inputs of shape [${shape.join(', ')}] are not features and ${sizes} state with ${hidden} hidden numbers`,
    {
      remedy: `For one feature give vectors of ${1 + cell.sizes(1 + hidden, hidden).reduce((a, b) => a + b, 0)} numbers, features first; shapes do not include the batch`,
    },
  );
}

function gatesOf(
  cell: CellKind,
  kind: string,
  options: RecurrentCellOptions,
  rule: (name: string) => Initializer,
  features: number,
  readout: boolean,
  key: Key,
): Gates {
  const { hidden, layers = 2 } = options;
  const inputs = features + hidden;
  const { qubits = inputs } = options;
  if (options.circuit === undefined && qubits < inputs) {
    throw new ValueError(
      `${kind}: ${qubits} qubits cannot take ${features} features and ${hidden} hidden numbers`,
      { remedy: `Give at least ${inputs} qubits, or put a dense layer with fewer outputs before` },
    );
  }
  const circuit = options.circuit ?? variationalBlock(inputs, { qubits, layers });
  return new Gates(kind, circuit, inputs, cell.gates(inputs, hidden, readout), rule, key, options);
}

/** Checks what can be checked without the input's shape, and gives the rule for first values by slot name. */
function checkOptions(kind: string, options: RecurrentCellOptions): (name: string) => Initializer {
  const { hidden, layers = 2, qubits = 1, circuit } = options;
  for (const [name, value] of [
    ['hidden size', hidden],
    ['number of layers', layers],
    ['number of qubits', qubits],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new ValueError(`${kind}: the ${name} ${value} is not a positive integer`);
  }
  if (circuit !== undefined && (options.layers !== undefined || options.qubits !== undefined)) {
    throw new ValueError(`${kind}: layers and qubits are those of the circuit that is given`, {
      remedy: 'Leave out the options layers and qubits, or the circuit',
    });
  }
  const made = circuit ?? variationalBlock(1);
  const { init = initializers.normal(0.01) } = options;
  return initializerOf(kind, init, slotRoles(kind, made, undefined, {}).weights);
}

function jsonOf(
  kind: string,
  options: RecurrentCellOptions,
  rule: (name: string) => Initializer,
): Record<string, Json> {
  const { hidden, layers, qubits, circuit, trainable = true, method = 'best', shots } = options;
  const slots = slotRoles(kind, circuit ?? variationalBlock(1), undefined, {}).weights;
  return {
    kind,
    hidden,
    ...(circuit === undefined
      ? { layers: layers ?? 2, ...(qubits === undefined ? {} : { qubits }) }
      : { circuit: circuit as unknown as Json }),
    init: Object.fromEntries(slots.map(({ name }) => [name, rule(name).settings])),
    trainable,
    method,
    ...(shots === undefined ? {} : { shots }),
  };
}

function checkSequence(kind: string, shape: Shape): readonly [steps: number, features: number] {
  const [steps, features] = shape;
  if (shape.length !== 2 || !(steps! >= 0) || !(features! >= 1)) {
    throw new ValueError(
      `${kind}: inputs of shape [${shape.join(', ')}] are not sequences of shape [steps, features]`,
      {
        remedy:
          shape.length === 1
            ? `Put reshape([${shape[0]}, 1]) before it for one feature per step`
            : 'Shapes do not include the batch',
      },
    );
  }
  if (steps === 0) {
    throw new ValueError(`${kind}: the sequence is empty: it has no steps`, {
      remedy: 'Give sequences of at least one step',
    });
  }
  return [steps!, features!];
}
