import { defineConfig } from 'vitest/config';
import type { ViteUserConfig } from 'vitest/config';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const config: ViteUserConfig = defineConfig({
  root: dirname(dirname(fileURLToPath(import.meta.url))),
  test: {
    include: ['{packages/*,examples,examples/playground,bench,scripts}/test/**/*.test.ts'],
    testTimeout: 120_000,
  },
});

export default config;
