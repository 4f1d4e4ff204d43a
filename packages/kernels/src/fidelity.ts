import { bits, fold, key, UnsupportedError, ValueError } from '@ketwork/base';
import { compose, expval, inverse, parseCircuit, projector, state, toJSON } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import type { AsyncEngine, Engine } from '@ketwork/simulator';
import { checkShots } from './binomial.ts';
import type { Recipe } from './computation.ts';
import type { AsyncKernel, Kernel, KernelJSON } from './contract.ts';
import { asArray, asGradients, encodingOf, openKernel } from './kernel.ts';
import type { Encoding, MemoryOptions } from './kernel.ts';
import { fidelities, fidelityCotangents, planesOf } from './overlap.ts';
import { estimate } from './shots.ts';

/** Options of {@link fidelityKernel}. */
export interface FidelityKernelOptions extends MemoryOptions {
  /**
   * `states`, the default: the states of all examples are made once and multiplied. `inversion`: for each pair the
   * circuit U(x) and then U†(x') is run, and the probability of |0…0⟩ is the kernel, as on a device; for engines with noise.
   */
  readonly method?: 'states' | 'inversion';
  /** Estimate each element from this many shots: a binomial number, one per pair; exact when absent. The diagonal is 1. */
  readonly shots?: number;
  /**
   * Changes the circuit of a pair before it is compiled, with `inversion` only: adds noise
   * (`(c) => applyNoise(c, model)`), say.
   */
  readonly rewrite?: (circuit: Circuit) => Circuit;
  /** Measure the diagonal too instead of setting it to 1, with `inversion` only. Default false. */
  readonly measureDiagonal?: boolean;
}

/** Pairs that are run in one call. */
const PAIRS = 4096;

/**
 * The fidelity kernel of a feature map, `K(x, x') = |⟨φ(x)|φ(x')⟩|²` (Havlíček et al., Nature 567, 209, 2019; Schuld and
 * Killoran, Phys. Rev. Lett. 122, 040504, 2019).
 *
 * States are made and compared in blocks that fit into `memory`, as three real matrix products per pair of blocks. Their
 * bits depend neither on the blocks nor on threads.
 *
 * @param engine Any engine that gives states (`states`) or expectation values (`inversion`).
 * @param featureMap A circuit with one batch slot, the example. Shared slots are weights, given with each call.
 * @throws CircuitError for a circuit without exactly one batch slot; UnsupportedError for what the engine cannot do or
 * options that do not go together; ValueError for an option out of range.
 * @example
 * ```ts
 * import { fidelityKernel, pairMeanFeatureMap } from '@ketwork/kernels';
 * import { cpu } from '@ketwork/simulator';
 * const kernel = fidelityKernel(await cpu(), pairMeanFeatureMap(2));
 * const gram = kernel.matrix([[0.1, 0.2], [0.3, -0.4], [0.1, 0.2]]); // [3, 3]
 * console.log(gram[0]!.toFixed(6), gram[2]!.toFixed(6)); // 1.000000 1.000000
 * console.log(kernel.between([[0, 0]], [[0.1, 0.2], [0.3, -0.4]]).length); // 2
 * ```
 */
export function fidelityKernel(
  engine: Engine,
  featureMap: Circuit,
  options?: FidelityKernelOptions,
): Kernel;
export function fidelityKernel(
  engine: AsyncEngine,
  featureMap: Circuit,
  options?: FidelityKernelOptions,
): AsyncKernel;
export function fidelityKernel(
  engine: Engine | AsyncEngine,
  featureMap: Circuit,
  options?: FidelityKernelOptions,
): Kernel | AsyncKernel;
export function fidelityKernel(
  engine: Engine | AsyncEngine,
  featureMap: Circuit,
  options: FidelityKernelOptions = {},
): Kernel | AsyncKernel {
  const { method = 'states', shots, rewrite, measureDiagonal = false } = options;
  checkShots('fidelityKernel', shots);
  if (method !== 'states' && method !== 'inversion') {
    throw new ValueError(`fidelityKernel: unknown method ${JSON.stringify(method)}`, {
      remedy: 'Use states or inversion',
    });
  }
  if (method === 'states' && (rewrite !== undefined || measureDiagonal)) {
    throw new UnsupportedError(
      `fidelityKernel: ${rewrite === undefined ? 'measureDiagonal' : 'rewrite'} is for pairs of circuits`,
      { remedy: "Use method: 'inversion'" },
    );
  }
  const encoding = encodingOf('fidelityKernel', featureMap);
  const recipe =
    method === 'states'
      ? statesRecipe(encoding, shots)
      : inversionRecipe(encoding, shots, rewrite, measureDiagonal);
  const json = (): KernelJSON => {
    if (rewrite !== undefined) {
      throw new UnsupportedError('a kernel with rewrite, a function, cannot be written as JSON', {
        remedy: 'Run it in the calling thread',
      });
    }
    return {
      kind: 'fidelity',
      circuit: toJSON(featureMap),
      settings: {
        method,
        ...(shots === undefined ? {} : { shots }),
        ...(measureDiagonal ? { measureDiagonal: 1 } : {}),
      },
    };
  };
  return openKernel(engine, { kind: 'fidelity', encoding, recipe, json }, options);
}

function statesRecipe({ circuit, slot }: Encoding, shots: number | undefined): Recipe {
  const dimension = 2 ** circuit.qubits;
  const recipe: Recipe = {
    jobs: [{ circuit, measurement: state() }],
    // Two planes, and a third while rows are compared or the engine's own copy before.
    rowBytes: 32 * dimension,
    *represent(x, _, { values, seed }) {
      const amplitudes = yield {
        program: 0,
        values: { ...values, [slot]: x },
        seed,
      };
      return planesOf(asArray(amplitudes));
    },
    // oxlint-disable-next-line require-yield -- overlaps need no program
    *compare(a, b, upper, settings) {
      const out = fidelities(a.data, b.data, dimension, upper);
      if (shots !== undefined) estimate(out, a, b, shots, settings, false);
      return out;
    },
  };
  if (shots !== undefined) return recipe;
  return {
    ...recipe,
    *pullBack(rows, x, dK, { values, seed }) {
      const dy = fidelityCotangents(rows.data, dimension, dK);
      return asGradients(yield { program: 0, values: { ...values, [slot]: x }, seed, dy });
    },
  };
}

/** The circuit of a pair: U(x), then the inverse of U(x') with its slot under another name. */
function pairCircuit({ circuit, slot }: Encoding): { pair: Circuit; other: string } {
  let other = `${slot}'`;
  while (circuit.slots.some(({ name }) => name === other)) other += "'";
  const copy = JSON.parse(toJSON(circuit), (name: string, value: unknown) =>
    name === 'slot' && value === slot ? other : value,
  ) as { slots: { name: string }[] };
  const slots = copy.slots.map((s) => (s.name === slot ? { ...s, name: other } : s));
  return { pair: compose(circuit, inverse(parseCircuit({ ...copy, slots }))), other };
}

function inversionRecipe(
  encoding: Encoding,
  shots: number | undefined,
  rewrite: ((circuit: Circuit) => Circuit) | undefined,
  measureDiagonal: boolean,
): Recipe {
  const { features, slot } = encoding;
  const { pair, other } = pairCircuit(encoding);
  const circuit = rewrite === undefined ? pair : rewrite(pair);
  const qubits = Array.from({ length: pair.qubits }, (_, i) => i);
  const zero = projector(Array<number>(pair.qubits).fill(0), qubits);
  return {
    jobs: [{ circuit, measurement: expval(zero) }],
    rowBytes: 8 * features,
    // oxlint-disable-next-line require-yield -- examples are given to the circuit as they are
    *represent(x) {
      return x;
    },
    *compare(a, b, upper, settings) {
      const out = new Float64Array(a.count * b.count);
      const places: number[] = [];
      for (let i = 0; i < a.count; i++) {
        for (let j = upper ? i : 0; j < b.count; j++) {
          if (settings.symmetric && a.first + i === b.first + j && !measureDiagonal)
            out[i * b.count + j] = 1;
          else places.push(i * b.count + j);
        }
      }
      for (let at = 0; at < places.length; at += PAIRS) {
        const some = places.slice(at, at + PAIRS);
        const left = new Float64Array(some.length * features);
        const right = new Float64Array(some.length * features);
        some.forEach((position, k) => {
          const i = Math.floor(position / b.count) * features;
          const j = (position % b.count) * features;
          left.set(a.data.subarray(i, i + features), k * features);
          right.set(b.data.subarray(j, j + features), k * features);
        });
        const values = { ...settings.values, [slot]: left, [other]: right };
        const stream = fold(fold(fold(key(settings.seed), a.first), b.first), at);
        const found: Float64Array = asArray(
          yield { program: 0, values, seed: bits(stream, 1)[0]! },
        );
        some.forEach((position, k) => {
          out[position] = found[k]!;
        });
      }
      if (shots !== undefined) estimate(out, a, b, shots, settings, measureDiagonal);
      return out;
    },
  };
}
