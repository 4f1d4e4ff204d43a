import { SecureAggregationError } from './error.ts';
import { PUBLIC_KEY_BYTES, SEAL_BYTES, SIGNATURE_BYTES } from './keys.ts';
import { SCALAR_BYTES } from './field.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** What a message belongs to. Keys, shares and masks of one session are of no use in another. */
export interface Session {
  /** Name of the run. */
  readonly run: string;
  /** Number of the round, from 1. */
  readonly round: number;
  /** Number of the attempt at this round, from 1. */
  readonly attempt: number;
}

/** First answer of a participant: public keys for encrypting shares and for agreeing on masks. */
export interface KeysMessage extends Session {
  readonly kind: 'keys';
  readonly from: string;
  readonly encryption: Bytes;
  readonly masking: Bytes;
  /** Of both keys, where participants have identities. */
  readonly signature?: Bytes;
}

/** To all: who takes part, by name, with both keys of each one after the other. */
export interface RosterMessage extends Session {
  readonly kind: 'roster';
  readonly threshold: number;
  readonly names: readonly string[];
  readonly keys: Bytes;
  /** Of the keys, one for each name, where participants have identities. */
  readonly signatures?: Bytes;
}

/** Second answer: shares of both secrets for each other participant, encrypted, and a commitment to the own mask. */
export interface SharesMessage extends Session {
  readonly kind: 'shares';
  readonly from: string;
  readonly commitment: Bytes;
  readonly sealed: Bytes;
}

/** To one: the shares that the others encrypted for it. */
export interface DeliveryMessage extends Session {
  readonly kind: 'delivery';
  readonly names: readonly string[];
  readonly sealed: Bytes;
}

/** Third answer: the vector under all masks, numbers modulo 2^64. */
export interface MaskedMessage extends Session {
  readonly kind: 'masked';
  readonly from: string;
  readonly numbers: BigUint64Array<ArrayBuffer>;
}

/** To all: whose own mask is to go, since their vectors came, and whose pairwise masks, since theirs did not. */
export interface RequestMessage extends Session {
  readonly kind: 'request';
  readonly survivors: readonly string[];
  readonly dropped: readonly string[];
}

/** Answer to it where participants have identities: that this is the request that this one has got. */
export interface ConsentMessage extends Session {
  readonly kind: 'consent';
  readonly from: string;
  readonly signature: Bytes;
}

/** To those: who has given consent, with the signatures. */
export interface ConsentsMessage extends Session {
  readonly kind: 'consents';
  readonly names: readonly string[];
  readonly signatures: Bytes;
}

/** Last answer: one share for each name of the request, in the order of names. */
export interface AnswerMessage extends Session {
  readonly kind: 'answer';
  readonly from: string;
  readonly shares: Bytes;
}

/** What a participant sends. */
export type ParticipantMessage =
  | KeysMessage
  | SharesMessage
  | MaskedMessage
  | ConsentMessage
  | AnswerMessage;

/** What a coordinator sends. */
export type CoordinatorMessage = RosterMessage | DeliveryMessage | RequestMessage | ConsentsMessage;

/** Any message of secure aggregation: plain data and arrays, as `wire/` sends it. */
export type SecureMessage = ParticipantMessage | CoordinatorMessage;

/** Bytes of both public keys of a participant. */
export const KEYS_BYTES: number = 2 * PUBLIC_KEY_BYTES;
/** Bytes of one encrypted pair of shares. */
export const SEALED_BYTES: number = 2 * SCALAR_BYTES + SEAL_BYTES;

type Field =
  | 'name'
  | 'names'
  | 'count'
  | 'numbers'
  | { readonly bytes: number }
  | { readonly boxes: number }
  | { readonly optional: Field };

const fields: Readonly<Record<SecureMessage['kind'], Readonly<Record<string, Field>>>> = {
  keys: {
    from: 'name',
    encryption: { bytes: PUBLIC_KEY_BYTES },
    masking: { bytes: PUBLIC_KEY_BYTES },
    signature: { optional: { bytes: SIGNATURE_BYTES } },
  },
  roster: {
    threshold: 'count',
    names: 'names',
    keys: { boxes: KEYS_BYTES },
    signatures: { optional: { boxes: SIGNATURE_BYTES } },
  },
  shares: { from: 'name', commitment: { bytes: 32 }, sealed: { boxes: SEALED_BYTES } },
  delivery: { names: 'names', sealed: { boxes: SEALED_BYTES } },
  masked: { from: 'name', numbers: 'numbers' },
  request: { survivors: 'names', dropped: 'names' },
  consent: { from: 'name', signature: { bytes: SIGNATURE_BYTES } },
  consents: { names: 'names', signatures: { boxes: SIGNATURE_BYTES } },
  answer: { from: 'name', shares: { boxes: SCALAR_BYTES } },
};

/**
 * Checks that plain data from outside is a message of one of these kinds, with every part it should have and nothing else.
 *
 * @throws SecureAggregationError (`malformed`) where it is not.
 */
export function readMessage<Kind extends SecureMessage['kind']>(
  value: unknown,
  ...kinds: readonly Kind[]
): Extract<SecureMessage, { readonly kind: Kind }> {
  if (typeof value !== 'object' || value === null) fail('no parts');
  const given = value as Readonly<Record<string, unknown>>;
  const { kind, run, round, attempt } = given;
  if (!kinds.includes(kind as Kind)) fail(`a kind other than ${kinds.join(' or ')}`);
  if (!isName(run)) fail('no run');
  if (!isCount(round) || !isCount(attempt)) fail('no round or attempt');
  const expected = Object.entries(fields[kind as Kind]);
  for (const [name, field] of expected) {
    if (!isField(given[name], field)) fail(`no proper ${name}`);
  }
  const there = expected.filter(([name]) => Object.hasOwn(given, name)).length;
  if (Object.keys(given).length !== 4 + there) fail('parts that do not belong to it');
  return value as Extract<SecureMessage, { readonly kind: Kind }>;
}

function isField(value: unknown, field: Field): boolean {
  if (field === 'name') return isName(value);
  if (field === 'names') return isNames(value);
  if (field === 'count') return isCount(value);
  if (typeof field === 'object' && 'optional' in field)
    return value === undefined || isField(value, field.optional);
  if (field === 'numbers') return value instanceof BigUint64Array;
  if (!(value instanceof Uint8Array)) return false;
  return 'bytes' in field ? value.length === field.bytes : value.length % field.boxes === 0;
}

function fail(what: string): never {
  throw new SecureAggregationError('malformed', `a message of secure aggregation has ${what}`);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 256;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Names in ascending order, none twice. */
function isNames(value: unknown): value is string[] {
  return (
    Array.isArray(value) &&
    value.every((name, i) => isName(name) && (i === 0 || (value[i - 1] as string) < name))
  );
}
