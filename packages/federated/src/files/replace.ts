import { nodeModule } from '../node.ts';

/**
 * Writes a file beside, and puts it in the place of the old one when it is on the disk, so that whoever reads finds one of
 * them whole. Only the owner may read it.
 */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const what = 'to write files';
  const { open, rename, rm } = nodeModule('node:fs/promises', what);
  const temporary = `${path}.tmp`;
  // What a killed process has left, or somebody else has put there, would have its own permissions.
  await rm(temporary, { force: true });
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  // A new name lasts when its folder is written; Windows does that without being asked, and refuses to be.
  if (process.platform === 'win32') return;
  const folder = await open(nodeModule('node:path', what).dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The bytes of a file; undefined where there is none. */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await nodeModule('node:fs/promises', 'to read files').readFile(path);
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ENOENT') return undefined;
    throw cause;
  }
}
