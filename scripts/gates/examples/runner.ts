// Imports the example files one after the other and notes what each printed, on which line, and whether it threw.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { formatWithOptions } from 'node:util';

const [folder = '', results = '', ...files] = process.argv.slice(2);
const limit = 60_000;

let printed: { line: number; text: string }[] = [];
let current = '';
console.log = (...args: unknown[]): void => {
  const frames = new Error('position').stack ?? '';
  const from = frames.indexOf(`/${current}:`);
  const line = from < 0 ? 0 : Number.parseInt(frames.slice(from + current.length + 2), 10);
  const text = formatWithOptions(
    { colors: false, depth: 8, breakLength: Infinity, maxArrayLength: 300 },
    ...args,
  );
  printed.push({ line, text });
};

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const places = (error.stack ?? '').split('\n').filter((line) => line.includes(current));
  return [`${error.name}: ${error.message}`, ...places.slice(0, 2)].join('\n');
}

for (const file of files) {
  current = file;
  printed = [];
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not finish in ${limit / 1000} s`)), limit);
  });
  let error: string | undefined;
  try {
    await Promise.race([import(pathToFileURL(join(folder, file)).href), late]);
  } catch (caught) {
    error = describe(caught);
  } finally {
    clearTimeout(timer);
  }
  appendFileSync(results, `${JSON.stringify({ file, error, printed })}\n`);
}
// A worker that an example left running must not keep the process.
process.exit(0);
