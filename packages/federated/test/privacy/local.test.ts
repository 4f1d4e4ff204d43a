import { krum, simulate } from '@ketwork/federated';
import type { LocalNoise, LocalTrainingPrivacy, SimulateOptions } from '@ketwork/federated';
import { crossEntropy, sgd } from '@ketwork/nn';
import { fit, pldAccountant } from '@ketwork/training';
import { describe, expect, test } from 'vitest';
import { modelWeights, gather } from '../../src/local/layout.ts';
import { addNoise, clip } from '../../src/local/privacy.ts';
import { bitsOf, classical, shares, withoutTime } from '../simulate/common.ts';

const loss = crossEntropy;
const noise: LocalNoise = {
  kind: 'local',
  clippingNorm: 0.5,
  noiseMultiplier: 3,
  delta: 1e-2,
  randomness: 'seeded-unsafe',
};
const training: LocalTrainingPrivacy = {
  kind: 'examples',
  clippingNorm: 1,
  noiseMultiplier: 0.9,
  delta: 1e-2,
  randomness: 'seeded-unsafe',
};
const options: SimulateOptions = {
  rounds: 3,
  clients: 2,
  seed: 3,
  local: { loss, optimizer: sgd(0.5), epochs: 2, batchSize: 4 },
};
const data = shares([10, 4, 12, 7], 6);

/** In how many rounds each participant was. */
function taken(
  history: readonly { readonly participants: readonly string[] }[],
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { participants } of history)
    for (const name of participants) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

describe('noise at each participant', () => {
  test('has the stated deviation on a clipped change of the parameters only', () => {
    const size = 20_000;
    const before = new Float64Array(size + 2).fill(3);
    const after = before.map((value, i) => (i < 2 ? value + 30 * (i + 1) : i < size ? value : 7));
    const task = { seed: 5, round: 2 };
    const made = after.slice();
    const demanded = { ...noise, rounds: 3 };
    addNoise(made, before, size, demanded, task);
    expect([...made.subarray(size)]).toEqual([3, 3]);
    // The change of norm 67 is scaled down to 0.5, noise has deviation 3 · 2 · 0.5 = 3.
    const clipped = after.slice();
    clip(clipped, before, size, 0.5);
    expect(clipped[0]! - 3).toBeCloseTo(0.5 / Math.sqrt(5), 12);
    expect(clipped[1]! - 3).toBeCloseTo(1 / Math.sqrt(5), 12);
    let [sum, squares] = [0, 0];
    for (let i = 0; i < size; i++) {
      const value = made[i]! - clipped[i]!;
      sum += value;
      squares += value * value;
    }
    expect(Math.abs(squares / size / 9 - 1)).toBeLessThan(0.05);
    expect(Math.abs(sum / size)).toBeLessThan(0.11);
    const again = after.slice();
    addNoise(again, before, size, demanded, { ...task, round: 3 });
    expect(again[5]).not.toBe(made[5]);
  });

  test('shows nothing beside it, whatever weights a coordinator makes up', () => {
    const noiseOn = (before: readonly number[], after: readonly number[]): number[] => {
      const made = Float64Array.from(after);
      const demanded = { ...noise, rounds: 3 };
      addNoise(made, Float64Array.from(before), before.length, demanded, { seed: 5, round: 2 });
      return [...made];
    };
    const alone = noiseOn([0, 0, 0], [0, 0, 0]);
    // Where training ends in numbers that are none is not told: the change counts as none.
    for (const end of [NaN, Infinity, -Infinity])
      expect(noiseOn([0, 0, 0], [end, 2, 3])).toEqual(alone);
    expect(noiseOn([1e308, 0, 0], [-1e308, 2, 3])).toEqual([1e308, alone[1], alone[2]]);
    // Multiples of 8: changes of 5 would have become 8 before the noise came, beyond the norm that it is made for.
    const long = { ...noise, clippingNorm: 5, rounds: 3 };
    const [at, to] = [Float64Array.of(2 ** 55), Float64Array.of(2 ** 55 + 8)];
    const only = new Float64Array(1);
    addNoise(only, new Float64Array(1), 1, long, { seed: 5, round: 2 });
    addNoise(to, at, 1, long, { seed: 5, round: 2 });
    expect(to[0]).toBe(2 ** 55 + (5 + only[0]!));
  });

  test('is accounted for at each participant, round by round, and hides losses', async () => {
    const { history, privacy } = await simulate(classical(), data, {
      ...options,
      privacy: noise,
      rounds: 4,
    });
    const spent = (steps: number): number =>
      pldAccountant({ noiseMultiplier: 3, sampleRate: 1, steps }).epsilon(1e-2);
    for (const [name, rounds] of taken(history))
      expect(privacy!.participants[name]).toBe(spent(rounds));
    for (const [r, record] of history.entries()) {
      expect(record.epsilon).toBe(spent(Math.max(...taken(history.slice(0, r + 1)).values())));
      expect(record.loss).toBeNaN();
    }
    expect(privacy).toMatchObject({ kind: 'local', epsilon: history.at(-1)!.epsilon, rounds: 4 });
  });

  test('goes with every strategy, and keeps a target for all rounds', async () => {
    const { noiseMultiplier: _, ...rest } = noise;
    const { privacy } = await simulate(classical(), data, {
      ...options,
      clients: 4,
      strategy: krum({ liars: 0 }),
      privacy: { ...rest, epsilon: 4 },
    });
    expect(Object.values(privacy!.participants)).toHaveLength(4);
    for (const epsilon of Object.values(privacy!.participants)) {
      expect(epsilon).toBeLessThanOrEqual(4);
      expect(epsilon).toBeGreaterThan(3.9);
    }
  });
});

describe('private training at each participant', () => {
  test('is that of fit: one participant alone is private central training', async () => {
    const [here, there] = [classical(), classical()];
    const { privacy } = await simulate(here, [data[0]!], {
      ...options,
      clients: 1,
      privacy: training,
    });
    const { kind: _, ...rest } = training;
    const whole = await fit(there, data[0]!, {
      loss,
      optimizer: sgd(0.5),
      batchSize: 4,
      epochs: 6,
      seed: 3,
      privacy: rest,
    });
    expect(bitsOf(here)).toBe(bitsOf(there));
    expect(privacy!.participants['0']).toBe(whole.privacy!.epsilon);
  });

  test('spends by its own number of examples and rounds', async () => {
    const { history, privacy } = await simulate(classical(), data, {
      ...options,
      privacy: training,
    });
    const sizes = [10, 4, 12, 7];
    for (const [name, rounds] of taken(history)) {
      const size = sizes[Number(name)]!;
      const steps = rounds * 2 * Math.ceil(size / 4);
      const sampleRate = Math.min(4, size) / size;
      const { epsilon } = pldAccountant({ noiseMultiplier: 0.9, sampleRate, steps });
      expect(privacy!.participants[name]).toBe(epsilon(1e-2));
    }
    expect(privacy!.epsilon).toBe(Math.max(...Object.values(privacy!.participants)));
  });

  test('keeps a target for all rounds, and agrees with itself', async () => {
    const { noiseMultiplier: _, ...rest } = training;
    const target: SimulateOptions = { ...options, clients: 4, privacy: { ...rest, epsilon: 5 } };
    const [one, two] = [classical(), classical()];
    const first = await simulate(one, data, target);
    expect(withoutTime(await simulate(two, data, target))).toEqual(withoutTime(first));
    expect(bitsOf(two)).toBe(bitsOf(one));
    for (const epsilon of Object.values(first.privacy!.participants)) {
      expect(epsilon).toBeLessThanOrEqual(5);
      expect(epsilon).toBeGreaterThan(4.9);
    }
  });

  test('differs between participants and rounds where the data do not', async () => {
    const same = [data[0]!, data[0]!];
    const model = classical();
    const weights: number[] = [];
    await simulate(model, same, {
      ...options,
      privacy: training,
      faults: { sends: (update) => (weights.push(update.weights[0]!), update) },
    });
    expect(new Set(weights).size).toBe(6);
    expect(gather(modelWeights('test', model.network!).shared).every(Number.isFinite)).toBe(true);
  });

  test('refuses options of fit that cannot be, before anything is trained', () => {
    const refused = (change: object) => () =>
      simulate(classical(), data, { ...options, privacy: { ...training, ...change } });
    expect(refused({ clippingNorm: 0 })).toThrow(
      'simulate: participant 0: fit: privacy.clippingNorm is 0',
    );
    expect(refused({ clipping: 'x' })).toThrow("fit: privacy.clipping is 'x'");
    expect(refused({ delta: 2 })).toThrow('simulate: privacy.delta is 2');
  });
});
