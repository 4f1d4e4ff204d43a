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

/**
 * The engine's workers as further entries of the same build, so that they share its code with the page. Other packages'
 * workers, for training and federations, are not asked for here.
 */
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
          if (!file.includes('/simulator/src/')) return "new Worker('not-in-this-page'";
          const reference = this.emitFile({ type: 'chunk', id: file, name: 'worker' });
          return `new Worker(import.meta.ROLLUP_FILE_URL_${reference}`;
        });
      },
    },
  };
}

/**
 * What this page never asks of the library, as importing file, specifier and names: `fit` in workers, which would bring all
 * layers there are (the page trains here and shares batches by the engine's threads), with privacy or against attacks;
 * gradients other than the engines' own; shots of circuits that measure on their way; engines other than `cpu` in workers.
 */
const notAsked: readonly (readonly [importer: string, specifier: string, names: string])[] = [
  ['/training/src/workers/options.ts', '../model-json.ts', 'modelFromJSON'],
  ['/training/src/fit.ts', './privacy/options.ts', 'checkPrivacy stretchOf'],
  ['/training/src/steps.ts', './privacy/report.ts', 'reportOf'],
  ['/training/src/steps.ts', './privacy/steps.ts', 'PrivateSteps'],
  ['/training/src/workers/open.ts', '../privacy/contributions.ts', 'contributionsOf perExampleOf'],
  ['/training/src/workers/open.ts', '../robustness/training.ts', 'craftHere hardenerOf'],
  ['/training/src/workers/open.ts', '../robustness/attacks.ts', 'isOwnAttack'],
  ['/gradients/src/differentiate.ts', './hadamard/hadamard-test.ts', 'hadamardTest'],
  ['/gradients/src/differentiate.ts', './hadamard/reversed.ts', 'reversedHadamardTest'],
  ['/gradients/src/differentiate.ts', './shift/parameter-shift.ts', 'parameterShift'],
  ['/gradients/src/differentiate.ts', './differences/spsa.ts', 'spsa'],
  ['/gradients/src/differentiate.ts', './differences/finite-difference.ts', 'finiteDifference'],
  ['/simulator/src/cpu/dynamic.ts', '../trajectories/program.ts', 'SampledProgram'],
  ['/simulator/src/cpu/dynamic.ts', '../deferred/shots.ts', 'DeferredShots'],
  ['/simulator/src/worker/engines.ts', '../reference/reference.ts', 'reference'],
  ['/simulator/src/worker/engines.ts', '../density/engine.ts', 'densityMatrix'],
  ['/simulator/src/worker/engines.ts', '../trajectories/engine.ts', 'trajectories'],
];

/** Leaves out what is {@link notAsked}; asked for all the same, it throws. */
function withoutTheRest(): Plugin {
  const prefix = '\0not-in-this-page:';
  return {
    name: 'without-the-rest',
    apply: 'build',
    enforce: 'pre',
    resolveId(specifier, importer) {
      const found = notAsked.find(
        ([file, wanted]) => wanted === specifier && importer?.endsWith(file) === true,
      );
      return found === undefined ? undefined : prefix + found[2];
    },
    load(id) {
      if (!id.startsWith(prefix)) return undefined;
      const names = id.slice(prefix.length).split(' ');
      return names
        .map((name) => `export function ${name}() { throw new Error('this page has no ${name}'); }`)
        .join('\n');
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

const { version } = JSON.parse(
  readFileSync(
    join(import.meta.dirname, '..', '..', 'packages', 'ketwork', 'package.json'),
    'utf8',
  ),
) as { readonly version: string };

const config: UserConfig = defineConfig({
  root: import.meta.dirname,
  base: './',
  define: { KETWORK_VERSION: JSON.stringify(version) },
  plugins: [withoutTheRest(), sharedWorkers(), withPolicy(), offline()],
  worker: { format: 'es' },
  server: { headers: { ...isolation } },
  preview: { headers: { ...isolation } },
  build: {
    target: 'es2024',
    modulePreload: { polyfill: false },
    // gpu.js, which is loaded when it is chosen.
    chunkSizeWarningLimit: 700,
  },
});

export default config;
