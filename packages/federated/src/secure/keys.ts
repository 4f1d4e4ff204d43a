import { concatenated, equal, fromBase64Url, toBase64Url, utf8 } from './bytes.ts';
import { bytesOf, randomScalar, scalarOf } from './field.ts';
import type { RandomSource } from './random.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const CURVE = { name: 'ECDH', namedCurve: 'P-256' } as const;

/** Bytes of a public key: an uncompressed point of P-256. */
export const PUBLIC_KEY_BYTES = 65;

/** Bytes of a signature: both numbers of ECDSA on P-256, 32 bytes each. */
export const SIGNATURE_BYTES = 64;

/** A key pair for agreement on P-256 (ECDH); the secret is the scalar itself, since it must be shared. */
export interface KeyPair {
  /** The point, uncompressed. */
  readonly publicKey: Bytes;
  /** The scalar. */
  readonly secret: bigint;
  /** The secret as the runtime holds it. */
  readonly handle: CryptoKey;
}

/** A new key pair from the runtime, or from an unsafe source where one is given. */
export async function makeKeyPair(random: RandomSource): Promise<KeyPair> {
  const { subtle } = globalThis.crypto;
  const handle = random.unsafe
    ? await subtle.importKey('pkcs8', pkcs8(randomScalar(random)), CURVE, true, ['deriveBits'])
    : (await subtle.generateKey(CURVE, true, ['deriveBits'])).privateKey;
  const { d, x, y } = await subtle.exportKey('jwk', handle);
  const publicKey = new Uint8Array(PUBLIC_KEY_BYTES);
  publicKey[0] = 4;
  publicKey.set(fromBase64Url(x!), 1);
  publicKey.set(fromBase64Url(y!), 33);
  return { publicKey, secret: scalarOf(fromBase64Url(d!))!, handle };
}

/** A secret scalar without its point in PKCS #8 (RFC 5958, RFC 5915); the runtime computes the point. */
function pkcs8(secret: bigint): Bytes {
  const head = '3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420';
  const bytes = new Uint8Array(67);
  for (let i = 0; i < 35; i++) bytes[i] = Number.parseInt(head.slice(2 * i, 2 * i + 2), 16);
  bytes.set(bytesOf(secret), 35);
  return bytes;
}

/** A secret key made again from its scalar and its point, or undefined where they do not belong together. */
export async function restoreSecret(
  secret: bigint,
  publicKey: Bytes,
): Promise<CryptoKey | undefined> {
  const { subtle } = globalThis.crypto;
  try {
    const handle = await subtle.importKey(
      'jwk',
      {
        kty: 'EC',
        crv: 'P-256',
        d: toBase64Url(bytesOf(secret)),
        x: toBase64Url(publicKey.subarray(1, 33)),
        y: toBase64Url(publicKey.subarray(33)),
      },
      CURVE,
      false,
      ['deriveBits'],
    );
    // Not every runtime compares scalar and point on import; a fresh key agrees with both halves or they differ.
    const fresh = await subtle.generateKey(CURVE, false, ['deriveBits']);
    const mine = await agree(handle, fresh.publicKey);
    const theirs = await agree(fresh.privateKey, await importPublic(publicKey));
    return equal(mine, theirs) ? handle : undefined;
  } catch {
    return undefined;
  }
}

/** A point as the runtime holds it. @throws where the bytes are no point of the curve. */
export function importPublic(publicKey: Bytes): Promise<CryptoKey> {
  return globalThis.crypto.subtle.importKey('raw', publicKey, CURVE, false, []);
}

async function agree(secret: CryptoKey, publicKey: CryptoKey): Promise<Bytes> {
  const algorithm = { name: 'ECDH', public: publicKey };
  return new Uint8Array(await globalThis.crypto.subtle.deriveBits(algorithm, secret, 256));
}

/** What two parties agree on, as a key to derive others from (HKDF). */
export async function sharedSecret(secret: CryptoKey, publicKey: CryptoKey): Promise<CryptoKey> {
  return keyMaterial(await agree(secret, publicKey));
}

/** Secret bytes as a key to derive others from (HKDF). */
export function keyMaterial(bytes: Bytes): Promise<CryptoKey> {
  return globalThis.crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey']);
}

function derive(
  material: CryptoKey,
  context: Bytes,
  info: string,
  algorithm: 'AES-GCM' | 'AES-CTR',
): Promise<CryptoKey> {
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: context, info: utf8(info) };
  const usages: KeyUsage[] = algorithm === 'AES-CTR' ? ['encrypt'] : ['encrypt', 'decrypt'];
  const length = algorithm === 'AES-CTR' ? 128 : 256;
  return globalThis.crypto.subtle.deriveKey(
    hkdf,
    material,
    { name: algorithm, length },
    false,
    usages,
  );
}

/** Words of a mask: the key stream of AES in counter mode under a key that is used for nothing else. */
export async function expandMask(
  material: CryptoKey,
  context: Bytes,
  info: string,
  words: number,
): Promise<Uint32Array> {
  const key = await derive(material, context, info, 'AES-CTR');
  const counter = { name: 'AES-CTR', counter: new Uint8Array(16), length: 64 };
  return new Uint32Array(
    await globalThis.crypto.subtle.encrypt(counter, key, new Uint8Array(4 * words)),
  );
}

const NONCE_BYTES = 12;
/** What encryption adds to a message: nonce and tag of AES-GCM. */
export const SEAL_BYTES: number = NONCE_BYTES + 16;

/** Encrypts with authentication (AES-GCM) for one direction, named by `info`. */
export async function seal(
  material: CryptoKey,
  context: Bytes,
  info: string,
  plain: Bytes,
  random: RandomSource,
): Promise<Bytes> {
  const key = await derive(material, context, info, 'AES-GCM');
  const iv = random.bytes(NONCE_BYTES);
  const cipher = await globalThis.crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, plain);
  const sealed = new Uint8Array(NONCE_BYTES + cipher.byteLength);
  sealed.set(iv);
  sealed.set(new Uint8Array(cipher), NONCE_BYTES);
  return sealed;
}

/** Decrypts what {@link seal} made, or undefined where it was changed on the way or made for another. */
export async function open(
  material: CryptoKey,
  context: Bytes,
  info: string,
  sealed: Bytes,
): Promise<Bytes | undefined> {
  const key = await derive(material, context, info, 'AES-GCM');
  const iv = sealed.subarray(0, NONCE_BYTES);
  try {
    return new Uint8Array(
      await globalThis.crypto.subtle.decrypt(
        { name: 'AES-GCM', iv },
        key,
        sealed.subarray(NONCE_BYTES),
      ),
    );
  } catch {
    return undefined;
  }
}

/** SHA-256 of parts, one after the other. */
export async function digest(...parts: readonly Uint8Array[]): Promise<Bytes> {
  return new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', concatenated(...parts)));
}
