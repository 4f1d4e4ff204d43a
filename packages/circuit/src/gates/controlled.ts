import type { Gate } from './gate.ts';
import { controlledGate } from './gate.ts';
import { severalQubitGates } from './several.ts';
import { singleQubitGates } from './single.ts';

function base(name: string): Gate {
  return [...singleQubitGates, ...severalQubitGates].find((row) => row.name === name)!;
}

/** Gates whose leading qubits are controls. */
export const controlledGates: readonly Gate[] = [
  controlledGate(base('X'), 1, {
    name: 'CNOT',
    aliases: ['CX'],
    clifford: true,
    pauliFrame: { X: [{ map: 'XX' }, 'pass'], Z: ['pass', { map: 'ZZ' }] },
    qasm: { v2: 'cx', v3: 'cx' },
    symbol: '⊕',
    help: 'Controlled X: `CNOT|c t⟩ = |c, t⊕c⟩`.',
  }),
  controlledGate(base('Y'), 1, {
    name: 'CY',
    aliases: [],
    clifford: true,
    pauliFrame: { X: [{ map: 'XY' }, { map: 'ZX' }], Z: ['pass', { map: 'ZZ' }] },
    qasm: { v2: 'cy', v3: 'cy' },
    symbol: 'Y',
    help: 'Controlled Y: `CY = |0⟩⟨0|⊗I + |1⟩⟨1|⊗Y`.',
  }),
  controlledGate(base('Z'), 1, {
    name: 'CZ',
    aliases: [],
    clifford: true,
    pauliFrame: { X: [{ map: 'XZ' }, { map: 'ZX' }], Z: ['pass', 'pass'] },
    qasm: { v2: 'cz', v3: 'cz' },
    symbol: '●',
    help: 'Controlled Z: `CZ = diag(1, 1, 1, -1)`.',
  }),
  controlledGate(base('H'), 1, {
    name: 'CH',
    aliases: [],
    qasm: { v2: 'ch', v3: 'ch' },
    symbol: 'H',
    help: 'Controlled Hadamard: `CH = |0⟩⟨0|⊗I + |1⟩⟨1|⊗H`.',
  }),
  controlledGate(base('S'), 1, {
    name: 'CS',
    aliases: [],
    inverse: 'CSdg',
    qasm: {},
    symbol: 'S',
    help: 'Controlled S: `CS = diag(1, 1, 1, i)`.',
  }),
  controlledGate(base('Sdg'), 1, {
    name: 'CSdg',
    aliases: ['CS†'],
    inverse: 'CS',
    qasm: {},
    symbol: 'S†',
    help: 'Inverse of CS: `CS† = diag(1, 1, 1, -i)`.',
  }),
  controlledGate(base('SX'), 1, {
    name: 'CSX',
    aliases: [],
    inverse: 'CSXdg',
    qasm: { v2: 'csx' },
    symbol: '√X',
    help: 'Controlled square root of X: `CSX = |0⟩⟨0|⊗I + |1⟩⟨1|⊗SX`.',
  }),
  controlledGate(base('SXdg'), 1, {
    name: 'CSXdg',
    aliases: ['CSX†'],
    inverse: 'CSX',
    qasm: {},
    symbol: '√X†',
    help: 'Inverse of CSX: `CSX† = |0⟩⟨0|⊗I + |1⟩⟨1|⊗SX†`.',
  }),
  controlledGate(base('P'), 1, {
    name: 'CP',
    aliases: ['ControlledPhaseShift', 'CPhase', 'CU1'],
    qasm: { v2: 'cu1', v3: 'cp' },
    symbol: 'P',
    help: 'Controlled phase shift: `CP(φ) = diag(1, 1, 1, e^{iφ})`.',
  }),
  controlledGate(base('RX'), 1, {
    name: 'CRX',
    aliases: [],
    qasm: { v2: 'crx', v3: 'crx' },
    symbol: 'RX',
    help: 'Controlled rotation about x: `CRX(θ) = |0⟩⟨0|⊗I + |1⟩⟨1|⊗RX(θ)`.',
  }),
  controlledGate(base('RY'), 1, {
    name: 'CRY',
    aliases: [],
    qasm: { v2: 'cry', v3: 'cry' },
    symbol: 'RY',
    help: 'Controlled rotation about y: `CRY(θ) = |0⟩⟨0|⊗I + |1⟩⟨1|⊗RY(θ)`.',
  }),
  controlledGate(base('RZ'), 1, {
    name: 'CRZ',
    aliases: [],
    qasm: { v2: 'crz', v3: 'crz' },
    symbol: 'RZ',
    help: 'Controlled rotation about z: `CRZ(θ) = |0⟩⟨0|⊗I + |1⟩⟨1|⊗RZ(θ)`.',
  }),
  controlledGate(base('Rot'), 1, {
    name: 'CRot',
    aliases: [],
    qasm: {},
    symbol: 'Rot',
    help: 'Controlled rotation: `CRot(a, b, c) = |0⟩⟨0|⊗I + |1⟩⟨1|⊗Rot(a, b, c)`.',
  }),
  controlledGate(base('U3'), 1, {
    name: 'CU3',
    aliases: [],
    qasm: { v2: 'cu3' },
    symbol: 'U3',
    help: 'Controlled U3: `CU3(θ, φ, λ) = |0⟩⟨0|⊗I + |1⟩⟨1|⊗U3(θ, φ, λ)`.',
  }),
  controlledGate(base('X'), 2, {
    name: 'Toffoli',
    aliases: ['CCX', 'CCNOT'],
    qasm: { v2: 'ccx', v3: 'ccx' },
    symbol: '⊕',
    help: 'X with two controls: `Toffoli|a b t⟩ = |a, b, t⊕ab⟩`.',
  }),
  controlledGate(base('Z'), 2, {
    name: 'CCZ',
    aliases: [],
    qasm: {},
    symbol: '●',
    help: 'Z with two controls: `CCZ = diag(1, 1, 1, 1, 1, 1, 1, -1)`.',
  }),
  controlledGate(base('SWAP'), 1, {
    name: 'Fredkin',
    aliases: ['CSWAP'],
    qasm: { v2: 'cswap', v3: 'cswap' },
    symbol: '×',
    help: 'Controlled exchange of two qubits: `Fredkin|1 a b⟩ = |1 b a⟩`.',
  }),
];
