// Sets up a bare machine (Node and npm are all it needs) and runs the package scripts named on the command line.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const pnpmVersion = '12.21.0';
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const tools = join(root, '.tools');
const windows = process.platform === 'win32';

function run(command, args, env = process.env) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: windows,
    env,
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

const manifest = join(tools, 'node_modules', 'pnpm', 'package.json');
if (!existsSync(manifest) || JSON.parse(readFileSync(manifest, 'utf8')).version !== pnpmVersion) {
  run('npm', [
    'install',
    '--prefix',
    tools,
    '--no-audit',
    '--no-fund',
    '--no-save',
    '--loglevel=error',
    `pnpm@${pnpmVersion}`,
  ]);
}
const bin = join(tools, 'node_modules', '.bin');
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
const pnpm = join(bin, windows ? 'pnpm.cmd' : 'pnpm');
run(pnpm, ['install', '--frozen-lockfile'], env);
// What follows `--` is for the last script.
const given = process.argv.slice(2);
const end = given.indexOf('--');
const scripts = end < 0 ? given : given.slice(0, end);
const rest = end < 0 ? [] : given.slice(end + 1);
scripts.forEach((script, i) =>
  run(pnpm, ['run', ...script.split(' '), ...(i === scripts.length - 1 ? rest : [])], env),
);
