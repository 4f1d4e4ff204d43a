// What every gate needs to know about the workspace: where it is, which packages it has, how to run a command.
import { spawn } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { basename, delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The workspace's top folder; tests of the gates set another one. */
export const root: string =
  process.env['KETWORK_ROOT'] ?? dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The fields of a package.json that the gates read. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** A folder of the workspace with a package.json. */
export interface Package {
  /** Folder name, such as `circuit`. */
  readonly folder: string;
  /** Absolute path. */
  readonly path: string;
  readonly manifest: Manifest;
}

/** Reads a package.json. */
export function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(path, 'utf8')) as Manifest;
}

/** The packages below `packages/`, by folder name. */
export function listPackages(): Package[] {
  return globSync('packages/*/package.json', { cwd: root })
    .sort()
    .map((file) => {
      const path = join(root, dirname(file));
      return { folder: basename(path), path, manifest: readManifest(join(root, file)) };
    });
}

/** Packages that are published, every package after those it depends on. */
export function publicPackagesInOrder(): Package[] {
  const all = listPackages().filter((p) => p.manifest.private !== true);
  const byName = new Map(all.map((p) => [p.manifest.name, p]));
  const done = new Set<Package>();
  const visit = (p: Package): void => {
    if (done.has(p)) return;
    for (const name of Object.keys(p.manifest.dependencies ?? {})) {
      const dependency = byName.get(name);
      if (dependency !== undefined && dependency !== p) visit(dependency);
    }
    done.add(p);
  };
  for (const p of all) visit(p);
  return [...done];
}

/** Files below the workspace that match, as paths relative to it, without installed or built ones. */
export function listFiles(patterns: readonly string[]): string[] {
  const left = /(^|\/)(node_modules|dist|\.tools|\.git|\.examples|coverage)(\/|$)/;
  return globSync([...patterns], { cwd: root, exclude: (path) => left.test(path) })
    .filter((path) => !left.test(path))
    .sort();
}

/** A path as shown to people: relative to the workspace. */
export function shown(path: string): string {
  return relative(root, path);
}

/** What a finished command left. */
export interface Finished {
  readonly code: number;
  /** Standard output and error, in order of arrival. */
  readonly output: string;
  /** Standard output alone. */
  readonly stdout: string;
}

/** Options of {@link run}. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds after which the command is ended and counts as failed. Default 15 minutes. */
  readonly timeout?: number;
}

/** Runs a command to its end with the workspace's tools in PATH. Never throws for a command that fails. */
export function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Finished> {
  const bins = [join(root, 'node_modules', '.bin'), join(root, '.tools', 'node_modules', '.bin')];
  const env = {
    ...process.env,
    PATH: [...bins, process.env['PATH'] ?? ''].join(delimiter),
    NO_COLOR: '1',
    FORCE_COLOR: undefined,
    ...options.env,
  };
  return new Promise((resolve) => {
    let output = '';
    let stdout = '';
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeout ?? 900_000,
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', (error) =>
      resolve({ code: 127, output: `${output}${error.message}\n`, stdout }),
    );
    child.on('close', (code, signal) =>
      resolve({
        code: code ?? 1,
        output: signal === null ? output : `${output}ended by ${signal}\n`,
        stdout,
      }),
    );
  });
}

/** Calls `work` on every item, at most `width` at a time; results in the order of the items. */
export async function inParallel<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return results;
}

/** Prints the faults of a gate and leaves the exit code that goes with them. */
export function report(faults: readonly string[], summary: string): void {
  for (const fault of faults) console.log(fault);
  if (faults.length > 0) {
    console.log(`${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}`);
    process.exitCode = 1;
  } else {
    console.log(`note: ${summary}`);
  }
}
