import { crossEntropy, fit, partitionIid, rmsprop, sgd, simulate } from 'ketwork';
import type { Dataset, Model } from 'ketwork';
import { hybrid } from './models.ts';

/** Largest differences of weights between federations and central training. */
export interface Identities {
  /** One round of all participants, one full-batch step each, against one step on all examples. */
  readonly step: number;
  /** Several rounds of the only participant against as many epochs with the same seed. */
  readonly alone: number;
}

/** Weights of a model, one after the other. */
function weightsOf(model: Model): number[] {
  return model.network!.parameters.flatMap(({ data }) => [...data]);
}

function apart(a: Model, b: Model): number {
  const others = weightsOf(b);
  return Math.max(...weightsOf(a).map((value, i) => Math.abs(value - others[i]!)));
}

/** Compares federations with central training that must be equal to them. */
export async function identities(
  train: Dataset,
  clients: number,
  seed: number,
): Promise<Identities> {
  const loss = crossEntropy;
  const [federated, central] = [hybrid(), hybrid()];
  const optimizer = sgd(0.1);
  const batchSize = train.size;
  const parts = partitionIid(train, clients, { seed });
  await simulate(federated, parts, { rounds: 1, local: { loss, optimizer, batchSize }, seed });
  await fit(central, train, { loss, optimizer, batchSize, epochs: 1, seed });
  const step = apart(federated, central);

  const [alone, same] = [hybrid(), hybrid()];
  const rounds = 3;
  await simulate(alone, [train], { rounds, local: { loss, optimizer, batchSize: 32 }, seed });
  await fit(same, train, { loss, optimizer, batchSize: 32, epochs: rounds, seed });
  const [once, fitted] = [hybrid(), hybrid()];
  const state = rmsprop(0.01);
  await simulate(once, [train], { rounds: 1, local: { loss, optimizer: state, epochs: 2 }, seed });
  await fit(fitted, train, { loss, optimizer: state, epochs: 2, seed });
  return { step, alone: Math.max(apart(alone, same), apart(once, fitted)) };
}
