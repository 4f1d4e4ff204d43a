import { describe, expect, it } from 'vitest';
import { extractBlocks } from '../../../gates/examples/extract.ts';

describe('extractBlocks', () => {
  it('finds the blocks of doc comments with the lines they stand on', () => {
    const text = [
      'const fence = "```ts";',
      '/**',
      ' * Adds.',
      ' * @example',
      ' * ```ts',
      ' * const a = 1;',
      ' * console.log(a); // 1',
      ' * ```',
      ' */',
      'export const add = 1;',
    ].join('\n');
    expect(extractBlocks('a.ts', text)).toEqual([
      {
        page: 'a.ts',
        line: 6,
        code: 'const a = 1;\nconsole.log(a); // 1',
        runs: true,
        expectations: [{ line: 7, text: '1' }],
      },
    ]);
  });

  it('finds the blocks of a Markdown page and leaves out other languages', () => {
    const text = '# Title\n```sh\nnpm start\n```\n```ts\nf(); // 2\n```\n```ts no-run\ng();\n```\n';
    expect(extractBlocks('a.md', text).map(({ line, runs, code }) => [line, runs, code])).toEqual([
      [6, true, 'f(); // 2'],
      [9, false, 'g();'],
    ]);
  });

  it('reads what a console.log in a loop or behind other code says it prints', () => {
    const text =
      '```ts\nfor (const x of [1]) console.log(x); // 1\nf(); console.log(f(2)); // 4\nf(); // no\n```\n';
    expect(extractBlocks('a.md', text)[0]?.expectations).toEqual([
      { line: 2, text: '1' },
      { line: 3, text: '4' },
    ]);
  });
});
