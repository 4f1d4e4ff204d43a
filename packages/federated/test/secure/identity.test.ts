import { FormatError, UnsupportedError, ValueError } from '@ketwork/base';
import { describe, expect, it } from 'vitest';
import { identityFromText, identityToText, newIdentity } from '../../src/index.ts';
import { utf8 } from '../../src/secure/bytes.ts';
import { Identities, keysStatement, sign, survivorsStatement } from '../../src/secure/identity.ts';

const session = { run: 'r', round: 2, attempt: 1 };
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

describe('an identity', () => {
  it('signs, and is known by its public key under its name only', async () => {
    const [north, south] = await Promise.all([newIdentity(), newIdentity()]);
    const known = new Identities('test', { north: north.publicKey, south: south.publicKey });
    const said = utf8('something');
    const signature = await sign(north, said);
    expect(signature).toHaveLength(64);
    expect(await known.verify('north', said, signature)).toBe(true);
    expect(await known.verify('south', said, signature)).toBe(false);
    expect(await known.verify('west', said, signature)).toBe(false);
    expect(await known.verify('north', utf8('something else'), signature)).toBe(false);
    expect(await known.verify('north', said, signature.slice(1))).toBe(false);
    for (let at = 0; at < 64; at += 9) {
      const changed = signature.slice();
      changed[at]! ^= 4;
      expect(await known.verify('north', said, changed)).toBe(false);
    }
    expect(await known.verify('north', said, new Uint8Array(64))).toBe(false);
  });

  it('comes back from its text, and nothing else does', async () => {
    const identity = await newIdentity();
    const written = await identityToText(identity);
    const again = await identityFromText(written);
    expect(again.publicKey).toBe(identity.publicKey);
    expect(again.privateKey.extractable).toBe(false);
    await expect(identityToText(again)).rejects.toThrow(UnsupportedError);
    const other = JSON.parse(await identityToText(await newIdentity())) as object;
    const parts = JSON.parse(written) as { publicKey: string; privateKey: string };
    for (const wrong of [
      '',
      '{}',
      'null',
      written.slice(0, -9),
      JSON.stringify({ ...parts, format: 'x' }),
      // A public key that is not that of the private one.
      JSON.stringify({ ...other, privateKey: parts.privateKey }),
      JSON.stringify({ ...parts, privateKey: parts.privateKey.slice(4) }),
    ]) {
      const reading = identityFromText(wrong);
      await expect(reading).rejects.toThrow(FormatError);
      const error = await reading.catch((caught: unknown) => caught as Error);
      expect(String(error) + String((error as Error).cause)).not.toContain(
        parts.privateKey.slice(20, 40),
      );
    }
  });

  it('can be one whose private key never leaves', async () => {
    const identity = await newIdentity({ extractable: false });
    expect(identity.privateKey.extractable).toBe(false);
    await expect(identityToText(identity)).rejects.toThrow(/cannot be exported/);
  });
});

describe('a list of public keys', () => {
  it('has one key for a name and one name for a key, each written in one way', async () => {
    const { publicKey } = await newIdentity();
    const wrong = (given: Record<string, string>): (() => unknown) => {
      return () => new Identities('test', given);
    };
    expect(wrong({ a: publicKey, b: publicKey })).toThrow(/'a' and 'b' have the same public key/);
    const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    // Two bits of the last digit mean nothing.
    const last = digits[digits.indexOf(publicKey.at(-1)!) ^ 1]!;
    expect(wrong({ a: publicKey, b: publicKey.slice(0, -1) + last })).toThrow(/'b' has no public/);
    for (const bad of ['', 'p256:', publicKey.slice(1), `${publicKey}=`, ` ${publicKey}`, 7])
      expect(wrong({ a: bad as string })).toThrow(ValueError);
    const nowhere = new Identities('test', { a: `p256:${publicKey.slice(5, -9)}AAAAAAAAA` });
    await expect(nowhere.check('test')).rejects.toThrow(/the public key of 'a' is no key/);
  });
});

describe('what is signed', () => {
  it('is of one purpose, session and name', () => {
    const keys = new Uint8Array(130).fill(7);
    const context = new Uint8Array(32).fill(7);
    const all = [
      keysStatement(session, 'a', keys),
      keysStatement({ ...session, run: 's' }, 'a', keys),
      keysStatement({ ...session, round: 3 }, 'a', keys),
      keysStatement({ ...session, attempt: 2 }, 'a', keys),
      keysStatement(session, 'b', keys),
      keysStatement(session, 'a', new Uint8Array(130)),
      survivorsStatement(session, 'a', context, ['a', 'b'], []),
      survivorsStatement(session, 'a', context, ['a'], ['b']),
      survivorsStatement(session, 'a', context, ['a,b'], []),
      survivorsStatement(session, 'b', context, ['a', 'b'], []),
      survivorsStatement({ ...session, attempt: 2 }, 'a', context, ['a', 'b'], []),
      survivorsStatement(session, 'a', new Uint8Array(32), ['a', 'b'], []),
    ].map(text);
    expect(new Set(all).size).toBe(all.length);
    // Names that look like what stands around them do not move its borders.
    const odd = [
      keysStatement({ ...session, run: 'r",2,1,"a' }, 'a', keys),
      keysStatement({ ...session, run: 'r\n' }, 'a', keys),
      keysStatement(session, 'a"]\n', keys),
      survivorsStatement(session, 'a', context, ['a","b'], []),
    ].map(text);
    expect(new Set([...all, ...odd]).size).toBe(all.length + odd.length);
    for (const statement of [...all, ...odd]) {
      const head = JSON.parse(statement.slice(0, statement.indexOf('\n'))) as unknown[];
      expect(head[0]).toBe('ketwork secure sum signature 1');
      expect(head[1]).toBe(head.length === 6 ? 'keys' : 'survivors');
    }
  });
});
