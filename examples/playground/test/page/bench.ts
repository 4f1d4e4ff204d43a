// The bench view.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Locator, Page } from 'playwright-core';
import type { PageCase } from './run.ts';

/** What the saved file holds; see `bench/harness/row.ts`. */
interface Saved {
  readonly case: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: number | null;
  readonly peerName: string | null;
  readonly ratio: number | null;
  readonly spread: number;
}

async function open(page: Page): Promise<Locator> {
  await page.getByRole('tab', { name: 'Bench' }).click();
  const view = page.locator('#view-bench');
  await view.locator('input[type="checkbox"]').first().waitFor();
  return view;
}

async function set(view: Locator, values: Readonly<Record<string, number>>): Promise<void> {
  for (const [name, value] of Object.entries(values))
    await view.locator(`input[name="${name}"]`).fill(String(value));
}

/** The rows that the page saves, after its header. */
async function saved(page: Page): Promise<readonly [header: object, rows: readonly Saved[]]> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save JSON' }).click(),
  ]);
  assert.equal(download.suggestedFilename(), 'ketwork-bench.json');
  const [header, ...rows] = JSON.parse(readFileSync(await download.path(), 'utf8')) as object[];
  return [header!, rows as Saved[]];
}

/** Every row must be a measurement. */
function checkRows(rows: readonly Saved[]): void {
  for (const row of rows) {
    const { ours, peer, peerName, ratio, spread } = row;
    const told = JSON.stringify(row);
    assert.ok(Number.isFinite(ours) && ours > 0, told);
    assert.ok(Number.isFinite(spread), told);
    assert.equal(peer === null, peerName === null, told);
    if (peer !== null) assert.ok(peer > 0 && Number.isFinite(ratio), told);
  }
}

export const benchCases: readonly PageCase[] = [
  {
    name: 'bench: every back end gets a curve, a row of times and a place in the summary',
    async run(page) {
      const view = await open(page);
      await set(view, { to: 4, large: 8 });
      await view.locator('select[name="batch"]').selectOption('16');
      // Emulated GPUs are there, and left out unless chosen.
      const backEnds = await view.locator('input[type="checkbox"]:checked').count();
      assert.equal(backEnds, 3);
      assert.equal(await view.locator('.caution').count(), 0);
      await view.locator('.go').click();
      await view.getByText('Finished').waitFor({ timeout: 30_000 });
      const rows = await view
        .locator('.times tbody tr')
        .evaluateAll((list) =>
          list.map((row) =>
            [...row.querySelectorAll('td')].map((field) => Number(field.textContent)),
          ),
        );
      assert.equal(rows.length, backEnds);
      for (const row of rows) {
        assert.equal(row.length, 3);
        assert.ok(
          row.every((time) => time > 0 && time < 1000),
          String(row),
        );
      }
      assert.equal(await view.locator('.kw-chart svg .kw-line').count(), backEnds);
      const summary = await view.locator('.stretches').innerText();
      assert.match(summary, /2 qubits|2 to \d qubits/);
      checkRows((await saved(page))[1]);
    },
  },
  {
    name: 'bench: all figures of all back ends, emulated GPUs included, as rows of the bench',
    async run(page) {
      const view = await open(page);
      await set(view, { to: 3, large: 8, layers: 1 });
      await view.locator('select[name="batch"]').selectOption('16');
      for (const box of await view.locator('input[type="checkbox"]').all()) await box.check();
      assert.match(await view.locator('.caution').innerText(), /only ratios mean something/);
      await view.locator('.go').click();
      await view.getByText('Finished').waitFor({ timeout: 120_000 });
      const [header, rows] = await saved(page);
      const { question, versions, skipped } = header as {
        readonly question: string;
        readonly versions: Readonly<Record<string, string>>;
        readonly skipped: readonly string[];
      };
      assert.equal(question, 'gpu');
      assert.match(versions['ketwork']!, /^\d+\.\d+\.\d+/);
      // A back end whose results differ from the CPU's would have been left out, and named here.
      assert.deepEqual(skipped, []);
      checkRows(rows);
      const next = rows.filter(({ peerName }) => peerName === 'gpujs webgpu, the same');
      const names = ['cpu', 'cpu in f32', 'wgsl', 'gpujs webgpu', 'gpujs webgl2'];
      for (const name of names) {
        const gpu = !name.startsWith('cpu');
        const title = gpu ? `, ${name}, software adapter` : `, ${name}`;
        const own = rows.filter((row) => row.case.endsWith(title) && !next.includes(row));
        const seen = own.map(({ case: what, unit, peerName }) => {
          const about = /bytes|gradients|values/.exec(what)?.[0] ?? 'gates';
          return `${about} in ${unit} against ${peerName}`;
        });
        const rival = name === 'cpu in f32' ? 'null' : 'cpu in f32';
        assert.deepEqual(
          seen,
          [
            ...Array.from({ length: 2 }, () => `values in ms against ${rival}`),
            `gates in gates/s against ${gpu ? `${name}, a pass for every gate` : 'null'}`,
            ...[4, 8].flatMap(() => [
              `values in examples/s against ${name}, one by one`,
              `gradients in examples/s against ${rival}`,
            ]),
            `bytes in GB/s against ${gpu ? 'copies by the device' : 'copies of memory'}`,
          ],
          name,
        );
      }
      // Our own shaders next to gpu.js.
      assert.deepEqual(
        next.map(({ unit }) => unit),
        ['gates/s', 'gates/s', ...Array.from({ length: 4 }, () => 'examples/s')],
      );
      // Each row has its place on the page, too.
      const sweep = rows.filter(({ unit }) => unit === 'ms').length;
      assert.equal(await view.locator('.bars tbody tr').count(), rows.length - sweep);
      assert.equal(await view.locator('.kw-chart svg .kw-line').count(), 6);
    },
  },
  {
    name: 'bench: it can be stopped, starts again, and fits a phone',
    window: 'small',
    async run(page) {
      const view = await open(page);
      await set(view, { from: 10, to: 12 });
      await view.locator('.go').click();
      await view.getByText('10 qubits').first().waitFor();
      await view.locator('.go').click();
      await view.getByText('Stopped').waitFor();
      assert.equal(await view.locator('fieldset:disabled').count(), 0);
      await set(view, { from: 2, to: 2, large: 6 });
      await view.locator('.go').click();
      await view.getByText('Finished').waitFor({ timeout: 30_000 });
      const [width, window, widest] = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        innerWidth,
        Math.max(
          ...[...document.querySelectorAll('.bars td')].map((e) => e.getBoundingClientRect().right),
        ),
      ]);
      assert.ok(width <= window && widest <= window, `${width} and ${widest} of ${window}`);
      for (const box of await view.locator('input[type="checkbox"]').all()) await box.uncheck();
      await view.locator('.go').click();
      await view.getByText('Tick a back end first').waitFor();
    },
  },
];
