import { Random } from '@ketwork/testing';
import type { TrainingData } from '@ketwork/training';

/** Two clouds of points. */
export function clouds(count: number, seed: number): TrainingData {
  const random = new Random(seed);
  const labels = Array.from({ length: count }, (_, i) => i % 2);
  const inputs = labels.flatMap((label) => [
    random.normal() + 2 * label,
    random.normal() - 2 * label,
  ]);
  return { inputs, labels };
}
