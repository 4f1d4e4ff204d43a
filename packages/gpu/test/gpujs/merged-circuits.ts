// Circuits whose first matrices are states to start with, and whose permutations fall to the steps after them: forward,
// backward, and where nothing follows. Browsers run them in both modes.
import { circuit, expval, input, pauli, probabilities, state, weight, Z } from '@ketwork/circuit';
import type { AngleLike, Builder, Circuit, Measurement } from '@ketwork/circuit';
import { reference } from '@ketwork/simulator';
import type { AsyncEngine } from '@ketwork/simulator';
import { expectClose } from '@ketwork/testing';
import type { DeviceTolerances } from '../device-fixture.ts';

const QUBITS = 5;
const BATCH = 3;
const all = Array.from({ length: QUBITS }, (_, q) => q);

type Numbers = (row: number, qubit: number) => AngleLike;

/** A ring of CNOTs between qubits so far apart. */
function ring(q: Builder, range: number): void {
  for (const i of all) q.cnot(i, (i + range) % QUBITS);
}

/** CNOTs without a pattern. */
function tangle(q: Builder): void {
  for (const [a, b] of [
    [0, 3],
    [2, 1],
    [4, 0],
    [1, 4],
    [3, 2],
    [0, 1],
    [4, 2],
    [2, 0],
  ] as const)
    q.cnot(a, b);
}

/** `x`: a number of each example, `w`: one that they share. */
const CASES: Readonly<Record<string, (q: Builder, x: Numbers, w: Numbers) => void>> = {
  'rings between layers': (q, x, w) => {
    for (const i of all) q.rx(x(0, i), i).ry(w(0, i), i);
    ring(q, 1);
    for (const i of all) q.ry(w(1, i), i).rz(x(0, i), i);
    ring(q, 2);
    for (const i of all) q.rx(w(2, i), i);
  },
  'gates without weights in layers': (q, x, w) => {
    for (const i of all) q.ry(x(0, i), i);
    ring(q, 1);
    for (const i of all) {
      if (i % 2 === 0) q.h(i).s(i);
      else q.rz(w(0, i), i).y(i);
    }
    ring(q, 2);
    for (const i of all) q.rot(w(1, i), w(2, i), w(0, i), i);
    ring(q, 1);
    for (const i of all) q.rx(w(2, i), i);
  },
  'a ring first': (q, x, w) => {
    q.x(1);
    ring(q, 2);
    for (const i of all) q.ry(x(0, i), i).rx(w(0, i), i);
    tangle(q);
    for (const i of all) q.rx(w(1, i), i);
  },
  'flips in a ring': (q, x, w) => {
    for (const i of all) q.ry(x(0, i), i);
    ring(q, 1);
    q.x(0).x(3);
    tangle(q);
    for (const i of all) q.rx(w(0, i), i).ry(w(1, i), i);
    tangle(q);
    q.x(2);
  },
  'some qubits untouched at first': (q, x, w) => {
    q.ry(x(0, 1), 1).rx(w(0, 3), 3);
    tangle(q);
    for (const i of all) q.rx(w(1, i), i);
    ring(q, 1);
    ring(q, 2);
  },
  'prepared qubits': (q, x, w) => {
    q.prepare([0.6, { re: 0, im: 0.8 }, 0, 0], [3, 1]);
    for (const i of all) q.ry(x(0, i), i).rx(w(0, i), i);
    tangle(q);
    for (const i of all) q.ry(w(1, i), i);
  },
  'controls and phases after rings': (q, x, w) => {
    for (const i of all) q.ry(x(0, i), i);
    tangle(q);
    q.crx(w(0, 0), 0, 1).ry(w(0, 1), 2).rx(w(0, 2), 2);
    ring(q, 2);
    for (const i of all) q.rzz(w(1, i), i, (i + 1) % QUBITS);
    for (const i of all) q.rx(w(2, i), i);
    tangle(q);
    q.toffoli(0, 2, 4);
  },
};

const built = (build: (q: Builder, x: Numbers, w: Numbers) => void): Circuit<'x' | 'w'> =>
  circuit(QUBITS, { x: input([1, QUBITS]), w: weight([3, QUBITS]) }, (q, { x, w }) => {
    build(
      q,
      (row, qubit) => x.at(row, qubit),
      (row, qubit) => w.at(row, qubit),
    );
  });

const READOUTS: readonly (readonly Measurement[])[] = [
  [expval(...all.map((i) => Z(i)), pauli('XZ', [0, 1])), probabilities([1, 3])],
  // Nobody reads phases.
  [expval(...all.map((i) => Z(i)), pauli('ZZ', [0, 1])), probabilities([1, 3])],
  [state()],
];

/** Checks an engine on these circuits, results and gradients. Returns what fails, in words, and the permutations of all plans. */
export async function mergedFailures(
  engine: AsyncEngine,
  tolerances: DeviceTolerances,
): Promise<{ readonly failures: string[]; readonly permutations: number }> {
  const failures: string[] = [];
  let permutations = 0;
  const values = {
    x: Float64Array.from({ length: BATCH * QUBITS }, (_, i) => Math.sin(3 * i + 1)),
    w: Float64Array.from({ length: 3 * QUBITS }, (_, i) => 2 * Math.cos(2 * i)),
  };
  for (const [name, build] of Object.entries(CASES)) {
    for (const measurements of READOUTS) {
      const program = engine.compile(built(build), measurements);
      const judge = reference().compile(built(build), measurements);
      permutations += Number(program.explain().details['permutations'] ?? 0);
      try {
        const want = judge.run(values) as Float64Array[];
        const found = (await program.run(values)) as Float64Array[];
        want.forEach((array, i) => expectClose(found[i]!, array, tolerances.results, 'results'));
        const dy = want.map(({ length }) => Float64Array.from({ length }, (_, i) => Math.cos(i)));
        const right = judge.vjp(values, dy);
        const gradients = await program.vjp(values, dy);
        for (const slot of ['x', 'w'] as const)
          expectClose(gradients[slot], right[slot], tolerances.gradients, `gradients by ${slot}`);
      } catch (error) {
        failures.push(`${name}, ${measurements[0]!.type}: ${String(error)}`);
      } finally {
        program.dispose();
        judge.dispose();
      }
    }
  }
  return { failures, permutations };
}
