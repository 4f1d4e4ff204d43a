import { expect, test } from 'vitest';
import { isLoopback } from '../../src/wire/loopback.ts';

test.each([
  'localhost',
  'LOCALHOST',
  '127.0.0.1',
  '127.255.0.3',
  '::1',
  '[::1]',
  '0:0:0:0:0:0:0:1',
  '::ffff:127.0.0.1',
  '[::ffff:7f00:1]',
])('%s is this machine', (host) => expect(isLoopback(host)).toBe(true));

test.each([
  '',
  '0.0.0.0',
  '::',
  '[::]',
  '10.0.0.1',
  '128.0.0.1',
  '127.0.0.1.example.org',
  '127.0.0',
  '127.0.0.256',
  '127.0.0.1e',
  'localhost.example.org',
  'notlocalhost',
  'x.localhost',
  '::ffff:10.0.0.1',
  '[::ffff:a00:1]',
  '::ffff:1270.0.0.1',
  'fe80::1',
  '::12',
])("'%s' need not be", (host) => expect(isLoopback(host)).toBe(false));

test('addresses are compared as URLs write them', () => {
  const of = (url: string): boolean => isLoopback(new URL(url).hostname);
  for (const url of [
    'http://127.1',
    'http://0x7f000001',
    'http://[0::1]:80',
    'http://017700000001',
  ])
    expect(of(url)).toBe(true);
  for (const url of ['http://127.0.0.1@example.org', 'http://1', 'http://example.org:127'])
    expect(of(url)).toBe(false);
});
