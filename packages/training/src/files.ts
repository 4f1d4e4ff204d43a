import { checkNode, EnvironmentError, readIfThere, replaceFile } from '@ketwork/base';

/** Writes a file whole or not at all, in a folder that is made where there is none. */
export async function writeAtomically(
  path: string,
  bytes: Uint8Array,
  what: string,
): Promise<void> {
  check(what);
  const { mkdir } = process.getBuiltinModule('node:fs/promises');
  const { dirname } = process.getBuiltinModule('node:path');
  try {
    await mkdir(dirname(path), { recursive: true });
    await replaceFile(path, bytes);
  } catch (cause) {
    throw new EnvironmentError(`cannot write ${what} ${path}: ${textOf(cause)}`, {
      remedy: 'Check that the folder may be written to and the disk is not full',
      cause,
    });
  }
}

/** The bytes of a file, or undefined where there is none. */
export async function readWhole(path: string, what: string): Promise<Uint8Array | undefined> {
  check(what);
  try {
    return await readIfThere(path);
  } catch (cause) {
    throw new EnvironmentError(`cannot read ${what} ${path}: ${textOf(cause)}`, { cause });
  }
}

/** The bytes of a file. */
export async function readBytes(path: string, what: string): Promise<Uint8Array> {
  const bytes = await readWhole(path, what);
  if (bytes !== undefined) return bytes;
  throw new EnvironmentError(`cannot read ${what} ${path}: there is no such file`);
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function check(what: string): void {
  checkNode(
    `${what} cannot be a file: that needs the file system of Node`,
    'In a browser keep the bytes of modelToBytes(model), such as in IndexedDB',
  );
}
