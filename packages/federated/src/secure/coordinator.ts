import { ValueError } from '@ketwork/base';
import { SecureAggregationError } from './error.ts';
import { SCALAR_BYTES, scalarOf } from './field.ts';
import { addModular } from './fixed-point.ts';
import { concatenated, equal } from './bytes.ts';
import { keysStatement, survivorsStatement } from './identity.ts';
import type { Identities } from './identity.ts';
import { importPublic, restoreSecret, SIGNATURE_BYTES } from './keys.ts';
import { KEYS_BYTES, readMessage, SEALED_BYTES } from './messages.ts';
import type {
  AnswerMessage,
  ConsentMessage,
  ConsentsMessage,
  CoordinatorMessage,
  DeliveryMessage,
  KeysMessage,
  RequestMessage,
  RosterMessage,
  Session,
  SharesMessage,
} from './messages.ts';
import { checkSession, commitmentTo, pairMask, readRoster, selfMask } from './protocol.ts';
import type { Cohort } from './protocol.ts';
import { combineShares, weightsAtZero } from './shamir.ts';

/** The phase whose messages the coordinator collects. */
export type SecurePhase = 'keys' | 'shares' | 'masked' | 'consent' | 'answer' | 'done';

/** One secure sum. */
export interface SecureCoordinatorOptions {
  /** What it belongs to. */
  readonly session: Session;
  /** Who may take part. */
  readonly participants: readonly string[];
  /** How many must stay to the end, above half of the participants. Default two thirds of them, rounded up. */
  readonly threshold?: number | undefined;
  /** Words of 32 bits of a vector, two per number. */
  readonly words: number;
  /** Whose signatures participants want to see. Default: nobody's, and there is no consent. */
  readonly identities?: Identities | undefined;
}

/** The sum of those whose vectors came, modulo 2^64. */
export interface SecureSum {
  /** Low and high word of each number. */
  readonly words: Uint32Array;
  /** Whose vectors it is the sum of, in ascending order. */
  readonly participants: readonly string[];
}

/** The default threshold: two thirds, rounded up, at least 2. */
function defaultThreshold(participants: number): number {
  return Math.max(2, Math.ceil((2 * participants) / 3));
}

/**
 * The coordinator's side of one secure sum. It collects the messages of a phase with {@link receive} and ends the phase with
 * {@link advance}, which says what to send to whom, whenever its owner decides: all have answered, or time is up. It learns
 * nothing but the sum, as long as it keeps to the protocol and does not make up participants of its own.
 */
export class SecureCoordinator {
  readonly #session: Session;
  readonly #threshold: number;
  readonly #sum: Uint32Array;
  readonly #identities: Identities | undefined;
  #phase: SecurePhase = 'keys';
  /** Who can still answer in this phase. */
  #expected: readonly string[];
  readonly #keys = new Map<string, KeysMessage>();
  readonly #shares = new Map<string, SharesMessage>();
  readonly #masked = new Set<string>();
  readonly #consents = new Map<string, ConsentMessage>();
  #request: RequestMessage | undefined;
  readonly #answers = new Map<string, AnswerMessage>();
  #cohort: Cohort | undefined;

  /** @throws ValueError where participants are fewer than two or named twice, or the threshold is not above half of them. */
  constructor(options: SecureCoordinatorOptions) {
    const { session, participants, threshold = defaultThreshold(participants.length) } = options;
    const names = [...new Set(participants)].sort();
    if (names.length < 2 || names.length !== participants.length) {
      throw new ValueError('a secure sum needs at least two participants of different names');
    }
    if (
      !Number.isSafeInteger(threshold) ||
      2 * threshold <= names.length ||
      threshold > names.length
    ) {
      throw new ValueError(
        `the threshold ${threshold} of secure aggregation is not above half of ${names.length} participants`,
        { remedy: `Use ${defaultThreshold(names.length)}, the default, or up to ${names.length}` },
      );
    }
    this.#session = session;
    this.#threshold = threshold;
    this.#identities = options.identities;
    this.#expected = names;
    this.#sum = new Uint32Array(options.words);
  }

  /** The phase whose messages are collected. */
  get phase(): SecurePhase {
    return this.#phase;
  }

  /** How many must answer in every phase. */
  get threshold(): number {
    return this.#threshold;
  }

  /** Who has not answered in this phase, in ascending order. */
  get waiting(): readonly string[] {
    const answered = this.#answered();
    return this.#expected.filter((name) => !answered.has(name));
  }

  /**
   * Takes a message. The first one of a participant in a phase counts; others are ignored.
   *
   * @param given A message, which need not be trusted.
   * @param from Whom it came from, as the transport knows.
   * @throws SecureAggregationError where it is of another session or phase, malformed, or from one who does not take part.
   */
  receive(given: unknown, from: string): 'accepted' | 'duplicate' {
    const message = readMessage(given, 'keys', 'shares', 'masked', 'consent', 'answer');
    checkSession(this.#session, message);
    if (message.from !== from) {
      throw new SecureAggregationError('forged', `${from} sends a message in another name`, {
        participant: from,
      });
    }
    if (!this.#expected.includes(from) && !this.#keys.has(from)) {
      throw new SecureAggregationError('unknown', `${from} does not take part in this round`, {
        participant: from,
      });
    }
    if (message.kind !== this.#phase) {
      throw new SecureAggregationError(
        'order',
        `${from} sends ${message.kind} while the coordinator collects ${this.#phase}`,
        { participant: from },
      );
    }
    if (!this.#expected.includes(from)) {
      throw new SecureAggregationError('unknown', `${from} has dropped out of this round`, {
        participant: from,
      });
    }
    if (this.#answered().has(from)) return 'duplicate';
    const wrong = (what: string): never => {
      throw new SecureAggregationError('malformed', `${from} sends ${what}`, { participant: from });
    };
    const others = this.#cohort?.names.length ?? 0;
    if (message.kind === 'keys') {
      if (this.#identities !== undefined && message.signature === undefined) {
        throw new SecureAggregationError('forged', `${from} has not signed its keys`, {
          participant: from,
          remedy: 'Join with an identity and the public keys of all participants',
        });
      }
      this.#keys.set(from, message);
    } else if (message.kind === 'shares') {
      if (message.sealed.length !== (others - 1) * SEALED_BYTES) wrong('not one share for each');
      this.#shares.set(from, message);
    } else if (message.kind === 'masked') {
      if (2 * message.numbers.length !== this.#sum.length) wrong('a vector of a wrong size');
      addModular(this.#sum, wordsOf(message.numbers), 1);
      this.#masked.add(from);
    } else if (message.kind === 'consent') this.#consents.set(from, message);
    else {
      if (message.shares.length !== this.#shares.size * SCALAR_BYTES)
        wrong('not one share for each');
      this.#answers.set(from, message);
    }
    return 'accepted';
  }

  /**
   * Ends the phase and says what to send to whom; who has not answered by now, or with keys that are none, drops out. After
   * the last phase it returns nothing and {@link finish} gives the sum.
   *
   * @throws SecureAggregationError (`threshold`) where too few have answered.
   */
  async advance(): Promise<ReadonlyMap<string, CoordinatorMessage>> {
    if (this.#phase === 'keys') await this.#dropForgedKeys();
    if (this.#phase === 'consent') await this.#dropForgedConsents();
    const answered = [...this.#answered()].sort();
    if (answered.length < this.#threshold) {
      throw new SecureAggregationError(
        'threshold',
        `${answered.length} participants sent ${this.#phase}, ${this.#threshold} are needed`,
        { remedy: 'Repeat the round, or lower the threshold if participants drop out often' },
      );
    }
    const phase = this.#phase;
    if (phase === 'done') throw new SecureAggregationError('order', 'the secure sum is done');
    if (phase === 'keys') {
      const roster = this.#roster(answered);
      this.#cohort = await readRoster(roster);
      this.#move('shares', answered);
      return new Map(answered.map((name) => [name, roster]));
    }
    if (phase === 'shares') {
      this.#move('masked', answered);
      return new Map(answered.map((name) => [name, this.#delivery(name, answered)]));
    }
    if (phase === 'masked') {
      const dropped = [...this.#shares.keys()].sort().filter((name) => !this.#masked.has(name));
      const request: RequestMessage = {
        kind: 'request',
        ...this.#session,
        survivors: answered,
        dropped,
      };
      this.#request = request;
      this.#move(this.#identities === undefined ? 'answer' : 'consent', answered);
      return new Map(answered.map((name) => [name, request]));
    }
    if (phase === 'consent') {
      const signatures = answered.map((name) => this.#consents.get(name)!.signature);
      const consents: ConsentsMessage = {
        kind: 'consents',
        ...this.#session,
        names: answered,
        signatures: concatenated(...signatures),
      };
      this.#move('answer', answered);
      return new Map(answered.map((name) => [name, consents]));
    }
    this.#move('done', []);
    return new Map();
  }

  /**
   * Takes all masks off the sum.
   *
   * @throws SecureAggregationError (`order`) before the last phase has ended, (`forged`) where shares do not give the
   * announced secrets.
   */
  async finish(): Promise<SecureSum> {
    if (this.#phase !== 'done') {
      throw new SecureAggregationError('order', `the coordinator still collects ${this.#phase}`);
    }
    const cohort = this.#cohort!;
    const words = this.#sum.slice();
    const shared = [...this.#shares.keys()].sort();
    const survivors = [...this.#masked].sort();
    const weights = new Map<string, readonly bigint[]>();
    const answers = [...this.#answers.values()].sort((a, b) => (a.from < b.from ? -1 : 1));
    for (const [column, name] of shared.entries()) {
      const self = cohort.positions.get(name)!;
      const survived = this.#masked.has(name);
      const shares = answers.map(({ from, shares: all }) => ({
        point: cohort.positions.get(from)! + 1,
        value: scalarOf(all.subarray(column * SCALAR_BYTES, (column + 1) * SCALAR_BYTES)),
      }));
      if (survived) {
        const commitment = this.#shares.get(name)!.commitment;
        const seed = await recover(weights, cohort, shares, async (value) =>
          equal(await commitmentTo(cohort, value, self), commitment) ? value : undefined,
        );
        if (seed === undefined) throw forged(name);
        addModular(words, await selfMask(cohort, seed, self, words.length), -1);
        continue;
      }
      const secret = await recover(weights, cohort, shares, (value) =>
        restoreSecret(value, cohort.masking[self]!),
      );
      if (secret === undefined) throw forged(name);
      for (const survivor of survivors) {
        const other = cohort.positions.get(survivor)!;
        const { mask, sign } = await pairMask(cohort, secret, self, other, words.length);
        // The survivor has added what the dropped one would have subtracted.
        addModular(words, mask, sign);
      }
    }
    return { words, participants: survivors };
  }

  #answered(): ReadonlySet<string> {
    const all = {
      keys: this.#keys,
      shares: this.#shares,
      masked: this.#masked,
      consent: this.#consents,
      answer: this.#answers,
      done: this.#answers,
    };
    return new Set(all[this.#phase].keys());
  }

  #move(phase: SecurePhase, expected: readonly string[]): void {
    this.#phase = phase;
    this.#expected = expected;
  }

  #roster(names: readonly string[]): RosterMessage {
    const keys = new Uint8Array(names.length * KEYS_BYTES);
    names.forEach((name, i) => {
      const { encryption, masking } = this.#keys.get(name)!;
      keys.set(encryption, i * KEYS_BYTES);
      keys.set(masking, i * KEYS_BYTES + KEYS_BYTES / 2);
    });
    const roster = { kind: 'roster', ...this.#session, threshold: this.#threshold } as const;
    if (this.#identities === undefined) return { ...roster, names, keys };
    const signatures = concatenated(...names.map((name) => this.#keys.get(name)!.signature!));
    return { ...roster, names, keys, signatures };
  }

  /** Forgets those whose keys are no keys, occur before, or are not signed by them: with them every attempt would fail. */
  async #dropForgedKeys(): Promise<void> {
    const seen = new Set<string>();
    for (const name of [...this.#keys.keys()].sort()) {
      const { encryption, masking, signature } = this.#keys.get(name)!;
      const said = keysStatement(this.#session, name, concatenated(encryption, masking));
      const signed =
        this.#identities === undefined ||
        (await this.#identities.verify(name, said, signature ?? new Uint8Array(SIGNATURE_BYTES)));
      const texts = [encryption.join(), masking.join()];
      const fresh = texts[0] !== texts[1] && !texts.some((text) => seen.has(text));
      const points = await Promise.all([encryption, masking].map(importPublic)).catch(() => {});
      if (!fresh || !signed || points === undefined) this.#keys.delete(name);
      else for (const text of texts) seen.add(text);
    }
  }

  /** Forgets consents that are not signed by those they come from: others would not go on with them. */
  async #dropForgedConsents(): Promise<void> {
    const { survivors, dropped } = this.#request!;
    for (const [name, { signature }] of this.#consents) {
      const said = survivorsStatement(
        this.#session,
        name,
        this.#cohort!.context,
        survivors,
        dropped,
      );
      if (!(await this.#identities!.verify(name, said, signature))) this.#consents.delete(name);
    }
  }

  #delivery(to: string, senders: readonly string[]): DeliveryMessage {
    const { positions } = this.#cohort!;
    const others = senders.filter((name) => name !== to);
    const sealed = new Uint8Array(others.length * SEALED_BYTES);
    const receiver = positions.get(to)!;
    others.forEach((from, i) => {
      const box = receiver < positions.get(from)! ? receiver : receiver - 1;
      const all = this.#shares.get(from)!.sealed;
      sealed.set(all.subarray(box * SEALED_BYTES, (box + 1) * SEALED_BYTES), i * SEALED_BYTES);
    });
    return { kind: 'delivery', ...this.#session, names: others, sealed };
  }
}

/** Low and high word of each number. */
function wordsOf({ buffer, byteOffset, length }: BigUint64Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, 2 * length);
}

interface Share {
  readonly point: number;
  readonly value: bigint | undefined;
}

/**
 * The secret that `check` accepts, of the first shares or, where there are more than needed, of the shares without one of
 * them, so that a single forger is passed over. Weights of shares are kept in `known`.
 */
async function recover<T>(
  known: Map<string, readonly bigint[]>,
  cohort: Cohort,
  all: readonly Share[],
  check: (secret: bigint) => Promise<T | undefined>,
): Promise<T | undefined> {
  const shares = all.filter((share) => share.value !== undefined);
  const { threshold } = cohort;
  const attempts = shares.length > threshold ? threshold + 1 : 1;
  for (let without = threshold; without > threshold - attempts; without--) {
    const chosen = shares.slice(0, threshold + 1).filter((_, i) => i !== without);
    if (chosen.length < threshold) return undefined;
    const points = chosen.map(({ point }) => point);
    const weights = known.get(points.join()) ?? weightsAtZero(points);
    known.set(points.join(), weights);
    const secret = combineShares(
      chosen.map(({ value }) => value!),
      weights,
    );
    const result = await check(secret);
    if (result !== undefined) return result;
  }
  return undefined;
}

function forged(participant: string): SecureAggregationError {
  return new SecureAggregationError(
    'forged',
    `the shares for ${participant} do not give what it announced`,
    { participant, remedy: 'Repeat the round; someone has sent false shares' },
  );
}
