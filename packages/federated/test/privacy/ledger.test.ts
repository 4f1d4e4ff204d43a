import { federate, join } from '@ketwork/federated';
import type { JoinResult, ParticipantPrivacy, RoundTask } from '@ketwork/federated';
import { crossEntropy, sgd } from '@ketwork/nn';
import { pldAccountant } from '@ketwork/training';
import { describe, expect, test } from 'vitest';
import { gather, modelWeights } from '../../src/local/layout.ts';
import { PrivacyLedger } from '../../src/local/ledger.ts';
import { newParticipant, trainRound } from '../../src/local/round.ts';
import type { LocalModel } from '../../src/local/round.ts';
import { taskOf } from '../../src/rounds/task.ts';
import { plan } from '../rounds/common.ts';
import { classical, clouds } from '../simulate/common.ts';

const data = clouds(20, 1);
const local = { loss: crossEntropy, optimizer: sgd(0.1), epochs: 2, batchSize: 5 };
const noise: ParticipantPrivacy = {
  kind: 'local',
  clippingNorm: 1,
  noiseMultiplier: 4,
  delta: 1e-2,
  rounds: 9,
};
const steps: ParticipantPrivacy = { ...noise, kind: 'examples', noiseMultiplier: 1 };

/** A participant with a limit. */
function participant(epsilon: number): (privacy: object) => Promise<unknown> {
  const model = classical();
  const network = model.build([2], 1);
  const weights = modelWeights('test', network);
  const ledger = new PrivacyLedger({ epsilon, delta: 1e-2 });
  const own: LocalModel = { model, network, weights, losses: [], engine: undefined, ledger };
  const start = gather(weights.shared);
  const task: RoundTask = taskOf(plan({ local }), 'a', 1, 1, 5);
  return (change) => trainRound(own, data, { ...task, ...change }, start, newParticipant(own));
}

describe('a participant with a privacy limit', () => {
  const three = (noiseMultiplier: number, sampleRate: number, count: number): number =>
    pldAccountant({ noiseMultiplier, sampleRate, steps: count }).epsilon(1e-2);

  test.each([
    ['noisy answers', noise, three(4, 1, 3)],
    ['private training', steps, three(1, 0.25, 24)],
  ])('trains until it is reached: %s', async (_, privacy, epsilon) => {
    const train = participant(epsilon);
    for (let round = 0; round < 3; round++)
      expect(await train({ privacy })).toHaveProperty('update.examples', 20);
    await expect(train({ privacy })).rejects.toThrow(
      `more than the ${epsilon} it allows. Ask for more noise or fewer rounds`,
    );
  });

  test('may be told by the participant, and goes on from what it has spent', async () => {
    const token = 'a-token-of-the-participant';
    const net = classical;
    const seen: (string | undefined)[] = [];
    let spent: JoinResult['state'] | undefined;
    for (const privacy of [noise, undefined]) {
      await using server = await federate(net(), {
        rounds: 2,
        attempts: 1,
        seed: 1,
        local,
        tokens: { a: token },
        ...(privacy === undefined ? {} : { privacy }),
      });
      server.result.catch(() => {});
      const part = join(server.url, net(), data, {
        token,
        privacyLimit: { epsilon: three(4, 1, 1), delta: 1e-2 },
        ...(spent === undefined ? {} : { state: spent }),
      });
      for await (const { outcome, reason } of part) {
        seen.push(outcome === 'failed' ? reason : outcome);
        if (outcome === 'failed') break;
      }
      spent = (await part).state;
    }
    expect(seen).toEqual([
      'accepted',
      expect.stringContaining('it allows'),
      expect.stringContaining('an update that is not private'),
    ]);
    expect(spent).toMatchObject({
      rounds: 1,
      spent: [{ noiseMultiplier: 4, sampleRate: 1, steps: 1 }],
    });
  });

  test('adds up rounds of different noise', async () => {
    const other = { ...noise, noiseMultiplier: 2 };
    const both = [
      { noiseMultiplier: 4, sampleRate: 1, steps: 2 },
      { noiseMultiplier: 2, sampleRate: 1, steps: 1 },
    ];
    const train = participant(pldAccountant(both).epsilon(1e-2));
    await train({ privacy: noise });
    await train({ privacy: other });
    await train({ privacy: noise });
    await expect(train({ privacy: { ...noise, noiseMultiplier: 100 } })).rejects.toThrow(
      'would have spent',
    );
  });

  test('does not train for a coordinator that wants to know more', async () => {
    const train = participant(100);
    await expect(train({})).rejects.toThrow('an update that is not private');
    await expect(train({ clippingNorm: 1 })).rejects.toThrow('an update that is not private');
    const seeded = { ...noise, randomness: 'seeded-unsafe' };
    await expect(train({ privacy: seeded })).rejects.toThrow('a seed that it knows');
    await expect(train({ privacy: { ...noise, kind: 'none' } })).rejects.toThrow('not known');
    for (const kind of [noise, steps]) {
      await expect(train({ privacy: { ...kind, noiseMultiplier: 0 } })).rejects.toThrow(
        'ε = Infinity',
      );
      await expect(train({ privacy: { ...kind, noiseMultiplier: -4 } })).rejects.toThrow('noise');
      await expect(train({ privacy: { ...kind, clippingNorm: Infinity } })).rejects.toThrow(
        'clipping',
      );
    }
    expect(await train({ privacy: noise })).toHaveProperty('update.examples', 20);
  });

  test('needs a limit that is one', () => {
    expect(() => new PrivacyLedger({ epsilon: 0, delta: 0.1 })).toThrow('the privacy limit ε = 0');
    expect(() => new PrivacyLedger({ epsilon: 1, delta: 1 })).toThrow('δ = 1 is not');
  });
});
