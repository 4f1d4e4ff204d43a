// Pages whose device or context is taken away, and whose browser loses its GPU process: see `packages/gpu/test/browser/loss.ts`.
import type { Browser, Page } from 'playwright-core';
import type { Outcome } from './outcome.ts';

const backEnds = ['wgsl', 'gpujs-webgpu', 'gpujs-webgl2'];

/** Runs in the page. */
async function call([name, backEnd, programs]: readonly string[]): Promise<readonly string[]> {
  const page = globalThis as unknown as { crashNow(): void };
  try {
    const at = '/loss.js';
    const module = (await import(at)) as Record<string, (...args: unknown[]) => Promise<string[]>>;
    return await module[name!]!(backEnd, programs, () => page.crashNow());
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  }
}

/** Ends the GPU process of a browser while calls are under way. */
async function crash(browser: Browser): Promise<void> {
  await new Promise((done) => setTimeout(done, 100));
  const session = await browser.newBrowserCDPSession();
  await session.send('Browser.crashGpuProcess');
}

async function visit(
  browser: Browser,
  base: string,
  ask: (page: Page) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const page = await browser.newPage();
  try {
    await page.exposeFunction('crashNow', () => void crash(browser).catch(() => {}));
    await page.goto(base);
    return await ask(page);
  } finally {
    await page.close();
  }
}

/** Takes devices away. Each browser is crashed once, since some refuse contexts afterwards. */
export async function checkLosses(launch: () => Promise<Browser>, base: string): Promise<Outcome> {
  const faults: string[] = [];
  const notes: string[] = [];
  for (const backEnd of backEnds) {
    const began = performance.now();
    for (const programs of ['one', 'new']) {
      const browser = await launch();
      const ask = async (what: string, name: string): Promise<void> => {
        const failures = await visit(browser, base, (page) =>
          page.evaluate(call, [name, backEnd, programs]),
        );
        faults.push(...failures.map((failure) => `${backEnd}, ${what}: ${failure}`));
      };
      try {
        if (programs === 'one') {
          await ask('zeros', 'zeros');
          await ask('lost', 'losses');
        }
        await ask(`crashed, ${programs} program`, 'crash');
      } finally {
        await browser.close();
      }
    }
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    notes.push(`${backEnd} lost and gone on in ${seconds} s`);
  }
  return { faults, notes };
}
