import { ValueError } from '@ketwork/base';
import { greyPng, pngAddress } from './png.ts';
import { chart, element, escape, label, textWidth } from './svg.ts';

/** Labelled grey images; a data set of `@ketwork/datasets` fits as it is. */
export interface Samples {
  /** Row-major pixels, `[size, height, width]`; larger is more ink. */
  readonly inputs: ArrayLike<number>;
  /** `[height, width]`. */
  readonly inputShape: readonly number[];
  /** True class indices, `[size]`. */
  readonly labels: ArrayLike<number>;
  /** Names of the classes. */
  readonly classes: readonly string[];
}

/** Options of {@link sampleGrid}. */
export interface SampleGridOptions {
  /** Heading of the figure. Default `Samples`. */
  readonly title?: string;
  /** Show the first `limit` images at most. Default 32. */
  readonly limit?: number;
  /** Images in a row. Default 8. */
  readonly columns?: number;
  /** Values drawn as paper and as full ink. Default: the smallest (at most 0) and the largest value shown. */
  readonly range?: readonly [paper: number, ink: number];
}

const IMAGE = 68;
const GAP = 12;

/**
 * Grey images with their true or predicted classes, wrong predictions marked in words and colour, as a stand-alone SVG
 * text with the images inside.
 *
 * @param predictions Predicted class indices, `[size]`; without them the true classes are written.
 * @throws ValueError where the samples are not images, arrays do not fit together, or a value is not finite.
 * @example
 * ```ts
 * import { sampleGrid } from '@ketwork/plot';
 * const samples = { inputs: [0, 1, 1, 0, 1, 0, 0, 1], inputShape: [2, 2], labels: [0, 1], classes: ['up', 'down'] };
 * console.log(sampleGrid(samples, [0, 0], { title: 'Diagonals' }).includes('is down')); // true
 * ```
 */
export function sampleGrid(
  samples: Samples,
  predictions?: ArrayLike<number>,
  { title = 'Samples', limit = 32, columns = 8, range }: SampleGridOptions = {},
): string {
  const { inputs, inputShape, labels, classes } = samples;
  const [rows, width] = inputShape;
  if (inputShape.length !== 2 || rows === undefined || width === undefined) {
    throw new ValueError(
      `figure "${title}": examples of shape [${inputShape.join(', ')}] are not grey images`,
      {
        remedy: 'Give examples of shape [height, width]',
      },
    );
  }
  const pixels = rows * width;
  if (inputs.length !== labels.length * pixels) {
    throw new ValueError(
      `figure "${title}": ${inputs.length} pixels do not make ${labels.length} images of ${rows} × ${width}`,
      { remedy: 'Give the pixels of one image for each label' },
    );
  }
  if (predictions !== undefined && predictions.length !== labels.length) {
    throw new ValueError(
      `figure "${title}": ${predictions.length} predictions for ${labels.length} images`,
      { remedy: 'Give one prediction for each image' },
    );
  }
  for (const [name, value] of [
    ['limit', limit],
    ['columns', columns],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new ValueError(`figure "${title}": ${name} ${value} is not a positive integer`);
  }
  const count = Math.min(limit, labels.length);
  const [paper, ink] = range ?? extremes(inputs, count * pixels, title);
  if (!(paper < ink))
    throw new ValueError(`figure "${title}": the range [${paper}, ${ink}] is empty`, {
      remedy: 'Give two different numbers',
    });
  const nameOf = (kind: string, list: ArrayLike<number>, i: number): string => {
    const name = classes[list[i]!];
    if (name === undefined)
      throw new ValueError(`figure "${title}": ${kind} ${list[i]} of image ${i} is not a class`, {
        remedy: 'Give indices of classes',
      });
    return name;
  };

  const captions = Array.from({ length: count }, (_, i) => {
    const truth = nameOf('label', labels, i);
    if (predictions === undefined) return { text: truth, note: undefined, truth };
    const guess = nameOf('prediction', predictions, i);
    return { text: guess, note: predictions[i] === labels[i] ? undefined : `is ${truth}`, truth };
  });
  const wrong = captions.filter(({ note }) => note !== undefined).length;
  const widest = Math.max(
    IMAGE,
    ...captions.map(({ text, note }) => textWidth(note ?? text, 12) + 10),
  );
  const pitch = widest + GAP;
  const line = IMAGE + (wrong > 0 ? 42 : 28);
  const top = predictions === undefined ? 32 : 52;
  const parts = [label(0, 17, title, { class: 'kw-title' })];
  const note = `${count - wrong} of the ${count} shown are predicted correctly`;
  if (predictions !== undefined) parts.push(label(0, 37, note));
  captions.forEach((caption, i) => {
    const x = (i % columns) * pitch + (widest - IMAGE) / 2 + 1;
    const y = top + Math.floor(i / columns) * line;
    const bad = caption.note !== undefined;
    const grey = Uint8Array.from({ length: pixels }, (_, p) => {
      const value = (inputs[i * pixels + p]! - paper) / (ink - paper);
      return Math.round(255 * (1 - Math.min(1, Math.max(0, value))));
    });
    const middle = { 'text-anchor': 'middle' };
    parts.push(
      element(
        'g',
        {},
        element('title', {}, escape(`${caption.text}${bad ? `, ${caption.note}` : ''}`)),
        // The longer side fills the frame; the image keeps its shape.
        element('image', {
          x,
          y,
          width: IMAGE,
          height: IMAGE,
          href: pngAddress(greyPng(grey, width, rows)),
        }),
        element('rect', {
          x: x - 0.5,
          y: y - 0.5,
          width: IMAGE + 1,
          height: IMAGE + 1,
          rx: 2,
          fill: 'none',
          style: `stroke:var(--kw-${bad ? 'wrong' : 'grid'})`,
          'stroke-width': bad ? 2 : 1,
        }),
        label(x + IMAGE / 2, y + IMAGE + 16, caption.text, {
          ...middle,
          class: bad ? 'kw-wrong' : 'kw-strong',
        }),
        bad ? label(x + IMAGE / 2, y + IMAGE + 31, caption.note!, middle) : '',
      ),
    );
  });
  const shown = Math.min(columns, Math.max(1, count));
  const height = top + Math.ceil(count / columns) * line;
  const description = `${count} images. ${predictions === undefined ? '' : `${note}. `}${captions
    .map(({ text, note: fault }) => (fault === undefined ? text : `${text} (${fault})`))
    .join(', ')}.`;
  return chart(
    Math.max(shown * pitch - GAP + 2, textWidth(title, 16), textWidth(note, 12)),
    height,
    title,
    description,
    ...parts,
  );
}

function extremes(values: ArrayLike<number>, count: number, title: string): [number, number] {
  let [low, high] = [0, -Infinity];
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value))
      throw new ValueError(`figure "${title}": pixel ${i} is ${value}`, {
        remedy: 'Give finite numbers',
      });
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high > low ? high : low + 1];
}
