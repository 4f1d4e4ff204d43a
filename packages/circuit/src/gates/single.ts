import { negated, sumOf } from '../expression.ts';
import type { Gate } from './gate.ts';
import { constantGate, phaseFactor, phaseOf, phaseParameter, rotationFactor, rotationGate, rotationParameter } from './gate.ts';
import { dense, multiply, pauliMatrix, rotationMatrix } from './matrix.ts';

const r = Math.SQRT1_2;

/** Matrix of `U3(θ, φ, λ) = P(φ)·RY(θ)·P(λ)`. */
function u3Matrix(theta: number, phi: number, lambda: number): Float64Array {
  return multiply(phaseOf(phi), multiply(rotationMatrix('Y', theta), phaseOf(lambda)));
}

/** Gates on one qubit, and the global phase on none. */
export const singleQubitGates: readonly Gate[] = [
  constantGate({
    name: 'I', aliases: ['id', 'identity'], qubits: 1, matrix: pauliMatrix('I'),
    flags: ['diagonal', 'permutation', 'clifford'], pauliFrame: { X: ['pass'], Z: ['pass'] },
    qasm: { v2: 'id', v3: 'id' }, symbol: 'I', help: 'Identity: leaves the qubit as it is.',
  }),
  constantGate({
    name: 'X', aliases: ['PauliX', 'NOT'], qubits: 1, matrix: pauliMatrix('X'),
    flags: ['permutation', 'clifford'], pauliFrame: { X: ['pass'], Z: [{ map: '-Z' }] },
    qasm: { v2: 'x', v3: 'x' }, symbol: 'X', help: 'Pauli X, the NOT gate: `X = [[0, 1], [1, 0]]`.',
  }),
  constantGate({
    name: 'Y', aliases: ['PauliY'], qubits: 1, matrix: pauliMatrix('Y'),
    flags: ['clifford'], pauliFrame: { X: [{ map: '-X' }], Z: [{ map: '-Z' }] },
    qasm: { v2: 'y', v3: 'y' }, symbol: 'Y', help: 'Pauli Y: `Y = [[0, -i], [i, 0]]`.',
  }),
  constantGate({
    name: 'Z', aliases: ['PauliZ'], qubits: 1, matrix: pauliMatrix('Z'),
    flags: ['diagonal', 'clifford'], pauliFrame: { X: [{ map: '-X' }], Z: ['pass'] },
    qasm: { v2: 'z', v3: 'z' }, symbol: 'Z', help: 'Pauli Z: `Z = diag(1, -1)`.',
  }),
  constantGate({
    name: 'H', aliases: ['Hadamard'], qubits: 1, matrix: dense(r, r, r, -r),
    flags: ['clifford'], pauliFrame: { X: [{ map: 'Z' }], Z: [{ map: 'X' }] },
    qasm: { v2: 'h', v3: 'h' }, symbol: 'H', help: 'Hadamard: `H = (X + Z)/√2`.',
  }),
  constantGate({
    name: 'S', aliases: [], qubits: 1, matrix: dense(1, 0, 0, [0, 1]), inverse: 'Sdg',
    flags: ['diagonal', 'clifford'], pauliFrame: { X: [{ map: 'Y' }], Z: ['pass'] },
    qasm: { v2: 's', v3: 's' }, symbol: 'S', help: 'Square root of Z: `S = diag(1, i)`.',
  }),
  constantGate({
    name: 'Sdg', aliases: ['S†'], qubits: 1, matrix: dense(1, 0, 0, [0, -1]), inverse: 'S',
    flags: ['diagonal', 'clifford'], pauliFrame: { X: [{ map: '-Y' }], Z: ['pass'] },
    qasm: { v2: 'sdg', v3: 'sdg' }, symbol: 'S†', help: 'Inverse of S: `S† = diag(1, -i)`.',
  }),
  constantGate({
    name: 'T', aliases: [], qubits: 1, matrix: dense(1, 0, 0, [r, r]), inverse: 'Tdg',
    flags: ['diagonal'], pauliFrame: { X: ['flush'], Z: ['pass'] },
    qasm: { v2: 't', v3: 't' }, symbol: 'T', help: 'Fourth root of Z: `T = diag(1, e^{iπ/4})`.',
  }),
  constantGate({
    name: 'Tdg', aliases: ['T†'], qubits: 1, matrix: dense(1, 0, 0, [r, -r]), inverse: 'T',
    flags: ['diagonal'], pauliFrame: { X: ['flush'], Z: ['pass'] },
    qasm: { v2: 'tdg', v3: 'tdg' }, symbol: 'T†', help: 'Inverse of T: `T† = diag(1, e^{-iπ/4})`.',
  }),
  constantGate({
    name: 'SX', aliases: ['√X'], qubits: 1, inverse: 'SXdg',
    matrix: dense([0.5, 0.5], [0.5, -0.5], [0.5, -0.5], [0.5, 0.5]),
    flags: ['clifford'], pauliFrame: { X: ['pass'], Z: [{ map: '-Y' }] },
    qasm: { v2: 'sx', v3: 'sx' }, symbol: '√X', help: 'Square root of X: `SX = ½[[1+i, 1-i], [1-i, 1+i]]`.',
  }),
  constantGate({
    name: 'SXdg', aliases: ['√X†'], qubits: 1, inverse: 'SX',
    matrix: dense([0.5, -0.5], [0.5, 0.5], [0.5, 0.5], [0.5, -0.5]),
    flags: ['clifford'], pauliFrame: { X: ['pass'], Z: [{ map: 'Y' }] },
    qasm: { v2: 'sxdg' }, symbol: '√X†', help: 'Inverse of SX: `SX† = ½[[1-i, 1+i], [1+i, 1-i]]`.',
  }),
  {
    name: 'P', aliases: ['phase', 'PhaseShift', 'u1', 'U1'], qubits: 1, controls: 0,
    parameters: [phaseParameter('φ', 'phase of |1⟩', 1)],
    matrix: ([phi = 0]) => phaseOf(phi),
    inverse: (angles) => ({ gate: 'P', angles: angles.map(negated) }),
    factors: ([phi = 0]) => [phaseFactor(1, phi)],
    diagonal: true, permutation: false, clifford: false, selfInverse: false,
    pauliFrame: { X: [{ flip: [0], phase: [0] }], Z: ['pass'] },
    qasm: { v2: 'u1', v3: 'p' }, symbol: 'P', help: 'Phase shift: `P(φ) = diag(1, e^{iφ})`.',
  },
  rotationGate({
    name: 'RX', aliases: [], word: 'X', qasm: { v2: 'rx', v3: 'rx' }, symbol: 'RX',
    help: 'Rotation about x: `RX(θ) = exp(-i θ/2 X)`.',
  }),
  rotationGate({
    name: 'RY', aliases: [], word: 'Y', qasm: { v2: 'ry', v3: 'ry' }, symbol: 'RY',
    help: 'Rotation about y: `RY(θ) = exp(-i θ/2 Y)`.',
  }),
  rotationGate({
    name: 'RZ', aliases: [], word: 'Z', qasm: { v2: 'rz', v3: 'rz' }, symbol: 'RZ',
    help: 'Rotation about z: `RZ(θ) = exp(-i θ/2 Z)`.',
  }),
  {
    name: 'Rot', aliases: [], qubits: 1, controls: 0,
    parameters: [
      rotationParameter('a', 'first rotation about z', 'Z'),
      rotationParameter('b', 'rotation about y', 'Y'),
      rotationParameter('c', 'second rotation about z', 'Z'),
    ],
    matrix: ([a = 0, b = 0, c = 0]) =>
      multiply(rotationMatrix('Z', c), multiply(rotationMatrix('Y', b), rotationMatrix('Z', a))),
    inverse: ([a = 0, b = 0, c = 0]) => ({ gate: 'Rot', angles: [negated(c), negated(b), negated(a)] }),
    factors: ([a = 0, b = 0, c = 0]) => [rotationFactor('Z', a), rotationFactor('Y', b), rotationFactor('Z', c)],
    diagonal: false, permutation: false, clifford: false, selfInverse: false,
    pauliFrame: { X: [{ flip: [0, 1, 2] }], Z: [{ flip: [1] }] },
    qasm: {}, symbol: 'Rot', help: 'Any rotation of one qubit: `Rot(a, b, c) = RZ(c)·RY(b)·RZ(a)`.',
  },
  {
    name: 'U3', aliases: ['U'], qubits: 1, controls: 0,
    parameters: [
      rotationParameter('θ', 'rotation about y', 'Y'),
      phaseParameter('φ', 'phase of |1⟩ after the rotation', 1),
      phaseParameter('λ', 'phase of |1⟩ before the rotation', 1),
    ],
    matrix: ([theta = 0, phi = 0, lambda = 0]) => u3Matrix(theta, phi, lambda),
    inverse: ([theta = 0, phi = 0, lambda = 0]) => ({
      gate: 'U3',
      angles: [negated(theta), negated(lambda), negated(phi)],
    }),
    factors: ([theta = 0, phi = 0, lambda = 0]) => [
      phaseFactor(1, lambda),
      rotationFactor('Y', theta),
      phaseFactor(1, phi),
    ],
    diagonal: false, permutation: false, clifford: false, selfInverse: false,
    pauliFrame: { X: [{ flip: [0, 1, 2], phase: [1, 2] }], Z: [{ flip: [0] }] },
    qasm: { v2: 'u3', v3: 'U' }, symbol: 'U3',
    help: 'Any gate of one qubit, up to a phase: `U3(θ, φ, λ) = P(φ)·RY(θ)·P(λ)`.',
  },
  {
    name: 'U2', aliases: [], qubits: 1, controls: 0,
    parameters: [
      phaseParameter('φ', 'phase of |1⟩ after the rotation', 1),
      phaseParameter('λ', 'phase of |1⟩ before the rotation', 1),
    ],
    matrix: ([phi = 0, lambda = 0]) => u3Matrix(Math.PI / 2, phi, lambda),
    // RY(-π/2) = Z·RY(π/2)·Z, and Z = P(π).
    inverse: ([phi = 0, lambda = 0]) => ({
      gate: 'U2',
      angles: [sumOf(Math.PI, negated(lambda)), sumOf(Math.PI, negated(phi))],
    }),
    factors: ([phi = 0, lambda = 0]) => [
      phaseFactor(1, lambda),
      rotationFactor('Y', Math.PI / 2),
      phaseFactor(1, phi),
    ],
    diagonal: false, permutation: false, clifford: false, selfInverse: false,
    pauliFrame: { X: ['flush'], Z: ['flush'] },
    qasm: { v2: 'u2', v3: 'u2' }, symbol: 'U2', help: 'Quarter turn between two phases: `U2(φ, λ) = U3(π/2, φ, λ)`.',
  },
  {
    name: 'GPhase', aliases: ['GlobalPhase'], qubits: 0, controls: 0,
    parameters: [phaseParameter('γ', 'phase of the whole state', 0)],
    matrix: ([gamma = 0]) => dense([Math.cos(gamma), Math.sin(gamma)]),
    inverse: (angles) => ({ gate: 'GPhase', angles: angles.map(negated) }),
    factors: ([gamma = 0]) => [phaseFactor(0, gamma)],
    diagonal: true, permutation: false, clifford: false, selfInverse: false,
    pauliFrame: { X: [], Z: [] },
    qasm: { v3: 'gphase' }, symbol: 'γ', help: 'Global phase, on no qubit: `GPhase(γ) = e^{iγ}`.',
  },
];
