import { checkNode, EnvironmentError, readIfThere, replaceFile } from '@ketwork/base';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'ketwork-files-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const windows = process.platform === 'win32';

describe('replaceFile', () => {
  it('writes texts, bytes and pieces of bytes, and leaves nothing beside', async () => {
    const path = join(folder, 'one');
    await replaceFile(path, 'Straße');
    expect(readFileSync(path, 'utf8')).toBe('Straße');
    await replaceFile(path, Uint8Array.of(1, 2, 3));
    expect([...readFileSync(path)]).toEqual([1, 2, 3]);
    await replaceFile(path, [Uint8Array.of(4), Uint8Array.of(), Uint8Array.of(5, 6)]);
    expect([...readFileSync(path)]).toEqual([4, 5, 6]);
    await replaceFile(path, []);
    expect(readFileSync(path).length).toBe(0);
    expect(readdirSync(folder)).toEqual(['one']);
  });

  it('leaves the old file as it was where a piece cannot be written', async () => {
    const path = join(folder, 'kept');
    await replaceFile(path, 'old');
    const pieces = [Uint8Array.of(1), 7 as unknown as Uint8Array];
    for (const sole of [false, true]) {
      await expect(replaceFile(path, pieces, { sole })).rejects.toThrow(TypeError);
      expect(readFileSync(path, 'utf8')).toBe('old');
    }
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('rejects with the error of the system where there is no such folder', async () => {
    await expect(replaceFile(join(folder, 'none', 'file'), 'text')).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  it('ends with one of the texts where several are written at once', async () => {
    const path = join(folder, 'many');
    const texts = Array.from({ length: 20 }, (_, i) => String(i).repeat(1000 + i));
    await Promise.all(texts.map((text) => replaceFile(path, text)));
    expect(texts).toContain(readFileSync(path, 'utf8'));
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it.skipIf(windows)('makes files with the permissions asked for, whatever was left', async () => {
    const path = join(folder, 'secret');
    writeFileSync(`${path}.tmp`, 'left by a killed process');
    chmodSync(`${path}.tmp`, 0o666);
    await replaceFile(path, 'text', { mode: 0o600, sole: true });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toBe('text');
    expect(readdirSync(folder)).not.toContain('secret.tmp');
  });
});

describe('readIfThere', () => {
  it('has the bytes, or nothing where there is no file', async () => {
    writeFileSync(join(folder, 'there'), 'ab');
    expect(await readIfThere(join(folder, 'there'))).toEqual(Buffer.from('ab'));
    expect(await readIfThere(join(folder, 'not there'))).toBeUndefined();
    await expect(readIfThere(folder)).rejects.toMatchObject({ code: 'EISDIR' });
  });
});

describe('outside Node', () => {
  it('refuses files, with what to do', async () => {
    vi.stubGlobal('process', undefined);
    try {
      expect(() => checkNode('reports are files', 'Keep the text')).toThrow(EnvironmentError);
      await expect(replaceFile('file', 'text')).rejects.toThrow(/cannot write file: that needs/);
      await expect(readIfThere('file')).rejects.toThrow(EnvironmentError);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
