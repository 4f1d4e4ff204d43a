import { imageGraphs, larTpc, take } from 'ketwork';
import type { Dataset, Particle } from 'ketwork';
import { NODES, RADIUS } from './models.ts';

/** Two particles to tell apart. */
export interface Task {
  readonly name: string;
  readonly particles: readonly [Particle, Particle];
}

/** The pairs, the two that count for the criteria first. */
export const TASKS: readonly Task[] = [
  { name: 'μ-e', particles: ['muon', 'electron'] },
  { name: 'μ-p', particles: ['muon', 'proton'] },
  { name: 'μ-π', particles: ['muon', 'pion'] },
];

/** Events as images and as graphs, in the same order. */
export interface Events {
  readonly images: Dataset;
  readonly graphs: Dataset;
}

/** Draws events; those for training and for the test do not overlap. */
export function events(
  { particles }: Task,
  seed: number,
  trainCount: number,
  testCount: number,
): { readonly train: Events; readonly test: Events } {
  const images = larTpc({ particles, size: 16, count: trainCount + testCount, seed });
  const graphs = imageGraphs(images, { nodes: NODES, radius: RADIUS });
  const part = (count: number, offset: number): Events => ({
    images: take(images, count, offset),
    graphs: take(graphs, count, offset),
  });
  return { train: part(trainCount, 0), test: part(testCount, trainCount) };
}
