// Playground: the page of examples/playground built as for a server, its size, and its tests in headless Chromium.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import { pageCases } from '../../examples/playground/test/page/cases.ts';
import { runCase } from '../../examples/playground/test/page/run.ts';
import { chromiumFlags, chromiumPath } from './chromium.ts';
import { inParallel, report, root } from './workspace.ts';

/** Most bytes of the page, compressed, without gpu.js. */
const MOST = 300_000;
/** Most of them that a browser loads before a circuit can be built. */
const MOST_AT_FIRST = 230_000;

const flags = [
  ...chromiumFlags,
  // Software adapters: the page offers them, and marks them as emulated.
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-unsafe-swiftshader',
];
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
};
const faults: string[] = [];
const notes: string[] = [];

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Compressed bytes of the built files by name; those of gpu.js and its licence comments are not counted. */
function checkSize(built: string): void {
  const files = readdirSync(built, { recursive: true, encoding: 'utf8' }).filter(
    (file) => extname(file) !== '' && !/gpu\.js|gpu-browser/.test(file),
  );
  const sizes = files.map((file) => gzipSync(readFileSync(join(built, file))).length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const page = readFileSync(join(built, 'index.html'), 'utf8');
  const first = files
    .map((file, i) => ({ file, size: sizes[i]! }))
    .filter(({ file }) => file === 'index.html' || page.includes(file))
    .reduce((sum, { size }) => sum + size, 0);
  if (total >= MOST) {
    const list = files.map((file, i) => `${sizes[i]} ${file}`).join('\n');
    faults.push(`the page has ${total} bytes compressed, ${MOST} are allowed\n${list}`);
  }
  if (first >= MOST_AT_FIRST) {
    faults.push(`${first} bytes are loaded at first, ${MOST_AT_FIRST} are allowed`);
  }
  notes.push(`${Math.round(total / 1000)} kB compressed, ${Math.round(first / 1000)} kB at first`);
}

/** Serves the built page with the headers any server sends; `?strict` asks for a policy that forbids WebAssembly. */
function serve(built: string): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname: path, search } = new URL(request.url ?? '/', 'http://localhost');
    const file = join(built, normalize(path === '/' ? 'index.html' : path));
    if (!file.startsWith(built) || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response
      .writeHead(200, {
        'content-type': types[extname(file)] ?? 'application/octet-stream',
        ...(search === '?strict' ? { 'content-security-policy': "script-src 'self'" } : {}),
      })
      .end(readFileSync(file));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

if (chromiumPath === undefined) {
  console.log('skipped: Chromium is not installed');
} else {
  const built = mkdtempSync(join(tmpdir(), 'ketwork-playground-'));
  const only = process.argv.slice(2);
  try {
    await build({
      root: join(root, 'examples', 'playground'),
      logLevel: 'error',
      build: { outDir: built, emptyOutDir: true },
    });
    checkSize(built);
    const server = await serve(built);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const browser = await chromium.launch({ executablePath: chromiumPath, args: flags });
    try {
      const cases = pageCases.filter(({ name }) => only.every((word) => name.includes(word)));
      const began = performance.now();
      await inParallel(cases, 2, async (one) => {
        const start = performance.now();
        const fault = await runCase(browser, url, one);
        if (fault !== undefined) faults.push(`${one.name}: ${fault}`);
        if (only.length > 0) console.log(`${seconds(start)}  ${one.name}`);
      });
      const chromiumVersion = browser.version();
      notes.push(`${cases.length} cases in Chromium ${chromiumVersion} in ${seconds(began)}`);
    } finally {
      await browser.close();
      server.close();
    }
  } catch (error) {
    faults.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    rmSync(built, { recursive: true, force: true });
  }
  report(faults, notes.join('; '));
}
