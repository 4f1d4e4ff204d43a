import { sizeOf, UnsupportedError } from '@ketwork/base';
import { anglePartials } from '@ketwork/circuit';
import type { Circuit, Measurement, Slot } from '@ketwork/circuit';
import { outputShapes } from '@ketwork/simulator';
import type { SlotValues } from '@ketwork/simulator';
import type { Derivatives, SlotPartial } from './assemble.ts';
import { repeated, rowLimit, runRows } from './evaluate.ts';
import type { Computation } from './evaluate.ts';
import { linearMeasurements, squareValues } from './linear.ts';
import { Accumulator } from './method.ts';
import type { MethodOptions, PreparedMethod, Request } from './method.ts';
import { shiftedCircuit } from './occurrences.ts';
import type { Occurrence } from './occurrences.ts';

/** Streams of shots: shifted runs, and the unshifted ones that a variance needs. */
const SHIFTED = 1;
const UNSHIFTED = 2;

/** Prepares differentiation by parameter shifts, see {@link shiftRule}; all shifts of all examples are one batch. */
export function parameterShift(
  circuit: Circuit,
  measurements: readonly Measurement[],
  { memory, alternatives }: MethodOptions,
): PreparedMethod {
  const shifted = shiftedCircuit(circuit);
  const linear = linearMeasurements(shifted.circuit, measurements);
  const { occurrences, shifts } = shifted;
  const outputSizes = sizesOf(circuit, measurements);
  const slots = [...shifted.circuit.slots, ...linear.squares.map(({ slot }) => slot)];
  const program: Circuit = Object.freeze({ ...shifted.circuit, slots });
  const numbers =
    slots.reduce((sum, slot) => sum + (slot.axis === 'batch' ? sizeOf(slot.shape) : 0), 0) +
    sizesOf(program, linear.measurements).reduce((a, b) => a + b, 0);
  const limit = rowLimit(memory, circuit.qubits, numbers);

  /** Values of everything but the shifts. */
  const given = (
    values: SlotValues,
  ): Map<string, { readonly slot: Slot; readonly array: Float64Array }> => {
    const all = new Map(
      circuit.slots.map((slot) => [slot.name, { slot, array: values.get(slot.name) }]),
    );
    for (const square of linear.squares) {
      all.set(square.slot.name, { slot: square.slot, array: squareValues(square, values) });
    }
    return all;
  };

  /** Runs rows that differ in the shifts only. */
  function* run(
    request: Request,
    stream: number,
    evaluations: readonly { readonly column: number; readonly shift: number }[],
    consume: (
      evaluation: number,
      example: number,
      results: readonly Float64Array[],
      at: number,
    ) => void,
  ): Computation<void> {
    const { batch } = request.values;
    const all = given(request.values);
    yield* runRows({
      evaluations: evaluations.length,
      batch,
      limit,
      seed: request.seed,
      stream,
      consume,
      values(first, count) {
        const rows: Record<string, Float64Array> = {};
        for (const [name, { slot, array }] of all) {
          rows[name] =
            slot.axis === 'batch'
              ? repeated(array, sizeOf(slot.shape), batch, first, count)
              : array;
        }
        if (occurrences.length > 0) {
          const width = occurrences.length;
          const shiftRows = new Float64Array(count * width);
          for (let at = 0; at < count; at++) {
            const { column, shift } = evaluations[Math.floor((first + at) / batch)]!;
            if (column >= 0) shiftRows[at * width + column] = shift;
          }
          rows[shifts] = shiftRows;
        }
        return rows;
      },
    });
  }

  /** Expectation values of the observables of each variance, `[batch, observables]`, without shifts. */
  function* means(request: Request): Computation<(Float64Array | undefined)[]> {
    const { batch } = request.values;
    const found = measurements.map((m, i) =>
      m.type === 'variance' ? new Float64Array(batch * outputSizes[i]!) : undefined,
    );
    if (found.every((mean) => mean === undefined)) return found;
    yield* run(request, UNSHIFTED, [{ column: -1, shift: 0 }], (_, example, results, at) => {
      found.forEach((mean, m) => {
        const size = outputSizes[m]!;
        for (let o = 0; mean !== undefined && o < size; o++)
          mean[example * size + o] = results[m]![at * 2 * size + o]!;
      });
    });
    return found;
  }

  return {
    circuit: program,
    measurements: linear.measurements,
    evaluations: occurrences.reduce((sum, { rule }) => sum + rule.length, 0),
    limit,
    check(wanted) {
      for (const { name, kind } of wanted) {
        const obstacle = shifted.obstacles.find((o) => o.slot === name);
        const observable = kind === 'hermitian' ? 'is the matrix of an observable' : undefined;
        const why = obstacle?.why ?? observable;
        if (why === undefined) continue;
        throw new UnsupportedError(
          `parameter-shift cannot differentiate by slot '${name}': it ${why}`,
          {
            ...(obstacle?.operation === undefined ? {} : { operation: obstacle.operation }),
            remedy:
              alternatives.length === 0
                ? `Leave '${name}' out of wrt`
                : `Use ${alternatives.join(' or ')}, or leave '${name}' out of wrt`,
          },
        );
      }
    },
    *derivatives(request) {
      const { values, slots: wanted } = request;
      const active = occurrences
        .map((occurrence, column) => ({ occurrence, column }))
        .filter(({ occurrence }) => wanted.some((slot) => occurrence.slots.has(slot.name)));
      const evaluations = active.flatMap(({ occurrence, column }, parameter) =>
        occurrence.rule.map(({ shift, coefficient }) => ({
          parameter,
          column,
          shift,
          coefficient,
        })),
      );
      const sums = new Accumulator(values.batch, active.length, outputSizes, request.weights);
      const mean = evaluations.length === 0 ? [] : yield* means(request);
      yield* run(request, SHIFTED, evaluations, (evaluation, example, results, at) => {
        const { parameter, coefficient } = evaluations[evaluation]!;
        sums.add(example, parameter, coefficient, (m, o) => {
          const size = outputSizes[m]!;
          const average = mean[m];
          if (average === undefined) return results[m]![at * size + o]!;
          // d(⟨O²⟩ − ⟨O⟩²) = d⟨O²⟩ − 2⟨O⟩ d⟨O⟩
          const row = at * 2 * size;
          return (
            results[m]![row + size + o]! - 2 * average[example * size + o]! * results[m]![row + o]!
          );
        });
      });
      return {
        batch: values.batch,
        rows: sums.rows,
        parameters: active.length,
        data: sums.data,
        partials: chainRule(
          circuit,
          active.map(({ occurrence }) => occurrence),
          wanted,
          values,
        ),
      };
    },
  };
}

/** Derivatives of each occurrence's angle by the elements of the wanted slots, at the values of an example. */
function chainRule(
  circuit: Circuit,
  active: readonly Occurrence[],
  wanted: readonly Slot[],
  values: SlotValues,
): Derivatives['partials'] {
  const position = new Map(wanted.map((slot, i) => [slot.name, i]));
  const places = new Map(
    circuit.slots.map((slot) => [
      slot.name,
      { array: values.get(slot.name), stride: slot.axis === 'batch' ? sizeOf(slot.shape) : 0 },
    ]),
  );
  const at = ({ angle }: Occurrence, example: number): SlotPartial[] =>
    anglePartials(angle, (slot, index) => {
      const { array, stride } = places.get(slot)!;
      return array[example * stride + index]!;
    }).flatMap(({ slot, index, partial }) => {
      const i = position.get(slot);
      return i === undefined ? [] : [{ slot: i, element: index, partial }];
    });
  // Angles of shared slots only, the usual case, are the same in every example.
  const fixed = active.map((occurrence) =>
    [...occurrence.slots].every((name) => places.get(name)!.stride === 0)
      ? at(occurrence, 0)
      : undefined,
  );
  return (parameter, example) => fixed[parameter] ?? at(active[parameter]!, example);
}

/** Numbers per example of each measurement. */
export function sizesOf(circuit: Circuit, measurements: readonly Measurement[]): number[] {
  return outputShapes(circuit, measurements).map(sizeOf);
}
