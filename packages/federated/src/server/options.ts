import type { FitOptions } from '@ketwork/training';
import type { FederationOptions, RoundRecord } from '../contract.ts';
import type { FederationResult } from '../result.ts';
import type { SimulationEvent } from '../simulation/options.ts';
import type { Limits } from './limits.ts';
import type { FederationStatus } from './status.ts';

/** Keys and certificates of an HTTPS coordinator, as text (PEM) or bytes. */
export interface CoordinatorTls {
  /** The coordinator's private key. */
  readonly key: string | Uint8Array;
  /** Its certificate, or a chain. */
  readonly cert: string | Uint8Array;
  /**
   * Certificates of the authority that signs those of participants. With it, a client certificate takes the place of a
   * token: its common name is the participant's name. Needs `participants`.
   */
  readonly ca?: string | Uint8Array;
  /** Common names that may take part with a certificate. */
  readonly participants?: readonly string[];
}

/** Where to listen. */
export interface ListenOptions {
  /** The port; 0: any that is free. */
  readonly port: number;
  /** The address to listen on. Default: this machine only (`127.0.0.1`) without TLS, all addresses with it. */
  readonly host?: string;
}

/** Options of {@link federate}: those of every federation, and who may take part, where, and for how long a round waits. */
export interface FederateOptions extends FederationOptions {
  /** The port, or port and address. A port alone: this machine only without `tls`, all addresses with it. Default: any free port. */
  readonly listen?: number | ListenOptions;
  /**
   * Token of each participant by name, at least 16 characters, such as `newToken()` makes; or its SHA-256 as `sha256:` and 64
   * hexadecimal digits.
   */
  readonly tokens?: Readonly<Record<string, string>>;
  /**
   * Public keys of all participants by name, see {@link newIdentity}: participants of secure sums then sign their keys and whose
   * updates are in a sum, and believe nobody's word for either. Needs `secureAggregation`, and participants with identities.
   * Default: none, and participants must believe the coordinator.
   */
  readonly identities?: Readonly<Record<string, string>>;
  /**
   * Whether to listen without `tls` on an address that is not this machine alone, so that tokens and updates are there for
   * everybody on the way to read. For networks that are encrypted otherwise. Default false: it is refused.
   */
  readonly allowInsecure?: boolean;
  /** Keys and certificates for HTTPS; with `ca`, certificates of participants can take the place of tokens. Default: plain HTTP. */
  readonly tls?: CoordinatorTls;
  /** Seconds for which a round waits for its updates, and before it for participants. Default 600. */
  readonly roundTimeout?: number;
  /**
   * Participants that must be present before a round begins, unless `roundTimeout` is over; those are not waited for that
   * left, or were asked in the last round in vain. Default: `clients`, or all; with central privacy all.
   */
  readonly waitFor?: number;
  /**
   * Folder in which the federation is kept: started again with the same options, it goes on where it was. The model is
   * there after every round, as `model.safetensors`. One coordinator has it at a time. Default: nothing is kept.
   */
  readonly journal?: string;
  /** Who may read `/status`, and use the page at `/` that shows it: bearers of a token, or everybody, but
   * for central privacy, since it tells who takes part. Default: nobody. */
  readonly status?: { readonly token: string } | 'open';
  /** Origins of web pages that may take part or read the status, such as `https://example.org`. Default: none but the coordinator's own. */
  readonly origins?: readonly string[];
  /** What is refused before it is read. */
  readonly limits?: Limits;
  /** Called when an update counts or is refused, and at the end of a round for each participant that did not answer. */
  readonly onEvent?: (event: SimulationEvent) => void;
  /** Engine for quantum layers, to measure `evaluation`. Default: the one that is bound, else the CPU. */
  readonly engine?: FitOptions['engine'];
  /** Seconds for which participants can still learn that it is over, before connections are closed. Default 10. */
  readonly linger?: number;
}

/**
 * A coordinator at work. Loop over its rounds as they end, any number of times, and await `result`; rounds happen whether
 * anybody looks or not.
 */
export interface Federation extends AsyncIterable<RoundRecord>, AsyncDisposable {
  /** Where participants find it, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The port it listens on. */
  readonly port: number;
  /** Name of the run, the same after a restart with a journal. */
  readonly run: string;
  /**
   * How it ends. The model has the last weights then; what is personal stays with the participants. Rejects where a round could
   * not be finished or saved.
   */
  readonly result: Promise<FederationResult>;
  /** Where it stands, as `/status` shows it: of many rounds the last ones, and a curve over all of them. */
  status(): FederationStatus;
  /** Ends it within a round if need be; finished rounds are safe, and with a journal the open one goes on another time. */
  close(): Promise<void>;
}
