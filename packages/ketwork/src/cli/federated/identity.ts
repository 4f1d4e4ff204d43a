import { EnvironmentError, FormatError, KetworkError } from '@ketwork/base';
import { identityFromText, identityToText, newIdentity } from '@ketwork/federated';
import type { Identity } from '@ketwork/federated';
import { open, rm } from 'node:fs/promises';
import { readArguments } from '../arguments.ts';
import { readText } from '../files.ts';
import { UsageError } from '../usage.ts';
import { membersOf } from './config.ts';

/** Help of `ketwork federated identity`. */
export const identityHelp: string = `Usage: ketwork federated identity <file> [--show]

Makes a key pair with which a participant signs in secure sums, writes it to a file that only its owner may read, and prints the
public key. A file that is there already is left alone. Give the public key to all who take part, in person or by other
means that the coordinator has no hand in; all of them together are a JSON file, the same for everybody:
  {"north": "p256:…", "south": "p256:…"}
which ketwork federated join takes with --identities, beside --identity <file>, and ketwork federated serve with --identities.

Options:
  --show   print the public key of a file that is there
  --help   show this text
`;

/** Makes an identity, or shows one. @returns the public key to print. */
export async function identity(args: readonly string[]): Promise<string> {
  const given = readArguments(args, { show: { type: 'boolean' } });
  const [file] = given.files;
  if (file === undefined || given.files.length > 1) throw new UsageError('one file is wanted');
  if (given.on('show')) return `${(await readIdentity(file)).publicKey}\n`;
  const made = await newIdentity();
  await writeNew(file, await identityToText(made));
  return `${made.publicKey}\n`;
}

/** Reads an identity from a file. @throws FormatError with the name of the file, and nothing of what is in it. */
export async function readIdentity(file: string): Promise<Identity> {
  const text = await readText(file);
  try {
    return await identityFromText(text);
  } catch (error) {
    if (!(error instanceof KetworkError)) throw error;
    throw new FormatError(`${file}: ${error.message}`);
  }
}

/** Reads public keys by name; what they are the library checks. */
export async function readIdentities(file: string): Promise<Readonly<Record<string, string>>> {
  let json: unknown;
  const text = await readText(file);
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${file} is not JSON`, {
      remedy: 'Write {"name": "p256:…", …}, with what ketwork federated identity prints',
      cause,
    });
  }
  return membersOf(json, file) as Readonly<Record<string, string>>;
}

/** Writes a file that is not there yet, for its owner's eyes only, from the beginning on. */
async function writeNew(file: string, content: string): Promise<void> {
  let made = false;
  try {
    const handle = await open(file, 'wx', 0o600);
    made = true;
    try {
      await handle.writeFile(content, 'utf8');
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (made) await rm(file, { force: true }).catch(() => {});
    const there = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new EnvironmentError(
      there ? `${file} is there already` : `cannot write ${file}: ${text}`,
      { cause, ...(there ? { remedy: 'Show it with --show, or choose another name' } : {}) },
    );
  }
}
