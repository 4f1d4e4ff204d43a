import { expval, state, X, Y, Z } from '@ketwork/circuit';
import { variationalBlock } from '@ketwork/layers';
import { reference } from '@ketwork/simulator';
import { expectClose } from '@ketwork/testing';
import { expect, test } from 'vitest';

test('the encoding makes the state cos(f + π/4)|0⟩ + e^(ig) sin(f + π/4)|1⟩', () => {
  const program = reference().compile(variationalBlock(1, { layers: 1 }), state());
  for (const x of [-1.7, -0.2, 0, 0.4, 3]) {
    const [f, g] = [Math.atan(x) / 2, Math.atan(x * x)];
    const [a, b, c, d] = program.run({ x: [x], w: [0, 0, 0] });
    // RZ(g) = e^(-ig/2) diag(1, e^(ig))
    const [re, im] = [Math.cos(g / 2), Math.sin(g / 2)];
    const [zero, one] = [Math.cos(f + Math.PI / 4), Math.sin(f + Math.PI / 4)];
    expectClose([a!, b!, c!, d!], [re * zero, -im * zero, re * one, im * one], 1e-14, `x = ${x}`);
  }
});

test('with angles zero the rings of CNOTs multiply ⟨Z⟩ of the qubits', () => {
  const values = [0.3, -0.8, 1.4, 0.1];
  const z = values.map((v) => -v / Math.sqrt(1 + v * v));
  const program = reference().compile(
    variationalBlock(4, { layers: 1, distances: [1] }),
    expval(Z(0), Z(1), Z(3)),
  );
  const expected = [z[1]! * z[2]! * z[3]!, z[0]! * z[1]!, z[0]! * z[1]! * z[2]! * z[3]!];
  expectClose(program.run({ x: values, w: new Float64Array(12) }), expected, 1e-14);
});

test('rings, qubits and layers are those asked for', () => {
  const pairs = (...args: Parameters<typeof variationalBlock>) =>
    variationalBlock(...args).ops.flatMap((op) =>
      op.type === 'gate' && op.gate === 'CNOT' ? [op.qubits.join('')] : [],
    );
  expect(new Set(pairs(3, { layers: 1 })).size).toBe(6);
  expect(pairs(2, { layers: 3 }).length).toBe(6);
  expect(pairs(1)).toEqual([]);
  const wide = variationalBlock(2, { qubits: 3, layers: 4 });
  expect(wide.slots.map(({ shape }) => shape)).toEqual([[2], [4, 3, 3]]);
  const program = reference().compile(
    variationalBlock(1, { qubits: 2, layers: 1, distances: [] }),
    expval(X(1), Y(1)),
  );
  expectClose(program.run({ x: [2], w: new Float64Array(6) }), [1, 0], 1e-14);
});

test('refuses sizes that make no circuit', () => {
  expect(() => variationalBlock(0)).toThrowErrorMatchingInlineSnapshot(
    `[ValueError: variationalBlock: the number of inputs 0 is not a positive integer]`,
  );
  expect(() => variationalBlock(4, { qubits: 3 })).toThrowErrorMatchingInlineSnapshot(
    `[ValueError: variationalBlock: 3 qubits cannot encode 4 inputs. Give at least 4 qubits, or fewer inputs, such as by a dense layer before]`,
  );
  expect(() => variationalBlock(4, { layers: 0.5 })).toThrowErrorMatchingInlineSnapshot(
    `[ValueError: variationalBlock: the number of layers 0.5 is not a positive integer]`,
  );
  expect(() => variationalBlock(4, { distances: [0] })).toThrowErrorMatchingInlineSnapshot(
    `[ValueError: variationalBlock: the distance of a ring 0 is not a positive integer]`,
  );
});
