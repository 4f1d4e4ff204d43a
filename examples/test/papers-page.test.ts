import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const papers = join(import.meta.dirname, '..', 'papers');
const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'papers.md'), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => /^\| \[\d\d\]/.test(line))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

/** Results of full forms and variants, first seed. */
const results = readdirSync(papers)
  .filter((name) => /^\d\d-/.test(name))
  .flatMap((folder) =>
    readdirSync(join(papers, folder, 'results'))
      .filter((name) => name.endsWith('-seed-1.json') && !name.startsWith('quick'))
      .map((file) => ({ folder, file })),
  );

describe('the page on papers', () => {
  test('has a row for every paper', () => {
    const folders = readdirSync(papers).filter((name) => /^\d\d-/.test(name));
    expect(rows.map(([number]) => /\((.*)\)/.exec(number!)![1])).toEqual(
      folders.map((folder) => `../examples/papers/${folder}/README.md`),
    );
  });

  test.each(results.filter(({ file }) => file === 'full-seed-1.json'))(
    'says of $folder what its results say',
    ({ folder, file }) => {
      const { claims } = JSON.parse(
        readFileSync(join(papers, folder, 'results', file), 'utf8'),
      ) as {
        claims: { id: string; met: boolean | null }[];
      };
      const judged = claims.filter(({ met }) => met !== null);
      const missed = judged.filter(({ met }) => met === false).map(({ id }) => id);
      const row = rows.find(([number]) => number!.includes(folder))!;
      expect(row.slice(2, 4)).toEqual([
        `${judged.length - missed.length} of ${judged.length}`,
        missed.length === 0 ? '–' : missed.join(', '),
      ]);
    },
  );
});
