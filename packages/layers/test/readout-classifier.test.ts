import { ValueError } from '@ketwork/base';
import { readoutClassifier } from '@ketwork/layers';
import type { ReadoutClassifierOptions } from '@ketwork/layers';
import { forward, hinge, sequential } from '@ketwork/nn';
import { cpu, reference } from '@ketwork/simulator';
import { Random, expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { expectGradients } from './check.ts';

const strings = (bits: number): number[][] =>
  Array.from({ length: 2 ** bits }, (_, z) =>
    Array.from({ length: bits }, (_, j) => (z >> (bits - 1 - j)) & 1),
  );

describe('readoutClassifier', () => {
  test('has the closed form of parity and majority', async () => {
    const network = sequential(readoutClassifier(3, { layers: ['ZX', 'X'] }).layer()).build(1);
    const w = Float64Array.of(0.3, -1.1, 2.2, 0.7);
    network.parameters[0]!.data.set(w);
    network.bind!(await cpu());
    const inputs = strings(3);
    const expected = inputs.map((z) =>
      Math.sin(w[3]! + z.reduce((sum, bit, j) => sum + w[j]! * (1 - 2 * bit), 0)),
    );
    expectClose(await forward(network, inputs.flat()), expected, 1e-14);
  });

  test('reads bits and states alike, and superpositions linearly in the density matrix', async () => {
    const random = new Random(3);
    const w = random.normals(13);
    const run = async (embedding: 'bits' | 'state', x: readonly number[]): Promise<number[]> => {
      const options = { embedding, layers: ['ZX', 'XX', 'ZZ', 'YX', 'Y'] };
      const network = sequential(readoutClassifier(3, options).layer()).build(1);
      network.parameters[0]!.data.set(w);
      network.bind!(reference());
      return [...(await forward(network, x))];
    };
    const inputs = strings(3);
    const kets = inputs.map((_, z) => Array.from({ length: 16 }, (_, i) => (i === 2 * z ? 1 : 0)));
    const bits = await run('bits', inputs.flat());
    expectClose(await run('state', kets.flat()), bits, 1e-14);
  });

  test('writes layers out, and takes rotations of any word', async () => {
    const { generators, circuit } = readoutClassifier(2, {
      layers: ['ZX', { word: 'ZZX', qubits: [0, 1, 2] }, 'Y'],
    });
    expect(generators).toEqual([
      { word: 'ZX', qubits: [0, 2] },
      { word: 'ZX', qubits: [1, 2] },
      { word: 'ZZX', qubits: [0, 1, 2] },
      { word: 'Y', qubits: [2] },
    ]);
    expect(circuit.slots.map(({ shape }) => shape)).toEqual([[2], [4]]);
    // Full parity of two bits by one rotation: ⟨Y⟩ = sin(w z1 z2) of signs.
    const options: ReadoutClassifierOptions = { layers: [{ word: 'ZZX', qubits: [0, 1, 2] }] };
    const network = sequential(readoutClassifier(2, options).layer()).build(1);
    network.parameters[0]!.data[0] = Math.PI / 2;
    network.bind!(await cpu());
    expectClose(await forward(network, strings(2).flat()), [1, -1, -1, 1], 1e-14);
  });

  test('starts the readout qubit where it is told', async () => {
    const options: ReadoutClassifierOptions = { start: '-', observable: 'X', layers: ['Z'] };
    const network = sequential(readoutClassifier(1, options).layer()).build(1);
    network.parameters[0]!.data[0] = 0.4;
    network.bind!(await cpu());
    expectClose(await forward(network, [0]), [-Math.cos(0.4)], 1e-14);
  });

  test('has gradients', async () => {
    const random = new Random(5);
    for (const embedding of ['bits', 'state'] as const) {
      const network = sequential(readoutClassifier(2, { embedding }).layer()).build(4);
      network.bind!(await cpu());
      const state = random.normals(8);
      const norm = Math.hypot(...state);
      const x = embedding === 'bits' ? Float64Array.of(0, 1) : state.map((a) => a / norm);
      await expectGradients(network, { x, y: [1] }, hinge);
    }
  });

  test('refuses what does not fit', () => {
    for (const wrong of [
      () => readoutClassifier(0),
      () => readoutClassifier(2, { layers: [] }),
      () => readoutClassifier(2, { layers: ['ZZZ'] }),
      () => readoutClassifier(2, { layers: ['ZA'] }),
      () => readoutClassifier(2, { embedding: 'amplitudes' as never }),
      () => readoutClassifier(2, { start: '+' as never }),
      () => readoutClassifier(2, { observable: 'I' as never }),
    ])
      expect(wrong).toThrow(ValueError);
    expect(() => readoutClassifier(2, { layers: [{ word: 'Z', qubits: [3] }] })).toThrow('3');
  });
});
