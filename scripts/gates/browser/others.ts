// Firefox and WebKit, where installed: the packed program with workers, the fixture on worker threads, the frozen bits of
// the reproducible engine, the typed error of a page that forbids WebAssembly, and in Firefox the fixture on GPU engines
// over software adapters. They are driven by addresses alone: a page runs what its address names, reports by HTTP, and is
// told where to go next.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { root } from '../workspace.ts';
import { merged } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import { ISOLATED } from './test-pages.ts';

/** A browser: how it starts on an address, without anything of the user's; undefined where it is not installed. */
interface Other {
  readonly name: string;
  /** Whether it is to have a GPU: WebKit's minimal browser lacks one without a screen. */
  readonly gpu: boolean;
  start(url: string, folder: string): ChildProcess | undefined;
}

/** Longest that one page may take. */
const MOST_MILLISECONDS = 180_000;

const installed = (...paths: readonly string[]): string | undefined =>
  paths.flatMap((path) => globSync(path)).find((path) => existsSync(path));

/** Preferences: no pages of its own, no updates, and GPUs though they are emulated. */
const FIREFOX_PREFERENCES = {
  'app.update.enabled': false,
  'browser.aboutwelcome.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'dom.webgpu.enabled': true,
  'gfx.webgpu.ignore-blocklist': true,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'toolkit.telemetry.reportingpolicy.firstRun': false,
  'webgl.enable-software': true,
  'webgl.force-enabled': true,
};

const others: readonly Other[] = [
  {
    name: 'Firefox',
    gpu: true,
    start(url, folder) {
      const path = installed('/usr/bin/firefox-esr', '/usr/bin/firefox');
      const display = installed('/usr/bin/xvfb-run');
      if (path === undefined || display === undefined) return undefined;
      const lines = Object.entries(FIREFOX_PREFERENCES).map(
        ([key, value]) => `user_pref(${JSON.stringify(key)}, ${value});`,
      );
      writeFileSync(join(folder, 'user.js'), lines.join('\n'));
      // Without a display of some kind it has no WebGL.
      const args = ['--auto-servernum', path, '--no-remote', '--profile', folder, url];
      const vulkan = installed('/usr/lib/chromium/vk_swiftshader_icd.json');
      const env = {
        ...process.env,
        LIBGL_ALWAYS_SOFTWARE: '1',
        ...(vulkan === undefined ? {} : { VK_ICD_FILENAMES: vulkan }),
      };
      return spawn(display, args, { stdio: 'ignore', detached: true, env });
    },
  },
  {
    name: 'WebKit',
    gpu: false,
    start(url, folder) {
      const path = installed('/usr/lib/*/webkit2gtk-4.1/MiniBrowser');
      const display = installed('/usr/bin/xvfb-run');
      if (path === undefined || display === undefined) return undefined;
      // The browser keeps no data with `--private`; without a home of its own it would read the user's settings.
      const env = { ...process.env, HOME: folder, GSETTINGS_BACKEND: 'memory' };
      const args = ['--auto-servernum', path, '--private', url];
      return spawn(display, args, { stdio: 'ignore', detached: true, env });
    },
  },
];

/** What a page is to do: call a function of a module. */
interface Task {
  readonly title: string;
  readonly page: 'plain' | 'isolated' | 'strict';
  readonly module: string;
  readonly call: string;
  readonly arguments?: readonly unknown[];
  /** An error that means that the browser has not what this needs. */
  readonly lacking?: RegExp;
  /** What is wrong with the outcome, if anything. */
  check(outcome: { readonly error?: string; readonly result?: unknown }): string | undefined;
}

const FROZEN = join(root, 'packages', 'simulator', 'test', 'cpu', 'data', 'reproducible.txt');

function tasks(gpu: boolean): readonly Task[] {
  const fixture = (engine: string, circuits: number, page: 'plain' | 'isolated'): Task => ({
    title: `${circuits} circuits of the fixture on ${engine}${page === 'isolated' ? ', isolated' : ''}`,
    page,
    module: '/own/fixture.js',
    call: 'fixture',
    arguments: [engine, circuits],
    lacking: /^(EnvironmentError: there is no GPU|UnsupportedError: gpujs cannot use mode)/,
    check: ({ error, result }) => {
      if (error !== undefined) return error;
      const { failures, isolated } = result as { failures: readonly string[]; isolated: boolean };
      if (isolated !== (page === 'isolated'))
        return `the page ${isolated ? 'is' : 'is not'} isolated`;
      return failures.length === 0 ? undefined : failures.join('\n');
    },
  });
  return [
    {
      title: 'the packed program with workers',
      page: 'plain',
      module: '/bundle/workers.js',
      call: 'program',
      check: ({ error }) => error,
    },
    fixture('cpu-threads', 60, 'plain'),
    fixture('cpu-threads', 60, 'isolated'),
    {
      title: 'the frozen bits',
      page: 'plain',
      module: '/own/frozen.js',
      call: 'frozenBits',
      check: ({ error, result }) =>
        error ?? (result === readFileSync(FROZEN, 'utf8') ? undefined : 'other bits than frozen'),
    },
    {
      title: 'the typed error where WebAssembly is forbidden',
      page: 'strict',
      module: '/bundle/workers.js',
      call: 'program',
      check: ({ error }) => {
        if (error === undefined) return 'the program runs there';
        return /^EnvironmentError: .*wasm-unsafe-eval/s.test(error) ? undefined : error;
      },
    },
    ...(gpu
      ? [
          fixture('wgsl', 20, 'plain'),
          fixture('gpujs-webgpu', 10, 'plain'),
          fixture('gpujs-webgl2', 5, 'plain'),
        ]
      : []),
  ];
}

/** Runs in the page; text, since the page gets it as such. */
const RUN = `
  const { module, call, args, report } = JSON.parse(document.querySelector('script').textContent);
  let outcome;
  try {
    const found = await import(module);
    outcome = { result: await found[call](...args) };
  } catch (error) {
    outcome = { error: error instanceof Error ? error.name + ': ' + error.message : String(error) };
  }
  const next = await (await fetch(report, { method: 'POST', body: JSON.stringify(outcome) })).text();
  if (next !== '') location.replace(next);
`;

const STRICT = { 'content-security-policy': "script-src 'self' 'unsafe-inline'" };

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  request.setEncoding('utf8');
  let text = '';
  for await (const part of request) text += String(part);
  return text;
};

/** Serves pages of tasks and what they import; `report` is given every outcome and says where the page goes next. */
function serve(
  list: readonly Task[],
  folders: Readonly<Record<string, string>>,
  report: (task: number, outcome: string) => string,
): Promise<Server> {
  const pageOf = (index: number): string => {
    const { module, call, arguments: args = [] } = list[index]!;
    const told = JSON.stringify({ module, call, args, report: `/report/${index}` });
    return `<!doctype html><title>ketwork</title><link rel="icon" href="data:,"><script type="application/json">${told}</script><script type="module">${RUN}</script>`;
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const [, folder = '', ...rest] = pathname.split('/');
    const index = Number(rest[0]);
    if (folder === 'task' && list[index] !== undefined) {
      const headers = { plain: {}, isolated: ISOLATED, strict: STRICT }[list[index].page];
      response.writeHead(200, { 'content-type': 'text/html', ...headers }).end(pageOf(index));
    } else if (folder === 'report' && request.method === 'POST') {
      void bodyOf(request).then((text) => response.end(report(index, text)));
    } else {
      const base = folders[folder];
      const file = base === undefined ? '' : join(base, normalize(`/${rest.join('/')}`));
      if (extname(file) === '.js' && existsSync(file)) {
        const type = { 'content-type': 'text/javascript', ...ISOLATED };
        response.writeHead(200, type).end(readFileSync(file));
      } else response.writeHead(404).end();
    }
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

const stop = (browser: ChildProcess): void => {
  try {
    // Its processes form a group.
    process.kill(-browser.pid!, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
};

async function visit(
  other: Other,
  folders: Readonly<Record<string, string>>,
  scratch: string,
): Promise<Outcome> {
  const list = tasks(other.gpu);
  const faults: string[] = [];
  const done: string[] = [];
  const began = performance.now();
  const finished = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | undefined;
  const wait = (task: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      faults.push(`${other.name}: ${list[task]!.title}: nothing was heard of it`);
      finished.resolve();
    }, MOST_MILLISECONDS);
  };
  const server = await serve(list, folders, (task, text) => {
    const outcome = JSON.parse(text) as { error?: string; result?: unknown };
    const { title, lacking, check } = list[task]!;
    if (outcome.error !== undefined && lacking?.test(outcome.error) === true) {
      done.push(`skipped ${title} (${outcome.error})`);
    } else {
      const fault = check(outcome);
      if (fault === undefined) done.push(title);
      else faults.push(`${other.name}: ${title}: ${fault}`);
    }
    const next = task + 1;
    if (list[next] === undefined) {
      finished.resolve();
      return '';
    }
    wait(next);
    return `/task/${next}`;
  });
  const folder = join(scratch, `profile-${other.name}`);
  mkdirSync(folder, { recursive: true });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/task/0`;
  const browser = other.start(url, folder);
  try {
    if (browser === undefined)
      return { faults, notes: [`skipped: ${other.name} is not installed`] };
    browser.once('error', (error) => {
      faults.push(`${other.name} does not start: ${error.message}`);
      finished.resolve();
    });
    browser.once('exit', (code) => {
      faults.push(`${other.name} ended with code ${code}`);
      finished.resolve();
    });
    wait(0);
    await finished.promise;
    browser.removeAllListeners('exit');
  } finally {
    clearTimeout(timer);
    if (browser !== undefined) stop(browser);
    server.closeAllConnections();
    server.close();
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  return { faults, notes: [`${other.name}: ${done.join(', ')}, in ${seconds} s`] };
}

/**
 * Visits every other browser that is installed.
 *
 * @param bundled Folder of the packed program with workers, bundled for the address `/bundle/`.
 * @param own Folder of our test pages, bundled.
 */
export async function checkOthers(bundled: string, own: string, scratch: string): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  for (const other of others) {
    outcomes.push(await visit(other, { bundle: bundled, own }, scratch));
  }
  return merged(outcomes);
}
