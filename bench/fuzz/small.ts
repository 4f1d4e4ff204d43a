import { reference } from '@ketwork/simulator';
import type { Engine } from '@ketwork/simulator';
import { caseOf } from '@ketwork/testing';
import { Judge } from './tally.ts';
import type { Tally } from './tally.ts';

const judge = reference();

/** One circuit of the engine's tests, of 1 to 10 qubits: every exact result and the gradients against the reference. */
export function fuzzSmall(engine: Engine, seed: number, tally: Tally, tolerance: number): void {
  const problem = caseOf(seed, engine, { slotGenerators: false });
  const { circuit, batch, values, measurements, random } = problem;
  const judged = new Judge(tally, seed, tolerance);
  try {
    using program = engine.compile(circuit, measurements);
    using expected = judge.compile(circuit, measurements);
    const results = program.run(values) as Float64Array[];
    (expected.run(values) as Float64Array[]).forEach((want, i) =>
      judged.compare(measurements[i]!.type, results[i]!, want),
    );
    const unitary = circuit.ops.every((op) => op.type !== 'matrix' || op.unitary);
    // Derivatives of big circuits take long in the reference: a few are enough.
    if (unitary && circuit.slots.length > 0 && (circuit.qubits <= 7 || seed % 4 === 0)) {
      const dy = program.outputShapes.map((shape) =>
        random.normals(batch * shape.reduce((a, b) => a * b, 1)),
      );
      const [kind, options] = (
        [
          ['gradient', {}],
          ['gradient per example', { perExample: true }],
          ['squared norm of gradient', { squaredNorms: true }],
        ] as const
      )[seed % 3]!;
      const gradients = program.vjp(values, dy, options);
      for (const [slot, want] of Object.entries(expected.vjp(values, dy, options))) {
        judged.compare(kind, gradients[slot]!, want);
      }
    }
  } catch (error) {
    judged.thrown(error);
  }
  judged.close(`${circuit.qubits} qubits, batch ${batch}, ${circuit.ops.length} operations`);
}
