import { repeatedSlots, rowLimit, runRows } from '../evaluate.ts';
import type { Computation } from '../evaluate.ts';
import { insertions } from '../hadamard/insertions.ts';
import { numbersPerRow } from '../method.ts';
import { bySlots } from './assemble-metric.ts';
import type { MetricTask, PreparedMetric } from './assemble-metric.ts';
import { covarianceObservables, layersOf } from './layers.ts';

/** Blocks of the tensor: `⟨G_i G_j⟩ − ⟨G_i⟩⟨G_j⟩` in the state before each layer of generators. */
export function covariances(task: MetricTask, diagonal: boolean): PreparedMetric {
  const { circuit, wanted, memory } = task;
  const made = insertions(circuit, 'none');
  const active = made.generators.filter(
    ({ slots, strings }) => strings.length > 0 && wanted.some(({ name }) => slots.has(name)),
  );
  const layers = layersOf(circuit, made, active).map((layer) => ({
    ...layer,
    ...covarianceObservables(layer.members, diagonal),
  }));
  const variations = layers.map((layer) => ({
    circuit: layer.circuit,
    measurements: [{ type: 'expval' as const, observables: layer.observables }],
  }));
  const limit = rowLimit(memory, circuit.qubits, Math.max(1, ...variations.map(numbersPerRow)));
  const n = active.length;
  return {
    variations,
    evaluations: layers.length,
    *run(values, seed): Computation<Float64Array> {
      const { batch } = values;
      const tensor = new Float64Array(batch * n * n);
      const given = circuit.slots.map((slot) => ({ slot, array: values.get(slot.name) }));
      for (const [program, { members, pairs, observables }] of layers.entries()) {
        const places = members.map((member) => active.indexOf(member));
        yield* runRows({
          program,
          evaluations: 1,
          batch,
          limit,
          seed,
          stream: program,
          values: (first, count) => repeatedSlots(given, batch, first, count),
          consume(_, example, results, at) {
            const row = at * observables.length;
            for (const { i, j, index } of pairs) {
              const g = results[0]![row + index]! - results[0]![row + i]! * results[0]![row + j]!;
              const [p, r] = [places[i]!, places[j]!];
              tensor[(example * n + p) * n + r] = g;
              tensor[(example * n + r) * n + p] = g;
            }
          },
        });
      }
      return bySlots(task, active, values, tensor);
    },
  };
}
