// Layout: what may stand at the top, the licence, what a published package must hold, and the length of files.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { listFiles, listPackages, report, root } from './workspace.ts';

const allowed = new Set([
  'packages',
  'examples',
  'bench',
  'docs',
  'scripts',
  'package.json',
  'pnpm-lock.yaml',
  'pnpm-workspace.yaml',
  'tsconfig.base.json',
  'README.md',
  'LICENSE',
  'CONTRIBUTING.md',
]);
const longFile = 500;

const faults: string[] = [];

for (const entry of readdirSync(root)) {
  if (!entry.startsWith('.') && entry !== 'node_modules' && !allowed.has(entry)) {
    faults.push(
      `${entry}: not an entry the top level has; put settings in a dot file or in scripts/`,
    );
  }
}

const licence = join(root, 'LICENSE');
if (!existsSync(licence)) faults.push('LICENSE: missing');
else if (!/Apache License\s+Version 2\.0, January 2004/.test(readFileSync(licence, 'utf8'))) {
  faults.push('LICENSE: not the text of the Apache License 2.0');
}
for (const name of ['README.md', 'CONTRIBUTING.md']) {
  if (!existsSync(join(root, name))) faults.push(`${name}: missing`);
}

const packages = listPackages();
const versions = new Set<string>();
for (const { folder, path, manifest } of packages) {
  const fault = (text: string): number => faults.push(`packages/${folder}: ${text}`);
  if (!existsSync(join(path, 'src', 'index.ts'))) fault('has no src/index.ts');
  for (const name of ['preinstall', 'install', 'postinstall']) {
    if (manifest.scripts?.[name] !== undefined) fault(`has the install script "${name}"`);
  }
  if (manifest.private === true) continue;
  versions.add(manifest.version);
  if (!existsSync(join(path, 'README.md'))) fault('has no README.md');
  const raw = manifest as unknown as Record<string, unknown>;
  for (const field of ['description', 'license', 'engines', 'files', 'publishConfig']) {
    if (raw[field] === undefined) fault(`package.json has no "${field}"`);
  }
  if (raw['type'] !== 'module') fault('package.json is not of type module');
  if (raw['sideEffects'] === undefined) fault('package.json does not state "sideEffects"');
}
if (versions.size > 1) faults.push(`packages: versions differ (${[...versions].join(', ')})`);

const sources = listFiles(['{packages/*/{src,test},examples,bench,scripts}/**/*.{ts,mjs}']);
for (const file of sources) {
  const lines = readFileSync(join(root, file), 'utf8').split('\n').length - 1;
  if (lines > longFile)
    console.log(`warning: ${file} has ${lines} lines; split it by what its parts hold`);
}

report(faults, `${packages.length} packages, ${sources.length} source files`);
