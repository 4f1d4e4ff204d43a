import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { inParallel, publicPackagesInOrder, run } from '../workspace.ts';
import type { Finished, Package } from '../workspace.ts';

/** A scratch folder outside the workspace that has the packed packages installed, as a user would have them. */
export interface Installation {
  /** The folder with `package.json` and `node_modules`. */
  readonly app: string;
  readonly tarballs: readonly { readonly name: string; readonly file: string }[];
}

/** Thrown with the output of the command that failed. */
class StepFailed extends Error {
  constructor(step: string, finished: Finished) {
    super(`${step}:\n${finished.output.trimEnd()}`);
    this.name = 'StepFailed';
  }
}

async function step(
  name: string,
  command: string,
  args: readonly string[],
  cwd: string,
): Promise<Finished> {
  const finished = await run(command, args, { cwd });
  if (finished.code !== 0) throw new StepFailed(name, finished);
  return finished;
}

/** Compiles the package's `src` into a fresh `dist`. */
async function build({ path, manifest }: Package): Promise<void> {
  rmSync(join(path, 'dist'), { recursive: true, force: true });
  await step(
    `build of ${manifest.name}`,
    'tsc',
    ['-p', 'tsconfig.build.json', '--pretty', 'false'],
    path,
  );
}

/** Builds and packs every public package and installs the tarballs with npm below `scratch`, without install scripts. */
export async function installPacked(scratch: string): Promise<Installation> {
  const packages = publicPackagesInOrder();
  const app = join(scratch, 'app');
  const kept = join(scratch, 'installation.json');
  try {
    return JSON.parse(readFileSync(kept, 'utf8')) as Installation;
  } catch {
    // Nothing was installed here before.
  }
  await inParallel(packages, 2, build);

  const tarballs = await inParallel(packages, 2, async ({ folder, path, manifest }) => {
    const into = join(scratch, 'tarballs', folder);
    mkdirSync(into, { recursive: true });
    await step(`pack of ${manifest.name}`, 'pnpm', ['pack', '--pack-destination', into], path);
    const [file] = globSync('*.tgz', { cwd: into });
    if (file === undefined) throw new Error(`pack of ${manifest.name} left no tarball`);
    return { name: manifest.name, file: join(into, basename(file)) };
  });

  mkdirSync(app, { recursive: true });
  const files = Object.fromEntries(tarballs.map(({ name, file }) => [name, `file:${file}`]));
  const { ketwork, ...others } = files;
  writeFileSync(
    join(app, 'package.json'),
    // The user asks for ketwork alone; its parts come along, from the tarballs instead of the registry.
    JSON.stringify(
      { private: true, type: 'module', dependencies: { ketwork }, overrides: others },
      null,
      2,
    ),
  );
  const quiet = [
    '--ignore-scripts',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  await step('npm install of the tarballs', 'npm', ['install', ...quiet], app);
  const installation = { app, tarballs };
  writeFileSync(kept, JSON.stringify(installation));
  return installation;
}
