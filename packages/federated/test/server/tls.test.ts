// HTTPS, with certificates in the place of tokens. The certificates are made here, by OpenSSL where it is installed.
import { crossEntropy, dense, sequential, sgd } from '@ketwork/nn';
import type { Model } from '@ketwork/nn';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { federate, join, newToken } from '../../src/index.ts';
import type { FederateOptions, ParticipantTls } from '../../src/index.ts';

const folder = mkdtempSync(path(tmpdir(), 'certificates-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string): string => path(folder, name);
const program = 'openssl';
const openssl = (...args: string[]): void => {
  execFileSync(program, args, { stdio: 'ignore', cwd: folder });
};

/** A key and a certificate that signs others. */
function authority(name: string): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const out = ['-keyout', `${name}.key`, '-out', `${name}.pem`, '-days', '2'];
  openssl('req', '-x509', ...key, ...out, '-subj', `/CN=${name}`);
}

/** A key and a certificate for a name, signed by an authority. */
function certify(name: string, by: string, as: string = name): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', ...key, '-keyout', `${as}.key`, '-out', `${as}.csr`, '-subj', `/CN=${name}`);
  writeFileSync(file(`${as}.ext`), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  const signer = ['-CA', `${by}.pem`, '-CAkey', `${by}.key`, '-CAcreateserial'];
  const request = ['-in', `${as}.csr`, '-out', `${as}.pem`, '-days', '2', '-extfile', `${as}.ext`];
  openssl('x509', '-req', ...request, ...signer);
}

function made(): string | undefined {
  try {
    authority('ca');
    authority('other');
    for (const name of ['coordinator', 'north', 'south', 'unknown']) certify(name, 'ca');
    certify('north', 'other', 'forged');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
  }
}

const missing = made();
const pem = (name: string): string => readFileSync(file(name), 'utf8');
const shown = (name: string): ParticipantTls => ({
  ca: pem('ca.pem'),
  key: pem(`${name}.key`),
  cert: pem(`${name}.pem`),
});

const net = (): Model => sequential(dense(2, 2));
const data = { inputs: [0, 1, 1, 0], labels: [0, 1] };
const options = (more: Partial<FederateOptions>): FederateOptions => ({
  rounds: 2,
  seed: 1,
  local: { loss: crossEntropy, optimizer: sgd(0.1) },
  listen: { port: 0, host: '127.0.0.1' },
  ...more,
});

const reason = missing === undefined ? '' : ` (skipped, since OpenSSL is missing here: ${missing})`;
describe.skipIf(missing !== undefined)(`over HTTPS${reason}`, () => {
  const tls = (): FederateOptions['tls'] => ({
    key: pem('coordinator.key'),
    cert: pem('coordinator.pem'),
    ca: pem('ca.pem'),
    participants: ['north', 'south'],
  });

  it('certificates of the authority take the place of tokens', async () => {
    const west = newToken();
    await using server = await federate(net(), options({ tls: tls()!, tokens: { west } }));
    expect(server.url).toMatch(/^https:/);
    const parts = [
      join(server.url, net(), data, { tls: shown('north') }),
      join(server.url, net(), data, { tls: shown('south') }),
      join(server.url, net(), data, { tls: { ca: pem('ca.pem') }, token: west }),
    ];
    for (const part of await Promise.all(parts)) expect(part.history).toHaveLength(2);
    const { history } = await server.result;
    for (const { participants } of history)
      expect(participants).toEqual(['north', 'south', 'west']);
  });

  it('no certificate, one of another authority or an unknown name are strangers', async () => {
    await using server = await federate(net(), options({ tls: tls()! }));
    for (const name of ['forged', 'unknown']) {
      const stranger = join(server.url, net(), data, { tls: shown(name) });
      await expect(stranger).rejects.toThrow(/this needs a token.*or the name in the certificate/);
    }
    const nobody = join(server.url, net(), data, {
      tls: { ca: pem('ca.pem') },
      token: 'a-token-that-nobody-knows',
    });
    await expect(nobody).rejects.toThrow(/this needs a token/);
    expect(server.status().participants.every(({ present }) => !present)).toBe(true);
  });

  it('a participant does not talk to a coordinator that its authority does not know', async () => {
    const token = newToken();
    const { key, cert } = tls()!;
    await using server = await federate(
      net(),
      options({ tls: { key, cert }, tokens: { a: token } }),
    );
    const other = { tls: { ca: pem('other.pem') }, token, giveUpAfter: 0.3 };
    await expect(join(server.url, net(), data, other)).rejects.toThrow(/cannot reach.*certificate/);
    const plain = { token, giveUpAfter: 0.3 };
    await expect(join(server.url, net(), data, plain)).rejects.toThrow(/cannot reach.*certificate/);
  });

  it('participants without an authority are refused', async () => {
    const { key, cert } = tls()!;
    const alone = federate(net(), options({ tls: { key, cert, participants: ['a'] } }));
    await expect(alone).rejects.toThrow(/need the authority/);
    const http = { tls: shown('north') };
    expect(() => join('http://127.0.0.1:1', net(), data, http)).toThrow(/begins with https/);
  });
});
