import { bitsOf, support } from '../element.ts';
import type { Element } from '../element.ts';
import type { DiagonalEntry, ReadoutStep } from '../readout.ts';
import { flipsOf } from '../flips.ts';
import { readQubits, withElements } from './pass.ts';
import type { Pass } from './pass.ts';

/** A Pauli string `i^|x&z| X^x Z^z` of a read-out. */
interface MutableString {
  x: number;
  z: number;
  weight: number;
  readonly column: number;
}

/**
 * Absorbs X and CNOT at the end of the circuit into Pauli read-outs: measuring P after U is measuring U† P U before it
 * (the tableau rules of Aaronson and Gottesman, Phys. Rev. A 70, 052328, 2004).
 */
export const absorbFlips: Pass = (program) => {
  const { lowered, readout } = program;
  const { qubits } = lowered;
  const strings: MutableString[] = [];
  let blocked = 0;
  for (const step of readout.steps) {
    if (step.type === 'diagonal') {
      strings.push(
        ...step.entries.map(({ mask, weight, column }) => ({ x: 0, z: mask, weight, column })),
      );
    } else if (step.type === 'pauli') strings.push({ ...step });
    else blocked |= bitsOf(readQubits(step, qubits));
  }
  if (strings.length === 0) return program;
  const bit = (qubit: number): number => 2 ** (qubits - 1 - qubit);
  const all = 2 ** qubits - 1;
  const { elements } = lowered;
  const kept: Element[] = [];
  let at = elements.length - 1;
  for (; at >= 0 && blocked !== all; at--) {
    const element = elements[at] as Element;
    const touched = bitsOf(support(element));
    const flip = (touched & blocked) === 0 ? asFlip(element) : undefined;
    if (flip === undefined) {
      blocked |= touched;
      kept.push(element);
      continue;
    }
    for (const string of strings) {
      if (flip.control === undefined) flipString(string, bit(flip.target));
      else controlledFlip(string, bit(flip.control), bit(flip.target));
    }
  }
  if (at + 1 + kept.length === elements.length) return program;
  const others = readout.steps.filter(({ type }) => type !== 'diagonal' && type !== 'pauli');
  const steps = [...readoutSteps(strings), ...others];
  const left = [...elements.slice(0, at + 1), ...kept.reverse()];
  return { ...withElements(program, left), readout: { ...readout, steps } };
};

/** The element as an X or a CNOT. */
function asFlip(element: Element): { control: number | undefined; target: number } | undefined {
  const [flip, second] = flipsOf(element) ?? [];
  if (flip === undefined || second !== undefined) return undefined;
  const { target, controls } = flip;
  if (controls.length > 1 || controls[0]?.value === 0) return undefined;
  return { control: controls[0]?.qubit, target };
}

function flipString(string: MutableString, target: number): void {
  if ((string.z & target) !== 0) string.weight = -string.weight;
}

function controlledFlip(string: MutableString, control: number, target: number): void {
  const has = (bits: number, bit: number): boolean => (bits & bit) !== 0;
  const { x, z } = string;
  if (has(x, control) && has(z, target) && has(x, target) === has(z, control))
    string.weight = -string.weight;
  if (has(x, control)) string.x ^= target;
  if (has(z, target)) string.z ^= control;
}

function readoutSteps(strings: readonly MutableString[]): ReadoutStep[] {
  const entries: DiagonalEntry[] = [];
  const steps: ReadoutStep[] = [];
  for (const { x, z, weight, column } of strings) {
    if (x === 0) entries.push({ mask: z, weight, column });
    else steps.push({ type: 'pauli', x, z, weight, column });
  }
  if (entries.length > 0) {
    const kept = entries.reduce((mask, entry) => mask | entry.mask, 0);
    steps.unshift({ type: 'diagonal', kept, entries });
  }
  return steps;
}
