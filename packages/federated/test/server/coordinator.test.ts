import { describe, expect, it } from 'vitest';
import { coordinate, lightModel, takePart } from './light.ts';

describe('a coordinator', () => {
  it('brings rounds to their end with all participants', async () => {
    const names = ['a', 'b', 'c'];
    const model = lightModel();
    await using server = await coordinate(names, {}, model);
    const parts = names.map((name) => takePart(server.url, name));
    const seen: number[] = [];
    for await (const { round } of server) seen.push(round);
    const result = await server.result;
    expect(seen).toEqual([1, 2, 3]);
    expect(result.reason).toBe('completed');
    for (const record of result.history) expect(record.participants).toEqual(names);
    for (const { rounds, end } of await Promise.all(parts)) {
      expect(rounds.map(({ round, outcome }) => [round, outcome])).toEqual([
        [1, 'accepted'],
        [2, 'accepted'],
        [3, 'accepted'],
      ]);
      expect(end.weights).toEqual(model.weights);
    }
  });
});
