import { FormatError } from '@ketwork/base';
import { loadSafetensors, saveSafetensors } from '@ketwork/nn';
import { describe, expect, it } from 'vitest';
import type { RoundRecord } from '../src/contract.ts';
import { packHistory, unpackHistory } from '../src/history.ts';
import type { RoundsState } from '../src/rounds/state.ts';
import { stateFromBytes, stateToBytes } from '../src/saved.ts';

const name = (k: number): string => `participant-${String(k).padStart(4, '0')}`;
const everybody = Array.from({ length: 500 }, (_, k) => name(k));

function record(round: number, selected: readonly string[], participants = selected): RoundRecord {
  const counts = { examples: 10 * participants.length, samples: 10 * participants.length };
  return {
    ...counts,
    round,
    attempts: 1,
    selected,
    participants,
    loss: 1 / (3 * round),
    bytes: 1e6,
    evaluation: {
      loss: Math.sin(round),
      metrics: { accuracy: 1 / round },
    },
    seconds: Math.PI * round,
  };
}

const state = (history: RoundRecord[]): RoundsState => ({
  identity: 'x',
  run: 'y',
  round: history.length + 1,
  attempt: 1,
  strategy: {},
  epsilons: {},
  weights: Float64Array.of(1),
  history,
});

/** Some of the names, other ones in every round. */
const some = (names: readonly string[], round: number, share: number): readonly string[] =>
  names.filter((_, k) => ((round * 7919 + k * 104729) % 1009) / 1009 < share);

describe('a history', () => {
  it('is saved and read again, whoever took part', () => {
    const history = [
      record(1, everybody),
      record(2, everybody, some(everybody, 2, 0.5)),
      record(3, some(everybody, 3, 0.02)),
      record(4, some(everybody, 4, 0.9), []),
      record(5, []),
      record(6, ['z', 'a'], ['a']),
      { ...record(7, ['z', 'é', '𝄞']), loss: NaN, epsilon: Infinity },
    ];
    for (let length = 0; length <= history.length; length++) {
      const given = state(history.slice(0, length));
      expect(stateFromBytes(stateToBytes({ rounds: given, participants: {} })).rounds).toEqual(
        given,
      );
    }
    // As it grows, with new names, and with a record that is replaced.
    const growing: RoundRecord[] = [];
    for (const one of history) {
      growing.push({ ...one, bytes: 1 });
      packHistory(growing);
      growing[growing.length - 1] = one;
      expect(unpackHistory(packHistory(growing))).toEqual(growing);
    }
  });

  it(
    'of 10,000 rounds of 500 participants is small enough to go on from',
    { timeout: 60_000 },
    () => {
      const halves = Array.from({ length: 20 }, (_, k) => some(everybody, k, 0.5));
      const history = Array.from({ length: 10_000 }, (_, i) =>
        record(i + 1, everybody, halves[i % 20]),
      );
      const given = state(history);
      const bytes = stateToBytes({ rounds: given, participants: {} });
      expect(bytes.length).toBeLessThan(6e6);
      const { rounds } = stateFromBytes(bytes);
      expect(rounds.history).toHaveLength(10_000);
      for (const i of [0, 1, 4999, 9999]) expect(rounds.history[i]).toEqual(history[i]);
      // Once packed, a record is not packed again.
      const before = packHistory(history).records;
      history.push(record(10_001, everybody));
      const after = packHistory(history).records;
      expect(after).toHaveLength(10_001);
      expect(before.every((one, i) => one === after[i])).toBe(true);
    },
  );

  it('as it was saved before is read too', () => {
    const given = state([record(1, everybody)]);
    const { tensors, metadata } = loadSafetensors(
      stateToBytes({ rounds: given, participants: {} }),
    );
    const notes = JSON.parse(metadata['federation']!) as object;
    const federation = JSON.stringify({ ...notes, history: given.history });
    const former = saveSafetensors(tensors, { format: 'ketwork.federation/1', federation });
    expect(stateFromBytes(former).rounds).toEqual(given);
  });

  it('that is damaged is refused', () => {
    const { names, records } = packHistory([record(1, everybody, some(everybody, 1, 0.5))]);
    for (const change of [
      { selected: 'r0 9z9' },
      { selected: 'r0 -1' },
      { selected: 'rx ?' },
      { participants: 'bAAAA' },
      { participants: 'b%' },
      { participants: 'c' },
      { participants: undefined },
    ]) {
      const packed = { names, records: [{ ...records[0]!, ...change }] };
      expect(() => unpackHistory(packed as never)).toThrow(FormatError);
    }
  });
});
