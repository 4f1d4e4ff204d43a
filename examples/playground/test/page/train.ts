// The training view.
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import type { PageCase } from './run.ts';

async function figure(page: Page, name: string): Promise<number> {
  return Number.parseFloat(await page.locator(`[data-figure="${name}"] dd`).innerText());
}

async function open(page: Page): Promise<void> {
  await page.getByRole('tab', { name: 'Train' }).click();
  await page.locator('#view-train .go').waitFor();
}

async function slide(page: Page, name: string, value: number): Promise<void> {
  await page.locator(`#view-train input[name="${name}"]`).fill(String(value));
}

/** Share of the plane's pixels that lean to blue and to orange, between the points. */
async function sides(page: Page): Promise<readonly [number, number]> {
  return await page.locator('canvas.plane').evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
    let [blue, orange] = [0, 0];
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 2]! - data[i]! > 25) blue++;
      else if (data[i]! - data[i + 2]! > 25) orange++;
    }
    return [(4 * blue) / data.length, (4 * orange) / data.length] as const;
  });
}

/** Names of the scripts that the page has loaded. */
async function scripts(page: Page): Promise<string> {
  return await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .filter((entry) => (entry as PerformanceResourceTiming).initiatorType !== 'fetch')
      .map(({ name }) => name)
      .join(' '),
  );
}

export const trainCases: readonly PageCase[] = [
  {
    name: 'training: the loss falls, the boundary is drawn, on every back end of the CPU',
    async run(page) {
      await open(page);
      await slide(page, 'epochs', 20);
      const [before] = await sides(page);
      assert.ok(before < 0.1, 'nothing is coloured before training');
      const losses: number[] = [];
      for (const backEnd of ['cpu', 'threads']) {
        await page.locator('select.backend').selectOption(backEnd);
        await page.locator('#view-train .go').click();
        await page.getByText(/^Finished/).waitFor();
        losses.push(await figure(page, 'loss'));
        assert.ok((await figure(page, 'accuracy')) > 95);
        await page.locator('select.backend').selectOption('cpu');
      }
      assert.ok(losses[0]! < 0.2, `the loss is ${losses[0]}`);
      // The same bits on any number of threads.
      assert.equal(losses[0], losses[1]);
      const [blue, orange] = await sides(page);
      assert.ok(blue > 0.2 && orange > 0.2, `${blue} of the plane is blue, ${orange} orange`);
      const curve = await page
        .locator('.loss .kw-line')
        .evaluateAll((lines) => lines.map((line) => line.getAttribute('d')!.split('L').length));
      assert.ok(curve.includes(20), 'the loss curve has a point per epoch');
    },
  },
  {
    name: 'training: GPU engines learn what the CPU learns, and gpu.js is loaded when it is chosen',
    async run(page) {
      await open(page);
      const emulated = page.locator('select.backend option', { hasText: 'emulated' });
      await emulated.first().waitFor({ state: 'attached' });
      assert.deepEqual(
        await emulated.evaluateAll((options) => options.map((o) => (o as HTMLOptionElement).value)),
        ['wgsl', 'gpujs-webgpu', 'gpujs-webgl2'],
      );
      await slide(page, 'points', 40);
      await slide(page, 'epochs', 5);
      const losses: number[] = [];
      for (const backEnd of ['cpu', 'wgsl', 'gpujs-webgpu', 'gpujs-webgl2']) {
        await page.locator('select.backend').selectOption(backEnd);
        await page.locator('#view-train .go').click();
        await page.getByText(/^(Finished|Failed)/).waitFor({ timeout: 20_000 });
        losses.push(await figure(page, 'loss'));
        const chosen = backEnd.startsWith('gpujs');
        assert.equal((await scripts(page)).includes('gpu-browser'), chosen, backEnd);
      }
      const [exact, ...single] = losses;
      await page.locator('select.backend').selectOption('auto');
      await page.locator('#view-train .go').click();
      await page.getByText(/^(Finished|Failed)/).waitFor();
      assert.equal(await figure(page, 'loss'), exact, 'no emulated GPU is chosen');
      assert.match(await page.locator('.about').innerText(), /CPU/);
      for (const loss of single) {
        assert.ok(Math.abs(loss - exact!) < 2e-4, `losses ${losses.join(', ')}`);
      }
    },
  },
  {
    name: 'training: it can be stopped, and the page stays awake',
    async run(page) {
      await open(page);
      await slide(page, 'points', 600);
      await slide(page, 'qubits', 8);
      await slide(page, 'layers', 6);
      await slide(page, 'epochs', 200);
      await page.locator('#view-train .go').click();
      await page.getByText(/^Training on/).waitFor();
      const began = Date.now();
      await page.locator('#view-train .go').click();
      await page.getByText(/^Stopped/).waitFor();
      assert.ok(Date.now() - began < 3000);
      assert.equal(await page.locator('#view-train fieldset:disabled').count(), 0);
    },
  },
];
