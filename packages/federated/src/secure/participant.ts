import { ValueError } from '@ketwork/base';
import { SecureAggregationError } from './error.ts';
import { bytesOf, randomScalar, SCALAR_BYTES, scalarOf } from './field.ts';
import { addModular } from './fixed-point.ts';
import { concatenated, equal } from './bytes.ts';
import { keysStatement, sign, survivorsStatement } from './identity.ts';
import type { Identities, Identity } from './identity.ts';
import { makeKeyPair, open, seal, sharedSecret, SIGNATURE_BYTES } from './keys.ts';
import type { KeyPair } from './keys.ts';
import { KEYS_BYTES, readMessage, SEALED_BYTES } from './messages.ts';
import type {
  AnswerMessage,
  ConsentMessage,
  DeliveryMessage,
  KeysMessage,
  MaskedMessage,
  RequestMessage,
  RosterMessage,
  Session,
  SharesMessage,
} from './messages.ts';
import {
  checkSession,
  commitmentTo,
  pairMask,
  publicKeyOf,
  readRoster,
  selfMask,
} from './protocol.ts';
import type { Cohort } from './protocol.ts';
import { cryptographic } from './random.ts';
import type { RandomSource } from './random.ts';
import { shareSecret } from './shamir.ts';

/** What a participant knows after it has shared its secrets. */
interface Sharing {
  readonly cohort: Cohort;
  /** Position of this participant in the cohort. */
  readonly self: number;
  /** Seed of the own mask. */
  readonly seed: bigint;
  /** By position of the participant they belong to: shares of its secret key and of its seed. */
  readonly held: Map<number, { readonly secret: bigint; readonly seed: bigint }>;
  /** Keys shared with the others for encryption, by position. */
  readonly channels: Map<number, CryptoKey>;
}

type Phase = 'advertised' | 'shared' | 'masked' | 'agreed' | 'done';

/** Who signs for this participant, and whose signatures it believes. */
export interface Signing {
  readonly identity: Identity;
  readonly identities: Identities;
}

/** What a participant insists on in a secure sum. */
export interface SecureTerms {
  /** Signatures of everybody. Absent: the coordinator is believed. */
  readonly signing?: Signing;
  /** Fewest vectors in the sum. Default 2. */
  readonly least?: number;
  /** Share of a roster that the threshold must be at least, which the coordinator chooses. Default: above half. */
  readonly threshold?: number;
  /** Called before the shares that open a sum are given, with those whose vectors it has; whoever throws prevents it. */
  readonly opening?: (survivors: readonly string[]) => Promise<void>;
}

/**
 * One participant's side of one secure sum: four answers, each given once and in this order, or five with signatures
 * (Bonawitz et al., "Practical secure aggregation for privacy-preserving machine learning", CCS 2017, figure 4). Nothing here
 * waits or sends; whoever holds it carries messages to and fro. What comes from the coordinator is checked. Without
 * signatures keys are not vouched for: a coordinator that makes up participants of its own is outside of what this protects
 * against then. A session that failed is not continued.
 */
export class SecureParticipant {
  readonly #session: Session;
  readonly #name: string;
  readonly #random: RandomSource;
  readonly #terms: SecureTerms;
  #phase: Phase | 'new' = 'new';
  #encryption: KeyPair | undefined;
  #masking: KeyPair | undefined;
  #sharing: Sharing | undefined;
  #request: RequestMessage | undefined;

  constructor(
    name: string,
    session: Session,
    random: RandomSource = cryptographic(),
    terms: SecureTerms = {},
  ) {
    this.#terms = terms;
    this.#name = name;
    this.#session = session;
    this.#random = random;
  }

  /** Makes two key pairs for this session and tells the public keys. */
  async advertise(): Promise<KeysMessage> {
    this.#enter('new', 'advertised');
    this.#encryption = await makeKeyPair(this.#random);
    this.#masking = await makeKeyPair(this.#random);
    const encryption = this.#encryption.publicKey;
    const masking = this.#masking.publicKey;
    const keys = { kind: 'keys', ...this.#stamp(), encryption, masking } as const;
    const { signing } = this.#terms;
    if (signing === undefined) return keys;
    const said = keysStatement(this.#session, this.#name, concatenated(encryption, masking));
    return { ...keys, signature: await sign(signing.identity, said) };
  }

  /**
   * Shares the secret key of the masks and the seed of the own mask among the roster.
   *
   * @throws SecureAggregationError where the roster is not one this participant may trust itself to.
   */
  async share(given: unknown): Promise<SharesMessage> {
    const roster = readMessage(given, 'roster');
    checkSession(this.#session, roster);
    this.#enter('advertised', 'shared');
    await this.#checkSignatures(roster);
    const cohort = await readRoster(roster);
    this.#checkThreshold(cohort);
    const self = cohort.positions.get(this.#name);
    if (
      self === undefined ||
      !equal(cohort.encryption[self]!, this.#encryption!.publicKey) ||
      !equal(cohort.masking[self]!, this.#masking!.publicKey)
    ) {
      throw new SecureAggregationError('forged', `the roster has not the keys of ${this.#name}`);
    }
    const count = cohort.names.length;
    const seed = randomScalar(this.#random);
    const ofSecret = shareSecret(this.#masking!.secret, cohort.threshold, count, this.#random);
    const ofSeed = shareSecret(seed, cohort.threshold, count, this.#random);
    const channels = new Map<number, CryptoKey>();
    const sealed = new Uint8Array((count - 1) * SEALED_BYTES);
    await Promise.all(
      cohort.names.map(async (name, other) => {
        if (other === self) return;
        const key = await publicKeyOf(cohort.encryption[other]!, name);
        const channel = await sharedSecret(this.#encryption!.handle, key);
        channels.set(other, channel);
        const plain = new Uint8Array(2 * SCALAR_BYTES);
        plain.set(bytesOf(ofSecret[other]!));
        plain.set(bytesOf(ofSeed[other]!), SCALAR_BYTES);
        const info = `shares ${self} ${other}`;
        const box = await seal(channel, cohort.context, info, plain, this.#random);
        sealed.set(box, (other < self ? other : other - 1) * SEALED_BYTES);
      }),
    );
    const held = new Map([[self, { secret: ofSecret[self]!, seed: ofSeed[self]! }]]);
    this.#sharing = { cohort, self, seed, held, channels };
    const commitment = await commitmentTo(cohort, seed, self);
    return { kind: 'shares', ...this.#stamp(), commitment, sealed };
  }

  /**
   * Masks a vector of numbers modulo 2^64, low and high word of each, with all participants whose shares came.
   *
   * @throws SecureAggregationError (`tampered`) where a share does not open, (`threshold`) where too few came.
   */
  async mask(given: unknown, words: Uint32Array): Promise<MaskedMessage> {
    const delivery = readMessage(given, 'delivery');
    checkSession(this.#session, delivery);
    if (words.length % 2 !== 0) throw new ValueError('a vector has half a number');
    this.#enter('shared', 'masked');
    const { cohort, self, seed, held } = this.#shared();
    await this.#receiveShares(delivery);
    const masked = words.slice();
    addModular(masked, await selfMask(cohort, seed, self, words.length), 1);
    // One after the other, since all masks together may not fit into memory.
    for (const other of held.keys()) {
      if (other === self) continue;
      const pair = await pairMask(cohort, this.#masking!.handle, self, other, words.length);
      addModular(masked, pair.mask, pair.sign);
    }
    return { kind: 'masked', ...this.#stamp(), numbers: new BigUint64Array(masked.buffer) };
  }

  async #receiveShares({ names, sealed }: DeliveryMessage): Promise<void> {
    const { cohort, self, held, channels } = this.#shared();
    if (sealed.length !== names.length * SEALED_BYTES) {
      throw new SecureAggregationError('malformed', 'a delivery has not one box for each name');
    }
    if (names.length + 1 < cohort.threshold) {
      throw new SecureAggregationError(
        'threshold',
        `${names.length + 1} participants shared their secrets, fewer than the threshold ${cohort.threshold}`,
      );
    }
    const opened = await Promise.all(
      names.map(async (name, i) => {
        const other = cohort.positions.get(name);
        const channel = channels.get(other ?? -1);
        if (other === undefined || channel === undefined) {
          throw new SecureAggregationError(
            'unknown',
            `a share comes from ${name}, not of the roster`,
          );
        }
        const box = sealed.subarray(i * SEALED_BYTES, (i + 1) * SEALED_BYTES);
        const plain = await open(channel, cohort.context, `shares ${other} ${self}`, box);
        const secret = plain && scalarOf(plain.subarray(0, SCALAR_BYTES));
        const share = plain && scalarOf(plain.subarray(SCALAR_BYTES));
        if (secret === undefined || share === undefined) {
          throw new SecureAggregationError('tampered', `the share from ${name} does not open`, {
            participant: name,
          });
        }
        return { other, secret, seed: share };
      }),
    );
    for (const { other, secret, seed } of opened) held.set(other, { secret, seed });
    channels.clear();
  }

  /** With some on its side, a coordinator could choose a threshold that two groups can have who are told different things. */
  #checkThreshold({ names, threshold }: Cohort): void {
    const { threshold: share = 0.5 } = this.#terms;
    // Rounding must not make seven of ten eight.
    if (threshold >= Math.ceil(share * names.length - 1e-9)) return;
    throw new SecureAggregationError(
      'exposing',
      `a threshold of ${threshold} of ${names.length} participants is below the share of ${share} that this participant wants`,
      { remedy: 'Have the coordinator raise secureAggregation.threshold' },
    );
  }

  /** Believes the keys of a roster where everybody has signed its own. */
  async #checkSignatures({ names, keys, signatures }: RosterMessage): Promise<void> {
    const { signing } = this.#terms;
    if (signing === undefined) return;
    if (signatures?.length !== names.length * SIGNATURE_BYTES) {
      throw new SecureAggregationError('forged', 'a roster has keys that nobody has signed', {
        remedy: 'Give the coordinator the identities of the participants as well',
      });
    }
    if (keys.length !== names.length * KEYS_BYTES) {
      throw new SecureAggregationError('malformed', 'a roster has not two keys for each name');
    }
    await Promise.all(
      names.map(async (name, i) => {
        const own = keys.slice(i * KEYS_BYTES, (i + 1) * KEYS_BYTES);
        const signature = signatures.slice(i * SIGNATURE_BYTES, (i + 1) * SIGNATURE_BYTES);
        const said = keysStatement(this.#session, name, own);
        if (await signing.identities.verify(name, said, signature)) return;
        const unknown = signing.identities.textOf(name) === undefined;
        throw new SecureAggregationError(
          unknown ? 'unknown' : 'forged',
          unknown
            ? `a roster has ${name}, whose public key is not known here`
            : `the keys of ${name} are not signed by it`,
          { participant: name },
        );
      }),
    );
  }

  /**
   * Signs whom a request names as survivors and who dropped out: only where enough have got the same request, anybody gives
   * shares. With signatures only.
   *
   * @throws SecureAggregationError (`exposing`) where the request would unmask one participant, or a sum of too few.
   */
  async agree(given: unknown): Promise<ConsentMessage> {
    const request = readMessage(given, 'request');
    checkSession(this.#session, request);
    const { signing } = this.#terms;
    if (signing === undefined) {
      throw new SecureAggregationError('order', `${this.#name} has no identity to sign with`);
    }
    this.#enter('masked', 'agreed');
    this.#checkRequest(request);
    this.#request = request;
    const said = this.#survivorsSaidBy(this.#name, request);
    return { kind: 'consent', ...this.#stamp(), signature: await sign(signing.identity, said) };
  }

  #survivorsSaidBy(name: string, { survivors, dropped }: RequestMessage): Uint8Array<ArrayBuffer> {
    const { context } = this.#shared().cohort;
    return survivorsStatement(this.#session, name, context, survivors, dropped);
  }

  /** The request that enough participants have agreed to. */
  async #agreed(given: unknown, { identities }: Signing): Promise<RequestMessage> {
    const consents = readMessage(given, 'consents');
    checkSession(this.#session, consents);
    this.#enter('agreed', 'done');
    const request = this.#request;
    if (request === undefined) {
      throw new SecureAggregationError('order', `${this.#name} has not agreed to open a sum`);
    }
    const { names, signatures } = consents;
    if (signatures.length !== names.length * SIGNATURE_BYTES) {
      throw new SecureAggregationError(
        'malformed',
        'consents have not one signature for each name',
      );
    }
    const { threshold } = this.#shared().cohort;
    if (names.length < threshold) {
      throw new SecureAggregationError(
        'exposing',
        `${names.length} participants have agreed to open the sum, fewer than the threshold ${threshold}`,
      );
    }
    await Promise.all(
      names.map(async (name, i) => {
        const signature = signatures.slice(i * SIGNATURE_BYTES, (i + 1) * SIGNATURE_BYTES);
        const said = this.#survivorsSaidBy(name, request);
        const valid =
          request.survivors.includes(name) && (await identities.verify(name, said, signature));
        if (valid) return;
        throw new SecureAggregationError(
          'exposing',
          `${name} has not agreed to what this participant was asked for`,
          { participant: name },
        );
      }),
    );
    return request;
  }

  /**
   * Gives one share for each participant: of the seed where its vector came, of the secret key where it did not. With signatures
   * it is given the consents and answers the request it has agreed to.
   *
   * @throws SecureAggregationError (`exposing`) where the request names a participant twice or leaves fewer survivors than
   * the threshold, (`order`) where a request was answered before: both shares of one participant would unmask it.
   */
  async unmask(given: unknown): Promise<AnswerMessage> {
    const { signing, opening } = this.#terms;
    let request: RequestMessage;
    if (signing === undefined) {
      request = readMessage(given, 'request');
      checkSession(this.#session, request);
      this.#enter('masked', 'done');
      this.#checkRequest(request);
    } else request = await this.#agreed(given, signing);
    const { cohort, held } = this.#shared();
    const alive = new Set(request.survivors);
    await opening?.(request.survivors);
    const mine = this.#sharers();
    const shares = new Uint8Array(mine.length * SCALAR_BYTES);
    mine.forEach((name, i) => {
      const { secret, seed } = held.get(cohort.positions.get(name)!)!;
      shares.set(bytesOf(alive.has(name) ? seed : secret), i * SCALAR_BYTES);
    });
    held.clear();
    return { kind: 'answer', ...this.#stamp(), shares };
  }

  /** What was shared; a session in which that failed is not continued. */
  #shared(): Sharing {
    if (this.#sharing !== undefined) return this.#sharing;
    throw new SecureAggregationError('order', `${this.#name} has not shared its secrets`);
  }

  /** Those who shared their secrets with this one, and itself, in ascending order. */
  #sharers(): readonly string[] {
    const { cohort, held } = this.#shared();
    return [...held.keys()].sort((a, b) => a - b).map((i) => cohort.names[i]!);
  }

  /** Refuses requests whose answers would unmask a single participant, or a sum of too few. */
  #checkRequest(request: RequestMessage): void {
    const { cohort } = this.#shared();
    const { survivors, dropped } = request;
    const twice = dropped.find((name) => survivors.includes(name));
    if (twice !== undefined) {
      throw new SecureAggregationError('exposing', `a request asks for both shares of ${twice}`, {
        participant: twice,
      });
    }
    if (survivors.length < cohort.threshold) {
      throw new SecureAggregationError(
        'exposing',
        `a request has ${survivors.length} survivors, fewer than the threshold ${cohort.threshold}`,
      );
    }
    const { least = 2 } = this.#terms;
    if (survivors.length < least) {
      throw new SecureAggregationError(
        'exposing',
        `a request has ${survivors.length} survivors, fewer than the ${least} that this participant wants in a sum`,
      );
    }
    if (!survivors.includes(this.#name)) {
      throw new SecureAggregationError(
        'exposing',
        `a request leaves out ${this.#name}, which sent its vector`,
      );
    }
    const mine = this.#sharers();
    const asked = [...survivors, ...dropped].sort();
    if (asked.length !== mine.length || asked.some((name, i) => name !== mine[i])) {
      throw new SecureAggregationError(
        'unknown',
        'a request is not for those who shared their secrets',
      );
    }
  }

  #stamp(): Session & { readonly from: string } {
    const { run, round, attempt } = this.#session;
    return { run, round, attempt, from: this.#name };
  }

  /** Moves on at once, so that neither a failure nor a second call can repeat a phase. */
  #enter(expected: string, next: Phase): void {
    if (this.#phase !== expected) {
      throw new SecureAggregationError(
        'order',
        `${this.#name} is asked for something it answered before or cannot answer yet`,
      );
    }
    this.#phase = next;
  }
}
