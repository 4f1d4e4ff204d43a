// Packed: the tarballs as users get them. Build, pack, install in a scratch folder, import, run, lint the packages.
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPacked } from './packed/install.ts';
import type { Installation } from './packed/install.ts';
import { inParallel, report, root, run } from './workspace.ts';

interface LockedPackage {
  readonly hasInstallScript?: boolean;
}

const programs = join(root, 'packages', 'ketwork', 'test', 'packed');
/** First number of the oldest version of Node that the packages name in `engines`. */
const oldestNode = 22;
const faults: string[] = [];
const notes: string[] = [];

/** Nothing that `npm i ketwork` brings may want to run a script. */
function checkInstallScripts({ app }: Installation): void {
  const lock = JSON.parse(readFileSync(join(app, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockedPackage>;
  };
  const installed = Object.entries(lock.packages).filter(([path]) => path !== '');
  for (const [path, { hasInstallScript }] of installed) {
    if (hasInstallScript === true) faults.push(`${path} has an install script`);
  }
  notes.push(`${installed.length} packages installed`);
}

/** Nothing but built files, their maps, the readme and the licence belongs into a tarball. */
async function checkContents({ tarballs }: Installation): Promise<void> {
  for (const { name, file } of tarballs) {
    const { stdout } = await run('tar', ['-tzf', file]);
    const files = stdout.split('\n').filter((line) => line !== '');
    const expected = /^package\/(dist\/|package\.json$|README\.md$|LICENSE$)/;
    for (const extra of files.filter((f) => !expected.test(f)))
      faults.push(`${name}: packs ${extra}`);
    for (const needed of ['dist/index.js', 'dist/index.d.ts', 'README.md', 'LICENSE']) {
      if (!files.includes(`package/${needed}`)) faults.push(`${name}: lacks ${needed}`);
    }
  }
}

/** `using` becomes a helper that fails in browsers without `Symbol.dispose` (Safari 26): only the CLI may have it. */
async function checkDisposal({ app, tarballs }: Installation): Promise<void> {
  for (const { name } of tarballs) {
    const dist = join(app, 'node_modules', ...name.split('/'), 'dist');
    for (const file of globSync('**/*.js', { cwd: dist })) {
      if (file.startsWith('cli') || !existsSync(join(dist, file))) continue;
      if (readFileSync(join(dist, file), 'utf8').includes('__addDisposableResource'))
        faults.push(`${name}: dist/${file} has a \`using\`, which not all browsers have`);
    }
  }
}

/** publint and attw, as on the registry's page of a package. */
async function checkPackages({ tarballs }: Installation): Promise<void> {
  await inParallel(tarballs, 2, async ({ name, file }) => {
    const published = await run('publint', ['run', file, '--strict']);
    if (published.code !== 0) faults.push(`${name}: publint\n${published.output.trimEnd()}`);
    const typed = await run('attw', [file, '--profile', 'esm-only', '--no-color', '--no-emoji']);
    if (typed.code !== 0) faults.push(`${name}: attw\n${typed.output.trimEnd()}`);
  });
}

/** A program in TypeScript that uses the published declarations, and none of the workspace's settings. */
async function checkTypes({ app }: Installation): Promise<void> {
  copyFileSync(join(programs, 'program.ts'), join(app, 'program.ts'));
  copyFileSync(join(programs, 'node.ts'), join(app, 'node.ts'));
  for (const [compiler, path] of [
    ['TypeScript 7', join(root, 'node_modules', 'typescript', 'bin', 'tsc')],
    ['TypeScript 6', join(root, 'node_modules', 'typescript6', 'bin', 'tsc')],
  ] as const) {
    const options = {
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable', 'dom'],
      module: 'nodenext',
      strict: true,
      noEmit: true,
      allowImportingTsExtensions: true,
      types: [],
    };
    writeFileSync(
      join(app, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: options, files: ['program.ts'] }),
    );
    const { code, output } = await run(process.execPath, [path, '-p', '.', '--pretty', 'false'], {
      cwd: app,
    });
    if (code !== 0)
      faults.push(`${compiler} rejects a program over the declarations\n${output.trimEnd()}`);
  }
}

/** Other versions of Node that happen to be here, by the first number of their version. */
async function otherNodes(): Promise<{ path: string; version: string }[]> {
  const found: { path: string; version: string }[] = [];
  for (const path of ['/usr/bin/node', '/usr/local/bin/node', '/opt/node22/bin/node']) {
    if (!existsSync(path)) continue;
    const version = (await run(path, ['--version'])).stdout.trim();
    const known = [process.version, ...found.map((f) => f.version)];
    if (!known.some((v) => v.split('.')[0] === version.split('.')[0]))
      found.push({ path, version });
  }
  return found;
}

async function checkRun({ app }: Installation): Promise<void> {
  const { code, output } = await run(process.execPath, ['node.ts'], { cwd: app, timeout: 120_000 });
  if (code !== 0)
    faults.push(`the program fails under Node ${process.version}\n${output.trimEnd()}`);
  else notes.push(`runs under Node ${process.version}`);
  const others = await otherNodes();
  if (others.length === 0) notes.push('no other Node here to try');
  for (const { path, version } of others) {
    // Older Nodes do not run TypeScript: hand them the program without its types.
    const { stripTypeScriptTypes } = await import('node:module');
    for (const name of ['program', 'node']) {
      const text = stripTypeScriptTypes(readFileSync(join(app, `${name}.ts`), 'utf8'));
      writeFileSync(join(app, `${name}.js`), text.replaceAll("'./program.ts'", "'./program.js'"));
    }
    const finished = await run(path, ['node.js'], { cwd: app, timeout: 120_000 });
    const supported = Number.parseInt(version.slice(1), 10) >= oldestNode;
    if (finished.code === 0) notes.push(`runs under Node ${version}`);
    else if (!supported)
      notes.push(`fails under Node ${version}, which is older than "engines" asks`);
    else faults.push(`the program fails under Node ${version}\n${finished.output.trimEnd()}`);
  }
}

async function checkCommand({ app }: Installation): Promise<void> {
  const circuit = await run(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      "import { circuit } from 'ketwork'; console.log(JSON.stringify(circuit(2, (q) => { q.h(0); q.cnot(0, 1); })))",
    ],
    { cwd: app },
  );
  writeFileSync(join(app, 'bell.json'), circuit.stdout);
  const drawn = await run('npx', ['--no-install', 'ketwork', 'draw', 'bell.json'], { cwd: app });
  if (drawn.code !== 0 || !/\bH\b|─H|┤H/.test(drawn.stdout)) {
    faults.push(
      `npx ketwork draw bell.json exits ${drawn.code} and prints\n${drawn.output.trimEnd()}`,
    );
  }
  const missing = await run('npx', ['--no-install', 'ketwork', 'draw', 'missing.json'], {
    cwd: app,
  });
  if (missing.code === 0) faults.push('npx ketwork draw of a missing file exits 0');
}

const own = process.env['KETWORK_SCRATCH'] === undefined;
const scratch = process.env['KETWORK_SCRATCH'] ?? mkdtempSync(join(tmpdir(), 'ketwork-packed-'));
try {
  const installation = await installPacked(scratch);
  checkInstallScripts(installation);
  await checkContents(installation);
  await checkDisposal(installation);
  await checkTypes(installation);
  await checkRun(installation);
  await checkCommand(installation);
  await checkPackages(installation);
} catch (error) {
  faults.push(error instanceof Error ? error.message : String(error));
} finally {
  if (own) rmSync(scratch, { recursive: true, force: true });
}
report(faults, notes.join(', '));
