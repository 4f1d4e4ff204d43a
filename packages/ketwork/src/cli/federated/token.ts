import { newToken } from '@ketwork/federated';
import { readArguments } from '../arguments.ts';
import { UsageError } from '../usage.ts';

/** Help of `ketwork federated token`. */
export const tokenHelp: string = `Usage: ketwork federated token [name…]

Prints JSON with a new token for each name, as ketwork federated serve --tokens reads it; without names a token alone.
Whoever has a token can take part in its name: give each participant its own, and keep the file to yourself.

Options:
  --help   show this text
`;

/** Makes tokens. @returns what to print. */
export async function tokens(args: readonly string[]): Promise<string> {
  const names = readArguments(args, {}).files;
  if (names.length === 0) return `${newToken()}\n`;
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new UsageError(`'${twice}' is named twice`);
  const made = Object.fromEntries(names.map((name) => [name, newToken()]));
  return `${JSON.stringify(made, null, 2)}\n`;
}
