import { checkNode } from '@ketwork/base';
import type { ReplaceOptions } from '@ketwork/base';

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

/** Files that only their owner may read, and a lock keeps for one process. */
export const OWN: ReplaceOptions = { mode: 0o600, sole: true };

/** A module of Node. @throws EnvironmentError outside Node */
export function nodeModule<Name extends keyof NodeModules>(
  name: Name,
  what: string,
): NodeModules[Name] {
  checkNode(
    `${what} needs Node`,
    'In a browser take part with join, or try rounds out with simulate',
  );
  return process.getBuiltinModule(name);
}
