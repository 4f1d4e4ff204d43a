// Devices that are lost while a view computes on them.
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import type { PageCase } from './run.ts';

/** Keeps what the page opens, so that it can be taken away: devices of WebGPU and contexts of WebGL. */
function keep(): void {
  const kept: (() => void)[] = [];
  Object.defineProperty(globalThis, 'loseAll', {
    value: () => {
      for (const lose of kept.splice(0)) lose();
    },
  });
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...args): Promise<GPUDevice> {
    const device = await request.apply(this, args);
    kept.push(() => device.destroy());
    return device;
  };
  for (const { prototype } of [OffscreenCanvas, HTMLCanvasElement]) {
    const make = prototype.getContext as (...args: unknown[]) => unknown;
    Object.defineProperty(prototype, 'getContext', {
      value(this: unknown, ...args: unknown[]): unknown {
        const made = make.apply(this, args);
        if (made instanceof WebGL2RenderingContext)
          kept.push(() => made.getExtension('WEBGL_lose_context')?.loseContext());
        return made;
      },
    });
  }
}

const lose = (page: Page): Promise<void> =>
  page.evaluate(() => (globalThis as unknown as { loseAll(): void }).loseAll());

export const lossCases: readonly PageCase[] = [
  {
    name: 'training: a GPU that is lost is told with what to do, and the next run has another',
    complaints: /device lost: Device was destroyed/,
    async run(page) {
      await page.addInitScript(keep);
      await page.reload();
      await page.getByRole('tab', { name: 'Train' }).click();
      const view = page.locator('#view-train');
      await view.locator('.go').waitFor();
      await view.locator('input[name="points"]').fill('40');
      for (const backEnd of ['wgsl', 'gpujs-webgpu', 'gpujs-webgl2']) {
        await view.locator('select.backend').selectOption(backEnd);
        await view.locator('input[name="epochs"]').fill('200');
        await view.locator('.go').click();
        await view.getByText(/^Training on/).waitFor({ timeout: 20_000 });
        await page.waitForTimeout(300);
        await lose(page);
        await view.getByText(/^(Failed|Finished)/).waitFor({ timeout: 20_000 });
        const failure = await view.locator('.failure').innerText();
        assert.match(failure, /lost.*(engine|CPU)/i, `${backEnd}: ${failure}`);
        await view.locator('input[name="epochs"]').fill('2');
        await view.locator('.go').click();
        await view.getByText(/^Finished/).waitFor({ timeout: 20_000 });
        assert.equal(await view.locator('.failure').innerText(), '', backEnd);
      }
    },
  },
];
