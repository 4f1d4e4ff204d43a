import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import list from './pinned.json' with { type: 'json' };

/** The one place where the versions of peers are written down: packages by peer. */
export const pinned: {
  readonly python: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly pythonCommon: Readonly<Record<string, string>>;
  readonly npm: Readonly<Record<string, string>>;
} = list;

/** Where `npm run bench -- --install-peers` puts them. */
export const peersFolder: string = fileURLToPath(new URL('../.peers', import.meta.url));

/** The folder whose `node_modules` holds the npm peers. */
export const npmFolder: string = join(peersFolder, 'npm');

/** The Python of a folder of peers. */
export const pythonOf = (folder: string): string =>
  process.platform === 'win32'
    ? join(folder, 'python', 'Scripts', 'python.exe')
    : join(folder, 'python', 'bin', 'python');

/** The Python to run peers with: KETWORK_PYTHON, the installed one, or python3. */
export function choosePython(): string {
  const installed = pythonOf(peersFolder);
  return process.env['KETWORK_PYTHON'] ?? (existsSync(installed) ? installed : 'python3');
}

/** Where to take npm peers from: KETWORK_PEERS or the installed ones. */
export function chooseNpmFolder(): string | undefined {
  const given = process.env['KETWORK_PEERS'];
  if (given !== undefined) return given;
  return existsSync(join(npmFolder, 'node_modules')) ? npmFolder : undefined;
}
