import { UnsupportedError, ValueError } from '@ketwork/base';
import { circuit, expval, pauli, weight, Z } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';
import { quantumTensorNetwork } from '@ketwork/layers';
import type { QuantumTensorNetworkOptions } from '@ketwork/layers';
import { dense, forward, mse, sequential, valueAndGrad } from '@ketwork/nn';
import type { BuiltLayer } from '@ketwork/nn';
import { cpu, densityMatrix, reference } from '@ketwork/simulator';
import { expectClose } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { expectGradients, expectPerExample } from './check.ts';

const engine = await cpu();

function made(options: QuantumTensorNetworkOptions, seed = 1): BuiltLayer {
  const network = sequential(quantumTensorNetwork(options)).build([options.length], seed);
  network.bind!(engine);
  return network;
}

/** The whole network as one circuit with a fresh qubit per word. */
function whole(
  network: BuiltLayer,
  tokens: readonly number[],
  pairs: readonly (readonly [number, number, number])[],
): Circuit {
  const [words, boxes] = network.parameters.map(({ data }) => data) as [Float64Array, Float64Array];
  return circuit(tokens.length, (q) => {
    tokens.forEach((token, qubit) => {
      const [a, b, c] = words.subarray(3 * token, 3 * token + 3) as unknown as [
        number,
        number,
        number,
      ];
      q.rx(a, qubit).rz(b, qubit).rx(c, qubit);
    });
    for (const [left, right, box] of pairs)
      q.quantumConvolution([...boxes.subarray(15 * box, 15 * box + 15)], left, right);
  });
}

describe('quantumTensorNetwork', () => {
  const tokens = [2, 0, 1, 1, 2, 0];

  test('is the circuit with a fresh qubit per word, as a path and as a tree', async () => {
    const options = { length: 6, vocabulary: 3, sharing: 'hierarchical' } as const;
    const path = made({ ...options, shape: 'path' });
    const pathPairs = [1, 2, 3, 4, 5].map((word) => [0, word, word - 1] as const);
    const tree = made({ ...options, shape: 'tree' }, 2);
    // Six words are three pairs, then one pair and one that waits, then the two.
    const treePairs = [
      [0, 1, 0],
      [2, 3, 0],
      [4, 5, 0],
      [0, 2, 1],
      [0, 4, 2],
    ] as const;
    for (const [network, pairs] of [
      [path, pathPairs],
      [tree, treePairs],
    ] as const) {
      const expected = reference()
        .compile(whole(network, tokens, pairs), expval(Z(0)))
        .run();
      expectClose(await forward(network, tokens), expected, 1e-12);
    }
  });

  test('has one merge where path and tree are the same', async () => {
    const options = { length: 2, vocabulary: 4 } as const;
    const both = (['path', 'tree'] as const).map((shape) => made({ ...options, shape }));
    const x = [0, 1, 3, 2];
    expectClose(await forward(both[0]!, x), await forward(both[1]!, x), 0);
  });

  test('keeps what post-selection keeps, divided by its probability', async () => {
    const network = made({ shape: 'path', length: 4, vocabulary: 3, discard: 'postselect' });
    const words = tokens.slice(0, 4);
    const pairs = [1, 2, 3].map((word) => [0, word, 0] as const);
    const full = whole(network, words, pairs);
    const projected = circuit(4, (q) => {
      q.append(full);
      for (const qubit of [1, 2, 3])
        q.linear(
          [
            [1, 0],
            [0, 0],
          ],
          [qubit],
        );
    });
    const [z, norm] = reference()
      .compile(projected, expval(Z(0), Z(0).mul(Z(0))))
      .run();
    expectClose(await forward(network, words), [z! / norm!], 1e-12);
  });

  test('merges wires of two qubits', async () => {
    const options = {
      shape: 'path',
      length: 3,
      vocabulary: 2,
      wires: 2,
      outputs: ['ZI', 'XY'],
    } as const;
    const network = made(options);
    const [words, boxes] = network.parameters.map(({ data, shape }) => ({
      data,
      size: data.length / shape[0]!,
    }));
    const angles = (
      from: { data: Float64Array; size: number },
      i: number,
      n: number,
    ): number[][][] =>
      Array.from({ length: 2 }, (_, layer) =>
        Array.from({ length: n }, (_, q) => {
          const at = i * from.size + 3 * (layer * n + q);
          return [...from.data.subarray(at, at + 3)];
        }),
      );
    const full = circuit(6, (q) => {
      [1, 0, 1].forEach((token, word) =>
        q.stronglyEntanglingLayers(angles(words!, token, 2), { qubits: [2 * word, 2 * word + 1] }),
      );
      for (const other of [2, 4])
        q.stronglyEntanglingLayers(angles(boxes!, 0, 4), { qubits: [0, 1, other, other + 1] });
    });
    const expected = reference()
      .compile(full, expval(Z(0), pauli('XY', [0, 1])))
      .run();
    expectClose(await forward(network, [1, 0, 1]), expected, 1e-12);
  });

  test('runs merges with noise on an engine that has it', async () => {
    const merge = circuit(2, { w: weight([15]) }, (q, { w }) => {
      q.quantumConvolution(w, 0, 1);
      q.depolarizing(0.75, 0);
    });
    const network = sequential(
      quantumTensorNetwork({ shape: 'tree', length: 4, vocabulary: 2, merge }),
    ).build([4], 1);
    network.bind!(densityMatrix());
    // This channel leaves nothing.
    expectClose(await forward(network, [0, 1, 1, 0]), [0], 1e-12);
  });

  test('has gradients, also of each example', async () => {
    for (const options of [
      { shape: 'path', sharing: 'hierarchical' },
      { shape: 'tree', sharing: 'uniform' },
      { shape: 'tree', sharing: 'hierarchical', discard: 'postselect' },
    ] as const) {
      const layer = quantumTensorNetwork({
        ...options,
        length: 5,
        vocabulary: 3,
        outputs: ['Z', 'X'],
      });
      const network = sequential(layer, dense(2, 2)).build([5], 3);
      network.bind!(engine);
      const batch = { x: Float64Array.of(0, 1, 2, 0, 1, 2, 2, 1, 0, 0), y: [0, 1] };
      await expectGradients(network, batch);
      await expectPerExample(network, batch);
    }
  });

  test('counts its parameters', () => {
    const count = (options: Partial<QuantumTensorNetworkOptions>): number =>
      quantumTensorNetwork({ shape: 'path', length: 32, vocabulary: 20, ...options })
        .build([32], [1, 2])
        .parameters.reduce((sum, { data }) => sum + data.length, 0);
    expect(count({})).toBe(75);
    expect(count({ sharing: 'hierarchical' })).toBe(60 + 15 * 31);
    expect(count({ shape: 'tree', sharing: 'hierarchical' })).toBe(60 + 15 * 5);
  });

  test('refuses what does not fit', async () => {
    const good = { shape: 'path', length: 3, vocabulary: 2 } as const;
    const one = circuit(1, (q) => q.h(0));
    for (const wrong of [
      { length: 1 },
      { vocabulary: 0 },
      { wires: 4 },
      { word: circuit(2, (q) => q.rx(weight('a'), 0)) },
      { word: one },
      { outputs: ['ZZ'] },
      { outputs: [] },
      { shape: 'ring' as never },
      { sharing: 'all' as never },
      { discard: 'drop' as never },
    ])
      expect(() => quantumTensorNetwork({ ...good, ...wrong }), JSON.stringify(wrong)).toThrow(
        ValueError,
      );
    expect(() => quantumTensorNetwork(good).build([4], [1, 2])).toThrow('[3] words');
    const network = made(good);
    for (const x of [
      [0, 1, 2],
      [0, 0.5, 1],
      [0, Number.NaN, 1],
      [-1, 0, 0],
    ])
      await expect(async () => forward(network, x)).rejects.toThrow('quantumTensorNetwork: word');
    const behind = sequential(dense(3, 3), quantumTensorNetwork(good)).build([3], 1);
    behind.bind!(engine);
    behind.parameters[0]!.data.fill(0);
    await expect(
      (async () => valueAndGrad(behind, mse)({ x: [0, 0, 0], y: [1] }))(),
    ).rejects.toThrow(UnsupportedError);
  });
});
