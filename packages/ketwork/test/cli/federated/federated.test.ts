import { key, normal } from '@ketwork/base';
import type { FederationPrivacyReport } from '@ketwork/federated';
import { dense, sequential, tanh } from '@ketwork/nn';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { answer, complaint } from '../../../src/cli/command.ts';
import { ketwork } from '../spawn.ts';

let folder = '';
const file = (name: string): string => join(folder, name);
const main = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));

/** Points around two centres as CSV. */
function clouds(examples: number, seed: number): string {
  const noise = normal(key(seed), 2 * examples);
  const lines = Array.from({ length: examples }, (_, i) => {
    const at = (k: number): string =>
      ((i % 2 === 1 ? 0.7 : -0.7) + 0.5 * noise[2 * i + k]!).toFixed(4);
    return `${at(0)},${at(1)},${i % 2}`;
  });
  return ['x,y,class', ...lines, ''].join('\n');
}

const configuration = {
  model: 'model.json',
  evaluation: 'test.csv',
  rounds: 3,
  seed: 1,
  local: {
    loss: 'crossEntropy',
    optimizer: { name: 'sgd', learningRate: 0.3 },
    epochs: 2,
    batchSize: 8,
  },
  strategy: { name: 'fedProx', mu: 0.01 },
};

function write(name: string, content: object | string): string {
  writeFileSync(file(name), typeof content === 'string' ? content : JSON.stringify(content));
  return file(name);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ketwork-federated-'));
  write('model.json', sequential(dense(2, 4), tanh(), dense(4, 2)));
  write('north.csv', clouds(40, 1));
  write('south.csv', clouds(25, 2));
  write('test.csv', clouds(30, 3));
  const datasets = { north: 'north.csv', south: { csv: 'south.csv', labels: 1 } };
  write('simulate.json', { ...configuration, datasets });
  write('serve.json', { ...configuration, serve: { tokens: 'tokens.json', linger: 20 } });
  write('tokens.json', { north: 'token-of-north-0123', south: 'token-of-south-0123' });
  write('north.token', 'token-of-north-0123\n');
  write('status.token', 'token-of-status-0123\n');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A coordinator as a user starts it, once it listens. */
async function started(args: readonly string[]): Promise<{
  child: ChildProcess;
  url: string;
  done: Promise<{ code: number | null; stdout: string }>;
}> {
  const child = spawn(process.execPath, [main, 'federated', 'serve', ...args]);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const done = new Promise<{ code: number | null; stdout: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, stdout })),
  );
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      const found = /at (http\S+)\n/.exec(stderr);
      if (found !== null) resolve(found[1]!);
    });
    void done.then(() => reject(new Error(stderr)));
  });
  return { child, url, done };
}

/** The command in this process, with what it says about its progress. */
async function quietly(args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  let stderr = '';
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
  try {
    const stdout = await answer(['federated', ...args]);
    return { stdout, stderr };
  } finally {
    spy.mockRestore();
  }
}

async function fault(args: readonly string[]): Promise<{ text: string; code: number }> {
  try {
    await answer(['federated', ...args]);
  } catch (error) {
    const { text, code } = complaint(error, ['federated', ...args]);
    return { text: text.replaceAll(folder, '<folder>'), code };
  }
  throw new Error('nothing failed');
}

describe('simulate, serve and join', () => {
  it('give the same model, bit for bit', async () => {
    const out = (name: string): string[] => ['--out', file(`${name}.safetensors`)];
    const simulated = await ketwork([
      'federated',
      'simulate',
      file('simulate.json'),
      ...out('simulated'),
    ]);
    expect(simulated.code).toBe(0);
    expect(simulated.stderr.match(/^\d\/3 loss .*, accuracy .*, 2 of 2 updates$/gm)).toHaveLength(
      3,
    );
    const result = JSON.parse(simulated.stdout) as { history: object[] };
    expect(result).toMatchObject({ reason: 'completed', rounds: 3 });

    const server = await started([
      file('serve.json'),
      '--status',
      file('status.token'),
      ...out('served'),
    ]);
    const page = await fetch(server.url);
    expect(await page.text()).toContain('Ketwork federation');
    const headers = { authorization: 'Bearer token-of-status-0123' };
    const status = (await (await fetch(`${server.url}/status`, { headers })).json()) as object;
    expect(status).toMatchObject({ phase: 'waiting', done: 0, rounds: 3 });
    const take = (name: string, ...more: string[]): ReturnType<typeof ketwork> =>
      ketwork([
        'federated',
        'join',
        server.url,
        file('serve.json'),
        '--data',
        file(`${name}.csv`),
        ...more,
      ]);
    process.env['KETWORK_TOKEN'] = 'token-of-south-0123';
    const joined = await Promise.all([
      take('north', '--token', file('north.token'), ...out('north')),
      take('south', '--state', file('south.state'), ...out('south')),
    ]);
    delete process.env['KETWORK_TOKEN'];
    const { code, stdout } = await server.done;
    expect([code, ...joined.map((part) => part.code)]).toEqual([0, 0, 0]);
    const served = JSON.parse(stdout) as { history: object[] };
    expect(served.history).toEqual(result.history);
    expect(JSON.parse(joined[0].stdout)).toMatchObject({ reason: 'completed' });
    expect(statSync(file('south.state')).mode & 0o077).toBe(0);
    expect(joined[1].stderr).toMatch(/^3\/3 loss .*, accepted$/m);
    const [expected, ...models] = ['simulated', 'served', 'north', 'south'].map((name) =>
      readFileSync(file(`${name}.safetensors`)),
    );
    for (const model of models) expect(model.equals(expected!)).toBe(true);
  });

  it('stop when asked to, and a journal goes on', async () => {
    const args = [file('serve.json'), '--journal', file('journal')];
    const server = await started(args);
    server.child.kill('SIGTERM');
    const { code, stdout } = await server.done;
    expect(code).toBe(0);
    const { reason, run } = JSON.parse(stdout) as { reason: string; run: string };
    expect(reason).toBe('aborted');
    expect(readdirSync(file('journal'))).toContain('model.safetensors');
    const again = await started(args);
    again.child.kill('SIGINT');
    expect(JSON.parse((await again.done).stdout)).toMatchObject({ reason: 'aborted', run });
  });
});

describe('simulate', () => {
  it.each([
    [{ partition: 'iid', participants: 4 }, 4],
    [{ partition: 'dirichlet', participants: 3, alpha: 5, seed: 2 }, 3],
    [{ partition: 'shards', participants: 2, shards: 1 }, 2],
  ])('shares data out: %j', async (simulate, participants) => {
    const name = write('partition.json', {
      ...configuration,
      rounds: 1,
      data: 'north.csv',
      simulate,
    });
    const { stdout } = await quietly(['simulate', name]);
    expect(JSON.parse(stdout)).toMatchObject({ history: [{ round: 1, participants }] });
  });

  it('reads privacy, secure aggregation and every strategy', async () => {
    const privacy = { kind: 'central', clippingNorm: 1, delta: 1e-3, noiseMultiplier: 1 };
    const name = write('private.json', {
      ...configuration,
      rounds: 2,
      strategy: 'fedAvg',
      privacy,
      secureAggregation: {},
      data: 'north.csv',
      simulate: { participants: 4 },
    });
    const { stdout, stderr } = await quietly(['simulate', name, '--workers', '1']);
    const result = JSON.parse(stdout) as { epsilon: number; privacy: FederationPrivacyReport };
    expect(result.epsilon).toBeGreaterThan(0);
    expect(result.privacy).toMatchObject({ kind: 'central', epsilon: result.epsilon, delta: 1e-3 });
    expect(result.privacy.assumptions.length).toBeGreaterThan(3);
    expect(stderr).toMatch(/^2\/2 .*ε \d/m);
  });
});

describe('token', () => {
  it('makes different tokens for names, or one', async () => {
    const made = JSON.parse(await answer(['federated', 'token', 'a', 'b'])) as Record<
      string,
      string
    >;
    expect(Object.keys(made)).toEqual(['a', 'b']);
    expect(made['a']).toMatch(/^[\w-]{43}$/);
    expect(made['a']).not.toBe(made['b']);
    expect(await answer(['federated', 'token'])).toMatch(/^[\w-]{43}\n$/);
    expect((await fault(['token', 'a', 'a'])).code).toBe(2);
  });
});

describe('identity', () => {
  it('makes a file for its owner only, and never writes over one', async () => {
    const made = await answer(['federated', 'identity', file('own.identity')]);
    expect(made).toMatch(/^p256:[\w-]{87}\n$/);
    expect(await answer(['federated', 'identity', file('own.identity'), '--show'])).toBe(made);
    expect(statSync(file('own.identity')).mode & 0o777).toBe(0o600);
    const before = readFileSync(file('own.identity'), 'utf8');
    const again = await fault(['identity', file('own.identity')]);
    expect(again).toMatchObject({ code: 1, text: expect.stringMatching(/is there already/) });
    expect(readFileSync(file('own.identity'), 'utf8')).toBe(before);
    expect((await fault(['identity'])).code).toBe(2);
    const { privateKey } = JSON.parse(before) as { privateKey: string };
    write('cut.identity', before.slice(0, -20));
    const { text, code } = await fault(['identity', file('cut.identity'), '--show']);
    expect([code, text]).toEqual([
      1,
      expect.stringMatching(/cut\.identity: the text is no identity/),
    ]);
    expect(text).not.toContain(privateKey.slice(10, 30));
  });

  it('is what participants sign with', async () => {
    const names = ['north', 'south'];
    const keys = await Promise.all(
      names.map((name) => answer(['federated', 'identity', file(`${name}.identity`)])),
    );
    write('identities.json', { north: keys[0]!.trim(), south: keys[1]!.trim() });
    const serve = { tokens: 'tokens.json', linger: 20, identities: 'identities.json' };
    const secureAggregation = { clippingNorm: 10 };
    const { strategy: _, ...plain } = configuration;
    const name = write('signed.json', { ...plain, rounds: 1, secureAggregation, serve });
    const server = await started([name]);
    const parts = await Promise.all(
      names.map((who) => {
        write(`${who}.token`, `token-of-${who}-0123`);
        const join = { identity: `${who}.identity`, identities: 'identities.json', least: 2 };
        const own = write(`${who}.json`, { ...plain, join });
        const data = ['--data', file(`${who}.csv`), '--token', file(`${who}.token`)];
        return ketwork(['federated', 'join', server.url, own, ...data]);
      }),
    );
    expect(parts.map(({ code }) => code)).toEqual([0, 0]);
    expect(parts[0]!.stderr).toMatch(/^1\/1 loss .*, accepted$/m);
    expect((await server.done).code).toBe(0);
    const data = ['--data', file('north.csv'), '--token', file('north.token')];
    const url = 'http://127.0.0.1:9';
    const half = ['join', url, file('serve.json'), ...data, '--identity', file('north.identity')];
    expect((await fault(half)).text).toMatch(/belong together/);
    write('bad.json', { ...plain, join: { identity: 7 } });
    expect((await fault(['join', url, file('bad.json'), ...data])).text).toMatch(
      /join\.identity is not a name/,
    );
    expect((await fault(['serve', file('serve.json'), '--identities', name])).text).toMatch(
      /identities are for secure aggregation only/,
    );
  });
});

describe('help', () => {
  it.each([[], ['serve'], ['join'], ['simulate'], ['token'], ['identity']])(
    'is there: %s',
    async (...command) => {
      const text = await answer(['federated', ...command, '--help']);
      expect(text).toMatch(
        new RegExp(`^Usage: ketwork federated ${command.join('') || '<command>'}`),
      );
      for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(128);
    },
  );
});

describe('faults', () => {
  it.each([
    [[], 2, /no command is given/],
    [['serv'], 2, /unknown command 'serv' .*serve/],
    [['serve'], 2, /no configuration is named/],
    [['simulate', 'a', 'b'], 2, /one configuration is wanted/],
    [['simulate', 'a', '--worker', '2'], 2, /unknown option --worker.*--workers/],
    [['simulate', 'a', '--workers', '0'], 2, /--workers is '0'/],
    [['join', 'http://127.0.0.1:1'], 2, /an address and a configuration/],
    [['simulate', 'none.json'], 1, /cannot read none\.json: no such file/],
  ] as const)('%j', async (args, code, message) => {
    const said = await fault(args);
    expect(said.text).toMatch(message);
    expect(said.code).toBe(code);
  });

  const { local } = configuration;
  it.each<[string, object | string, RegExp]>([
    ['no JSON', '{', /bad\.json: the configuration is not JSON/],
    ['a list', [], /the configuration is not an object/],
    ['no model', { rounds: 1 }, /there is no model/],
    ['another model', { ...configuration, model: { kind: 'x' } }, /bad\.json: .*x/],
    ['a typing error', { ...configuration, round: 3 }, /unknown member 'round'.*'rounds'/],
    ['no rounds', { model: 'model.json', data: 'north.csv' }, /has no rounds/],
    ['no local', { ...configuration, local: undefined }, /local is missing/],
    ['another loss', { ...configuration, local: { ...local, loss: 'l2' } }, /local\.loss is "l2"/],
    [
      'no rate',
      { ...configuration, local: { ...local, optimizer: { name: 'sgd' } } },
      /learning rate/,
    ],
    [
      'another strategy',
      { ...configuration, strategy: 'fedAvgg' },
      /no strategy "fedAvgg".*fedAvg/,
    ],
    [
      'an unknown setting',
      { ...configuration, strategy: { name: 'fedProx', mu: 1, nu: 2 } },
      /strategy fedProx has an unknown member 'nu'/,
    ],
    ['no data', configuration, /has no data/],
    ['no partition', { ...configuration, data: 'north.csv' }, /has no "simulate"/],
    [
      'another partition',
      { ...configuration, data: 'north.csv', simulate: { participants: 2, partition: 'x' } },
      /simulate\.partition is "x"/,
    ],
    [
      'no number',
      { ...configuration, data: 'north.csv', simulate: { participants: '2' } },
      /not a number/,
    ],
    [
      'two that exclude each other',
      {
        ...configuration,
        strategy: 'coordinateMedian',
        secureAggregation: { clippingNorm: 1 },
        datasets: ['north.csv', 'south.csv'],
      },
      /with secure aggregation only sums/,
    ],
  ])('a configuration with %s', async (_, content, message) => {
    const name = write('bad.json', content);
    const { text, code } = await fault(['simulate', name]);
    expect(text).toMatch(message);
    expect(code).toBe(1);
  });

  it.each<[string, object, readonly string[], RegExp]>([
    ['nobody', {}, [], /nobody may take part/],
    ['an unknown member', { tokens: 'tokens.json', prt: 1 }, [], /unknown member 'prt'.*port/],
    ['no token file', { tokens: 'none.json' }, [], /cannot read .*none\.json/],
    ['tokens that are no JSON', { tokens: 'north.token' }, [], /north\.token is not JSON/],
    ['short tokens', { tokens: 'short.json' }, [], /16 to 512 characters/],
    ['a port', { tokens: 'tokens.json' }, ['--port', '70000'], /--port is '70000'/],
    [
      'a network in clear',
      { tokens: 'tokens.json', host: '0.0.0.0' },
      [],
      /everybody on the way.*allowInsecure/,
    ],
    ['a network in clear', { tokens: 'tokens.json' }, ['--host', '192.0.2.1'], /192\.0\.2\.1/],
    [
      'a certificate without key',
      { tokens: 'tokens.json', tls: { cert: 'x' } },
      [],
      /tls\.key names no file/,
    ],
  ])('serve with %s', async (_, serve, more, message) => {
    write('short.json', { a: 'short' });
    const name = write('bad.json', { ...configuration, serve });
    const { text } = await fault(['serve', name, ...more]);
    expect(text).toMatch(message);
    expect(text).not.toContain('token-of-');
  });

  it('join without a token, without data, and with half a certificate', async () => {
    const url = 'http://127.0.0.1:1';
    const name = file('serve.json');
    const data = ['--data', file('north.csv')];
    expect(await fault(['join', url, name, ...data])).toMatchObject({
      code: 1,
      text: expect.stringMatching(/no token/),
    });
    expect(await fault(['join', url, name])).toMatchObject({
      code: 1,
      text: expect.stringMatching(/no data/),
    });
    expect(await fault(['join', url, name, ...data, '--cert', 'x'])).toMatchObject({ code: 2 });
    const token = ['--token', file('north.token')];
    write('bad.state', 'no state');
    const state = ['--state', file('bad.state')];
    expect(await fault(['join', url, name, ...data, ...token, ...state])).toMatchObject({
      code: 1,
      text: expect.stringMatching(/the state of the participant cannot be read/),
    });
    write('joins.json', { ...configuration, join: { state: 'bad.state' } });
    expect(await fault(['join', url, file('joins.json'), ...data, ...token])).toMatchObject({
      text: expect.stringMatching(/the state of the participant cannot be read/),
    });
    expect(await fault(['join', 'http://192.0.2.1', name, ...data, ...token])).toMatchObject({
      code: 1,
      text: expect.stringMatching(/everybody on the way to 192\.0\.2\.1/),
    });
  });

  it('join where nobody listens ends after a while', async () => {
    const token = ['--token', file('north.token'), '--give-up-after', '1'];
    const { text, code } = await fault([
      'join',
      'http://127.0.0.1:9',
      file('serve.json'),
      '--data',
      file('north.csv'),
      ...token,
    ]);
    expect(code).toBe(1);
    expect(text).toMatch(/coordinator/);
  });
});
