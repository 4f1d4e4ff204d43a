import { specs } from '@ketwork/circuit';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseQasm, toQasm } from '../src/index.ts';
import type { QasmProgram } from '../src/index.ts';
import recorded from './data/qiskit.json' with { type: 'json' };
import { distribution, run } from './simulate.ts';

interface Expected {
  readonly distribution: Readonly<Record<string, number>>;
  readonly state?: readonly number[];
}

const folder = new URL('data/programs/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.qasm'));
const expected = recorded.programs as unknown as Readonly<Record<string, Expected>>;
const values = Object.fromEntries(Object.entries(recorded.inputs).map(([name, x]) => [name, [x]]));

/** Largest difference of two states, up to a global phase. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [re, im] = [0, 0];
  for (let i = 0; i < a.length; i += 2) {
    re += a[i]! * b[i]! + a[i + 1]! * b[i + 1]!;
    im += a[i]! * b[i + 1]! - a[i + 1]! * b[i]!;
  }
  const norm = Math.hypot(re, im);
  const [c, s] = [re / norm, im / norm];
  let worst = 0;
  for (let i = 0; i < a.length; i += 2) {
    worst = Math.max(
      worst,
      Math.hypot(c * a[i]! - s * a[i + 1]! - b[i]!, c * a[i + 1]! + s * a[i]! - b[i + 1]!),
    );
  }
  return worst;
}

function check({ circuit }: QasmProgram, { distribution: want, state }: Expected): void {
  const got = distribution(run(circuit, { values }));
  for (const key of new Set([...Object.keys(want), ...Object.keys(got)])) {
    expect(Math.abs((got[key] ?? 0) - (want[key] ?? 0)), key).toBeLessThan(1e-12);
  }
  if (state === undefined) return;
  const ops = circuit.ops.filter(({ type }) => type !== 'measure');
  expect(distance(run({ ...circuit, ops }, { values })[0].state, state)).toBeLessThan(1e-12);
}

describe('programs mean what they mean to Qiskit', () => {
  it('which has read every one of them', () => {
    expect(files.length).toBeGreaterThanOrEqual(80);
    expect(Object.keys(expected).sort()).toEqual(files.map((name) => name.slice(0, -5)).sort());
    expect(recorded.source).toMatch(/^qiskit \d/);
  });

  for (const file of files) {
    it(`${file}, and written again in both versions`, () => {
      const program = parseQasm(readFileSync(new URL(file, folder), 'utf8'));
      const want = expected[file.slice(0, -5)]!;
      check(program, want);
      expect(specs(program.circuit).operations).toBeGreaterThan(0);
      const third = toQasm(program.circuit, { ...program, version: 3 });
      check(parseQasm(third), want);
      expect(toQasm(parseQasm(third).circuit, { ...parseQasm(third), version: 3 })).toBe(third);
      // Version 2 has neither inputs nor loops, nor conditions on parts of registers.
      const nested = ['v3_input', 'v3_while', 'v3_nested_if', 'v3_if_else', 'v3_conditions'];
      if (nested.some((name) => file.startsWith(name))) return;
      check(parseQasm(toQasm(program.circuit, { version: 2 })), want);
    });
  }
});
