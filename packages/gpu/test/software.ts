/** A software adapter for tests: the Vulkan driver that comes with Debian's Chromium, or whatever the machine has. */
import { existsSync } from 'node:fs';
import { findAdapter } from '../src/adapter/webgpu.ts';

/** Where Chromium's packages keep the description of their Vulkan driver. */
const DRIVERS = [
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/usr/lib64/chromium-browser/vk_swiftshader_icd.json',
  '/opt/google/chrome/vk_swiftshader_icd.json',
];

let looked: Promise<string | undefined> | undefined;

/** Why there is no WebGPU to test on, once printed; undefined where there is. */
export async function noWebGpu(): Promise<string | undefined> {
  looked ??= look();
  return await looked;
}

async function look(): Promise<string | undefined> {
  const driver = DRIVERS.find((path) => existsSync(path));
  // Read by the loader when the first adapter is asked for.
  if (process.env['VK_ICD_FILENAMES'] === undefined && driver !== undefined)
    process.env['VK_ICD_FILENAMES'] = driver;
  // Dawn's own message where its library does not load.
  const loaded = await import('webgpu').then(
    () => undefined,
    (error: unknown) => String(error),
  );
  const found = await findAdapter();
  if ('adapter' in found) return undefined;
  const reason = `skipped: ${loaded ?? found.reason}; Debian's packages chromium and libvulkan1 bring a software adapter`;
  console.warn(reason);
  return reason;
}
