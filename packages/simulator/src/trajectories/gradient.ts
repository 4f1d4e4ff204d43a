import type { Circuit, Measurement, Slot } from '@ketwork/circuit';
import type { Engine, Program } from '../contract.ts';
import { exampleOf } from '../reference/operations.ts';
import type { SlotValues } from '../values.ts';
import { Draws } from './draws.ts';
import type { FramedCircuit } from './frame.ts';
import { flips, membersOf } from './framed.ts';
import type { Readings } from './readings.ts';
import { CHUNK, valuesOf } from './runner.ts';
import { placesOf, signedRuns } from './signs.ts';

/**
 * Gradients of means over trajectories whose branches do not depend on what is differentiated: the derivative of each
 * trajectory's result along its branches, averaged. It is the exact derivative of the estimate with the same seed.
 */
export class PathwiseGradient {
  readonly #circuit: Circuit;
  readonly #framed: FramedCircuit;
  readonly #readings: Readings;
  readonly #program: Program<string, readonly Measurement[]>;

  constructor(circuit: Circuit, framed: FramedCircuit, readings: Readings, engine: Engine) {
    this.#circuit = circuit;
    this.#framed = framed;
    this.#readings = readings;
    this.#program = engine.compile(framed.circuit, readings.measurements);
  }

  /** Gradients of one example, `[...shape]` per slot. */
  of(
    read: SlotValues,
    index: number,
    dy: readonly (Float64Array | undefined)[],
    {
      seed,
      firstExample,
      trajectories,
    }: { seed: number; firstExample: number; trajectories: number },
    wrt: readonly Slot[],
  ): Record<string, Float64Array> {
    const { slot, width } = this.#framed;
    const readings = this.#readings;
    const draws = new Draws(seed, firstExample + index);
    const places = placesOf(this.#framed, exampleOf(this.#circuit, read, index));
    const own = valuesOf(this.#circuit, read, index);
    const chunks = Array.from({ length: Math.ceil(trajectories / CHUNK) }, (_, c) => {
      const count = Math.min(CHUNK, trajectories - c * CHUNK);
      return { count, runs: signedRuns(this.#framed, places, draws, c * CHUNK, count) };
    });
    const given = ({ runs }: (typeof chunks)[number]): Record<string, Float64Array> =>
      width === 0 ? own : { ...own, [slot]: runs.values(0, runs.runs) };
    // Variances are differentiated around the means over all trajectories.
    const centre = new Float64Array(readings.columns.length);
    if (readings.hasVariances) {
      for (const chunk of chunks) {
        const results = this.#program.run(given(chunk)) as Float64Array[];
        membersOf(chunk.runs, chunk.count).forEach((members, run) => {
          const columns = readings.columnsOf(results, run);
          for (const t of members)
            readings.columns.forEach((column, c) => {
              const sign = 1 - 2 * flips(column, chunk.runs, t);
              centre[c] = (centre[c] as number) + (sign * (columns[c] as number)) / trajectories;
            });
        });
      }
    }
    const weights = readings.weights(dy, centre);
    const total: Record<string, Float64Array> = {};
    for (const chunk of chunks) {
      const { runs, count } = chunk;
      const results = readings.hasSquares
        ? (this.#program.run(given(chunk)) as Float64Array[])
        : undefined;
      const cotangents = readings.cotangents(runs.runs);
      membersOf(runs, count).forEach((members, run) => {
        for (const t of members) {
          const signed = weights.map(
            (weight, c) =>
              ((1 - 2 * flips(readings.columns[c] as (typeof readings.columns)[number], runs, t)) *
                weight) /
              trajectories,
          );
          readings.addColumns(cotangents, run, signed, results);
          readings.addOutcomes(cotangents, run, dy, 1 / trajectories, (qubits) =>
            qubits.reduce((bits, qubit) => 2 * bits + runs.holds(t, { qubit, letter: 'X' }), 0),
          );
        }
      });
      const gradients = this.#program.vjp(given(chunk), cotangents, {
        wrt: wrt.map(({ name }) => name),
      });
      for (const { name } of wrt) {
        const part = gradients[name] as Float64Array;
        const sum = total[name];
        if (sum === undefined) total[name] = part.slice();
        else part.forEach((x, i) => (sum[i] = (sum[i] as number) + x));
      }
    }
    return total;
  }

  dispose(): void {
    this.#program.dispose();
  }
}
