// Imports: packages point one way only, by name only, to what they declare; files do not import in circles;
// and what a package loads at once runs in a browser.
import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, resolve, sep } from 'node:path';
import ts from 'typescript6';
import { listFiles, listPackages, report, root, shown } from './workspace.ts';
import type { Package } from './workspace.ts';

/** What the sources of each package may use. A package that is not listed may use nothing. */
const below: Readonly<Record<string, readonly string[]>> = {
  base: [],
  circuit: ['base'],
  simulator: ['base', 'circuit'],
  qasm: ['base', 'circuit'],
  noise: ['base', 'circuit', 'simulator', 'nn'],
  cutting: ['base', 'circuit', 'simulator', 'gradients'],
  kernels: ['base', 'circuit', 'simulator', 'gradients', 'nn'],
  gradients: ['base', 'circuit', 'simulator'],
  nn: ['base'],
  layers: ['base', 'circuit', 'simulator', 'gradients', 'nn'],
  training: ['base', 'simulator', 'nn', 'layers'],
  federated: ['base', 'nn', 'training'],
  gpu: ['base', 'circuit', 'simulator'],
  datasets: ['base'],
  plot: ['base', 'circuit'],
  testing: ['base', 'circuit', 'simulator', 'gradients', 'nn'],
  ketwork: [
    'base',
    'circuit',
    'qasm',
    'simulator',
    'noise',
    'cutting',
    'kernels',
    'gradients',
    'nn',
    'layers',
    'training',
    'federated',
    'gpu',
    'datasets',
    'plot',
  ],
};

/** Everything below a package, at any depth: what its tests may use. */
function allBelow(folder: string): readonly string[] {
  const direct = below[folder] ?? [];
  return [...new Set([...direct, ...direct.flatMap(allBelow)])];
}

interface Import {
  readonly specifier: string;
  /** Erased by the compiler. */
  readonly typeOnly: boolean;
  /** Loaded with the file, not later by `import()`. */
  readonly atOnce: boolean;
  readonly line: number;
}

function importsOf(file: string): Import[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
  const found: Import[] = [];
  const add = (node: ts.Node | undefined, typeOnly: boolean, atOnce: boolean): void => {
    if (node === undefined || !ts.isStringLiteralLike(node)) return;
    const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
    found.push({ specifier: node.text, typeOnly, atOnce, line });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      add(
        node.moduleSpecifier,
        node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword,
        true,
      );
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, node.isTypeOnly, true);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal, true, false);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false, false);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const packages = listPackages();
const byName = new Map(packages.map((p) => [p.manifest.name, p]));
const faults: string[] = [];

/** The package's part of a specifier: `@ketwork/base/worker` → `@ketwork/base`. */
const nameOf = (specifier: string): string =>
  specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');

// The package.json of each package.
for (const { folder, manifest } of packages) {
  const allowed = below[folder];
  if (allowed === undefined) {
    faults.push(`packages/${folder}: has no row in the table of scripts/gates/imports.ts`);
    continue;
  }
  const own = {
    ...manifest.dependencies,
    ...manifest.peerDependencies,
    ...manifest.optionalDependencies,
  };
  for (const name of Object.keys(own)) {
    const other = byName.get(name);
    if (other !== undefined && !allowed.includes(other.folder)) {
      faults.push(
        `packages/${folder}/package.json: depends on ${name}; ${folder} may use ${listed(allowed)}`,
      );
    }
  }
}

function listed(allowed: readonly string[]): string {
  return allowed.length === 0 ? 'no other package' : allowed.join(', ');
}

// Every import statement.
const files = listFiles(['{packages/*/{src,test},examples,bench,scripts}/**/*.ts']);
const graph = new Map<string, { to: string; typeOnly: boolean; atOnce: boolean; line: number }[]>();

function ownerOf(file: string): Package | undefined {
  return packages.find((p) => file.startsWith(p.path + sep));
}

function checkByName(file: string, owner: Package | undefined, { specifier, line }: Import): void {
  const name = nameOf(specifier);
  const target = byName.get(name);
  const fault = (text: string): number => faults.push(`${shown(file)}:${line}: ${text}`);
  if (target === undefined) {
    if (specifier.startsWith('@ketwork/') || specifier === 'ketwork')
      fault(`there is no package ${name}`);
    return;
  }
  const key = specifier === name ? '.' : `.${specifier.slice(name.length)}`;
  if (target.manifest.exports?.[key] === undefined) {
    fault(`${specifier} reaches into ${name}, which does not export it`);
  }
  if (owner === undefined || owner === target) return;
  const inTest = file.startsWith(join(owner.path, 'test') + sep);
  const { dependencies, peerDependencies, optionalDependencies, devDependencies } = owner.manifest;
  const declared = { ...dependencies, ...peerDependencies, ...optionalDependencies };
  const known = inTest ? { ...declared, ...devDependencies } : declared;
  if (known[name] === undefined)
    fault(`${name} is not declared in packages/${owner.folder}/package.json`);
  const allowed = inTest ? allBelow(owner.folder) : (below[owner.folder] ?? []);
  if (!allowed.includes(target.folder) && !(inTest && target.folder === 'testing')) {
    fault(
      target.folder === 'testing'
        ? `${name} is for tests only`
        : `${owner.folder} may use ${listed(allowed)}, and not ${target.folder}`,
    );
  }
}

for (const relative of files) {
  const file = join(root, relative);
  const owner = ownerOf(file);
  const edges: { to: string; typeOnly: boolean; atOnce: boolean; line: number }[] = [];
  graph.set(file, edges);
  for (const statement of importsOf(file)) {
    const { specifier, typeOnly, atOnce, line } = statement;
    if (specifier.startsWith('.')) {
      const to = resolve(dirname(file), specifier);
      if (owner !== undefined && !to.startsWith(owner.path + sep)) {
        faults.push(`${relative}:${line}: ${specifier} leaves the package; import it by name`);
      }
      if (owner !== undefined && file.startsWith(join(owner.path, 'src') + sep)) {
        if (!to.startsWith(join(owner.path, 'src') + sep)) {
          faults.push(`${relative}:${line}: ${specifier} leaves src, and only src is published`);
        }
      }
      if (!existsSync(to)) faults.push(`${relative}:${line}: ${specifier} does not exist`);
      edges.push({ to, typeOnly, atOnce, line });
    } else {
      checkByName(file, owner, statement);
      const target = byName.get(specifier);
      const to = target === undefined ? specifier : join(target.path, 'src', 'index.ts');
      edges.push({ to, typeOnly, atOnce, line });
    }
  }
}

// Circles of files, those of types alone included: they cost nothing at run time, but a reader goes round in them.
const state = new Map<string, 'open' | 'closed'>();
const path: string[] = [];
function walk(file: string): void {
  state.set(file, 'open');
  path.push(file);
  for (const { to } of graph.get(file) ?? []) {
    if (!graph.has(to)) continue;
    if (state.get(to) === 'open') {
      faults.push(`circle: ${[...path.slice(path.indexOf(to)), to].map(shown).join(' → ')}`);
    } else if (!state.has(to)) walk(to);
  }
  path.pop();
  state.set(file, 'closed');
}
for (const file of graph.keys()) if (!state.has(file)) walk(file);

// Of the bench, examples take the figures that pages can make, too.
const shared = join(root, 'bench', 'gpu');
for (const [file, edges] of graph) {
  if (!file.startsWith(join(root, 'examples') + sep)) continue;
  for (const { to, line } of edges) {
    if (to.startsWith(join(root, 'bench') + sep) && !to.startsWith(shared + sep))
      faults.push(`${shown(file)}:${line}: examples may use bench/gpu of the bench, and not this`);
  }
}

// What loads with a package's index, or with those figures, must load in a browser: no module of Node among it.
const loaded = packages
  .filter(({ manifest }) => manifest.private !== true)
  .map(({ path }) => ({ folder: path, entry: join(path, 'src', 'index.ts') }));
for (const name of ['figures.ts', 'copies.ts'])
  loaded.push({ folder: join(root, 'bench'), entry: join(shared, name) });
for (const { folder, entry } of loaded) {
  const seen = new Set<string>();
  const queue = [entry];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const { to, typeOnly, atOnce, line } of graph.get(file) ?? []) {
      if (typeOnly || !atOnce) continue;
      if (graph.has(to)) queue.push(to);
      else if (isBuiltin(to) && file.startsWith(folder + sep)) {
        faults.push(`${shown(file)}:${line}: loads ${to} with the package, which no browser has`);
      }
    }
  }
}

report(faults, `${files.length} files, ${[...graph.values()].flat().length} imports`);
