import { ValueError } from '@ketwork/base';
import {
  coordinateMedian,
  fedAdam,
  fedAvg,
  fedAvgM,
  fedProx,
  krum,
  trimmedMean,
} from '@ketwork/federated';
import type { Strategy, WeightChange } from '@ketwork/federated';
import { expectClose } from '@ketwork/testing';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Rounds } from '../../src/rounds/rounds.ts';
import { plan, update } from '../rounds/common.ts';

interface Expected {
  readonly deltas: readonly (readonly (readonly number[])[])[];
  readonly examples: readonly number[];
  readonly start: readonly number[];
  readonly mean: readonly number[];
  readonly median: readonly number[];
  readonly medianOfEight: readonly number[];
  readonly trimmed: Readonly<Record<string, readonly number[]>>;
  readonly fedAvgM: {
    readonly momentum: number;
    readonly learningRate: number;
    readonly weights: readonly number[][];
  };
  readonly fedAdam: {
    readonly learningRate: number;
    readonly beta1: number;
    readonly beta2: number;
    readonly tau: number;
    readonly weights: readonly number[][];
  };
  readonly krum: readonly {
    readonly liars: number;
    readonly select: number;
    readonly chosen: readonly number[];
    readonly delta: readonly number[];
  }[];
}

const expected = JSON.parse(
  readFileSync(new URL('../data/strategies.json', import.meta.url), 'utf8'),
) as Expected;
const changes: readonly WeightChange[] = expected.deltas[0]!.map((delta, k) => ({
  participant: `p${k}`,
  examples: expected.examples[k]!,
  delta: Float64Array.from(delta),
}));
/** The same with the participants in another order. */
const turned = [...changes.slice(4), ...changes.slice(0, 4)];

/** The weights after every round of the file, through the rounds of a federation. */
function federated(strategy: Strategy): number[][] {
  const size = expected.start.length;
  const rounds = new Rounds(
    plan(
      { strategy, maxNorm: 1e9 },
      {
        layout: { entries: [{ name: 'w', shape: [size] }], size, trained: size },
        weights: Float64Array.from(expected.start),
        population: changes.length,
      },
    ),
  );
  return expected.deltas.map((deltas, r) => {
    const { weights } = rounds.open(changes.map(({ participant }) => participant));
    deltas.forEach((delta, k) => {
      const after = delta.map((value, i) => weights[i]! + value);
      const { participant, examples } = changes[k]!;
      rounds.accept(update(after, { round: r + 1, examples }), participant);
    });
    rounds.close(0);
    return [...rounds.state.weights];
  });
}

describe('means of changes', () => {
  test.each([fedAvg(), fedProx({ mu: 0.1 })])('$name', (strategy) => {
    const [first] = federated(strategy);
    expectClose(
      first!,
      expected.mean.map((value, i) => value + expected.start[i]!),
      1e-9,
    );
  });

  test('fedAvgM', () => {
    const { weights, ...settings } = expected.fedAvgM;
    expectClose(federated(fedAvgM(settings)).flat(), weights.flat(), 1e-9);
  });

  test('fedAdam', () => {
    const { weights, ...settings } = expected.fedAdam;
    expectClose(federated(fedAdam(settings)).flat(), weights.flat(), 1e-9);
  });
});

describe('rules against liars', () => {
  test('coordinateMedian', () => {
    const { combine } = coordinateMedian();
    expect([...combine!(changes)]).toEqual(expected.median);
    expect([...combine!(turned)]).toEqual(expected.median);
    expectClose(combine!(changes.slice(0, 8)), expected.medianOfEight, 1e-15);
  });

  test.each(Object.keys(expected.trimmed).map(Number))('trimmedMean of %d', (share) => {
    const { combine, minimum } = trimmedMean({ share });
    expectClose(combine!(changes), expected.trimmed[share]!, 1e-12);
    expect([...combine!(turned)]).toEqual([...combine!(changes)]);
    expect(minimum).toBe({ 0.12: 9, 0.25: 4, 0.4: 3 }[share]);
  });

  test('trimmedMean leaves out whole updates, whatever the last bit of the share', () => {
    // 0.29 · 100 is 28.999999999999996.
    const many = Array.from({ length: 100 }, (_, k) => ({
      participant: `${k}`,
      examples: 1,
      delta: Float64Array.of(k < 29 ? -1e9 : k > 70 ? 1e9 : 5),
    }));
    expect(trimmedMean({ share: 0.29 }).combine!(many)[0]).toBe(5);
  });

  test.each(expected.krum)('krum: $liars liars, $select selected', (one) => {
    const { liars, select, chosen, delta } = one;
    const { combine, minimum } = krum({ liars, select });
    expectClose(combine!(changes), delta, 1e-12);
    expectClose(combine!(turned), delta, 1e-12);
    expect(chosen).not.toContain(4);
    expect(minimum).toBe(Math.max(2 * liars + 3, select + liars));
    if (select === 1) expect([...combine!(changes)]).toEqual([...changes[chosen[0]!]!.delta]);
  });

  test('a round waits for as many updates as the rule needs', () => {
    expect(plan({ strategy: krum({ liars: 1 }) }).minimum).toBe(5);
    expect(() => plan({ strategy: krum({ liars: 1 }), clients: 4 })).toThrow(
      'test: at least 5 updates cannot come from 4 participants per round. krum needs 5',
    );
  });
});

describe('settings out of range', () => {
  test.each([
    [() => fedProx({ mu: 0 }), 'fedProx: mu is 0'],
    [() => fedAvgM({ momentum: 1 }), 'fedAvgM: momentum is 1'],
    [() => fedAvgM({ learningRate: 0 }), 'fedAvgM: learningRate is 0'],
    [() => fedAdam({ tau: 0 }), 'fedAdam: tau is 0'],
    [() => fedAdam({ beta2: -0.1 }), 'fedAdam: beta2 is -0.1'],
    [() => trimmedMean({ share: 0.5 }), 'trimmedMean: the share 0.5'],
    [() => krum({ liars: -1 }), 'krum: liars is -1'],
    [() => krum({ liars: 1, select: 0 }), 'krum: select is 0'],
  ])('%#', (make, message) => {
    expect(make).toThrow(ValueError);
    expect(make).toThrow(message);
  });
});
