import { ValueError } from '@ketwork/base';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Refusal } from './refusal.ts';

/** Which web pages may take part: requests from browsers name the page's origin. */
export class Origins {
  readonly #allowed: ReadonlySet<string>;

  /** @param allowed Origins such as `https://example.org`, exactly as browsers send them. */
  constructor(allowed: readonly string[]) {
    for (const origin of allowed) {
      if (!URL.canParse(origin) || new URL(origin).origin !== origin)
        throw new ValueError(`federate: '${origin}' is not the origin of a page`, {
          remedy: "Give scheme, host and port only, such as 'https://example.org'",
        });
    }
    this.#allowed = new Set(allowed);
  }

  /**
   * Lets an allowed page read the answer, and refuses other pages, those of the server itself excepted.
   * @returns Whether the request was a browser's question for permission, to be answered with nothing.
   */
  check(request: IncomingMessage, response: ServerResponse): boolean {
    const { origin, host } = request.headers;
    if (origin === undefined) return false;
    response.setHeader('Vary', 'Origin');
    if (!this.#allowed.has(origin)) {
      const own = host !== undefined && [`http://${host}`, `https://${host}`].includes(origin);
      if (own && request.method !== 'OPTIONS') return false;
      throw new Refusal(403, 'FORBIDDEN', 'pages of this origin may not take part');
    }
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Access-Control-Expose-Headers', 'Retry-After');
    if (
      request.method !== 'OPTIONS' ||
      request.headers['access-control-request-method'] === undefined
    )
      return false;
    response.setHeader('Access-Control-Allow-Methods', 'GET, POST');
    response.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type');
    response.setHeader('Access-Control-Max-Age', '600');
    return true;
  }
}
