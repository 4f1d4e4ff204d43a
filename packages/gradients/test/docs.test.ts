import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { docsTables } from './docs-tables.ts';

test('the tables of docs/gradients.md say what the code does', async () => {
  const page = readFileSync(new URL('../../../docs/gradients.md', import.meta.url), 'utf8');
  for (const [name, table] of Object.entries(await docsTables())) {
    const [, rest = ''] = page.split(`<!-- table: ${name} -->\n`);
    const [found = ''] = rest.split('<!-- end of table -->');
    // Formatters may pad cells.
    const compact = (text: string): string =>
      text.replaceAll(/ +/g, ' ').replaceAll(/-{3,}/g, '---').trim();
    expect(compact(found), name).toBe(compact(table));
  }
});
