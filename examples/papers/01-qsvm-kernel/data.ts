import { dataset, featureStatistics, standardize, subset, tthEvents } from 'ketwork';
import type { Dataset } from 'ketwork';

/** Events for training and for testing, scaled alike. */
export interface Events {
  readonly train: Dataset;
  readonly test: Dataset;
}

/** The first `train` of `most` training events, and test events that are the same whatever `train`. */
export function firstEvents(
  features: number,
  train: number,
  most: number,
  test: number,
  seed: number,
): Events {
  const all = tthEvents({ features, count: most + test, seed });
  return scaled(range(all, 0, train), range(all, most, test));
}

/** Events of one seed: standardised with the statistics of the training events, cut at ±3 and divided by 3. */
export function events(features: number, train: number, test: number, seed: number): Events {
  return firstEvents(features, train, train, test, seed);
}

function range(data: Dataset, from: number, count: number): Dataset {
  return subset(
    data,
    Array.from({ length: count }, (_, i) => from + i),
  );
}

/** Both, scaled by the statistics of the training events. */
function scaled(train: Dataset, test: Dataset): Events {
  const statistics = featureStatistics(train);
  const cut = (data: Dataset): Dataset => {
    const standard = standardize(data, statistics);
    const inputs = standard.inputs.map((v) => Math.max(-3, Math.min(3, v)) / 3);
    return dataset({ ...standard, inputs });
  };
  return { train: cut(train), test: cut(test) };
}
