import { X, Y, Z, circuit, expval, input, pauli, variance, weight } from '@ketwork/circuit';
import type { Circuit, Measurement, PauliSum } from '@ketwork/circuit';
import { Random, expectClose } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { cpuCapabilities } from '../../../src/cpu/capabilities.ts';
import { lower } from '../../../src/cpu/lower.ts';
import { EngineMemory } from '../../../src/cpu/memory.ts';
import { allocateCoefficients } from '../../../src/cpu/passes/allocate.ts';
import { groupStrings } from '../../../src/cpu/passes/group-strings.ts';
import { CpuProgram } from '../../../src/cpu/program.ts';
import { planReadout } from '../../../src/cpu/readout.ts';
import type { ReadoutStep } from '../../../src/cpu/readout.ts';
import { checkProgram, reference } from '../../../src/index.ts';

const memory = new EngineMemory();
const judge = reference();

const sum = (terms: readonly PauliSum[]): PauliSum => terms.reduce((a, b) => a.add(b));

/** Terms on all pairs of qubits. */
function pairs(qubits: number, letters: readonly (typeof X)[]): PauliSum {
  const terms: PauliSum[] = [];
  for (let i = 0; i < qubits; i++) {
    for (let j = 0; j < i; j++)
      for (const letter of letters)
        terms.push(
          letter(i)
            .mul(letter(j))
            .scale(0.1 + 0.02 * terms.length),
        );
  }
  return sum(terms);
}

function words(random: Random, qubits: number, count: number, letters = 'IXYZ'): PauliSum {
  const terms = Array.from({ length: count }, () => {
    const word = Array.from({ length: qubits }, () => random.pick([...letters])).join('');
    return pauli(word).scale(2 * random.uniform() - 1);
  });
  return sum(terms);
}

const layers = (qubits: number, batched: boolean): Circuit =>
  batched
    ? circuit(qubits, { x: input([qubits]), w: weight([2, qubits, 3]) }, (q, { x, w }) =>
        q.angleEmbedding(x).stronglyEntanglingLayers(w),
      )
    : circuit(qubits, { w: weight([2, qubits, 3]) }, (q, { w }) => q.stronglyEntanglingLayers(w));

function steps(made: Circuit, measurement: Measurement): readonly ReadoutStep[] {
  const readout = planReadout(made, [measurement]);
  return groupStrings({ lowered: lower(made, false), readout }).readout.steps;
}

/** Compares value and gradient with the reference. */
function check(made: Circuit, measurement: Measurement, note: string): void {
  const checked = checkProgram(made, measurement, {}, cpuCapabilities);
  const sequence = [
    ['group strings', groupStrings],
    ['allocate', allocateCoefficients],
  ] as const;
  const program = new CpuProgram(made, measurement, {}, checked, memory, sequence);
  const exact = judge.compile(made, measurement);
  const random = new Random(9);
  const values = Object.fromEntries(
    made.slots.map(({ name, shape, axis }) => {
      const size = shape.reduce((a, b) => a * b, axis === 'batch' ? 3 : 1);
      return [name, Float64Array.from({ length: size }, () => 6 * random.uniform())];
    }),
  );
  const y = exact.run(values) as Float64Array;
  expectClose(program.run(values) as Float64Array, y, 1e-12, note);
  const dy = y.map((_, i) => Math.cos(i));
  const [found, expected] = [program, exact].map((p) => p.vjp(values, dy));
  for (const name of Object.keys(expected!))
    expectClose(found![name]!, expected![name]!, 1e-11, `${note}, ${name}`);
}

const types = (made: Circuit, measurement: Measurement): string[] => [
  ...new Set(steps(made, measurement).map(({ type }) => type)),
];

describe('groupStrings', () => {
  it('reads XX and YY on the same qubits in one pass', () => {
    const made = layers(6, false);
    const chain = sum(
      [0, 1, 2, 3, 4].flatMap((i) => [X, Y, Z].map((letter) => letter(i).mul(letter(i + 1)))),
    );
    const found = steps(made, expval(chain));
    expect(found.map(({ type }) => type)).toEqual(['diagonal', ...Array(5).fill('flips')]);
    check(made, expval(chain), 'chain');
  });

  it('reads interactions of all pairs in one basis per letter', () => {
    const made = layers(10, false);
    const measured = expval(pairs(10, [Y, Z]), pairs(7, [Y]));
    expect(steps(made, measured).map(({ type }) => type)).toEqual(['diagonal', 'basis']);
    check(layers(8, true), expval(pairs(8, [X]), Y(2), X(0).mul(Y(1))), 'pairs of a batch');
  });

  it('chooses one pass per family where strings flip the same bits', () => {
    const made = layers(8, false);
    expect(types(made, expval(pairs(8, [X, Y, Z])))).toEqual(['diagonal', 'flips']);
    check(made, expval(pairs(8, [X, Y, Z])), 'pairs');
  });

  it('leaves single strings alone', () => {
    expect(types(layers(5, true), expval(X(0), Y(1), Z(2)))).toEqual(['diagonal', 'pauli']);
  });

  it.each([1, 2, 3, 4, 5])('keeps results and gradients of many words, %i qubits', (qubits) => {
    const random = new Random(qubits);
    for (const letters of ['IXYZ', 'IIIXY', 'IXX', 'XYY', 'YIIIZ']) {
      const measured = [30, 9, 60].map((count) => words(random, qubits, count, letters));
      check(layers(qubits, true), expval(...measured), `batch, ${letters}`);
      check(layers(qubits, false), expval(...measured), `single, ${letters}`);
      check(layers(qubits, true), variance(measured[1]!), `variance, ${letters}`);
    }
  });

  it('plans thousands of terms quickly', () => {
    const made = layers(10, false);
    const many = expval(words(new Random(3), 10, 4000));
    const start = performance.now();
    const found = steps(made, many);
    expect(performance.now() - start).toBeLessThan(2000);
    expect(found.length).toBeLessThan(4000);
    check(made, expval(words(new Random(4), 10, 1000, 'IIIIIXYZ')), 'a thousand terms');
  });
});
