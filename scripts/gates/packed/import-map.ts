import { existsSync, globSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { readManifest } from '../workspace.ts';

/** The file that a browser loads for one target of `exports`. */
function browserTarget(target: unknown): string | undefined {
  if (typeof target === 'string') return target;
  if (typeof target !== 'object' || target === null) return undefined;
  for (const [condition, inner] of Object.entries(target)) {
    if (['browser', 'import', 'module', 'default'].includes(condition)) {
      const found = browserTarget(inner);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** An import map that resolves every installed package's entries, for pages that load them unbundled. */
export function importMap(app: string): { imports: Record<string, string> } {
  const imports: Record<string, string> = {};
  const manifests = globSync('node_modules/{*,@*/*}/package.json', { cwd: app });
  for (const file of manifests) {
    const manifest = readManifest(join(app, file)) as unknown as Record<string, unknown>;
    const folder = posix.join('/', dirname(file));
    const exports = manifest['exports'];
    // A package with a `module` field may wrap CommonJS in what it exports; the field points at real modules.
    const main =
      manifest['module'] ??
      (typeof exports === 'object' && exports !== null
        ? browserTarget('.' in exports ? exports['.'] : exports)
        : (exports ?? manifest['main']));
    if (typeof main !== 'string' || typeof manifest['name'] !== 'string') continue;
    const path = existsSync(join(app, dirname(file), main)) ? main : `${main}.js`;
    imports[manifest['name']] = posix.join(folder, path);
    for (const [entry, target] of Object.entries(exports ?? {})) {
      const further = /^\.\/[^*]*$/.test(entry) ? browserTarget(target) : undefined;
      if (further?.endsWith('.js') === true)
        imports[posix.join(manifest['name'], entry)] = posix.join(folder, further);
    }
  }
  return { imports };
}
