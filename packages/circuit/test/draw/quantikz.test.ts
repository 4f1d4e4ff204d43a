import { describe, expect, it } from 'vitest';
import type { Circuit } from '../../src/index.ts';
import { circuit, drawQuantikz, input, weight } from '../../src/index.ts';
import { everything } from './sample.ts';

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

/** Rows of cells of each picture; throws where braces do not match. */
function picturesOf(text: string): string[][][] {
  let depth = 0;
  const bare = text.replaceAll(/\\[\\{}&]/g, (pair) => (pair === '\\\\' ? pair : '  '));
  for (const sign of bare) {
    if (sign === '{') depth++;
    if (sign === '}' && --depth < 0) throw new Error('a brace closes nothing');
  }
  if (depth !== 0) throw new Error('a brace is open');
  return [...bare.matchAll(/\\begin\{quantikz\}\n([\s\S]*?)\n\\end\{quantikz\}/g)].map((match) =>
    match[1]!.split(/\\\\\n?/).map((row) => row.split('&')),
  );
}

describe('drawQuantikz', () => {
  it.each(cases)('draws %s as in the golden file', async (name, make) => {
    await expect(`${drawQuantikz(make())}\n`).toMatchFileSnapshot(`../golden/${name}.tex`);
  });

  it.each(cases)('has one row per wire and one cell per column in %s', (_, make) => {
    const c = make();
    const [picture, ...others] = picturesOf(drawQuantikz(c));
    expect(others).toEqual([]);
    expect(picture).toHaveLength(c.qubits + (c.bits > 0 ? 1 : 0));
    expect(new Set(picture!.map((row) => row.length)).size).toBe(1);
  });

  it('breaks long circuits into pictures with all operations', () => {
    const c = circuit(2, (q) => {
      for (let i = 0; i < 10; i++) q.ry(i + 1, 0).cnot(0, 1);
    });
    const pictures = picturesOf(drawQuantikz(c, { columns: 6 }));
    expect(pictures).toHaveLength(4);
    expect(pictures.map((rows) => rows[0]!.length)).toEqual([8, 8, 8, 4]);
    expect(drawQuantikz(c, { columns: 6 }).match(/\\gate/g)).toHaveLength(10);
  });

  it('masks what LaTeX would read as its own', () => {
    const one = [1, 0, 0, 0, 0, 0, 1, 0];
    const text = drawQuantikz(circuit(1, (q) => q.unitary(one, [0], { label: 'a_b&c%{$#' })));
    expect(text).toContain('\\mathrm{a\\_b\\&c\\%\\{\\$\\#}');
    picturesOf(text);
    expect(drawQuantikz(circuit(1, (q) => q.sdg(0).rx(Math.PI / 2, 0)))).toContain(
      '\\gate{\\mathrm{S^{\\dagger}}} & \\gate{\\mathrm{RX}(\\pi /2)}',
    );
  });

  it('reaches from every mark to the next, and down to the classical wire', () => {
    const text = drawQuantikz(
      circuit(4, (q) =>
        q
          .toffoli(0, 3, 2)
          .measure(1, 0)
          .if(0, (then) => then.x(3)),
      ),
    );
    const [rows] = picturesOf(text);
    expect(rows![0]![1]).toContain('\\ctrl{}\\wire[d][2]{q}');
    expect(rows![2]![1]).toContain('\\targ{}\\wire[d][1]{q}');
    expect(rows![1]![2]).toContain('\\meter{}\\wire[d][3]{c}');
    expect(rows![4]![2]).toContain('\\push{\\scriptstyle 0}');
  });
});
