import type { Circuit, Measurement } from '@ketwork/circuit';
import type { Program } from '../contract.ts';
import { exampleOf } from '../reference/operations.ts';
import { Sampler } from './sampler.ts';
import type { FramedCircuit } from './frame.ts';
import type { Column, Readings, Sums } from './readings.ts';
import { valuesOf } from './runner.ts';
import type { ExampleValues, OneExample, Runner, RunnerOptions, Shot } from './runner.ts';
import { placesOf, signedRuns } from './signs.ts';
import type { SignedRuns } from './signs.ts';

/** Numbers that a run may return at once. */
const MOST_NUMBERS = 2 ** 22;

/** Runs trajectories as examples of a circuit without noise, each with its own signs. */
export class FramedRunner implements Runner {
  readonly #circuit: Circuit;
  readonly #framed: FramedCircuit;
  readonly #readings: Readings | undefined;
  readonly #program: Program<string, readonly Measurement[]>;
  /** Numbers per trajectory that a run returns. */
  readonly #size: number;

  /** Qubits that shots read, ascending. */
  readonly #measured: readonly number[];

  constructor(
    circuit: Circuit,
    framed: FramedCircuit,
    { engine, readings, wires = [] }: RunnerOptions,
  ) {
    this.#circuit = circuit;
    this.#framed = framed;
    this.#readings = readings;
    const read = wires.flatMap((wire) => {
      const qubit = wire < circuit.qubits ? wire : framed.bits.get(wire - circuit.qubits);
      return qubit === undefined ? [] : [qubit];
    });
    // Bits that nothing writes are 0, and something has to be measured.
    const qubits = read.length === 0 ? [0] : [...new Set(read)].sort((a, b) => a - b);
    this.#measured = qubits;
    const measurements = readings?.measurements ?? [{ type: 'probabilities', qubits } as const];
    this.#program = engine.compile(framed.circuit, measurements);
    this.#size = this.#program.outputShapes.reduce(
      (sum, shape) => sum + shape.reduce((a, b) => a * b, 1),
      0,
    );
  }

  means(example: OneExample, first: number, count: number, sums: Sums): void {
    const readings = this.#readings as Readings;
    const runs = this.#signed(example, first, count);
    const mask = (qubits: readonly number[], t: number): number =>
      qubits.reduce((bits, qubit) => 2 * bits + runs.holds(t, { qubit, letter: 'X' }), 0);
    const everyone = membersOf(runs, count);
    this.#run(example, runs, (results, from, rows) => {
      for (let row = 0; row < rows; row++) {
        const columns = readings.columnsOf(results, row);
        for (const t of everyone[from + row] as number[]) {
          const signed = columns.map((x, c) =>
            flips(readings.columns[c] as Column, runs, t) === 1 ? -x : x,
          );
          sums.add(1, signed, (index, qubits) => {
            const size = 2 ** qubits.length;
            return {
              values: (results[index] as Float64Array).subarray(row * size, (row + 1) * size),
              flips: mask(qubits, t),
            };
          });
        }
      }
    });
  }

  shots(example: OneExample, first: number, count: number): Shot {
    const { qubits } = this.#circuit;
    const { steps } = this.#framed;
    const runs = this.#signed(example, first, count);
    const outcomes = new Uint32Array(count);
    // The number behind those of the noise places.
    const place = steps.reduce((sum, { type }) => sum + (type === 'noise' ? 1 : 0), 0);
    const everyone = membersOf(runs, count);
    const measured = this.#measured;
    const dimension = 2 ** measured.length;
    const sampler = new Sampler();
    this.#run(example, runs, ([probabilities], from, rows) => {
      for (let row = 0; row < rows; row++) {
        const members = everyone[from + row] as number[];
        const p = (probabilities as Float64Array).subarray(row * dimension, (row + 1) * dimension);
        const drawn = sampler.draw(
          (i) => p[i] as number,
          dimension,
          members.map((t) => example.draws.at(first + t, place)),
        );
        members.forEach((t, i) => {
          let outcome = 0;
          measured.forEach((qubit, m) => {
            const bit = ((drawn[i] as number) >>> (measured.length - 1 - m)) & 1;
            if (bit !== runs.holds(t, { qubit, letter: 'X' })) outcome += 2 ** (qubits - 1 - qubit);
          });
          outcomes[t] = outcome;
        });
      }
    });
    const width = this.#circuit.bits;
    const bits = new Uint8Array(count * width);
    for (const [bit, qubit] of this.#framed.bits)
      for (let t = 0; t < count; t++)
        bits[t * width + bit] = ((outcomes[t] as number) >>> (qubits - 1 - qubit)) & 1;
    return { kept: new Uint8Array(count).fill(1), outcomes, bits };
  }

  #signed({ read, index, draws }: OneExample, first: number, count: number): SignedRuns {
    const places = placesOf(this.#framed, exampleOf(this.#circuit, read, index));
    return signedRuns(this.#framed, places, draws, first, count);
  }

  /** Runs a chunk in parts whose results fit into memory. */
  #run(
    { read, index }: OneExample,
    { values, runs }: SignedRuns,
    use: (results: readonly Float64Array[], from: number, rows: number) => void,
  ): void {
    const { slot, width } = this.#framed;
    const own = valuesOf(this.#circuit, read, index);
    const most = Math.max(1, Math.floor(MOST_NUMBERS / (this.#size + width)));
    for (let from = 0; from < runs; from += most) {
      const rows = Math.min(most, runs - from);
      const given: ExampleValues = width === 0 ? own : { ...own, [slot]: values(from, rows) };
      use(this.#program.run(given) as Float64Array[], from, rows);
    }
  }

  dispose(): void {
    this.#program.dispose();
  }
}

/** The trajectories of each run, ascending. */
export function membersOf({ runs, runOf }: SignedRuns, count: number): number[][] {
  const members: number[][] = Array.from({ length: runs }, () => []);
  for (let t = 0; t < count; t++) members[runOf[t] as number]?.push(t);
  return members;
}

/** Whether a Pauli string changes its sign in a trajectory's frame. */
export function flips({ string }: Column, runs: SignedRuns, t: number): number {
  let odd = 0;
  for (const { qubit, pauli } of string ?? []) {
    if (pauli !== 'X') odd ^= runs.holds(t, { qubit, letter: 'X' });
    if (pauli !== 'Z') odd ^= runs.holds(t, { qubit, letter: 'Z' });
  }
  return odd;
}
