import { ValueError } from '@ketwork/base';
import { SecureAggregationError } from './error.ts';
import { bytesOf, randomScalar, SCALAR_BYTES, scalarOf } from './field.ts';
import { addModular } from './fixed-point.ts';
import { equal, makeKeyPair, open, seal, sharedSecret } from './keys.ts';
import type { KeyPair } from './keys.ts';
import { readMessage, SEALED_BYTES } from './messages.ts';
import type {
  AnswerMessage,
  DeliveryMessage,
  KeysMessage,
  MaskedMessage,
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

/**
 * One participant's side of one secure sum: four answers, each given once and in this order (Bonawitz et al., "Practical
 * secure aggregation for privacy-preserving machine learning", CCS 2017, figure 4, without its signatures). Nothing here
 * waits or sends; whoever holds it carries messages to and fro. What comes from the coordinator is checked, but keys are
 * not vouched for: a coordinator that makes up participants of its own is outside of what this protects against. A session that failed is not continued.
 */
export class SecureParticipant {
  readonly #session: Session;
  readonly #name: string;
  readonly #random: RandomSource;
  #phase: 'new' | 'advertised' | 'shared' | 'masked' | 'done' = 'new';
  #encryption: KeyPair | undefined;
  #masking: KeyPair | undefined;
  #sharing: Sharing | undefined;

  constructor(name: string, session: Session, random: RandomSource = cryptographic()) {
    this.#name = name;
    this.#session = session;
    this.#random = random;
  }

  /** Makes two key pairs for this session and tells the public keys. */
  async advertise(): Promise<KeysMessage> {
    this.#enter('new', 'advertised');
    this.#encryption = await makeKeyPair(this.#random);
    this.#masking = await makeKeyPair(this.#random);
    return {
      kind: 'keys',
      ...this.#stamp(),
      encryption: this.#encryption.publicKey,
      masking: this.#masking.publicKey,
    };
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
    const cohort = await readRoster(roster);
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
    const { cohort, self, seed } = this.#sharing!;
    await this.#receiveShares(delivery);
    const masked = words.slice();
    addModular(masked, await selfMask(cohort, seed, self, words.length), 1);
    // One after the other, since all masks together may not fit into memory.
    for (const other of this.#sharing!.held.keys()) {
      if (other === self) continue;
      const pair = await pairMask(cohort, this.#masking!.handle, self, other, words.length);
      addModular(masked, pair.mask, pair.sign);
    }
    return { kind: 'masked', ...this.#stamp(), numbers: new BigUint64Array(masked.buffer) };
  }

  async #receiveShares({ names, sealed }: DeliveryMessage): Promise<void> {
    const { cohort, self, held, channels } = this.#sharing!;
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

  /**
   * Gives one share for each participant: of the seed where its vector came, of the secret key where it did not.
   *
   * @throws SecureAggregationError (`exposing`) where the request names a participant twice or leaves fewer survivors than
   * the threshold, (`order`) where a request was answered before: both shares of one participant would unmask it.
   */
  async unmask(given: unknown): Promise<AnswerMessage> {
    const request = readMessage(given, 'request');
    checkSession(this.#session, request);
    this.#enter('masked', 'done');
    const { cohort, held } = this.#sharing!;
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
    if (!survivors.includes(this.#name)) {
      throw new SecureAggregationError(
        'exposing',
        `a request leaves out ${this.#name}, which sent its vector`,
      );
    }
    const mine = [...held.keys()].sort((a, b) => a - b).map((i) => cohort.names[i]!);
    const asked = [...survivors, ...dropped].sort();
    const alive = new Set(survivors);
    if (asked.length !== mine.length || asked.some((name, i) => name !== mine[i])) {
      throw new SecureAggregationError(
        'unknown',
        'a request is not for those who shared their secrets',
      );
    }
    const shares = new Uint8Array(mine.length * SCALAR_BYTES);
    mine.forEach((name, i) => {
      const { secret, seed } = held.get(cohort.positions.get(name)!)!;
      shares.set(bytesOf(alive.has(name) ? seed : secret), i * SCALAR_BYTES);
    });
    held.clear();
    return { kind: 'answer', ...this.#stamp(), shares };
  }

  #stamp(): Session & { readonly from: string } {
    const { run, round, attempt } = this.#session;
    return { run, round, attempt, from: this.#name };
  }

  /** Moves on at once, so that neither a failure nor a second call can repeat a phase. */
  #enter(expected: string, next: 'advertised' | 'shared' | 'masked' | 'done'): void {
    if (this.#phase !== expected) {
      throw new SecureAggregationError(
        'order',
        `${this.#name} is asked for something it answered before or cannot answer yet`,
      );
    }
    this.#phase = next;
  }
}
