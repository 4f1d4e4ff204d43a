import { sizeOf, UnsupportedError } from '@ketwork/base';
import type { Circuit, Measurement, Slot } from '@ketwork/circuit';
import { checkProgram } from '@ketwork/simulator';
import type { Capabilities, CompileOptions, Measurements, SlotValues } from '@ketwork/simulator';
import { repeated, rowLimit, runRows } from '../evaluate.ts';
import type { Computation } from '../evaluate.ts';
import { numbersPerRow, sizesOf } from '../method.ts';
import type { Variation } from '../method.ts';

const REAL: readonly Measurement['type'][] = ['expval', 'variance', 'probabilities'];

/** The measurements of a cost. @throws what the engine's compile does; UnsupportedError for what has no sum */
export function costMeasurements(
  name: string,
  circuit: Circuit,
  measurements: Measurements,
  options: CompileOptions,
  capabilities: Capabilities,
  able: readonly Measurement['type'][] = REAL,
): readonly Measurement[] {
  const list = checkProgram(circuit, measurements, options, capabilities).measurements;
  const bad = list.find(({ type }) => !able.includes(type));
  if (bad !== undefined) {
    throw new UnsupportedError(`${name} cannot minimise a cost of type ${bad.type}`, {
      remedy: `Measure ${able.join(', ')}`,
    });
  }
  return list;
}

/** A circuit prepared for costs at several places at once: its trained slots are on the batch axis. */
export interface Costs {
  readonly variation: Variation;
  /** The cost at each of the candidates, which hold the trained slots one after the other. One batch. */
  at(
    candidates: readonly Float64Array[],
    values: SlotValues,
    call: { readonly program: number; readonly seed: number; readonly stream: number },
  ): Computation<Float64Array>;
}

/** Prepares costs: the sum of all outputs of an example, averaged over the batch. */
export function costsOf(
  circuit: Circuit,
  measurements: readonly Measurement[],
  trained: readonly Slot[],
  memory: number,
): Costs {
  const names = new Set(trained.map(({ name }) => name));
  const variation: Variation = {
    circuit: Object.freeze({
      ...circuit,
      slots: circuit.slots.map((slot): Slot =>
        names.has(slot.name) ? { ...slot, axis: 'batch' } : slot,
      ),
    }),
    measurements,
  };
  const sizes = sizesOf(circuit, measurements);
  const limit = rowLimit(memory, circuit.qubits, numbersPerRow(variation));
  return {
    variation,
    *at(candidates, values, call) {
      const { batch } = values;
      const sums = new Float64Array(candidates.length);
      yield* runRows({
        ...call,
        evaluations: candidates.length,
        batch,
        limit,
        values(first, count) {
          const rows: Record<string, Float64Array> = {};
          for (const { name, axis, shape } of circuit.slots) {
            if (names.has(name)) continue;
            const array = values.get(name);
            rows[name] =
              axis === 'batch' ? repeated(array, sizeOf(shape), batch, first, count) : array;
          }
          let offset = 0;
          for (const { name, shape } of trained) {
            const size = sizeOf(shape);
            const array = new Float64Array(count * size);
            for (let at = 0; at < count; at++) {
              const candidate = candidates[Math.floor((first + at) / batch)]!;
              array.set(candidate.subarray(offset, offset + size), at * size);
            }
            rows[name] = array;
            offset += size;
          }
          return rows;
        },
        consume(evaluation, _, results, at) {
          let sum = 0;
          sizes.forEach((size, m) => {
            for (let o = 0; o < size; o++) sum += results[m]![at * size + o]!;
          });
          sums[evaluation]! += sum / batch;
        },
      });
      return sums;
    },
  };
}
