import { CircuitError, FormatError } from '@ketwork/base';
import { Complex } from 'complex.js';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { Builder, Circuit, EvolutionDrift, GateOp } from '../src/index.ts';
import {
  X,
  Z,
  amplitudes,
  circuit,
  compose,
  drawSvg,
  gates,
  hermitianSlot,
  input,
  inverse,
  parseCircuit,
  toJSON,
  weight,
} from '../src/index.ts';

describe('circuit', () => {
  it('carries the names of its slots in its type', () => {
    const typed = circuit(2, { x: input([4]), w: weight([3, 4, 3]) }, (q, { x, w }) => {
      expectTypeOf(x.name).toEqualTypeOf<'x'>();
      q.rot(w.at(0, 0, 0), w.at(0, 0, 1), x.at(3), 0);
    });
    expectTypeOf(typed).toEqualTypeOf<Circuit<'x' | 'w'>>();
    expectTypeOf(circuit(1, (q) => q.h(0))).toEqualTypeOf<Circuit>();
    expect(typed.slots.map((slot) => slot.name)).toEqual(['x', 'w']);
  });

  it('stores operations as plain data', () => {
    expect(circuit(2, (q) => q.h(0).cnot(0, 1))).toEqual({
      schema: 'ketwork.circuit/1',
      qubits: 2,
      bits: 0,
      slots: [],
      ops: [
        { type: 'gate', gate: 'H', qubits: [0], angles: [], controls: [] },
        { type: 'gate', gate: 'CNOT', qubits: [0, 1], angles: [], controls: [] },
      ],
    });
  });
});

describe('gate methods', () => {
  it('exist for every gate of the table, with angles first and qubits in the order of the table', () => {
    const methods: Record<string, (q: Builder) => unknown> = {
      I: (q) => q.i(0),
      X: (q) => q.x(0),
      Y: (q) => q.y(0),
      Z: (q) => q.z(0),
      H: (q) => q.h(0),
      S: (q) => q.s(0),
      Sdg: (q) => q.sdg(0),
      T: (q) => q.t(0),
      Tdg: (q) => q.tdg(0),
      SX: (q) => q.sx(0),
      SXdg: (q) => q.sxdg(0),
      P: (q) => q.p(0.1, 0),
      RX: (q) => q.rx(0.1, 0),
      RY: (q) => q.ry(0.1, 0),
      RZ: (q) => q.rz(0.1, 0),
      Rot: (q) => q.rot(0.1, 0.2, 0.3, 0),
      U3: (q) => q.u3(0.1, 0.2, 0.3, 0),
      U2: (q) => q.u2(0.1, 0.2, 0),
      GPhase: (q) => q.gphase(0.1),
      CNOT: (q) => q.cnot(0, 1),
      CY: (q) => q.cy(0, 1),
      CZ: (q) => q.cz(0, 1),
      CH: (q) => q.ch(0, 1),
      CS: (q) => q.cs(0, 1),
      CSdg: (q) => q.csdg(0, 1),
      CSX: (q) => q.csx(0, 1),
      CSXdg: (q) => q.csxdg(0, 1),
      CP: (q) => q.cp(0.1, 0, 1),
      CRX: (q) => q.crx(0.1, 0, 1),
      CRY: (q) => q.cry(0.1, 0, 1),
      CRZ: (q) => q.crz(0.1, 0, 1),
      CRot: (q) => q.crot(0.1, 0.2, 0.3, 0, 1),
      CU3: (q) => q.cu3(0.1, 0.2, 0.3, 0, 1),
      SWAP: (q) => q.swap(0, 1),
      ISWAP: (q) => q.iswap(0, 1),
      ISWAPdg: (q) => q.iswapdg(0, 1),
      ECR: (q) => q.ecr(0, 1),
      RXX: (q) => q.rxx(0.1, 0, 1),
      RYY: (q) => q.ryy(0.1, 0, 1),
      RZZ: (q) => q.rzz(0.1, 0, 1),
      PauliRot: (q) => q.pauliRot(0.1, 'XYZ', [0, 1, 2]),
      MultiRZ: (q) => q.multiRZ(0.1, [0, 1, 2]),
      Toffoli: (q) => q.toffoli(0, 1, 2),
      CCZ: (q) => q.ccz(0, 1, 2),
      Fredkin: (q) => q.fredkin(0, 1, 2),
    };
    expect(Object.keys(methods).sort()).toEqual(gates.map((row) => row.name).sort());
    for (const row of gates) {
      const op = circuit(3, methods[row.name]!).ops[0] as GateOp;
      expect(op.gate).toBe(row.name);
      expect(op.angles).toEqual([0.1, 0.2, 0.3].slice(0, row.parameters.length));
      expect(op.qubits).toEqual([0, 1, 2].slice(0, row.qubits === 'any' ? 3 : row.qubits));
      expect(op.word).toBe(row.name === 'PauliRot' ? 'XYZ' : undefined);
    }
    expect(circuit(2, (q) => q.cx(0, 1)).ops).toEqual(
      circuit(2, (q) => q.gate('cnot', [], [0, 1])).ops,
    );
  });

  it('take controls by option and by block, outer ones first', () => {
    const { ops } = circuit(4, (q) =>
      q
        .control([3], () =>
          q.control([{ qubit: 2, value: 0 }], () => q.gate('X', [], 0, { controls: [1] })).y(0),
        )
        .z(0),
    );
    expect(ops.map((op) => (op as GateOp).controls)).toEqual([
      [
        { qubit: 3, value: 1 },
        { qubit: 2, value: 0 },
        { qubit: 1, value: 1 },
      ],
      [{ qubit: 3, value: 1 }],
      [],
    ]);
  });
});

describe('other operations', () => {
  it('take matrices as rows of numbers, Complex or interleaved arrays', () => {
    const flat = [0, 0, 0, -1, 0, 1, 0, 0];
    const rows = [
      [0, new Complex(0, -1)],
      [new Complex(0, 1), 0],
    ];
    const { ops } = circuit(1, (q) =>
      q.unitary(rows, [0]).unitary(flat, [0]).unitary(Float64Array.from(flat), [0], { label: 'Y' }),
    );
    expect(ops[0]).toEqual({
      type: 'matrix',
      qubits: [0],
      matrix: flat,
      unitary: true,
      controls: [],
    });
    expect(ops[1]).toEqual(ops[0]);
    expect(ops[2]).toEqual({ ...ops[0], label: 'Y' });
    expect(
      circuit(1, (q) =>
        q.linear(
          [
            [1, 0],
            [0, 0],
          ],
          [0],
        ),
      ).ops[0],
    ).toMatchObject({ unitary: false, label: 'L' });
  });

  it('store evolutions and states', () => {
    const { ops, slots } = circuit(3, (q) =>
      q
        .prepare([1, 0, 0, 0], [0, 1])
        .prepare(amplitudes('a', [2]), [2], { normalize: true })
        .evolution(Z(2).mul(X(0)).scale(2), 0.5)
        .evolution(hermitianSlot('h', 2), input('x', [1]).at(0), [1]),
    );
    expect(ops).toMatchObject([
      { qubits: [0, 1], amplitudes: { values: [1, 0, 0, 0, 0, 0, 0, 0] }, normalize: false },
      { qubits: [2], amplitudes: { slot: 'a' }, normalize: true },
      {
        qubits: [0, 2],
        time: 0.5,
        generator: { terms: [{ coefficient: 2, paulis: [{ qubit: 0 }, { qubit: 2 }] }] },
      },
      { qubits: [1], time: { slot: 'x', index: 0 }, generator: { slot: 'h' } },
    ]);
    expect(slots.map((slot) => slot.name)).toEqual(['a', 'h', 'x']);
    const interleaved = circuit(1, (q) => q.prepare([0.6, 0, 0, 0.8], [0])).ops[0];
    expect(interleaved).toEqual(
      circuit(1, (q) => q.prepare([0.6, new Complex(0, 0.8)], [0])).ops[0],
    );
    expect(circuit(3, (q) => q.basisState([1, 0, 1], [2, 1, 0])).ops).toEqual(
      circuit(3, (q) => q.x(2).x(0)).ops,
    );
  });

  it('store evolutions with a drift', () => {
    const c = circuit(2, (q) =>
      q
        .evolution(X(0), weight('w', []).at(), undefined, { drift: Z(0).mul(Z(1)) })
        .evolution([1, 0, 0, 0, 0, 0, -1, 0], 0.5, [1], { drift: Z(1), driftTime: 2 }),
    );
    expect(c.ops).toMatchObject([
      {
        qubits: [0, 1],
        time: { slot: 'w', index: 0 },
        drift: { generator: { terms: [{ paulis: [{ qubit: 0 }, { qubit: 1 }] }] }, time: 1 },
      },
      { qubits: [1], drift: { generator: { terms: [{ paulis: [{ qubit: 1 }] }] }, time: 2 } },
    ]);
    expect(parseCircuit(toJSON(c))).toEqual(c);
    expect(inverse(inverse(c)).ops).toEqual(c.ops);
    expect(inverse(c).ops[1]).toMatchObject({
      time: { mul: [-1, { slot: 'w' }] },
      drift: { time: -1 },
    });
    expect(
      compose(
        circuit(1, () => {}),
        c,
        { qubits: [3, 2] },
      ).ops[0],
    ).toMatchObject({
      qubits: [3, 2],
      drift: { generator: { terms: [{ paulis: [{ qubit: 2 }, { qubit: 3 }] }] } },
    });
    expect(drawSvg(c)).toContain('exp(-i·w·(X0) -i·(Z0·Z1))');
    const wrong = (drift: EvolutionDrift) => () =>
      parseCircuit(JSON.stringify({ ...c, ops: [{ ...c.ops[0], drift }] }));
    expect(wrong({ generator: { matrix: [1, 0, 0, 0, 0, 0, 1, 0] }, time: 1 })).toThrow(
      CircuitError,
    );
    expect(
      wrong({
        generator: { terms: [{ coefficient: 1, paulis: [{ qubit: 5, pauli: 'X' }] }] },
        time: 1,
      }),
    ).toThrow(CircuitError);
    expect(
      wrong({ generator: { slot: 'h' } as unknown as EvolutionDrift['generator'], time: 1 }),
    ).toThrow(FormatError);
  });

  it('store measurements, conditions and loops', () => {
    const c = circuit(2, (q) =>
      q
        .measure(0, 1, { postselect: 1 })
        .if(
          { bits: [0, 1], value: 2 },
          () => q.x(1),
          () => q.y(1),
        )
        .while(1, 5, () => q.h(0).measure(0, 1))
        .reset(0)
        .barrier(),
    );
    expect(c.bits).toBe(2);
    expect(c.ops).toMatchObject([
      { type: 'measure', qubit: 0, bit: 1, postselect: 1 },
      { condition: { bits: [0, 1], value: 2 }, then: [{ gate: 'X' }], otherwise: [{ gate: 'Y' }] },
      {
        condition: { bits: [1], value: 1 },
        then: [{ gate: 'H' }, { type: 'measure' }],
        otherwise: [],
        repeat: 5,
      },
      { type: 'reset', qubits: [0] },
      { type: 'barrier', qubits: [0, 1] },
    ]);
  });

  it('append circuits on other qubits, under controls, with their slots', () => {
    const inner = circuit(2, (q) =>
      q
        .cnot(0, 1)
        .rx(weight('w', [1]).at(0), 1)
        .evolution(X(0).mul(Z(1)), 0.1),
    );
    const outer = circuit(4, (q) => q.control([1], () => q.append(inner, [3, 0])));
    const controls = [{ qubit: 1, value: 1 }];
    expect(outer.ops).toMatchObject([
      { gate: 'CNOT', qubits: [3, 0], controls },
      { gate: 'RX', qubits: [0], controls },
      {
        qubits: [3, 0],
        controls,
        generator: {
          terms: [
            {
              paulis: [
                { qubit: 0, pauli: 'Z' },
                { qubit: 3, pauli: 'X' },
              ],
            },
          ],
        },
      },
    ]);
    expect(outer.slots).toEqual(inner.slots);
  });

  it('declare slots that only observables use', () => {
    expect(
      circuit(1, (q) => q.h(0).declare(hermitianSlot('h', 2))).slots.map((slot) => slot.kind),
    ).toEqual(['hermitian']);
  });
});
