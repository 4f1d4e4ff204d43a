import { ValueError, key, normal, split } from '@ketwork/base';
import { dataset } from './dataset.ts';
import type { Dataset } from './dataset.ts';
import { draws } from './draws.ts';
import type { Draws } from './draws.ts';

/** A particle that {@link larTpc} can draw. */
export type Particle = 'muon' | 'proton' | 'pion' | 'electron' | 'neutron';

/** Options of {@link larTpc}. */
export interface LarTpcOptions {
  /** The classes, in the order of their labels; each at most once. */
  readonly particles: readonly Particle[];
  /** Side of the square images in pixels, at least 8. Default 16. */
  readonly size?: number;
  /** Number of images; example i has label `i mod particles.length`. */
  readonly count: number;
  /** Seed, an integer from 0 to 2^53 - 1. Example i depends on the seed, i, its particle and the size only. */
  readonly seed: number;
}

/** One image being drawn; `scale` is its side over 16, the side for which all lengths are given. */
interface Canvas {
  readonly size: number;
  readonly scale: number;
  readonly pixels: Float64Array;
}

/** What a straight or kinked track does. Lengths in pixels. */
interface Track {
  readonly x: number;
  readonly y: number;
  readonly angle: number;
  readonly length: number;
  /** Energy of one half-pixel step at path length `s`. */
  energy(s: number): number;
  /** Path length of a kink and its angle in radians. */
  readonly kink?: { readonly at: number; readonly angle: number };
}

const MINIMUM_IONISING = 0.35;
const SCATTERING = 0.02;
/** Where the electron's straight start and the pion's track after its kink end; see {@link larTpc}. */
const STUB = 2;
const PION_TAIL = 4;

/**
 * Toy images after the liquid-argon detector (LArTPC) data of Chen et al., arXiv 2012.12177. The paper's simulated DUNE
 * images are not public; this generator is a stand-in with the shapes of five particles: `muon` a straight track,
 * `proton` a short track with a Bragg rise at its end, `pion` a track with one kink, `electron` a shower, `neutron`
 * isolated clusters. A particle enters near the left edge; pixels are energies from 0 to 1, 0 below the threshold.
 *
 * Lengths are those of a 16 × 16 image and scale with the side; the energy per half-pixel step does not.
 *
 * Three choices are not physics but settings of this stand-in. Deposits of a shower are exponential with mean 0.35, the
 * energy of one step of a track. The kink of a pion, 0.5 to 1.2 rad, always turns the same way, to higher rows: kinks to
 * either side are hardly learned by small networks. Its track ends 4 pixels after the kink; this length was chosen so that
 * small classical networks (2 × 2 convolutions, 53 to 62 parameters, 200 images) tell pions from muons about nine times in
 * ten. With tracks through the whole image they do so two times in three.
 *
 * @returns Inputs `[count, size, size]` (row = across the beam, column = along it), labels in turn.
 * @throws ValueError where particles are unknown, repeated or none, or size, count or seed does not fit.
 * @example
 * ```ts
 * import { larTpc } from '@ketwork/datasets';
 * const data = larTpc({ particles: ['muon', 'electron'], size: 16, count: 200, seed: 7 });
 * console.log(data.inputShape, data.classes); // [ 16, 16 ] [ 'muon', 'electron' ]
 * ```
 */
export function larTpc({ particles, size = 16, count, seed }: LarTpcOptions): Dataset {
  particles.forEach((particle, i) => {
    if (!Object.hasOwn(PAINTERS, particle)) {
      throw new ValueError(`larTpc: unknown particle ${JSON.stringify(particle)}`, {
        remedy: `Use ${Object.keys(PAINTERS).join(', ')}`,
      });
    }
    if (particles.indexOf(particle) !== i)
      throw new ValueError(`larTpc: particle "${particle}" is given twice`);
  });
  if (particles.length === 0) throw new ValueError('larTpc: the list of particles is empty');
  if (!Number.isSafeInteger(size) || size < 8)
    throw new ValueError(`larTpc: size ${size} is not an integer of at least 8`);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new ValueError(`larTpc: count ${count} is not a positive integer`);

  const inputs = new Float64Array(count * size * size);
  const labels = new Int32Array(count);
  split(key(seed), count).forEach((exampleKey, i) => {
    const label = i % particles.length;
    labels[i] = label;
    const pixels = inputs.subarray(i * size * size, (i + 1) * size * size);
    const [shapeKey, noiseKey] = split(exampleKey, 2);
    PAINTERS[particles[label]!]({ size, scale: size / 16, pixels }, draws(shapeKey!));
    const noise = normal(noiseKey!, pixels.length);
    for (let p = 0; p < pixels.length; p++) {
      const energy = pixels[p]! + 0.02 * Math.abs(noise[p]!);
      pixels[p] = energy < 0.05 ? 0 : Math.min(energy, 2) / 2;
    }
  });
  return dataset({
    name: 'lartpc',
    inputs,
    inputShape: [size, size],
    labels,
    classes: particles,
    source:
      'generated: toy LArTPC images, a stand-in for the unpublished simulation of arXiv 2012.12177',
  });
}

const PAINTERS: Readonly<Record<Particle, (canvas: Canvas, draw: Draws) => void>> = {
  muon: (canvas, draw) => {
    track(canvas, draw, {
      ...enter(canvas, draw),
      length: Infinity,
      energy: () => minimumIonising(draw),
    });
  },
  proton: (canvas, draw) => {
    const length = canvas.scale * draw.between(6, 12);
    track(canvas, draw, {
      ...enter(canvas, draw),
      length,
      energy: (s) =>
        MINIMUM_IONISING * (1 + (0.35 * length) / (length - s + 0.5)) * (1 + 0.2 * draw.gauss()),
    });
  },
  pion: (canvas, draw) => {
    const kink = { at: canvas.scale * draw.between(5, 11), angle: draw.between(0.5, 1.2) };
    track(canvas, draw, {
      ...enter(canvas, draw),
      length: kink.at + canvas.scale * PION_TAIL,
      energy: () => minimumIonising(draw),
      kink,
    });
  },
  electron: (canvas, draw) => {
    const { x, y, angle } = enter(canvas, draw);
    track(canvas, draw, {
      x,
      y,
      angle,
      length: canvas.scale * STUB,
      energy: () => minimumIonising(draw),
    });
    for (let i = 0; i < 60; i++) {
      // A gamma variable of whole shape 3 is the sum of three exponential ones.
      const depth =
        canvas.scale * (draw.exponential(2.2) + draw.exponential(2.2) + draw.exponential(2.2));
      const aside = 0.12 * depth * draw.gauss();
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      deposit(
        canvas,
        x + depth * cos - aside * sin,
        y + depth * sin + aside * cos,
        draw.exponential(MINIMUM_IONISING),
      );
    }
  },
  neutron: (canvas, draw) => {
    const clusters = draw.integer(2, 4);
    for (let c = 0; c < clusters; c++) {
      const x = draw.between(1, canvas.size - 2);
      const y = draw.between(1, canvas.size - 2);
      const hits = draw.integer(3, 7);
      for (let h = 0; h < hits; h++) {
        deposit(
          canvas,
          x + 0.7 * draw.gauss(),
          y + 0.7 * draw.gauss(),
          draw.exponential(MINIMUM_IONISING),
        );
      }
    }
  },
};

function enter({ size, scale }: Canvas, draw: Draws): { x: number; y: number; angle: number } {
  return {
    x: draw.between(1, 2),
    y: size / 2 + scale * draw.between(-3, 3),
    angle: draw.between(-0.6, 0.6),
  };
}

function minimumIonising(draw: Draws): number {
  return MINIMUM_IONISING * (1 + 0.3 * draw.gauss());
}

/** Half-pixel steps with multiple scattering until the end of the track or of the image. */
function track(canvas: Canvas, draw: Draws, { x, y, angle, length, energy, kink }: Track): void {
  for (let s = 0; s < length; s += 0.5) {
    if (!deposit(canvas, x, y, energy(s))) return;
    angle += SCATTERING * draw.gauss();
    if (kink !== undefined && s < kink.at && s + 0.5 >= kink.at) angle += kink.angle;
    x += 0.5 * Math.cos(angle);
    y += 0.5 * Math.sin(angle);
  }
}

/** Adds energy at the nearest pixel; false where that lies outside the image. */
function deposit({ size, pixels }: Canvas, x: number, y: number, energy: number): boolean {
  const column = Math.round(x);
  const row = Math.round(y);
  if (column < 0 || column >= size || row < 0 || row >= size) return false;
  pixels[row * size + column]! += Math.max(0, energy);
  return true;
}
