import { EnvironmentError } from './errors.ts';

/**
 * Makes sure that Node's own modules are there. They are reached through `process.getBuiltinModule`, so that a bundler for browsers
 * never meets them.
 *
 * @param message What the error says elsewhere.
 * @param remedy What to do instead in a browser.
 * @throws EnvironmentError outside Node.
 * @example
 * ```ts
 * import { checkNode } from '@ketwork/base';
 * checkNode('reports are files and need Node', 'In a browser keep the text');
 * const path = process.getBuiltinModule('node:path');
 * console.log(path.extname('report.html')); // .html
 * ```
 */
export function checkNode(message: string, remedy: string): void {
  if (typeof process === 'undefined' || process.getBuiltinModule === undefined)
    throw new EnvironmentError(message, { remedy });
}

/** How {@link replaceFile} makes the new file. */
export interface ReplaceOptions {
  /** Who may read it, as in `chmod`. Default `0o666`, less what the process masks. */
  readonly mode?: number;
  /**
   * No other process writes this file meanwhile: the new one is made under one name, `<path>.tmp`, so that at most one is left when the
   * process is killed, and the next write removes it. Default false: under a name that nobody else has.
   */
  readonly sole?: boolean;
}

/** Keeps temporary names of one process apart. */
let writes = 0;

/**
 * Writes a file whole or not at all; Node only. The new file is made beside the old one and takes its name when it is on the disk, so
 * that whoever reads finds one of them whole, after a crash of the machine too.
 *
 * @param path Its name, in a folder that exists.
 * @param content A text (UTF-8), bytes, or several pieces of bytes, one after the other.
 * @throws (as rejections) EnvironmentError outside Node, and the system's own errors, for the caller to say what the file was.
 * @example
 * ```ts
 * import { replaceFile } from '@ketwork/base';
 * import { tmpdir } from 'node:os';
 * await replaceFile(`${tmpdir()}/ketwork-example.txt`, 'whole or not at all');
 * ```
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array | readonly Uint8Array[],
  { mode = 0o666, sole = false }: ReplaceOptions = {},
): Promise<void> {
  checkNode(
    `cannot write ${path}: that needs the file system of Node`,
    'In a browser keep what the file would hold, such as in IndexedDB',
  );
  const { open, rename, rm } = process.getBuiltinModule('node:fs/promises');
  const { dirname } = process.getBuiltinModule('node:path');
  const temporary = `${path}.${sole ? '' : `${process.pid}.${(writes += 1)}.`}tmp`;
  // What a killed process has left, or somebody else has put there, would have its own permissions.
  if (sole) await rm(temporary, { force: true });
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      const pieces =
        typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
      for (const piece of pieces) await file.writeFile(piece);
      // Without this a crash of the machine could leave an empty file under the new name.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    throw cause;
  }
  // A new name lasts when its folder is written; Windows does that without being asked, and refuses to be.
  if (process.platform === 'win32') return;
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * The bytes of a file, or undefined where there is none; Node only.
 *
 * @throws (as rejections) EnvironmentError outside Node, and the system's own errors.
 * @example
 * ```ts
 * import { readIfThere } from '@ketwork/base';
 * console.log(await readIfThere('no such file')); // undefined
 * ```
 */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  checkNode(`cannot read ${path}: that needs the file system of Node`, 'In a browser fetch it');
  const { readFile } = process.getBuiltinModule('node:fs/promises');
  try {
    return await readFile(path);
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ENOENT') return undefined;
    throw cause;
  }
}
