import { checkNode, EnvironmentError, replaceFile } from '@ketwork/base';

/** The modules of Node that tiles need. */
export interface NodeModules {
  readonly fs: typeof import('node:fs');
  readonly files: typeof import('node:fs/promises');
  readonly path: typeof import('node:path');
  readonly crypto: typeof import('node:crypto');
}

/** Node's modules, reached through `process`, so that a bundler for browsers never meets them. */
export function nodeModules(): NodeModules {
  checkNode(
    'tiles of kernels are files and need the file system of Node',
    'In a browser use kernel.matrix, or nystrom for many examples',
  );
  return {
    fs: process.getBuiltinModule('node:fs'),
    files: process.getBuiltinModule('node:fs/promises'),
    path: process.getBuiltinModule('node:path'),
    crypto: process.getBuiltinModule('node:crypto'),
  };
}

/** Writes a file whole or not at all. */
export async function writeWhole(path: string, parts: readonly Uint8Array[]): Promise<void> {
  try {
    await replaceFile(path, parts);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new EnvironmentError(`cannot write ${path}: ${text}`, {
      remedy:
        'Check that the folder may be written to and the disk is not full; tiles that are there stay',
      cause,
    });
  }
}
