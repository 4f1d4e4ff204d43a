import type { Circuit, Measurement, Op } from '@ketwork/circuit';
import type { Program } from '../contract.ts';
import { exampleOf } from '../reference/operations.ts';
import { instructionsOf, wideOps } from './instructions.ts';
import type { Readings, Sums } from './readings.ts';
import { StateStore } from './register.ts';
import { valuesOf } from './runner.ts';
import type { ExampleValues, OneExample, Runner, RunnerOptions, Shot } from './runner.ts';
import { Sampler } from './sampler.ts';
import { walk } from './walk.ts';
import type { Leaf } from './walk.ts';

/** Final states are read together, as many as have this many amplitudes. */
const MOST_AMPLITUDES = 2 ** 14;

/** Runs trajectories through a tree of states. */
export class TreeRunner implements Runner {
  readonly #circuit: Circuit;
  readonly #options: RunnerOptions;
  readonly #slot: string;
  /** Operations that the engine applies. */
  readonly #wide: readonly Program<string, readonly Measurement[]>[];
  readonly #reader: Program<string, readonly Measurement[]> | undefined;
  #store: StateStore | undefined;

  constructor(circuit: Circuit, options: RunnerOptions) {
    const { engine, readings } = options;
    this.#circuit = circuit;
    this.#options = options;
    let slot = 'psi';
    while (circuit.slots.some((s) => s.name === slot)) slot += '_';
    this.#slot = slot;
    this.#wide = wideOps(circuit.ops).map((op) =>
      engine.compile(this.#from([op], 'shared'), [{ type: 'state' }]),
    );
    this.#reader =
      readings === undefined
        ? undefined
        : engine.compile(this.#from([], 'batch'), readings.measurements);
  }

  /** A circuit on a given state. */
  #from(ops: readonly Op[], axis: 'shared' | 'batch'): Circuit {
    const { qubits, slots } = this.#circuit;
    const all = Array.from({ length: qubits }, (_, q) => q);
    return Object.freeze({
      ...this.#circuit,
      bits: 0,
      slots: Object.freeze([
        ...slots.map((s) => ({ ...s, axis: 'shared' as const })),
        {
          name: this.#slot,
          shape: [2 ** qubits, 2],
          kind: 'amplitudes' as const,
          axis,
          differentiable: false,
        },
      ]),
      ops: Object.freeze([
        {
          type: 'statePreparation' as const,
          qubits: all,
          amplitudes: { slot: this.#slot },
          // An engine in single precision returns states whose norm is 1 to some digits only.
          normalize: true,
        },
        ...ops,
      ]),
    });
  }

  means(example: OneExample, first: number, count: number, sums: Sums): void {
    const readings = this.#options.readings as Readings;
    const reader = this.#reader as Program<string, readonly Measurement[]>;
    const own = valuesOf(this.#circuit, example.read, example.index);
    const size = 2 * 2 ** this.#circuit.qubits;
    const room = Math.max(1, Math.floor((2 * MOST_AMPLITUDES) / size));
    const states = new Float64Array(Math.min(room, count) * size);
    let waiting: { readonly trajectories: readonly number[]; readonly bits: Uint8Array }[] = [];
    const readAll = (): void => {
      if (waiting.length === 0) return;
      const given = { ...own, [this.#slot]: states.subarray(0, waiting.length * size) };
      const results = reader.run(given) as Float64Array[];
      waiting.forEach(({ trajectories, bits }, row) => {
        sums.add(
          trajectories.length,
          readings.columnsOf(results, row),
          (index, qubits) => {
            const length = 2 ** qubits.length;
            return {
              values: (results[index] as Float64Array).subarray(row * length, (row + 1) * length),
              flips: 0,
            };
          },
          bits,
        );
      });
      waiting = [];
    };
    this.#walk(example, own, first, count, ({ state, trajectories, bits }) => {
      const amplitudes = state.amplitudes();
      let norm = 0;
      for (let i = 0; i < size; i++) norm += (amplitudes[i] as number) ** 2;
      const scale = 1 / Math.sqrt(norm);
      const at = waiting.length * size;
      for (let i = 0; i < size; i++) states[at + i] = scale * (amplitudes[i] as number);
      waiting.push({ trajectories, bits: bits.slice() });
      if (at + 2 * size > states.length) readAll();
    });
    readAll();
  }

  shots(example: OneExample, first: number, count: number): Shot {
    const { bits: width, qubits } = this.#circuit;
    const kept = new Uint8Array(count);
    const outcomes = new Uint32Array(count);
    const bits = new Uint8Array(count * width);
    const own = valuesOf(this.#circuit, example.read, example.index);
    const sampler = new Sampler();
    this.#walk(example, own, first, count, (leaf) => {
      const amplitudes = leaf.state.amplitudes();
      const drawn = sampler.draw(
        (i) => (amplitudes[2 * i] as number) ** 2 + (amplitudes[2 * i + 1] as number) ** 2,
        2 ** qubits,
        leaf.trajectories.map((t) => example.draws.at(t, leaf.drawn)),
      );
      leaf.trajectories.forEach((trajectory, i) => {
        const t = trajectory - first;
        kept[t] = 1;
        outcomes[t] = drawn[i] as number;
        bits.set(leaf.bits, t * width);
      });
    });
    return { kept, outcomes, bits };
  }

  #walk(
    { read, index, draws }: OneExample,
    own: ExampleValues,
    first: number,
    count: number,
    leaf: (leaf: Leaf) => void,
  ): void {
    const { qubits, bits } = this.#circuit;
    this.#store ??= new StateStore(qubits, this.#options.fused, this.#options.mostStates);
    draws.clear();
    walk(
      Array.from({ length: count }, (_, t) => first + t),
      {
        store: this.#store,
        instructions: instructionsOf(this.#circuit, exampleOf(this.#circuit, read, index)),
        bits,
        draws,
        engine: (place, amplitudes) => {
          const program = this.#wide[place] as Program<string, readonly Measurement[]>;
          const [after] = program.run({ ...own, [this.#slot]: amplitudes }) as Float64Array[];
          amplitudes.set(after as Float64Array);
        },
        leaf,
      },
    );
  }

  dispose(): void {
    for (const program of this.#wide) program.dispose();
    this.#reader?.dispose();
    this.#store = undefined;
  }
}
