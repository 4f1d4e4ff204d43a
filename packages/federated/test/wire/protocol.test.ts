import { describe, expect, it } from 'vitest';
import { taskOf } from '../../src/rounds/task.ts';
import { finishedBody, isToken, joinReply, trainBody } from '../../src/wire/protocol.ts';
import { plan } from '../rounds/common.ts';

const task = taskOf(plan({}), 'a', 1, 1, 5);
const weights = Float64Array.of(1, 2, 3);
const local = { kind: 'local', clippingNorm: 1, noiseMultiplier: 1, delta: 1e-3, rounds: 3 };

describe('what a coordinator says', () => {
  const read = trainBody(3);

  it('is taken where it is as it should be', () => {
    expect(read({ task, weights }, 'it')).toEqual({ task, weights });
    expect(read({ task: { ...task, privacy: local }, weights }, 'it').task.privacy).toEqual(local);
  });

  it('is refused where it would lead a participant astray', () => {
    for (const bad of [NaN, Infinity]) {
      const made = Float64Array.of(1, bad, 3);
      expect(() => read({ task, weights: made }, 'it')).toThrow(
        'it.weights is not an array of finite',
      );
      const end = { rounds: 1, reason: 'completed', weights: made };
      expect(() => finishedBody(3)(end, 'it')).toThrow('it.weights is not an array of finite');
    }
    for (const privacy of [null, 7, {}, { ...local, kind: 'central' }])
      expect(() => read({ task: { ...task, privacy }, weights }, 'it')).toThrow(
        "it.task.privacy.kind is not 'local' or 'examples'",
      );
    const reply = { run: 'r', participant: 'a', rounds: 1, pollSeconds: 25, population: 2 };
    expect(joinReply(reply, 'it')).toEqual(reply);
    for (const pollSeconds of [-31, 1e12])
      expect(() => joinReply({ ...reply, pollSeconds }, 'it')).toThrow('it.pollSeconds');
  });
});

it('a token is visible ASCII of 16 to 512 characters', () => {
  const good = 'x'.repeat(16);
  expect([good, 'x'.repeat(512)].every(isToken)).toBe(true);
  for (const bad of [
    'x'.repeat(15),
    'x'.repeat(513),
    `${good}\n`,
    `${good} ${good}`,
    `${good}é`,
    7,
  ])
    expect(isToken(bad)).toBe(false);
});
