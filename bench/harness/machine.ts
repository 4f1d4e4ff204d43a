import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';

/** What the figures depend on, without names of hosts, users or folders. */
export function describeMachine(): Record<string, string | number> {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
  };
}

/** Versions of what runs in this process. */
export function describeVersions(): Record<string, string> {
  const manifest = (path: string): { version: string; devDependencies?: Record<string, string> } =>
    JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string };
  return {
    ketwork: manifest('../../packages/simulator/package.json').version,
    node: process.versions.node,
    v8: process.versions.v8,
    ...manifest('../package.json').devDependencies,
  };
}
