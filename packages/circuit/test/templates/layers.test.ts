import { ValueError, fold, key, uniform } from '@ketwork/base';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  basicEntanglerLayers,
  basicEntanglerLayersShape,
  circuit,
  hardwareEfficient,
  hardwareEfficientShape,
  randomLayers,
  randomLayersShape,
  stronglyEntanglingLayers,
  stronglyEntanglingLayersShape,
  weight,
} from '../../src/index.ts';
import type { Entanglement } from '../../src/index.ts';
import { gatesOf } from './gate-list.ts';

const build = (qubits: number, make: Parameters<typeof gatesOf>[1]) => () => circuit(qubits, make);

describe('basicEntanglerLayers', () => {
  it('has a ring of CNOTs, one on two qubits, none on one', () => {
    const gates = (n: number) =>
      gatesOf(n, (q) => basicEntanglerLayers(q, weight('w', basicEntanglerLayersShape(1, n))));
    expect(gates(1)).toEqual(['RX(w[0,0]) 0']);
    expect(gates(2)).toEqual(['RX(w[0,0]) 0', 'RX(w[0,1]) 1', 'CNOT 0 1']);
    expect(gates(3)).toEqual([
      'RX(w[0,0]) 0',
      'RX(w[0,1]) 1',
      'RX(w[0,2]) 2',
      'CNOT 0 1',
      'CNOT 1 2',
      'CNOT 2 0',
    ]);
  });

  it('repeats with the next weights and other axes', () => {
    expect(
      gatesOf(2, (q) =>
        q.basicEntanglerLayers(
          [
            [1, 2],
            [3, 4],
          ],
          { rotation: 'Y', qubits: [1, 0] },
        ),
      ),
    ).toEqual(['RY(1) 1', 'RY(2) 0', 'CNOT 1 0', 'RY(3) 1', 'RY(4) 0', 'CNOT 1 0']);
  });

  it('refuses a wrong shape', () => {
    expect(
      build(3, (q) => q.basicEntanglerLayers(weight('w', [2, 2]))),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: basicEntanglerLayers: weights have shape [2, 2] instead of [layers, 3]. basicEntanglerLayersShape(layers, 3) gives the shape]`,
    );
    expect(build(3, (q) => q.basicEntanglerLayers([]))).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: basicEntanglerLayers: weights have shape [0] instead of [layers, 3]. basicEntanglerLayersShape(layers, 3) gives the shape]`,
    );
  });
});

describe('stronglyEntanglingLayers', () => {
  it('takes ranges 1, 2, …, n-1, 1, … as PennyLane does', () => {
    const gates = gatesOf(3, (q) =>
      stronglyEntanglingLayers(q, weight('w', stronglyEntanglingLayersShape(3, 3))),
    );
    expect(gates.slice(0, 6)).toEqual([
      'Rot(w[0,0,0],w[0,0,1],w[0,0,2]) 0',
      'Rot(w[0,1,0],w[0,1,1],w[0,1,2]) 1',
      'Rot(w[0,2,0],w[0,2,1],w[0,2,2]) 2',
      'CNOT 0 1',
      'CNOT 1 2',
      'CNOT 2 0',
    ]);
    expect(gates.filter((line) => line.startsWith('CNOT')).slice(3)).toEqual([
      'CNOT 0 2',
      'CNOT 1 0',
      'CNOT 2 1',
      'CNOT 0 1',
      'CNOT 1 2',
      'CNOT 2 0',
    ]);
  });

  it('has two CNOTs on two qubits and none on one', () => {
    expect(
      gatesOf(2, (q) =>
        q.stronglyEntanglingLayers([
          [
            [1, 2, 3],
            [4, 5, 6],
          ],
        ]),
      ),
    ).toEqual(['Rot(1,2,3) 0', 'Rot(4,5,6) 1', 'CNOT 0 1', 'CNOT 1 0']);
    expect(gatesOf(1, (q) => q.stronglyEntanglingLayers([[[1, 2, 3]], [[4, 5, 6]]]))).toEqual([
      'Rot(1,2,3) 0',
      'Rot(4,5,6) 0',
    ]);
  });

  it('takes other ranges, gates and qubits', () => {
    const gates = gatesOf(5, (q) =>
      q.stronglyEntanglingLayers(weight('w', [1, 4, 3]), {
        ranges: [3],
        imprimitive: 'cz',
        qubits: [4, 3, 2, 1],
      }),
    );
    expect(gates.slice(4)).toEqual(['CZ 4 1', 'CZ 3 4', 'CZ 2 3', 'CZ 1 2']);
  });

  it('refuses what does not fit', () => {
    expect(
      build(4, (q) => q.stronglyEntanglingLayers(weight('w', [2, 3, 3]))),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: stronglyEntanglingLayers: weights have shape [2, 3, 3] instead of [layers, 4, 3]. stronglyEntanglingLayersShape(layers, 4) gives the shape]`,
    );
    const w = weight('w', [2, 2, 3]);
    expect(
      build(2, (q) => q.stronglyEntanglingLayers(w, { ranges: [1] })),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: stronglyEntanglingLayers: there are 1 ranges for 2 layers. Give one range per layer]`,
    );
    expect(
      build(2, (q) => q.stronglyEntanglingLayers(w, { ranges: [1, 2] })),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: stronglyEntanglingLayers: a range is 2. Use positive integers that 2 does not divide]`,
    );
    expect(
      build(2, (q) => q.stronglyEntanglingLayers(w, { imprimitive: 'RZZ' })),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: stronglyEntanglingLayers: 'RZZ' is not a two-qubit gate without parameters. Use one such as 'CNOT' or 'CZ']`,
    );
  });
});

describe('hardwareEfficient', () => {
  it("numbers the weights as Qiskit's EfficientSU2 does", () => {
    // efficient_su2(3, reps=1): RY θ0…θ2, RZ θ3…θ5, CX 1 2, CX 0 1, RY θ6…θ8, RZ θ9…θ11.
    const w = Array.from({ length: 2 }, (_, l) =>
      [0, 1].map((r) => [0, 1, 2].map((i) => 6 * l + 3 * r + i)),
    );
    expect(gatesOf(3, (q) => hardwareEfficient(q, w))).toEqual([
      'RY(0) 0',
      'RY(1) 1',
      'RY(2) 2',
      'RZ(3) 0',
      'RZ(4) 1',
      'RZ(5) 2',
      'CNOT 1 2',
      'CNOT 0 1',
      'RY(6) 0',
      'RY(7) 1',
      'RY(8) 2',
      'RZ(9) 0',
      'RZ(10) 1',
      'RZ(11) 2',
    ]);
  });

  it.each<[Entanglement, number, string[]]>([
    ['linear', 4, ['0 1', '1 2', '2 3']],
    ['reverse_linear', 4, ['2 3', '1 2', '0 1']],
    ['circular', 4, ['3 0', '0 1', '1 2', '2 3']],
    ['circular', 2, ['0 1']],
    ['full', 4, ['0 1', '0 2', '0 3', '1 2', '1 3', '2 3']],
    ['full', 1, []],
  ])('entangles %s on %d qubits', (entanglement, n, pairs) => {
    const w = weight('w', hardwareEfficientShape(n, 1));
    const gates = gatesOf(n, (q) => q.hardwareEfficient(w, { entanglement }));
    expect(gates.slice(2 * n, -2 * n)).toEqual(pairs.map((pair) => `CNOT ${pair}`));
  });

  it('takes other rotations and may end with CNOTs', () => {
    const options = { rotations: ['RX'], skipFinalRotation: true };
    const w = weight('w', hardwareEfficientShape(2, 2, options));
    expect(w.shape).toEqual([2, 1, 2]);
    expect(gatesOf(2, (q) => q.hardwareEfficient(w, options))).toEqual([
      'RX(w[0,0,0]) 0',
      'RX(w[0,0,1]) 1',
      'CNOT 0 1',
      'RX(w[1,0,0]) 0',
      'RX(w[1,0,1]) 1',
      'CNOT 0 1',
    ]);
    expect(hardwareEfficientShape(4)).toEqual([4, 2, 4]);
  });

  it('refuses what does not fit', () => {
    const w = weight('w', [2, 2, 3]);
    expect(build(4, (q) => q.hardwareEfficient(w))).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: hardwareEfficient: weights have shape [2, 2, 3] instead of [rotation layers, 2, 4]. hardwareEfficientShape(4, reps, options) gives the shape]`,
    );
    expect(
      build(3, (q) => q.hardwareEfficient(w, { rotations: ['RY', 'H'] })),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: hardwareEfficient: 'H' is not a one-qubit gate with one parameter. Use such as 'RX', 'RY', 'RZ', 'P']`,
    );
    expect(
      build(3, (q) => q.hardwareEfficient(w, { rotations: [] })),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: hardwareEfficient: there are no rotations. Name at least one, such as 'RY']`,
    );
    expect(
      build(3, (q) => q.hardwareEfficient(w, { entanglement: 'ring' as 'full' })),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: hardwareEfficient: there is no entanglement 'ring'. Use 'linear', 'reverse_linear', 'circular' or 'full']`,
    );
  });
});

describe('randomLayers', () => {
  it('keeps its stream', () => {
    expect(gatesOf(3, (q) => q.randomLayers(weight('w', [2, 4]), { seed: 7 })))
      .toMatchInlineSnapshot(`
      [
        "RZ(w[0,0]) 1",
        "CNOT 1 0",
        "RX(w[0,1]) 0",
        "RX(w[0,2]) 1",
        "RZ(w[0,3]) 0",
        "CNOT 2 0",
        "CNOT 0 1",
        "RX(w[1,0]) 0",
        "CNOT 1 0",
        "RX(w[1,1]) 0",
        "RX(w[1,2]) 0",
        "CNOT 2 1",
        "RX(w[1,3]) 1",
      ]
    `);
  });

  it('follows the documented algorithm', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom(0, 0.3, 0.9),
        (seed, n, layers, rotations, ratio) => {
          const expected: string[] = [];
          for (let layer = 0; layer < layers; layer++) {
            const u = [...uniform(fold(key(seed), layer), 5000)];
            for (let i = 0; i < rotations;) {
              if (u.shift()! > ratio) {
                const axis = ['X', 'Y', 'Z'][Math.floor(u.shift()! * 3)];
                expected.push(`R${axis}(w[${layer},${i++}]) ${Math.floor(u.shift()! * n)}`);
              } else if (n > 1) {
                const a = Math.floor(u.shift()! * n);
                const others = Array.from({ length: n }, (_, k) => k).filter((k) => k !== a);
                expected.push(`CNOT ${a} ${others[Math.floor(u.shift()! * (n - 1))]}`);
              }
            }
          }
          const w = weight('w', randomLayersShape(layers, rotations));
          expect(gatesOf(n, (q) => randomLayers(q, w, { seed, ratio }))).toEqual(expected);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('draws CNOTs at the ratio, and only the given axes', () => {
    const gates = gatesOf(4, (q) =>
      q.randomLayers(weight('w', [1, 2000]), { seed: 1, ratio: 0.3, rotations: ['Y'] }),
    );
    const entangling = gates.filter((line) => line.startsWith('CNOT')).length;
    expect(gates.length - entangling).toBe(2000);
    // Standard deviation 0.0086.
    expect(Math.abs(entangling / gates.length - 0.3)).toBeLessThan(0.035);
    expect(gates.some((line) => line.startsWith('RX') || line.startsWith('RZ'))).toBe(false);
  });

  it('refuses what does not fit', () => {
    const w = weight('w', [2, 3]);
    expect(
      build(2, (q) => q.randomLayers(w, { seed: 1, ratio: 1 })),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: randomLayers: the ratio of CNOTs is 1. Use a number from 0 to less than 1]`,
    );
    expect(
      build(2, (q) => q.randomLayers(w, { seed: 1, rotations: [] })),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: randomLayers: there are no rotations. Name at least one, such as 'Y']`,
    );
    expect(
      build(2, (q) => q.randomLayers(weight('w', [3]), { seed: 1 })),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: randomLayers: weights have shape [3] instead of [layers, rotations]. randomLayersShape(layers, rotations) gives the shape]`,
    );
    expect(build(2, (q) => q.randomLayers(w, { seed: 0.5 }))).toThrow(ValueError);
  });
});
