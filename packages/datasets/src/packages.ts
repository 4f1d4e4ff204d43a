import { checkNode, EnvironmentError } from '@ketwork/base';

/**
 * The folder of an installed npm package, looked for from the caller's project first (`from`, by default the working
 * directory), then from this package. Node's own modules are reached through `process`, so that a bundler for
 * browsers never meets them.
 */
export function packageFolder(name: string, from: string | undefined): string {
  const { createRequire } = nodeModule('node:module', name);
  const { dirname, join } = nodeModule('node:path', name);
  const start = from ?? join(process.cwd(), 'package.json');
  for (const base of [start, import.meta.url]) {
    try {
      return dirname(createRequire(base).resolve(`${name}/package.json`));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new EnvironmentError(`the data package "${name}" is not installed (looked from ${start})`, {
    remedy: `Run: npm i ${name}`,
  });
}

/** Reads a file of a data package. */
export async function readPackageFile(
  folder: string,
  path: string,
  name: string,
): Promise<Uint8Array> {
  const { readFile } = nodeModule('node:fs/promises', name);
  const { join } = nodeModule('node:path', name);
  try {
    return await readFile(join(folder, path));
  } catch (cause) {
    throw new EnvironmentError(`the data package "${name}" lacks its file ${path}`, {
      remedy: `Install it again: npm i ${name}`,
      cause,
    });
  }
}

interface NodeModules {
  'node:module': typeof import('node:module');
  'node:path': typeof import('node:path');
  'node:fs/promises': typeof import('node:fs/promises');
}

function nodeModule<Name extends keyof NodeModules>(module: Name, name: string): NodeModules[Name] {
  checkNode(
    `the data package "${name}" can be read from disk in Node only`,
    'In a browser fetch the files, read them with readIdx and make a data set with dataset()',
  );
  return process.getBuiltinModule(module);
}
