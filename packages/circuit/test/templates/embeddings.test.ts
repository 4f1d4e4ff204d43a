import { CircuitError, ValueError } from '@ketwork/base';
import { describe, expect, it } from 'vitest';
import {
  amplitudeEmbedding,
  amplitudeEmbeddingShape,
  amplitudes,
  angle,
  angleEmbedding,
  angleEmbeddingShape,
  basisEmbedding,
  basisEmbeddingShape,
  circuit,
  gate,
  input,
  iqpEmbedding,
  iqpEmbeddingShape,
  weight,
} from '../../src/index.ts';
import { gatesOf } from './gate-list.ts';

const build = (qubits: number, make: Parameters<typeof gatesOf>[1]) => () => circuit(qubits, make);

describe('angleEmbedding', () => {
  it('rotates qubit i about x by feature i', () => {
    expect(gatesOf(2, (q) => angleEmbedding(q, input('x', angleEmbeddingShape(2))))).toEqual([
      'RX(x[0]) 0',
      'RX(x[1]) 1',
    ]);
  });

  it('takes other axes, qubits and fewer features', () => {
    expect(
      gatesOf(4, (q) => q.angleEmbedding(input('x', [2]), { rotation: 'Z', qubits: [3, 1, 0] })),
    ).toEqual(['RZ(x[0]) 3', 'RZ(x[1]) 1']);
  });

  it('takes numbers, expressions and typed arrays', () => {
    const x = input('x', [1]);
    expect(
      gatesOf(3, (q) => q.angleEmbedding([0.5, x.at(0).times(2), angle.sin(x.at(0)).data])),
    ).toEqual(['RX(0.5) 0', 'RX(2·x[0]) 1', 'RX(sin(x[0])) 2']);
    expect(
      gatesOf(2, (q) => q.angleEmbedding(new Float64Array([1, 2]), { rotation: 'Y' })),
    ).toEqual(['RY(1) 0', 'RY(2) 1']);
  });

  it('refuses what does not fit', () => {
    expect(build(2, (q) => q.angleEmbedding(input('x', [3])))).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: angleEmbedding: features have shape [3] instead of [at most 2]. angleEmbeddingShape(2) gives the shape]`,
    );
    expect(
      build(2, (q) => q.angleEmbedding(input('x', [2, 1]))),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: angleEmbedding: features have shape [2, 1] instead of [at most 2]. angleEmbeddingShape(2) gives the shape]`,
    );
    expect(build(2, (q) => q.angleEmbedding(0.5))).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: angleEmbedding: features have shape [] instead of [at most 2]. angleEmbeddingShape(2) gives the shape]`,
    );
    expect(build(2, (q) => q.angleEmbedding([[1], 2]))).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: angleEmbedding: features are ragged: at depth 1 there is a list of 1 and an angle. Make all lists of one depth equally long]`,
    );
    expect(
      build(2, (q) => q.angleEmbedding([input('x', [1]) as never])),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: angleEmbedding: features hold the slot 'x', which is no angle. Give numbers or angle expressions, or the slot itself instead of lists]`,
    );
    expect(
      build(2, (q) => q.angleEmbedding([1], { qubits: [2] })),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: angleEmbedding: qubit 2 is out of range. Use qubits 0 to 1]`,
    );
    expect(
      build(2, (q) => q.angleEmbedding([1], { qubits: [1, 1] })),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: angleEmbedding: the qubits [1, 1] repeat. Name each qubit once]`,
    );
    expect(
      build(2, (q) => q.angleEmbedding([1], { rotation: 'W' as 'X' })),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: angleEmbedding: there is no rotation about 'W'. Use 'X', 'Y' or 'Z']`,
    );
    expect(build(2, (q) => q.angleEmbedding(amplitudes('a', [2]) as never))).toThrow(CircuitError);
  });
});

describe('amplitudeEmbedding', () => {
  it('prepares the state of a slot on all qubits', () => {
    const data = circuit(3, (q) =>
      amplitudeEmbedding(q, amplitudes('a', amplitudeEmbeddingShape(3)), { normalize: true }),
    );
    expect(data.ops).toEqual([
      { type: 'statePreparation', qubits: [0, 1, 2], amplitudes: { slot: 'a' }, normalize: true },
    ]);
    expect(data.slots[0]).toMatchObject({ name: 'a', shape: [8], kind: 'amplitudes' });
  });

  it('takes real, complex and interleaved amplitudes', () => {
    const [half, i] = [Math.SQRT1_2, { re: 0, im: Math.SQRT1_2 }];
    const valuesOf = (features: readonly (number | typeof i)[]) =>
      circuit(2, (q) => q.amplitudeEmbedding(features, { qubits: [1] })).ops[0];
    const expected = { qubits: [1], amplitudes: { values: [half, 0, 0, half] }, normalize: false };
    expect(valuesOf([half, i])).toMatchObject(expected);
    expect(valuesOf([half, 0, 0, half])).toMatchObject(expected);
  });

  it('pads', () => {
    const data = circuit(2, (q) =>
      q.amplitudeEmbedding([3, 4, 5], { normalize: true, padWith: 2 }),
    );
    expect(data.ops[0]).toMatchObject({
      amplitudes: { values: [3, 0, 4, 0, 5, 0, 2, 0] },
      normalize: true,
    });
  });

  it('refuses what does not fit', () => {
    expect(build(2, (q) => q.amplitudeEmbedding([1, 0, 0]))).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: amplitudeEmbedding: 3 amplitudes were given for 2 qubits, which have 4. Give that many, or a value for padWith]`,
    );
    expect(
      build(2, (q) => q.amplitudeEmbedding([1, 0, 0, 0, 0], { padWith: 0 })),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: amplitudeEmbedding: 5 amplitudes were given for 2 qubits, which have 4. Use more qubits or fewer amplitudes]`,
    );
    expect(
      build(2, (q) => q.amplitudeEmbedding(amplitudes('a', [2]))),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: amplitudeEmbedding: slot 'a' has shape [2] instead of [4] or [4, 2]. amplitudeEmbeddingShape(qubits) gives the shape]`,
    );
    expect(
      build(2, (q) => q.amplitudeEmbedding(amplitudes('a', [2]), { padWith: 0 })),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: amplitudeEmbedding: slot 'a' has shape [2] instead of [4] or [4, 2]. padWith is for fixed amplitudes: pad the data of a slot]`,
    );
    expect(
      build(2, (q) => q.amplitudeEmbedding(input('x', [4]) as never)),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: amplitudeEmbedding: slot 'x' holds scalar values. Make it with amplitudes('x', [4])]`,
    );
    expect(build(2, (q) => q.amplitudeEmbedding([1, 1, 0, 0]))).toThrow(ValueError);
  });
});

describe('basisEmbedding', () => {
  it('turns given bits into X gates', () => {
    expect(gatesOf(3, (q) => basisEmbedding(q, [1, 0, 1]))).toEqual(['X 0', 'X 2']);
    expect(gatesOf(3, (q) => q.basisEmbedding([0, 1], [2, 0]))).toEqual(['X 0']);
  });

  it('turns the bits of a slot into rotations and a phase, which together are X', () => {
    expect(gatesOf(2, (q) => q.basisEmbedding(input('b', basisEmbeddingShape(2))))).toEqual([
      'RX(π·b[0]) 0',
      'RX(π·b[1]) 1',
      'GPhase(π/2·b[0]+π/2·b[1])',
    ]);
    const rotation = gate('RX').matrix([Math.PI]);
    const [cos, sin] = gate('GPhase').matrix([Math.PI / 2]);
    const product = Array.from({ length: 4 }, (_, entry) => {
      const [re, im] = [rotation[2 * entry]!, rotation[2 * entry + 1]!];
      return [re * cos! - im * sin!, re * sin! + im * cos!];
    }).flat();
    gate('X')
      .matrix([])
      .forEach((x, i) => expect(product[i]).toBeCloseTo(x, 15));
  });

  it('refuses what is no bit', () => {
    expect(build(2, (q) => q.basisEmbedding([0, 2]))).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: basisEmbedding: 2 is not a bit. Give 0 or 1]`,
    );
    expect(build(2, (q) => q.basisEmbedding([1]))).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: basisEmbedding: bits have shape [1] instead of [2]. basisEmbeddingShape(2) gives the shape]`,
    );
  });
});

describe('iqpEmbedding', () => {
  it('couples all pairs by products of features, as PennyLane does', () => {
    const once = ['H 0', 'RZ(x[0]) 0', 'H 1', 'RZ(x[1]) 1', 'H 2', 'RZ(x[2]) 2'];
    const pairs = ['RZZ(x[0]·x[1]) 0 1', 'RZZ(x[0]·x[2]) 0 2', 'RZZ(x[1]·x[2]) 1 2'];
    const x = input('x', iqpEmbeddingShape(3));
    expect(gatesOf(3, (q) => iqpEmbedding(q, x))).toEqual([...once, ...pairs]);
    expect(gatesOf(3, (q) => q.iqpEmbedding(x, { repeats: 2 }))).toEqual([
      ...once,
      ...pairs,
      ...once,
      ...pairs,
    ]);
  });

  it('couples the pairs of a pattern', () => {
    const gates = gatesOf(4, (q) =>
      q.iqpEmbedding(input('x', [3]), {
        qubits: [3, 1, 0],
        pattern: [
          [0, 3],
          [1, 0],
        ],
      }),
    );
    expect(gates.slice(6)).toEqual(['RZZ(x[2]·x[0]) 0 3', 'RZZ(x[1]·x[2]) 1 0']);
  });

  it('refuses what does not fit', () => {
    expect(build(3, (q) => q.iqpEmbedding(input('x', [2])))).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: iqpEmbedding: features have shape [2] instead of [3]. iqpEmbeddingShape(3) gives the shape]`,
    );
    expect(
      build(2, (q) => q.iqpEmbedding([1, 2], { pattern: [[0, 2]] })),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: iqpEmbedding: the pattern has the pair [0, 2]. Use pairs of the qubits 0, 1]`,
    );
    expect(
      build(2, (q) => q.iqpEmbedding([1, 2], { repeats: 0 })),
    ).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: iqpEmbedding: it cannot be repeated 0 times. Use a positive integer for repeats]`,
    );
  });
});

it('embeds weights as well as inputs', () => {
  expect(circuit(1, (q) => q.angleEmbedding(weight('w', [1]))).slots[0]?.axis).toBe('shared');
});
