import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { coordinate, secureAggregation, takePart } from './light.ts';

describe('the status page', () => {
  it('may be loaded by everybody where there is a status, and says nothing by itself', async () => {
    const token = 'status-token-0123456789';
    await using server = await coordinate(['a', 'b'], { status: { token } });
    const response = await fetch(server.url);
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(html).not.toContain(server.run);
    expect((await fetch(`${server.url}/status`)).status).toBe(401);
    const headers = { authorization: `Bearer ${token}` };
    const status = (await (await fetch(`${server.url}/status`, { headers })).json()) as object;
    expect(status).toMatchObject({ run: server.run, rounds: 3, done: 0 });
  });

  it('lets the browser run its own script and style only, and talk to its server only', async () => {
    await using server = await coordinate(['a', 'b'], { status: 'open' });
    const response = await fetch(server.url);
    const html = await response.text();
    const policy = response.headers.get('content-security-policy')!;
    const hash = (tag: string): string => {
      const inside = new RegExp(`<${tag}>(.*)</${tag}>`, 's').exec(html)![1]!;
      return createHash('sha256').update(inside).digest('base64');
    };
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src 'sha256-${hash('script')}'`,
      `style-src 'sha256-${hash('style')}'`,
      "connect-src 'self'",
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
    expect(html).not.toMatch(/(?:src|href)="(?!data:,)/);
    expect(html.match(/<script/g)).toHaveLength(1);
  });

  it('is not there where nobody may read the status', async () => {
    await using server = await coordinate(['a', 'b']);
    expect((await fetch(server.url)).status).toBe(401);
  });

  it('has something to tell of secure sums, though nobody sees an update', async () => {
    const names = ['a', 'b', 'c'];
    await using server = await coordinate(names, { secureAggregation, waitFor: 3, linger: 0 });
    const end = new AbortController();
    const never = new Promise<never>((_, reject) => {
      end.signal.addEventListener('abort', () => reject(new Error('over')));
    });
    const silent = takePart(server.url, 'c', { signal: end.signal, train: () => never });
    const parts = ['a', 'b'].map((name) => takePart(server.url, name, { signal: end.signal }));
    const answered = (): string[] =>
      server
        .status()
        .participants.filter((participant) => participant.answered)
        .map(({ name }) => name);
    await vi.waitFor(() => expect(answered()).toEqual(['a', 'b']), { timeout: 10_000 });
    end.abort(new Error('over'));
    await Promise.allSettled([silent, ...parts]);
  });
});
