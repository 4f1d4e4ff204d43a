// How the page looks, as geometry: which parts there are, where they stand, that nothing overlaps, sticks out or moves.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { settled, typeProgram } from './helpers.ts';
import type { PageCase } from './run.ts';

/** One part: name, and left, top, width and height in pixels. */
type Part = readonly [name: string, x: number, y: number, width: number, height: number];

const expected = JSON.parse(
  readFileSync(new URL('layout.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, readonly Part[]>>;

/** Fonts differ between machines; positions may do so by this share and these pixels. */
const LEEWAY = { share: 0.06, pixels: 24 };

/** The parts of the page that can be seen, in the order of the document. */
async function partsOf(page: Page): Promise<Part[]> {
  await page.evaluate(() => document.fonts.ready);
  await settled(page);
  return await page.evaluate(() => {
    const chosen =
      'header, h1, [role="tablist"], .actions, main .card, .palette, .board, .inspector, .spheres, .states, .code, .plane, .loss, .crossover, fieldset, .figures';
    return [...document.querySelectorAll(chosen)]
      .filter((element) => element.checkVisibility())
      .map((element): [string, number, number, number, number] => {
        const { x, y, width, height } = element.getBoundingClientRect();
        const name = element.getAttribute('aria-label') ?? (element.className || element.localName);
        const round = [x, y + scrollY, width, height].map(Math.round);
        return [name, round[0]!, round[1]!, round[2]!, round[3]!];
      });
  });
}

/** @throws where a part is missing, new, or elsewhere. */
function checkParts(where: string, found: readonly Part[]): void {
  const wanted = expected[where];
  const list = JSON.stringify(found);
  assert.ok(wanted !== undefined, `layout.json has no "${where}"; found ${list}`);
  assert.deepEqual(
    found.map(([name]) => name),
    wanted.map(([name]) => name),
    `${where}: other parts than in layout.json; found ${list}`,
  );
  found.forEach(([name, ...place], i) => {
    place.forEach((value, k) => {
      const should = wanted[i]![k + 1] as number;
      const leeway = LEEWAY.pixels + LEEWAY.share * should;
      assert.ok(
        Math.abs(value - should) <= leeway,
        `${where}: ${name} has ${['x', 'y', 'width', 'height'][k]} ${value} instead of ${should}; found ${list}`,
      );
    });
  });
}

/** Cards stand side by side or below each other, inside the window. */
async function checkCards(page: Page): Promise<void> {
  const { boxes, width, scroll } = await page.evaluate(() => ({
    boxes: [...document.querySelectorAll('main .card')]
      .filter((card) => card.checkVisibility())
      .map((card) => {
        const { left, right, top, bottom } = card.getBoundingClientRect();
        return { name: card.getAttribute('aria-label')!, left, right, top, bottom };
      }),
    width: innerWidth,
    scroll: document.documentElement.scrollWidth,
  }));
  assert.ok(scroll <= width, `the page scrolls sideways: ${scroll} of ${width} pixels`);
  for (const [i, a] of boxes.entries()) {
    assert.ok(a.left >= 0 && a.right <= width, `${a.name} sticks out of the window`);
    for (const b of boxes.slice(i + 1)) {
      const apart =
        a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
      assert.ok(apart, `${a.name} and ${b.name} overlap`);
    }
  }
}

/** Everything that can be operated has a name, and is large enough for a finger where fingers are used. */
async function checkControls(page: Page, touch: boolean): Promise<void> {
  const controls = await page.evaluate(() =>
    [
      ...document.querySelectorAll<HTMLElement>(
        'button, select, input, textarea, [role="gridcell"]',
      ),
    ]
      .filter((element) => element.checkVisibility())
      .map((element) => {
        const { width, height } = element.getBoundingClientRect();
        const labels = (element as HTMLInputElement).labels ?? [];
        const named = element.getAttribute('aria-labelledby');
        const name =
          element.getAttribute('aria-label') ??
          (named === null ? undefined : document.getElementById(named)?.textContent) ??
          ([...labels].map((label) => label.textContent).join(' ') || element.textContent);
        return {
          tag: element.outerHTML.slice(0, 80),
          name: name?.trim() ?? '',
          width,
          height,
          type: element.getAttribute('type'),
        };
      }),
  );
  assert.ok(controls.length > 8);
  for (const { tag, name, width, height, type } of controls) {
    assert.notEqual(name, '', `${tag} has no name`);
    if (touch && type !== 'checkbox') {
      assert.ok(width >= 32 && height >= 32, `${tag} is ${width} × ${height}, small for a finger`);
    }
  }
}

const LONG = `OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[5] q;\n${Array.from({ length: 40 }, (_, i) => `rx(0.${i + 1}) q[${i % 5}];\ncx q[${i % 5}], q[${(i + 1) % 5}];`).join('\n')}`;

const views = [
  ['circuit', 'Circuit'],
  ['train', 'Train'],
  ['bench', 'Bench'],
] as const;

export const layoutCases: readonly PageCase[] = [
  ...(['desktop', 'phone', 'small'] as const).map((window): PageCase => ({
    name: `layout, ${window}: every view has its parts in their places`,
    window,
    async run(page) {
      for (const [id, name] of views) {
        await page.getByRole('tab', { name }).click();
        if (id !== 'circuit') await page.locator(`#view-${id} .go`).waitFor();
        await page.locator(`#view-${id} .card`).first().waitFor();
        checkParts(`${window} ${id}`, await partsOf(page));
        await checkCards(page);
        await checkControls(page, window !== 'desktop');
      }
    },
  })),
  {
    name: 'layout: a long circuit scrolls in its own window',
    window: 'small',
    async run(page) {
      await typeProgram(page, LONG);
      await checkCards(page);
      const scrolls = await page
        .locator('.boardwindow')
        .first()
        .evaluate((element) => element.scrollWidth > 2 * element.clientWidth);
      assert.ok(scrolls);
    },
  },
  {
    name: 'layout: nothing moves while the page loads, a gate is selected, a model trains',
    async run(page) {
      const shift = (): Promise<number> =>
        page.evaluate(
          () =>
            new Promise<number>((resolve) => {
              let sum = 0;
              const observer = new PerformanceObserver((list) => {
                for (const entry of list.getEntries()) {
                  sum += (entry as unknown as { value: number }).value;
                }
              });
              observer.observe({ type: 'layout-shift', buffered: true });
              setTimeout(() => resolve(sum), 100);
            }),
        );
      const loading = await shift();
      assert.ok(loading < 0.01, `loading shifts the page by ${loading}`);
      const places = (): Promise<string> =>
        page.evaluate(() =>
          JSON.stringify(
            [...document.querySelectorAll('main .card')]
              .filter((card) => card.checkVisibility())
              .map((card) => card.getBoundingClientRect().toJSON() as unknown),
          ),
        );
      const before = await places();
      await page.locator('.cell[data-op="0"]').click();
      await settled(page);
      assert.equal(await places(), before, 'selecting a gate moves the page');
      await page.getByRole('tab', { name: 'Train' }).click();
      await page.locator('#view-train .go').waitFor();
      const untrained = await places();
      await page.locator('#view-train .go').click();
      await page.getByText(/^Finished/).waitFor();
      assert.equal(await places(), untrained, 'training moves the page');
      const all = await shift();
      assert.ok(all < 0.02, `the page has shifted by ${all}`);
    },
  },
  {
    name: 'layout: dark where the system is dark, with enough contrast in both',
    dark: true,
    async run(page) {
      for (const scheme of ['dark', 'light'] as const) {
        await page.emulateMedia({ colorScheme: scheme });
        const [ground, ink, muted, card] = await page.evaluate(() => {
          const style = (selector: string): CSSStyleDeclaration =>
            getComputedStyle(document.querySelector(selector)!);
          return [
            style('body').backgroundColor,
            style('body').color,
            style('.quiet').color,
            style('.card').backgroundColor,
          ];
        });
        const light = luminance(ground);
        assert.ok(
          scheme === 'dark' ? light < 0.05 : light > 0.8,
          `${scheme}: the ground is ${ground}`,
        );
        assert.ok(contrast(ink, card) >= 7, `${scheme}: ${ink} on ${card}`);
        assert.ok(contrast(muted, card) >= 4.5, `${scheme}: ${muted} on ${card}`);
      }
    },
  },
];

/** Relative luminance of `rgb(r, g, b)`, as the Web Content Accessibility Guidelines define it. */
function luminance(colour: string): number {
  const [r, g, b] = [...colour.matchAll(/[\d.]+/g)].map((match) => {
    const value = Number(match[0]) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
}
