import { key, normal } from '@ketwork/base';
import { Z, circuit, expval, input, weight } from '@ketwork/circuit';
import type { FederationResult, RoundRecord } from '@ketwork/federated';
import { quantum } from '@ketwork/layers';
import { dense, dropout, saveSafetensors, sequential, stateOf, tanh } from '@ketwork/nn';
import type { Model } from '@ketwork/nn';
import type { TrainingData } from '@ketwork/training';

/** Points around two centres, one class each. */
export function clouds(
  count: number,
  seed: number,
): TrainingData & { readonly inputShape: number[] } {
  const noise = normal(key(seed), 2 * count);
  const labels = Float64Array.from({ length: count }, (_, e) => e % 2);
  const inputs = noise.map((value, i) => 0.5 * value + (labels[i >> 1] === 1 ? 1 : -1) * 0.7);
  return { inputs, labels, inputShape: [2] };
}

/** The examples from one to before another. */
export function part({ inputs, labels }: TrainingData, from: number, to: number): TrainingData {
  const all = [Float64Array.from(inputs), Float64Array.from(labels)] as const;
  return {
    inputs: all[0].slice(2 * from, 2 * to),
    labels: all[1].slice(from, to),
    inputShape: [2],
  };
}

/** Data of participants of these sizes. */
export function shares(sizes: readonly number[], seed: number): TrainingData[] {
  const all = clouds(
    sizes.reduce((sum, size) => sum + size, 0),
    seed,
  );
  let at = 0;
  return sizes.map((size) => part(all, at, (at += size)));
}

export const classical = (): Model => sequential(dense(2, 4), tanh(), dense(4, 2));
export const dropping = (): Model => sequential(dense(2, 6), tanh(), dropout(0.2), dense(6, 2));
export const hybrid = (): Model =>
  sequential(
    quantum(
      circuit(2, (q) => {
        q.angleEmbedding(input('x', [2]));
        q.stronglyEntanglingLayers(weight('w', [2, 2, 3]));
      }),
      expval(Z(0), Z(1)),
    ),
    dense(2, 2),
  );

/** The bytes of everything in a model. */
export const bitsOf = (model: Model): string =>
  Buffer.from(saveSafetensors(stateOf(model))).toString('base64');

/** A history that does not depend on time. */
export const withoutTime = ({ history }: Pick<FederationResult, 'history'>): RoundRecord[] =>
  history.map((record) => ({ ...record, seconds: 0 }));
