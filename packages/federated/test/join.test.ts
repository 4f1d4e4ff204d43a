import { UnsupportedError } from '@ketwork/base';
import { join, newToken } from '@ketwork/federated';
import { dense, sequential } from '@ketwork/nn';
import { afterEach, expect, test, vi } from 'vitest';
import { MEDIA_TYPE, decodeMessage, encodeMessage } from '../src/wire/message.ts';

afterEach(() => vi.unstubAllGlobals());

const data = { inputs: [1, 2], labels: [2, 4] };
const joining =
  (url: string, token: string = newToken()): (() => PromiseLike<unknown>) =>
  () =>
    join(url, sequential(dense(1, 1)), data, { token });

test('an address that cannot be that of a coordinator is refused at once, and not tried for minutes', () => {
  for (const url of ['localhost:8080', 'ftp://localhost', 'file:///tmp'])
    expect(joining(url)).toThrow(/begins with '.*:', not http: or https:/);
  for (const more of ['/federation', '?x=1', '#token'])
    expect(joining(`http://localhost:8080${more}`)).toThrow(
      'holds more than scheme, host and port',
    );
  for (const url of ['http://localhost:8080', 'https://localhost/', 'http://[::1]:80'])
    expect(joining(url)).not.toThrow();
});

test('a token does not go over a network in clear, unless one says so', () => {
  for (const url of ['http://example.org', 'http://10.0.0.1:8080', 'http://0.0.0.0:8080']) {
    expect(joining(url)).toThrow(UnsupportedError);
    expect(joining(url)).toThrow(/everybody on the way .* begins with https:.*allowInsecure/);
    const options = { token: newToken(), allowInsecure: true };
    expect(() => join(url, sequential(dense(1, 1)), data, options)).not.toThrow();
    const no = { token: newToken(), allowInsecure: 'false' as never };
    expect(() => join(url, sequential(dense(1, 1)), data, no)).toThrow(UnsupportedError);
  }
  for (const url of ['http://127.1:80', 'http://localhost', 'https://example.org'])
    expect(joining(url)).not.toThrow();
});

test('so is a token that no header could carry, and it is not quoted', () => {
  const token = newToken();
  for (const bad of [`${token}\n`, ` ${token}`, `${token}é`, 'short']) {
    expect(joining('http://localhost:8080', bad)).toThrow('16 to 512 characters of visible ASCII');
    expect(joining('http://localhost:8080', bad)).not.toThrow(bad);
  }
});

test('a participant presents itself without a word about its data', async () => {
  const said: unknown[] = [];
  vi.stubGlobal('fetch', async (_url: URL, { body }: { body: Uint8Array }) => {
    said.push(decodeMessage(body));
    return new Response('{"error":{"reason":"no"}}', { status: 401 });
  });
  await expect(joining('http://localhost:8080')()).rejects.toThrow('the coordinator refuses: no');
  const layout = '[{"name":"0.weight","shape":[1,1]},{"name":"0.bias","shape":[1]}]';
  expect(said).toEqual([{ layout }]);
});

test('a coordinator that has nothing to do at once is not asked again and again', async () => {
  let asked = 0;
  const stop = new AbortController();
  const reply = { run: 'r', participant: 'a', rounds: 1, pollSeconds: 25, population: 2 };
  vi.stubGlobal('fetch', async (url: URL) => {
    if (url.pathname !== '/v1/join') asked++;
    if (url.pathname !== '/v1/join') return new Response(null, { status: 204 });
    return new Response(encodeMessage(reply), { headers: { 'Content-Type': MEDIA_TYPE } });
  });
  const options = { token: newToken(), signal: stop.signal };
  const part = join('http://localhost:8080', sequential(dense(1, 1)), data, options);
  setTimeout(() => stop.abort(), 200);
  expect((await part).reason).toBe('aborted');
  // Once, and once more to say goodbye.
  expect(asked).toBe(2);
});

test('a time for weights that is no time is refused', () => {
  const model = sequential(dense(1, 1));
  for (const transferSeconds of [-1, NaN, Infinity]) {
    const options = { token: newToken(), transferSeconds };
    expect(() => join('http://localhost:8080', model, data, options)).toThrow(/transferSeconds/);
  }
});
