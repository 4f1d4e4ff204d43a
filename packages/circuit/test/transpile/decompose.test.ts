import { describe, expect, it } from 'vitest';
import { bind, circuit, decompose, gates, pauli, specs, weight, X, Z } from '../../src/index.ts';
import type { Circuit } from '../../src/index.ts';
import { phaseDistance, randomUnitary, unitaryOf } from './unitary-of.ts';

const BASES = [
  ['RZ', 'SX', 'CNOT'],
  ['RZ', 'RY', 'CZ'],
  ['RZ', 'RX', 'RZZ'],
  ['RX', 'RY', 'RXX'],
  ['U3', 'CNOT'],
  ['RZ', 'H', 'ISWAP'],
  ['RZ', 'SX', 'ECR'],
];

/** Decomposes and checks: only gates of the basis, the same matrix but for a phase. */
function check(c: Circuit, basis: readonly string[]): Circuit {
  const done = decompose(c, { basis });
  for (const op of done.ops) {
    if (op.type === 'barrier') continue;
    expect(op.type === 'gate' && basis.includes(op.gate) && op.controls.length === 0).toBe(true);
  }
  expect(phaseDistance(unitaryOf(done), unitaryOf(c))).toBeLessThan(
    2e-13 * done.ops.length + 1e-12,
  );
  return done;
}

describe('decompose', () => {
  const words = ['Y', 'XZ', 'YXZ', 'ZZIY'];
  for (const row of gates) {
    const size = row.qubits === 'any' ? 3 : row.qubits;
    const angles = row.parameters.map((_, i) => 0.7 - 1.9 * i);
    const qubits = [3, 0, 2].slice(0, size);
    const options = row.name === 'PauliRot' ? { word: 'XYZ' } : {};
    it(`${row.name} into every basis`, () => {
      const plain = circuit(4, (q) => q.gate(row.name, angles, qubits, options));
      for (const basis of BASES) check(plain, basis);
    });
    it(`${row.name} under controls`, () => {
      for (const controls of [[1], [{ qubit: 1, value: 0 as const }], [1, 4]]) {
        const under = circuit(5, (q) => q.gate(row.name, angles, qubits, { ...options, controls }));
        check(under, BASES[0]!);
      }
    });
  }

  it('Pauli rotations of any length', () => {
    for (const word of words) {
      const on = [...word].map((_, i) => i);
      check(
        circuit(4, (q) => q.gate('PauliRot', [0.8], on, { word })),
        BASES[0]!,
      );
    }
  });

  it('many controls, with and without qubits to borrow, in polynomially many gates', () => {
    for (const [k, spare] of [
      [3, 0],
      [3, 1],
      [4, 0],
      [4, 1],
      [4, 2],
      [5, 1],
    ] as const) {
      const controls = Array.from({ length: k }, (_, i) => i);
      const n = k + 1 + spare;
      check(
        circuit(n, (q) => q.control(controls, (c) => c.x(k))),
        BASES[0]!,
      );
      if (n > 5) continue;
      check(
        circuit(n, (q) => q.control(controls, (c) => c.rot(0.3, 0.7, -0.4, k))),
        BASES[0]!,
      );
    }
    const cnots = (k: number, qubits: number): number => {
      const controls = Array.from({ length: k }, (_, i) => i);
      const c = circuit(qubits, (q) => q.control(controls, (inner) => inner.x(k)));
      return specs(decompose(c)).gates['CNOT'] ?? 0;
    };
    // Linear with borrowed qubits, quadratic without.
    expect(cnots(40, 80) / cnots(20, 80)).toBeLessThan(2.3);
    expect(cnots(40, 41) / cnots(20, 21)).toBeLessThan(4.8);
  });

  it('random matrices on one to four qubits, with controls', () => {
    for (let seed = 0; seed < 12; seed++) {
      const k = 1 + (seed % 4);
      const qubits = [2, 0, 3, 1].slice(0, k);
      const matrix = [...randomUnitary(seed, 2 ** k)];
      const one = check(
        circuit(4, (q) => q.unitary(matrix, qubits)),
        BASES[seed % 7]!,
      );
      if (k === 2) expect(specs(one).twoQubitDepth).toBeLessThanOrEqual(6);
      if (k < 4) {
        check(
          circuit(5, (q) => q.control([4], (c) => c.unitary(matrix, qubits))),
          BASES[0]!,
        );
      }
    }
  });

  it('two qubits in at most three CNOTs, fewer where fewer do', () => {
    const cnots = (c: Circuit): number => specs(decompose(c)).gates['CNOT'] ?? 0;
    const asMatrix = (c: Circuit): Circuit =>
      circuit(2, (q) => q.unitary([...unitaryOf(c)], [0, 1]));
    expect(cnots(asMatrix(circuit(2, (q) => q.unitary([...randomUnitary(5, 4)], [0, 1]))))).toBe(3);
    expect(cnots(asMatrix(circuit(2, (q) => q.swap(0, 1))))).toBe(3);
    expect(cnots(asMatrix(circuit(2, (q) => q.rzz(0.4, 0, 1).rxx(0.3, 0, 1).h(0))))).toBe(2);
    expect(cnots(asMatrix(circuit(2, (q) => q.ryy(0.4, 0, 1))))).toBe(2);
    expect(cnots(asMatrix(circuit(2, (q) => q.h(0).cz(0, 1).ry(0.3, 1))))).toBe(1);
    expect(cnots(asMatrix(circuit(2, (q) => q.h(0).cnot(1, 0).ry(0.3, 1))))).toBe(1);
    expect(cnots(asMatrix(circuit(2, (q) => q.iswap(0, 1))))).toBe(2);
    expect(cnots(asMatrix(circuit(2, (q) => q.rot(0.1, 0.2, 0.3, 0).ry(0.3, 1))))).toBe(0);
  });

  it('permutations and diagonals on three qubits', () => {
    const shift = new Float64Array(128);
    for (let i = 0; i < 8; i++) shift[2 * (8 * ((i + 1) % 8) + i)] = 1;
    check(
      circuit(3, (q) => q.unitary([...shift], [0, 1, 2])),
      BASES[0]!,
    );
    const diagonal = new Float64Array(128);
    for (let i = 0; i < 8; i++) {
      diagonal[18 * i] = Math.cos(i * i);
      diagonal[18 * i + 1] = Math.sin(i * i);
    }
    check(
      circuit(3, (q) => q.unitary([...diagonal], [2, 0, 1])),
      BASES[1]!,
    );
  });

  it('evolutions under commuting strings', () => {
    const energy = X(0)
      .mul(X(1))
      .scale(0.4)
      .add(Z(0).mul(Z(1)), pauli('YYI').scale(-0.3));
    check(
      circuit(3, (q) => q.evolution(energy, 0.7)),
      BASES[0]!,
    );
    check(
      circuit(3, (q) => q.control([2], (c) => c.evolution(energy, 0.7))),
      BASES[1]!,
    );
    const clash = circuit(2, (q) => q.evolution(X(0).add(Z(0)), 0.7));
    expect(() => decompose(clash)).toThrow(/operation 0.*do not commute.*trotter/);
  });

  it('angles stay expressions of slots', () => {
    const c = circuit(3, { w: weight([3]) }, (q, { w }) => {
      q.rx(w.at(0), 0).crot(w.at(0), w.at(1).times(2), w.at(2), 0, 1).u3(w.at(1), 0.2, w.at(2), 2);
      q.gate('PauliRot', [w.at(2)], [2, 0], { word: 'XY' });
    });
    for (const basis of BASES) {
      const done = decompose(c, { basis });
      const values = { w: [0.3, -0.8, 1.1] };
      expect(phaseDistance(unitaryOf(bind(done, values)), unitaryOf(bind(c, values)))).toBeLessThan(
        1e-12,
      );
    }
  });

  it('leaves what is no gate, and works inside conditionals', () => {
    const c = circuit(2, (q) => {
      q.prepare([0.6, 0.8], [0]).measure(0, 0).reset(0).barrier();
      q.if(
        0,
        (then) => then.h(1),
        (otherwise) => otherwise.y(1),
      );
    });
    const done = decompose(c, { basis: ['RZ', 'RY', 'CNOT'] });
    expect(done.ops.slice(0, 4)).toEqual(c.ops.slice(0, 4));
    const [last] = done.ops.slice(-1);
    expect(
      last?.type === 'conditional' &&
        last.then.every((op) => op.type === 'gate' && op.gate !== 'H'),
    ).toBe(true);
  });

  it('says what a basis lacks', () => {
    const c = circuit(2, (q) => q.h(0).cnot(0, 1));
    expect(() => decompose(c, { basis: ['RZ', 'CNOT'] })).toThrow(
      /does not give every gate on one qubit/,
    );
    expect(() => decompose(c, { basis: ['RZ', 'RY'] })).toThrow(/no gate that entangles/);
    expect(() => decompose(c, { basis: ['RZ', 'RY', 'CNTO'] })).toThrow(/CNTO/);
    const filter = circuit(1, (q) =>
      q.linear(
        [
          [1, 0],
          [0, 0.5],
        ],
        [0],
      ),
    );
    expect(() => decompose(filter)).toThrow(/not unitary/);
    const drifting = circuit(1, (q) => q.evolution(X(0), 0.3, [0], { drift: Z(0) }));
    expect(() => decompose(drifting)).toThrow(/operation 0.*with a drift has no exact gates/);
  });
});
