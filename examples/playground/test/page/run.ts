// One case: a fresh page in a window of its own, watched for errors and for requests that leave the machine.
import type { Browser, Page } from 'playwright-core';

/** A test of the page. */
export interface PageCase {
  readonly name: string;
  /** Window; `phone` is 390 × 844 with touch. Default `desktop`, 1280 × 900. */
  readonly window?: 'desktop' | 'phone' | 'small';
  readonly dark?: boolean;
  /** Asks the server for a policy that forbids WebAssembly. */
  readonly strict?: boolean;
  /** What the console may say in it. */
  readonly complaints?: RegExp;
  /** What follows the # of the address. */
  readonly hash?: string;
  readonly run: (page: Page) => Promise<void>;
}

const windows = {
  desktop: { width: 1280, height: 900 },
  phone: { width: 390, height: 844 },
  small: { width: 360, height: 740 },
} as const;

/** Longest a single step may take, in milliseconds. */
const PATIENCE = 6000;

/** Runs a case. Returns what is wrong, if anything. */
export async function runCase(
  browser: Browser,
  url: string,
  { window = 'desktop', dark = false, strict = false, complaints: allowed, hash, run }: PageCase,
): Promise<string | undefined> {
  const touch = window !== 'desktop';
  const context = await browser.newContext({
    viewport: windows[window],
    hasTouch: touch,
    isMobile: touch,
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    const expected =
      (strict && message.text().includes('Content Security Policy')) ||
      allowed?.test(message.text()) === true;
    if (message.type() === 'error' && !expected) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !/^(blob|data):/.test(request.url())) {
      complaints.push(`asked for ${request.url()}`);
    }
  });
  try {
    await page.goto(`${url}${strict ? '?strict' : ''}${hash === undefined ? '' : `#${hash}`}`);
    await page.waitForSelector('html[data-ready]');
    await run(page);
    return complaints.length === 0 ? undefined : complaints.join('\n');
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return [text, ...complaints].join('\n');
  } finally {
    await context.close();
  }
}
