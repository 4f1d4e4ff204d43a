import { ValueError, key, split } from '@ketwork/base';
import { dataset } from './dataset.ts';
import type { Dataset } from './dataset.ts';
import { draws } from './draws.ts';
import type { Draws } from './draws.ts';

/** Options of {@link colouredShapes}. */
export interface ColouredShapesOptions {
  /** Number of images; example i has label `i mod 10`. */
  readonly count: number;
  /** Side of the square images in pixels, at least 12. Default 32. */
  readonly size?: number;
  /** Whether shape and background have patterns (stripes, checks, dots), of which the class tells nothing. Default true. */
  readonly textures?: boolean;
  /** Seed, an integer from 0 to 2^53 - 1. Example i depends on the seed, i and the options only. */
  readonly seed: number;
}

/** Distance to the outline in units of the shape's radius, positive inside, from coordinates in the same unit. */
const SHAPES: Readonly<Record<string, (x: number, y: number) => number>> = {
  disc: (x, y) => 1 - Math.hypot(x, y),
  square: (x, y) => 0.85 - Math.max(Math.abs(x), Math.abs(y)),
  triangle: (x, y) => Math.min(0.55 - y, (y + 1 - 1.73 * Math.abs(x)) / 2),
  cross: (x, y) => {
    const [low, high] = [Math.abs(x), Math.abs(y)].toSorted((a, b) => a - b) as [number, number];
    return Math.min(0.32 - low, 1 - high);
  },
  ring: (x, y) => 0.28 - Math.abs(Math.hypot(x, y) - 0.72),
};

/** Hues of two families of colours, in turns. */
const COLOURS: Readonly<Record<string, readonly [low: number, high: number]>> = {
  warm: [-0.04, 0.15],
  cold: [0.45, 0.68],
};

/**
 * Coloured images of ten classes in the form of CIFAR-10, drawn from a seed: a stand-in where the real files are not at
 * hand. A class is a shape (disc, square, triangle, cross, ring) in a family of colours (warm, cold), so that neither
 * colour nor shape alone tells it. Place, size (turned by up to 0.4 radians), hue, brightness, background, patterns and
 * noise (deviation 0.04) are random.
 *
 * @returns Inputs `[count, 3, size, size]`: red, green and blue from 0 to 1; labels in turn, shape by shape.
 * @throws ValueError where count, size or seed does not fit.
 * @example
 * ```ts
 * import { colouredShapes } from '@ketwork/datasets';
 * const data = colouredShapes({ count: 100, seed: 1 });
 * console.log(data.inputShape, data.classes[0]); // [ 3, 32, 32 ] warm disc
 * ```
 */
export function colouredShapes(options: ColouredShapesOptions): Dataset {
  const { count, size = 32, textures = true, seed } = options;
  if (!Number.isSafeInteger(size) || size < 12)
    throw new ValueError(`colouredShapes: size ${size} is not an integer of at least 12`);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new ValueError(`colouredShapes: count ${count} is not a positive integer`);
  const classes = Object.keys(SHAPES).flatMap((shape) =>
    Object.keys(COLOURS).map((colour) => ({ shape, colour, name: `${colour} ${shape}` })),
  );
  const pixels = size * size;
  const inputs = new Float64Array(3 * count * pixels);
  const labels = new Int32Array(count);
  split(key(seed), count).forEach((exampleKey, i) => {
    labels[i] = i % classes.length;
    const { shape, colour } = classes[labels[i]]!;
    const draw = draws(exampleKey);
    const radius = size * draw.between(0.22, 0.36);
    const [cx, cy] = [draw.between(radius, size - radius), draw.between(radius, size - radius)];
    const turn = draw.between(-0.4, 0.4);
    const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
    const [low, high] = COLOURS[colour]!;
    const paint = rgb(draw.between(low, high), draw.between(0.55, 0.95), draw.between(0.6, 1));
    const ground = rgb(draw.between(0, 1), draw.between(0, 0.35), draw.between(0.2, 0.9));
    const front = textures ? pattern(draw, size) : flat;
    const back = textures ? pattern(draw, size) : flat;
    const depthOf = SHAPES[shape]!;
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        const [u, v] = [(column + 0.5 - cx) / radius, (row + 0.5 - cy) / radius];
        const depth = radius * depthOf(cos * u + sin * v, cos * v - sin * u);
        const cover = Math.min(1, Math.max(0, depth + 0.5));
        const [a, b] = [cover * front(column, row), (1 - cover) * back(column, row)];
        for (let channel = 0; channel < 3; channel++) {
          const value = a * paint[channel]! + b * ground[channel]! + 0.04 * draw.gauss();
          inputs[(3 * i + channel) * pixels + row * size + column] = Math.min(
            1,
            Math.max(0, value),
          );
        }
      }
    }
  });
  return dataset({
    name: 'coloured-shapes',
    inputs,
    inputShape: [3, size, size],
    labels,
    classes: classes.map(({ name }) => name),
    source: 'generated: coloured shapes, a stand-in in the form of CIFAR-10',
  });
}

type Pattern = (x: number, y: number) => number;

const flat: Pattern = () => 1;

/** Brightness from 0.65 to 1 in stripes of any direction, checks or dots. */
function pattern(draw: Draws, size: number): Pattern {
  const kind = draw.integer(0, 3);
  if (kind === 0) return flat;
  const period = size * draw.between(0.1, 0.25);
  const phase = draw.between(0, period);
  const angle = draw.between(0, Math.PI);
  const [cos, sin] = [Math.cos(angle) / period, Math.sin(angle) / period];
  const wave = (turns: number): number => Math.sin(2 * Math.PI * turns);
  if (kind === 1) return (x, y) => 0.825 + 0.175 * wave(x * cos + y * sin + phase);
  const grid: Pattern = (x, y) => wave(x * cos + y * sin + phase) * wave(y * cos - x * sin);
  return kind === 2
    ? (x, y) => (grid(x, y) > 0 ? 1 : 0.65)
    : (x, y) => (grid(x, y) > 0.5 ? 0.65 : 1);
}

/** Red, green and blue of a hue in turns, saturation and value from 0 to 1. */
function rgb(hue: number, saturation: number, value: number): [number, number, number] {
  const part = (shift: number): number => {
    const k = (((shift + 6 * hue) % 6) + 6) % 6;
    return value * (1 - saturation * Math.max(0, Math.min(1, k, 4 - k)));
  };
  return [part(5), part(3), part(1)];
}
