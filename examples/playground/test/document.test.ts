import { circuit } from '@ketwork/circuit';
import type { Circuit, Op } from '@ketwork/circuit';
import { cpu } from '@ketwork/simulator';
import { parseQasm, toQasm } from '@ketwork/qasm';
import { describe, expect, test } from 'vitest';
import { paletteItems } from '../src/circuit/catalog.ts';
import { layoutOf, opAt } from '../src/circuit/columns.ts';
import * as edit from '../src/circuit/document.ts';
import { Editor } from '../src/circuit/editor.ts';
import { examples } from '../src/circuit/examples.ts';
import { drawingOf } from '../src/circuit/marks.ts';

const names = ({ ops }: Circuit): string[] =>
  ops.map((op) => (op.type === 'gate' ? `${op.gate} ${op.qubits.join('')}` : op.type));

const three = edit.documentOf(circuit(3, (q) => q.h(0).cnot(0, 1).x(2).cnot(1, 2).z(0)));

describe('columns', () => {
  test('every operation is as far left as its wires allow', () => {
    const { placements, columns } = layoutOf(three.circuit);
    expect(placements.map((p) => p.column)).toEqual([0, 1, 0, 2, 2]);
    expect(columns).toBe(3);
    expect(opAt(three.circuit, 1, 1)).toBe(1);
    expect(opAt(three.circuit, 2, 1)).toBeUndefined();
  });

  test('a condition stands behind the measurement it reads', () => {
    const dynamic = circuit(3, (q) => {
      q.h(0).x(0).measure(0, 0);
      q.if(0, (then) => then.x(2));
    });
    expect(layoutOf(dynamic).placements.map((p) => p.column)).toEqual([0, 1, 2, 3]);
  });
});

describe('edits', () => {
  const x = (qubit: number): Op => ({
    type: 'gate',
    gate: 'X',
    qubits: [qubit],
    angles: [],
    controls: [],
  });

  test('what is put into a cell goes in front of what stands in its way, behind all else', () => {
    const first = edit.insertOp(three, x(1), 0);
    expect(names(first.document.circuit)).toEqual([
      'H 0',
      'X 2',
      'X 1',
      'CNOT 01',
      'CNOT 12',
      'Z 0',
    ]);
    expect(first.selected).toBe(2);
    const second = edit.insertOp(three, x(0), 1);
    expect(names(second.document.circuit)).toEqual([
      'H 0',
      'X 2',
      'X 0',
      'CNOT 01',
      'CNOT 12',
      'Z 0',
    ]);
    expect(names(edit.insertOp(three, x(2), 9).document.circuit).at(-1)).toBe('X 2');
  });

  test('what is moved to the right goes behind what stands there, to the left in front of it', () => {
    const behind = edit.moveOp(three, 0, 1);
    expect(names(behind.document.circuit)).toEqual(['X 2', 'CNOT 01', 'CNOT 12', 'H 0', 'Z 0']);
    const before = edit.moveOp(three, 4, 1);
    expect(names(before.document.circuit)).toEqual(['H 0', 'X 2', 'Z 0', 'CNOT 01', 'CNOT 12']);
    expect(before.selected).toBe(2);
    const rewired = edit.moveOp(three, 0, 0, edit.rewired(three.circuit.ops[0]!, 0, 1));
    expect(names(rewired.document.circuit)[0]).toBe('H 1');
  });

  test('steps exchange neighbours and stop at the ends', () => {
    expect(names(edit.stepOp(three, 0, 1).document.circuit).indexOf('H 0')).toBeGreaterThan(
      names(edit.stepOp(three, 0, 1).document.circuit).indexOf('CNOT 01'),
    );
    expect(edit.stepOp(three, 0, -1).document).toBe(three);
    expect(edit.stepOp(three, 4, 1).document).toBe(three);
  });

  test('a qubit goes with what stands on it, and the others move up', () => {
    const smaller = edit.removeQubit(three, 1);
    expect(names(smaller.circuit)).toEqual(['H 0', 'X 1', 'Z 0']);
    expect(edit.addQubit(three).circuit.qubits).toBe(4);
  });

  test('a gate of the palette finds room on any wire, or says that there is none', () => {
    const two = edit.emptyDocument(2);
    for (const { kind } of paletteItems) {
      if (kind === 'control') continue;
      for (const wire of [0, 1]) {
        const op = edit.newOp(two, kind, wire);
        if (kind === 'Toffoli') expect(op).toBeUndefined();
        else expect(edit.insertOp(two, op!, 0).document.circuit.ops).toHaveLength(1);
      }
    }
    expect(edit.newOp(edit.emptyDocument(3), 'Toffoli', 2)).toMatchObject({ qubits: [2, 1, 0] });
  });

  test('measurements get bits of their own', () => {
    let document = edit.emptyDocument(2);
    for (const wire of [0, 1]) {
      document = edit.insertOp(document, edit.newOp(document, 'measure', wire)!, 0).document;
    }
    expect(document.circuit.bits).toBe(2);
  });
});

test('every gate has a drawing inside its wires, and words', () => {
  for (const { make } of examples) {
    const { circuit: one } = make();
    const { placements } = layoutOf(one);
    one.ops.forEach((op, i) => {
      const { marks, title } = drawingOf(op, one.slots);
      expect(marks.length).toBeGreaterThan(0);
      for (const mark of marks) {
        expect(mark.wire).toBeGreaterThanOrEqual(placements[i]!.top);
        expect(mark.kind === 'box' ? mark.bottom : mark.wire).toBeLessThanOrEqual(
          placements[i]!.bottom,
        );
      }
      expect(title).toMatch(/qubit/);
    });
  }
});

describe('the editor', () => {
  test('steps of one gesture are one step back', async () => {
    const editor = new Editor(
      edit.documentOf(circuit(1, (q) => q.rx(0, 0))),
      await cpu(),
      () => {},
    );
    editor.select(0);
    for (let i = 1; i <= 10; i++) editor.setAngle(0, i / 10, 'slider');
    editor.settle();
    editor.setAngle(0, 2, 'slider');
    expect(editor.result!.bloch[2]).toBeCloseTo(Math.cos(2), 12);
    editor.undo();
    expect(editor.result!.bloch[2]).toBeCloseTo(Math.cos(1), 12);
    editor.undo();
    expect(editor.result!.bloch[2]).toBe(1);
    expect(editor.canUndo).toBe(false);
    editor.redo();
    expect(editor.result!.bloch[2]).toBeCloseTo(Math.cos(1), 12);
  });

  test('programs of all examples read back as circuits with the same result', async () => {
    const engine = await cpu();
    for (const { name, make } of examples) {
      const editor = new Editor(make(), engine, () => {});
      const before = editor.result!;
      expect(editor.failure, name).toBeUndefined();
      editor.type(editor.program.text);
      expect(editor.program.error, name).toBeUndefined();
      for (const [i, p] of before.probabilities.entries()) {
        // Slots whose names are no words of OpenQASM get others, and begin at zero.
        if (editor.document.circuit.slots.length === 0) {
          expect(editor.result!.probabilities[i], name).toBeCloseTo(p, 10);
        }
      }
    }
  });

  test('a wrong program leaves the circuit alone', async () => {
    const editor = new Editor(three, await cpu(), () => {});
    editor.type('OPENQASM 3.0;\nqubit q;\nhh q;');
    expect(editor.document).toBe(three);
    expect(editor.program.error?.message).toMatch(/line 3/);
    editor.undo();
    expect(editor.canUndo).toBe(false);
    expect(parseQasm(toQasm(editor.document.circuit)).circuit.ops).toHaveLength(5);
  });

  test('goes on in the version of the language in which a program is typed', async () => {
    const editor = new Editor(three, await cpu(), () => {});
    editor.type('OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\nh q[0];\n');
    expect(editor.program.version).toBe(2);
    editor.addQubit();
    expect(editor.program.text).toMatch(/^OPENQASM 2.0;[^]*qreg q\[2\]/);
  });

  test('says of a field what was no angle, until another is given', async () => {
    const editor = new Editor(three, await cpu(), () => {});
    editor.refuseAngle('angle-0', 'two');
    expect(editor.wrongAngle).toEqual({ field: 'angle-0', typed: 'two' });
    editor.addQubit();
    expect(editor.wrongAngle).toBeUndefined();
  });
});
