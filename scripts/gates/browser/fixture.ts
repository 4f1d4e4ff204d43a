// The fixture of every back end in headless Chromium, from the sources as a bundler makes them: one page per back end; then
// pages whose devices are lost.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';
import { checkLosses } from './loss.ts';
import { merged } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import { ISOLATED } from './test-pages.ts';

/** What a page reports; see `packages/gpu/test/browser/fixture.ts`. */
interface PageReport {
  readonly failures: readonly string[];
  readonly circuits: number;
  readonly explained: string;
  readonly isolated: boolean;
}

/** A page: a back end, how many circuits, and whether the page has the headers that give it shared memory. */
interface Page {
  readonly backEnd: string;
  readonly circuits: number;
  readonly isolated: boolean;
}

/** Shaders take long to compile on software adapters, those of WebGL 2 longest. */
const pages: readonly Page[] = [
  { backEnd: 'cpu-threads', circuits: 60, isolated: true },
  { backEnd: 'cpu-threads', circuits: 60, isolated: false },
  { backEnd: 'wgsl', circuits: 60, isolated: false },
  { backEnd: 'gpujs-webgpu', circuits: 60, isolated: true },
  { backEnd: 'gpujs-webgl2', circuits: 60, isolated: false },
];

/** Software adapters for WebGPU and WebGL 2. */
const GPU_FLAGS = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-unsafe-swiftshader',
];
const PAGE = '<!doctype html><title>ketwork</title><link rel="icon" href="data:,">';

function serve(folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const headers = pathname === '/isolated' ? ISOLATED : {};
    if (pathname === '/' || pathname === '/isolated') {
      response.writeHead(200, { 'content-type': 'text/html', ...headers }).end(PAGE);
      return;
    }
    const file = join(folder, normalize(pathname));
    if (extname(file) === '.js' && existsSync(file)) {
      // Workers of an isolated page need the headers, too; a page that is not isolated does not mind them.
      const type = { 'content-type': 'text/javascript', ...ISOLATED };
      response.writeHead(200, type).end(readFileSync(file));
    } else response.writeHead(404).end();
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** Runs in the page. */
async function runFixture({ backEnd, circuits }: Page): Promise<PageReport | string> {
  try {
    const at = '/fixture.js';
    const { fixture } = (await import(at)) as {
      fixture(backEnd: string, circuits: number): Promise<PageReport>;
    };
    return await fixture(backEnd, circuits);
  } catch (error) {
    return error instanceof Error
      ? `${error.name}: ${error.message}\n${error.stack}`
      : String(error);
  }
}

async function visit(browser: Browser, base: string, wanted: Page): Promise<Outcome> {
  const name = `${wanted.backEnd}${wanted.isolated ? ', isolated' : ''}`;
  const began = performance.now();
  const page = await browser.newPage();
  try {
    await page.goto(`${base}${wanted.isolated ? '/isolated' : '/'}`);
    const report = await page.evaluate(runFixture, wanted);
    if (typeof report === 'string') return { faults: [`${name}: ${report}`], notes: [] };
    const { failures, circuits, explained, isolated } = report;
    const faults = failures.map((failure) => `${name}: ${failure}`);
    if (isolated !== wanted.isolated)
      faults.push(`${name}: the page ${isolated ? 'is' : 'is not'} cross-origin isolated`);
    if (!wanted.backEnd.startsWith('cpu') && !/swiftshader|llvmpipe|lavapipe/i.test(explained))
      faults.push(`${name}: ran elsewhere: ${explained}`);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    return { faults, notes: [`${name}: ${circuits} circuits in ${seconds} s`] };
  } finally {
    await page.close();
  }
}

/** Runs the fixture, bundled into a folder, on every back end that a browser has. */
export async function checkFixture(
  executablePath: string,
  flags: readonly string[],
  folder: string,
): Promise<Outcome> {
  const server = await serve(folder);
  const args = [...flags.filter((flag) => flag !== '--disable-gpu'), ...GPU_FLAGS];
  const browser = await chromium.launch({ executablePath, args });
  const outcomes: Outcome[] = [];
  try {
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const page of pages) outcomes.push(await visit(browser, base, page));
    const launch = (): Promise<Browser> => chromium.launch({ executablePath, args });
    outcomes.push(await checkLosses(launch, base));
  } finally {
    await browser.close();
    server.close();
  }
  return merged(outcomes);
}
