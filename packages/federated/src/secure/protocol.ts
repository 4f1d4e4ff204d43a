import { SecureAggregationError } from './error.ts';
import { utf8 } from './bytes.ts';
import {
  digest,
  expandMask,
  importPublic,
  keyMaterial,
  PUBLIC_KEY_BYTES,
  sharedSecret,
} from './keys.ts';
import { KEYS_BYTES } from './messages.ts';
import type { RosterMessage, SecureMessage, Session } from './messages.ts';
import { bytesOf } from './field.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** What both sides compute from the roster. */
export interface Cohort {
  /** Participants in ascending order. */
  readonly names: readonly string[];
  /** Position of each in `names`. */
  readonly positions: ReadonlyMap<string, number>;
  /** How many shares open a secret. */
  readonly threshold: number;
  /** Digest of the roster; goes into every key, so that two who were told different things share none. */
  readonly context: Bytes;
  /** Public key for encryption of each. */
  readonly encryption: readonly Bytes[];
  /** Public key for masks of each. */
  readonly masking: readonly Bytes[];
}

/**
 * Reads a roster.
 *
 * @throws SecureAggregationError where it is no cohort: too few participants, a threshold of at most half of them, with
 * which a coordinator could have two halves answer differently, or keys that occur twice.
 */
export async function readRoster(roster: RosterMessage): Promise<Cohort> {
  const { names, threshold, keys } = roster;
  if (keys.length !== names.length * KEYS_BYTES) {
    throw new SecureAggregationError('malformed', 'a roster has not two keys for each name');
  }
  if (names.length < threshold) {
    throw new SecureAggregationError(
      'threshold',
      `${names.length} participants are fewer than the threshold ${threshold}`,
    );
  }
  if (threshold < 2 || 2 * threshold <= names.length) {
    throw new SecureAggregationError(
      'exposing',
      `a threshold of ${threshold} of ${names.length} participants would let two groups unmask one update`,
      { remedy: 'Use a threshold above half of the participants' },
    );
  }
  const all = Array.from({ length: 2 * names.length }, (_, i) =>
    keys.subarray(i * PUBLIC_KEY_BYTES, (i + 1) * PUBLIC_KEY_BYTES),
  );
  if (new Set(all.map((key) => key.join())).size !== all.length) {
    throw new SecureAggregationError('forged', 'a roster has the same key twice');
  }
  return {
    names,
    positions: new Map(names.map((name, i) => [name, i])),
    threshold,
    context: await contextOf(roster),
    encryption: all.filter((_, i) => i % 2 === 0),
    masking: all.filter((_, i) => i % 2 === 1),
  };
}

function contextOf({ run, round, attempt, threshold, names, keys }: RosterMessage): Promise<Bytes> {
  const text = JSON.stringify(['ketwork secure sum 1', run, round, attempt, threshold, names]);
  return digest(utf8(text), keys);
}

/** Refuses messages of another run, round or attempt. */
export function checkSession(session: Session, message: SecureMessage): void {
  const { run, round, attempt } = session;
  if (message.run !== run || message.round !== round || message.attempt !== attempt) {
    throw new SecureAggregationError(
      'stale',
      `a message is of run ${message.run}, round ${message.round}, attempt ${message.attempt}; ` +
        `this is run ${run}, round ${round}, attempt ${attempt}`,
    );
  }
}

/** A participant's public key as the runtime holds it. @throws SecureAggregationError where it is no point of the curve. */
export async function publicKeyOf(key: Bytes, participant: string): Promise<CryptoKey> {
  try {
    return await importPublic(key);
  } catch (cause) {
    throw new SecureAggregationError('forged', `the key of ${participant} is no key`, {
      participant,
      cause,
    });
  }
}

/** The mask that two participants share; the one whose name comes first adds it, the other subtracts it. */
export async function pairMask(
  cohort: Cohort,
  secret: CryptoKey,
  self: number,
  other: number,
  words: number,
): Promise<{ readonly mask: Uint32Array; readonly sign: 1 | -1 }> {
  const key = await publicKeyOf(cohort.masking[other]!, cohort.names[other]!);
  const info = `pair ${Math.min(self, other)} ${Math.max(self, other)}`;
  const material = await sharedSecret(secret, key);
  const mask = await expandMask(material, cohort.context, info, words);
  return { mask, sign: self < other ? 1 : -1 };
}

/** The mask that belongs to one participant's seed. */
export async function selfMask(
  cohort: Cohort,
  seed: bigint,
  self: number,
  words: number,
): Promise<Uint32Array> {
  const material = await keyMaterial(bytesOf(seed));
  return expandMask(material, cohort.context, `self ${self}`, words);
}

/** What binds a participant to the seed of its own mask without telling it. */
export function commitmentTo(cohort: Cohort, seed: bigint, self: number): Promise<Bytes> {
  return digest(utf8(`ketwork commitment ${self}`), cohort.context, bytesOf(seed));
}
