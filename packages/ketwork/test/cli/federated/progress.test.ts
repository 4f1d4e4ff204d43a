import { expect, it } from 'vitest';
import { Progress } from '../../../src/cli/federated/progress.ts';

it('writes over one line on a terminal', () => {
  const written: string[] = [];
  const out = { isTTY: true, columns: 60, write: (text: string) => written.push(text) };
  const progress = new Progress(out);
  progress.step(1, 4, 'loss 0.5');
  progress.step(4, 4, `loss 0.4 ${'x'.repeat(80)}`);
  progress.note('done');
  progress.step(1, 1, '');
  progress.end();
  expect(written[0]).toBe(`[${'█'.repeat(6)}${'·'.repeat(18)}] 1/4 loss 0.5`);
  expect(written[1]).toBe('\r\u001B[K');
  expect(written[2]).toHaveLength(59);
  expect(written.slice(3, 5)).toEqual(['\r\u001B[K', 'done\n']);
  expect(written.at(-1)).toBe('\n');
});

it('writes a line per step elsewhere', () => {
  const written: string[] = [];
  const progress = new Progress({ write: (text) => written.push(text) });
  progress.step(1, 2, 'loss 0.5');
  progress.note('note');
  progress.end();
  expect(written).toEqual(['1/2 loss 0.5\n', 'note\n']);
});
