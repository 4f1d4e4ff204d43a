import { join, newToken } from '@ketwork/federated';
import { dense, sequential } from '@ketwork/nn';
import { expect, test } from 'vitest';

const data = { inputs: [1, 2], labels: [2, 4] };
const joining =
  (url: string, token: string = newToken()): (() => unknown) =>
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

test('so is a token that no header could carry, and it is not quoted', () => {
  const token = newToken();
  for (const bad of [`${token}\n`, ` ${token}`, `${token}é`, 'short']) {
    expect(joining('http://localhost:8080', bad)).toThrow('16 to 512 characters of visible ASCII');
    expect(joining('http://localhost:8080', bad)).not.toThrow(bad);
  }
});
