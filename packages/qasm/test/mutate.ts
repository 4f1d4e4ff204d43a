import { KetworkError } from '@ketwork/base';
import { Random } from '@ketwork/testing';
import { readdirSync, readFileSync } from 'node:fs';
import { parseQasm, toQasm } from '../src/index.ts';

const folder = new URL('data/programs/', import.meta.url);

/** Programs to begin with: those of the tests, and one that uses the rest of the language. */
const seeds: readonly string[] = [
  ...readdirSync(folder)
    .filter((name) => name.endsWith('.qasm'))
    .sort()
    .map((name) => readFileSync(new URL(name, folder), 'utf8')),
  `OPENQASM 3.0;
include "stdgates.inc";
#pragma anything
const int n = 3; const float f = 2.5e-1; const bit[4] mask = "0101";
input float theta; input array[float, 2, 2] w;
array[int[8], 2, 2] m = {{1, 2}, {3, 4}};
def parity(qubit[2] r, int k, readonly array[int[8], #dim = 2] t) -> bit { if (k > t[0, 1]) { h r[0]; } return measure r[0]; }
gate g(a, b) x1, y1 { for int i in [0:2] { ctrl @ pow(0.5) @ x x1, y1; } negctrl @ gphase(a * b) x1; }
qubit[4] q; bit[4] c; bit d; uint[5] u = 7; angle[8] an = pi / 3; bool flag = true || !false;
let r = q[{0, 2}] ++ q[3]; let s1 = q[0:2:3];
for uint[4] i in {1, 2, 3} { if (i == 2) continue; rx(theta * i + w[0, 1]) q[i]; u <<= 1; u ^= i; m[0, 1] = i; }
g(f, sin(theta)) q[0], q[1]; inv @ ctrl(2) @ g(an, 0.1) q[0], q[1], q[2], q[3];
d = parity(q[0:1], n - 1, m); c[0:1] = measure r[0:1];
while (c[3] == 0) { c[3] = measure q[3]; if (c[0] ^ c[1]) { z q[0]; } else { y q[1]; } }
switch (int(c)) { case 1, 2 { x q[0]; } default { rz(pi * popcount(c)) q[1]; } }
delay[100ns] q; box { nop q; } reset q[0]; barrier q, r; @note
U(1, 2, 3) $0; cal { anything } defcal x $0 { {} } /* comment */ // another
`,
];

/** Pieces of text that programs are made of, or should not be made of. */
const pieces = [
  ';', ',', '(', ')', '[', ']', '{', '}', ':', '=', '==', '->', '++', '@', '+', '-', '*', '/', '%', '**', '^', '<<', '>>', '!', '~',
  '&&', '||', '"', "'", '#', '$', '\\', '\0', '\n', '\t', '\u2028', '𝛉', 'π', '/*', '*/', '//', '0', '1', '-1', '2', '65536', '1e9', '1e400',
  '9007199254740993', '0x', '0b1', '1__2', '1.2.3', '100ns', '3im', '"0101"', 'q', 'c', 'q[0]', 'q[0:99999999]', 'qubit', 'bit', 'bit[9999999]',
  'qubit[9999999] z1;', 'int', 'uint[64]', 'angle', 'float', 'array[int, 99, 99, 99]', 'const', 'input', 'output', 'let', 'gate', 'def', 'return',
  'if', 'else', 'for', 'while (true)', 'in', '[0:1e9]', '[0:99999999]', 'switch', 'case', 'default', 'break', 'continue', 'end', 'measure',
  'reset', 'barrier', 'ctrl @', 'ctrl(99999) @', 'inv @', 'pow(99999999) @', 'pow(0.5) @', 'negctrl @', 'gphase(1)', 'U(1,2,3)', 'h', 'x', 'cx', 'rx(pi)',
  'OPENQASM 2.0;', 'OPENQASM 3.0;', 'include "stdgates.inc";', 'include "qelib1.inc";', 'opaque', 'qreg', 'creg', 'pragma', '#pragma x', 'cal {', 'defcal',
  'extern', 'stretch', 'duration', 'complex', 'true', 'sin(', 'sqrt(-1)', 'log(0)', '1/0', '5 % 0', '2**9999',
]; // prettier-ignore

/** Sizes small enough that a case takes milliseconds. */
const limits = { steps: 50_000, operations: 20_000, rounds: 50 };

/** A program with some of its text moved, lost, doubled, or replaced. */
function mutated(seed: number): string {
  const random = new Random(seed);
  let text = random.pick(seeds);
  // Half of the cases only move and change whole statements and numbers, so that many of them stay programs.
  const gentle = random.chance(0.5);
  for (let change = random.integer(1, 4); change > 0; change--) {
    if (gentle) {
      text = rearranged(text, random);
      continue;
    }
    const at = random.integer(text.length + 1);
    const to = Math.min(
      text.length,
      at + (random.chance(0.7) ? random.integer(1, 8) : random.integer(1, 200)),
    );
    switch (random.integer(6)) {
      case 0:
        text = text.slice(0, at) + text.slice(to);
        break;
      case 1:
        text = `${text.slice(0, at)}${random.pick(pieces)}${text.slice(at)}`;
        break;
      case 2:
        text = `${text.slice(0, at)} ${random.pick(pieces)} ${text.slice(to)}`;
        break;
      case 3:
        text = text.slice(0, to) + text.slice(at);
        break;
      case 4:
        text =
          text.slice(0, at) +
          random.pick(pieces).repeat(random.pick([2, 20, 300])) +
          text.slice(at);
        break;
      default: {
        const other = random.pick(seeds);
        const from = random.integer(other.length);
        text =
          text.slice(0, at) + other.slice(from, from + random.integer(1, 300)) + text.slice(at);
      }
    }
  }
  return text;
}

/** Another order of statements, one of them lost or doubled, or another number. */
function rearranged(text: string, random: Random): string {
  const statements = text.split('\n');
  if (statements.length < 4) return text;
  const i = random.integer(2, statements.length - 1);
  const j = random.integer(2, statements.length - 1);
  switch (random.integer(4)) {
    case 0:
      return statements.toSpliced(i, 1).join('\n');
    case 1:
      return statements.toSpliced(i, 0, statements[j]!).join('\n');
    case 2:
      return statements.with(i, statements[j]!).with(j, statements[i]!).join('\n');
    default: {
      const numbers = [...text.matchAll(/(?<![\w.])\d+(?![\w.])/g)].slice(1);
      if (numbers.length === 0) return text;
      const { index, 0: number } = random.pick(numbers);
      return `${text.slice(0, index)}${random.pick(['0', '1', '2', '3', '17'])}${text.slice(index + number.length)}`;
    }
  }
}

/** Reads a mutated program. @returns whether it is still a program. @throws whatever should not be thrown */
export function survives(seed: number): boolean {
  const text = mutated(seed);
  const started = performance.now();
  let program;
  try {
    program = parseQasm(text, { limits });
  } catch (error) {
    if (!(error instanceof KetworkError) || error.code !== 'FORMAT') throw error;
    if (!/^line \d+, column \d+: .+\n {2}\d+ \| .*\n +\| [ \t]*\^+$/su.test(error.message)) {
      throw new Error(`a message without a place: ${error.message}`, { cause: error });
    }
    program = undefined;
  }
  const milliseconds = performance.now() - started;
  if (milliseconds > 5000) throw new Error(`it took ${milliseconds.toFixed(0)} ms`);
  if (program === undefined) return false;
  // What is read can be written and read again.
  parseQasm(toQasm(program.circuit, { ...program, version: 3 }), {
    limits: { ...limits, steps: 5_000_000 },
  });
  return true;
}
