import { UnsupportedError, ValueError } from '@ketwork/base';
import type { RoundRecord } from '../contract.ts';
import { nodeModule } from '../node.ts';
import { planOf } from '../rounds/plan.ts';
import type { FederationStart } from '../rounds/plan.ts';
import { privacyReport } from '../privacy/report.ts';
import type { FederationResult } from '../result.ts';
import { Rounds } from '../rounds/rounds.ts';
import { Identities } from '../secure/identity.ts';
import type { SimulationEvent } from '../simulation/options.ts';
import type { Plain } from '../wire/message.ts';
import { isLoopback } from '../wire/loopback.ts';
import { KINDS, ROOM_PER_PARTICIPANT, answer, joinRequest } from '../wire/protocol.ts';
import type { JoinReply, QuestionId } from '../wire/protocol.ts';
import { Access, checkName } from './access.ts';
import { Driver } from './driver.ts';
import type { EndReason } from './driver.ts';
import { Exchange } from './exchange.ts';
import { Feed } from './feed.ts';
import { Gate } from './gate.ts';
import type { Desk } from './gate.ts';
import { Journal } from './journal.ts';
import { limitsFor } from './limits.ts';
import type { HeldLimits } from './limits.ts';
import { listen } from './listener.ts';
import type { Listener } from './listener.ts';
import type { FederateOptions, Federation } from './options.ts';
import { Origins } from './origins.ts';
import { Refusal } from './refusal.ts';
import { statusPage } from './status-page.ts';
import { Tally, statusOf } from './status.ts';
import type { FederationStatus } from './status.ts';

/** The model's side of a coordinator. */
export interface CoordinatorModel {
  /** What the federation begins with. */
  readonly start: Omit<FederationStart, 'run' | 'population'>;
  /** Takes over the weights of a finished round. */
  adopt(weights: Float64Array): void;
  /** Measures the weights taken over last, where there is something to measure on. */
  evaluate(): Promise<RoundRecord['evaluation']>;
  /** Writes the model with the weights taken over last into a folder. */
  keep(folder: string): Promise<void>;
}

/** Room for everything in a message but its arrays. */
const HEADER = 65_536;

/** Reads what is in the journal, starts to listen, and lets rounds happen. */
export async function openCoordinator(
  model: CoordinatorModel,
  options: FederateOptions,
): Promise<Federation> {
  const names = namesOf(options);
  checkListening(options);
  const identities = identitiesOf(options, names);
  await identities?.check('federate');
  const journal = options.journal === undefined ? undefined : new Journal(options.journal);
  await journal?.lock();
  try {
    const saved = await journal?.load();
    const run = saved?.run ?? nodeModule('node:crypto', 'federate').randomUUID();
    const plan = planOf('federate', options, { ...model.start, run, population: names.length });
    const rounds = saved === undefined ? new Rounds(plan) : new Rounds(plan, saved);
    const coordinator = new Coordinator(model, options, names, rounds, journal, identities);
    await coordinator.open();
    return coordinator;
  } catch (error) {
    await journal?.close();
    throw error;
  }
}

/** Tokens do not belong on a network in clear. */
function checkListening({ listen: where, tls, allowInsecure }: FederateOptions): void {
  const host = typeof where === 'object' ? where.host : undefined;
  if (tls !== undefined || host === undefined || isLoopback(host) || allowInsecure === true) return;
  throw new UnsupportedError(
    `federate: on ${host === '' ? 'all addresses' : host} without TLS everybody on the way could read tokens and updates`,
    {
      remedy:
        'Give tls, listen on 127.0.0.1 behind a proxy that has it, or say allowInsecure: true where the network itself is encrypted',
    },
  );
}

/** The public keys of all participants, where they shall sign. */
function identitiesOf(
  { identities: given, secureAggregation }: FederateOptions,
  names: readonly string[],
): Identities | undefined {
  if (given === undefined) return undefined;
  if (secureAggregation === undefined)
    throw new ValueError('federate: identities are for secure aggregation only', {
      remedy: 'Give secureAggregation, or leave the identities out',
    });
  const identities = new Identities('federate', given);
  const without = names.find((name) => identities.textOf(name) === undefined);
  if (without !== undefined)
    throw new ValueError(`federate: '${without}' has no public key among the identities`, {
      remedy: 'Give one for each participant',
    });
  return identities;
}

/** Everyone who may take part, in the order of names. */
function namesOf({ tokens = {}, tls }: FederateOptions): readonly string[] {
  const certificates = tls?.participants ?? [];
  const names = [...Object.keys(tokens), ...certificates];
  names.forEach(checkName);
  if (certificates.length > 0 && tls?.ca === undefined)
    throw new ValueError(
      'federate: certificates of participants need the authority that signed them',
      {
        remedy: 'Give tls.ca',
      },
    );
  if (names.length === 0)
    throw new ValueError('federate: nobody may take part', {
      remedy: 'Give tokens, such as { north: newToken() }, or tls with ca and participants',
    });
  if (new Set(names).size !== names.length)
    throw new ValueError('federate: a participant has both a token and a certificate', {
      remedy: 'Give each one of them',
    });
  return names.sort((a, b) => (a < b ? -1 : 1));
}

class Coordinator implements Federation {
  readonly #model: CoordinatorModel;
  readonly #options: FederateOptions;
  readonly #names: readonly string[];
  readonly #rounds: Rounds;
  readonly #journal: Journal | undefined;
  readonly #layout: string;
  readonly #bounds: Desk['bounds'];
  readonly #limits: HeldLimits;
  readonly #exchange: Exchange;
  readonly #gate: Gate;
  readonly #driver: Driver;
  readonly #closing: AbortController = new AbortController();
  readonly #feed: Feed<RoundRecord> = new Feed();
  readonly #end: PromiseWithResolvers<FederationResult> = Promise.withResolvers();
  readonly #tally: Tally = new Tally();
  #listener: Listener | undefined;
  #closed: Promise<void> | undefined;
  #reason: string | undefined;
  #thrown: { readonly error: unknown } | undefined;

  constructor(
    model: CoordinatorModel,
    options: FederateOptions,
    names: readonly string[],
    rounds: Rounds,
    journal: Journal | undefined,
    identities: Identities | undefined,
  ) {
    const { tokens = {}, tls, status, origins = [], signal, roundTimeout = 600 } = options;
    const { plan } = rounds;
    const { layout, clients, population } = plan;
    if (plan.secure?.protocol === 'sum-only')
      throw new UnsupportedError('federate: the protocol sum-only would show single updates', {
        remedy: 'Leave it out, or use simulate',
      });
    if (plan.central !== undefined && status === 'open')
      throw new UnsupportedError(
        'federate: an open status would tell everybody who took part, with losses and numbers of examples, which central privacy hides',
        { remedy: 'Give status a token, and that to nobody who must not know' },
      );
    if (!(roundTimeout > 0))
      throw new ValueError(`federate: the roundTimeout ${roundTimeout} is not a number above 0`);
    this.#model = model;
    this.#options = options;
    this.#names = names;
    this.#rounds = rounds;
    this.#journal = journal;
    this.#layout = JSON.stringify(layout.entries);
    const header = HEADER + 2 * this.#layout.length;
    const others = plan.secure === undefined ? 0 : ROOM_PER_PARTICIPANT.bytes * population;
    this.#bounds = { bytes: header + 8 * layout.size + others, header };
    this.#limits = limitsFor(options.limits ?? {}, names.length, this.#bounds.bytes);
    this.#exchange = new Exchange(this.#limits.pollSeconds);
    const access = new Access({
      tokens,
      statusToken: typeof status === 'object' ? status.token : undefined,
      certificates: tls?.participants ?? [],
    });
    this.#gate = new Gate(this.#desk(), access, new Origins(origins), this.#limits);
    this.#driver = new Driver({
      rounds,
      exchange: this.#exchange,
      journal,
      roundTimeout,
      // Central privacy draws each participant by itself, and needs all to be there for the number it expects.
      waitFor: options.waitFor ?? (plan.central === undefined ? clients : undefined) ?? population,
      names,
      identities,
      signal: AbortSignal.any([this.#closing.signal, ...(signal === undefined ? [] : [signal])]),
      measure: (record) => this.#measure(record),
      event: (event) => this.#tell(event),
      done: (record) => this.#done(record),
    });
    // Whoever only loops over rounds hears of an error there.
    this.#end.promise.catch(() => {});
  }

  get url(): string {
    return this.#listener!.url;
  }

  get port(): number {
    return this.#listener!.port;
  }

  get run(): string {
    return this.#rounds.plan.run;
  }

  get result(): Promise<FederationResult> {
    return this.#end.promise;
  }

  status(): FederationStatus {
    return this.#status(0);
  }

  #status(since: number): FederationStatus {
    const { seconds, saved } = this.#driver;
    const { traffic } = this.#gate;
    return statusOf(
      this.#rounds,
      saved,
      this.#exchange,
      traffic,
      this.#names,
      this.#reason,
      seconds,
      this.#tally,
      since,
    );
  }

  [Symbol.asyncIterator](): AsyncIterator<RoundRecord, undefined> {
    return this.#feed[Symbol.asyncIterator]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Starts to listen, and rounds with it. */
  async open(): Promise<void> {
    const { listen: where = 0, tls } = this.#options;
    const address = typeof where === 'number' ? { port: where } : where;
    this.#model.adopt(this.#rounds.state.weights);
    await this.#driver.save();
    await this.#keep();
    this.#listener = await listen(this.#gate, address, tls, this.#limits);
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      const reason = await this.#driver.run();
      if (this.#thrown !== undefined) throw this.#thrown.error;
      this.#reason = reason;
      // Nothing is written from here on, though participants may take a while to learn of the end.
      await this.#journal?.close();
      if (reason !== 'aborted') this.#exchange.finish(this.#farewell(reason));
      this.#end.resolve(this.#result(reason));
      this.#feed.end();
      if (reason === 'aborted') await this.#shut();
      else await this.#linger();
    } catch (error) {
      this.#reason = 'failed';
      this.#end.reject(error);
      this.#feed.end({ error });
      await this.#shut();
    }
  }

  /** Stays a while, so that everybody who took part learns of the end. */
  async #linger(): Promise<void> {
    const { linger = 10 } = this.#options;
    // Those who took part may have to find a coordinator again that was started anew.
    const part = new Set(this.#rounds.state.history.flatMap(({ participants }) => participants));
    const told = (): boolean => linger < Infinity && this.#exchange.allTold(part);
    await this.#exchange.until(told, linger, this.#closing.signal);
    await this.#shut();
  }

  close(): Promise<void> {
    this.#closing.abort();
    return this.#end.promise.then(
      () => this.#shut(),
      () => this.#shut(),
    );
  }

  #shut(): Promise<void> {
    this.#closed ??= (async () => {
      this.#exchange.hangUp();
      await this.#journal?.close();
      await this.#listener?.close();
    })();
    return this.#closed;
  }

  #result(reason: EndReason): FederationResult {
    const { plan, state } = this.#rounds;
    const privacy = privacyReport(plan, state);
    return {
      reason,
      history: state.history,
      state: { rounds: state, participants: {} },
      personal: {},
      ...(privacy === undefined ? {} : { privacy }),
      seconds: this.#driver.seconds,
    };
  }

  #farewell(reason: EndReason): Plain {
    const { weights, history } = this.#rounds.state;
    const id: QuestionId = { run: this.run, round: 0, attempt: 0, step: 0 };
    return { ...id, kind: KINDS.finished, body: { rounds: history.length, reason, weights } };
  }

  async #measure(record: RoundRecord): Promise<RoundRecord> {
    this.#model.adopt(this.#rounds.state.weights);
    const evaluation = await this.#model.evaluate();
    return evaluation === undefined ? record : this.#rounds.evaluated(evaluation);
  }

  async #done(record: RoundRecord): Promise<unknown> {
    await this.#keep();
    this.#feed.push(record);
    return this.#options.onRound?.(record);
  }

  /** A callback that throws ends the federation, not the request in which it was called. */
  #tell(event: SimulationEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch (error) {
      this.#thrown ??= { error };
      this.#closing.abort();
    }
  }

  async #keep(): Promise<void> {
    if (this.#journal !== undefined) await this.#model.keep(this.#journal.folder);
  }

  #desk(): Desk {
    const { status } = this.#options;
    return {
      readers: status === undefined ? 'nobody' : status === 'open' ? 'everybody' : 'bearers',
      bounds: this.#bounds,
      join: (name, message) => this.#join(name, message),
      instruction: (name, gone) => this.#exchange.poll(name, gone),
      answer: async (name, message) => ({
        ...(await this.#exchange.answer(name, answer(message, 'the answer'))),
      }),
      leave: (name) => {
        this.#exchange.leave(name);
        return {};
      },
      report: (since) => this.#status(since),
      page: statusPage,
    };
  }

  #join(name: string, message: Plain): Plain {
    const { layout } = joinRequest(message, 'the request');
    if (layout !== this.#layout)
      throw new Refusal(409, 'OTHER_MODEL', otherModel(this.#layout, layout));
    this.#exchange.touch(name);
    const { run, rounds } = this.#rounds.plan;
    const reply: JoinReply = {
      run,
      participant: name,
      rounds,
      pollSeconds: this.#limits.pollSeconds,
      population: this.#names.length,
    };
    return { ...reply };
  }
}

/** Where two layouts part, for the message. */
function otherModel(mine: string, theirs: string): string {
  const shown = (text: string): readonly string[] => {
    try {
      const entries = JSON.parse(text) as readonly { name: string; shape: readonly number[] }[];
      return entries.map(({ name, shape }) => `${name} [${shape.join(', ')}]`);
    } catch {
      return [];
    }
  };
  const [here, there] = [shown(mine), shown(theirs)];
  const at = here.findIndex((entry, i) => entry !== there[i]);
  const [expected, given] = at < 0 ? ['nothing more', there[here.length]] : [here[at], there[at]];
  return `the model is another one: expected ${expected}, not ${given?.slice(0, 100) ?? 'nothing more'}`;
}
