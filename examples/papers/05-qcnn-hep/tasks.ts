import { key, larTpc, mnist, resizeImages, splitDataset, take } from 'ketwork';
import type { Dataset, Particle } from 'ketwork';
import { SIDE } from './models.ts';

/** Two classes of images to tell apart. */
export interface Task {
  readonly name: string;
  readonly source: string;
  /** Draws balanced or real examples: training and test images never overlap. */
  load(
    seed: number,
    trainCount: number,
    testCount: number,
  ): Promise<{ readonly train: Dataset; readonly test: Dataset }>;
}

function particles(name: string, pair: readonly [Particle, Particle]): Task {
  return {
    name,
    source: 'generated, LArTPC-like (the simulation of the paper is not public)',
    load(seed, trainCount, testCount) {
      const all = larTpc({ particles: pair, size: SIDE, count: trainCount + testCount, seed });
      return Promise.resolve({
        train: take(all, trainCount),
        test: take(all, testCount, trainCount),
      });
    },
  };
}

/** Muon and electron: a track and a shower. */
export const muonElectron: Task = particles('μ-e', ['muon', 'electron']);
/** Muon and proton: a long and a short track with a bright end. */
export const muonProton: Task = particles('μ-p', ['muon', 'proton']);
/** Muon and charged pion: a straight track and one with a kink. */
export const muonPion: Task = particles('μ-π', ['muon', 'pion']);
/** The other three pairs of the four particles of the paper. */
export const otherPairs: readonly Task[] = [
  particles('e-p', ['electron', 'proton']),
  particles('e-π', ['electron', 'pion']),
  particles('p-π', ['proton', 'pion']),
];

/** Handwritten 3 and 8: real images, from 28 × 28 to 16 × 16 by area averaging. */
export const digits: Task = {
  name: 'MNIST 3-8',
  source: 'MNIST, real images',
  async load(seed, trainCount, testCount) {
    const options = { classes: ['3', '8'], from: import.meta.url };
    const some = async (split: 'train' | 'test', count: number): Promise<Dataset> => {
      const images = await mnist({ ...options, split });
      return resizeImages(splitDataset(images, [count], key(seed))[0]!, SIDE);
    };
    return { train: await some('train', trainCount), test: await some('test', testCount) };
  },
};
