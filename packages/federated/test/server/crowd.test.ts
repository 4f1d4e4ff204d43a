import { expect, it } from 'vitest';
import { crowd } from './crowd.ts';

it('a federation of 60 participants, half of which drop out of every round, goes on', async () => {
  const { history, outcomes, wrong, same } = await crowd({
    participants: 60,
    rounds: 3,
    roundTimeout: 0.7,
    size: 100,
  });
  expect(history).toHaveLength(3);
  for (const { participants } of history) {
    expect(participants.length).toBeGreaterThanOrEqual(10);
    expect(participants.length).toBeLessThanOrEqual(45);
  }
  expect(wrong).toBe(0);
  expect(same).toBe(true);
  expect(outcomes['refused']).toBeGreaterThan(0);
});
