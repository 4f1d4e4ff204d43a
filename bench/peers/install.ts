// Installs the peers that are no dependencies, at the versions of pinned.json, into bench/.peers, which git ignores.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmFolder, peersFolder, pinned, pythonOf } from './places.ts';

/** Runs a command and returns why it failed, or undefined. */
function failure(command: string, args: readonly string[]): string | undefined {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    shell: process.platform === 'win32' && command === 'npm',
  });
  if (error !== undefined) return error.message;
  if (status === 0) return undefined;
  const lines = `${stdout}\n${stderr}`.trim().split('\n');
  return lines.findLast((line) => /error/i.test(line))?.trim() ?? lines.at(-1);
}

const exact = (versions: Readonly<Record<string, string>>): string[] =>
  Object.entries(versions).map(([name, version]) => `${name}==${version}`);

function installPython(say: (line: string) => void): void {
  const python = pythonOf(peersFolder);
  const venv = join(peersFolder, 'python');
  if (!existsSync(python)) {
    const reason = failure(process.env['KETWORK_PYTHON'] ?? 'python3', ['-m', 'venv', venv]);
    if (reason !== undefined) {
      say(`skipped: all Python peers: no virtual environment can be made (${reason})`);
      return;
    }
  }
  const constraints = join(peersFolder, 'constraints.txt');
  const all = Object.assign({}, pinned.pythonCommon, ...Object.values(pinned.python)) as Record<
    string,
    string
  >;
  writeFileSync(constraints, `${exact(all).join('\n')}\n`);
  for (const [peer, versions] of Object.entries(pinned.python)) {
    const wanted = exact(versions);
    const pip = ['-m', 'pip', 'install', '--quiet', '--no-input', '--constraint', constraints];
    const reason = failure(python, [...pip, ...wanted]);
    say(reason === undefined ? `installed: ${wanted.join(' ')}` : `skipped: ${peer}: ${reason}`);
  }
}

/** Installs what can be installed; each peer is said to be installed or skipped, with the reason. */
export function installPeers(say: (line: string) => void): void {
  mkdirSync(peersFolder, { recursive: true });
  installPython(say);
  mkdirSync(npmFolder, { recursive: true });
  // In one call: one that saves nothing removes what the one before it installed.
  const wanted = Object.entries(pinned.npm).map(([name, version]) => `${name}@${version}`);
  const flags = ['--no-audit', '--no-fund', '--no-save', '--ignore-scripts', '--loglevel=error'];
  const reason = failure('npm', ['install', '--prefix', npmFolder, ...flags, ...wanted]);
  say(
    reason === undefined
      ? `installed: ${wanted.join(' ')}`
      : `skipped: ${wanted.join(' ')}: ${reason}`,
  );
}
