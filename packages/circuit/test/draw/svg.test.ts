import { describe, expect, it } from 'vitest';
import type { Circuit } from '../../src/index.ts';
import { circuit, drawSvg, input, weight } from '../../src/index.ts';
import { everything } from './sample.ts';

/** Elements by name; throws where tags do not match: well-formed enough for XML without entities of its own. */
function elementsOf(svg: string): Map<string, number> {
  const counts = new Map<string, number>();
  const open: string[] = [];
  const rest = svg.replaceAll(
    /<(\/?)([a-z]+)((?: [a-zA-Z0-9:-]+="[^"<]*")*)(\/?)>/g,
    (_, end, name: string, __, empty) => {
      if (end === '/') {
        if (open.pop() !== name) throw new Error(`</${name}> does not close what is open`);
        return '';
      }
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (empty !== '/') open.push(name);
      return '';
    },
  );
  if (open.length > 0) throw new Error(`<${open.join('>, <')}> is not closed`);
  if (/[<>]/.test(rest.replaceAll(/\{[^}]*\}/g, ''))) throw new Error('there is a stray < or >');
  return counts;
}

const cases: readonly (readonly [name: string, make: () => Circuit])[] = [
  ['bell', () => circuit(2, (q) => q.h(0).cnot(0, 1).measure(0, 0).measure(1, 1))],
  [
    'layers',
    () =>
      circuit(4, (q) =>
        q.angleEmbedding(input('x', [4])).stronglyEntanglingLayers(weight('w', [2, 4, 3])),
      ),
  ],
  ['everything', everything],
];

describe('drawSvg', () => {
  it.each(cases)('draws %s as in the golden file', async (name, make) => {
    await expect(`${drawSvg(make())}\n`).toMatchFileSnapshot(`../golden/${name}.svg`);
  });

  it.each(cases)('gives every operation of %s one group with a title', (_, make) => {
    const data = make();
    const svg = drawSvg(data);
    elementsOf(svg);
    const groups = [
      ...svg.matchAll(/<g class="gate [a-z]+" data-op="([^"]+)"><title>([^<]+)<\/title>/g),
    ];
    const top = groups.map((group) => group[1]!).filter((path) => !path.includes('.'));
    expect(top).toEqual(data.ops.map((_op, index) => String(index)));
  });

  it('names operations inside conditionals', () => {
    const paths = [...drawSvg(everything()).matchAll(/data-op="(\d+\.[^"]+)"/g)].map(
      (match) => match[1],
    );
    expect(paths).toEqual(['25.then.0', '25.then.1', '25.otherwise.0']);
  });

  it('needs nothing outside the file', () => {
    const svg = drawSvg(everything()).replace('http://www.w3.org/2000/svg', '');
    expect(svg).not.toMatch(/https?:|url\(|@import|<script|<image|href/);
  });

  it('escapes text', () => {
    const svg = drawSvg(
      circuit(1, (q) => q.unitary([1, 0, 0, 0, 0, 0, 1, 0], [0], { label: '<b>"&\u0001' })),
      { title: '</title><script>' },
    );
    expect(svg).toContain('&lt;b&gt;&quot;&amp;�');
    expect(svg).toContain('<title>&lt;/title&gt;&lt;script&gt;</title>');
    elementsOf(svg);
  });

  it('folds at the width', () => {
    const widthOf = (svg: string): number => Number(/viewBox="0 0 ([\d.]+) /.exec(svg)![1]);
    const count = (svg: string): number => svg.split('class="wires"').length - 1;
    const data = everything();
    for (const width of [400, 700, 960]) {
      expect(widthOf(drawSvg(data, { width }))).toBeLessThanOrEqual(width);
    }
    expect(count(drawSvg(data, { width: 0 }))).toBe(1);
    expect(count(drawSvg(data, { width: 400 }))).toBeGreaterThan(
      count(drawSvg(data, { width: 960 })),
    );
  });

  it('colours inputs, weights and the rest apart', () => {
    const tones = [
      ...drawSvg(
        circuit(1, (q) =>
          q
            .h(0)
            .rx(input('x', []).at(), 0)
            .ry(weight('w', []).at(), 0)
            .rz(weight('w', []).at().times(input('x', []).at()), 0),
        ),
      ).matchAll(/<g class="gate ([a-z]+)"/g),
    ].map((match) => match[1]);
    expect(tones).toEqual(['fixed', 'input', 'weight', 'input']);
  });

  it('follows the system, or keeps to one theme', () => {
    const data = circuit(1, (q) => q.h(0));
    expect(drawSvg(data)).toContain('@media (prefers-color-scheme:dark)');
    const dark = drawSvg(data, { theme: 'dark' });
    expect(dark).not.toContain('@media');
    expect(dark).toContain('class="ketwork-circuit dark"');
    expect(dark).toContain('--kw-paper:#14181f');
    expect(drawSvg(data, { theme: 'light' })).toContain('--kw-paper:#ffffff');
  });
});
