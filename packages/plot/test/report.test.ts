import { EnvironmentError } from '@ketwork/base';
import { circuit } from '@ketwork/circuit';
import {
  circuitFigure,
  confusionMatrix,
  lineChart,
  report,
  sampleGrid,
  writeReport,
} from '@ketwork/plot';
import type { ReportContent } from '@ketwork/plot';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { assertWellFormed } from './xml.ts';

const NASTY = `<img src=x onerror="alert(1)"> & 'x'`;
const line = lineChart([{ name: NASTY, values: [2, 1] }], {
  title: 'on load = url(http://x)',
  xLabel: 'epoch',
  yLabel: 'loss',
});
const bell = circuit(2, (q) => {
  q.h(0);
  q.cnot(0, 1);
});

const content: ReportContent = {
  title: NASTY,
  summary: NASTY,
  tiles: [
    { label: NASTY, value: 97.25, unit: '%', note: NASTY },
    { label: 'text', value: NASTY },
  ],
  sections: [
    {
      title: NASTY,
      blocks: [
        NASTY,
        { svg: line, caption: NASTY },
        { svg: confusionMatrix([[1]], ['a']) },
        {
          columns: [NASTY, 'n', 'ok'],
          rows: [
            [NASTY, 1234.5, true],
            ['b', 2, false],
          ],
          caption: NASTY,
        },
        circuitFigure(bell, NASTY),
        { svg: sampleGrid({ inputs: [0, 1], inputShape: [1, 2], labels: [0], classes: ['a'] }) },
      ],
    },
  ],
  seed: 7,
  versions: { ketwork: NASTY },
  wallTime: 93.4,
  date: '2026-11-21',
};

describe('report', () => {
  test('is well-formed, escaped, and asks for nothing from outside', () => {
    const html = report(content);
    assertWellFormed(html);
    expect(html).not.toMatch(/<img|<script|<link|@import/);
    // Every address in an attribute is data or a namespace.
    for (const [, address] of html.matchAll(/(?:href|src)="([^"]*)"/g))
      expect(address).toMatch(/^data:image\/png;/);
    expect(html).toContain(
      `content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`,
    );
    expect(
      html.match(/&lt;img src=x onerror=&quot;alert\(1\)&quot;&gt; &amp; &#39;x&#39;/g)!.length,
    ).toBeGreaterThan(11);
  });

  test('golden, with figures in a row and numbers to the right', () => {
    const html = report({
      ...content,
      sections: content.sections.map(({ blocks }) => ({
        title: 'S',
        blocks: blocks.map((block) =>
          typeof block !== 'string' && 'svg' in block ? { ...block, svg: '<svg></svg>' } : block,
        ),
      })),
    });
    expect(html.replace(/<style>.*?<\/style>/, '').replaceAll('><', '>\n<')).toMatchSnapshot();
  });

  test('equal content gives equal text, and an empty report stands', () => {
    expect(report(content)).toBe(report(structuredClone(content)));
    assertWellFormed(report({ title: 'Empty', sections: [] }));
    expect(report({ title: 'Empty', sections: [] })).not.toContain('<footer');
  });

  test('writes wall time for people', () => {
    const time = (wallTime: number): string =>
      /<dd>([^<]*)<\/dd>/.exec(report({ title: 't', sections: [], wallTime }))![1]!;
    expect([0.0123, 5, 93.4, 7265].map(time)).toEqual([
      '12 ms',
      '5.0 s',
      '1 min 33 s',
      '2 h 1 min 5 s',
    ]);
  });

  test('refuses foreign drawings and ragged tables', () => {
    const figure = (svg: string) => () =>
      report({ title: 't', sections: [{ title: 'S', blocks: [{ svg }] }] });
    expect(figure('<p>no</p>')).toThrow(
      'report section "S", block 0: the drawing is not one <svg> element',
    );
    expect(figure('<svg><script>1</script></svg>')).toThrow(
      'the drawing holds the element <script>',
    );
    expect(figure('<svg><a\nonclick="x"/></svg>')).toThrow('the event handler onclick');
    expect(figure('<svg><image href="https://example.org/a.png"/></svg>')).toThrow(
      'a link to https://example.org/a.png',
    );
    expect(figure('<svg><use xlink:href="//x"/></svg>')).toThrow('a link to //x');
    expect(figure('<svg><style>@import "x"</style></svg>')).toThrow(
      'a style sheet that loads something',
    );
    expect(figure('<svg><path style="fill:url(http://x)"/></svg>')).toThrow('an outside style');
    expect(
      figure('<svg><path fill="url(#a)"/><use href="#a"/><text>url(x) on="1"</text></svg>'),
    ).not.toThrow();
    const table = { columns: ['a', 'b'], rows: [[1, 2], [1]] };
    expect(() => report({ title: 't', sections: [{ title: 'S', blocks: [table] }] })).toThrow(
      'report section "S", block 0: row 1 has 1 cells for 2 columns',
    );
  });

  test('a circuit figure takes a circuit or SVG text with a declaration', () => {
    expect(circuitFigure(bell).svg).toContain('data-op="1"');
    expect(circuitFigure('<?xml version="1.0"?>\n<svg></svg>\n', 'c')).toEqual({
      svg: '<svg></svg>',
      caption: 'c',
      wide: true,
    });
  });
});

describe('writeReport', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  test('makes folders, replaces the old file and leaves nothing else', async () => {
    const root = await mkdtemp(join(tmpdir(), 'ketwork-plot-'));
    const path = join(root, 'a', 'report.html');
    await writeReport(path, 'old');
    await Promise.all([writeReport(path, 'new €'), writeReport(path, 'new €')]);
    expect(await readFile(path, 'utf8')).toBe('new €');
    expect(await readdir(join(root, 'a'))).toEqual(['report.html']);
    await rm(root, { recursive: true });
  });

  test('where it cannot write it says so and leaves no temporary file', async () => {
    const root = await mkdtemp(join(tmpdir(), 'ketwork-plot-'));
    await mkdir(join(root, 'taken'));
    await writeFile(join(root, 'file'), 'kept');
    await expect(writeReport(join(root, 'taken'), 'x')).rejects.toThrow(EnvironmentError);
    await expect(writeReport(join(root, 'file', 'report.html'), 'x')).rejects.toThrow(
      'cannot write the report to',
    );
    expect((await readdir(root)).sort()).toEqual(['file', 'taken']);
    expect(await readFile(join(root, 'file'), 'utf8')).toBe('kept');
    await rm(root, { recursive: true });
  });

  test('outside Node it says what to do', async () => {
    vi.stubGlobal('process', undefined);
    await expect(writeReport('x', 'y')).rejects.toThrow(
      'writeReport needs the file system of Node',
    );
  });
});
