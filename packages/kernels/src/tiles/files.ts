import { EnvironmentError } from '@ketwork/base';

/** The modules of Node that tiles need. */
export interface NodeModules {
  readonly fs: typeof import('node:fs');
  readonly files: typeof import('node:fs/promises');
  readonly path: typeof import('node:path');
  readonly crypto: typeof import('node:crypto');
}

/** Node's modules, reached through `process`, so that a bundler for browsers never meets them. */
export function nodeModules(): NodeModules {
  const get = typeof process === 'undefined' ? undefined : process.getBuiltinModule;
  if (get === undefined) {
    throw new EnvironmentError('tiles of kernels are files and need the file system of Node', {
      remedy: 'In a browser use kernel.matrix, or nystrom for many examples',
    });
  }
  return {
    fs: get('node:fs'),
    files: get('node:fs/promises'),
    path: get('node:path'),
    crypto: get('node:crypto'),
  };
}

/** Keeps temporary names of one process apart. */
let writes = 0;

/** Writes a file whole or not at all: a temporary file beside it takes its name when it is on the disk. */
export async function writeWhole(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const { files } = nodeModules();
  const temporary = `${path}.${process.pid}.${(writes += 1)}.tmp`;
  try {
    const file = await files.open(temporary, 'wx');
    try {
      for (const part of parts) await file.writeFile(part);
      // Without this a crash of the machine could leave an empty file under the new name.
      await file.sync();
    } finally {
      await file.close();
    }
    await files.rename(temporary, path);
  } catch (cause) {
    await files.rm(temporary, { force: true }).catch(() => {});
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new EnvironmentError(`cannot write ${path}: ${text}`, {
      remedy:
        'Check that the folder may be written to and the disk is not full; tiles that are there stay',
      cause,
    });
  }
}
