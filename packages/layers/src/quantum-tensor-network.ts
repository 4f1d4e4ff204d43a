import { sizeOf, UnsupportedError, ValueError } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import { circuit as build, weight } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { initializers, ops } from '@ketwork/nn';
import type { DifferentiableMap, Initializer, Json, Layer, MaybePromise, Want } from '@ketwork/nn';
import { after, together } from './maybe-promise.ts';
import { LayerProgram, partKey } from './program.ts';
import type { ProgramOptions } from './program.ts';
import { repeated, summed } from './rows.ts';
import { checkChoice } from './shapes.ts';
import { initialize } from './slots.ts';
import {
  coordinates,
  fromProbes,
  pauliWords,
  perExample,
  PROBE,
  probeAngles,
  probed,
} from './tensor-network/box.ts';
import { contract, contractBackward } from './tensor-network/contract.ts';
import type { Tensors } from './tensor-network/contract.ts';
import { mergesOf } from './tensor-network/shape.ts';

/** Options of {@link quantumTensorNetwork}. */
export interface QuantumTensorNetworkOptions extends ProgramOptions {
  /** `path` merges word after word into a state, like a recurrent network; `tree` merges neighbours level by level, like a convolutional one. */
  readonly shape: 'path' | 'tree';
  /** Number of words of a sequence, at least 2. */
  readonly length: number;
  /** Number of different words, which are the integers from 0. */
  readonly vocabulary: number;
  /** `uniform`: one circuit for all merges; `hierarchical`: one for each position of a path or level of a tree. Default `uniform`. */
  readonly sharing?: 'uniform' | 'hierarchical';
  /** Qubits of a wire, 1 to 3; the bond dimension is 2 to this. Default 1. */
  readonly wires?: number;
  /**
   * Circuit that prepares a word on `wires` qubits; its slots are trained, one set for each word. Default RX, RZ, RX on
   * one qubit, two strongly entangling layers on more.
   */
  readonly word?: Circuit;
  /**
   * Circuit that merges two wires, `2 · wires` qubits, of which the first `wires` are kept; its slots are trained. It may
   * hold channels where the engine has them. Default `quantumConvolution` (15 angles), two strongly entangling layers
   * for wires of more qubits.
   */
  readonly merge?: Circuit;
  /** What becomes of the other qubits: dropped, or kept only where they are found in |0…0⟩. Default `trace`. */
  readonly discard?: 'trace' | 'postselect';
  /** Pauli words measured on the last wire. Default Z of each of its qubits. */
  readonly outputs?: readonly string[];
  /** First values of all angles; uniform in ±π by default. */
  readonly init?: Initializer;
}

const KIND = 'quantumTensorNetwork';

/**
 * A tensor network of quantum circuits over a sequence of words: every word is a state, circuits merge two wires into
 * one, the last wire is measured. Source: Harvey, Yeung and Meichanetzidis, "Sequence processing with quantum tensor
 * networks", arXiv:2308.07865; used for proteins in arXiv:2403.06890. What is computed is exact for any length: since
 * every wire is dropped or merged, a merge is a linear map of the Pauli coordinates of two wires, which the engine
 * determines from the products of |0⟩, |1⟩, |+⟩ and |+i⟩; no state of more than two wires is needed.
 *
 * `[length]` words, integers from 0 to `vocabulary - 1`, to `[outputs]`, each from -1 to 1. Parameters: `word.<slot>`
 * `[vocabulary, ...slot shape]` and `merge.<slot>` `[merges that differ, ...slot shape]`, radians.
 *
 * @throws ValueError where options do not fit; when run, for a number that is no word, and where a post-selection never
 * succeeds. UnsupportedError where gradients by the words are asked for.
 * @example
 * ```ts
 * import { quantumTensorNetwork } from '@ketwork/layers';
 * import { dense, forward, sequential } from '@ketwork/nn';
 * import { cpu } from '@ketwork/simulator';
 * const tree = quantumTensorNetwork({ shape: 'tree', length: 8, vocabulary: 4 });
 * const network = sequential(tree, dense(1, 2)).build([8], 1);
 * network.bind!(await cpu());
 * console.log((await forward(network, [0, 1, 2, 3, 3, 2, 1, 0])).length); // 2
 * ```
 */
export function quantumTensorNetwork(options: QuantumTensorNetworkOptions): Layer {
  const { shape, length, vocabulary, sharing = 'uniform', wires = 1, discard = 'trace' } = options;
  checkSizes(length, vocabulary, wires);
  checkChoice(KIND, 'shape', shape, ['path', 'tree']);
  checkChoice(KIND, 'sharing', sharing, ['uniform', 'hierarchical']);
  checkChoice(KIND, 'discard', discard, ['trace', 'postselect']);
  const word = options.word ?? defaultWord(wires);
  const merge = options.merge ?? defaultMerge(wires);
  checkCircuit('word', word, wires);
  checkCircuit('merge', merge, 2 * wires);
  const words = pauliWords(wires);
  const outputs = options.outputs ?? words.filter((one) => /^I*ZI*$/.test(one)).toReversed();
  const wanted = outputs.map((one) => words.indexOf(one));
  if (wanted.length === 0 || wanted.includes(-1)) {
    throw new ValueError(
      `${KIND}: the outputs [${outputs.join(', ')}] are not Pauli words of ${wires} letters`,
    );
  }
  const init = options.init ?? initializers.uniform(-Math.PI, Math.PI);
  const merges = mergesOf(shape, sharing, length);
  const boxes = 1 + Math.max(...merges.map(({ box }) => box));
  const settings = {
    kind: KIND,
    shape,
    length,
    vocabulary,
    sharing,
    wires,
    word,
    merge,
    discard,
    outputs,
    init: init.settings,
    method: options.method ?? 'best',
    ...(options.shots === undefined ? {} : { shots: options.shots }),
  };
  return Object.freeze<Layer>({
    kind: KIND,
    inputShape: [length],
    toJSON: () => settings as unknown as Json,
    build(inputShape, key) {
      if (inputShape.length !== 1 || inputShape[0] !== length) {
        throw new ValueError(
          `${KIND}: inputs of shape [${inputShape.join(', ')}] do not fit, it takes [${length}] words`,
        );
      }
      const wordProgram = new LayerProgram(
        KIND,
        perExample(word),
        coordinates(wires, wires, 'trace'),
        options,
      );
      const mergeProgram = new LayerProgram(
        KIND,
        probed(perExample(merge)),
        coordinates(2 * wires, wires, discard),
        options,
      );
      const slots = [
        ...word.slots.map((slot) => ({ of: 'word', slot, count: vocabulary })),
        ...merge.slots.map((slot) => ({ of: 'merge', slot, count: boxes })),
      ];
      const fans = { fanIn: length, fanOut: outputs.length };
      const parameters = slots.map(({ of, slot, count }, i) =>
        initialize(KIND, init, `${of}.${slot.name}`, [count, ...slot.shape], fans, key, i),
      );
      const map = networkMap({
        length,
        vocabulary,
        boxes,
        wires,
        normalize: discard === 'postselect',
        merges,
        wanted,
        word: { program: wordProgram, slots: word.slots },
        merge: { program: mergeProgram, slots: merge.slots },
      });
      return {
        kind: KIND,
        inputShape: [length],
        outputShape: [outputs.length],
        parameters,
        buffers: [],
        couplesExamples: false,
        bind(engine) {
          wordProgram.bind(engine);
          mergeProgram.bind(engine);
        },
        bound: () => wordProgram.bound && mergeProgram.bound,
        forward: (x, { tape, key: passKey }) =>
          ops.external(
            map,
            [x, ...parameters.map((p) => tape.parameter(p))],
            wordProgram.draws ? passKey : undefined,
          ),
      };
    },
  });
}

interface Kit {
  readonly program: LayerProgram;
  readonly slots: Circuit['slots'];
}

interface Network {
  readonly length: number;
  readonly vocabulary: number;
  readonly boxes: number;
  readonly wires: number;
  readonly normalize: boolean;
  readonly merges: ReturnType<typeof mergesOf>;
  /** Coordinates that are outputs. */
  readonly wanted: readonly number[];
  readonly word: Kit;
  readonly merge: Kit;
}

function networkMap(network: Network): DifferentiableMap {
  const { length, vocabulary, boxes, wires, normalize, merges, wanted, word, merge } = network;
  const d = 4 ** wires;
  const probes = probeAngles(2 * wires);
  const products = d * d;

  /** Values of the slots of the merging circuit, each box on all probes. */
  function probing(arrays: readonly Float64Array[], copies: number): Record<string, Float64Array> {
    const values: Record<string, Float64Array> = {
      [PROBE.polar]: repeated(probes.polar, 1, copies * boxes),
      [PROBE.azimuth]: repeated(probes.azimuth, 1, copies * boxes),
    };
    merge.slots.forEach(({ name, shape }, i) => {
      const eachProbe = repeated(arrays[i]!, arrays[i]!.length / sizeOf(shape), products);
      values[name] = repeated(eachProbe, 1, copies);
    });
    return values;
  }

  function wording(arrays: readonly Float64Array[], copies: number): Record<string, Float64Array> {
    return Object.fromEntries(
      word.slots.map(({ name }, i) => [name, repeated(arrays[i]!, 1, copies)]),
    );
  }

  function tensors(arrays: readonly Float64Array[], key: Key | undefined): MaybePromise<Tensors> {
    const own = arrays.slice(1);
    const results = together([
      word.program.run(wording(own, 1), partKey(key, 0)),
      merge.program.run(probing(own.slice(word.slots.length), 1), partKey(key, 1)),
    ]);
    return after(results, ([words, maps]) => {
      for (let box = 0; box < boxes; box++)
        fromProbes(
          maps!.subarray(box * products * d, (box + 1) * products * d),
          2 * wires,
          d,
          false,
        );
      return { words: words!, maps: maps!, d };
    });
  }

  function forward(
    arrays: readonly Float64Array[],
    batch: number,
    key?: Key,
  ): MaybePromise<Float64Array> {
    checkTokens(arrays[0]!, length, vocabulary);
    return after(tensors(arrays, key), (made) => {
      const { nodes } = contract(made, merges, arrays[0]!, length, normalize);
      const count = length + merges.length;
      return Float64Array.from({ length: batch * wanted.length }, (_, i) => {
        const last = (Math.floor(i / wanted.length) + 1) * count * d - d;
        return nodes[last + wanted[i % wanted.length]!]!;
      });
    });
  }

  function vjp(
    arrays: readonly Float64Array[],
    dy: Float64Array,
    batch: number,
    wants: readonly Want[],
    key?: Key,
  ): MaybePromise<readonly (Float64Array | undefined)[]> {
    if (wants[0] !== 'none') {
      throw new UnsupportedError(
        `${KIND}: words are integers and have no gradient, so layers before this one cannot be trained`,
        { remedy: 'Put this layer first' },
      );
    }
    const each = wants.includes('perExample');
    const sets = each ? batch : 1;
    const own = arrays.slice(1);
    return after(tensors(arrays, key), (made) => {
      const contraction = contract(made, merges, arrays[0]!, length, normalize);
      const last = new Float64Array(batch * d);
      for (let i = 0; i < dy.length; i++)
        last[Math.floor(i / wanted.length) * d + wanted[i % wanted.length]!]! += dy[i]!;
      const grads = contractBackward(made, merges, arrays[0]!, length, contraction, last, each);
      const size = products * d;
      for (let at = 0; at < grads.maps.length; at += size)
        fromProbes(grads.maps.subarray(at, at + size), 2 * wires, d, true);
      const names = (kit: Kit): string[] => kit.slots.map(({ name }) => name);
      const results = together([
        word.program.vjp(wording(own, sets), grads.words, names(word), false, partKey(key, 0)),
        merge.program.vjp(
          probing(own.slice(word.slots.length), sets),
          grads.maps,
          names(merge),
          false,
          partKey(key, 1),
        ),
      ]);
      return after(results, ([byWord, byMerge]) => [
        undefined,
        ...word.slots.map(({ name }) => byWord![name]!),
        ...merge.slots.map(({ name, shape }) =>
          summed(byMerge![name]!, sets * boxes, products, sizeOf(shape)),
        ),
      ]);
    });
  }

  return {
    name: KIND,
    inputs: [
      { axis: 'batch', shape: [length] },
      ...word.slots.map(({ shape }) => ({
        axis: 'shared' as const,
        shape: [vocabulary, ...shape],
      })),
      ...merge.slots.map(({ shape }) => ({ axis: 'shared' as const, shape: [boxes, ...shape] })),
    ],
    outputShape: [wanted.length],
    forward,
    vjp,
  };
}

function checkTokens(tokens: Float64Array, length: number, vocabulary: number): void {
  const wrong = tokens.findIndex(
    (token) => !Number.isInteger(token) || token < 0 || token >= vocabulary,
  );
  if (wrong >= 0) {
    throw new ValueError(
      `${KIND}: word ${wrong % length} of example ${Math.floor(wrong / length)} is ${tokens[wrong]}, not an integer from 0 to ${vocabulary - 1}`,
    );
  }
}

function checkSizes(length: number, vocabulary: number, wires: number): void {
  for (const [name, value, least, most] of [
    ['length', length, 2, Infinity],
    ['vocabulary', vocabulary, 1, Infinity],
    ['number of qubits of a wire', wires, 1, 3],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw new ValueError(
        `${KIND}: the ${name} ${value} is not an integer of at least ${least}${most === Infinity ? '' : ` and at most ${most}`}`,
      );
    }
  }
}

function checkCircuit(name: string, { qubits, slots }: Circuit, expected: number): void {
  if (qubits !== expected) {
    throw new ValueError(
      `${KIND}: the circuit ${name} has ${qubits} qubits, wires as they are need ${expected}`,
    );
  }
  const wrong = slots.find((slot) => slot.kind !== 'scalar' || !slot.differentiable);
  if (wrong !== undefined || slots.length === 0) {
    throw new ValueError(
      wrong === undefined
        ? `${KIND}: the circuit ${name} has no slot, so there is nothing to train`
        : `${KIND}: the slot '${wrong.name}' of the circuit ${name} cannot be trained`,
      { remedy: "Use angles such as weight('w', [3])" },
    );
  }
  const taken = slots.find((slot) => slot.name === PROBE.polar || slot.name === PROBE.azimuth);
  if (taken !== undefined)
    throw new ValueError(`${KIND}: the name '${taken.name}' is used inside, choose another`);
}

function defaultWord(wires: number): Circuit {
  return wires === 1
    ? build(1, { w: weight([3]) }, (q, { w }) => q.rx(w.at(0), 0).rz(w.at(1), 0).rx(w.at(2), 0))
    : build(wires, { w: weight([2, wires, 3]) }, (q, { w }) => q.stronglyEntanglingLayers(w));
}

function defaultMerge(wires: number): Circuit {
  return wires === 1
    ? build(2, { w: weight([15]) }, (q, { w }) => q.quantumConvolution(w, 0, 1))
    : build(2 * wires, { w: weight([2, 2 * wires, 3]) }, (q, { w }) =>
        q.stronglyEntanglingLayers(w),
      );
}
