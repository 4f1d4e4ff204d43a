import { bits, fold, key, sizeOf, UnsupportedError } from '@ketwork/base';
import type { Circuit, Measurement, Slot } from '@ketwork/circuit';
import { repeated, rowLimit, runRows } from '../evaluate.ts';
import { alternatively } from '../methods.ts';
import { Accumulator, numbersPerRow, sizesOf } from '../method.ts';
import type { MethodOptions, PreparedMethod } from '../method.ts';

/** Streams of random numbers: shots and directions. */
const SHOTS = 0;
const DIRECTIONS = 1;

/**
 * Prepares simultaneous perturbation (Spall, IEEE Trans. Automat. Contr. 37, 332, 1992): all elements of all
 * wanted slots move along a random direction Δ of ±1, and `(f(x + cΔ) − f(x − cΔ)) / (2cΔ)` estimates every derivative
 * from two runs; averaged over `samples` directions, each example having its own.
 */
export function spsa(
  circuit: Circuit,
  measurements: readonly Measurement[],
  { step, samples, memory, alternatives }: MethodOptions,
): PreparedMethod {
  const outputSizes = sizesOf(circuit, measurements);
  const slots = circuit.slots.map((slot): Slot =>
    slot.differentiable ? { ...slot, axis: 'batch' } : slot,
  );
  const variation = { circuit: Object.freeze({ ...circuit, slots }), measurements };
  const limit = rowLimit(memory, circuit.qubits, numbersPerRow(variation));

  return {
    variations: [variation],
    evaluations: 2 * samples,
    limit,
    check(wanted) {
      const bad = wanted.find(({ kind }) => kind !== 'scalar');
      if (bad === undefined) return;
      const helps = alternatives.filter((other) =>
        ['adjoint', 'finite-difference'].includes(other),
      );
      throw new UnsupportedError(
        `spsa cannot differentiate by slot '${bad.name}' of kind ${bad.kind}, whose elements cannot move independently`,
        {
          remedy:
            helps.length === 0
              ? `Leave '${bad.name}' out of wrt`
              : `Use ${alternatively(helps)}, or leave '${bad.name}' out of wrt`,
        },
      );
    },
    *derivatives({ values, slots: wanted, weights, seed }) {
      const { batch } = values;
      const elements = wanted.flatMap((slot, position) =>
        Array.from({ length: sizeOf(slot.shape) }, (_, element) => ({ position, element })),
      );
      const width = elements.length;
      const directions = signs(fold(key(seed), DIRECTIONS), samples * batch * width);
      const sums = new Accumulator(batch, width, outputSizes, weights);
      yield* runRows({
        program: 0,
        evaluations: width === 0 ? 0 : 2 * samples,
        batch,
        limit,
        seed,
        stream: SHOTS,
        values(first, count) {
          const rows: Record<string, Float64Array> = {};
          for (const slot of slots) {
            const own = circuit.slots.find(({ name }) => name === slot.name)!;
            const array = values.get(slot.name);
            const size = sizeOf(slot.shape);
            rows[slot.name] =
              slot.axis === 'shared'
                ? array
                : repeated(array, size, own.axis === 'batch' ? batch : 1, first, count);
          }
          for (let at = 0; at < count; at++) {
            const evaluation = Math.floor((first + at) / batch);
            const row = (evaluation >> 1) * batch + ((first + at) % batch);
            const sign = evaluation % 2 === 0 ? step : -step;
            elements.forEach(({ position, element }, i) => {
              const slot = wanted[position]!;
              rows[slot.name]![at * sizeOf(slot.shape) + element]! +=
                sign * directions[row * width + i]!;
            });
          }
          return rows;
        },
        consume(evaluation, example, results, at) {
          const row = (evaluation >> 1) * batch + example;
          const scale = (evaluation % 2 === 0 ? 1 : -1) / (2 * step * samples);
          // Dividing by ±1 is multiplying by it.
          for (let i = 0; i < width; i++) {
            sums.add(
              example,
              i,
              scale * directions[row * width + i]!,
              (m, o) => results[m]![at * outputSizes[m]! + o]!,
            );
          }
        },
      });
      return {
        batch,
        rows: sums.rows,
        parameters: width,
        data: sums.data,
        partials: (parameter) => {
          const { position, element } = elements[parameter]!;
          return [{ slot: position, element, partial: 1 }];
        },
      };
    },
  };
}

/** Independent random signs, ±1. */
export function signs(random: ReturnType<typeof key>, count: number): Int8Array {
  const words = bits(random, Math.ceil(count / 32));
  return Int8Array.from({ length: count }, (_, i) => ((words[i >> 5]! >>> (i & 31)) & 1 ? 1 : -1));
}
