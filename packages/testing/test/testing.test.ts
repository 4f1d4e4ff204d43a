import { gates } from '@ketwork/circuit';
import {
  centralDifferences,
  dagger,
  embedded,
  expectClose,
  expectSameBits,
  expm,
  identity,
  kron,
  matmul,
  matvec,
  PAULI,
  pauliWord,
  Random,
  randomCircuit,
  randomHermitian,
  randomUnitary,
  scaled,
} from '@ketwork/testing';
import { describe, expect, it } from 'vitest';

describe('dense algebra', () => {
  it('multiplies Pauli matrices: XY = iZ, and swaps factors of a Kronecker product', () => {
    expectClose(matmul(PAULI.X, PAULI.Y), scaled(PAULI.Z, 0, 1), 1e-15);
    expectClose(
      matmul(kron(PAULI.X, PAULI.Z), kron(PAULI.Y, PAULI.X)),
      kron(matmul(PAULI.X, PAULI.Y), matmul(PAULI.Z, PAULI.X)),
      1e-15,
    );
    expectClose(
      pauliWord('ZI'),
      [
        1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        -1, 0,
      ],
      0,
    );
  });

  it('places a matrix on qubits', () => {
    expectClose(embedded(PAULI.Y, [1], 3), pauliWord('IYI'), 0);
    expectClose(embedded(kron(PAULI.X, PAULI.Z), [2, 0], 3), pauliWord('ZIX'), 0);
  });

  it('exponentiates: exp(-i t/2 Y) is a rotation', () => {
    const t = 5.3;
    const [c, s] = [Math.cos(t / 2), Math.sin(t / 2)];
    expectClose(expm(scaled(PAULI.Y, 0, -t / 2)), [c, 0, -s, 0, s, 0, c, 0], 1e-13);
    expectClose(expm(new Float64Array(8)), identity(2), 0);
  });

  it('applies matrices to vectors', () => {
    expectClose(matvec(PAULI.Y, [1, 2, 3, 4]), [4, -3, -2, 1], 0);
  });
});

describe('random matrices and circuits', () => {
  it('are unitary and Hermitian', () => {
    const random = new Random(1);
    const u = randomUnitary(random, 4);
    expectClose(matmul(u, dagger(u)), identity(4), 1e-13);
    const h = randomHermitian(random, 4);
    expectClose(dagger(h), h, 0);
  });

  it('are the same for the same seed, and reach every gate', () => {
    expect(randomCircuit(3, { qubits: 4, ops: 10 })).toEqual(
      randomCircuit(3, { qubits: 4, ops: 10 }),
    );
    expect(randomCircuit(3, { qubits: 4, ops: 10 })).not.toEqual(
      randomCircuit(4, { qubits: 4, ops: 10 }),
    );
    const seen = new Set<string>();
    for (let seed = 0; seed < 100; seed++) {
      for (const op of randomCircuit(seed, { qubits: 4, ops: 20 }).ops)
        if (op.type === 'gate') seen.add(op.gate);
    }
    expect([...seen].sort()).toEqual(gates.map((row) => row.name).sort());
  });
});

describe('expectClose', () => {
  it('fails on differences, lengths and NaN', () => {
    expect(() => expectClose([1, 2], [1, 2.1], 1e-3)).toThrow('element 1 of 2 is 2 instead of 2.1');
    expect(() => expectClose([1], [1, 2], 1)).toThrow('length 1 instead of 2');
    expect(() => expectClose([1, Number.NaN], [1, 2], 1e9)).toThrow('element 1');
    expect(() => expectClose([0, Number.NaN, 0], [0, 0, 5], 10)).toThrow('element 1');
    expect(() => expectClose([1e6 + 1], [1e6], 1e-5)).not.toThrow();
  });
});

describe('expectSameBits', () => {
  const rows = async (from: number, to: number) =>
    Float64Array.from({ length: 2 * (to - from) }, (_, i) => 2 * from + i);

  it('lets pass what does not depend on the rest of the batch, and only that', async () => {
    await expectSameBits(4, async (from, to) => ({ y: await rows(from, to) }));
    await expect(
      expectSameBits(4, async (from, to) => ({ y: (await rows(from, to)).map((v) => v * to) })),
    ).rejects.toThrow('y of example 0: element 1 is 1 among examples 0 to 0, 4 in the whole batch');
    await expect(
      expectSameBits(2, async (from, to) => ({ y: new Float64Array(to - from).fill(1 - to) })),
    ).rejects.toThrow('y of example 0: element 0 is 0 among examples 0 to 0, -1');
    await expect(expectSameBits(2, async () => ({ y: new Float64Array(4) }))).rejects.toThrow(
      'y: length 4 instead of 2',
    );
  });
});

describe('centralDifferences', () => {
  it('is [outputs, inputs]', () => {
    const f = (x: Float64Array): number[] => [x[0]! * x[1]!, Math.sin(x[0]!), x[1]! ** 2];
    expectClose(centralDifferences(f, [0.5, 2]), [2, 0.5, Math.cos(0.5), 0, 0, 4], 1e-9);
  });
});
