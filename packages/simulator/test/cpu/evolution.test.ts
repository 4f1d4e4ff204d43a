import { UnsupportedError } from '@ketwork/base';
import { X, Z, circuit, hermitianSlot, expval, pauli, weight } from '@ketwork/circuit';
import type { Circuit, EvolutionOp } from '@ketwork/circuit';
import { describe, expect, it } from 'vitest';
import { evolutionPrimitives } from '../../src/cpu/evolution.ts';
import { cpu } from '../../src/index.ts';

const first = (made: Circuit): EvolutionOp => made.ops[0] as EvolutionOp;

describe('evolutionPrimitives', () => {
  it('turns commuting Pauli strings into rotations', () => {
    const made = circuit(3, (q) =>
      q.evolution(pauli('XX').scale(0.5).add(pauli('ZZ')).add(pauli('IIX')), 0.3),
    );
    expect(evolutionPrimitives(first(made), 0).map(({ type }) => type)).toEqual([
      'rotation',
      'rotation',
      'rotation',
    ]);
  });

  it('diagonalises what does not commute', () => {
    const made = circuit(1, (q) => q.evolution(X(0).add(Z(0)), 0.3));
    expect(evolutionPrimitives(first(made), 0).map(({ type }) => type)).toEqual([
      'matrix',
      'phase',
      'phase',
      'matrix',
    ]);
  });

  it('refuses what is done between parts of a circuit, naming the operation', () => {
    const slot = circuit(1, { h: hermitianSlot(2) }, (q, { h }) => q.evolution(h, 0.3, [0]));
    expect(() => evolutionPrimitives(first(slot), 1)).toThrow(UnsupportedError);
    const field = Array.from({ length: 9 }, (_, i) => X(i).add(Z(i))).reduce((sum, term) =>
      sum.add(term),
    );
    const made = circuit(9, (q) => q.evolution(field, 0.3));
    expect(() => evolutionPrimitives(first(made), 4)).toThrow(/operation 4: .*trotter/);
  });
});

describe('the trained time of an evolution', () => {
  it('has the derivative of a Rabi oscillation', async () => {
    const engine = await cpu();
    const rabi = circuit(1, { t: weight([1]) }, (q, { t }) => q.evolution(X(0), t.at(0)));
    const program = engine.compile(rabi, expval(Z(0)));
    expect(program.run({ t: [0.4] })[0]).toBeCloseTo(Math.cos(0.8), 14);
    expect(program.vjp({ t: [0.4] }, [1]).t[0]).toBeCloseTo(-2 * Math.sin(0.8), 14);
  });
});
