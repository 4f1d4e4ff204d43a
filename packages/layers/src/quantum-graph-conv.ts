import { sizeOf, ValueError } from '@ketwork/base';
import { Z, expval } from '@ketwork/circuit';
import type { Circuit, Slot } from '@ketwork/circuit';
import { ops } from '@ketwork/nn';
import type { DifferentiableMap, Json, Layer } from '@ketwork/nn';
import type { Measurements } from '@ketwork/simulator';
import { after } from './maybe-promise.ts';
import { LayerProgram } from './program.ts';
import type { ProgramOptions } from './program.ts';
import { quantumFilter } from './quantum-filter.ts';
import { initialize, initializerOf, slotRoles } from './slots.ts';
import type { SlotInitializers } from './slots.ts';

/** Options of {@link quantumGraphConv}. */
export interface QuantumGraphConvOptions extends ProgramOptions {
  /** Features of a node, one qubit each in the default circuit. */
  readonly features: number;
  /** Layers of entanglers and trained rotations of the default circuit. Default 1. */
  readonly layers?: number;
  /** Factor on the sum over the neighbours before the default circuit encodes it. Default 2. */
  readonly scale?: number;
  /**
   * Circuit of a node: one data slot of `features` elements, which takes the sum over the neighbours, the rest weights.
   * Default: {@link quantumFilter} without re-uploading.
   */
  readonly circuit?: Circuit;
  /** What is measured: the new features of the node. Default ⟨Z⟩ of every qubit. */
  readonly measurement?: Measurements;
  /** First values of the weights, one rule or rules by slot name; uniform in ±π by default. */
  readonly init?: SlotInitializers;
  /** Whether the weights are trained. Otherwise they keep their first values and are saved as buffers. Default true. */
  readonly trainable?: boolean;
}

/**
 * Graph convolution with a quantum circuit: every node takes the sum of its neighbours' features, weighted by the
 * adjacency matrix, as data of a circuit that all nodes share, and the measured numbers are its new features:
 * `H' = m · VQC(Â H)`. The circuit stands in the place of weight and nonlinearity of a classical graph convolution.
 *
 * Input: a packed graph `[nodes, features + nodes + 1]`, in a row the node's features, its row of Â, and 1 where the
 * node is there, 0 where the place is empty (see `ops.splitGraph` of `@ketwork/nn`; `packGraphs` and `imageGraphs` of
 * `@ketwork/datasets` make them). Output: the same graph with the measured numbers as features, so that layers can
 * follow one another and end in `graphMean` of `@ketwork/nn`. Empty places run no circuit and get features 0; all
 * other nodes of all graphs of a batch are one call of the engine. The order of the nodes does not matter.
 *
 * Parameters: the weight slots of the circuit; with the default circuit `w` `[layers, features, 3]` (radians). The mask
 * is a constant for gradients.
 *
 * Source: Chen, Wei, Zhang, Yu and Yoo, "Hybrid quantum-classical graph convolutional network", arXiv:2101.06189, and for
 * the mixing Kipf and Welling, arXiv:1609.02907. Only the abstract of the former was at hand: the circuit is that of the
 * group's other papers (see {@link quantumFilter}).
 *
 * @throws ValueError where sizes, circuit and options do not fit one another; at build, where the input is no packed
 * graph with that many features; when run, where the mask is neither 0 nor 1 or a feature is not finite;
 * UnsupportedError and the errors of binding as `quantum`.
 * @example
 * ```ts
 * import { quantumGraphConv } from '@ketwork/layers';
 * import { dense, graphMean, sequential } from '@ketwork/nn';
 * const conv = quantumGraphConv({ features: 4 });
 * const net = sequential(conv, conv, graphMean(), dense(4, 2)).build([24, 4 + 24 + 1], 1);
 * console.log(net.parameters.reduce((sum, p) => sum + p.data.length, 0)); // 34
 * ```
 */
export function quantumGraphConv(options: QuantumGraphConvOptions): Layer {
  const { features, layers = 1, scale = 2, trainable = true } = options;
  if (!Number.isSafeInteger(features) || features < 1)
    throw new ValueError(`quantumGraphConv: features ${features} is not a positive integer`);
  const circuit = options.circuit ?? nodeCircuit(features, layers, scale);
  const measurement =
    options.measurement ?? expval(...Array.from({ length: circuit.qubits }, (_, q) => Z(q)));
  const roles = slotRoles('quantumGraphConv', circuit, undefined, {});
  const [input, ...others] = roles.inputs as [Slot, ...Slot[]];
  if (others.length > 0 || sizeOf(input.shape) !== features) {
    throw new ValueError(
      `quantumGraphConv: the circuit must have one data slot of ${features} elements, one per feature of a node`,
      {
        remedy: `Its data slots are ${roles.inputs.map((slot) => `${slot.name} [${slot.shape.join(', ')}]`).join(', ')}`,
      },
    );
  }
  const rule = initializerOf('quantumGraphConv', options.init, roles.weights);
  const { outputs } = new LayerProgram('quantumGraphConv', circuit, measurement, options);
  const settings = {
    kind: 'quantumGraphConv',
    features,
    circuit,
    measurement,
    init: Object.fromEntries(roles.weights.map((slot) => [slot.name, rule(slot.name).settings])),
    trainable,
    method: options.method ?? 'best',
    ...(options.shots === undefined ? {} : { shots: options.shots }),
  };
  return Object.freeze<Layer>({
    kind: 'quantumGraphConv',
    toJSON: () => settings as unknown as Json,
    build(inputShape, key) {
      const nodes = inputShape[0] ?? 0;
      if (inputShape.length !== 2 || nodes < 1 || inputShape[1] !== features + nodes + 1) {
        throw new ValueError(
          `quantumGraphConv: inputs of shape [${inputShape.join(', ')}] do not fit, it takes packed graphs [nodes, ${features} + nodes + 1]`,
          {
            remedy:
              'Pack graphs with packGraphs or imageGraphs of @ketwork/datasets; shapes do not include the batch',
          },
        );
      }
      const program = new LayerProgram('quantumGraphConv', circuit, measurement, options);
      const fans = { fanIn: features, fanOut: outputs };
      const weights = roles.weights.map(({ name, shape }, i) =>
        initialize('quantumGraphConv', rule(name), name, shape, fans, key, i),
      );
      const map = nodeMap(program, input, roles.weights, nodes);
      return {
        kind: 'quantumGraphConv',
        inputShape: [...inputShape],
        outputShape: [nodes, outputs + nodes + 1],
        parameters: trainable ? weights : [],
        buffers: trainable ? [] : weights,
        couplesExamples: false,
        bind: (engine) => program.bind(engine),
        bound: () => program.bound,
        forward(x, { tape, key: passKey }) {
          const graph = ops.splitGraph(x);
          const mixed = ops.matmul(graph.adjacency, graph.features);
          const values = weights.map((p) => tape.parameter(p, trainable));
          const result = ops.external(
            map,
            [mixed, graph.mask, ...values],
            program.draws ? passKey : undefined,
          );
          return ops.joinGraph({ ...graph, features: result });
        },
      };
    },
  });
}

function nodeCircuit(features: number, layers: number, scale: number): Circuit {
  if (!Number.isSafeInteger(layers) || layers < 1)
    throw new ValueError(`quantumGraphConv: layers ${layers} is not a positive integer`);
  if (!Number.isFinite(scale))
    throw new ValueError(`quantumGraphConv: scale ${scale} is not a finite number`);
  return quantumFilter(features, { layers, scale, reupload: false });
}

/** The circuit on every node that is there: mixed features `[nodes, features]` and mask to new features. */
function nodeMap(
  program: LayerProgram,
  input: Slot,
  weights: readonly Slot[],
  nodes: number,
): DifferentiableMap {
  const features = sizeOf(input.shape);
  const { outputs } = program;
  const slots = [input, ...weights];

  const valuesOf = (
    rows: Float64Array,
    arrays: readonly Float64Array[],
  ): Record<string, Float64Array> => {
    const values: Record<string, Float64Array> = { [input.name]: rows };
    weights.forEach(({ name }, i) => (values[name] = arrays[i + 2]!));
    return values;
  };

  return {
    name: 'quantumGraphConv',
    inputs: [
      { axis: 'batch', shape: [nodes, features] },
      { axis: 'batch', shape: [nodes, 1] },
      ...weights.map(({ shape }) => ({ axis: 'shared' as const, shape })),
    ],
    outputShape: [nodes, outputs],
    forward(arrays, batch, key) {
      const places = activePlaces(arrays[1]!);
      const rows = gathered(arrays[0]!, places, features);
      checkRows(rows, places, features, nodes);
      if (places.length === 0) return new Float64Array(batch * nodes * outputs);
      return after(program.run(valuesOf(rows, arrays), key), (result) =>
        scattered(result, places, outputs, batch * nodes),
      );
    },
    vjp(arrays, dy, batch, wants, key) {
      const places = activePlaces(arrays[1]!);
      const wanted = slots.filter((_, i) => wants[i === 0 ? 0 : i + 1] !== 'none');
      const perExample = wants.includes('perExample');
      const finish = (
        bySlot: Readonly<Record<string, Float64Array>>,
      ): (Float64Array | undefined)[] => [
        wants[0] === 'none'
          ? undefined
          : scattered(bySlot[input.name]!, places, features, batch * nodes),
        wants[1] === 'none' ? undefined : new Float64Array(batch * nodes),
        ...weights.map(({ name, shape }, i) => {
          if (wants[i + 2] === 'none') return undefined;
          const gradient = bySlot[name]!;
          return perExample ? graphSums(gradient, places, sizeOf(shape), nodes, batch) : gradient;
        }),
      ];
      if (places.length === 0 || wanted.length === 0) {
        return finish(
          Object.fromEntries(
            slots.map(({ name, shape, axis }) => [
              name,
              new Float64Array(axis === 'batch' || perExample ? 0 : sizeOf(shape)),
            ]),
          ),
        );
      }
      const gradients = program.vjp(
        valuesOf(gathered(arrays[0]!, places, features), arrays),
        gathered(dy, places, outputs),
        wanted.map(({ name }) => name),
        perExample,
        key,
      );
      return after(gradients, finish);
    },
  };
}

/** Places with a node, counted over the batch. */
function activePlaces(mask: Float64Array): Uint32Array {
  let count = 0;
  const places = new Uint32Array(mask.length);
  for (let i = 0; i < mask.length; i++) {
    const value = mask[i]!;
    if (value !== 0 && value !== 1) {
      throw new ValueError(`quantumGraphConv: a mask of ${value} is neither 0 nor 1`, {
        remedy:
          'The last number of a row of a packed graph is 1 for a node and 0 for an empty place',
      });
    }
    if (value === 1) places[count++] = i;
  }
  return places.subarray(0, count);
}

function checkRows(rows: Float64Array, places: Uint32Array, features: number, nodes: number): void {
  const at = rows.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const place = places[Math.floor(at / features)]!;
  throw new ValueError(
    `quantumGraphConv: feature ${at % features} of node ${place % nodes} of graph ${Math.floor(place / nodes)} is ${rows[at]} after the sum over its neighbours`,
    { remedy: 'Give finite features and adjacency' },
  );
}

function gathered(values: Float64Array, places: Uint32Array, width: number): Float64Array {
  const rows = new Float64Array(places.length * width);
  for (let r = 0; r < places.length; r++) {
    const from = places[r]! * width;
    for (let i = 0; i < width; i++) rows[r * width + i] = values[from + i]!;
  }
  return rows;
}

/** The inverse of `gathered`, with 0 in empty places. */
function scattered(
  rows: Float64Array,
  places: Uint32Array,
  width: number,
  total: number,
): Float64Array {
  const values = new Float64Array(total * width);
  for (let r = 0; r < places.length; r++) {
    const to = places[r]! * width;
    for (let i = 0; i < width; i++) values[to + i] = rows[r * width + i]!;
  }
  return values;
}

/** Sums rows over the nodes of each graph. */
function graphSums(
  rows: Float64Array,
  places: Uint32Array,
  width: number,
  nodes: number,
  batch: number,
): Float64Array {
  const sums = new Float64Array(batch * width);
  for (let r = 0; r < places.length; r++) {
    const to = Math.floor(places[r]! / nodes) * width;
    for (let i = 0; i < width; i++) sums[to + i]! += rows[r * width + i]!;
  }
  return sums;
}
