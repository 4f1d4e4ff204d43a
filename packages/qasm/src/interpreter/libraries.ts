import { angle as angles, gate, gates } from '@ketwork/circuit';
import type { Control } from '@ketwork/circuit';
import { piece } from './pieces.ts';
import type { Piece, Turn } from './pieces.ts';

/** A gate that a program may call. */
export interface GateEntry {
  /** How many angles it takes. */
  readonly parameters: number;
  /** How many qubits it takes. */
  readonly qubits: number;
  /** What it does, in the order in which it acts. */
  readonly make: (turns: readonly Turn[], qubits: readonly number[]) => readonly Piece[];
}

const ones = (qubits: readonly number[]): Control[] => qubits.map((qubit) => ({ qubit, value: 1 }));

/** Half of a sum of angles with a sign. */
function half(sign: 1 | -1, ...turns: readonly Turn[]): Turn {
  return turns.every((turn) => typeof turn === 'number')
    ? (sign * turns.reduce((sum, turn) => sum + turn, 0)) / 2
    : angles.mul(sign / 2, angles.add(...turns));
}

/** A gate of the table under its own or another name. */
export function row(name: string): GateEntry {
  const { name: canonical, parameters, qubits } = gate(name);
  return {
    parameters: parameters.length,
    qubits: qubits === 'any' ? 1 : qubits,
    make: (turns, on) => [piece(canonical, turns, on)],
  };
}

/** A gate of the table under further leading controls. */
function under(controls: number, name: string): GateEntry {
  const { parameters, qubits } = row(name);
  return {
    parameters,
    qubits: qubits + controls,
    make: (turns, on) => [
      piece(gate(name).name, turns, on.slice(controls), ones(on.slice(0, controls))),
    ],
  };
}

/** A gate made of others; entries are a name, angles and places of its qubits. */
function made(
  parameters: number,
  qubits: number,
  parts: (turns: readonly Turn[]) => readonly (readonly [string, readonly Turn[], ...number[]])[],
): GateEntry {
  return {
    parameters,
    qubits,
    make: (turns, on) =>
      parts(turns).map(([name, own, ...places]) =>
        piece(
          name,
          own,
          places.map((place) => on[place]!),
        ),
      ),
  };
}

/** `cu(θ, φ, λ, γ)`: U3 with the phase γ, controlled. */
const cu: GateEntry = made(4, 2, ([theta, phi, lambda, gamma]) => [
  ...(gamma === 0 ? [] : [['P', [gamma!], 0] as const]),
  ['CU3', [theta!, phi!, lambda!], 0, 1],
]);

const EIGHTH = Math.PI / 4;

/** Toffoli up to phases of basis states, with three CNOTs (Margolus; Maslov, arXiv:1508.03273). */
const rccx: GateEntry = made(0, 3, () => [
  ['H', [], 2],
  ['T', [], 2],
  ['CNOT', [], 1, 2],
  ['Tdg', [], 2],
  ['CNOT', [], 0, 2],
  ['T', [], 2],
  ['CNOT', [], 1, 2],
  ['Tdg', [], 2],
  ['H', [], 2],
]);

/** X with three controls up to phases of basis states (Maslov, arXiv:1508.03273, figure 4). */
const rc3x: GateEntry = made(0, 4, () => [
  ['H', [], 3],
  ['T', [], 3],
  ['CNOT', [], 2, 3],
  ['Tdg', [], 3],
  ['H', [], 3],
  ['CNOT', [], 0, 3],
  ['P', [EIGHTH], 3],
  ['CNOT', [], 1, 3],
  ['Tdg', [], 3],
  ['CNOT', [], 0, 3],
  ['T', [], 3],
  ['CNOT', [], 1, 3],
  ['Tdg', [], 3],
  ['H', [], 3],
  ['T', [], 3],
  ['CNOT', [], 2, 3],
  ['Tdg', [], 3],
  ['H', [], 3],
]);

/** What programs of OpenQASM 2 can call without an include. */
export const builtIn2: Readonly<Record<string, GateEntry>> = { U: row('U3'), CX: row('CNOT') };

/** `qelib1.inc`: the gates of the OpenQASM 2 paper, and those that Qiskit added to the file. */
export const qelib1: Readonly<Record<string, GateEntry>> = {
  ...Object.fromEntries(
    gates.flatMap(({ name, qasm }) => (qasm.v2 === undefined ? [] : [[qasm.v2, row(name)]])),
  ),
  u: row('U3'),
  p: row('P'),
  cp: row('CP'),
  // An idle gate, whose parameter is its duration.
  u0: { parameters: 1, qubits: 1, make: (_, on) => [piece('I', [], on)] },
  cu,
  rccx,
  rc3x,
  c3x: under(3, 'X'),
  c3sqrtx: under(3, 'SX'),
  c4x: under(4, 'X'),
};

/** What programs of OpenQASM 3 can call without an include: U is e^{iθ/2}·U3 there (OpenQASM 3 specification, "Gates"). */
export const builtIn3: Readonly<Record<string, GateEntry>> = {
  U: {
    parameters: 3,
    qubits: 1,
    make: ([theta, phi, lambda], on) => [
      piece('U3', [theta!, phi!, lambda!], on),
      piece('GPhase', [half(1, theta!)], []),
    ],
  },
};

/** `stdgates.inc`. */
export const stdgates: Readonly<Record<string, GateEntry>> = {
  ...Object.fromEntries(
    gates.flatMap(({ name, qasm, qubits }) =>
      qasm.v3 === undefined || qasm.v3 === 'U' || qubits === 0 ? [] : [[qasm.v3, row(name)]],
    ),
  ),
  CX: row('CNOT'),
  phase: row('P'),
  cphase: row('CP'),
  u1: row('P'),
  // e^{-i(φ+λ)/2}·U2
  u2: {
    parameters: 2,
    qubits: 1,
    make: ([phi, lambda], on) => [
      piece('U2', [phi!, lambda!], on),
      piece('GPhase', [half(-1, phi!, lambda!)], []),
    ],
  },
  // e^{-i(φ+λ)/2}·U3, which is RZ(φ)·RY(θ)·RZ(λ)
  u3: {
    parameters: 3,
    qubits: 1,
    make: ([theta, phi, lambda], on) => [piece('Rot', [lambda!, theta!, phi!], on)],
  },
  cu,
};

/** Gates of a file that can be included; undefined where it is not built in. */
export function library(file: string): Readonly<Record<string, GateEntry>> | undefined {
  if (file === 'qelib1.inc') return qelib1;
  return file === 'stdgates.inc' ? stdgates : undefined;
}
