import { describe, expect, it } from 'vitest';
import {
  circuit,
  convolutionLayer,
  convolutionLayerShape,
  poolingLayer,
  poolingLayerShape,
  quantumConvolution,
  quantumConvolutionShape,
  quantumPooling,
  quantumPoolingShape,
  weight,
} from '../../src/index.ts';
import { gatesOf } from './gate-list.ts';

const build = (qubits: number, make: Parameters<typeof gatesOf>[1]) => () => circuit(qubits, make);
const ordinals = (count: number, start = 0): number[] =>
  Array.from({ length: count }, (_, i) => start + i);

describe('quantumConvolution', () => {
  it('has 15 parameters in the order of the tutorial', () => {
    expect(
      gatesOf(3, (q) => quantumConvolution(q, weight('w', quantumConvolutionShape()), 2, 0)),
    ).toEqual([
      'RX(w[0]) 2',
      'RY(w[1]) 2',
      'RZ(w[2]) 2',
      'RX(w[3]) 0',
      'RY(w[4]) 0',
      'RZ(w[5]) 0',
      'RZZ(w[6]) 2 0',
      'RYY(w[7]) 2 0',
      'RXX(w[8]) 2 0',
      'RX(w[9]) 2',
      'RY(w[10]) 2',
      'RZ(w[11]) 2',
      'RX(w[12]) 0',
      'RY(w[13]) 0',
      'RZ(w[14]) 0',
    ]);
  });

  it('refuses what does not fit', () => {
    expect(
      build(2, (q) => q.quantumConvolution(weight('w', [14]), 0, 1)),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: quantumConvolution: weights have shape [14] instead of [15]. quantumConvolutionShape() gives the shape]`,
    );
    expect(
      build(2, (q) => q.quantumConvolution(weight('w', [15]), 0, 0)),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: quantumConvolution: the qubits [0, 0] repeat. Name each qubit once]`,
    );
  });
});

describe('quantumPooling', () => {
  it('has 6 parameters and undoes the unitary of the sink', () => {
    expect(gatesOf(2, (q) => quantumPooling(q, weight('w', quantumPoolingShape()), 0, 1))).toEqual([
      'RX(w[0]) 1',
      'RY(w[1]) 1',
      'RZ(w[2]) 1',
      'RX(w[3]) 0',
      'RY(w[4]) 0',
      'RZ(w[5]) 0',
      'CNOT 0 1',
      'RZ(-w[2]) 1',
      'RY(-w[1]) 1',
      'RX(-w[0]) 1',
    ]);
    expect(gatesOf(2, (q) => q.quantumPooling([1, 2, 3, 4, 5, 6], 0, 1)).slice(-3)).toEqual([
      'RZ(-3) 1',
      'RY(-2) 1',
      'RX(-1) 1',
    ]);
  });

  it('refuses what does not fit', () => {
    expect(
      build(2, (q) => q.quantumPooling(weight('w', [2, 3]), 0, 1)),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: quantumPooling: weights have shape [2, 3] instead of [6]. quantumPoolingShape() gives the shape]`,
    );
    expect(
      build(2, (q) => q.quantumPooling(weight('w', [6]), 0, 2)),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: quantumPooling: qubit 2 is out of range. Use qubits 0 to 1]`,
    );
  });
});

describe('convolutionLayer', () => {
  const pairsOf = (n: number): string[] =>
    gatesOf(n, (q) => convolutionLayer(q, weight('w', convolutionLayerShape(n))))
      .filter((line) => line.startsWith('RZZ'))
      .map((line) => line.slice('RZZ(w[6]) '.length));

  it('acts on neighbours in a ring', () => {
    expect(pairsOf(2)).toEqual(['0 1', '1 0']);
    expect(pairsOf(3)).toEqual(['0 1', '1 2']);
    expect(pairsOf(4)).toEqual(['0 1', '2 3', '1 2', '3 0']);
    expect(pairsOf(5)).toEqual(['0 1', '2 3', '1 2', '3 4']);
    expect(pairsOf(6)).toEqual(['0 1', '2 3', '4 5', '1 2', '3 4', '5 0']);
  });

  it('shares its weights, or has a row for each pair', () => {
    const shape = convolutionLayerShape(4, { shared: false });
    expect(shape).toEqual([4, 15]);
    const separate = gatesOf(4, (q) => q.convolutionLayer(weight('w', shape)));
    const last = gatesOf(4, (q) =>
      q.quantumConvolution(
        ordinals(15).map((i) => weight('w', shape).at(3, i)),
        3,
        0,
      ),
    );
    expect(separate).toHaveLength(60);
    expect(separate.slice(45)).toEqual(last);
    const rows = ordinals(4).map((row) => ordinals(15, 100 * row));
    expect(gatesOf(4, (q) => q.convolutionLayer(rows))[15]).toBe('RX(100) 2');
    expect(gatesOf(5, (q) => q.convolutionLayer(ordinals(15), [4, 2]))[6]).toBe('RZZ(6) 4 2');
  });

  it('refuses what does not fit', () => {
    expect(
      build(4, (q) => q.convolutionLayer(weight('w', [3, 15]))),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: convolutionLayer: weights have shape [3, 15] instead of [4, 15]. convolutionLayerShape(4) gives the shape]`,
    );
    expect(
      build(4, (q) => q.convolutionLayer(weight('w', [14]))),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: convolutionLayer: weights have shape [14] instead of [15]. convolutionLayerShape(4) gives the shape]`,
    );
    expect(
      build(4, (q) => q.convolutionLayer(weight('w', [15]), [1])),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: convolutionLayer: there is one qubit only. Name at least two]`,
    );
  });
});

describe('poolingLayer', () => {
  it('pools each source into its sink', () => {
    const gates = gatesOf(4, (q) =>
      poolingLayer(q, weight('w', poolingLayerShape(2)), [0, 1], [2, 3]),
    );
    expect(gates.filter((line) => line.startsWith('CNOT'))).toEqual(['CNOT 0 2', 'CNOT 1 3']);
    expect(gates).toHaveLength(20);
    const shape = poolingLayerShape(2, { shared: false });
    expect(shape).toEqual([2, 6]);
    expect(gatesOf(4, (q) => q.poolingLayer(weight('w', shape), [0, 1], [2, 3]))[10]).toBe(
      'RX(w[1,0]) 3',
    );
  });

  it('refuses what does not fit', () => {
    const w = weight('w', [6]);
    expect(build(4, (q) => q.poolingLayer(w, [0, 1], [2]))).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: poolingLayer: there are 2 sources and 1 sinks. Name as many of both]`,
    );
    expect(build(4, (q) => q.poolingLayer(w, [0, 1], [1, 2]))).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: poolingLayer: the qubits [0, 1, 1, 2] repeat. Name each qubit once]`,
    );
    expect(
      build(4, (q) => q.poolingLayer(weight('w', [3, 6]), [0], [1])),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: poolingLayer: weights have shape [3, 6] instead of [1, 6]. poolingLayerShape(1) gives the shape]`,
    );
  });
});
