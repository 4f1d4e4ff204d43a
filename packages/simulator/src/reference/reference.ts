import { sizeOf, UnsupportedError } from '@ketwork/base';
import type { Circuit, Measurement, Slot } from '@ketwork/circuit';
import { checkAlive, checkOut, checkVjpOptions } from '../calls.ts';
import { checkProgram, isSampled, readWrt } from '../compile.ts';
import type { CheckedProgram } from '../compile.ts';
import type {
  Capabilities,
  CompileOptions,
  Cotangents,
  Engine,
  Gradients,
  JacobianOptions,
  Measurements,
  Program,
  Results,
  RunOptions,
  Values,
  VjpOptions,
} from '../contract.ts';
import { checkSuccess, isDynamic, postselects } from '../postselection.ts';
import { withShots } from '../shots.ts';
import type { SlotValues } from '../values.ts';
import { readCotangents, readValues } from '../values.ts';
import { runBranches } from './branches.ts';
import { addScaled, applyMap, inner } from './linear.ts';
import { measureBranches } from './measure-branches.ts';
import type { Measured } from './measure.ts';
import { measure } from './measure.ts';
import { concrete, exampleOf } from './operations.ts';
import type { Example } from './operations.ts';

const CAPABILITIES: Capabilities = {
  engine: 'reference',
  precision: ['f64'],
  maxQubits: 14,
  ops: [
    'gate',
    'matrix',
    'evolution',
    'statePreparation',
    'channel',
    'measure',
    'reset',
    'conditional',
    'barrier',
  ],
  gates: 'all',
  evolutionDrift: true,
  bits: true,
  analytic: ['expval', 'variance', 'probabilities', 'state', 'successProbability'],
  shots: ['expval', 'variance', 'probabilities', 'samples', 'counts', 'successProbability'],
  adjoint: ['expval', 'variance', 'probabilities', 'state', 'successProbability'],
  adjointIrreversible: true,
};

/**
 * The dense reference simulator: every operation is the matrix of its row of the gate table, applied by index arithmetic,
 * one example after the other. It is meant to be obviously right, not fast; other engines are judged by it. Derivatives
 * are carried forward through the circuit by the product rule, one state per slot element, and are exact to rounding.
 *
 * Circuits with channels, measurements, resets or conditionals run as a density matrix for every reached value of the
 * classical bits, on up to 8 qubits. A loop whose condition still holds after its greatest number of rounds just ends.
 *
 * @returns an engine for up to 14 qubits that runs in the calling thread.
 *
 * @example
 * ```ts
 * import { circuit, probabilities } from '@ketwork/circuit';
 * import { reference } from '@ketwork/simulator';
 * const bell = circuit(2, (q) => { q.h(0); q.cnot(0, 1); });
 * console.log(reference().compile(bell, probabilities()).run()); // about [0.5, 0, 0, 0.5]
 * ```
 */
export function reference(): Engine {
  const engine: Engine = {
    name: 'reference',
    synchronous: true,
    capabilities: CAPABILITIES,
    compile<Names extends string, const M extends Measurements>(
      circuit: Circuit<Names>,
      measurements: M,
      options: CompileOptions = {},
    ): Program<Names, M> {
      const checked = checkProgram(circuit, measurements, options, CAPABILITIES);
      if (isBranched(circuit, checked.measurements) && circuit.qubits > BRANCHED_QUBITS) {
        throw new UnsupportedError(
          `the reference holds a density matrix for every value of the classical bits, of at most ${BRANCHED_QUBITS} qubits, and the circuit has ${circuit.qubits}`,
          { remedy: 'Use fewer qubits, or an engine for circuits with measurements or noise' },
        );
      }
      return new ReferenceProgram(circuit, measurements, options, checked);
    },
    dispose() {},
    [Symbol.dispose]() {},
  };
  return engine;
}

/** Most qubits of a circuit whose state is not simply a vector. */
const BRANCHED_QUBITS = 8;

/** Whether density matrices are needed, besides the state vector that only `state` asks for. */
function isBranched(circuit: Circuit, measurements: readonly Measurement[]): boolean {
  return measurements.some(
    (m) => m.type !== 'state' && (isDynamic(circuit) || ('bits' in m && m.bits !== undefined)),
  );
}

class ReferenceProgram<Names extends string, M extends Measurements> implements Program<Names, M> {
  readonly circuit: Circuit<Names>;
  readonly measurements: M;
  readonly options: CompileOptions;
  readonly outputShapes: readonly (readonly number[])[];
  readonly #checked: CheckedProgram;
  readonly #withShots:
    | ((values: Values<Names> | undefined, options: RunOptions) => Results<M>)
    | undefined;
  readonly #branched: boolean;
  #disposed = false;

  constructor(
    circuit: Circuit<Names>,
    measurements: M,
    options: CompileOptions,
    checked: CheckedProgram,
  ) {
    this.circuit = circuit;
    this.measurements = measurements;
    this.options = options;
    this.outputShapes = checked.outputShapes;
    this.#checked = checked;
    this.#branched = isBranched(circuit, checked.measurements);
    this.#withShots = checked.measurements.some((m) => isSampled(m, options))
      ? withShots((c, m) => reference().compile(c, m), circuit, measurements, options)
      : undefined;
  }

  run(values?: Values<Names>, options: RunOptions = {}): Results<M> {
    this.#live();
    if (this.#withShots !== undefined) return this.#withShots(values, options);
    const read = readValues(this.circuit, values);
    const { outputSizes, single } = this.#checked;
    checkOut(options.out, this.#checked, read.batch);
    const results: Float64Array[] = outputSizes.map((size) => new Float64Array(read.batch * size));
    for (let e = 0; e < read.batch; e++) {
      this.#example(read, e, () => false).forEach((measured, i) => {
        results[i]!.set(measured.values, e * outputSizes[i]!);
      });
    }
    if (options.out !== undefined) {
      options.out.set(results[0]!);
      results[0] = options.out;
    }
    return (single ? results[0] : results) as Results<M>;
  }

  vjp(values: Values<Names>, dy: Cotangents<M>, options: VjpOptions<Names> = {}): Gradients<Names> {
    this.#live();
    this.#differentiable();
    checkVjpOptions(options);
    const slots = readWrt(this.circuit, options.wrt);
    const read = readValues(this.circuit, values);
    const { batch } = read;
    const { outputSizes, single } = this.#checked;
    const cotangents = readCotangents(dy, outputSizes, single, batch);
    const gradients = {} as Gradients;
    for (const slot of slots)
      gradients[slot.name] = new Float64Array(gradientLength(slot, batch, options));
    for (let e = 0; e < batch; e++) {
      const measured = this.#example(read, e, this.#wanted(slots));
      for (const slot of slots) {
        const row = new Float64Array(sizeOf(slot.shape));
        const first = this.#firstOf(slot);
        for (let i = 0; i < row.length; i++) {
          measured.forEach(({ partials }, m) => {
            const partial = partials.get(first + i);
            const weights = cotangents[m]?.subarray(e * outputSizes[m]!, (e + 1) * outputSizes[m]!);
            if (partial !== undefined && weights !== undefined)
              row[i]! += partial.reduce((s, x, o) => s + x * weights[o]!, 0);
          });
        }
        const target = gradients[slot.name]!;
        if (slot.axis === 'batch' || options.perExample === true) target.set(row, e * row.length);
        else if (options.squaredNorms === true) target[e] = row.reduce((s, x) => s + x * x, 0);
        else row.forEach((x, i) => (target[i]! += x));
      }
    }
    return gradients as Gradients<Names>;
  }

  jacobian(values: Values<Names>, options: JacobianOptions<Names> = {}): Gradients<Names> {
    this.#live();
    this.#differentiable();
    const slots = readWrt(this.circuit, options.wrt);
    const read = readValues(this.circuit, values);
    const { batch } = read;
    const { outputSizes } = this.#checked;
    const outputs = outputSizes.reduce((a, b) => a + b, 0);
    const jacobians = {} as Gradients;
    for (const slot of slots)
      jacobians[slot.name] = new Float64Array(batch * outputs * sizeOf(slot.shape));
    for (let e = 0; e < batch; e++) {
      const measured = this.#example(read, e, this.#wanted(slots));
      for (const slot of slots) {
        const size = sizeOf(slot.shape);
        const first = this.#firstOf(slot);
        let output = e * outputs;
        measured.forEach(({ partials }, m) => {
          for (let i = 0; i < size; i++) {
            partials.get(first + i)?.forEach((x, o) => {
              jacobians[slot.name]![(output + o) * size + i] = x;
            });
          }
          output += outputSizes[m]!;
        });
      }
    }
    return jacobians as Gradients<Names>;
  }

  explain(): { text: string; details: Record<string, string | number | boolean> } {
    return {
      text: 'reference: dense matrices, one example after the other; exact and slow.',
      details: {
        engine: 'reference',
        qubits: this.circuit.qubits,
        operations: this.circuit.ops.length,
      },
    };
  }

  estimateMemory(batch = 1, options: { readonly gradient?: boolean } = {}): number {
    const mixed = isBranched(this.circuit, this.#checked.measurements);
    // Branches come and go; what they have in common is that few are held at once.
    const state = 16 * (mixed ? 8 * 4 ** this.circuit.qubits : 2 ** this.circuit.qubits);
    const elements = this.circuit.slots.reduce((sum, slot) => sum + sizeOf(slot.shape), 0);
    const outputs = 8 * batch * this.#checked.outputSizes.reduce((a, b) => a + b, 0);
    return outputs + 2 * state * (options.gradient === true ? 1 + elements : 1);
  }

  dispose(): void {
    this.#disposed = true;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Runs one example and takes all measurements. */
  #example(read: SlotValues, index: number, wanted: (id: number) => boolean): Measured[] {
    const { circuit } = this;
    const { measurements } = this.#checked;
    const example = exampleOf(circuit, read, index);
    const vectors = measurements.filter((m) => m.type === 'state' || !this.#branched);
    const others = measurements.filter((m) => !vectors.includes(m));
    const ofVectors = vectors.length === 0 ? [] : this.#vector(vectors, example, wanted);
    const ofOthers =
      others.length === 0
        ? []
        : measureBranches(circuit, others, runBranches(circuit, example, wanted), example, wanted);
    return measurements.map((m) =>
      vectors.includes(m) ? ofVectors[vectors.indexOf(m)]! : ofOthers[others.indexOf(m)]!,
    );
  }

  /** A state vector: it and its derivatives go through the operations, then measurements are taken. */
  #vector(
    measurements: readonly Measurement[],
    example: Example,
    wanted: (id: number) => boolean,
  ): Measured[] {
    const { circuit } = this;
    let state: Float64Array = new Float64Array(2 ** circuit.qubits * 2);
    state[0] = 1;
    let tangents = new Map<number, Float64Array>();
    circuit.ops.forEach((op, operation) => {
      const step = concrete(op, operation, example, wanted);
      if (step === undefined) return;
      const { map, partials } = step;
      // d(U ψ) = U dψ + dU ψ
      const next = new Map(
        [...tangents].map(([id, t]) => [id, applyMap(t, circuit.qubits, map, 'keep')]),
      );
      for (const [id, form] of partials) {
        const change = applyMap(state, circuit.qubits, { ...map, form }, 'zero');
        const before = next.get(id);
        next.set(id, before === undefined ? change : addScaled(before, change, 1));
      }
      state = applyMap(state, circuit.qubits, map, 'keep');
      tangents = next;
    });
    if (postselects(circuit)) {
      const norm = Math.sqrt(inner(state, state)[0]);
      checkSuccess(norm ** 2, example.index, circuit);
      // d(ψ/|ψ|) = dψ/|ψ| - ψ Re⟨ψ|dψ⟩/|ψ|³
      tangents = new Map(
        [...tangents].map(([id, t]) => [
          id,
          addScaled(t, state, -inner(state, t)[0] / norm ** 2).map((x) => x / norm),
        ]),
      );
      state = state.map((x) => x / norm);
    }
    return measurements.map((m) => measure(circuit, m, state, tangents, example, wanted));
  }

  #firstOf(slot: Slot): number {
    let first = 0;
    for (const other of this.circuit.slots) {
      if (other.name === slot.name) break;
      first += sizeOf(other.shape);
    }
    return first;
  }

  #wanted(slots: readonly Slot[]): (id: number) => boolean {
    const ranges = slots.map(
      (slot) => [this.#firstOf(slot), this.#firstOf(slot) + sizeOf(slot.shape)] as const,
    );
    return (id) => ranges.some(([from, to]) => id >= from && id < to);
  }

  #live(): void {
    checkAlive(this.#disposed);
  }

  #differentiable(): void {
    const sampled = this.#checked.measurements.find((m) => isSampled(m, this.options));
    if (sampled !== undefined) {
      throw new UnsupportedError(`the reference cannot differentiate ${sampled.type} from shots`, {
        remedy: 'Compile without shots, or use parameter-shift of @ketwork/gradients',
      });
    }
  }
}

function gradientLength(slot: Slot, batch: number, options: VjpOptions): number {
  if (slot.axis === 'batch' || options.perExample === true) return batch * sizeOf(slot.shape);
  return options.squaredNorms === true ? batch : sizeOf(slot.shape);
}
