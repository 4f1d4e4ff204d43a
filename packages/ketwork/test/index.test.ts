import * as circuit from '@ketwork/circuit';
import * as datasets from '@ketwork/datasets';
import * as gradients from '@ketwork/gradients';
import * as layers from '@ketwork/layers';
import * as nn from '@ketwork/nn';
import * as training from '@ketwork/training';
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import * as ketwork from '../src/index.ts';

describe('the umbrella', () => {
  it('has every name of its parts, none of them hidden by a name of another part', () => {
    const parts = { circuit, gradients, nn, layers, training, datasets };
    const names = Object.entries(parts).flatMap(([part, module]) =>
      Object.keys(module).map((name) => ({ part, name, value: module[name as never] as unknown })),
    );
    const all: Readonly<Record<string, unknown>> = ketwork;
    const missing = names.filter(({ name, value }) => all[name] !== value);
    expect(missing).toEqual([]);
    expect(names.length).toBeGreaterThan(100);
  });

  it('has the engines, the errors and the random keys', () => {
    expect(ketwork).toMatchObject(
      Object.fromEntries(
        ['cpu', 'reference', 'hosted', 'auto', 'KetworkError', 'ValueError', 'key', 'split'].map(
          (name) => [name, expect.any(Function) as unknown],
        ),
      ),
    );
  });

  it('loads charts only when they are asked for', () => {
    const program = `
      import { registerHooks } from 'node:module';
      const loaded = [];
      registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
      const { plot } = await import(${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)});
      const count = () => loaded.filter((url) => url.includes('/packages/plot/')).length;
      const before = count();
      const { lineChart } = await plot();
      console.log(before, count() > 0, typeof lineChart);`;
    const node = ['--no-warnings', '--input-type=module', '--eval', program];
    expect(execFileSync(process.execPath, node, { encoding: 'utf8' })).toBe('0 true function\n');
  });
});
