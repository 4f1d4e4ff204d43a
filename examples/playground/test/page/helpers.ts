// What the cases of the page have in common.
import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';

/** The program in the OpenQASM pane, without its first lines. */
async function programOf(page: Page): Promise<string> {
  const text = await page.locator('.program textarea').inputValue();
  return text.replace(/^OPENQASM[^\n]*\ninclude[^\n]*\n/, '').trim();
}

/** Waits until the program, without its first lines, is this one. */
export async function expectProgram(page: Page, expected: string): Promise<void> {
  let last = '';
  for (let tries = 0; tries < 60; tries++) {
    last = await programOf(page);
    if (last === expected) return;
    await page.waitForTimeout(25);
  }
  assert.equal(last, expected);
}

/** Probabilities in percent by basis state, as the page lists them. */
export async function probabilitiesOf(page: Page): Promise<Record<string, number>> {
  await settled(page);
  return await page.evaluate(() =>
    Object.fromEntries(
      [...document.querySelectorAll('[aria-label="Basis states"] tbody tr')].map((row) => [
        row.querySelector('th')!.textContent,
        Number.parseFloat(row.querySelector('.value')!.textContent),
      ]),
    ),
  );
}

/** After the next frame has been drawn. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
  );
}

/** The chip of a kind in the palette. */
export function chip(page: Page, kind: string): Locator {
  return page.locator(`.chip[data-kind="${kind}"]`);
}

/** The cell of the board on a wire in a column, from 0. */
export function cell(page: Page, wire: number, column: number): Locator {
  return page.locator(`.cell[data-wire="${wire}"][data-column="${column}"]`);
}

/** Middle of an element in the window. */
async function middle(locator: Locator): Promise<{ x: number; y: number }> {
  await locator.scrollIntoViewIfNeeded();
  const box = await locator.boundingBox();
  assert.ok(box, 'the element is not on the page');
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

/** Drags with the mouse. */
export async function drag(
  page: Page,
  from: Locator,
  to: Locator | { x: number; y: number },
): Promise<void> {
  const a = await middle(from);
  const b = 'x' in to ? to : await middle(to);
  await page.mouse.move(a.x, a.y);
  await page.mouse.down();
  await page.mouse.move(a.x + 8, a.y + 8);
  await page.mouse.move(b.x, b.y, { steps: 4 });
  await page.mouse.up();
  await settled(page);
}

/** Drags with a finger. */
export async function touchDrag(page: Page, from: Locator, to: Locator): Promise<void> {
  await to.scrollIntoViewIfNeeded();
  const a = await middle(from);
  const b = await middle(to);
  const session = await page.context().newCDPSession(page);
  const send = async (
    type: 'touchStart' | 'touchMove' | 'touchEnd',
    x: number,
    y: number,
  ): Promise<void> => {
    const touchPoints = type === 'touchEnd' ? [] : [{ x, y }];
    await session.send('Input.dispatchTouchEvent', { type, touchPoints });
  };
  await send('touchStart', a.x, a.y);
  for (let i = 1; i <= 6; i++) {
    await send('touchMove', a.x + ((b.x - a.x) * i) / 6, a.y + ((b.y - a.y) * i) / 6);
  }
  await send('touchEnd', b.x, b.y);
  await session.detach();
  await betweenTaps(page);
}

/** Chromium takes touches at once for a double tap, and gives it no click. */
export async function betweenTaps(page: Page): Promise<void> {
  await page.waitForTimeout(350);
}

/** Replaces the program by this one, as typing does. */
export async function typeProgram(page: Page, text: string): Promise<void> {
  await page.locator('.program textarea').fill(text);
  await settled(page);
}
