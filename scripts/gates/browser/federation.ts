// A federation of the packed library: a tab as a participant beside Node, and the status page.
import { readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { root } from '../workspace.ts';

type Program = typeof import('../../../packages/ketwork/test/packed/participant.ts');
type Signing = import('../../../packages/ketwork/test/packed/participant.ts').Signing;
type Both = Readonly<Record<(typeof names)[number], Signing>>;
type Library = typeof import('../../../packages/ketwork/src/index.ts');

const names = ['north', 'south'] as const;
const tokens = { north: 'the-token-of-north-0123', south: 'the-token-of-south-0123' };
const statusToken = 'the-token-of-the-status';

/** The participant's program as a module that Node and the browser load. */
export function participantModule(): string {
  const file = join(root, 'packages', 'ketwork', 'test', 'packed', 'participant.ts');
  return stripTypeScriptTypes(readFileSync(file, 'utf8'));
}

/**
 * Lets a tab and Node take part in federations with and without secure aggregation.
 *
 * @param base Address of a server that has the program as `/participant.js`, and a page that can import it.
 * @returns what was done, and what is wrong.
 */
export async function checkFederations(
  browser: Browser,
  base: string,
  app: string,
): Promise<{ readonly notes: readonly string[]; readonly faults: readonly string[] }> {
  const file = join(app, 'participant.js');
  writeFileSync(file, participantModule());
  const program = (await import(pathToFileURL(file).href)) as Program;
  const library = (await import(
    pathToFileURL(join(app, 'node_modules', 'ketwork', 'dist', 'index.js')).href
  )) as Library;
  const notes: string[] = [];
  const faults: string[] = [];
  for (const federation of Object.keys(program.federations)) {
    const outcome = await oneFederation(browser, base, program, library, federation);
    faults.push(...outcome.map((fault) => `${federation} federation: ${fault}`));
    if (outcome.length === 0) {
      notes.push(
        `a tab and Node in one federation (${federation}) give the bits of its simulation`,
      );
    }
  }
  if (faults.length === 0) notes.push('the status page follows');
  return { notes, faults };
}

async function oneFederation(
  browser: Browser,
  base: string,
  program: Program,
  library: Library,
  federation: string,
): Promise<readonly string[]> {
  const { federate, stateOf, saveSafetensors } = library;
  const faults: string[] = [];
  const signing = federation === 'signed' ? await signingOf(library) : undefined;
  const model = program.net();
  await using server = await federate(model, {
    ...program.federations[federation]!,
    tokens,
    ...(signing === undefined ? {} : { identities: signing.north.identities }),
    status: { token: statusToken },
    origins: [base],
    waitFor: names.length,
    linger: Infinity,
  });
  const status = await openStatus(browser, server.url, faults);
  const tab = await browser.newPage();
  await tab.goto(`${base}/`);
  const [north, south] = await Promise.all([
    tab.evaluate(participateInTab, [server.url, 'north', tokens.north, signing?.north] as const),
    program.participate(server.url, 'south', tokens.south, signing?.south),
  ]);
  const { reason } = await server.result;
  const hex = Buffer.from(saveSafetensors(stateOf(model))).toString('hex');
  const expected = await program.simulated(federation);
  if (reason !== 'completed') faults.push(`it ends ${reason}`);
  const bits = { 'the coordinator': hex, Node: south, 'the tab': north };
  for (const [who, found] of Object.entries(bits)) {
    if (found !== expected) faults.push(`${who} has other bits than the simulation: ${found}`);
  }
  faults.push(...(await statusFaults(status)));
  await tab.close();
  await status.close();
  return faults;
}

/** What each participant signs with, which is made here; a real one makes its own. */
async function signingOf({ newIdentity, identityToText }: Library): Promise<Both> {
  const made = await Promise.all(names.map(() => newIdentity()));
  const identities = Object.fromEntries(names.map((name, i) => [name, made[i]!.publicKey]));
  const [north, south] = await Promise.all(made.map(identityToText));
  return {
    north: { identity: north!, identities },
    south: { identity: south!, identities },
  };
}

/** Runs in the tab. */
async function participateInTab(
  about: readonly [string, string, string, Signing | undefined],
): Promise<string> {
  const at = '/participant.js';
  try {
    const { participate } = (await import(at)) as Program;
    return await participate(...about);
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}

/** The status page before the first round, opened with a wrong token and then the right one. */
async function openStatus(browser: Browser, url: string, faults: string[]): Promise<Page> {
  const page = await browser.newPage();
  page.on('console', (message) => {
    // The browser reports the refused token by itself.
    if (message.type() === 'error' && !message.text().includes('401')) {
      faults.push(`the status page complains: ${message.text()}`);
    }
  });
  page.on('pageerror', (error) => faults.push(`the status page fails: ${error.message}`));
  page.on('request', (request) => {
    const asked = request.url();
    if (!asked.startsWith(`${url}/`) && !asked.startsWith('data:')) {
      faults.push(`the status page asks for ${asked}`);
    }
  });
  await page.goto(`${url}/`);
  await page.waitForSelector('#enter:not([hidden])');
  await page.fill('#token', 'a-token-that-is-unknown');
  await page.click('button');
  await page.waitForFunction(() => document.body.textContent.includes('does not know this token'));
  if (await page.isVisible('#status')) faults.push('the status page shows something to strangers');
  await page.fill('#token', statusToken);
  await page.click('button');
  await page.waitForSelector('#status:not([hidden])');
  const rounds = await page.textContent('#rounds');
  if (rounds !== '0 of 3') faults.push(`the status page begins with ${rounds} rounds`);
  return page;
}

/** What the page must have come to without being loaded again. */
async function statusFaults(page: Page): Promise<readonly string[]> {
  try {
    await page.waitForFunction(
      () => document.querySelector('#rounds')?.textContent === '3 of 3',
      null,
      {
        timeout: 10_000,
      },
    );
  } catch {
    return [`the status page stays at ${await page.textContent('#rounds')}`];
  }
  const text = async (selector: string): Promise<string> =>
    (await page.textContent(selector)) ?? '';
  const found = {
    phase: await text('#phase'),
    points: await page.locator('#curve circle.line0').count(),
    records: await page.locator('#records tr').count(),
    participants: await page.locator('#participants tr').allInnerTexts(),
    epsilon: await text('#epsilon'),
  };
  const wanted = {
    phase: 'finished: completed',
    points: 3,
    records: 4,
    epsilon: 'not private',
  };
  const faults = Object.entries(wanted)
    .filter(([name, value]) => found[name as keyof typeof wanted] !== value)
    .map(([name]) => `the status page shows ${JSON.stringify(found)}, wrong is ${name}`);
  for (const name of names) {
    const row = found.participants.find((line) => line.startsWith(name));
    if (row?.trim().endsWith('3') !== true)
      faults.push(`the status page has no 3 rounds of ${name}`);
  }
  return faults;
}
