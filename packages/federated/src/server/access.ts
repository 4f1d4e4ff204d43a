import { ValueError } from '@ketwork/base';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { nodeModule } from '../node.ts';
import { TOKEN_RULE, isToken } from '../wire/protocol.ts';

/** Longest header that can hold a token. */
const LONGEST_HEADER = 519;
const HASH = /^sha256:([0-9a-f]{64})$/;
const NAME = /^[\p{L}\p{N}](?:[\p{L}\p{N} ._@-]{0,62}[\p{L}\p{N}._@-])?$/u;

/** Refuses what cannot be the name of a participant. */
export function checkName(name: string): void {
  if (!NAME.test(name))
    throw new ValueError(`federate: '${name.slice(0, 80)}' cannot be the name of a participant`, {
      remedy: 'Use 1 to 64 letters, digits, dots, dashes, underscores or @',
    });
}

/** Who the bearers of tokens are. Only hashes are kept. */
export class Tokens {
  readonly #crypto: typeof import('node:crypto') = nodeModule('node:crypto', 'federate');
  readonly #hashes: readonly (readonly [name: string, hash: Uint8Array])[];

  /** @param tokens Token by name, or its SHA-256 as `sha256:` and 64 hexadecimal digits. */
  constructor(tokens: Readonly<Record<string, string>>) {
    this.#hashes = Object.entries(tokens).map(([name, token]) => [name, this.#hashOf(name, token)]);
    const seen = new Set(this.#hashes.map(([, hash]) => Buffer.from(hash).toString('hex')));
    if (seen.size !== this.#hashes.length)
      throw new ValueError('federate: two participants have the same token', {
        remedy: 'Give each its own',
      });
  }

  #hashOf(name: string, token: unknown): Uint8Array {
    if (!isToken(token))
      throw new ValueError(`federate: the token of '${name}' ${TOKEN_RULE}`, {
        remedy: 'Make tokens with newToken(), and drop the line end where one is read from a file',
      });
    const given = HASH.exec(token);
    return given === null ? this.#sha256(token) : Buffer.from(given[1]!, 'hex');
  }

  #sha256(text: string): Uint8Array {
    return this.#crypto.createHash('sha256').update(text, 'utf8').digest();
  }

  /**
   * Whose token a header `Authorization: Bearer …` holds. Takes the same time for every token: hashes of equal length are
   * compared with all, and the search does not end where one fits.
   */
  bearer(header: string | undefined): string | undefined {
    if (header === undefined || header.length > LONGEST_HEADER) return undefined;
    if (!/^bearer /i.test(header)) return undefined;
    const hash = this.#sha256(header.slice(7));
    let found: string | undefined;
    for (const [name, known] of this.#hashes) {
      if (this.#crypto.timingSafeEqual(hash, known)) found = name;
    }
    return found;
  }
}

/** Finds out who makes a request. */
export class Access {
  readonly #tokens: Tokens;
  readonly #status: Tokens | undefined;
  readonly #certificates: ReadonlySet<string>;

  constructor(options: {
    readonly tokens: Readonly<Record<string, string>>;
    readonly statusToken: string | undefined;
    /** Whose certificates are accepted. */
    readonly certificates: readonly string[];
  }) {
    this.#tokens = new Tokens(options.tokens);
    this.#status =
      options.statusToken === undefined ? undefined : new Tokens({ status: options.statusToken });
    this.#certificates = new Set(options.certificates);
  }

  /** The participant who asks; undefined for strangers. */
  participant(request: IncomingMessage): string | undefined {
    const bearer = this.#tokens.bearer(request.headers.authorization);
    if (bearer !== undefined || this.#certificates.size === 0) return bearer;
    const socket = request.socket as Partial<TLSSocket>;
    if (socket.authorized !== true) return undefined;
    const name: unknown = socket.getPeerCertificate?.().subject?.CN;
    return typeof name === 'string' && this.#certificates.has(name) ? name : undefined;
  }

  /** Whether the bearer may read the status. */
  mayReadStatus(request: IncomingMessage): boolean {
    return this.#status?.bearer(request.headers.authorization) !== undefined;
  }
}
