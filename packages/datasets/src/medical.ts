import { ValueError, key, split } from '@ketwork/base';
import { dataset } from './dataset.ts';
import type { Dataset } from './dataset.ts';
import { draws } from './draws.ts';
import type { Draws } from './draws.ts';

/** Options of {@link medicalImages}. */
export interface MedicalImageOptions {
  /** `lesion`: two classes, by the rim; `blood-cell`: four classes, by the nucleus. */
  readonly kind: 'lesion' | 'blood-cell';
  /** Number of images; example i has label `i mod classes`. */
  readonly count: number;
  /** Side of the square images in pixels, at least 16. Default 28. */
  readonly size?: number;
  /** Seed, an integer from 0 to 2^53 - 1. Example i depends on the seed, i, its class and the size only. */
  readonly seed: number;
}

/** Brightness of a point, coordinates in pixels of a 28 × 28 image. */
type Painter = (x: number, y: number) => number;

/** Side for which all lengths are given. */
const UNIT = 28;
/** Width of edges in pixels. */
const EDGE = 1;
const NOISE = 0.08;

const KINDS: Readonly<
  Record<MedicalImageOptions['kind'], Readonly<Record<string, (draw: Draws) => Painter>>>
> = {
  lesion: { benign: (draw) => lesion(draw, false), malignant: (draw) => lesion(draw, true) },
  'blood-cell': {
    round: (draw) => cell(draw, 1),
    'two-lobed': (draw) => cell(draw, 2),
    'three-lobed': (draw) => cell(draw, 3),
    granular: (draw) => granules(draw),
  },
};

/**
 * Grey images in the manner of two kinds of medical data sets (MedMNIST), drawn from a seed: a stand-in for images that
 * cannot be bundled, with no medical meaning.
 *
 * - `lesion`: a bright ellipse (half axes 5 to 9 pixels) with a smooth rim (`benign`), or with a rim modulated by 3 to 6
 *   random harmonics of 0.25 to 0.45 of the radius in all and a rough texture inside (`malignant`).
 * - `blood-cell`: a faint cell with a bright nucleus that is `round`, `two-lobed` or `three-lobed`, or a cell full of
 *   bright grains (`granular`).
 *
 * On a background with a gradient, with normal noise of deviation 0.08; values from 0 to 1. Lengths are those of a 28 × 28
 * image and scale with the side.
 *
 * @returns Inputs `[count, size, size]`, labels in turn.
 * @throws ValueError where kind, size, count or seed does not fit.
 * @example
 * ```ts
 * import { medicalImages } from '@ketwork/datasets';
 * const data = medicalImages({ kind: 'lesion', count: 80, seed: 1 });
 * console.log(data.inputShape, data.classes); // [ 28, 28 ] [ 'benign', 'malignant' ]
 * ```
 */
export function medicalImages({ kind, count, size = UNIT, seed }: MedicalImageOptions): Dataset {
  if (!Object.hasOwn(KINDS, kind)) {
    throw new ValueError(`medicalImages: unknown kind ${JSON.stringify(kind)}`, {
      remedy: `Use ${Object.keys(KINDS).join(' or ')}`,
    });
  }
  if (!Number.isSafeInteger(size) || size < 16)
    throw new ValueError(`medicalImages: size ${size} is not an integer of at least 16`);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new ValueError(`medicalImages: count ${count} is not a positive integer`);
  const painters = Object.entries(KINDS[kind]);
  const inputs = new Float64Array(count * size * size);
  const labels = new Int32Array(count);
  split(key(seed), count).forEach((exampleKey, i) => {
    const label = i % painters.length;
    labels[i] = label;
    const draw = draws(exampleKey);
    const [level, slopeX, slopeY] = [
      draw.between(0.1, 0.25),
      draw.between(-0.1, 0.1),
      draw.between(-0.1, 0.1),
    ];
    const paint = painters[label]![1](draw);
    const start = i * size * size;
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        const x = ((column + 0.5) * UNIT) / size;
        const y = ((row + 0.5) * UNIT) / size;
        const ground = level + slopeX * (x / UNIT - 0.5) + slopeY * (y / UNIT - 0.5);
        const value = Math.max(ground, paint(x, y)) + NOISE * draw.gauss();
        inputs[start + row * size + column] = Math.min(1, Math.max(0, value));
      }
    }
  });
  return dataset({
    name: kind,
    inputs,
    inputShape: [size, size],
    labels,
    classes: painters.map(([name]) => name),
    source: 'generated: images in the manner of MedMNIST, a stand-in without medical meaning',
  });
}

/** 1 inside, 0 outside, a slope of the edge's width between; `depth` is the distance to the rim in pixels, positive inside. */
function inside(depth: number): number {
  return Math.min(1, Math.max(0, depth / EDGE + 0.5));
}

function lesion(draw: Draws, malignant: boolean): Painter {
  const [a, b] = [draw.between(5, 9), draw.between(5, 9)];
  const turn = draw.between(0, Math.PI);
  const [cx, cy] = centre(draw);
  const brightness = draw.between(0.55, 0.8);
  const waves: { readonly order: number; readonly size: number; readonly phase: number }[] = [];
  if (malignant) {
    const count = draw.integer(3, 6);
    const total = draw.between(0.25, 0.45);
    for (let k = 0; k < count; k++) {
      const order = draw.integer(2, 9);
      waves.push({ order, size: total / count, phase: draw.between(0, 2 * Math.PI) });
    }
  }
  const roughness = malignant ? 0.25 : 0;
  return (x, y) => {
    const [u, v] = [x - cx, y - cy];
    const radius = Math.hypot(u, v);
    const angle = Math.atan2(v, u) - turn;
    const ellipse = (a * b) / Math.hypot(b * Math.cos(angle), a * Math.sin(angle));
    const wave = waves.reduce((s, w) => s + w.size * Math.cos(w.order * angle + w.phase), 0);
    const texture = roughness === 0 ? 0 : roughness * draw.gauss();
    return inside(ellipse * (1 + wave) - radius) * (brightness + texture);
  };
}

function cell(draw: Draws, lobes: number): Painter {
  const [cx, cy] = centre(draw);
  const body = draw.between(9, 11);
  const turn = draw.between(0, 2 * Math.PI);
  // Lobes lie around the middle and touch; one is larger and in the middle.
  const nuclei = Array.from({ length: lobes }, (_, k) => {
    const angle = turn + (2 * Math.PI * k) / lobes + draw.between(-0.2, 0.2);
    const away = lobes === 1 ? draw.between(0, 1) : draw.between(3.2, 4.2);
    const radius = lobes === 1 ? draw.between(4.5, 6) : draw.between(2.6, 3.4);
    return { x: cx + away * Math.cos(angle), y: cy + away * Math.sin(angle), radius };
  });
  const brightness = draw.between(0.7, 0.9);
  return (x, y) => {
    const nucleus = Math.max(...nuclei.map((n) => inside(n.radius - Math.hypot(x - n.x, y - n.y))));
    return Math.max(0.35 * inside(body - Math.hypot(x - cx, y - cy)), brightness * nucleus);
  };
}

function granules(draw: Draws): Painter {
  const [cx, cy] = centre(draw);
  const body = draw.between(9, 11);
  const grains = Array.from({ length: draw.integer(14, 22) }, () => {
    const away = (body - 1.5) * Math.sqrt(draw.between(0, 1));
    const angle = draw.between(0, 2 * Math.PI);
    return {
      x: cx + away * Math.cos(angle),
      y: cy + away * Math.sin(angle),
      brightness: draw.between(0.6, 0.9),
    };
  });
  return (x, y) =>
    Math.max(
      0.35 * inside(body - Math.hypot(x - cx, y - cy)),
      ...grains.map((g) => g.brightness * inside(1 - Math.hypot(x - g.x, y - g.y))),
    );
}

function centre(draw: Draws): [x: number, y: number] {
  return [UNIT / 2 + draw.between(-2.5, 2.5), UNIT / 2 + draw.between(-2.5, 2.5)];
}
