import { FormatError, UnsupportedError, ValueError } from '@ketwork/base';
import { concatenated, fromBase64Url, toBase64Url, utf8 } from './bytes.ts';
import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from './keys.ts';
import type { Session } from './messages.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;

const FORMAT = 'ketwork.identity/1';
const PUBLIC = /^p256:([\w-]{87})$/;

/**
 * A participant's long-term key pair, with which it signs what it says in secure sums: so that nobody, the coordinator included,
 * can speak in its name. Signatures are ECDSA on P-256 with SHA-256, by WebCrypto. Browsers can keep it in
 * IndexedDB as it is, also where the private key cannot be exported.
 */
export interface Identity {
  /** The public key as text: `p256:` and the point, uncompressed, in base64url. The others must be given it by other means than the coordinator. */
  readonly publicKey: string;
  /** The private key, as the runtime holds it. */
  readonly privateKey: CryptoKey;
}

/**
 * Makes an identity for a participant, see {@link Identity}.
 *
 * @param options `extractable: false` for a private key that never leaves the runtime, and cannot be written down. Default true.
 * @example
 * ```ts
 * import { newIdentity } from '@ketwork/federated';
 * const identity = await newIdentity();
 * console.log(identity.publicKey.length); // 92
 * ```
 */
export async function newIdentity(
  options: { readonly extractable?: boolean } = {},
): Promise<Identity> {
  const { subtle } = globalThis.crypto;
  const { extractable = true } = options;
  const usages = ['sign', 'verify'] as const;
  const { privateKey, publicKey } = await subtle.generateKey(CURVE, extractable, usages);
  const point = new Uint8Array(await subtle.exportKey('raw', publicKey));
  return { publicKey: `p256:${toBase64Url(point)}`, privateKey };
}

/**
 * An identity as text to be kept in a safe place: whoever has it can speak in the participant's name.
 *
 * @throws (as a rejection) UnsupportedError where the private key cannot be exported.
 * @example
 * ```ts
 * import { identityFromText, identityToText, newIdentity } from '@ketwork/federated';
 * const identity = await newIdentity();
 * const again = await identityFromText(await identityToText(identity));
 * console.log(again.publicKey === identity.publicKey); // true
 * ```
 */
export async function identityToText({ publicKey, privateKey }: Identity): Promise<string> {
  if (!privateKey.extractable)
    throw new UnsupportedError('the private key of this identity cannot be exported', {
      remedy: 'Keep the object itself in IndexedDB, or make it with extractable: true',
    });
  const bytes = new Uint8Array(await globalThis.crypto.subtle.exportKey('pkcs8', privateKey));
  return `${JSON.stringify({ format: FORMAT, publicKey, privateKey: toBase64Url(bytes) })}\n`;
}

/**
 * The identity in a text that {@link identityToText} wrote.
 *
 * @throws (as a rejection) FormatError where it is none, or its halves do not belong together. The text is not quoted.
 * @example
 * ```ts
 * import { identityFromText } from '@ketwork/federated';
 * import type { Identity } from '@ketwork/federated';
 * import { readFile } from 'node:fs/promises';
 * export async function identityIn(file: string): Promise<Identity> {
 *   return identityFromText(await readFile(file, 'utf8'));
 * }
 * ```
 */
export async function identityFromText(text: string): Promise<Identity> {
  try {
    const { format, publicKey, privateKey } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (format !== FORMAT || typeof publicKey !== 'string' || typeof privateKey !== 'string')
      throw new FormatError('it lacks its parts');
    const { subtle } = globalThis.crypto;
    const bytes = fromBase64Url(privateKey);
    const key = await subtle.importKey('pkcs8', bytes, CURVE, false, ['sign']);
    const identity = { publicKey, privateKey: key };
    const known = new Identities('the identity', { it: publicKey });
    const trial = utf8('ketwork identity trial');
    if (!(await known.verify('it', trial, await sign(identity, trial))))
      throw new FormatError('its halves do not belong together');
    return identity;
  } catch {
    // The error of a parser would quote the private key.
    throw new FormatError('the text is no identity', {
      remedy: 'Make one with newIdentity(), or ketwork federated identity',
    });
  }
}

/** Signs a statement. */
export async function sign({ privateKey }: Identity, statement: Bytes): Promise<Bytes> {
  return new Uint8Array(await globalThis.crypto.subtle.sign(SIGNING, privateKey, statement));
}

/** Public keys by name, from a list that was not given by the coordinator. */
export class Identities {
  readonly #texts: ReadonlyMap<string, string>;
  readonly #points: ReadonlyMap<string, Bytes>;
  readonly #keys: Map<string, Promise<CryptoKey>> = new Map();

  /** @throws ValueError where a text is no public key, or one key has two names: one participant would count twice. */
  constructor(where: string, given: Readonly<Record<string, string>>) {
    const entries = Object.entries(given);
    this.#texts = new Map(entries);
    this.#points = new Map(entries.map(([name, text]) => [name, pointOf(where, name, text)]));
    const names = new Map<string, string>();
    for (const [name, text] of entries) {
      const other = names.get(text);
      if (other !== undefined)
        throw new ValueError(`${where}: '${other}' and '${name}' have the same public key`, {
          remedy: 'Give each participant an identity of its own',
        });
      names.set(text, name);
    }
  }

  /** The public key of a name as text. */
  textOf(name: string): string | undefined {
    return this.#texts.get(name);
  }

  /** Whether a signature of a statement is that of this name; false for unknown names. */
  async verify(name: string, statement: Bytes, signature: Bytes): Promise<boolean> {
    const point = this.#points.get(name);
    if (point === undefined || signature.length !== SIGNATURE_BYTES) return false;
    const { subtle } = globalThis.crypto;
    try {
      const key = this.#keys.get(name) ?? subtle.importKey('raw', point, CURVE, false, ['verify']);
      this.#keys.set(name, key);
      return await subtle.verify(SIGNING, await key, signature, statement);
    } catch {
      return false;
    }
  }

  /** @throws ValueError where a key is no point of the curve. */
  async check(where: string): Promise<void> {
    for (const [name, point] of this.#points) {
      try {
        await globalThis.crypto.subtle.importKey('raw', point, CURVE, false, ['verify']);
      } catch (cause) {
        throw new ValueError(`${where}: the public key of '${name}' is no key`, { cause });
      }
    }
  }
}

function pointOf(where: string, name: string, text: unknown): Bytes {
  const match = typeof text === 'string' ? PUBLIC.exec(text) : null;
  const point = match === null ? undefined : fromBase64Url(match[1]!);
  // One way to write a key only, so that one that occurs twice is found by its text.
  const proper =
    point?.length === PUBLIC_KEY_BYTES && point[0] === 4 && toBase64Url(point) === match![1];
  if (!proper)
    throw new ValueError(`${where}: '${name}' has no public key that is one`, {
      remedy: "Give them as newIdentity() or ketwork federated identity shows them: 'p256:…'",
    });
  return point;
}

/**
 * What a participant signs: for which purpose and in which session it speaks, in whose name, and what it says. No statement
 * is one of another purpose, session or name, since the text before the bytes is JSON, which has no line ends, of one list.
 */
function statement(
  purpose: 'keys' | 'survivors',
  { run, round, attempt }: Session,
  name: string,
  said: readonly unknown[],
  bytes: Bytes,
): Bytes {
  const list = ['ketwork secure sum signature 1', purpose, run, round, attempt, name, ...said];
  const head = utf8(`${JSON.stringify(list)}\n`);
  return concatenated(head, bytes);
}

/** Says: these are my keys for this sum. `keys` are both, one after the other. */
export function keysStatement(session: Session, name: string, keys: Bytes): Bytes {
  return statement('keys', session, name, [], keys);
}

/** Says: of this roster, of which `context` is the digest, these have sent their vectors, and these have not. */
export function survivorsStatement(
  session: Session,
  name: string,
  context: Bytes,
  survivors: readonly string[],
  dropped: readonly string[],
): Bytes {
  return statement('survivors', session, name, [survivors, dropped], context);
}
