import { readFileSync } from 'node:fs';
import { circuit, densityOperator } from '@ketwork/circuit';
import { densityMatrix } from '@ketwork/simulator';
import { describe, expect, it } from 'vitest';

interface NoisyProgram {
  readonly qubits: number;
  readonly ops: readonly (readonly [string, readonly number[], ...number[]])[];
  readonly qiskit: readonly number[];
  readonly pennylane: readonly number[];
}

const file = new URL('data/noise.json', import.meta.url);
const { source, programs } = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly source: string;
  readonly programs: readonly NoisyProgram[];
};

describe(`values of ${source}`, () => {
  programs.forEach(({ qubits, ops, qiskit, pennylane }, i) => {
    const what = ops.length === 3 ? ops[2]![0].slice(6) : `circuit ${i} on ${qubits}`;
    it(`agrees on ${what}`, () => {
      const made = circuit(qubits, (q) => {
        for (const [name, on, ...parameters] of ops) {
          if (name.startsWith('noise:')) q.channel(name.slice(6), parameters, on);
          else q.gate(name, parameters, on);
        }
      });
      const rho = densityMatrix().compile(made, densityOperator()).run();
      for (const theirs of [qiskit, pennylane])
        rho.forEach((x, k) => expect(x).toBeCloseTo(theirs[k]!, 12));
    });
  });
});
