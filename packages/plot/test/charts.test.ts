import { confusionCounts, confusionMatrix, lineChart, sampleGrid } from '@ketwork/plot';
import { inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { greyPng } from '../src/png.ts';
import { logTicks, niceTicks } from '../src/scale.ts';
import { escape, formatNumber, formatPercent } from '../src/svg.ts';
import { assertWellFormed } from './xml.ts';

const NASTY = `<script>alert("1")</script> & 'x' \u0000 \ud800 ]]>`;
const axes = { title: 'Loss', xLabel: 'epoch', yLabel: 'loss (nats)' };

describe('text', () => {
  test('escapes markup and replaces what XML does not allow', () => {
    expect(escape(NASTY)).toBe(
      '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;x&#39; \ufffd \ufffd ]]&gt;',
    );
    expect(escape('😀\t\n')).toBe('😀\t\n');
  });

  test('the checker of these tests refuses what is not well-formed', () => {
    for (const bad of [
      '<a><b></a></b>',
      '<a',
      '<a b=c/>',
      '<a>&</a>',
      '<a/><a/>',
      '<a b="1" b="2"/>',
      '<a>',
    ]) {
      expect(() => assertWellFormed(bad), bad).toThrow(
        /not well-formed|repeated|closes another|roots|outside the root/,
      );
    }
    assertWellFormed('<a b="&lt;"><c/>text &amp; more</a>');
  });

  test('numbers for people', () => {
    const numbers = [
      0,
      -0,
      12,
      1234567,
      -1234.5678,
      0.97253,
      0.000012345,
      2e15,
      1e-4,
      NaN,
      -Infinity,
    ];
    expect(numbers.map(formatNumber)).toEqual([
      '0',
      '0',
      '12',
      '1,234,567',
      '−1,235',
      '0.9725',
      '1.234e−5',
      '2e15',
      '0.0001',
      'not a number',
      '−∞',
    ]);
    expect([formatPercent(0.9725), formatPercent(1), formatPercent(1 / 3)]).toEqual([
      '97.3 %',
      '100 %',
      '33.3 %',
    ]);
  });
});

describe('a logarithmic axis', () => {
  test('has powers of ten, and 2 and 5 times them over few decades', () => {
    expect(logTicks(0.003, 40)).toMatchObject({
      values: [0.001, 0.01, 0.1, 1, 10, 100],
      low: 0.001,
      high: 100,
    });
    expect(logTicks(0.03, 0.3).labels).toEqual(['0.02', '0.05', '0.1', '0.2', '0.5']);
    expect(logTicks(1e-12, 1e12).values.length).toBeLessThan(12);
    expect(logTicks(7, 7)).toMatchObject({ low: 5, high: 10 });
    expect(logTicks(10, 10)).toMatchObject({ low: 10, high: 100 });
    expect(logTicks(3, 300, true)).toMatchObject({
      values: [5, 10, 20, 50, 100, 200],
      low: 3,
      high: 300,
    });
  });

  test('puts equal ratios at equal distances, and refuses what is not positive', () => {
    const svg = lineChart([{ name: 'time', values: [1, 10, 100] }], { ...axes, yScale: 'log' });
    assertWellFormed(svg);
    const [, path] = /class="kw-line" d="([^"]+)"/.exec(svg)!;
    const [a, b, c] = [...path!.matchAll(/[ML][\d.]+ ([\d.]+)/g)].map((match) => Number(match[1]));
    expect(a! - b!).toBeCloseTo(b! - c!, 1);
    expect(a! - b!).toBeGreaterThan(50);
    expect(() => lineChart([{ name: 'time', values: [0, 1] }], { ...axes, yScale: 'log' })).toThrow(
      /0 has no place on a logarithmic axis/,
    );
  });
});

describe('niceTicks', () => {
  test('are round, cover the range and do not show rounding errors', () => {
    expect(niceTicks(0.06, 0.71)).toMatchObject({
      labels: ['0.0', '0.2', '0.4', '0.6', '0.8'],
      low: 0,
      high: 0.8,
    });
    expect(niceTicks(0, 0.3).values).toEqual([0, 0.1, 0.2, 0.3]);
    expect(niceTicks(-1500, 900).labels).toEqual(['−1,500', '−1,000', '−500', '0', '500', '1,000']);
    expect(niceTicks(0.5, 1, { style: 'percent' }).labels).toEqual([
      '50 %',
      '60 %',
      '70 %',
      '80 %',
      '90 %',
      '100 %',
    ]);
    expect(niceTicks(0, 3e-5).labels).toEqual(['0', '1e−5', '2e−5', '3e−5']);
    expect(niceTicks(1, 3, { whole: true, fixed: true, count: 8 }).values).toEqual([1, 2, 3]);
  });

  test('a range of width zero is widened', () => {
    for (const value of [0, 5, -0.25]) {
      const { low, high } = niceTicks(value, value);
      expect(low).toBeLessThan(value);
      expect(high).toBeGreaterThan(value);
    }
  });
});

describe('lineChart', () => {
  test('golden', () => {
    const svg = lineChart(
      [
        { name: 'train', values: [0.7, 0.4, 0.3] },
        { name: 'test', values: [0.7, NaN, 0.35] },
      ],
      axes,
    );
    assertWellFormed(svg);
    expect(svg.replace(/<style>.*?<\/style>/, '').replaceAll('><', '>\n<')).toMatchSnapshot();
  });

  test('places points where the axes say', () => {
    const svg = lineChart([{ name: 'a', values: [0, 1], x: [0, 10] }], { ...axes, yRange: [0, 2] });
    const tick = (text: string): number =>
      Number(new RegExp(`y="([\\d.]+)" text-anchor="end">${text}<`).exec(svg)![1]) - 4;
    const points = [...svg.matchAll(/cy="([\d.]+)"/g)].map(([, y]) => Number(y));
    expect(points[0]).toBeCloseTo(tick('0.0'), 1);
    expect(points[1]).toBeCloseTo((tick('0.0') + tick('2.0')) / 2, 1);
  });

  test('values that are not finite leave gaps, lonely points keep a dot', () => {
    const values = Array.from({ length: 100 }, (_, i) => (i === 50 || i === 52 ? NaN : i));
    const svg = lineChart([{ name: 'a', values }], axes);
    expect(/class="kw-line" d="([^"]*)"/.exec(svg)![1]!.match(/M/g)).toHaveLength(3);
    expect(svg.match(/<circle/g)).toHaveLength(1);
  });

  test('describes itself and escapes names', () => {
    const svg = lineChart(
      [
        { name: NASTY, values: [3, 1, 2] },
        { name: 'b', values: [1] },
      ],
      { ...axes, title: NASTY },
    );
    assertWellFormed(svg);
    expect(svg).not.toContain('<script');
    expect(svg).toContain(`<title>${escape(NASTY)}</title>`);
    expect(svg).toContain('from 3 to 2, lowest 1, highest 3.');
  });

  test('refuses what cannot be drawn', () => {
    expect(() => lineChart([], axes)).toThrow('chart "Loss" has no finite value to draw');
    expect(() => lineChart([{ name: 'a', values: [NaN] }], axes)).toThrow('has no finite value');
    expect(() => lineChart([{ name: 'a', values: [1, 2], x: [1] }], axes)).toThrow(
      'series "a": 1 positions for 2 values',
    );
    expect(() => lineChart([{ name: 'a', values: [1] }], { ...axes, yRange: [1, 1] })).toThrow(
      'the range [1, 1] is empty',
    );
  });
});

describe('confusion', () => {
  test('counts rows by truth and columns by prediction', () => {
    expect(confusionCounts([0, 0, 1, 2, 2], [0, 1, 1, 0, 2], 3)).toEqual([
      [1, 1, 0],
      [0, 1, 0],
      [1, 0, 1],
    ]);
    expect(() => confusionCounts([0], [0, 1], 2)).toThrow('1 labels for 2 predictions');
    expect(() => confusionCounts([0, 1], [0, 2], 2)).toThrow(
      'prediction 2 of example 1 is not from 0 to 1',
    );
    expect(() => confusionCounts([-1], [0], 2)).toThrow('label -1 of example 0');
  });

  test('golden, with a class that has no examples', () => {
    const svg = confusionMatrix(
      [
        [3, 1],
        [0, 0],
      ],
      ['muon', 'a <long> name & more'],
    );
    assertWellFormed(svg);
    expect(svg).toContain('75 % correct (3 of 4)');
    expect(svg.replace(/<style>.*?<\/style>/, '').replaceAll('><', '>\n<')).toMatchSnapshot();
  });

  test('refuses other shapes and what is not a count', () => {
    expect(() => confusionMatrix([[1, 2]], ['a', 'b'])).toThrow(
      'counts of shape [1, 2] for 2 classes',
    );
    expect(() => confusionMatrix([[0.5]], ['a'])).toThrow('0.5 is not a count');
  });
});

describe('sampleGrid', () => {
  const samples = {
    inputs: [0, 1, 1, 0, 1, 0, 0, 0.5],
    inputShape: [2, 2],
    labels: [0, 1],
    classes: ['up', NASTY],
  };

  test('marks wrong predictions in words', () => {
    const svg = sampleGrid(samples, [1, 1]);
    assertWellFormed(svg);
    expect(svg).toContain('1 of the 2 shown are predicted correctly');
    expect(svg.match(/>is up</g)).toHaveLength(1);
    expect(svg.match(/<image /g)).toHaveLength(2);
    assertWellFormed(sampleGrid(samples));
  });

  test('the PNG decodes to the pixels, ink dark', () => {
    const svg = sampleGrid(samples);
    const [, second] = [...svg.matchAll(/base64,([^"]+)"/g)].map(([, text]) =>
      Buffer.from(text!, 'base64'),
    );
    const length = second!.readUInt32BE(33);
    expect(second!.subarray(37, 41).toString('latin1')).toBe('IDAT');
    expect([...inflateSync(second!.subarray(41, 41 + length))]).toEqual([0, 0, 255, 0, 255, 128]);
  });

  test('an image above one stored block inflates whole', () => {
    const pixels = Uint8Array.from({ length: 300 * 300 }, (_, i) => (i * 31) % 256);
    const png = Buffer.from(greyPng(pixels, 300, 300));
    const raw = inflateSync(png.subarray(41, 41 + png.readUInt32BE(33)));
    expect(raw.length).toBe(300 * 301);
    expect(raw.subarray(301 * 299 + 1)).toEqual(Buffer.from(pixels.subarray(300 * 299)));
    // The checksum of the empty IEND chunk is a well-known constant.
    expect(png.subarray(-4).toString('hex')).toBe('ae426082');
  });

  test('refuses what does not fit', () => {
    expect(() => sampleGrid({ ...samples, inputShape: [4] })).toThrow(
      'examples of shape [4] are not grey images',
    );
    expect(() => sampleGrid(samples, [0])).toThrow('1 predictions for 2 images');
    expect(() => sampleGrid(samples, [0, 2])).toThrow('prediction 2 of image 1 is not a class');
    expect(() => sampleGrid({ ...samples, inputs: [1] })).toThrow(
      '1 pixels do not make 2 images of 2 × 2',
    );
    expect(() => sampleGrid({ ...samples, inputs: [0, 1, 1, NaN, 1, 0, 0, 1] })).toThrow(
      'pixel 3 is NaN',
    );
  });
});
