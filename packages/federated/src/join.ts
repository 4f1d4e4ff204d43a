import { UnsupportedError, ValueError, awaitableSteps, sizeOf } from '@ketwork/base';
import type { AwaitableSteps } from '@ketwork/base';
import type { Model } from '@ketwork/nn';
import type { FitOptions, TrainingData } from '@ketwork/training';
import { Caller } from './client/caller.ts';
import { participation } from './client/participant.ts';
import type { Farewell, ParticipantRound } from './client/participant.ts';
import type { SecurePolicy } from './client/follower.ts';
import { securePolicy } from './client/secure.ts';
import type { SecureParticipation } from './client/secure.ts';
import { fetchTransport, nodeTransport } from './client/transport.ts';
import type { ParticipantTls, Transport } from './client/transport.ts';
import { modelWeights, scatter } from './local/layout.ts';
import { PrivacyLedger } from './local/ledger.ts';
import type { PrivacyLimit } from './local/ledger.ts';
import { newParticipant, trainRound } from './local/round.ts';
import type { LocalModel, ParticipantState } from './local/round.ts';
import { checkOpening } from './secure/once.ts';
import { RecordKeeper } from './stores/keeper.ts';
import type { ParticipantRecord } from './stores/record.ts';
import { ParticipantStateError } from './stores/store.ts';
import type { StateStore } from './stores/store.ts';
import { isLoopback } from './wire/loopback.ts';
import { PATHS, TOKEN_RULE, isToken } from './wire/protocol.ts';
import type { TrainAnswer, TrainBody } from './wire/protocol.ts';

/** Options of {@link join}. */
export interface JoinOptions {
  /** The participant's token, as the coordinator knows it. Default: none, where `tls` has a certificate. */
  readonly token?: string;
  /**
   * Whether to send token and updates over plain HTTP to another machine, where everybody on the way can read them. For
   * networks that are encrypted otherwise. Default false: it is refused.
   */
  readonly allowInsecure?: boolean;
  /** Certificate and trusted authority; Node only. Default: those that the runtime trusts, and no certificate. */
  readonly tls?: ParticipantTls;
  /** Names of parameters and buffers, or beginnings of names up to a dot, that stay here; the same as the coordinator's. Default: none. */
  readonly personal?: readonly string[];
  /** Seed from which a model that is not built yet is built, for the beginnings of what is personal. Default 0. */
  readonly seed?: number;
  /** Engine for quantum layers. Default: the one that is bound, else the CPU. */
  readonly engine?: FitOptions['engine'];
  /**
   * What all rounds together may tell about the data, whatever the coordinator asks for: rounds without local privacy (of
   * kind `local` or `examples`), with noise from a seed, or beyond the limit are not trained. Default: the coordinator decides.
   */
  readonly privacyLimit?: PrivacyLimit;
  /**
   * Has this participant give its updates in secure sums only, of so many others at least, and where it has an identity, of those
   * whose public keys it knows. Default: the coordinator decides.
   */
  readonly secureAggregation?: SecureParticipation;
  /** What an earlier participation left, to go on with its personal parameters and privacy spent. Default: the model's own, and none. */
  readonly state?: ParticipantState;
  /**
   * Where this participant keeps its state, see {@link StateStore}: personal parameters, the account of privacy spent, and
   * the round it has answered last. It is kept before an answer is sent, so that a participant that is killed goes on
   * where it was and nothing is told without being counted. In place of `state`. Default: it is forgotten at the end.
   */
  readonly store?: StateStore;
  /** Seconds without an answer of the coordinator after which it counts as lost. Default 600. */
  readonly giveUpAfter?: number;
  /** Most epochs that this participant trains in a round; one with more it does not train, and says so. Default 10,000. */
  readonly maxEpochs?: number;
  /**
   * Seconds that weights may be on their way, beyond the 90 that any request may take; a request that takes longer is made
   * again. At most 1e6. Default: one for every 100,000 bytes of weights.
   */
  readonly transferSeconds?: number;
  /** Called after every round in which this participant took part, and awaited. `'stop'` ends the participation. */
  readonly onRound?: (round: ParticipantRound) => unknown;
  /** Ends the participation, within local training too. */
  readonly signal?: AbortSignal;
}

/** What came of a participation. */
export interface JoinResult {
  /** `completed` all rounds of the federation, `stopped` by the coordinator or by `onRound`, or `aborted` by the signal or by leaving the loop. */
  readonly reason: 'completed' | 'stopped' | 'aborted';
  /** One entry per round in which this participant took part. */
  readonly history: readonly ParticipantRound[];
  /** What this participant keeps: personal parameters, and how many rounds it has trained. */
  readonly state: ParticipantState;
  /** Seconds since the start. */
  readonly seconds: number;
}

/** A participation: loop over its rounds, or await its result, or both one after the other. It starts with either. */
export interface Participation extends AwaitableSteps<ParticipantRound, JoinResult> {}

/**
 * Takes part in a federation: asks the coordinator for rounds, trains on data that stay here, and sends weights. In Node and
 * in browsers. A coordinator that cannot be reached is asked again, after growing pauses; what was trained is not trained again.
 *
 * At the end the model has the last weights of the federation and its own personal parameters.
 *
 * @param url Address of the coordinator, such as `https://example.org:8080`.
 * @param model The same layers as the coordinator's. Built from `seed` where it is not.
 * @param data The participant's examples.
 * @returns The participation, see {@link Participation}. It rejects with ValueError where the coordinator does not know the
 * token, has another model or refuses requests, EnvironmentError where it cannot be reached for `giveUpAfter` seconds,
 * FormatError where the server is no coordinator of this version, InUseError and ParticipantStateError where the state in
 * `store` is in use, damaged, of another task or participant, or cannot be kept.
 * @throws ValueError where address, data or options do not fit; UnsupportedError for a certificate over plain HTTP, and for
 * plain HTTP to another machine without `allowInsecure`.
 * @example
 * ```ts
 * import { federate, join, newToken } from '@ketwork/federated';
 * import { dense, mse, sequential, sgd } from '@ketwork/nn';
 * const token = newToken();
 * const local = { loss: mse, optimizer: sgd(0.1) };
 * const server = await federate(sequential(dense(1, 1)), { rounds: 20, seed: 1, local, tokens: { north: token } });
 * const model = sequential(dense(1, 1));
 * const { history } = await join(server.url, model, { inputs: [1, 2], labels: [2, 4] }, { token });
 * console.log(history.length, (await server.result).reason); // 20 completed
 * ```
 */
export function join(
  url: string | URL,
  model: Model,
  data: TrainingData,
  options: JoinOptions = {},
): Participation {
  const { personal, seed = 0, giveUpAfter = 600, engine, privacyLimit } = options;
  if (!(giveUpAfter > 0))
    throw new ValueError(`join: giveUpAfter is ${giveUpAfter}, not a number above 0`);
  const { transferSeconds = 0, maxEpochs = 10_000 } = options;
  if (!Number.isSafeInteger(maxEpochs) || maxEpochs < 1)
    throw new ValueError(`join: maxEpochs is ${maxEpochs}, not a positive integer`);
  if (!(transferSeconds >= 0 && transferSeconds <= 1e6))
    throw new ValueError(`join: transferSeconds is ${transferSeconds}, not a number from 0 to 1e6`);
  const transport = transportFor(url, options);
  const shape = model.network?.inputShape ?? model.inputShape ?? data.inputShape;
  if (shape === undefined)
    throw new ValueError('join: the input shape of the model is not known', {
      remedy:
        'Give the data an inputShape, build the model first, or name it in the first layer, such as dense(784, 4)',
    });
  const network = model.network ?? model.build(shape, seed);
  const examples = data.inputs.length / sizeOf(network.inputShape);
  if (!Number.isSafeInteger(examples) || examples < 1)
    throw new ValueError(
      `join: ${data.inputs.length} numbers are not one or more inputs of ${sizeOf(network.inputShape)} numbers each`,
    );
  const weights = modelWeights('join', network, personal);
  const local: LocalModel = {
    model,
    network,
    weights,
    losses: [],
    engine,
    maxEpochs,
    ledger: new PrivacyLedger(privacyLimit, options.state?.spent),
  };
  if (options.store !== undefined && options.state !== undefined)
    throw new ValueError('join: there are both a store and a state to begin with', {
      remedy: 'Leave the state out: the store has it from the last participation',
    });
  const state = options.state ?? newParticipant(local);
  if (state.personal.length !== newParticipant(local).personal.length)
    throw new ValueError('join: the state belongs to another model or other personal layers');
  const leaving = new AbortController();
  const participant = new Participant(local, data, state, options.store);
  if (options.secureAggregation !== undefined) participant.insistOn(options.secureAggregation);
  const steps = participate(participant, transport, options, leaving);
  return awaitableSteps('join', steps, () => leaving.abort());
}

function transportFor(url: string | URL, { token, tls, allowInsecure }: JoinOptions): Transport {
  if (!URL.canParse(url))
    throw new ValueError(`join: '${String(url)}' is not the address of a coordinator`, {
      remedy: "Give scheme, host and port, such as 'https://example.org:8080'",
    });
  const base = new URL(url);
  const { protocol, username, password, pathname, search, hash } = base;
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new ValueError(`join: the address begins with '${protocol}', not http: or https:`, {
      remedy: "Give scheme, host and port, such as 'https://example.org:8080'",
    });
  if (pathname !== '/' || [username, password, search, hash].some((part) => part !== ''))
    throw new ValueError('join: the address holds more than scheme, host and port', {
      remedy: 'Give the token as an option, and a coordinator a host or port of its own',
    });
  if (protocol === 'http:' && !isLoopback(base.hostname) && allowInsecure !== true)
    throw new UnsupportedError(
      `join: over http: everybody on the way to ${base.host} could read the token and the updates`,
      {
        remedy:
          'Use an address that begins with https:, or say allowInsecure: true where the network itself is encrypted',
      },
    );
  if (token === undefined && tls?.cert === undefined)
    throw new ValueError('join: there is neither a token nor a certificate');
  if (token !== undefined && !isToken(token))
    throw new ValueError(`join: the token ${TOKEN_RULE}`, {
      remedy: 'Give it as newToken() made it, without blanks or line ends around it',
    });
  if (tls === undefined) return fetchTransport(base, token, globalThis.fetch);
  if (base.protocol !== 'https:')
    throw new UnsupportedError('join: certificates need an address that begins with https:');
  return nodeTransport(base, token, tls);
}

/** The participant's side of rounds: its model, its data and what it keeps. */
class Participant {
  readonly local: LocalModel;
  readonly #data: TrainingData;
  readonly #keeper: RecordKeeper | undefined;
  #last: ParticipantRecord['last'];
  #opened: ParticipantRecord['opened'];
  #secure: ReturnType<typeof securePolicy> | undefined;
  state: ParticipantState;

  constructor(
    local: LocalModel,
    data: TrainingData,
    state: ParticipantState,
    store: StateStore | undefined,
  ) {
    this.local = local;
    this.#data = data;
    this.state = state;
    const { layout, personal } = local.weights;
    const entries = personal.map(({ name, shape }) => ({ name, shape }));
    this.#keeper =
      store &&
      new RecordKeeper(store, {
        shared: JSON.stringify(layout.entries),
        personal: JSON.stringify(entries),
      });
  }

  /** Goes on with what the store has. */
  async open(): Promise<void> {
    const record = await this.#keeper?.open();
    if (record === undefined) return;
    const { personal, rounds, spent, last, opened } = record;
    const answered = last?.answer.weights.length ?? this.local.weights.layout.size;
    if (
      personal.length !== this.state.personal.length ||
      answered !== this.local.weights.layout.size
    )
      throw new ParticipantStateError('damaged', 'the state of the participant has other sizes');
    this.local.ledger!.resume(spent);
    this.state = { personal, rounds, spent };
    this.#last = last;
    this.#opened = opened;
  }

  /** Terms for secure sums. @throws ValueError where they do not fit. */
  insistOn(terms: SecureParticipation): void {
    this.#secure = securePolicy(terms, async (sum) => {
      checkOpening(this.#opened, sum);
      this.#opened = sum;
      await this.#keep();
    });
  }

  get secure(): SecurePolicy | undefined {
    return this.#secure;
  }

  joined(name: string): void {
    this.#secure?.checkName(name);
    this.#keeper?.joined(name);
  }

  async close(): Promise<void> {
    await this.#keeper?.close();
  }

  /** Trains a round, once however often and in however many processes it is asked for; what comes of it is kept before it is told. */
  async train({ task, weights }: TrainBody, signal: AbortSignal): Promise<TrainAnswer> {
    const { run, round } = task;
    if (this.#last?.run === run && this.#last.round === round) return this.#last.answer;
    const ledger = this.local.ledger!;
    const before = ledger.spent;
    try {
      const made = await trainRound(this.local, this.#data, task, weights, this.state, signal);
      const { run: _run, round: _round, ...answer } = made.update;
      this.state = made.state;
      this.#last = { run, round, answer };
    } catch (error) {
      if (signal.aborted || ledger.spent === before) throw error;
      // That it failed is told, which may depend on the data: it counts as if all had been told.
      this.state = { ...this.state, spent: ledger.spent };
      await this.#keep();
      throw error;
    }
    await this.#keep();
    return this.#last.answer;
  }

  async #keep(): Promise<void> {
    const { personal, rounds } = this.state;
    await this.#keeper?.save({
      personal,
      rounds,
      spent: this.local.ledger!.spent,
      ...(this.#last === undefined ? {} : { last: this.#last }),
      ...(this.#opened === undefined ? {} : { opened: this.#opened }),
    });
  }

  /** Shows the last weights of the federation, and what is personal. */
  adopt(weights: Float64Array | undefined): void {
    const { shared, personal } = this.local.weights;
    if (weights !== undefined) scatter(shared, weights);
    scatter(personal, this.state.personal);
  }
}

type Rest = [transport: Transport, options: JoinOptions, leaving: AbortController];

/** Bytes of an answer beside its weights. */
const ROOM = 65_536;

async function* participate(
  participant: Participant,
  ...rest: Rest
): AsyncGenerator<ParticipantRound, JoinResult> {
  try {
    await participant.open();
    return yield* takePart(participant, ...rest);
  } finally {
    await participant.close();
  }
}

async function* takePart(
  participant: Participant,
  transport: Transport,
  { signal: given, giveUpAfter = 600, transferSeconds, onRound }: JoinOptions,
  leaving: AbortController,
): AsyncGenerator<ParticipantRound, JoinResult> {
  const started = performance.now();
  const history: ParticipantRound[] = [];
  const signal = AbortSignal.any([leaving.signal, ...(given === undefined ? [] : [given])]);
  const { layout } = participant.local.weights;
  const { size } = layout;
  const caller = new Caller(transport, giveUpAfter, ROOM + 8 * size, signal);
  const rounds = participation({
    caller,
    hello: { layout: JSON.stringify(layout.entries) },
    size,
    transferSeconds,
    train: (body) => participant.train(body, signal),
    secure: participant.secure,
    joined: ({ participant: name }) => participant.joined(name),
    signal,
  });
  const finish = (reason: JoinResult['reason'], weights?: Float64Array): JoinResult => {
    participant.adopt(weights);
    const seconds = (performance.now() - started) / 1000;
    return { reason, history, state: participant.state, seconds };
  };
  for (;;) {
    let next: IteratorResult<ParticipantRound, Farewell>;
    try {
      next = await rounds.next();
    } catch (error) {
      if (!signal.aborted) throw error;
      await goodbye(transport);
      return finish('aborted');
    }
    if (next.done === true) {
      const { reason, weights } = next.value;
      return finish(reason === 'completed' ? 'completed' : 'stopped', weights);
    }
    history.push(next.value);
    const stop = (await onRound?.(next.value)) === 'stop';
    yield next.value;
    if (stop || signal.aborted) {
      await goodbye(transport);
      return finish(stop ? 'stopped' : 'aborted');
    }
  }
}

/** Tells the coordinator not to wait; if that fails, it will find out. */
async function goodbye(transport: Transport): Promise<void> {
  const caller = new Caller(transport, 0, ROOM, AbortSignal.timeout(2000));
  try {
    await caller.call('POST', PATHS.leave, 1, {});
  } catch {
    // It is gone as well.
  }
}
