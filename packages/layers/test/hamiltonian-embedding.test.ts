import { circuit, hermitianSlot, pauliDecomposition, probabilities } from '@ketwork/circuit';
import { hamiltonianEmbedding } from '@ketwork/layers';
import type { HamiltonianEmbeddingOptions } from '@ketwork/layers';
import { crossEntropy, dense, forward, reshape, sequential, valueAndGrad } from '@ketwork/nn';
import type { BuiltLayer } from '@ketwork/nn';
import { cpu, reference } from '@ketwork/simulator';
import { Random, expectClose, expm, scaled } from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { expectGradients, expectPerExample } from './check.ts';
import { complexRows, specialUnitary, symmetricPart } from './special-unitary.ts';

const layer = (options: HamiltonianEmbeddingOptions, shape: number[], seed = 3): BuiltLayer =>
  sequential(hamiltonianEmbedding(options)).build(shape, seed);

const images = (count: number, size: number, seed = 1): Float64Array =>
  new Random(seed).normals(count * size).map((v) => Math.abs(v) / 2);

function parametersOf(network: BuiltLayer): { theta: Float64Array; time: Float64Array } {
  const all = [...network.parameters, ...network.buffers];
  const of = (name: string): Float64Array => all.find((p) => p.name === `0.${name}`)!.data;
  return { theta: of('theta'), time: of('time') };
}

/** An image in the middle of a square of zeros. */
function padded(image: ArrayLike<number>, height: number, width: number, d: number): Float64Array {
  const out = new Float64Array(d * d);
  const [top, left] = [Math.floor((d - height) / 2), Math.floor((d - width) / 2)];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) out[(top + y) * d + left + x] = image[y * width + x]!;
  return out;
}

describe('hamiltonianEmbedding', () => {
  test('equals the circuit of its definition on the reference engine, full unitaries', async () => {
    const [height, width, n] = [3, 4, 2];
    const network = layer({ classes: 3, layers: 3 }, [height, width]);
    const { theta, time } = parametersOf(network);
    const x = images(4, height * width);
    const a = hermitianSlot('a', 2 ** n);
    const definition = circuit(n, (q) => {
      q.h(0).h(1);
      for (let l = 0; l < 3; l++) {
        q.evolution(a, time[l]! / 2, [0, 1]);
        q.unitary(complexRows(specialUnitary(theta.subarray(15 * l, 15 * (l + 1)), n)), [0, 1]);
      }
    });
    const matrices = [0, 1, 2, 3].flatMap((e) => [
      ...symmetricPart(padded(x.subarray(12 * e, 12 * (e + 1)), height, width, 4)),
    ]);
    const expected = reference().compile(definition, probabilities()).run({ a: matrices });
    const found = await forward(network, x);
    for (let e = 0; e < 4; e++)
      expectClose(found.subarray(3 * e, 3 * e + 3), expected.subarray(4 * e, 4 * e + 3), 1e-12);
  });

  test('equals the circuit of its definition, brick walls with separate and shared angles and a wider readout', async () => {
    const a = hermitianSlot('a', 8);
    for (const shared of [false, true]) {
      const options = { classes: 3, layers: 2, unitary: 'brick-wall', shared, readout: 3 } as const;
      const network = layer(options, [1, 8, 8]);
      const { theta, time } = parametersOf(network);
      const x = images(3, 64);
      const definition = circuit(3, (q) => {
        q.h(0).h(1).h(2);
        for (let l = 0; l < 2; l++) {
          q.evolution(a, time[l]! / 2, [0, 1, 2]);
          [
            [0, 1],
            [1, 2],
          ].forEach((pair, g) => {
            const at = 15 * (shared ? l : 2 * l + g);
            q.unitary(complexRows(specialUnitary(theta.subarray(at, at + 15), 2)), pair);
          });
        }
      });
      const matrices = [0, 1, 2].flatMap((e) => [
        ...symmetricPart(x.subarray(64 * e, 64 * (e + 1))),
      ]);
      const expected = (await cpu()).compile(definition, probabilities()).run({ a: matrices });
      const found = await forward(network, x);
      for (let e = 0; e < 3; e++)
        expectClose(found.subarray(3 * e, 3 * e + 3), expected.subarray(8 * e, 8 * e + 3), 1e-12);
    }
  });

  test('evolves by unitaries that agree with the power series', async () => {
    // One layer with W = 1: probabilities are those of exp(-i t A/2)|+⟩.
    const network = layer({ classes: 8, layers: 1 }, [8, 8]);
    const { theta, time } = parametersOf(network);
    theta.fill(0);
    time[0] = 1.7;
    const x = images(1, 64);
    const u = expm(scaled(symmetricPart(x), 0, -1.7 / 2));
    const expected = Array.from({ length: 8 }, (_, i) => {
      let [re, im] = [0, 0];
      for (let j = 0; j < 8; j++) {
        re += u[2 * (8 * i + j)]! / Math.sqrt(8);
        im += u[2 * (8 * i + j) + 1]! / Math.sqrt(8);
      }
      return re * re + im * im;
    });
    const found = await forward(network, x);
    expectClose(found, expected, 1e-12);
    expect(Math.abs(found.reduce((s, p) => s + p, 0) - 1)).toBeLessThan(1e-12);
  });

  test('gives an image and its transpose the same outputs', async () => {
    const network = layer({ classes: 4, layers: 3 }, [5, 5]);
    const x = images(1, 25);
    const transposed = x.map((_, i) => x[5 * (i % 5) + Math.floor(i / 5)]!);
    expectClose(await forward(network, x), await forward(network, transposed), 1e-13);
    expect(
      await forward(
        network,
        x.map((v, i) => v + (i === 1 ? 0.1 : 0)),
      ),
    ).not.toEqual(await forward(network, x));
  });

  test.each<[string, HamiltonianEmbeddingOptions]>([
    ['full', { classes: 3, layers: 2 }],
    ['brick wall', { classes: 3, layers: 2, unitary: 'brick-wall', qubits: 3 }],
    [
      'shared, with a scale',
      { classes: 2, unitary: 'brick-wall', shared: true, qubits: 3, scale: 5 },
    ],
    ['fixed time', { classes: 3, layers: 2, time: 1 }],
    ['Trotter', { classes: 3, layers: 2, evolution: { trotterSteps: 3 } }],
  ])('has exact gradients, also by the image: %s', async (_name, options) => {
    // The dense layer in front makes the image depend on parameters.
    const network = sequential(dense(3, 12), reshape([3, 4]), hamiltonianEmbedding(options)).build(
      [3],
      5,
    );
    const batch = { x: new Random(2).normals(5 * 3), y: [0, 1, 1, 0, 1] };
    await expectGradients(network, batch, crossEntropy, 1e-8);
    await expectPerExample(network, batch);
    const alone = layer(options, [3, 4]);
    const data = { x: images(5, 12), y: [0, 1, 1, 0, 1] };
    await expectGradients(alone, data, crossEntropy, 1e-8);
    await expectPerExample(alone, data);
  });

  test('has exact gradients where eigenvalues are degenerate or zero', async () => {
    const network = layer({ classes: 3, layers: 2 }, [4, 4]);
    const x = new Float64Array(3 * 16);
    for (let i = 0; i < 4; i++) x[16 + 5 * i] = 0.7; // zero matrix, multiple of 1, rank one
    x[32] = 1;
    await expectGradients(network, { x, y: [0, 1, 2] });
    const { theta } = parametersOf(network);
    theta.fill(0);
    await expectGradients(network, { x, y: [0, 1, 2] });
    const behind = sequential(
      dense(2, 16),
      reshape([4, 4]),
      hamiltonianEmbedding({ classes: 3, layers: 2 }),
    ).build([2], 1);
    behind.parameters[0]!.data.fill(0); // image 0 for every input
    await expectGradients(behind, { x: Float64Array.of(1, 2, -1, 0.5), y: [0, 2] });
  });

  test('approaches the exact evolution in first order by Trotter steps, which are those of the Pauli strings', async () => {
    const x = images(2, 16);
    const exact = await forward(layer({ classes: 4, layers: 2 }, [4, 4]), x);
    const errors = await Promise.all(
      [40, 80, 160].map(async (trotterSteps) => {
        const found = await forward(
          layer({ classes: 4, layers: 2, evolution: { trotterSteps } }, [4, 4]),
          x,
        );
        return Math.max(...found.map((v, i) => Math.abs(v - exact[i]!)));
      }),
    );
    expect(errors[0]! / errors[1]!).toBeGreaterThan(1.7);
    expect(errors[1]! / errors[2]!).toBeGreaterThan(1.7);
    expect(errors[2]).toBeLessThan(0.02);

    const network = layer({ classes: 4, layers: 1, evolution: { trotterSteps: 2 } }, [4, 4]);
    const { theta, time } = parametersOf(network);
    const terms = pauliDecomposition(complexRows(symmetricPart(x.subarray(0, 16)))).terms;
    const flips = (word: string): number =>
      [...word].reduce((mask, letter) => 2 * mask + (letter === 'X' || letter === 'Y' ? 1 : 0), 0);
    const wordOf = (term: (typeof terms)[number]): string =>
      [0, 1].map((q) => term.paulis.find(({ qubit }) => qubit === q)?.pauli ?? 'I').join('');
    const ordered = terms.toSorted((p, q) => flips(wordOf(p)) - flips(wordOf(q)));
    const definition = circuit(2, (q) => {
      q.h(0).h(1);
      for (let s = 0; s < 2; s++) {
        for (const term of ordered)
          q.evolution({ type: 'pauli', terms: [term] }, time[0]! / 4, [0, 1]);
      }
      q.unitary(complexRows(specialUnitary(theta, 2)), [0, 1]);
    });
    const expected = reference().compile(definition, probabilities()).run({});
    expectClose((await forward(network, x)).subarray(0, 4), expected, 1e-12);
  });

  test('gives the same bits whatever is kept, however the batch is cut', async () => {
    const options = { classes: 3, layers: 2 };
    const x = images(6, 16);
    x.fill(0, 32, 48);
    const kept = layer(options, [4, 4]);
    const whole = await forward(kept, x);
    expect(await forward(kept, x)).toEqual(whole);
    expect(await forward(layer({ ...options, cache: 0 }, [4, 4]), x)).toEqual(whole);
    const few = layer({ ...options, cache: 2 }, [4, 4]);
    await forward(few, x.subarray(16, 64));
    expect(await forward(few, x)).toEqual(whole);
    for (let e = 0; e < 6; e++) {
      const one = await forward(kept, x.slice(16 * e, 16 * (e + 1)));
      expect(one).toEqual(whole.slice(3 * e, 3 * (e + 1)));
    }
    const grads = await valueAndGrad(kept, crossEntropy)({ x, y: [0, 1, 2, 0, 1, 2] });
    const fresh = layer({ ...options, cache: 0 }, [4, 4]);
    expect(await valueAndGrad(fresh, crossEntropy)({ x, y: [0, 1, 2, 0, 1, 2] })).toEqual(grads);
  });

  test('counts parameters as the paper does', () => {
    const count = (options: HamiltonianEmbeddingOptions, shape: number[]): number =>
      layer(options, shape).parameters.reduce((sum, p) => sum + p.data.length, 0);
    expect(count({ classes: 8, layers: 10 }, [28, 28])).toBe(10_240);
    expect(count({ classes: 8, layers: 15, unitary: 'brick-wall', shared: true }, [8, 8])).toBe(
      240,
    );
    expect(count({ classes: 8, layers: 15, unitary: 'brick-wall' }, [8, 8])).toBe(465);
    expect(count({ classes: 2, layers: 2, unitary: 'brick-wall' }, [32, 32])).toBe(122);
    expect(count({ classes: 2, layers: 2, unitary: 'brick-wall', time: 1 }, [32, 32])).toBe(120);
  });

  test('describes itself, freezes weights, and refuses what does not fit', async () => {
    const frozen = layer({ classes: 2, trainable: false }, [4, 4]);
    expect(frozen.parameters).toEqual([]);
    expect(frozen.buffers.map((p) => p.name)).toEqual(['0.theta', '0.time']);
    const made = hamiltonianEmbedding({ classes: 3, evolution: { trotterSteps: 2 } });
    expect(structuredClone(made.toJSON())).toMatchObject({
      kind: 'hamiltonianEmbedding',
      classes: 3,
      layers: 5,
      readout: 2,
      evolution: { trotterSteps: 2 },
    });
    const bad = (options: object): (() => unknown) => {
      return () => hamiltonianEmbedding({ classes: 3, ...options });
    };
    expect(bad({ classes: 0 })).toThrow('hamiltonianEmbedding: the number of classes is 0');
    expect(bad({ layers: 0.5 })).toThrow('the number of layers is 0.5');
    expect(bad({ readout: 1 })).toThrow('1 qubits have no string for each of 3 classes');
    expect(bad({ unitary: 'dense' })).toThrow('"dense" is not a trained unitary');
    expect(bad({ evolution: { trotterSteps: 0 } })).toThrow('trotterSteps is 0');
    expect(bad({ evolution: 'trotter' })).toThrow('trotterSteps is undefined');
    expect(bad({ time: Number.NaN })).toThrow('time is NaN');
    expect(bad({ scale: Infinity })).toThrow('scale is Infinity');
    expect(() => layer({ classes: 2 }, [16])).toThrow(
      'hamiltonianEmbedding: inputs of shape [16] do not fit, it takes images [height, width] or [1, height, width]. Put reshape',
    );
    expect(() => hamiltonianEmbedding({ classes: 2 }).build([0, 4], [0, 1])).toThrow(
      'hamiltonianEmbedding: inputs of shape [0, 4] do not fit',
    );
    expect(() => layer({ classes: 2, qubits: 2 }, [5, 4])).toThrow(
      '2 qubits do not fit images of 5 pixels a side',
    );
    expect(() => layer({ classes: 2, unitary: 'brick-wall', pairs: [[0, 3]] }, [8, 8])).toThrow(
      '[0, 3] is not a pair of the 3 qubits',
    );
    expect(() => layer({ classes: 2, unitary: 'brick-wall' }, [2, 2])).toThrow(
      'a brick wall without pairs',
    );
    const x = images(2, 16);
    x[20] = Number.NaN;
    expect(() => forward(layer({ classes: 2 }, [4, 4]), x)).toThrow(
      'hamiltonianEmbedding: element 4 of example 1 is NaN',
    );
    expect(() => forward(layer({ classes: 2, evolution: { trotterSteps: 1 } }, [4, 4]), x)).toThrow(
      'hamiltonianEmbedding: element 4 of example 1 is NaN',
    );
  });
});
