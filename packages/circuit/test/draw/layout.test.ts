import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Circuit, Op } from '../../src/index.ts';
import { CIRCUIT_SCHEMA, circuit } from '../../src/index.ts';
import { layoutOf, pagesOf } from '../../src/draw/layout.ts';

const QUBITS = 5;

const distinct = (count: number) =>
  fc.shuffledSubarray(
    Array.from({ length: QUBITS }, (_, i) => i),
    { minLength: count, maxLength: count },
  );
const gateOn = (gate: string, count: number, angles: number[] = []): fc.Arbitrary<Op> =>
  distinct(count).map((qubits) => ({ type: 'gate', gate, qubits, angles, controls: [] }));
const operations: fc.Arbitrary<Op> = fc.oneof(
  gateOn('H', 1),
  gateOn('CNOT', 2),
  gateOn('RZZ', 2, [1]),
  gateOn('Fredkin', 3),
  distinct(1).map(([qubit]): Op => ({ type: 'measure', qubit: qubit!, bit: 0 })),
);

/** The wires an operation covers, by definition: from its topmost to its lowest; a measurement down to the bits. */
function covered(op: Op): number[] {
  const qubits = op.type === 'gate' ? op.qubits : op.type === 'measure' ? [op.qubit, QUBITS] : [];
  const wires: number[] = [];
  for (let wire = Math.min(...qubits); wire <= Math.max(...qubits); wire++) wires.push(wire);
  return wires;
}

describe('layout', () => {
  it('puts each operation into the first column behind everything it would cross', () => {
    fc.assert(
      fc.property(fc.array(operations, { maxLength: 30 }), (ops) => {
        const data: Circuit = { schema: CIRCUIT_SCHEMA, qubits: QUBITS, bits: 1, slots: [], ops };
        const layout = layoutOf(data);
        expect(layout.placements.map((placement) => placement.path)).toEqual(
          ops.map((_, i) => String(i)),
        );
        ops.forEach((op, i) => {
          const before = layout.placements
            .slice(0, i)
            .filter((_, j) => covered(ops[j]!).some((wire) => covered(op).includes(wire)))
            .map((placement) => placement.column);
          expect(layout.placements[i]!.column).toBe(Math.max(-1, ...before) + 1);
        });
        expect(layout.columns).toBe(
          Math.max(-1, ...layout.placements.map((placement) => placement.column)) + 1,
        );
      }),
    );
  });

  it('gives barriers and resets only their own qubits', () => {
    const columns = layoutOf(
      circuit(3, (q) => q.reset(0, 2).h(1).barrier(0, 1).h(2).h(0)),
    ).placements;
    expect(columns.map((placement) => placement.column)).toEqual([0, 0, 1, 1, 2]);
  });

  it('brackets the branches of a conditional and names their operations', () => {
    const layout = layoutOf(
      circuit(3, (q) =>
        q
          .measure(0, 0)
          .h(2)
          .if(
            0,
            (then) => then.h(1).cnot(1, 2),
            (otherwise) => otherwise.x(2),
          )
          .h(0)
          .while({ bits: [0], value: 0 }, 3, (body) => body.h(0)),
      ),
    );
    const rows = layout.placements.map(({ path, column, opens, closes, marks }) => [
      path,
      column,
      opens,
      closes,
      marks.map((mark) => (mark.kind === 'box' ? mark.name : mark.kind)).join(' '),
    ]);
    expect(rows).toEqual([
      ['0', 0, true, true, 'meter'],
      ['1', 1, true, true, 'H'],
      ['2', 2, true, false, 'If'],
      ['2.then.0', 3, true, true, 'H'],
      ['2.then.1', 4, true, true, 'control not'],
      ['2', 5, false, false, 'Else'],
      ['2.otherwise.0', 6, true, true, 'X'],
      ['2', 7, false, true, 'End'],
      ['3', 1, true, true, 'H'],
      ['4', 8, true, false, 'While ≤3'],
      ['4.then.0', 9, true, true, 'H'],
      ['4', 10, false, true, 'End'],
    ]);
  });

  it('draws one gate under a condition as that gate', () => {
    const [, placement] = layoutOf(
      circuit(2, (q) => q.measure(0, 0).if(0, (then) => then.x(1))),
    ).placements;
    expect(placement).toMatchObject({ path: '1', opens: true, closes: true });
    expect(placement!.classical).toEqual({ kind: 'condition', label: 'c0=1' });
    expect(placement!.title).toBe('if c0=1: X on qubit 1');
  });

  it('puts a phase on no qubit on the last control, or on wire 0', () => {
    const marks = layoutOf(
      circuit(3, (q) =>
        q.gphase(1).control([0, { qubit: 2, value: 0 }], (inner) => inner.gphase(2)),
      ),
    ).placements.map((placement) => placement.marks);
    expect(marks).toEqual([
      [{ kind: 'box', top: 0, bottom: 0, name: 'γ', angles: '1', pins: [] }],
      [
        { kind: 'control', wire: 0, value: 1 },
        { kind: 'box', top: 2, bottom: 2, name: 'γ₀', angles: '2', pins: [] },
      ],
    ]);
  });
});

describe('pages', () => {
  it('hold as many columns as fit, at least one', () => {
    expect(pagesOf([3, 3, 3], 6)).toEqual([
      [0, 2],
      [2, 3],
    ]);
    expect(pagesOf([9, 3, 9], 6)).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
    expect(pagesOf([3, 3], Number.POSITIVE_INFINITY)).toEqual([[0, 2]]);
    expect(pagesOf([], 6)).toEqual([[0, 0]]);
  });
});
