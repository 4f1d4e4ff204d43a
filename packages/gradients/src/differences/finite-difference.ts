import { sizeOf, UnsupportedError } from '@ketwork/base';
import type { Circuit, Measurement, Slot } from '@ketwork/circuit';
import { repeated, rowLimit, runRows } from '../evaluate.ts';
import { Accumulator, numbersPerRow, sizesOf } from '../method.ts';
import type { MethodOptions, PreparedMethod } from '../method.ts';
import { homogeneity, perturb, unnormalisedUses } from './perturb.ts';
import { stencil } from './stencil.ts';

/**
 * Prepares differences of results, `Σ weight f(x + offset h) / h` for every element of every slot. Slots become batch
 * slots, so that all variations of all examples are one batch.
 */
export function finiteDifference(
  circuit: Circuit,
  measurements: readonly Measurement[],
  { step, difference, order, memory, alternatives }: MethodOptions,
): PreparedMethod {
  const outputSizes = sizesOf(circuit, measurements);
  const slots = circuit.slots.map((slot): Slot =>
    slot.differentiable ? { ...slot, axis: 'batch' } : slot,
  );
  const varied = circuit.slots.filter((slot) => slot.differentiable);
  const uses = new Map(circuit.slots.map((slot) => [slot.name, unnormalisedUses(circuit, slot)]));
  const powers = measurements.map(homogeneity);
  const variation = { circuit: Object.freeze({ ...circuit, slots }), measurements };
  const limit = rowLimit(memory, circuit.qubits, numbersPerRow(variation));
  const all = stencil(difference, order);
  const points = all.filter(({ offset }) => offset !== 0);
  // One-sided stencils share the value without a change between all elements.
  const centre = all.find(({ offset }) => offset === 0)?.weight ?? 0;
  const first = centre === 0 ? 0 : 1;

  return {
    variations: [variation],
    evaluations: first + varied.reduce((sum, slot) => sum + points.length * sizeOf(slot.shape), 0),
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
      /** What an evaluation changes: nothing in the one that all elements share. */
      const changed = (
        evaluation: number,
      ): { parameter: number; offset: number; weight: number } | undefined => {
        if (evaluation < first) return undefined;
        const i = evaluation - first;
        return { parameter: Math.floor(i / points.length), ...points[i % points.length]! };
      };
      let norms = new Float64Array(0);
      let start = 0;
      yield* runRows({
        program: 0,
        evaluations: elements.length === 0 ? 0 : first + points.length * elements.length,
        batch,
        limit,
        seed,
        stream: 0,
        values(firstRow, count) {
          norms = new Float64Array(count).fill(1);
          start = firstRow;
          const rows: Record<string, Float64Array> = {};
          for (const slot of slots) {
            const size = sizeOf(slot.shape);
            const own = circuit.slots.find(({ name }) => name === slot.name)!;
            const array = values.get(slot.name);
            rows[slot.name] =
              slot.axis === 'shared'
                ? array
                : repeated(array, size, own.axis === 'batch' ? batch : 1, firstRow, count);
          }
          for (let at = 0; at < count; at++) {
            const change = changed(Math.floor((firstRow + at) / batch));
            if (change === undefined) continue;
            const { slot, element } = elements[change.parameter]!;
            const size = sizeOf(slot.shape);
            const row = rows[slot.name]!.subarray(at * size, (at + 1) * size);
            norms[at] = perturb(row, slot, element, change.offset * step, uses.get(slot.name)! > 0);
          }
          return rows;
        },
        consume(evaluation, example, results, at) {
          const norm = norms[evaluation * batch + example - start]!;
          const change = changed(evaluation);
          const value = (m: number, o: number): number => results[m]![at * outputSizes[m]! + o]!;
          if (change === undefined) {
            elements.forEach((_, parameter) => sums.add(example, parameter, centre / step, value));
            return;
          }
          const { slot } = elements[change.parameter]!;
          sums.add(example, change.parameter, change.weight / step, (m, o) =>
            norm === 1 ? value(m, o) : value(m, o) * norm ** (uses.get(slot.name)! * powers[m]!),
          );
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
