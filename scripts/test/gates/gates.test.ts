import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const gates = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'gates');
let workspace = '';

function write(file: string, text: string): void {
  mkdirSync(dirname(join(workspace, file)), { recursive: true });
  writeFileSync(join(workspace, file), text);
}

function writePackage(folder: string, dependencies: Readonly<Record<string, string>> = {}): void {
  const manifest = { name: `@ketwork/${folder}`, version: '0.1.0', type: 'module', dependencies };
  write(
    `packages/${folder}/package.json`,
    JSON.stringify({ ...manifest, exports: { '.': './src/index.ts' } }),
  );
}

function runGate(name: string): { code: number | null; lines: string[] } {
  const env = { ...process.env, KETWORK_ROOT: workspace };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(gates, `${name}.ts`)], {
    env,
    encoding: 'utf8',
  });
  return { code: status, lines: `${stdout}${stderr}`.trim().split('\n') };
}

beforeEach(() => {
  workspace = realpathSync(mkdtempSync(join(tmpdir(), 'ketwork-gates-')));
  write(
    'tsconfig.base.json',
    '{ "compilerOptions": { "target": "es2024", "module": "nodenext", "types": [] } }',
  );
  writePackage('base');
  writePackage('circuit', { '@ketwork/base': 'workspace:^' });
  write('packages/base/src/index.ts', '/** The answer to all. */\nexport const answer = 42;\n');
  write('packages/circuit/src/index.ts', "export { two } from './two.ts';\n");
  write(
    'packages/circuit/src/two.ts',
    "import { answer } from '@ketwork/base';\n/** Two of them. */\nexport const two: number = answer + 2;\n",
  );
});

afterEach(() => rmSync(workspace, { recursive: true, force: true }));

describe('the imports gate', () => {
  it('passes packages that point one way', () => {
    expect(runGate('imports')).toEqual({ code: 0, lines: ['note: 3 files, 2 imports'] });
  });

  it.each([
    [
      'an upward import',
      'packages/base/src/up.ts',
      "import '@ketwork/circuit';",
      'packages/base/src/up.ts:1: base may use no other package, and not circuit',
    ],
    [
      'an undeclared one',
      'packages/base/src/up.ts',
      "export type { x } from '@ketwork/circuit';",
      'packages/base/src/up.ts:1: @ketwork/circuit is not declared in packages/base/package.json',
    ],
    [
      'a deep one',
      'packages/circuit/src/deep.ts',
      "\nimport '@ketwork/base/src/index.ts';",
      'packages/circuit/src/deep.ts:2: @ketwork/base/src/index.ts reaches into @ketwork/base, which does not export it',
    ],
    [
      'one by a path into another package',
      'packages/circuit/src/path.ts',
      "const x = await import('../../base/src/index.ts');",
      'packages/circuit/src/path.ts:1: ../../base/src/index.ts leaves the package; import it by name',
    ],
    [
      'sources that import tests',
      'packages/circuit/src/path.ts',
      "import '../test/helper.ts';",
      'packages/circuit/src/path.ts:1: ../test/helper.ts leaves src, and only src is published',
    ],
    [
      'a circle',
      'packages/base/src/index.ts',
      "export { a } from './a.ts';",
      'circle: packages/base/src/a.ts → packages/base/src/index.ts → packages/base/src/a.ts',
    ],
    [
      'a circle of types alone',
      'packages/base/src/index.ts',
      "export type { A } from './a.ts';",
      'circle: packages/base/src/a.ts → packages/base/src/index.ts → packages/base/src/a.ts',
    ],
    [
      'a Node module that loads with the package',
      'packages/base/src/index.ts',
      "import { readFileSync } from 'node:fs';",
      'packages/base/src/index.ts:1: loads node:fs with the package, which no browser has',
    ],
  ])('finds %s', (_, file, text, fault) => {
    write(
      'packages/base/src/a.ts',
      "import { answer } from './index.ts';\nexport const a = answer;\n",
    );
    write(file, `${text}\n`);
    const { code, lines } = runGate('imports');
    expect(lines).toContain(fault);
    expect(code).toBe(1);
  });

  it('lets Node modules load late', () => {
    write('packages/base/src/index.ts', "export const fs = await import('node:fs');\n");
    expect(runGate('imports').code).toBe(0);
  });
});

describe('the docs gate', () => {
  it('passes documented names', () => {
    expect(runGate('docs')).toEqual({ code: 0, lines: ['note: 2 public names'] });
  });

  it.each([
    ['a name without comment', 'export const bare = 1;', '1: bare has no doc comment'],
    [
      'a member without comment',
      '/** A point of the plane. */\nexport interface Point {\n  /** Right. */\n  x: number;\n  y: number;\n}',
      '5: Point.y has no doc comment',
    ],
    [
      'a method without comment',
      '/** A set of points. */\nexport class Points {\n  #hidden = 1;\n  private own = 1;\n  add(): void {}\n}',
      '5: Points.add has no doc comment',
    ],
    [
      'a function without sentence',
      '/** Adds. */\nexport function add(): void {}',
      '2: add is a function and needs a sentence',
    ],
    [
      'an array without shape',
      '/** The sum of all the numbers. */\nexport const sum = (all: Float64Array): number => all.length;',
      '2: sum takes or returns a Float64Array and names no shape, such as [batch, n]',
    ],
  ])('finds %s', (_, text, fault) => {
    write('packages/base/src/index.ts', "export * from './more.ts';\n");
    write('packages/base/src/more.ts', `${text}\n`);
    const { code, lines } = runGate('docs');
    expect(lines).toContain(`packages/base/src/more.ts:${fault}`);
    expect(code).toBe(1);
  });

  it('takes the comment of an interface for the members of a class, and discriminants for clear', () => {
    write(
      'packages/base/src/index.ts',
      [
        '/** Something with a name. */',
        'export interface Named {\n  type: "named";\n  /** Its name. */\n  name: string;\n}',
        '/** A person of some name. */',
        'export class Person implements Named { type: "named" = "named"; name = "P"; }',
      ].join('\n'),
    );
    expect(runGate('docs').code).toBe(0);
  });
});

describe('the layout gate', () => {
  it('finds strange entries, a missing licence and install scripts', () => {
    write('jest.config.js', '');
    write(
      'packages/base/package.json',
      '{ "name": "@ketwork/base", "scripts": { "postinstall": "node x.js" } }',
    );
    const { code, lines } = runGate('layout');
    expect(code).toBe(1);
    expect(lines).toContain(
      'jest.config.js: not an entry the top level has; put settings in a dot file or in scripts/',
    );
    expect(lines).toContain('LICENSE: missing');
    expect(lines).toContain('packages/base: has the install script "postinstall"');
  });

  it('warns of long files', () => {
    write('packages/base/src/long.ts', '//\n'.repeat(501));
    expect(runGate('layout').lines).toContain(
      'warning: packages/base/src/long.ts has 501 lines; split it by what its parts hold',
    );
  });
});
