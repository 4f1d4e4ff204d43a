import { coordinateMedian, fedAdam, krum, simulate } from '@ketwork/federated';
import type { CentralPrivacy, SimulateOptions } from '@ketwork/federated';
import { batchNorm, crossEntropy, dense, sequential, sgd } from '@ketwork/nn';
import { noiseMultiplierFor, pldAccountant, rdpAccountant } from '@ketwork/training';
import { describe, expect, test } from 'vitest';
import { Rounds } from '../../src/rounds/rounds.ts';
import { names, plan, start, update } from '../rounds/common.ts';
import { bitsOf, classical, shares, withoutTime } from '../simulate/common.ts';

const privacy: CentralPrivacy = {
  kind: 'central',
  clippingNorm: 2,
  noiseMultiplier: 0,
  delta: 1e-3,
  randomness: 'seeded-unsafe',
};
const noisy: CentralPrivacy = { ...privacy, noiseMultiplier: 0.8 };

describe('a private round', () => {
  test('clips every change of the parameters and divides by the number expected', () => {
    const rounds = new Rounds(plan({ privacy, clients: 5 }));
    expect(rounds.open(names).task('a').clippingNorm).toBe(2);
    // Changes from [1, -2, 0.5]: [3, 4] of norm 5 becomes [1.2, 1.6]; [0, 1] stays. The buffer is left alone.
    rounds.accept(update([4, 2, 9], { examples: 1000 }), 'a');
    rounds.accept(update([1, -1, 9]), 'b');
    rounds.close(0);
    expect(rounds.state.weights[0]).toBeCloseTo(1 + 1.2 / 5, 12);
    expect(rounds.state.weights[1]).toBeCloseTo(-2 + 2.6 / 5, 12);
    expect(rounds.state.weights[2]).toBe(0.5);
  });

  test('takes a sum of clipped changes in place of single ones', () => {
    const one = new Rounds(plan({ privacy: noisy, clients: 5 }));
    const two = new Rounds(plan({ privacy: noisy, clients: 5 }));
    for (const rounds of [one, two]) rounds.open(names);
    one.accept(update([2, -1.5, 0.5]), 'a');
    one.accept(update([0.5, -1, 0.5]), 'd');
    one.close(0);
    const sum = Float64Array.of(0.5, 1.5, 0);
    two.closeSummed({ participants: ['a', 'd'], sum, examples: 20, loss: 0.5 }, 0);
    expect([...two.state.weights]).toEqual([...one.state.weights]);
  });

  test('has noise of the stated deviation, whoever answers', () => {
    const size = 2000;
    const shared = {
      layout: { entries: [{ name: 'w', shape: [size] }], size, trained: size },
      weights: new Float64Array(size),
    };
    for (const answering of [0, 2]) {
      const rounds = new Rounds(plan({ privacy: noisy, clients: 4, rounds: 10 }, shared));
      let [count, sum, squares] = [0, 0, 0];
      const lags = [0, 0];
      let last: Float64Array | undefined;
      while (!rounds.finished) {
        const { selected, weights, round } = rounds.open(names);
        for (const name of selected.slice(0, answering))
          rounds.accept(update([...weights], { round }), name);
        const before = weights.slice();
        rounds.close(0);
        const noise = rounds.state.weights.map((value, i) => (value - before[i]!) * 4);
        noise.forEach((value, i) => {
          count++;
          sum += value;
          squares += value * value;
          lags[0]! += value * (noise[i + 1] ?? 0);
          lags[1]! += value * (last?.[i] ?? 0);
        });
        last = noise;
      }
      // Deviation 0.8 · 2. Of 20,000 numbers the variance is known to 1 %, the mean to 0.011: five deviations each.
      const variance = (0.8 * 2) ** 2;
      expect(Math.abs(squares / count / variance - 1)).toBeLessThan(0.05);
      expect(Math.abs(sum / count)).toBeLessThan(0.057);
      // No two numbers and no two rounds have noise in common.
      for (const lag of lags) expect(Math.abs(lag / count / variance)).toBeLessThan(0.036);
    }
  });

  test('draws everybody with the same probability, independently', () => {
    const rounds = new Rounds(plan({ privacy, clients: 2, rounds: 2000 }));
    const counts = new Map(names.map((name) => [name, 0]));
    let [both, sizes] = [0, 0];
    while (!rounds.finished) {
      const { selected } = rounds.open(names);
      for (const name of selected) counts.set(name, counts.get(name)! + 1);
      if (selected.includes('a') && selected.includes('b')) both++;
      sizes += selected.length ** 2;
      rounds.close(0);
    }
    // Binomial with 2000 draws of probability 0.4: deviation 22.
    for (const count of counts.values()) expect(Math.abs(count - 800)).toBeLessThan(110);
    // Pairs: probability 0.16, deviation 16.
    expect(Math.abs(both - 320)).toBeLessThan(82);
    // The number drawn has variance 5 · 0.4 · 0.6 around 2, so its square has mean 5.2.
    expect(Math.abs(sizes / 2000 - 5.2)).toBeLessThan(0.6);
  });

  test('draws and adds what nobody can know, unless asked otherwise', () => {
    const secret = { ...noisy, randomness: 'cryptographic' } as const;
    const results = [0, 1].map(() => {
      const rounds = new Rounds(plan({ privacy: secret, clients: 2, rounds: 30 }));
      const drawn: string[] = [];
      while (!rounds.finished) {
        drawn.push(rounds.open(names).selected.join(''));
        rounds.close(0);
      }
      return { drawn, weights: [...rounds.state.weights] };
    });
    expect(results[0]!.drawn).not.toEqual(results[1]!.drawn);
    expect(results[0]!.weights).not.toEqual(results[1]!.weights);
  });
});

describe('a private federation', () => {
  const loss = crossEntropy;
  const options: SimulateOptions = {
    rounds: 3,
    clients: 4,
    seed: 3,
    privacy: noisy,
    strategy: fedAdam(),
    local: { loss, optimizer: sgd(0.5), batchSize: 6 },
  };
  const data = shares([10, 4, 12, 7, 9, 8, 6, 5], 6);

  test('reports what was spent after every round, as the accountant has it', async () => {
    const { history, privacy: report } = await simulate(classical(), data, options);
    const spent = (steps: number): number =>
      pldAccountant({ noiseMultiplier: 0.8, sampleRate: 0.5, steps }).epsilon(1e-3);
    expect(history.map(({ epsilon }) => epsilon)).toEqual([spent(1), spent(2), spent(3)]);
    expect(report).toMatchObject({
      kind: 'central',
      epsilon: spent(3),
      delta: 1e-3,
      noiseMultiplier: 0.8,
      sampleRate: 0.5,
      clippingNorm: 2,
      rounds: 3,
      participants: {},
    });
    expect(report!.warnings).toHaveLength(1);
    const rdp = await simulate(classical(), data, {
      ...options,
      privacy: { ...noisy, accountant: 'rdp', delta: 0.2 },
    });
    const rdpSpent = rdpAccountant({ noiseMultiplier: 0.8, sampleRate: 0.5, steps: 3 });
    expect(rdp.privacy!.epsilon).toBe(rdpSpent.epsilon(0.2));
    expect(rdp.privacy!.warnings[1]).toMatch(
      'δ is not below one over the number of participants, 8',
    );
    const none = await simulate(classical(), data, { ...options, privacy });
    expect(none.privacy).toMatchObject({ epsilon: Infinity });
    expect(none.privacy!.warnings[0]).toBe('There was no noise, so nothing is guaranteed.');
  });

  test('finds the noise for a target, and spends no more', async () => {
    const { noiseMultiplier: _, ...rest } = noisy;
    const target = { ...rest, epsilon: 3 };
    const { privacy: report } = await simulate(classical(), data, { ...options, privacy: target });
    expect(report!.noiseMultiplier).toBe(
      noiseMultiplierFor({ epsilon: 3, delta: 1e-3, steps: 3, sampleRate: 0.5 }),
    );
    expect(report!.epsilon).toBeLessThanOrEqual(3);
    expect(report!.epsilon).toBeGreaterThan(2.9);
  });

  test('is the same again from the same seed, also where it was interrupted', async () => {
    const [one, two, three] = [classical(), classical(), classical()];
    const first = await simulate(one, data, options);
    await simulate(two, data, options);
    const { state } = await simulate(three, data, { ...options, rounds: 1 });
    const rest = await simulate(three, data, { ...options, state });
    expect(bitsOf(two)).toBe(bitsOf(one));
    expect(bitsOf(three)).toBe(bitsOf(one));
    expect(withoutTime(rest)).toEqual(withoutTime(first));
  });

  test('goes on where nobody was drawn or nobody answered', async () => {
    const faults = { drops: () => true };
    const { history } = await simulate(classical(), data, { ...options, faults });
    expect(history).toMatchObject([
      { participants: [], examples: 0, loss: NaN },
      { participants: [] },
      { participants: [] },
    ]);
  });
});

describe('refused at the door', () => {
  test.each([
    [
      { strategy: coordinateMedian() },
      'noise to the sum of updates, which coordinateMedian does not form',
    ],
    [{ strategy: krum({ liars: 0 }) }, 'which krum does not form'],
    [{ minimum: 2 }, 'minimum would make a round depend on who takes part in it'],
    [{ maxNorm: 2 }, 'maxNorm would make a round depend on who takes part in it'],
    [{ privacy: { ...privacy, kind: 'x' as 'central' } }, "privacy.kind is 'x'"],
    [{ privacy: { ...privacy, delta: 0 } }, 'privacy.delta is 0'],
    [{ privacy: { ...privacy, epsilon: 1 } }, 'needs either a noiseMultiplier or an epsilon'],
    [{ privacy: { ...privacy, noiseMultiplier: -1 } }, 'privacy.noiseMultiplier is -1'],
    [{ privacy: { ...noisy, clippingNorm: Infinity } }, 'privacy.clippingNorm is Infinity'],
    [{ privacy: { ...noisy, accountant: 'x' as 'rdp' } }, "privacy.accountant is 'x'"],
    [{ privacy: { ...noisy, randomness: 'x' as 'cryptographic' } }, "privacy.randomness is 'x'"],
    [
      { privacy: { kind: 'central', clippingNorm: 1, epsilon: 1e-9, delta: 1e-12 } as const },
      'is out of reach',
    ],
  ])('%o', (change, message) => {
    expect(() => plan({ privacy, ...change })).toThrow(message);
  });

  test.each(['central', 'local', 'examples'] as const)(
    'layers that couple examples (%s)',
    (kind) => {
      const coupled = sequential(dense(2, 3), batchNorm(), dense(3, 2));
      const refused = () =>
        simulate(coupled, shares([9, 9], 1), {
          rounds: 1,
          seed: 1,
          local: { loss: crossEntropy, optimizer: sgd(0.1) },
          privacy: { ...noisy, kind },
        });
      expect(refused).toThrow('layer 1 (batchNorm)');
      expect(refused).toThrow('Use layerNorm instead of batchNorm');
    },
  );

  test('batch normalisation is fine without privacy, and its statistics are averaged', async () => {
    const model = sequential(dense(2, 3), batchNorm(), dense(3, 2));
    await simulate(model, shares([9, 9], 1), {
      rounds: 2,
      seed: 1,
      local: { loss: crossEntropy, optimizer: sgd(0.1), batchSize: 9 },
    });
    expect(model.network!.buffers[0]!.data.every((value) => value !== 0)).toBe(true);
    expect(start.layout.trained).toBe(2);
  });
});
