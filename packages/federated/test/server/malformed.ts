// Malformed requests, one per seed, and a coordinator with an open round that has to refuse them all.
import { fold, integers, key } from '@ketwork/base';
import type { Key } from '@ketwork/base';
import { safetensorsHeader } from '@ketwork/nn';
import { connect } from 'node:net';
import type { Federation } from '../../src/server/options.ts';
import { MEDIA_TYPE, decodeMessage, encodeMessage } from '../../src/wire/message.ts';
import type { Plain } from '../../src/wire/message.ts';
import { coordinate, layout, takePart, tokenOf } from './light.ts';

/** A request as bytes, and what it is. */
interface Malformed {
  readonly kind: string;
  readonly bytes: Uint8Array;
}

/** Draws from a key, one number after the other. */
class Dice {
  readonly #key: Key;
  #count = 0;

  constructor(seed: number) {
    this.#key = fold(key(2026), seed);
  }

  /** An integer from 0 to below a bound. */
  below(bound: number): number {
    return integers(fold(this.#key, this.#count++), 1, bound)[0]!;
  }

  pick<T>(things: readonly T[]): T {
    return things[this.below(things.length)]!;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from(integers(fold(this.#key, this.#count++), length, 256));
  }
}

const latin = new TextEncoder();
const joined = (...parts: Uint8Array[]): Uint8Array => Buffer.concat(parts);

interface Target {
  readonly run: string;
}

/** A request with all that belongs to it; what is given replaces what is usual. */
function request(
  path: string,
  body: Uint8Array,
  change: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string | undefined>>;
  } = {},
): Uint8Array {
  const headers: Record<string, string | undefined> = {
    Host: 'coordinator',
    Authorization: `Bearer ${tokenOf('victim')}`,
    'Content-Type': MEDIA_TYPE,
    'Content-Length': String(body.length),
    Connection: 'close',
    ...change.headers,
  };
  const lines = Object.entries(headers)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return joined(
    latin.encode(`${change.method ?? 'POST'} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`),
    body,
  );
}

const answerOf = (target: Target, more: Record<string, Plain> = {}): Record<string, Plain> => ({
  run: target.run,
  round: 1,
  attempt: 1,
  step: 0,
  body: { examples: 5, loss: 1, weights: new Float64Array(layout.size) },
  ...more,
});

const PATHS = ['/v1/join', '/v1/instruction', '/v1/answer', '/v1/leave', '/status', '/'] as const;
const ODD: readonly Plain[] = [null, true, -1, 0.5, 1e300, NaN, '', 'x', '__proto__', [], {}, [[]]];

/** Something that has no place in a message, at a place of it. */
function spoiled(value: Plain, dice: Dice, depth = 0): Plain {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || depth > 3)
    return dice.pick(ODD.filter((odd) => typeof odd !== typeof value));
  const entries = Object.entries(value);
  const at = dice.below(entries.length + 1);
  if (at === entries.length)
    return Object.fromEntries([...entries, [dice.pick(['x', '__proto__', 'constructor']), 1]]);
  const [name, member] = entries[at]!;
  const rest = entries.filter((_, i) => i !== at);
  // An update may do without a loss.
  if (dice.below(3) === 0 && name !== 'loss') return Object.fromEntries(rest);
  return Object.fromEntries([...rest, [name, spoiled(member, dice, depth + 1)]]);
}

/** Bytes with some of them changed, lost or doubled; at a place that is not among the last numbers of an array. */
function mutated(bytes: Uint8Array, end: number, dice: Dice): Uint8Array {
  let out = bytes;
  for (let i = dice.below(4); i >= 0 && out.length > 0; i--) {
    const at = dice.below(Math.min(end, out.length));
    const count = 1 + dice.below(12);
    const cut = out.subarray(at, at + count);
    switch (dice.below(5)) {
      case 0:
        out = joined(out.subarray(0, at), dice.bytes(count), out.subarray(at + count));
        break;
      case 1:
        out = joined(out.subarray(0, at), out.subarray(at + count));
        break;
      case 2:
        out = joined(out.subarray(0, at), cut, cut, out.subarray(at + count));
        break;
      case 3:
        out = joined(
          out.subarray(0, at),
          latin.encode(dice.pick(['\r\n', '\0', ':', ' ', '{', '"', '\r\n\r\n', 'é'])),
          out.subarray(at),
        );
        break;
      default:
        out = out.subarray(0, Math.max(1, at));
    }
  }
  // Empty lines alone are no request yet.
  return out.every((byte) => byte === 13 || byte === 10) ? Uint8Array.of(0) : out;
}

type Maker = (dice: Dice, target: Target) => Uint8Array;

/** Answers that decode, but are wrong. */
const wrongAnswers: readonly ((dice: Dice, target: Target) => Plain)[] = [
  (dice, target) => answerOf(target, { round: dice.pick([0, 2, 7, 1e9]) }),
  (dice, target) => answerOf(target, { attempt: 2 + dice.below(5) }),
  (dice, target) => answerOf(target, { step: 1 + dice.below(15) }),
  (dice) => answerOf({ run: String(dice.below(1e9)) }),
  (dice, target) => {
    const weights = new Float64Array(layout.size);
    weights[dice.below(layout.size)] = dice.pick([NaN, Infinity, -Infinity, 1e200, -1e9]);
    return answerOf(target, { body: { examples: 5, loss: 1, weights } });
  },
  (dice, target) =>
    answerOf(target, {
      body: { examples: 5, loss: 1, weights: new Float64Array(dice.pick([0, 1, 7, 9, 2000])) },
    }),
  (dice, target) =>
    answerOf(target, {
      body: { examples: dice.pick([0, -1, 1.5, 1e12]), loss: 1, weights: new Float64Array(8) },
    }),
  (dice, target) =>
    answerOf(target, {
      body: { examples: 5, loss: dice.pick([NaN, Infinity]), weights: new Float64Array(8) },
    }),
  (_, target) => answerOf(target, { body: { examples: 5, loss: 1, weights: new Uint8Array(64) } }),
  (_, target) => answerOf(target, { failed: 'x'.repeat(600) }),
];

const makers: Readonly<Record<string, Maker>> = {
  'random bytes': (dice) => joined(dice.bytes(1 + dice.below(300)), latin.encode('\r\n\r\n')),
  'a spoiled head': (dice) => {
    const path = dice.pick(PATHS);
    const whole = request(path, new Uint8Array(0), {
      method: dice.pick(['GET', 'POST']),
      headers: { Authorization: `Bearer ${tokenOf('nobody')}` },
    });
    return mutated(whole, whole.length, dice);
  },
  'a wrong method, path or header': (dice) => {
    const body = new Uint8Array(dice.below(40));
    return request(
      dice.pick([...PATHS, '//', '/v1', '/../etc/passwd', '/v1/answer?x=1', `/${'x'.repeat(400)}`]),
      body,
      {
        method: dice.pick(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'POST']),
        headers: {
          [dice.pick(['Content-Type', 'Content-Encoding', 'Origin', 'Expect', 'Host', 'X'])]:
            dice.pick([
              '',
              'text/plain',
              'gzip',
              'https://evil.example',
              '100-continue',
              'x'.repeat(dice.pick([10, 9000])),
            ]),
        },
      },
    );
  },
  'a forged token': (dice, target) => {
    const good = tokenOf('victim');
    const token = dice.pick([
      '',
      good.slice(0, -1),
      `${good}0`,
      good.toUpperCase(),
      Buffer.from(dice.bytes(32)).toString('base64url'),
      `sha256:${'0'.repeat(64)}`,
      'x'.repeat(3000),
    ]);
    return request(dice.pick(PATHS), encodeMessage(answerOf(target)), {
      headers: { Authorization: dice.pick(['Bearer ', 'bearer', 'Basic ', '']) + token },
    });
  },
  'a wrong length': (dice, target) => {
    const body = encodeMessage(answerOf(target, { round: 9 }));
    return request('/v1/answer', body, {
      headers: {
        'Content-Length': dice.pick([
          '',
          '-1',
          '1e3',
          '99999999',
          '0x10',
          '18446744073709551617',
          undefined,
          `${body.length - 1 - dice.below(body.length)}`,
        ]),
        'Transfer-Encoding': dice.pick([undefined, undefined, 'chunked', 'gzip, chunked', 'x']),
      },
    });
  },
  'random bytes as a message': (dice) =>
    request(
      dice.pick(['/v1/join', '/v1/answer']),
      dice.bytes(dice.pick([0, 1, 7, 8, 9, 100, 1000])),
    ),
  'a spoiled message': (dice, target) => {
    const whole = encodeMessage(answerOf(target, { round: 9 }));
    return request('/v1/answer', mutated(whole, whole.length, dice));
  },
  'a header that lies': (dice, target) => {
    const whole = encodeMessage(answerOf(target));
    const view = new DataView(whole.buffer);
    const length = dice.pick([
      0n,
      1n,
      2n ** 32n,
      2n ** 53n,
      2n ** 64n - 1n,
      BigInt(whole.length),
      65_537n,
    ]);
    view.setBigUint64(0, length, true);
    return request('/v1/answer', whole);
  },
  'arrays that lie': (dice) => {
    const message = '{"$array":0}';
    const header = new TextDecoder().decode(
      safetensorsHeader({ 0: { dtype: 'F64', shape: [4] } }, { message }),
    );
    const spoil = dice.pick([
      header.replace('[0,32]', '[0,33]'),
      header.replace('[0,32]', '[8,40]'),
      header.replace('[0,32]', '[0,9e15]'),
      header.replace('"shape":[4]', '"shape":[-4]'),
      header.replace('"shape":[4]', '"shape":[2147483647,2147483647]'),
      header.replace('F64', dice.pick(['F32', 'U64', 'BF16', '__proto__'])),
    ]);
    return request('/v1/answer', joined(latin.encode(spoil), new Uint8Array(32)));
  },
  'text that lies': (dice) => {
    const depth = dice.pick([30, 1000, 20_000]);
    const message = dice.pick([
      '['.repeat(depth),
      '['.repeat(depth) + ']'.repeat(depth),
      '{"$array":0}',
      '{"$array":-1}',
      '{"$number":"constructor"}',
      '{"__proto__":{"run":"x"}}',
      '"'.repeat(9),
      '1e999',
      '',
    ]);
    return request(dice.pick(['/v1/join', '/v1/answer']), safetensorsHeader({}, { message }));
  },
  'members that do not belong': (dice, target) => {
    if (dice.below(2) === 0)
      return request('/v1/join', encodeMessage(spoiled({ layout: '[]' }, dice)));
    return request('/v1/answer', encodeMessage(spoiled(answerOf(target), dice)));
  },
  'another model': (dice) =>
    request(
      '/v1/join',
      encodeMessage({
        layout: JSON.stringify(
          dice.pick([[], [null], [{}], 7, 'x', [{ name: 'x'.repeat(999), shape: [1] }]]),
        ),
      }),
    ),
  'a wrong answer': (dice, target) =>
    request('/v1/answer', encodeMessage(dice.pick(wrongAnswers)(dice, target))),
};

const kinds = Object.keys(makers);

function malformed(seed: number, target: Target): Malformed {
  const dice = new Dice(seed);
  const kind = kinds[seed % kinds.length]!;
  return { kind, bytes: makers[kind]!(dice, target) };
}

/** A coordinator in the first round, in which the victim and another one are asked, neither of whom answers. */
export interface FuzzTarget extends AsyncDisposable {
  readonly server: Federation;
  /** Sends a malformed request. Throws where the answer is none, or no refusal with a reason. @returns its status. */
  refuses(seed: number): Promise<number>;
  /** Lets both answer, and the federation end. Throws where anything is not as without the requests. */
  conclude(): Promise<void>;
}

/** Opens a {@link FuzzTarget}. */
export async function openFuzzTarget(): Promise<FuzzTarget> {
  const names = ['victim', 'witness'];
  const server = await coordinate(names, {
    rounds: 2,
    maxNorm: 1e6,
    roundTimeout: 1e6,
    // The requests come from one address and one participant, as fast as they can.
    limits: {
      addressRate: 1e9,
      addressBurst: 1e9,
      participantRate: 1e9,
      participantBurst: 1e9,
    },
  });
  const ask = async (name: string): Promise<{ kind: string }> => {
    const headers = { Authorization: `Bearer ${tokenOf(name)}` };
    const response = await fetch(new URL('/v1/instruction', server.url), { headers });
    const body = new Uint8Array(await response.arrayBuffer());
    if (response.status !== 200)
      throw new Error(`${response.status} ${new TextDecoder().decode(body)}`);
    return decodeMessage(body) as { kind: string };
  };
  const instructions = await Promise.all(names.map(ask));
  if (instructions.some(({ kind }) => kind !== 'train')) throw new Error('there is no open round');
  return {
    server,
    refuses: async (seed) => {
      const { kind, bytes } = malformed(seed, server);
      const reply = (await send(server.port, bytes)).replace(CONTINUE, '');
      const fault = faultOf(reply);
      if (fault !== undefined) throw new Error(`${kind} (seed ${seed}): ${fault}`);
      return Number(reply.slice(9, 12));
    },
    conclude: async () => {
      const status = server.status();
      if (
        status.phase !== 'training' ||
        status.done > 0 ||
        status.participants.some((p) => p.answered)
      )
        throw new Error('a malformed request was counted');
      const parts = names.map((name) => takePart(server.url, name));
      const { history } = await server.result;
      await Promise.all(parts);
      // In the round in which the victim lied it does not take part any more.
      if (history.at(-1)!.participants.length !== 2) throw new Error('a participant was shut out');
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** Sends bytes on a connection of their own; what comes back until it ends. */
function send(port: number, bytes: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1');
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.once('close', () => resolve(Buffer.concat(chunks).toString()));
    socket.on('error', (error: Error & { code?: string }) => {
      // The coordinator may end the connection before it has read everything.
      if (!['ECONNRESET', 'EPIPE'].includes(error.code ?? '')) reject(error);
    });
    socket.end(bytes);
  });
}

const CONTINUE = /^HTTP\/1\.1 100 Continue\r\n\r\n/;

/** What is wrong with an answer, if anything. */
function faultOf(reply: string): string | undefined {
  const [head = '', body = ''] = reply.split('\r\n\r\n', 2);
  if (!/^HTTP\/1\.1 4\d\d /.test(head))
    return `answered with ${head.split('\r\n', 1)[0] || 'nothing'}`;
  try {
    const { error } = JSON.parse(body) as { error?: { code?: string; reason?: string } };
    if (error?.code !== undefined && error.reason !== undefined) return undefined;
  } catch {
    // Said below.
  }
  return `gave no reason, but ${body.slice(0, 80)}`;
}
