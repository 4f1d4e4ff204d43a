import type { Circuit } from '@ketwork/circuit';
import { pairMeanFeatureMap } from '@ketwork/kernels';
import { Random } from '@ketwork/testing';

const random = new Random(11);

/** 200 examples of 4 features. */
export const examples: Float64Array = Float64Array.from({ length: 800 }, () =>
  random.uniform(-1, 1),
);

export const featureMap: Circuit<'x'> = pairMeanFeatureMap(4);
