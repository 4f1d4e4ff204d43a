import { negated } from '../expression.ts';
import type { Gate } from './gate.ts';
import { constantGate, rotationFactor, rotationGate, rotationParameter } from './gate.ts';
import { dense, rotationMatrix } from './matrix.ts';

const r = Math.SQRT1_2;

/** Gates on several qubits that are not controlled gates. */
export const severalQubitGates: readonly Gate[] = [
  constantGate({
    name: 'SWAP', aliases: [], qubits: 2, matrix: dense(1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1),
    flags: ['permutation', 'clifford'],
    pauliFrame: { X: [{ map: 'IX' }, { map: 'XI' }], Z: [{ map: 'IZ' }, { map: 'ZI' }] },
    qasm: { v2: 'swap', v3: 'swap' }, symbol: '×', help: 'Exchanges two qubits: `SWAP|a b⟩ = |b a⟩`.',
  }),
  constantGate({
    name: 'ISWAP', aliases: [], qubits: 2, inverse: 'ISWAPdg',
    matrix: dense(1, 0, 0, 0, 0, 0, [0, 1], 0, 0, [0, 1], 0, 0, 0, 0, 0, 1),
    flags: ['clifford'],
    pauliFrame: { X: [{ map: 'ZY' }, { map: 'YZ' }], Z: [{ map: 'IZ' }, { map: 'ZI' }] },
    qasm: {}, symbol: 'iSWAP', help: 'Exchanges two qubits with a phase: `ISWAP = exp(i π/4 (XX + YY))`.',
  }),
  constantGate({
    name: 'ISWAPdg', aliases: ['ISWAP†'], qubits: 2, inverse: 'ISWAP',
    matrix: dense(1, 0, 0, 0, 0, 0, [0, -1], 0, 0, [0, -1], 0, 0, 0, 0, 0, 1),
    flags: ['clifford'],
    pauliFrame: { X: [{ map: '-ZY' }, { map: '-YZ' }], Z: [{ map: 'IZ' }, { map: 'ZI' }] },
    qasm: {}, symbol: 'iSWAP†', help: 'Inverse of ISWAP: `ISWAP† = exp(-i π/4 (XX + YY))`.',
  }),
  constantGate({
    name: 'ECR', aliases: [], qubits: 2,
    matrix: dense(0, 0, r, [0, r], 0, 0, [0, r], r, r, [0, -r], 0, 0, [0, -r], r, 0, 0),
    flags: ['clifford'],
    pauliFrame: { X: [{ map: '-YX' }, { map: 'IX' }], Z: [{ map: '-ZI' }, { map: 'ZY' }] },
    qasm: {}, symbol: 'ECR', help: 'Echoed cross-resonance: `ECR = (X⊗I - Y⊗X)/√2`.',
  }),
  rotationGate({
    name: 'RXX', aliases: ['IsingXX'], word: 'XX', qasm: { v2: 'rxx' }, symbol: 'RXX',
    help: 'Ising XX coupling: `RXX(θ) = exp(-i θ/2 X⊗X)`.',
  }),
  rotationGate({
    name: 'RYY', aliases: ['IsingYY'], word: 'YY', qasm: {}, symbol: 'RYY',
    help: 'Ising YY coupling: `RYY(θ) = exp(-i θ/2 Y⊗Y)`.',
  }),
  rotationGate({
    name: 'RZZ', aliases: ['IsingZZ'], word: 'ZZ', qasm: { v2: 'rzz' }, symbol: 'RZZ',
    help: 'Ising ZZ coupling: `RZZ(θ) = exp(-i θ/2 Z⊗Z)`.',
  }),
  {
    name: 'PauliRot', aliases: [], qubits: 'any', controls: 0,
    parameters: [rotationParameter('θ', 'rotation angle', '')],
    matrix: ([theta = 0], word = '') => rotationMatrix(word, theta),
    inverse: (angles) => ({ gate: 'PauliRot', angles: angles.map(negated) }),
    factors: ([theta = 0], word) => [rotationFactor(word, theta)],
    diagonal: false, permutation: false, clifford: false, selfInverse: false,
    pauliFrame: { X: [], Z: [] },
    qasm: {}, symbol: 'R', help: 'Rotation about a Pauli word P: `PauliRot(θ, P) = exp(-i θ/2 P)`.',
  },
  {
    name: 'MultiRZ', aliases: [], qubits: 'any', controls: 0,
    parameters: [rotationParameter('θ', 'rotation angle', '')],
    matrix: ([theta = 0], word = '') => rotationMatrix('Z'.repeat(word.length), theta),
    inverse: (angles) => ({ gate: 'MultiRZ', angles: angles.map(negated) }),
    factors: ([theta = 0], word) => [rotationFactor('Z'.repeat(word.length), theta)],
    diagonal: true, permutation: false, clifford: false, selfInverse: false,
    pauliFrame: { X: [], Z: [] },
    qasm: {}, symbol: 'MultiRZ', help: 'Rotation about a product of Z: `MultiRZ(θ) = exp(-i θ/2 Z⊗…⊗Z)`.',
  },
];

