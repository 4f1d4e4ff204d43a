import { EnvironmentError } from '@ketwork/base';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, rm, stat, symlink } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InUseError } from '../../src/errors.ts';
import type { LockHolder } from '../../src/errors.ts';
import { FileLock } from '../../src/files/lock.ts';

const script = fileURLToPath(new URL('lock.child.ts', import.meta.url));

let folder: string;
let path: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'));
  path = join(folder, 'x.lock');
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

interface Said {
  readonly got?: number;
  readonly holder?: LockHolder | null;
}

/** Starts a process that wants the lock; what it says. */
async function another(): Promise<{ child: ChildProcess; said: Said }> {
  const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let complaint = '';
  child.stderr.on('data', (text: Buffer) => (complaint += text.toString()));
  for await (const line of createInterface(child.stdout)) {
    // Nor does Node print that it finds SQLite new.
    expect(complaint).toBe('');
    return { child, said: JSON.parse(line) as Said };
  }
  throw new Error(`the process said nothing but ${complaint}`);
}

function killed(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

/** The error with which the lock is refused. */
function refused(): InUseError {
  try {
    new FileLock(path, 'the journal').release();
  } catch (error) {
    if (error instanceof InUseError) return error;
    throw error;
  }
  throw new Error('the lock is free');
}

describe('a lock', () => {
  it('is had once in a process, whatever the file is called, and again after its release', async () => {
    const lock = new FileLock(path, 'the journal');
    const { holder, message, code } = refused();
    expect(holder).toMatchObject({ pid: process.pid, host: hostname() });
    expect(code).toBe('IN_USE');
    expect(message).toMatch(
      new RegExp(`^the journal is in use by process ${process.pid} on .* since 20`),
    );
    await symlink(folder, join(folder, 'same'));
    expect(() => new FileLock(join(folder, 'same', 'x.lock'), 'it')).toThrow(InUseError);
    lock.release();
    lock.release();
    new FileLock(path, 'the journal').release();
    expect(await readdir(folder)).toEqual(['same', 'x.lock']);
    expect((await stat(path)).size).toBe(0);
  });

  it('is had by one process, which the others name; and is free when that is killed', async () => {
    const { child, said } = await another();
    expect(said.got).toBe(child.pid);
    expect(refused().holder).toMatchObject({ pid: child.pid, host: hostname() });
    expect((await another()).said.holder?.pid).toBe(child.pid);
    await killed(child);
    // What it had noted of itself is still there, and holds nobody up.
    expect(await readdir(folder)).toContain('x.lock.json');
    const lock = new FileLock(path, 'the journal');
    expect(refused().holder?.pid).toBe(process.pid);
    lock.release();
  });

  it('is had by one of many that come for it at once, after one that was killed', async () => {
    const { child } = await another();
    await killed(child);
    const all = await Promise.all(Array.from({ length: 6 }, another));
    const got = all.filter(({ said }) => said.got !== undefined);
    expect(got).toHaveLength(1);
  });

  it('says where it cannot be', () => {
    expect(() => new FileLock(join(folder, 'none', 'x'), 'the journal')).toThrow(EnvironmentError);
  });
});
