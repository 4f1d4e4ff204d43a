import { sizeOf, UnsupportedError } from '@ketwork/base';
import type { Circuit, Measurement, Slot } from '@ketwork/circuit';
import { repeated, rowLimit, runRows } from './evaluate.ts';
import { Accumulator } from './method.ts';
import type { MethodOptions, PreparedMethod } from './method.ts';
import { sizesOf } from './parameter-shift.ts';
import { homogeneity, perturb, unnormalisedUses } from './perturb.ts';

/**
 * Prepares central differences, `(f(x + h) − f(x − h)) / 2h` for every element of every slot. Slots become batch slots,
 * so that all variations of all examples are one batch.
 */
export function finiteDifference(
  circuit: Circuit,
  measurements: readonly Measurement[],
  { step, memory, alternatives }: MethodOptions & { readonly step: number },
): PreparedMethod {
  const outputSizes = sizesOf(circuit, measurements);
  const slots = circuit.slots.map((slot): Slot =>
    slot.differentiable ? { ...slot, axis: 'batch' } : slot,
  );
  const varied = circuit.slots.filter((slot) => slot.differentiable);
  const uses = new Map(circuit.slots.map((slot) => [slot.name, unnormalisedUses(circuit, slot)]));
  const powers = measurements.map(homogeneity);
  const numbers =
    slots.reduce((sum, slot) => sum + (slot.axis === 'batch' ? sizeOf(slot.shape) : 0), 0) +
    outputSizes.reduce((a, b) => a + b, 0);
  const limit = rowLimit(memory, circuit.qubits, numbers);

  return {
    circuit: Object.freeze({ ...circuit, slots }),
    measurements,
    evaluations: varied.reduce((sum, slot) => sum + 2 * sizeOf(slot.shape), 0),
    limit,
    check(wanted) {
      const bad = wanted.find((slot) => uses.get(slot.name)! > 0);
      if (bad === undefined || powers.every((power) => power !== undefined)) return;
      throw new UnsupportedError(
        `finite-difference cannot differentiate a variance by slot '${bad.name}', amplitudes used without normalisation`,
        {
          remedy: `Prepare the state with normalize: true${alternatives.includes('adjoint') ? ', or use adjoint' : ''}`,
        },
      );
    },
    *derivatives({ values, slots: wanted, weights, seed }) {
      const { batch } = values;
      const elements = wanted.flatMap((slot, position) =>
        Array.from({ length: sizeOf(slot.shape) }, (_, element) => ({ slot, position, element })),
      );
      const sums = new Accumulator(batch, elements.length, outputSizes, weights);
      let norms = new Float64Array(0);
      let start = 0;
      yield* runRows({
        evaluations: 2 * elements.length,
        batch,
        limit,
        seed,
        stream: 0,
        values(first, count) {
          norms = new Float64Array(count).fill(1);
          start = first;
          const rows: Record<string, Float64Array> = {};
          for (const slot of slots) {
            const size = sizeOf(slot.shape);
            const own = circuit.slots.find(({ name }) => name === slot.name)!;
            const array = values.get(slot.name);
            rows[slot.name] =
              slot.axis === 'shared'
                ? array
                : repeated(array, size, own.axis === 'batch' ? batch : 1, first, count);
          }
          for (let at = 0; at < count; at++) {
            const evaluation = Math.floor((first + at) / batch);
            const { slot, element } = elements[evaluation >> 1]!;
            const size = sizeOf(slot.shape);
            const row = rows[slot.name]!.subarray(at * size, (at + 1) * size);
            norms[at] = perturb(
              row,
              slot,
              element,
              evaluation % 2 === 0 ? step : -step,
              uses.get(slot.name)! > 0,
            );
          }
          return rows;
        },
        consume(evaluation, example, results, at) {
          const { slot } = elements[evaluation >> 1]!;
          const norm = norms[evaluation * batch + example - start]!;
          const sign = evaluation % 2 === 0 ? 1 : -1;
          sums.add(example, evaluation >> 1, sign / (2 * step), (m, o) => {
            const value = results[m]![at * outputSizes[m]! + o]!;
            return norm === 1 ? value : value * norm ** (uses.get(slot.name)! * powers[m]!);
          });
        },
      });
      return {
        batch,
        rows: sums.rows,
        parameters: elements.length,
        data: sums.data,
        partials: (parameter) => {
          const { position, element } = elements[parameter]!;
          return [{ slot: position, element, partial: 1 }];
        },
      };
    },
  };
}
