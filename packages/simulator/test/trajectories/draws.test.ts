import { Random } from '@ketwork/testing';
import { describe, expect, it } from 'vitest';
import { Draws } from '../../src/trajectories/draws.ts';

describe('random numbers of trajectories', () => {
  it('depend on seed, example, stream, trajectory and place, in whatever order they are asked for', () => {
    const draws = new Draws(7, 3);
    const lists = [0, 1, 5].map((t) => draws.fill(t, new Float64Array(300)));
    const random = new Random(1);
    for (let i = 0; i < 500; i++) {
      const place = random.integer(300);
      const which = random.integer(3);
      expect(draws.at([0, 1, 5][which]!, place)).toBe(lists[which]![place]);
    }
    draws.clear();
    expect(draws.at(5, 170)).toBe(lists[2]![170]);
    const others = [new Draws(8, 3), new Draws(7, 4), new Draws(7, 3, 1)];
    const all = [...lists, ...others.map((other) => other.fill(0, new Float64Array(300)))];
    expect(new Set(all.flatMap((list) => [...list])).size).toBe(6 * 300);
    expect(Math.max(...all.flatMap((list) => [...list]))).toBeLessThan(1);
  });
});
