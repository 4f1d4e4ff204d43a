import { sizeOf } from '@ketwork/base';
import { state } from '@ketwork/circuit';
import type { Slot } from '@ketwork/circuit';
import type { SlotValues } from '@ketwork/simulator';
import { repeatedSlots, rowLimit, runRows } from '../evaluate.ts';
import type { Computation } from '../evaluate.ts';
import { insertedCircuit, insertions } from '../hadamard/insertions.ts';
import { numbersPerRow } from '../method.ts';
import { bySlots, fubiniStudy } from './assemble-metric.ts';
import type { MetricTask, PreparedMetric } from './assemble-metric.ts';

/** Values of some examples only. */
function sliced(
  values: SlotValues,
  slots: readonly Slot[],
  start: number,
  batch: number,
): SlotValues {
  const sizes = new Map(
    slots.map(({ name, axis, shape }) => [name, axis === 'batch' ? sizeOf(shape) : 0]),
  );
  return {
    batch,
    get(name) {
      const size = sizes.get(name)!;
      const array = values.get(name);
      return size === 0 ? array : array.subarray(start * size, (start + batch) * size);
    },
  };
}

/**
 * From states with -iP inserted behind a gate: `∂ψ = Σ c_P (-iP) ψ`, one run per string and one without. The states of as
 * many examples as the memory holds are computed together.
 */
export function stateOverlaps(task: MetricTask): PreparedMetric {
  const { circuit, wanted, memory } = task;
  const made = insertions(circuit, 'free');
  const active = made.generators.filter(({ slots }) => wanted.some(({ name }) => slots.has(name)));
  const runs = active.flatMap(({ strings }, i) =>
    strings.map(({ term, columns: [column] }) => ({
      i,
      column,
      coefficient: term.coefficient,
    })),
  );
  const variation = {
    circuit: insertedCircuit(circuit, made, { ancilla: false }),
    measurements: [state()],
  };
  const limit = rowLimit(memory, circuit.qubits, numbersPerRow(variation));
  const evaluations = 1 + runs.length;
  const together = Math.max(1, Math.floor(limit / evaluations));
  const n = active.length;
  const width = 2 ** (circuit.qubits + 1);
  return {
    variations: [variation],
    evaluations,
    *run(values, seed): Computation<Float64Array> {
      const tensor = new Float64Array(values.batch * n * n);
      for (let start = 0; start < values.batch; start += together) {
        const batch = Math.min(together, values.batch - start);
        const part = sliced(values, circuit.slots, start, batch);
        const given = circuit.slots.map((slot) => ({ slot, array: part.get(slot.name) }));
        const psi = Array.from({ length: batch }, () => new Float64Array(width));
        const slopes = psi.map(() => active.map(() => new Float64Array(width)));
        yield* runRows({
          program: 0,
          evaluations,
          batch,
          limit,
          seed,
          stream: 0,
          values(first, count) {
            const rows = repeatedSlots(given, batch, first, count);
            const { columns, shifts } = made;
            if (columns === 0) return rows;
            const array = new Float64Array(count * columns);
            for (let at = 0; at < count; at++) {
              const run = runs[Math.floor((first + at) / batch) - 1];
              if (run !== undefined) array[at * columns + run.column] = Math.PI;
            }
            rows[shifts] = array;
            return rows;
          },
          consume(evaluation, example, results, at) {
            const found = results[0]!.subarray(at * width, (at + 1) * width);
            const run = runs[evaluation - 1];
            if (run === undefined) {
              psi[example]!.set(found);
              return;
            }
            const slope = slopes[example]![run.i]!;
            for (let k = 0; k < width; k++) slope[k]! += run.coefficient * found[k]!;
          },
        });
        for (let b = 0; b < batch; b++)
          fubiniStudy(psi[b]!, slopes[b]!, tensor, (start + b) * n * n);
      }
      return bySlots(task, active, values, tensor);
    },
  };
}

/** From the engine's own Jacobian of the state, for slots of every kind. */
export function stateJacobian({ circuit, wanted }: MetricTask): PreparedMetric {
  const sizes = wanted.map(({ shape }) => sizeOf(shape));
  const size = sizes.reduce((a, b) => a + b, 0);
  const width = 2 ** (circuit.qubits + 1);
  return {
    variations: [{ circuit, measurements: [state()] }],
    evaluations: 1 + wanted.length,
    *run(values, seed): Computation<Float64Array> {
      const { batch } = values;
      const given = Object.fromEntries(circuit.slots.map(({ name }) => [name, values.get(name)]));
      const [psi] = yield { program: 0, values: given, seed };
      const slopes = Array.from({ length: batch }, (): Float64Array[] => []);
      for (const [s, { name }] of wanted.entries()) {
        const [jacobian] = yield { program: 0, values: given, seed, jacobian: name };
        const count = sizes[s]!;
        for (let b = 0; b < batch; b++) {
          for (let p = 0; p < count; p++) {
            slopes[b]!.push(
              Float64Array.from(
                { length: width },
                (_, k) => jacobian![(b * width + k) * count + p]!,
              ),
            );
          }
        }
      }
      const tensor = new Float64Array(batch * size * size);
      for (let b = 0; b < batch; b++)
        fubiniStudy(psi!.subarray(b * width, (b + 1) * width), slopes[b]!, tensor, b * size * size);
      return tensor;
    },
  };
}
