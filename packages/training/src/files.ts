import { EnvironmentError } from '@ketwork/base';

/** Keeps temporary names of one process apart. */
let writes = 0;

/** Writes a file whole or not at all: a temporary file beside it takes its name when it is on the disk. */
export async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const { mkdir, open, rename, rm } = nodeModule('node:fs/promises');
  const { dirname } = nodeModule('node:path');
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
    throw new EnvironmentError(`cannot write the checkpoint ${path}: ${textOf(cause)}`, {
      remedy: 'Check that the folder may be written to and the disk is not full',
      cause,
    });
  }
}

/** The bytes of a file, or undefined where there is none. */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  const { readFile } = nodeModule('node:fs/promises');
  try {
    return await readFile(path);
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ENOENT') return undefined;
    throw new EnvironmentError(`cannot read the checkpoint ${path}: ${textOf(cause)}`, { cause });
  }
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

interface NodeModules {
  'node:fs/promises': typeof import('node:fs/promises');
  'node:path': typeof import('node:path');
}

/** Node's modules are reached through `process`, so that a bundler for browsers never meets them. */
function nodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] {
  const found = typeof process === 'undefined' ? undefined : process.getBuiltinModule?.(name);
  if (found === undefined) {
    throw new EnvironmentError('checkpoints need the file system of Node', {
      remedy:
        'In a browser leave out the option checkpoint and store saveSafetensors(stateOf(model)) yourself',
    });
  }
  return found;
}
