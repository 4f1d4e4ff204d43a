import { expect, it } from 'vitest';
import { circuit, primitives, weight } from '../../src/index.ts';
import type { GateOp, MatrixOp, Op } from '../../src/index.ts';

function primitivesOf(op: Op | undefined): ReturnType<typeof primitives> {
  return primitives(op as GateOp | MatrixOp);
}

it('puts controls of the gate before those of the operation', () => {
  const { ops } = circuit(4, (q) =>
    q.gate('CRX', [0.3], [2, 0], { controls: [{ qubit: 3, value: 0 }] }),
  );
  expect(primitivesOf(ops[0])).toEqual([
    {
      type: 'rotation',
      word: 'X',
      qubits: [0],
      angle: 0.3,
      controls: [
        { qubit: 2, value: 1 },
        { qubit: 3, value: 0 },
      ],
    },
  ]);
});

it('drops identity letters, and turns a word without others into a phase', () => {
  const w = weight('w', [1]).at(0);
  const { ops } = circuit(3, (q) =>
    q.pauliRot(w, 'IZY', [2, 0, 1]).pauliRot(w, 'II', [0, 1]).i(0).gphase(w),
  );
  const element = { slot: 'w', index: 0 };
  expect(ops.map(primitivesOf)).toEqual([
    [{ type: 'rotation', word: 'ZY', qubits: [0, 1], angle: element, controls: [] }],
    [{ type: 'phase', qubits: [], angle: { mul: [-0.5, element] }, controls: [] }],
    [],
    [{ type: 'phase', qubits: [], angle: element, controls: [] }],
  ]);
});

it('keeps matrices, and gives constant gates as exact ones', () => {
  const { ops } = circuit(2, (q) =>
    q
      .linear(
        [
          [1, 0],
          [0, 0],
        ],
        [1],
      )
      .z(0),
  );
  expect(ops.map(primitivesOf)).toEqual([
    [{ type: 'matrix', qubits: [1], matrix: [1, 0, 0, 0, 0, 0, 0, 0], controls: [] }],
    [{ type: 'matrix', qubits: [0], matrix: [1, 0, 0, 0, 0, 0, -1, 0], controls: [] }],
  ]);
});
