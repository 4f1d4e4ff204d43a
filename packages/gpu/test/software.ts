/** A software adapter for tests: the Vulkan driver that comes with Debian's Chromium, or whatever the machine has. */
import { useSoftwareGpu } from '@ketwork/testing';
import { findAdapter } from '../src/adapter/webgpu.ts';

let looked: Promise<string | undefined> | undefined;

/** Why there is no WebGPU to test on, once printed; undefined where there is. */
export async function noWebGpu(): Promise<string | undefined> {
  looked ??= look();
  return await looked;
}

async function look(): Promise<string | undefined> {
  useSoftwareGpu();
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
