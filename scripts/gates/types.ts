// Types: the compiler over every package with its tests, and over examples, bench and scripts.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inParallel, listFiles, root, run } from './workspace.ts';

const folders = listFiles(['{packages/*,examples,bench,scripts}/tsconfig.json'])
  .map((file) => dirname(file))
  .filter((folder) => existsSync(join(root, folder)));

const faults = await inParallel(folders, 2, async (folder) => {
  const { code, output } = await run('tsc', ['-p', folder, '--pretty', 'false']);
  return code === 0 ? '' : `${folder}:\n${output.trimEnd()}`;
});
const failing = faults.filter((fault) => fault !== '');
for (const fault of failing) console.log(fault);
console.log(`note: ${folders.length} projects`);
process.exitCode = failing.length === 0 ? 0 : 1;
