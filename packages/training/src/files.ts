import { EnvironmentError } from '@ketwork/base';

/** Keeps temporary names of one process apart. */
let writes = 0;

/** Writes a file whole or not at all: a temporary file beside it takes its name when it is on the disk. */
export async function writeAtomically(
  path: string,
  bytes: Uint8Array,
  what: string,
): Promise<void> {
  const { mkdir, open, rename, rm } = nodeModule('node:fs/promises', what);
  const { dirname } = nodeModule('node:path', what);
  const temporary = `${path}.${process.pid}.${(writes += 1)}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(bytes);
      // Without this a crash of the machine could leave an empty file under the new name.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    throw new EnvironmentError(`cannot write ${what} ${path}: ${textOf(cause)}`, {
      remedy: 'Check that the folder may be written to and the disk is not full',
      cause,
    });
  }
}

/** The bytes of a file, or undefined where there is none. */
export async function readIfThere(path: string, what: string): Promise<Uint8Array | undefined> {
  const { readFile } = nodeModule('node:fs/promises', what);
  try {
    return await readFile(path);
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ENOENT') return undefined;
    throw new EnvironmentError(`cannot read ${what} ${path}: ${textOf(cause)}`, { cause });
  }
}

/** The bytes of a file. */
export async function readBytes(path: string, what: string): Promise<Uint8Array> {
  const bytes = await readIfThere(path, what);
  if (bytes !== undefined) return bytes;
  throw new EnvironmentError(`cannot read ${what} ${path}: there is no such file`);
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

interface NodeModules {
  'node:fs/promises': typeof import('node:fs/promises');
  'node:path': typeof import('node:path');
}

/** Node's modules are reached through `process`, so that a bundler for browsers never meets them. */
function nodeModule<Name extends keyof NodeModules>(name: Name, what: string): NodeModules[Name] {
  const found = typeof process === 'undefined' ? undefined : process.getBuiltinModule?.(name);
  if (found === undefined) {
    throw new EnvironmentError(`${what} cannot be a file: that needs the file system of Node`, {
      remedy: 'In a browser keep the bytes of modelToBytes(model), such as in IndexedDB',
    });
  }
  return found;
}
