import { Z, circuit, expval, input, weight } from '@ketwork/circuit';
import { qcnn, quantum } from '@ketwork/layers';
import {
  adam,
  crossEntropy,
  dense,
  dropout,
  saveSafetensors,
  sequential,
  stateOf,
  tanh,
} from '@ketwork/nn';
import type { Model } from '@ketwork/nn';
import { fit } from '@ketwork/training';
import type { FitOptions, FitResult } from '@ketwork/training';
import { describe, expect, test } from 'vitest';
import { clouds } from './clouds.ts';

const ansatz = circuit(2, (q) => {
  q.angleEmbedding(input('x', [2]));
  q.stronglyEntanglingLayers(weight('w', [1, 2, 3]));
});
const models: readonly (readonly [string, readonly number[], () => Model])[] = [
  ['classical', [2], () => sequential(dense(2, 6), tanh(), dropout(0.2), dense(6, 2))],
  [
    'hybrid',
    [2, 3],
    () =>
      sequential(
        dense(2, 2),
        dropout(0.1),
        quantum(ansatz, expval(Z(0), Z(1))),
        quantum(ansatz, expval(Z(0)), { shots: 50 }),
        dense(1, 4),
        qcnn(4).layer(),
        dense(1, 2),
      ),
  ],
];
const options: FitOptions = {
  loss: crossEntropy,
  optimizer: adam(0.05),
  epochs: 2,
  batchSize: 16,
  seed: 3,
};
const train = clouds(45, 1);

const bitsOf = (model: Model): string =>
  Buffer.from(saveSafetensors(stateOf(model))).toString('base64');
const withoutTime = ({ history }: FitResult) =>
  history.map((record) => ({ ...record, seconds: 0 }));

describe('workers', () => {
  test.each(models)('any number of them gives the same bits (%s)', async (_, counts, make) => {
    const results: (readonly [string, unknown])[] = [];
    for (const workers of [1, ...counts]) {
      const model = make();
      const result = await fit(model, train, { ...options, workers });
      results.push([bitsOf(model), withoutTime(result)]);
    }
    for (const result of results) expect(result).toEqual(results[0]);
  });
});
