import { expect, it } from 'vitest';
import { circuit, depth, hermitianSlot, input, specs, weight } from '../src/index.ts';

it('counts operations, depth and parameters', () => {
  const c = circuit(3, { x: input([3]), w: weight([2, 3]), h: hermitianSlot(2) }, (q, { x, w }) => {
    for (const i of [0, 1, 2]) q.rx(x.at(i), i);
    q.cnot(0, 1).cnot(1, 2);
    q.control([0, 1], () => q.rz(w.at(0, 0), 2));
    q.gate('RZ', [0.1], 2, { controls: [0] });
    q.gphase(0.2);
    q.unitary(
      [
        [1, 0],
        [0, 1],
      ],
      [0],
    );
  });
  expect(specs(c)).toEqual({
    qubits: 3,
    bits: 0,
    operations: 9,
    depth: 6,
    twoQubitDepth: 4,
    nonClifford: 6,
    nonCliffordDepth: 4,
    measurements: 0,
    gates: { RX: 3, CNOT: 2, '2C(RZ)': 1, 'C(RZ)': 1, GPhase: 1, matrix: 1 },
    byQubits: { 0: 1, 1: 4, 2: 3, 3: 1 },
    weights: 6,
    inputs: 11,
  });
});

it('lets barriers and classical bits order operations', () => {
  expect(specs(circuit(2, (q) => q.h(0).h(1))).depth).toBe(1);
  expect(specs(circuit(2, (q) => q.h(0).barrier().h(1))).depth).toBe(2);
  const fed = specs(
    circuit(2, (q) =>
      q
        .h(0)
        .measure(0, 0)
        .if(0, () => q.x(1).z(1)),
    ),
  );
  expect(fed).toMatchObject({
    depth: 3,
    twoQubitDepth: 0,
    operations: 4,
    gates: { H: 1, measure: 1, X: 1, Z: 1 },
  });
  expect(specs(circuit(1, () => {}))).toMatchObject({ depth: 0, operations: 0 });
});

it('tells Clifford gates from others', () => {
  const clifford = circuit(3, (q) =>
    q
      .h(0)
      .s(1)
      .cnot(0, 1)
      .swap(1, 2)
      .iswap(0, 1)
      .rx(Math.PI / 2, 0)
      .rzz(-Math.PI, 0, 1)
      .p(0, 2)
      .control([2], (c) => c.y(0))
      .crx(2 * Math.PI, 0, 1)
      .gphase(0.3)
      .measure(0, 0),
  );
  expect(specs(clifford)).toMatchObject({ nonClifford: 0, nonCliffordDepth: 0, measurements: 1 });
  const others = circuit(3, { w: weight([1]) }, (q, { w }) =>
    q
      .t(0)
      .t(1)
      .cnot(0, 1)
      .rx(w.at(0), 1)
      .toffoli(0, 1, 2)
      .crx(Math.PI, 0, 1)
      .control([2], (c) => c.h(0))
      .if(0, (then) => then.t(2)),
  );
  expect(specs(others)).toMatchObject({ nonClifford: 7, nonCliffordDepth: 6 });
});

it('measures depth by any class of operations', () => {
  const c = circuit(3, (q) => q.h(0).cnot(0, 1).t(1).cnot(1, 2).t(2).t(0));
  expect(depth(c)).toBe(5);
  expect(depth(c, (op) => op.type === 'gate' && op.gate === 'T')).toBe(2);
  expect(depth(c, () => false)).toBe(0);
});
