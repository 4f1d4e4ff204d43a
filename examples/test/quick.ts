import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

/** A quick form is to take at most ten seconds; processor time, since other work on the machine does not count. */
export function expectQuick(resultPath: string): void {
  const { processorSeconds } = JSON.parse(readFileSync(resultPath, 'utf8')) as {
    processorSeconds: number;
  };
  expect(processorSeconds).toBeLessThan(10);
}
