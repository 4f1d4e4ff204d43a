import { expval, X, Y } from '@ketwork/circuit';
import { repeatedSlots, rowLimit, runRows } from '../evaluate.ts';
import type { Computation } from '../evaluate.ts';
import { insertedCircuit, insertions } from '../hadamard/insertions.ts';
import { numbersPerRow } from '../method.ts';
import { bySlots } from './assemble-metric.ts';
import type { MetricTask, PreparedMetric } from './assemble-metric.ts';

/**
 * From Hadamard tests: with -iP behind one gate where the ancilla is 1 and -iQ behind another where it is 0,
 * `⟨X⟩ = Re⟨Qψ|Pψ⟩` on the ancilla; with -iP alone `⟨Y⟩ = -⟨P⟩`. One run per pair of strings and one per string, all in one
 * batch.
 */
export function hadamardOverlaps(task: MetricTask): PreparedMetric {
  const { circuit, wanted, memory } = task;
  const made = insertions(circuit, 'both');
  const active = made.generators.filter(({ slots }) => wanted.some(({ name }) => slots.has(name)));
  const strings = active.flatMap((generator, i) =>
    generator.strings.map(({ term, columns }) => ({ i, coefficient: term.coefficient, columns })),
  );
  const runs: { readonly s: number; readonly t?: number }[] = strings.flatMap((_, s) => [
    { s },
    ...strings.slice(s + 1).map((__, k) => ({ s, t: s + 1 + k })),
  ]);
  const variation = {
    circuit: insertedCircuit(circuit, made, { ancilla: true }),
    measurements: [expval(X(made.ancilla), Y(made.ancilla))],
  };
  const limit = rowLimit(memory, circuit.qubits + 1, numbersPerRow(variation));
  const n = active.length;
  return {
    variations: [variation],
    evaluations: runs.length,
    *run(values, seed): Computation<Float64Array> {
      const { batch } = values;
      const tensor = new Float64Array(batch * n * n);
      const along = new Float64Array(batch * n);
      const add = (example: number, i: number, j: number, part: number): void => {
        tensor[(example * n + i) * n + j]! += part;
      };
      for (let b = 0; b < batch; b++)
        for (const { i, coefficient } of strings) add(b, i, i, coefficient * coefficient);
      const given = circuit.slots.map((slot) => ({ slot, array: values.get(slot.name) }));
      yield* runRows({
        program: 0,
        evaluations: runs.length,
        batch,
        limit,
        seed,
        stream: 0,
        values(first, count) {
          const rows = repeatedSlots(given, batch, first, count);
          const { columns, shifts } = made;
          const array = new Float64Array(count * columns);
          for (let at = 0; at < count; at++) {
            const { s, t } = runs[Math.floor((first + at) / batch)]!;
            array[at * columns + strings[s]!.columns[0]] = Math.PI;
            if (t !== undefined) array[at * columns + strings[t]!.columns[1]] = Math.PI;
          }
          rows[shifts] = array;
          return rows;
        },
        consume(evaluation, example, results, at) {
          const { s, t } = runs[evaluation]!;
          const { i, coefficient } = strings[s]!;
          if (t === undefined) {
            along[example * n + i]! += coefficient * results[0]![2 * at + 1]!;
            return;
          }
          const other = strings[t]!;
          const part = coefficient * other.coefficient * results[0]![2 * at]!;
          add(example, i, other.i, part);
          add(example, other.i, i, part);
        },
      });
      for (let b = 0; b < batch; b++) {
        for (let i = 0; i < n; i++)
          for (let j = 0; j < n; j++) add(b, i, j, -along[b * n + i]! * along[b * n + j]!);
      }
      return bySlots(task, active, values, tensor);
    },
  };
}
