import { expect, it } from 'vitest';
import { circuit, hermitianSlot, input, specs, weight } from '../src/index.ts';

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
