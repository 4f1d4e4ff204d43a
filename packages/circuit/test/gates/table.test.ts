import { describe, expect, it } from 'vitest';
import { adjoint, identity, multiply, pauliMatrix } from '../../src/gates/matrix.ts';
import type { Gate, GateOp, PauliFrameRule } from '../../src/index.ts';
import { gate, gates, primitiveFrequencies, primitives } from '../../src/index.ts';
import { distance, embed, productOfPrimitives } from './dense.ts';

const irrational = [0.7310585786, -2.1972245773, 1.2039728043];

function anglesOf(row: Gate): number[] {
  return irrational.slice(0, row.parameters.length);
}

/** Words to try: the table's own width, or a few for gates of any width. */
function wordsOf(row: Gate): string[] {
  if (row.qubits !== 'any') return ['I'.repeat(row.qubits)];
  return row.name === 'PauliRot' ? ['X', 'XYZ', 'IYIZ', 'II'] : ['Z', 'ZZZ'];
}

function opOf(
  row: Gate,
  word: string,
  qubits: readonly number[],
  angles: readonly number[] = anglesOf(row),
): GateOp {
  const op: GateOp = { type: 'gate', gate: row.name, qubits, angles, controls: [] };
  return row.name === 'PauliRot' ? { ...op, word } : op;
}

describe('gate table', () => {
  it('finds rows by name and alias, and no name twice', () => {
    const names = gates
      .flatMap((row) => [row.name, ...row.aliases])
      .map((name) => name.toLowerCase());
    const own = gates.map((row) => row.name);
    expect(new Set(own).size).toBe(own.length);
    for (const row of gates)
      for (const name of [row.name, ...row.aliases]) expect(gate(name)).toBe(row);
    expect(names.length).toBeGreaterThan(gates.length);
    expect(() => gate('Hadamrd')).toThrow(/unknown gate 'Hadamrd'/);
  });

  for (const row of gates) {
    for (const word of wordsOf(row)) {
      const n = word.length;
      const matrix = row.matrix(anglesOf(row), word);
      const d = 1 << n;

      describe(`${row.name} ${row.qubits === 'any' ? word : ''}`, () => {
        it('is unitary and equals the product of its primitives, in any qubit order and under controls', () => {
          expect(distance(multiply(matrix, adjoint(matrix)), identity(d))).toBeLessThan(1e-14);
          const qubits = word.split('').map((_, i) => n - 1 - i);
          const list = primitives(opOf(row, word, qubits));
          expect(distance(productOfPrimitives(list, n), embed(matrix, qubits, n))).toBeLessThan(
            1e-14,
          );
          if (row.parameters.length > 0) expect(list.some((p) => p.type === 'matrix')).toBe(false);
          const controls = [{ qubit: n, value: 0 } as const, { qubit: n + 1, value: 1 } as const];
          const on = embed(matrix, qubits, n + 2);
          const product = productOfPrimitives(
            primitives({ ...opOf(row, word, qubits), controls }),
            n + 2,
          );
          const big = 1 << (n + 2);
          let worst = 0;
          for (let column = 0; column < big; column++) {
            const active = (column & 3) === 1;
            for (let r = 0; r < big; r++) {
              const at = 2 * (r * big + column);
              const [re, im] = active ? [on[at]!, on[at + 1]!] : [r === column ? 1 : 0, 0];
              worst = Math.max(worst, Math.abs(product[at]! - re), Math.abs(product[at + 1]! - im));
            }
          }
          expect(worst).toBeLessThan(1e-14);
        });

        it('has the stated inverse', () => {
          const { gate: name, angles } = row.inverse(anglesOf(row));
          expect(
            distance(gate(name).matrix(angles as number[], word), adjoint(matrix)),
          ).toBeLessThan(1e-14);
          if (row.selfInverse)
            expect(distance(multiply(matrix, matrix), identity(d))).toBeLessThan(1e-14);
          else expect(distance(multiply(matrix, matrix), identity(d))).toBeGreaterThan(0.1);
        });

        it('has the stated flags', () => {
          let offDiagonal = 0;
          let fractional = 0;
          for (let i = 0; i < d * d; i++) {
            const size = Math.hypot(matrix[2 * i]!, matrix[2 * i + 1]!);
            if (Math.floor(i / d) !== i % d) offDiagonal = Math.max(offDiagonal, size);
            fractional = Math.max(
              fractional,
              Math.min(size, Math.hypot(matrix[2 * i]! - 1, matrix[2 * i + 1]!)),
            );
          }
          if (word !== 'II') expect(offDiagonal < 1e-14).toBe(row.diagonal);
          expect(fractional < 1e-14).toBe(row.permutation);
          if (row.qubits !== 'any' && n > 0) {
            expect(pauliWords(n).every((p) => image(matrix, p) !== undefined)).toBe(row.clifford);
          }
        });

        it('has the frequencies of its primitives', () => {
          row.parameters.forEach((parameter, i) => {
            const angles = anglesOf(row);
            angles[i] = 77;
            const list = primitives(
              opOf(
                row,
                word,
                [...word].map((_, q) => q),
                angles,
              ),
            );
            const factor = list.find(
              (p) => p.type !== 'matrix' && (p.angle === 77 || p.angle === -38.5),
            );
            if (word !== 'II') expect(parameter.frequencies).toEqual(primitiveFrequencies(factor!));
            const differences = parameter.eigenvalues.flatMap((a) =>
              parameter.eigenvalues.map((b) => a - b),
            );
            expect(parameter.frequencies).toEqual(
              [...new Set(differences.filter((x) => x > 0))].sort((a, b) => a - b),
            );
          });
        });

        if (row.qubits !== 'any') {
          it('moves Paulis as its frame says', () => {
            for (const pauli of ['X', 'Z'] as const) {
              expect(row.pauliFrame[pauli]).toHaveLength(n);
              row.pauliFrame[pauli].forEach((rule, q) =>
                checkFrame(row, matrix, oneLetter(pauli, q, n), rule),
              );
            }
          });
        }
      });
    }
  }
});

function oneLetter(letter: string, q: number, n: number): string {
  return 'I'.repeat(q) + letter + 'I'.repeat(n - 1 - q);
}

function pauliWords(n: number): string[] {
  return ['X', 'Z'].flatMap((letter) =>
    Array.from({ length: n }, (_, q) => oneLetter(letter, q, n)),
  );
}

/** The signed Pauli word `G·P·G†`, if it is one. */
function image(matrix: Float64Array, word: string): string | undefined {
  const moved = multiply(matrix, multiply(pauliMatrix(word), adjoint(matrix)));
  for (let code = 0; code < 4 ** word.length; code++) {
    const candidate = [...word].map((_, i) => 'IXYZ'[(code >> (2 * i)) & 3]).join('');
    const pauli = pauliMatrix(candidate);
    if (distance(moved, pauli) < 1e-12) return candidate;
    if (
      distance(
        moved,
        pauli.map((x) => -x),
      ) < 1e-12
    )
      return `-${candidate}`;
  }
  return undefined;
}

function checkFrame(row: Gate, matrix: Float64Array, word: string, rule: PauliFrameRule): void {
  const pauli = pauliMatrix(word);
  const left = multiply(matrix, pauli);
  if (rule === 'pass') expect(distance(left, multiply(pauli, matrix)), word).toBeLessThan(1e-14);
  else if (rule === 'flush') {
    // With parameters or without, no Pauli word may do; otherwise the row could say better.
    expect(image(matrix, word), word).toBeUndefined();
  } else if ('map' in rule) expect(image(matrix, word), word).toBe(rule.map);
  else {
    const angles = anglesOf(row).map((angle, i) => (rule.flip.includes(i) ? -angle : angle));
    const phase = (rule.phase ?? []).reduce((sum, i) => sum + anglesOf(row)[i]!, 0);
    const right = multiply(pauli, row.matrix(angles));
    const turned = right.map((x, i) =>
      i % 2 === 0
        ? x * Math.cos(phase) - right[i + 1]! * Math.sin(phase)
        : x * Math.cos(phase) + right[i - 1]! * Math.sin(phase),
    );
    expect(distance(left, turned), word).toBeLessThan(1e-14);
  }
}
