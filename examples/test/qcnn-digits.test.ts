import {
  adam,
  crossEntropy,
  dense,
  fit,
  mnist,
  qcnn,
  resizeImages,
  scale,
  sequential,
} from 'ketwork';
import { expect, test } from 'vitest';

test('a QCNN of Cong, Choi and Lukin on 6 qubits tells real handwritten 3 from 6', async () => {
  const load = async (split: 'train' | 'test', limit: number) =>
    resizeImages(await mnist({ split, classes: ['3', '6'], limit, from: import.meta.url }), 8);
  const [train, test] = [await load('train', 300), await load('test', 300)];
  // 8 × 8 pixels are the 64 amplitudes of 6 qubits; ⟨Z⟩ of the last one decides.
  const network = qcnn(6, { embedding: 'amplitude' });
  expect(network.readout).toEqual([5]);
  const model = sequential(network.layer(), scale(4), dense(1, 2));
  const options = {
    loss: crossEntropy,
    optimizer: adam(0.05),
    epochs: 6,
    batchSize: 20,
    seed: 2,
    validation: test,
  };
  const { history } = await fit(model, train, options);
  expect(history.at(-1)!.validation!.metrics['accuracy']).toBeGreaterThan(0.85);
});
