import { ValueError } from '@ketwork/base';
import { chart, element, escape, formatNumber, formatPercent, label, textWidth } from './svg.ts';

/** Options of {@link confusionMatrix}. */
export interface ConfusionOptions {
  /** Heading of the chart. Default `Confusion matrix`. */
  readonly title?: string;
}

/**
 * Counts how often class `a` was predicted as class `p`.
 *
 * @param labels True class indices, `[examples]`.
 * @param predictions Predicted class indices, `[examples]`.
 * @param classes Number of classes.
 * @returns `counts[a][p]`, `[classes, classes]`: rows are true classes, columns predicted ones.
 * @throws ValueError where the lists differ in length or an entry is not the index of a class.
 * @example
 * ```ts
 * import { confusionCounts } from '@ketwork/plot';
 * console.log(confusionCounts([0, 0, 1, 1], [0, 1, 1, 1], 2)); // [ [ 1, 1 ], [ 0, 2 ] ]
 * ```
 */
export function confusionCounts(
  labels: ArrayLike<number>,
  predictions: ArrayLike<number>,
  classes: number,
): number[][] {
  if (!Number.isSafeInteger(classes) || classes < 1) {
    throw new ValueError(`confusion counts: ${classes} is not a number of classes`, {
      remedy: 'Give a positive integer',
    });
  }
  if (labels.length !== predictions.length) {
    throw new ValueError(
      `confusion counts: ${labels.length} labels for ${predictions.length} predictions`,
      { remedy: 'Give one prediction for each label' },
    );
  }
  const counts = Array.from({ length: classes }, () => Array.from({ length: classes }, () => 0));
  for (let i = 0; i < labels.length; i++) {
    for (const [what, value] of [
      ['label', labels[i]!],
      ['prediction', predictions[i]!],
    ] as const) {
      if (!Number.isInteger(value) || value < 0 || value >= classes) {
        throw new ValueError(
          `confusion counts: ${what} ${value} of example ${i} is not from 0 to ${classes - 1}`,
          { remedy: 'Give indices of classes' },
        );
      }
    }
    counts[labels[i]!]![predictions[i]!]! += 1;
  }
  return counts;
}

/**
 * A confusion matrix as a stand-alone SVG text: rows are true classes, columns predicted ones. The shade of a cell is
 * its share of the row, its text the count (and the share where it fits).
 *
 * @param counts `[classes, classes]`, as from {@link confusionCounts}.
 * @param classes Names of the classes.
 * @throws ValueError where the counts are not a square matrix of that size or not counts.
 * @example
 * ```ts
 * import { confusionCounts, confusionMatrix } from '@ketwork/plot';
 * const counts = confusionCounts([0, 0, 1, 1], [0, 1, 1, 1], 2);
 * console.log(confusionMatrix(counts, ['muon', 'electron']).length);
 * ```
 */
export function confusionMatrix(
  counts: readonly (readonly number[])[],
  classes: readonly string[],
  { title = 'Confusion matrix' }: ConfusionOptions = {},
): string {
  const size = classes.length;
  if (size === 0 || counts.length !== size || counts.some((row) => row.length !== size)) {
    throw new ValueError(
      `chart "${title}": counts of shape [${counts.length}, ${counts[0]?.length ?? 0}] for ${size} classes`,
      {
        remedy: 'Give one row and one column for each class',
      },
    );
  }
  for (const count of counts.flat()) {
    if (!Number.isSafeInteger(count) || count < 0)
      throw new ValueError(`chart "${title}": ${count} is not a count`, {
        remedy: 'Give integers of at least 0',
      });
  }
  const total = counts.flat().reduce((a, b) => a + b, 0);
  const correct = counts.reduce((sum, row, i) => sum + row[i]!, 0);
  const accuracy =
    total === 0
      ? 'no examples'
      : `${formatPercent(correct / total)} correct (${formatNumber(correct)} of ${formatNumber(total)})`;

  const cell = Math.max(40, Math.min(84, Math.floor(400 / size)));
  const longest = Math.max(...classes.map((name) => textWidth(name, 12)));
  const tilted = longest > cell - 6;
  const names = tilted ? longest * 0.72 + 16 : 20;
  const left = Math.max(longest + 12, textWidth('true class', 12) + 12);
  const top = 66 + names;
  const right = left + size * cell;
  const width = Math.max(
    right + (tilted ? longest * 0.7 : 2),
    textWidth(title, 16),
    textWidth(accuracy, 12) + 10,
  );
  const height = top + size * cell + 6;

  const parts = [
    label(0, 17, title, { class: 'kw-title' }),
    label(0, 37, accuracy),
    label(left, 62, 'predicted class →'),
    label(left - 8, top - 8, 'true class ↓', { 'text-anchor': 'end' }),
  ];
  classes.forEach((name, i) => {
    const middle = left + (i + 0.5) * cell;
    parts.push(
      tilted
        ? label(0, 0, name, {
            class: 'kw-strong',
            transform: `translate(${middle},${top - 8}) rotate(-45)`,
          })
        : label(middle, top - 8, name, { class: 'kw-strong', 'text-anchor': 'middle' }),
      label(left - 8, top + (i + 0.5) * cell + 4, name, {
        class: 'kw-strong',
        'text-anchor': 'end',
      }),
    );
  });
  counts.forEach((row, a) => {
    const examples = row.reduce((sum, count) => sum + count, 0);
    row.forEach((count, p) => {
      const share = examples === 0 ? 0 : count / examples;
      const [x, y] = [left + p * cell, top + a * cell];
      const text = share > 0.55 ? 'kw-on' : count === 0 ? undefined : 'kw-strong';
      const middle = { 'text-anchor': 'middle', class: text };
      const twoLines = cell >= 56 && examples > 0;
      parts.push(
        element(
          'g',
          {},
          element(
            'title',
            {},
            escape(`true ${classes[a]}, predicted ${classes[p]}: ${count} of ${examples}`),
          ),
          element('rect', {
            x: x + 1,
            y: y + 1,
            width: cell - 2,
            height: cell - 2,
            rx: 3,
            style: 'fill:var(--kw-grid)',
            'fill-opacity': 0.45,
          }),
          // Linear in the share, so that equal shares look equal across rows of different size.
          element('rect', {
            x: x + 1,
            y: y + 1,
            width: cell - 2,
            height: cell - 2,
            rx: 3,
            style: 'fill:var(--kw-c0)',
            'fill-opacity': 0.95 * share,
          }),
          label(x + cell / 2, y + cell / 2 + (twoLines ? -2 : 4), formatNumber(count), {
            ...middle,
            'font-size': '13px',
            'font-weight': 600,
          }),
          twoLines
            ? label(x + cell / 2, y + cell / 2 + 14, formatPercent(share), {
                ...middle,
                'font-size': '11px',
              })
            : '',
        ),
      );
    });
  });
  const rows = counts.map(
    (row, a) => `${classes[a]}: ${row.map((count, p) => `${count} as ${classes[p]}`).join(', ')}.`,
  );
  return chart(
    width,
    height,
    title,
    `${accuracy}. True classes by predicted ones. ${rows.join(' ')}`,
    ...parts,
  );
}
