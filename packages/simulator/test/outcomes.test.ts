import { fillUniformAt, key } from '@ketwork/base';
import { sampleOutcomes } from '@ketwork/simulator';
import { Random } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { Sampler } from '../src/outcomes.ts';

/** The definition: the first outcome whose running sum is above u times the total. */
function inverted(probabilities: readonly number[], u: number): number {
  let total = 0;
  const sums = probabilities.map((p) => (total += Math.max(0, p)));
  const found = sums.findIndex((sum) => sum > u * total);
  return found >= 0 ? found : probabilities.findLastIndex((p) => p > 0);
}

describe('sampling', () => {
  const random = new Random(11);
  const many = (length: number, p: () => number): number[] => Array.from({ length }, p);
  const distributions: [string, number[]][] = [
    ['one', [0.3]],
    ['even', many(64, () => 1)],
    ['exponential', many(300, () => -Math.log(random.uniform()))],
    ['over thirty decades', many(300, () => Math.exp(-70 * random.uniform()))],
    ['mostly zero', many(500, () => (random.uniform() < 0.98 ? 0 : random.uniform()))],
    ['with rounding below zero', [0.5, -1e-17, 0.5, -1e-18]],
    // Hundreds of sums that the integers of the index cannot tell apart.
    ['crowded', [1, ...many(400, () => 1e-12), 1, ...many(400, () => 1e-13)]],
    ['crowded at the end', [...many(100, () => 1e-20), 1, ...many(200, () => 1e-17)]],
    ['tiny in all', many(50, () => 1e-305 * random.uniform())],
    ['large in all', many(50, () => 1e300 * random.uniform())],
  ];
  it.each(distributions)('inverts the running sum (%s)', (_, p) => {
    for (const shots of [1, 7, 3000]) {
      const u = fillUniformAt(key(5), 2, 0, new Float64Array(shots));
      const wanted = Array.from(u, (x) => inverted(p, x));
      expect([...sampleOutcomes(p, key(5), 2, shots)]).toEqual(wanted);
    }
  });

  it('gives the same whatever was drawn before', () => {
    const sampler = new Sampler();
    for (let i = 0; i < 40; i++) {
      const p = Float64Array.from({ length: random.integer(1, 200) }, () => random.uniform());
      const shots = random.integer(1, 300);
      const alone = sampleOutcomes(p, key(i), i, shots);
      expect(sampler.draw(p, key(i), i, shots)).toEqual(alone);
    }
  });

  it('leaves the caller its probabilities', () => {
    const p = Float64Array.of(0.25, 0.75);
    sampleOutcomes(p, key(1), 0, 10);
    expect([...p]).toEqual([0.25, 0.75]);
  });
});
