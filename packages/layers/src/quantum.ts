import { sizeOf, UnsupportedError, ValueError } from '@ketwork/base';
import type { Circuit } from '@ketwork/circuit';
import { ops } from '@ketwork/nn';
import type { DifferentiableMap, Json, Layer, Shape, Tensor } from '@ketwork/nn';
import type { Measurements } from '@ketwork/simulator';
import { after } from './maybe-promise.ts';
import { LayerProgram } from './program.ts';
import type { ProgramOptions } from './program.ts';
import { initialize, initializerOf, slotRoles } from './slots.ts';
import type { ConstantValues, SlotInitializers, SlotRoles } from './slots.ts';

/** Options of {@link quantum}. */
export interface QuantumOptions extends ProgramOptions {
  /** Names of the data slots in the order in which the layer's input holds them; the order of the circuit by default. */
  readonly inputs?: readonly string[];
  /** First values of the weights, one rule or rules by slot name; uniform in ±π by default. */
  readonly init?: SlotInitializers;
  /** Values of shared slots that are not trained, by name. */
  readonly constants?: ConstantValues;
}

/**
 * A circuit as a layer of a model. Slots on the batch axis are fed by the layer's input, slots on the shared axis become
 * parameters of their names and shapes, and the measured numbers are the output.
 *
 * Input: the shape of the one data slot (or as a vector); with several data slots the vector of their elements, slot
 * after slot. Output: `[k]`, the numbers of all measurements one after the other (one per observable, `2^q` per
 * `probabilities`). Gradients, also per example and with respect to the input, come from `differentiate`.
 *
 * The layer carries no engine: `fit`, `evaluate` and `predict` bind one, or call `network.bind(engine)` with any engine
 * of `@ketwork/simulator`, local or remote; that compiles the circuit.
 *
 * @param measurement One or several of `expval`, `variance`, `probabilities`, `state`.
 * @throws ValueError where no slot takes data, or options do not fit the slots; UnsupportedError for samples and counts
 * and for shared slots that cannot be trained; when bound, what `differentiate` throws; when run unbound, ValueError.
 * @example
 * ```ts
 * import { circuit, expval, input, weight, Z } from '@ketwork/circuit';
 * import { quantum } from '@ketwork/layers';
 * import { dense, forward, sequential } from '@ketwork/nn';
 * import { cpu } from '@ketwork/simulator';
 * const ansatz = circuit(2, (q) => {
 *   q.angleEmbedding(input('x', [2]));
 *   q.stronglyEntanglingLayers(weight('w', [1, 2, 3]));
 * });
 * const network = sequential(quantum(ansatz, expval(Z(0), Z(1))), dense(2, 1)).build(7);
 * network.bind!(await cpu());
 * console.log(await forward(network, [0.1, 0.2])); // one number
 * ```
 */
export function quantum(
  circuit: Circuit,
  measurement: Measurements,
  options: QuantumOptions = {},
): Layer {
  return circuitLayer('quantum', circuit, measurement, options);
}

/** {@link quantum} under another name, for layers that contain one. */
export function circuitLayer(
  kind: string,
  circuit: Circuit,
  measurement: Measurements,
  options: QuantumOptions,
): Layer {
  const roles = slotRoles(kind, circuit, options.inputs, options.constants ?? {});
  const rule = initializerOf(kind, options.init, roles.weights);
  // Measurements are checked here, before there is an engine.
  const { outputs } = new LayerProgram(kind, circuit, measurement, options);
  const size = roles.inputs.reduce((sum, slot) => sum + sizeOf(slot.shape), 0);
  const inputShape: Shape = roles.inputs.length === 1 ? roles.inputs[0]!.shape : [size];
  const settings = {
    kind,
    circuit,
    measurement,
    inputs: roles.inputs.map((slot) => slot.name),
    init: Object.fromEntries(roles.weights.map((slot) => [slot.name, rule(slot.name).settings])),
    constants: Object.fromEntries(
      Object.entries(roles.constants).map(([name, values]) => [name, [...values]]),
    ),
    method: options.method ?? 'best',
    ...(options.shots === undefined ? {} : { shots: options.shots }),
  };
  return Object.freeze<Layer>({
    kind,
    inputShape,
    toJSON: () => settings as unknown as Json,
    build(shape, key) {
      checkInput(kind, shape, inputShape, size);
      const program = new LayerProgram(kind, circuit, measurement, options);
      const map = programMap(kind, program, roles);
      const fans = { fanIn: size, fanOut: outputs };
      const parameters = roles.weights.map((slot, i) =>
        initialize(kind, rule(slot.name), slot.name, slot.shape, fans, key, i),
      );
      return {
        kind,
        inputShape: [...shape],
        outputShape: [outputs],
        parameters,
        buffers: [],
        couplesExamples: false,
        bind: (engine) => program.bind(engine),
        bound: () => program.bound,
        forward(x, { tape, key: passKey }) {
          const data = splitInput(x, roles);
          return ops.external(
            map,
            [...data, ...parameters.map((p) => tape.parameter(p))],
            program.draws ? passKey : undefined,
          );
        },
      };
    },
  });
}

/** A program as a map of the tape: data slots in order, then weight slots. */
function programMap(
  kind: string,
  program: LayerProgram,
  { inputs, weights, constants }: SlotRoles,
): DifferentiableMap {
  const slots = [...inputs, ...weights];
  const valuesOf = (arrays: readonly Float64Array[]): Record<string, Float64Array> => ({
    ...constants,
    ...Object.fromEntries(slots.map((slot, i) => [slot.name, arrays[i]!])),
  });
  return {
    name: kind,
    inputs: slots.map(({ axis, shape }) => ({ axis, shape })),
    outputShape: [program.outputs],
    squaredNorms: true,
    forward: (arrays, _batch, key) => program.run(valuesOf(arrays), key),
    vjp(arrays, dy, _batch, wants, key) {
      const wanted = slots.filter((_, i) => wants[i] !== 'none');
      if (wanted.length === 0) return slots.map(() => undefined);
      for (const { name, differentiable } of wanted) {
        if (differentiable) continue;
        throw new UnsupportedError(
          `${kind}: slot '${name}' is not differentiable, so layers before this one cannot be trained`,
          {
            remedy: 'Put this layer first, or make the slot differentiable',
          },
        );
      }
      const gradients = program.vjp(
        valuesOf(arrays),
        dy,
        wanted.map((slot) => slot.name),
        wants.includes('squaredNorms') ? 'squaredNorms' : wants.includes('perExample'),
        key,
      );
      return after(gradients, (bySlot) =>
        slots.map((slot, i) => (wants[i] === 'none' ? undefined : bySlot[slot.name])),
      );
    },
  };
}

/** The parts of the layer's input that belong to the data slots. */
function splitInput(x: Tensor, { inputs }: SlotRoles): Tensor[] {
  if (inputs.length === 1) return [ops.reshape(x, inputs[0]!.shape)];
  let start = 0;
  return inputs.map(({ shape }) => {
    const end = start + sizeOf(shape);
    const part = ops.reshape(ops.slice(x, start, end), shape);
    start = end;
    return part;
  });
}

function checkInput(kind: string, got: Shape, wanted: Shape, size: number): void {
  const same = got.length === wanted.length && got.every((length, i) => length === wanted[i]);
  if (same || (got.length === 1 && got[0] === size)) return;
  throw new ValueError(
    `${kind}: inputs of shape [${got.join(', ')}] do not fit, the circuit takes [${wanted.join(', ')}]`,
    {
      remedy:
        got.length > 1 && sizeOf(got) === size
          ? 'Put flatten() before it'
          : 'Shapes do not include the batch',
    },
  );
}
