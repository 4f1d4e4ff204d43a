import { EnvironmentError } from '@ketwork/base';

interface NodeModules {
  'node:crypto': typeof import('node:crypto');
  'node:fs': typeof import('node:fs');
  'node:fs/promises': typeof import('node:fs/promises');
  'node:http': typeof import('node:http');
  'node:https': typeof import('node:https');
  'node:os': typeof import('node:os');
  'node:path': typeof import('node:path');
  'node:sqlite': typeof import('node:sqlite');
  'node:zlib': typeof import('node:zlib');
}

/** A module of Node, reached through `process`, so that a bundler for browsers never meets it. */
export function nodeModule<Name extends keyof NodeModules>(
  name: Name,
  what: string,
): NodeModules[Name] {
  const found = typeof process === 'undefined' ? undefined : process.getBuiltinModule?.(name);
  if (found === undefined)
    throw new EnvironmentError(`${what} needs Node`, {
      remedy: 'In a browser take part with join, or try rounds out with simulate',
    });
  return found;
}
