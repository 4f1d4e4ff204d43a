import { expect, it } from 'vitest';
import { openFuzzTarget } from './malformed.ts';

it('refuses 2,000 malformed requests with a reason, and goes on as if there had been none', async () => {
  await using target = await openFuzzTarget();
  const statuses = new Set<number>();
  const failures: string[] = [];
  for (let seed = 0; seed < 2000; seed++) {
    try {
      statuses.add(await target.refuses(seed));
    } catch (error) {
      failures.push(String(error));
    }
  }
  expect(failures).toEqual([]);
  for (const status of [400, 401, 403, 404, 405, 409, 413, 422, 431])
    expect(statuses).toContain(status);
  await target.conclude();
});
