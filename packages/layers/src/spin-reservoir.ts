import { fold, uniform, ValueError } from '@ketwork/base';
import { angle, circuit, expval, input, pauliSum, Z } from '@ketwork/circuit';
import type { Circuit, WeightedWord } from '@ketwork/circuit';
import { ops } from '@ketwork/nn';
import type { DifferentiableMap, Json, Layer, MaybePromise, Parameter, Shape } from '@ketwork/nn';
import { after, together } from './maybe-promise.ts';
import { LayerProgram } from './program.ts';

/** Options of {@link spinReservoir}. */
export interface SpinReservoirOptions {
  /** Number of spins n, more than there are features. Default 5. */
  readonly qubits?: number;
  /** Width of the uniform distribution of the couplings J_ij around 0. Default 1. */
  readonly coupling?: number;
  /** Strength h of the transverse field. Default 0.5. */
  readonly field?: number;
  /** Time τ for which the spins evolve after each input, in units of 1/coupling. Default 4. */
  readonly time?: number;
  /** Times within τ at which the spins are read, evenly spaced: virtual nodes. Default 1, at the end. */
  readonly virtualNodes?: number;
  /** Return the features of every step, `[steps, qubits · virtualNodes]`, instead of the last one's. Default false. */
  readonly returnSequences?: boolean;
}

/**
 * A reservoir of coupled spins. At every step the first spins, one per feature, are replaced by new ones in the state
 * `√(1-x)|0⟩ + √x|1⟩`, then all spins evolve under `H = Σ_{i<j} J_ij X_i X_j + h Σ Z_i` for a time τ. The features are ⟨Z⟩
 * of all spins, at `virtualNodes` times within τ. The couplings are drawn with the seed of the model, stay fixed, and are
 * saved as a buffer.
 *
 * Input `[steps, features]`, numbers from 0 to 1; output `[qubits · virtualNodes]`, time after time, of the last step or of
 * all steps. Replacing a spin is a reset in the middle of the circuit: the CPU engine runs it exactly with one more qubit
 * per step and feature; for long sequences bind `densityMatrix()` instead, which needs none. Outputs of all steps take a
 * circuit per step.
 *
 * Source: Fujii and Nakajima, "Harnessing disordered-ensemble quantum dynamics for machine learning", Phys. Rev. Applied 8,
 * 024030, arXiv:1602.08159. The default strengths and times are ours.
 *
 * @throws ValueError where options do not fit; at build, where the input is no sequence, is empty, or has too many
 * features; in a run, where a number is not from 0 to 1. Gradients with respect to inputs do not exist at 0 and 1.
 * @example
 * ```ts
 * import { spinReservoir } from '@ketwork/layers';
 * import { forward } from '@ketwork/nn';
 * import { cpu } from '@ketwork/simulator';
 * const network = spinReservoir({ qubits: 4, virtualNodes: 2 }).build([5, 1], [0, 1]);
 * network.bind!(await cpu());
 * console.log((await forward(network, [0.1, 0.5, 0.3, 0.9, 0.2])).length); // 8
 * ```
 */
export function spinReservoir(options: SpinReservoirOptions = {}): Layer {
  const { qubits = 5, coupling = 1, field = 0.5, time = 4 } = options;
  const { virtualNodes = 1, returnSequences = false } = options;
  for (const [name, value, least] of [
    ['number of qubits', qubits, 2],
    ['number of virtual nodes', virtualNodes, 1],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < least)
      throw new ValueError(
        `spinReservoir: the ${name} ${value} is not an integer of at least ${least}`,
      );
  }
  for (const [name, value] of Object.entries({ coupling, field, time })) {
    if (!Number.isFinite(value))
      throw new ValueError(`spinReservoir: the ${name} ${value} is not a finite number`);
  }
  const json: Json = {
    kind: 'spinReservoir',
    qubits,
    coupling,
    field,
    time,
    virtualNodes,
    returnSequences,
  };
  return Object.freeze<Layer>({
    kind: 'spinReservoir',
    toJSON: () => json,
    build(shape, key) {
      const [steps, features] = checkSequence(shape, qubits);
      const pairs = (qubits * (qubits - 1)) / 2;
      const couplings: Parameter = {
        name: 'couplings',
        shape: [pairs],
        data: uniform(fold(key, 0), pairs).map((value) => coupling * (value - 0.5)),
      };
      const first = returnSequences ? 1 : steps;
      const readings = Array.from({ length: (steps - first + 1) * virtualNodes }, (_, i) => ({
        steps: first + Math.floor(i / virtualNodes),
        part: ((i % virtualNodes) + 1) / virtualNodes,
      }));
      const programs = new SpinPrograms({ qubits, features, field, time }, couplings, readings);
      const outputs = qubits * virtualNodes;
      const outputShape = returnSequences ? [steps, outputs] : [outputs];
      const map = spinMap(programs, [steps, features], outputShape);
      return {
        kind: 'spinReservoir',
        inputShape: [...shape],
        outputShape,
        parameters: [],
        buffers: [couplings],
        couplesExamples: false,
        bind: (engine) => programs.bind(engine),
        bound: () => programs.bound,
        forward: (x) => ops.external(map, [x]),
      };
    },
  });
}

/** The spins without their couplings. */
interface Spins {
  readonly qubits: number;
  readonly features: number;
  readonly field: number;
  readonly time: number;
}

/** When to read: after so many steps, the last of which lasts only a part of its time. */
interface Reading {
  readonly steps: number;
  readonly part: number;
}

/** One program per reading, made anew where other couplings have been loaded. */
class SpinPrograms {
  readonly readings: readonly Reading[];
  readonly spins: Spins;
  readonly #couplings: Parameter;
  #engine: unknown;
  #made:
    | { readonly couplings: Float64Array; readonly programs: readonly LayerProgram[] }
    | undefined;

  constructor(spins: Spins, couplings: Parameter, readings: readonly Reading[]) {
    this.spins = spins;
    this.readings = readings;
    this.#couplings = couplings;
  }

  get bound(): boolean {
    return this.#engine !== undefined;
  }

  bind(engine: unknown): void {
    const programs = this.#compile();
    for (const program of programs) program.bind(engine);
    this.#engine = engine;
  }

  /** The programs, in the order of the readings. */
  ready(): readonly LayerProgram[] {
    const programs = this.#compile();
    // A program of its own says what to do where there is no engine.
    if (this.bound) for (const program of programs) program.bind(this.#engine);
    return programs;
  }

  #compile(): readonly LayerProgram[] {
    const { data } = this.#couplings;
    if (this.#made?.couplings.every((value, i) => value === data[i]) !== true) {
      const { qubits } = this.spins;
      const observables = Array.from({ length: qubits }, (_, qubit) => Z(qubit));
      const programs = this.readings.map((reading) => {
        const made = spinCircuit(this.spins, data, reading);
        return new LayerProgram('spinReservoir', made, expval(...observables), {});
      });
      this.#made = { couplings: data.slice(), programs };
    }
    return this.#made.programs;
  }
}

function spinCircuit(
  { qubits, features, field, time }: Spins,
  couplings: Float64Array,
  { steps, part }: Reading,
): Circuit<'x'> {
  const words: WeightedWord[] = [];
  let at = 0;
  for (let i = 0; i < qubits; i++) {
    for (let j = i + 1; j < qubits; j++) words.push([couplings[at++]!, 'XX', [i, j]]);
  }
  for (let i = 0; i < qubits; i++) words.push([field, 'Z', [i]]);
  const hamiltonian = pauliSum(words);
  const all = Array.from({ length: qubits }, (_, qubit) => qubit);
  return circuit(qubits, { x: input([steps, features]) }, (q, { x }) => {
    for (let t = 0; t < steps; t++) {
      for (let i = 0; i < features; i++) {
        if (t > 0) q.reset(i);
        q.ry(angle.asin(angle.sqrt(x.at(t, i))).times(2), i);
      }
      q.evolution(hamiltonian, t === steps - 1 ? part * time : time, all);
    }
  });
}

/** All readings side by side as a map of the tape. */
function spinMap(
  programs: SpinPrograms,
  inputShape: readonly [steps: number, features: number],
  outputShape: Shape,
): DifferentiableMap {
  const { readings } = programs;
  const { qubits, features } = programs.spins;
  const row = inputShape[0] * features;
  const width = readings.length * qubits;
  /** The steps that a reading sees. */
  const seen = (x: Float64Array, batch: number, { steps }: Reading): Float64Array => {
    if (steps === inputShape[0]) return x;
    const own = steps * features;
    const out = new Float64Array(batch * own);
    for (let e = 0; e < batch; e++) out.set(x.subarray(e * row, e * row + own), e * own);
    return out;
  };
  const each = <T>(
    work: (program: LayerProgram, reading: Reading, index: number) => MaybePromise<T>,
  ): MaybePromise<T[]> =>
    together(programs.ready().map((program, i) => work(program, readings[i]!, i)));
  return {
    name: 'spinReservoir',
    inputs: [{ axis: 'batch', shape: inputShape }],
    outputShape,
    forward([x], batch) {
      checkValues(x!, inputShape);
      const results = each((program, reading) =>
        program.run({ x: seen(x!, batch, reading) }, undefined),
      );
      return after(results, (parts) => {
        const out = new Float64Array(batch * width);
        parts.forEach((part, i) => {
          for (let e = 0; e < batch; e++)
            out.set(part.subarray(e * qubits, (e + 1) * qubits), e * width + i * qubits);
        });
        return out;
      });
    },
    vjp([x], dy, batch, wants) {
      if (wants[0] === 'none') return [undefined];
      const gradients = each((program, reading, i) => {
        const own = new Float64Array(batch * qubits);
        for (let e = 0; e < batch; e++) {
          const from = e * width + i * qubits;
          own.set(dy.subarray(from, from + qubits), e * qubits);
        }
        return program.vjp({ x: seen(x!, batch, reading) }, own, ['x'], false, undefined);
      });
      return after(gradients, (parts) => {
        const dx = new Float64Array(batch * row);
        parts.forEach(({ x: part }, i) => {
          const own = readings[i]!.steps * features;
          for (let e = 0; e < batch; e++)
            for (let k = 0; k < own; k++) dx[e * row + k]! += part![e * own + k]!;
        });
        return [dx];
      });
    },
  };
}

function checkValues(
  x: Float64Array,
  [steps, features]: readonly [steps: number, features: number],
): void {
  const bad = x.findIndex((value) => !(value >= 0 && value <= 1));
  if (bad < 0) return;
  const at = bad % (steps * features);
  throw new ValueError(
    `spinReservoir: feature ${at % features} of step ${Math.floor(at / features)} is ${x[bad]} in example ${Math.floor(bad / (steps * features))} of the batch, not from 0 to 1`,
    { remedy: 'Scale the data, such as by minMax(series, { range: [0, 1] })' },
  );
}

function checkSequence(shape: Shape, qubits: number): readonly [steps: number, features: number] {
  const [steps = 0, features = 0] = shape;
  if (shape.length !== 2 || steps < 1 || features < 1) {
    throw new ValueError(
      `spinReservoir: inputs of shape [${shape.join(', ')}] are not sequences of shape [steps, features] with at least one step`,
      {
        remedy:
          'Put reshape([steps, 1]) before it for one feature per step; shapes do not include the batch',
      },
    );
  }
  if (features >= qubits) {
    throw new ValueError(
      `spinReservoir: ${qubits} spins cannot take ${features} features and remember them`,
      { remedy: `Give more than ${features} qubits` },
    );
  }
  return [steps, features];
}
