import { ValueError } from '@ketwork/base';
import type { Shape } from '@ketwork/nn';

/** Refuses what is not a positive integer. */
export function checkCount(value: number, what: string, least = 1): void {
  if (!Number.isSafeInteger(value) || value < least)
    throw new ValueError(`${what} is ${value}, not an integer of at least ${least}`);
}

/** Refuses what is not one of the values that an option has. */
export function checkChoice(
  kind: string,
  name: string,
  value: string,
  choices: readonly string[],
): void {
  if (choices.includes(value)) return;
  throw new ValueError(`${kind}: ${name} is ${JSON.stringify(value)}`, {
    remedy: `Use ${choices.map((choice) => `'${choice}'`).join(' or ')}`,
  });
}

/** Refuses an input shape. */
export function refuseInput(kind: string, got: Shape, expected: string, remedy?: string): never {
  throw new ValueError(
    `${kind}: inputs of shape [${got.join(', ')}] do not fit, it takes ${expected}`,
    { remedy: remedy ?? 'Shapes do not include the batch' },
  );
}

/** One number for both directions, or a pair. */
export function pairOf(
  value: number | readonly [number, number],
): readonly [rows: number, columns: number] {
  return typeof value === 'number' ? [value, value] : value;
}
