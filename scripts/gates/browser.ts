// Browser: the packed packages in headless Chromium, unbundled and bundled (with workers), on a page that forbids
// WebAssembly, and as a participant of a federation; then the fixture of every back end that a browser has, and what
// Firefox and WebKit have of it.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';
import { build } from 'vite';
import { chromiumFlags, chromiumPath } from './chromium.ts';
import { checkFederations, participantModule } from './browser/federation.ts';
import { checkFixture } from './browser/fixture.ts';
import { checkOthers } from './browser/others.ts';
import { bundleTestPages } from './browser/test-pages.ts';
import { importMap } from './packed/import-map.ts';
import { installPacked } from './packed/install.ts';
import { report, root } from './workspace.ts';

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};
const faults: string[] = [];
const notes: string[] = [];

/** The program and its worker variant bundled, as an application would ship them. */
async function bundle(app: string): Promise<string> {
  const source = join(app, 'bundle');
  const tests = join(root, 'packages', 'ketwork', 'test', 'packed');
  mkdirSync(source, { recursive: true });
  for (const name of ['program', 'workers']) {
    const text = readFileSync(join(tests, `${name}.ts`), 'utf8');
    writeFileSync(join(source, `${name}.ts`), text);
  }
  const out = join(source, 'dist');
  await build({
    root: source,
    logLevel: 'error',
    base: '/bundle/',
    worker: { format: 'es' },
    build: {
      outDir: out,
      emptyOutDir: true,
      target: 'esnext',
      minify: true,
      rollupOptions: {
        input: { workers: join(source, 'workers.ts') },
        preserveEntrySignatures: 'strict',
        output: { entryFileNames: '[name].js' },
      },
    },
  });
  return out;
}

/** Serves the installation, the page and the program; `/strict` has a policy without 'wasm-unsafe-eval'. */
function serve(app: string, bundled: string): Promise<Server> {
  const program = readFileSync(
    join(root, 'packages', 'ketwork', 'test', 'packed', 'program.ts'),
    'utf8',
  );
  const page = `<!doctype html><title>ketwork</title><script type="importmap">${JSON.stringify(importMap(app))}</script>`;
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const send = (status: number, type: string, body: string | Buffer, headers = {}): void => {
      response.writeHead(status, { 'content-type': type, ...headers }).end(body);
    };
    const strict = { 'content-security-policy': "script-src 'self' 'unsafe-inline'" };
    if (path === '/' || path === '/strict')
      send(200, 'text/html', page, path === '/' ? {} : strict);
    else if (path === '/bundled') send(200, 'text/html', '<!doctype html><title>ketwork</title>');
    else if (path.startsWith('/bundle/')) {
      const file = join(bundled, normalize(path.slice('/bundle/'.length)));
      if (existsSync(file)) send(200, types[extname(file)] ?? 'text/plain', readFileSync(file));
      else send(404, 'text/plain', path);
    } else if (path === '/program.js') send(200, 'text/javascript', stripTypeScriptTypes(program));
    else if (path === '/participant.js') send(200, 'text/javascript', participantModule());
    else {
      // ml-matrix imports its own files without their ending, as bundlers allow.
      const named = join(app, normalize(path));
      const file = extname(named) === '' ? `${named}.js` : named;
      const inside = file.startsWith(join(app, 'node_modules'));
      if (inside && existsSync(file))
        send(200, types[extname(file)] ?? 'text/plain', readFileSync(file));
      else send(404, 'text/plain', path);
    }
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** What the page of {@link serve} may be asked to do; runs in the browser. */
async function runProgram(at: string): Promise<{ error?: string; result?: unknown }> {
  const describe = (error: unknown): string =>
    error instanceof Error
      ? `${error.name}: ${error.message}\n${error.stack ?? ''}`
      : String(error);
  try {
    const { program } = (await import(at)) as { program: () => Promise<unknown> };
    return { result: await program() };
  } catch (error) {
    return { error: describe(error) };
  }
}

async function visit(
  browser: Browser,
  url: string,
  module = '/program.js',
): Promise<{ error?: string; result?: unknown }> {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' && !text.startsWith('Failed to load')) complaints.push(text);
  });
  page.on('response', (response) => {
    if (response.status() >= 400 && !response.url().endsWith('/favicon.ico')) {
      complaints.push(`${response.status()} ${response.url()}`);
    }
  });
  await page.goto(url);
  const outcome = await page.evaluate(runProgram, module);
  await page.close();
  if (outcome.error === undefined) return outcome;
  return { error: [outcome.error, ...complaints].join('\n') };
}

const addressOf = (server: Server): string =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function checkPages(browser: Browser, server: Server): Promise<void> {
  const base = addressOf(server);
  const plain = await visit(browser, `${base}/`);
  if (plain.error !== undefined) faults.push(`the program fails in the browser\n${plain.error}`);
  else
    notes.push(`Chromium ${browser.version()} runs the program: ${JSON.stringify(plain.result)}`);
  const bundled = await visit(browser, `${base}/bundled`, '/bundle/workers.js');
  if (bundled.error !== undefined) faults.push(`the bundle fails in the browser\n${bundled.error}`);
  else notes.push(`bundled, with workers: ${JSON.stringify(bundled.result)}`);
  const strict = await visit(browser, `${base}/strict`);
  if (strict.error === undefined) faults.push("a page without 'wasm-unsafe-eval' runs the program");
  else if (!/^EnvironmentError: .*wasm-unsafe-eval/.test(strict.error)) {
    faults.push(
      `a page without 'wasm-unsafe-eval' gets an error that does not name it\n${strict.error}`,
    );
  } else notes.push('a page that forbids WebAssembly gets the typed error');
}

if (chromiumPath === undefined) {
  console.log('skipped: Chromium is not installed');
} else {
  const own = process.env['KETWORK_SCRATCH'] === undefined;
  const scratch = process.env['KETWORK_SCRATCH'] ?? mkdtempSync(join(tmpdir(), 'ketwork-browser-'));
  let server: Server | undefined;
  let browser: Browser | undefined;
  try {
    const { app } = await installPacked(scratch);
    const bundled = await bundle(app);
    server = await serve(app, bundled);
    browser = await chromium.launch({ executablePath: chromiumPath, args: [...chromiumFlags] });
    await checkPages(browser, server);
    const federations = await checkFederations(browser, addressOf(server), app);
    faults.push(...federations.faults);
    notes.push(...federations.notes);
    const pages = join(scratch, 'test-pages');
    await bundleTestPages(pages);
    const fixture = await checkFixture(chromiumPath, chromiumFlags, pages);
    faults.push(...fixture.faults);
    notes.push(...fixture.notes);
    const others = await checkOthers(bundled, pages, scratch);
    faults.push(...others.faults);
    notes.push(...others.notes);
  } catch (error) {
    faults.push(error instanceof Error ? error.message : String(error));
  } finally {
    await browser?.close();
    server?.close();
    if (own) rmSync(scratch, { recursive: true, force: true });
  }
  report(faults, notes.join('; '));
}
