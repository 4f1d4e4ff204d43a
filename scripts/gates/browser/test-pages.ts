// The pages that test the sources in browsers, as a bundler makes them, and the headers that give a page shared memory.
import { join } from 'node:path';
import { build } from 'vite';
import { root } from '../workspace.ts';

/** Headers that isolate a page, and that workers of an isolated page need, too. */
export const ISOLATED: Readonly<Record<string, string>> = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
};

/** Bundles the modules of the pages into a folder, for any address: the fixture, losses of devices, the frozen bits. */
export async function bundleTestPages(out: string): Promise<void> {
  const gpu = join(root, 'packages', 'gpu', 'test', 'browser');
  await build({
    root: join(root, 'packages', 'gpu'),
    configFile: false,
    logLevel: 'error',
    base: './',
    worker: { format: 'es' },
    build: {
      outDir: out,
      emptyOutDir: true,
      target: 'es2024',
      minify: false,
      rollupOptions: {
        input: {
          fixture: join(gpu, 'fixture.ts'),
          loss: join(gpu, 'loss.ts'),
          frozen: join(root, 'packages', 'simulator', 'test', 'browser', 'frozen-page.ts'),
        },
        preserveEntrySignatures: 'strict',
        output: { entryFileNames: '[name].js' },
      },
    },
  });
}
