import { UnsupportedError } from '@ketwork/base';
import { inverse } from '@ketwork/circuit';
import type { Circuit, Measurement, Observable, Op, PauliTerm } from '@ketwork/circuit';
import { chainRule } from '../chain-rule.ts';
import { checkSlots } from '../columns.ts';
import { repeatedSlots, rowLimit, runRows } from '../evaluate.ts';
import type { Computation } from '../evaluate.ts';
import { controlledTerms, matrixTerms, mergedTerms } from '../generators.ts';
import { linearMeasurements } from '../linear.ts';
import { Accumulator, numbersPerRow, sizesOf } from '../method.ts';
import type { MethodOptions, PreparedMethod, Request, Variation } from '../method.ts';
import { hadamard, insertions } from './insertions.ts';
import type { Generator } from './insertions.ts';

/** Stream of shots of the means that a variance needs; those of the tests follow it. */
const UNSHIFTED = 1;

/** Projectors on more qubits have too many Pauli strings. */
const MAX_PROJECTOR_QUBITS = 10;

/**
 * Prepares differentiation by Hadamard tests that insert the observable and measure the generator: the whole circuit, -iQ
 * for each Pauli string Q of the observables where the ancilla is 1, then the circuit backwards to the gate, where
 * `⟨X ⊗ G⟩ = -Im⟨χ|G|ψ⟩` gives the derivative `-2 Σ q ⟨X ⊗ G⟩`. One program per gate, whose rows are the strings of the
 * observables: better than the direct form where generators have many strings and observables few (Li et al.,
 * arXiv:2408.05406).
 */
export function reversedHadamardTest(
  circuit: Circuit,
  measurements: readonly Measurement[],
  { memory, alternatives }: MethodOptions,
): PreparedMethod {
  const made = insertions(circuit, 'none');
  const outputSizes = sizesOf(circuit, measurements);
  const linear = linearMeasurements(circuit, measurements).measurements;
  // Every distinct string of any observable is a row.
  const strings: PauliTerm[] = [];
  const names = new Map<string, number>();
  const observables = linear.map((m) =>
    (m.type === 'expval' ? m.observables : []).map((o) =>
      observableTerms(o).map(({ coefficient, paulis }) => {
        const name = JSON.stringify(paulis);
        if (!names.has(name)) {
          names.set(name, strings.length);
          strings.push({ coefficient: 1, paulis });
        }
        return { coefficient, row: names.get(name)! };
      }),
    ),
  );
  const tests = testsOf(circuit, made, strings);
  const means: Variation[] = measurements.some(({ type }) => type === 'variance')
    ? [{ circuit, measurements: linear }]
    : [];
  const variations = [...tests.map(({ variation }) => variation), ...means];
  const widest = Math.max(1, ...variations.map(numbersPerRow));
  const limit = rowLimit(memory, circuit.qubits + 1, widest);
  const given = (request: Request): Parameters<typeof repeatedSlots>[0] =>
    circuit.slots.map((slot) => ({ slot, array: request.values.get(slot.name) }));

  function* meansOf(request: Request): Computation<(Float64Array | undefined)[]> {
    const { batch } = request.values;
    const found = measurements.map((m, i) =>
      m.type === 'variance' ? new Float64Array(batch * outputSizes[i]!) : undefined,
    );
    if (means.length === 0) return found;
    const all = given(request);
    yield* runRows({
      program: tests.length,
      evaluations: 1,
      batch,
      limit,
      seed: request.seed,
      stream: UNSHIFTED,
      values: (first, count) => repeatedSlots(all, batch, first, count),
      consume(_, example, results, at) {
        found.forEach((mean, m) => {
          const size = outputSizes[m]!;
          for (let o = 0; mean !== undefined && o < size; o++)
            mean[example * size + o] = results[m]![at * 2 * size + o]!;
        });
      },
    });
    return found;
  }

  return {
    variations,
    evaluations: tests.length * strings.length,
    limit,
    check(wanted) {
      checkSlots('reversed-hadamard-test', wanted, made.obstacles, alternatives);
    },
    *derivatives(request) {
      const { values, slots: wanted, seed } = request;
      const { batch } = values;
      const active = made.generators.filter(({ slots }) =>
        wanted.some(({ name }) => slots.has(name)),
      );
      const sums = new Accumulator(batch, active.length, outputSizes, request.weights);
      const mean = yield* meansOf(request);
      const all = given(request);
      for (const [program, { generators, shifts }] of tests.entries()) {
        const parameters = generators.map((generator) => active.indexOf(generator));
        if (parameters.every((parameter) => parameter < 0)) continue;
        // ⟨X ⊗ G⟩ for every string, example and generator.
        const found = new Float64Array(strings.length * batch * generators.length);
        yield* runRows({
          program,
          evaluations: strings.length,
          batch,
          limit,
          seed,
          stream: UNSHIFTED + 1 + program,
          values(first, count) {
            const rows = repeatedSlots(all, batch, first, count);
            const inserted = new Float64Array(count * strings.length);
            for (let at = 0; at < count; at++)
              inserted[at * strings.length + Math.floor((first + at) / batch)] = Math.PI;
            rows[shifts] = inserted;
            return rows;
          },
          consume(string, example, results, at) {
            for (let g = 0; g < generators.length; g++) {
              found[(string * batch + example) * generators.length + g] =
                results[0]![at * generators.length + g]!;
            }
          },
        });
        parameters.forEach((parameter, g) => {
          if (parameter < 0) return;
          for (let example = 0; example < batch; example++) {
            const slope = (m: number, i: number): number =>
              observables[m]![i]!.reduce(
                (sum, { coefficient, row }) =>
                  sum - 2 * coefficient * found[(row * batch + example) * generators.length + g]!,
                0,
              );
            sums.add(example, parameter, 1, (m, o) => {
              const average = mean[m];
              if (average === undefined) return slope(m, o);
              const size = outputSizes[m]!;
              return slope(m, size + o) - 2 * average[example * size + o]! * slope(m, o);
            });
          }
        });
      }
      return {
        batch,
        rows: sums.rows,
        parameters: active.length,
        data: sums.data,
        partials: chainRule(circuit, active, wanted, values),
      };
    },
  };
}

/** A test that reaches one place of the circuit. */
interface Test {
  readonly variation: Variation;
  readonly generators: readonly Generator[];
  readonly shifts: string;
}

function testsOf(
  circuit: Circuit,
  made: ReturnType<typeof insertions>,
  strings: readonly PauliTerm[],
): Test[] {
  const { ops, ancilla, shifts } = made;
  const generators = made.generators.filter((generator) => generator.strings.length > 0);
  if (strings.length === 0) return [];
  const slot = {
    name: shifts,
    shape: [strings.length],
    kind: 'scalar',
    axis: 'batch',
    differentiable: false,
  } as const;
  const wide = { ...circuit, qubits: circuit.qubits + 1, slots: [...circuit.slots, slot] };
  const insertedStrings = strings.map(({ paulis }, column): Op => ({
    type: 'gate',
    gate: 'PauliRot',
    qubits: paulis.map(({ qubit }) => qubit),
    word: paulis.map(({ pauli }) => pauli).join(''),
    angles: [{ slot: shifts, index: column }],
    controls: [{ qubit: ancilla, value: 1 }],
  }));
  const places = [...new Set(generators.map(({ position }) => position))];
  return places.map((position) => {
    const here = generators.filter((generator) => generator.position === position);
    const tail = ops.slice(position + 1).filter(({ type }) => type !== 'statePreparation');
    const back = inverse(Object.freeze({ ...wide, ops: tail })).ops;
    return {
      generators: here,
      shifts,
      variation: {
        circuit: Object.freeze({
          ...wide,
          ops: [hadamard(ancilla), ...ops, ...insertedStrings, ...back, hadamard(ancilla)],
        }),
        measurements: [
          {
            type: 'expval',
            observables: here.map((generator): Observable => ({
              type: 'pauli',
              terms: generator.strings.map(({ term: { coefficient, paulis } }) => ({
                coefficient,
                paulis: [...paulis, { qubit: ancilla, pauli: 'Z' as const }],
              })),
            })),
          },
        ],
      },
    };
  });
}

/** An observable as Pauli strings, without the identity. */
function observableTerms(o: Observable): PauliTerm[] {
  if (o.type === 'pauli') return mergedTerms(o.terms);
  if (o.type === 'projector') {
    if (o.qubits.length > MAX_PROJECTOR_QUBITS) {
      throw new UnsupportedError(
        `reversed-hadamard-test cannot insert a projector on ${o.qubits.length} qubits, which has 2^${o.qubits.length} Pauli strings`,
        { remedy: `Use hadamard-test, or project at most ${MAX_PROJECTOR_QUBITS} qubits` },
      );
    }
    return controlledTerms(
      [{ coefficient: 1, paulis: [] }],
      o.qubits.map((qubit, i) => ({ qubit, value: o.bits[i]! })),
    );
  }
  if ('slot' in o.matrix) {
    throw new UnsupportedError(
      `reversed-hadamard-test cannot insert the observable of slot '${o.matrix.slot}', whose Pauli strings are not known`,
      { remedy: 'Use hadamard-test' },
    );
  }
  return matrixTerms(o.matrix, o.qubits);
}
