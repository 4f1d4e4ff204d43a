import { describe, expect, it } from 'vitest';
import { evaluateAngle } from '../../src/expression.ts';
import { krausSum } from '../../src/channels/channel.ts';
import { adjoint, identity, multiply, pauliMatrix } from '../../src/gates/matrix.ts';
import type { Angle, Builder, Channel, ChannelOp } from '../../src/index.ts';
import {
  channel,
  channelKraus,
  channels,
  circuit,
  parseCircuit,
  pauliTransferMatrix,
  toJSON,
  weight,
} from '../../src/index.ts';
import { distance } from '../gates/dense.ts';

/** Parameters to try for each row: edges of the ranges and something in between. */
const tried: Record<string, readonly (readonly number[])[]> = {
  bitFlip: [[0], [0.3], [1]],
  phaseFlip: [[0], [0.3], [1]],
  bitPhaseFlip: [[0], [0.3], [1]],
  depolarizing: [[0], [0.2], [0.75], [15 / 16], [1]],
  amplitudeDamping: [[0], [0.3], [1]],
  generalizedAmplitudeDamping: [
    [0, 0.4],
    [0.3, 0.2],
    [1, 1],
  ],
  phaseDamping: [[0], [0.3], [1]],
  thermalRelaxation: [
    [50, 70, 0, 0],
    [50, 70, 13, 0],
    [50, 100, 20, 0.1],
    [50, 20, 400, 1],
  ],
  resetError: [
    [0, 0],
    [0.2, 0.3],
    [0.4, 0.6],
  ],
};

function widths(row: Channel): number[] {
  return row.qubits === 'any' ? [1, 2, 3] : [row.qubits];
}

function cases(row: Channel, qubits: number): readonly (readonly number[])[] {
  if (row.name !== 'pauliError') return tried[row.name]!;
  const count = 4 ** qubits - 1;
  return [
    Array<number>(count).fill(0),
    Array.from({ length: count }, (_, i) => 0.4 / (i + 3) ** 2),
  ];
}

/** Applies the map to a matrix. */
function applied(kraus: readonly ArrayLike<number>[], rho: Float64Array): Float64Array {
  const out = new Float64Array(rho.length);
  for (const matrix of kraus)
    multiply(multiply(matrix, rho), adjoint(matrix)).forEach((x, i) => (out[i] = out[i]! + x));
  return out;
}

/** Choi matrix `Σ |i⟩⟨j| ⊗ E(|i⟩⟨j|)` of dimension `4^k`. */
function choi(kraus: readonly ArrayLike<number>[], qubits: number): Float64Array {
  const d = 2 ** qubits;
  const out = new Float64Array(2 * d ** 4);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      const unit = new Float64Array(2 * d * d);
      unit[2 * (i * d + j)] = 1;
      const image = applied(kraus, unit);
      for (let a = 0; a < d; a++) {
        for (let b = 0; b < d; b++) {
          const to = 2 * ((i * d + a) * d * d + j * d + b);
          out.set(image.subarray(2 * (a * d + b), 2 * (a * d + b) + 2), to);
        }
      }
    }
  }
  return out;
}

/** Least pivot of an LDL† factorisation with diagonal pivoting: not below zero where the matrix is positive. */
function leastPivot(matrix: Float64Array): number {
  const d = Math.sqrt(matrix.length / 2);
  const a = matrix.slice();
  const left = new Set(Array.from({ length: d }, (_, i) => i));
  let least = Infinity;
  while (left.size > 0) {
    const pivot = [...left].reduce((best, i) =>
      a[2 * (i * d + i)]! > a[2 * (best * d + best)]! ? i : best,
    );
    const value = a[2 * (pivot * d + pivot)]!;
    least = Math.min(least, ...[...left].map((i) => a[2 * (i * d + i)]!));
    left.delete(pivot);
    if (value <= 1e-14) continue;
    for (const i of left) {
      for (const j of left) {
        const [x, y] = [2 * (i * d + pivot), 2 * (pivot * d + j)];
        const at = 2 * (i * d + j);
        a[at] = a[at]! - (a[x]! * a[y]! - a[x + 1]! * a[y + 1]!) / value;
        a[at + 1] = a[at + 1]! - (a[x]! * a[y + 1]! + a[x + 1]! * a[y]!) / value;
      }
    }
  }
  return least;
}

describe('channel table', () => {
  it('finds rows by name and alias, and no name twice', () => {
    const names = channels.map((row) => row.name);
    expect(new Set(names).size).toBe(names.length);
    for (const row of channels)
      for (const name of [row.name, ...row.aliases]) expect(channel(name)).toBe(row);
    expect(channel('DEPOLARIZING').name).toBe('depolarizing');
    expect(() => channel('depolarising')).toThrow(/unknown channel 'depolarising'.*'depolarizing'/);
  });

  for (const row of channels) {
    for (const qubits of widths(row)) {
      for (const parameters of cases(row, qubits)) {
        describe(`${row.name}(${parameters.slice(0, 4).join(', ')}) on ${qubits}`, () => {
          const kraus = row.kraus(parameters, qubits);
          const transfer = pauliTransferMatrix(kraus);
          const count = 4 ** qubits;

          it('is complete and completely positive', () => {
            expect(distance(krausSum(kraus, qubits), identity(2 ** qubits))).toBeLessThan(1e-12);
            const matrix = choi(kraus, qubits);
            expect(distance(matrix, adjoint(matrix))).toBeLessThan(1e-12);
            expect(leastPivot(matrix)).toBeGreaterThan(-1e-12);
          });

          it('has the transfer matrix of its Kraus matrices', () => {
            const entries = new Float64Array(count * count);
            for (const { row: i, column, value } of row.transfer(parameters, qubits))
              entries[i * count + column] = value as number;
            expect(distance(entries, transfer)).toBeLessThan(1e-12);
          });

          it('gives the same entries for expressions', () => {
            const symbols = parameters.map((_, index): Angle => ({ slot: 's', index }));
            const numbers = row.transfer(parameters, qubits);
            row.transfer(symbols, qubits).forEach(({ value }, i) => {
              const evaluated = evaluateAngle(value, (_, index) => parameters[index]!);
              expect(evaluated).toBeCloseTo(numbers[i]!.value as number, 13);
            });
          });

          const words = row.paulis?.(parameters, qubits);
          if (words)
            it('is the mixture of Pauli strings it says it is', () => {
              expect(words.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(
                1,
                12,
              );
              const mixture = words.map(({ probability, word }) =>
                pauliMatrix(word).map((x) => Math.sqrt(probability) * x),
              );
              expect(distance(pauliTransferMatrix(mixture), transfer)).toBeLessThan(1e-12);
            });

          it('gives its Kraus matrices for an operation', () => {
            const on = Array.from({ length: qubits }, (_, q) => q);
            const op: ChannelOp = {
              type: 'channel',
              channel: row.name,
              qubits: on,
              angles: parameters,
            };
            expect(channelKraus(op, parameters)).toEqual(kraus.map((matrix) => [...matrix]));
            const made = circuit(3, (q) => q.channel(row.name, parameters, on));
            expect(made.ops[0]).toEqual(op);
            expect(parseCircuit(JSON.parse(JSON.stringify(toJSON(made))))).toEqual(made);
          });
        });
      }
    }
  }
});

describe('limits of channels', () => {
  const state = (): Float64Array => Float64Array.of(0.7, 0, 0.2, -0.3, 0.2, 0.3, 0.3, 0);
  const on = (name: string, parameters: readonly number[], rho = state()): Float64Array =>
    applied(channel(name).kraus(parameters, Math.log2(Math.sqrt(rho.length / 2))), rho);

  it('depolarizing leaves nothing at 3/4 on one qubit and 15/16 on two', () => {
    expect(
      distance(
        on('depolarizing', [0.75]),
        identity(2).map((x) => x / 2),
      ),
    ).toBeLessThan(1e-12);
    const two = new Float64Array(32);
    two.set([1, 0, 0, 1], 0); // |00⟩⟨00| + i |00⟩⟨01|
    expect(
      distance(
        on('depolarizing', [15 / 16], two),
        identity(4).map((x) => x / 4),
      ),
    ).toBeLessThan(1e-12);
  });

  it('flips', () => {
    expect(distance(on('bitFlip', [1]), Float64Array.of(0.3, 0, 0.2, 0.3, 0.2, -0.3, 0.7, 0))).toBe(
      0,
    );
    expect(
      distance(on('phaseFlip', [0.5]), Float64Array.of(0.7, 0, 0, 0, 0, 0, 0.3, 0)),
    ).toBeLessThan(1e-15);
    const both = on('bitFlip', [1], on('phaseFlip', [1]));
    expect(distance(on('bitPhaseFlip', [1]), both)).toBeLessThan(1e-15);
  });

  it('damping ends in the ground state or in thermal equilibrium', () => {
    const ground = Float64Array.of(1, 0, 0, 0, 0, 0, 0, 0);
    expect(distance(on('amplitudeDamping', [1]), ground)).toBeLessThan(1e-15);
    const thermal = Float64Array.of(0.8, 0, 0, 0, 0, 0, 0.2, 0);
    expect(distance(on('generalizedAmplitudeDamping', [1, 0.2]), thermal)).toBeLessThan(1e-15);
    expect(distance(on('thermalRelaxation', [1, 1.5, 60, 0.2]), thermal)).toBeLessThan(1e-12);
    expect(distance(on('resetError', [0.8, 0.2]), thermal)).toBeLessThan(1e-15);
    const [half, plane] = [Math.exp(-0.5 / 2), Math.exp(-0.5 / 1.6)];
    expect(
      distance(
        on('thermalRelaxation', [2, 1.6, 0.5, 0]),
        Float64Array.of(
          1 - 0.3 * half,
          0,
          0.2 * plane,
          -0.3 * plane,
          0.2 * plane,
          0.3 * plane,
          0.3 * half,
          0,
        ),
      ),
    ).toBeLessThan(1e-15);
  });
});

describe('channel methods', () => {
  it('exist for every row', () => {
    const p = weight('p', [3]);
    const methods: Record<string, (q: Builder) => unknown> = {
      bitFlip: (q) => q.bitFlip(0.1, 0),
      phaseFlip: (q) => q.phaseFlip(p.at(0), 0),
      bitPhaseFlip: (q) => q.bitPhaseFlip(0.1, 0),
      depolarizing: (q) => q.depolarizing(0.1, [0, 1]),
      pauliError: (q) => q.pauliError({ X: 0.1, Z: p.at(1) }, 0),
      amplitudeDamping: (q) => q.amplitudeDamping(0.1, 0),
      generalizedAmplitudeDamping: (q) => q.generalizedAmplitudeDamping(0.1, 0.2, 0),
      phaseDamping: (q) => q.phaseDamping(0.1, 0),
      thermalRelaxation: (q) => q.thermalRelaxation(50, 70, 1, 0),
      resetError: (q) => q.resetError(0.1, 0.2, 0),
    };
    expect(Object.keys(methods).sort()).toEqual(channels.map((row) => row.name).sort());
    for (const [name, add] of Object.entries(methods))
      expect((circuit(2, add).ops[0] as ChannelOp).channel).toBe(name);
    const two = circuit(2, (q) => q.pauliError({ XX: 0.1, IZ: 0.2 }, [0, 1])).ops[0] as ChannelOp;
    expect(two.angles).toEqual([0, 0, 0.2, 0, 0.1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const kraus = circuit(1, (q) => q.kraus([[1, 0, 0, 0, 0, 0, 1, 0]], 0)).ops[0] as ChannelOp;
    expect(kraus).toMatchObject({ channel: 'Kraus', angles: [] });
    expect(channelKraus(kraus, [])).toBe(kraus.kraus);
  });

  it('name what does not fit', () => {
    const fault = (build: (q: Builder) => unknown): string => {
      try {
        circuit(5, build);
      } catch (error) {
        return String(error);
      }
      return 'no error';
    };
    const unit = [1, 0, 0, 0, 0, 0, 1, 0];
    expect([
      fault((q) => q.channel('bitflop', [0.1], 0)),
      fault((q) => q.bitFlip(1.5, 0)),
      fault((q) => q.h(0).depolarizing(-0.1, 0)),
      fault((q) => q.bitFlip(NaN, 0)),
      fault((q) => q.channel('bitFlip', [], 0)),
      fault((q) => q.channel('amplitudeDamping', [0.1], [0, 1])),
      fault((q) => q.depolarizing(0.1, [0, 1, 2, 3, 4])),
      fault((q) => q.depolarizing(0.1, 5)),
      fault((q) => q.pauliError([0.5, 0.4, 0.3], 0)),
      fault((q) => q.pauliError([0.5, 0.4], 0)),
      fault((q) => q.pauliError({ XY: 0.1 }, 0)),
      fault((q) => q.resetError(0.5, 0.6, 0)),
      fault((q) => q.thermalRelaxation(1, 3, 1, 0)),
      fault((q) => q.thermalRelaxation(0, 1, 1, 0)),
      fault((q) => q.thermalRelaxation(1, 1, -1, 0)),
      fault((q) => q.channel('mine', [0.1], 0, { kraus: [unit] })),
      fault((q) => q.kraus([unit, unit], 0)),
      fault((q) => q.kraus([], 0)),
      fault((q) => q.control([1], (c) => c.bitFlip(0.1, 0))),
    ]).toMatchInlineSnapshot(`
      [
        "CircuitError: operation 0: unknown channel 'bitflop' (did you mean 'bitFlip'?). Use one of bitFlip, phaseFlip, bitPhaseFlip, depolarizing, pauliError, amplitudeDamping, generalizedAmplitudeDamping, phaseDamping, thermalRelaxation, resetError, or give Kraus matrices",
        "ValueError: operation 0: bitFlip got p = 1.5. Use 0 to 1",
        "ValueError: operation 1: depolarizing got p = -0.1. Use 0 to 1",
        "ValueError: operation 0: the channel bitFlip got the angle NaN. Use finite numbers, in radians",
        "CircuitError: operation 0: bitFlip got 0 parameters. Give 1: p",
        "CircuitError: operation 0: amplitudeDamping got 2 qubits. Give 1",
        "CircuitError: operation 0: depolarizing got 5 qubits. It takes 1 to 4",
        "CircuitError: operation 0: a channel acts on qubit 5, but the circuit has 5 qubits. Use qubits 0 to 4",
        "ValueError: operation 0: pauliError: the probabilities add to 1.2. They may add to 1 at most",
        "CircuitError: operation 0: pauliError got 2 parameters. Give 3: pX, pY, pZ",
        "CircuitError: pauliError on 1 qubit(s) got a probability of 'XY'. Use words of 1 letters I, X, Y, Z other than the identity, which has the rest",
        "ValueError: operation 0: resetError: the probabilities add to 1.1. They may add to 1 at most",
        "ValueError: operation 0: thermalRelaxation: T2 = 3 is longer than 2·T1 = 2. Use T2 ≤ 2·T1",
        "ValueError: operation 0: thermalRelaxation got T1 = 0. Use a positive number",
        "ValueError: operation 0: thermalRelaxation got time = -1. Use a finite number from 0",
        "CircuitError: operation 0: the channel mine has Kraus matrices and 1 parameter. Give one or the other",
        "ValueError: operation 0: Kraus matrices are not complete: ΣK†K differs from the identity by 1.00. Scale them",
        "ValueError: operation 0: Kraus matrices are not complete: ΣK†K differs from the identity by 1.00. Scale them",
        "CircuitError: operation 0: a channel cannot be controlled. Only gates, matrices and evolutions can; put the rest outside",
      ]
    `);
    expect(() =>
      channelKraus({ type: 'channel', channel: 'bitFlip', qubits: [0], angles: [0.1] }, [2]),
    ).toThrowErrorMatchingInlineSnapshot(`[ValueError: bitFlip got p = 2. Use 0 to 1]`);
    expect(() => pauliTransferMatrix([[1, 0, 0]])).toThrowErrorMatchingInlineSnapshot(
      `[CircuitError: Kraus matrices are not all of one size 2^k × 2^k. Give 2 · 4^k numbers for each]`,
    );
  });
});
