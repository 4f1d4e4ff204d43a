import { key } from '@ketwork/base';
import { quantumReservoir, qlstm, spinReservoir } from '@ketwork/layers';
import {
  dense,
  flatten,
  forward,
  initializers,
  loadState,
  mse,
  reshape,
  sequential,
  sigmoid,
  stateOf,
} from '@ketwork/nn';
import type { BuiltLayer, Layer } from '@ketwork/nn';
import { cpu, densityMatrix, reference } from '@ketwork/simulator';
import {
  PAULI,
  Random,
  dagger,
  expectClose,
  expm,
  identity,
  kron,
  matmul,
  scaled,
  sum,
} from '@ketwork/testing';
import { describe, expect, test } from 'vitest';
import { expectGradients } from './check.ts';

const engine = await cpu();

function built(layer: Layer, shape: readonly number[], bound: unknown = engine): BuiltLayer {
  const network = layer.build(shape, key(9));
  network.bind!(bound);
  return network;
}

describe('quantumReservoir', () => {
  test('is the network of its cell with random weights that are not trained', async () => {
    const network = built(quantumReservoir({ cell: 'qlstm', hidden: 3, scale: 0.3 }), [4, 1]);
    const trained = built(qlstm({ hidden: 3, init: initializers.normal(0.3) }), [4, 1]);
    const x = new Random(1).normals(12);
    expect(await forward(network, x)).toEqual(await forward(trained, x));
    expect(network.parameters).toEqual([]);
    expect(network.buffers).toEqual(trained.parameters);
  });

  test.each(['qrnn', 'qgru', 'qlstm'] as const)('features of %s lie in [-1, 1]', async (cell) => {
    for (const scale of [0, 0.01, 1, 10]) {
      const network = built(quantumReservoir({ cell, scale, returnSequences: true }), [6, 1]);
      const features = await forward(network, new Random(2).normals(60));
      expect(features.every((value) => Math.abs(value) <= 1 + 1e-12)).toBe(true);
      expect(network.outputShape).toEqual([6, cell === 'qlstm' ? 4 : 3]);
    }
  });

  test('gradients go through it to layers before', async () => {
    const model = sequential(dense(3), reshape([3, 1]), quantumReservoir({ scale: 2 }), dense(1));
    const network = model.build([3], 4);
    network.bind!(engine);
    await expectGradients(network, { x: new Random(3).normals(6), y: [0.1, 0.4] }, mse, 1e-6);
  });

  test('refuses what does not fit', () => {
    expect(() => quantumReservoir({ cell: 'spins' as never })).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantumReservoir: there is no cell 'spins'. Cells are qrnn, qgru, qlstm; for coupled spins use spinReservoir]`,
    );
    expect(() => quantumReservoir({ scale: -1 })).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantumReservoir: the scale -1 is not a number of at least 0]`,
    );
    expect(() => quantumReservoir().build([0, 1], key(1))).toThrowErrorMatchingInlineSnapshot(
      `[ValueError: quantumReservoir: the sequence is empty: it has no steps. Give sequences of at least one step]`,
    );
  });
});

describe('spinReservoir', () => {
  /** ⟨Z⟩ of the spins, by density matrices: after each step at each of `nodes` times. */
  function evolved(
    network: BuiltLayer,
    x: readonly (readonly number[])[],
    qubits: number,
    nodes: number,
  ): number[][] {
    const couplings = network.buffers[0]!.data;
    const on = (matrix: ArrayLike<number>, qubit: number): Float64Array => {
      let out: Float64Array = identity(1);
      for (let q = 0; q < qubits; q++) out = kron(out, q === qubit ? matrix : identity(2));
      return out;
    };
    let at = 0;
    const terms: Float64Array[] = [];
    for (let i = 0; i < qubits; i++) {
      for (let j = i + 1; j < qubits; j++)
        terms.push(scaled(matmul(on(PAULI.X, i), on(PAULI.X, j)), couplings[at++]!));
    }
    for (let i = 0; i < qubits; i++) terms.push(scaled(on(PAULI.Z, i), 0.7));
    const u = expm(scaled(sum(...terms), 0, -1.3 / nodes));
    const dimension = 2 ** qubits;
    let rho: Float64Array = new Float64Array(2 * dimension * dimension);
    rho[0] = 1;
    return x.map((inputs) => {
      const f = inputs.length;
      const rest = 2 ** (qubits - f);
      // Trace out the first spins, then put new ones before the others.
      let left: Float64Array = new Float64Array(2 * rest * rest);
      for (let k = 0; k < 2 ** f; k++) {
        for (let r = 0; r < rest; r++) {
          for (let c = 0; c < rest; c++) {
            const from = 2 * ((k * rest + r) * dimension + k * rest + c);
            left[2 * (r * rest + c)]! += rho[from]!;
            left[2 * (r * rest + c) + 1]! += rho[from + 1]!;
          }
        }
      }
      for (const value of inputs.toReversed()) {
        const [a, b] = [Math.sqrt(1 - value), Math.sqrt(value)];
        left = kron(Float64Array.of(a * a, 0, a * b, 0, a * b, 0, b * b, 0), left);
      }
      rho = left;
      return Array.from({ length: nodes }, () => {
        rho = matmul(matmul(u, rho), dagger(u));
        return Array.from({ length: qubits }, (_, qubit) => {
          const product = matmul(on(PAULI.Z, qubit), rho);
          let trace = 0;
          for (let d = 0; d < dimension; d++) trace += product[2 * (d * dimension + d)]!;
          return trace;
        });
      }).flat();
    });
  }

  test.each([
    [3, 1, 1],
    [4, 2, 3],
  ])('%i spins, %i features, %i times agree with density matrices', async (qubits, f, nodes) => {
    const options = { qubits, field: 0.7, time: 1.3, virtualNodes: nodes, coupling: 2 };
    const last = built(spinReservoir(options), [3, f]);
    const all = built(spinReservoir({ ...options, returnSequences: true }), [3, f]);
    const random = new Random(4);
    const x = Array.from({ length: 2 }, () =>
      Array.from({ length: 3 }, () => Array.from({ length: f }, () => random.uniform(0, 1))),
    );
    const rows = x.map((example) => evolved(last, example, qubits, nodes));
    expect([last.outputShape, all.outputShape]).toEqual([[qubits * nodes], [3, qubits * nodes]]);
    const flat = x.flat(2);
    expectClose(await forward(last, flat), rows.map((row) => row[2]!).flat(), 1e-10);
    expectClose(await forward(all, flat), rows.flat(2), 1e-10);
    for (const other of [densityMatrix(), reference()])
      expectClose(
        await forward(built(spinReservoir(options), [3, f], other), flat),
        await forward(last, flat),
        1e-10,
        other.name,
      );
  });

  test('couplings come from the seed, within their width, and may be loaded', async () => {
    const layer = spinReservoir({ qubits: 4, coupling: 0.5 });
    const [one, two] = [layer.build([2, 1], key(1)), layer.build([2, 1], key(2))];
    expect(one.buffers[0]!.data.every((value) => Math.abs(value) <= 0.25)).toBe(true);
    expect(one.buffers).toEqual(layer.build([2, 1], key(1)).buffers);
    for (const network of [one, two]) network.bind!(engine);
    const x = [0.2, 0.9];
    const before = await forward(two, x);
    loadState(two, stateOf(one));
    expect(await forward(two, x)).toEqual(await forward(one, x));
    expect(await forward(two, x)).not.toEqual(before);
  });

  test('gradients go through it to layers before', async () => {
    const layer = spinReservoir({ qubits: 3, virtualNodes: 2, returnSequences: true });
    const model = sequential(dense(3), sigmoid(), reshape([3, 1]), layer, flatten(), dense(1));
    const network = model.build([3], 4);
    network.bind!(engine);
    await expectGradients(network, { x: new Random(5).normals(6), y: [0.1, 0.4] }, mse, 1e-6);
  });

  test('refuses what does not fit', async () => {
    const refused = async (work: () => unknown): Promise<string> => {
      try {
        await work();
      } catch (error) {
        return `${(error as Error).name}: ${(error as Error).message}`;
      }
      return 'nothing was thrown';
    };
    const network = built(spinReservoir({ qubits: 2 }), [2, 1]);
    expect([
      await refused(() => spinReservoir({ qubits: 1 })),
      await refused(() => spinReservoir({ virtualNodes: 0.5 })),
      await refused(() => spinReservoir({ field: NaN })),
      await refused(() => spinReservoir().build([0, 1], key(1))),
      await refused(() => spinReservoir().build([4], key(1))),
      await refused(() => spinReservoir({ qubits: 2 }).build([4, 2], key(1))),
      await refused(() => forward(network, [0.1, 0.2, 0.3, 1.1])),
      await refused(() => forward(network, [NaN, 0.2])),
      await refused(() => forward(spinReservoir().build([1, 1], key(1)), [0.5])),
    ]).toMatchInlineSnapshot(`
      [
        "ValueError: spinReservoir: the number of qubits 1 is not an integer of at least 2",
        "ValueError: spinReservoir: the number of virtual nodes 0.5 is not an integer of at least 1",
        "ValueError: spinReservoir: the field NaN is not a finite number",
        "ValueError: spinReservoir: inputs of shape [0, 1] are not sequences of shape [steps, features] with at least one step. Put reshape([steps, 1]) before it for one feature per step; shapes do not include the batch",
        "ValueError: spinReservoir: inputs of shape [4] are not sequences of shape [steps, features] with at least one step. Put reshape([steps, 1]) before it for one feature per step; shapes do not include the batch",
        "ValueError: spinReservoir: 2 spins cannot take 2 features and remember them. Give more than 2 qubits",
        "ValueError: spinReservoir: feature 0 of step 1 is 1.1 in example 1 of the batch, not from 0 to 1. Scale the data, such as by minMax(series, { range: [0, 1] })",
        "ValueError: spinReservoir: feature 0 of step 0 is NaN in example 0 of the batch, not from 0 to 1. Scale the data, such as by minMax(series, { range: [0, 1] })",
        "ValueError: spinReservoir: no engine is bound, so the circuit cannot run. Use fit, evaluate or predict, which bind one, or call network.bind(await cpu()) on the built model",
      ]
    `);
  });
});
