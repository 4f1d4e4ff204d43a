// How the page is built: `pnpm run playground` at the top of the workspace.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { defineConfig } from 'vite';
import type { Plugin, UserConfig } from 'vite';

/** What the page may do: its own files and WebAssembly made by the engine, nothing else. */
export const policy: string = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** Headers that let threads share memory; large states use them where a server sends them. */
export const isolation: Readonly<Record<string, string>> = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/** Writes the policy into the built page; the development server needs scripts of its own. */
function withPolicy(): Plugin {
  return {
    name: 'policy',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: policy },
        injectTo: 'head-prepend',
      },
    ],
  };
}

/** How the library starts its workers. */
const workerStart = /new Worker\(new URL\('\.\/([\w-]+)\.js', import\.meta\.url\)/;

/** Workers as further entries of the same build, so that they share the engine's code with the page. */
function sharedWorkers(): Plugin {
  return {
    name: 'shared-workers',
    apply: 'build',
    enforce: 'pre',
    transform: {
      filter: { code: workerStart },
      handler(code, id) {
        return code.replace(workerStart, (all, name: string) => {
          const file = resolve(dirname(id), `${name}.ts`);
          if (!existsSync(file)) return all;
          const reference = this.emitFile({ type: 'chunk', id: file, name: 'worker' });
          return `new Worker(import.meta.ROLLUP_FILE_URL_${reference}`;
        });
      },
    },
  };
}

/**
 * Leaves out what `fit` needs to train in workers, an option this page does not use: it trains here and shares batches by
 * the engine's threads. The workers would bring every layer of the library with them.
 */
function withoutTrainingWorkers(): Plugin {
  const nothing = '\0not-used-by-this-page';
  return {
    name: 'without-training-workers',
    apply: 'build',
    enforce: 'pre',
    resolveId(specifier, importer) {
      const remakes = specifier === '../model-json.ts' && importer?.endsWith('/workers/options.ts');
      return remakes === true ? nothing : undefined;
    },
    load(id) {
      if (id !== nothing) return undefined;
      return "export function modelFromJSON() { throw new Error('This page was built without workers for fit'); }";
    },
    transform: {
      filter: { id: /\/training\/src\/workers\/open\.ts$/ },
      handler: (code) => code.replace(workerStart, "new Worker('not-built'"),
    },
  };
}

/** A service worker that keeps the built files, so that the page opens without a network. */
function offline(): Plugin {
  return {
    name: 'offline',
    apply: 'build',
    enforce: 'post',
    generateBundle(_, bundle) {
      // gpu.js is large and not for everyone: kept when it is first asked for.
      const files = Object.keys(bundle).filter((file) => !/gpu\.js|gpu-browser/.test(file));
      const list = ['./', './icon.svg', ...files.map((file) => `./${file}`)];
      const contents = createHash('sha256');
      for (const file of Object.values(bundle)) {
        contents.update('code' in file ? file.code : file.source);
      }
      const source = readFileSync(join(import.meta.dirname, 'src', 'offline.js'), 'utf8')
        .replace(
          "'CACHE'",
          JSON.stringify(`ketwork-playground-${contents.digest('hex').slice(0, 12)}`),
        )
        .replace("['FILES']", JSON.stringify(list));
      this.emitFile({ type: 'asset', fileName: 'offline.js', source });
    },
  };
}

const config: UserConfig = defineConfig({
  root: import.meta.dirname,
  base: './',
  plugins: [withoutTrainingWorkers(), sharedWorkers(), withPolicy(), offline()],
  worker: { format: 'es' },
  server: { headers: { ...isolation } },
  preview: { headers: { ...isolation } },
  build: {
    target: 'es2024',
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
  },
});

export default config;
