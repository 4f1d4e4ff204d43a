import { KetworkError } from '@ketwork/base';
import { confusionCounts, confusionMatrix, lineChart, report, sampleGrid } from '@ketwork/plot';
import { expect, test } from 'vitest';

function refused(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(KetworkError);
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
  return 'nothing was thrown';
}

test('data that cannot be drawn are refused with what to do', () => {
  const axes = { title: 'Loss', x: 'epoch', y: 'loss' } as never;
  const samples = {
    inputs: [0, 1, 1, 0],
    inputShape: [2, 2],
    labels: [0],
    classes: ['a', 'b'],
  } as never;
  expect([
    refused(() => lineChart([], axes)),
    refused(() => lineChart([{ name: 'a', values: [1, 2], x: [1] }], axes)),
    refused(() => confusionCounts([0], [0, 1], 2)),
    refused(() => confusionCounts([0, 1], [0, 2], 2)),
    refused(() => confusionMatrix([[1, 2]], ['a', 'b'])),
    refused(() => confusionMatrix([[0.5]], ['a'])),
    refused(() => sampleGrid(samples, [0, 1])),
    refused(() => sampleGrid(samples, [2])),
    refused(() =>
      report({
        title: 't',
        sections: [{ title: 'S', blocks: [{ type: 'figure', svg: '<p>no</p>' }] }],
      } as never),
    ),
  ]).toMatchInlineSnapshot(`
    [
      "ValueError: chart "Loss" has no finite value to draw. Give at least one series with values",
      "ValueError: chart "Loss", series "a": 1 positions for 2 values. Give one position for each value",
      "ValueError: confusion counts: 1 labels for 2 predictions. Give one prediction for each label",
      "ValueError: confusion counts: prediction 2 of example 1 is not from 0 to 1. Give indices of classes",
      "ValueError: chart "Confusion matrix": counts of shape [1, 2] for 2 classes. Give one row and one column for each class",
      "ValueError: chart "Confusion matrix": 0.5 is not a count. Give integers of at least 0",
      "ValueError: figure "Samples": 2 predictions for 1 images. Give one prediction for each image",
      "ValueError: figure "Samples": prediction 2 of image 0 is not a class. Give indices of classes",
      "ValueError: report section "S", block 0: the drawing is not one <svg> element. Give the text of a chart of this package, of drawSvg, or of a .svg file",
    ]
  `);
});
