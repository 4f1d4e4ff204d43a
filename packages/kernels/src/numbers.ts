import { circuit, input } from '@ketwork/circuit';
import { readValues } from '@ketwork/simulator';
import { ValueError } from '@ketwork/base';
import type { Numbers } from '@ketwork/simulator';

const flat = circuit(1, { numbers: input([1]) }, () => {});

/** Nested or flat numbers as one array. @throws ValueError naming what, where they are none, ragged or not finite. */
export function flatNumbers(what: string, numbers: Numbers): Float64Array {
  try {
    return readValues(flat, { numbers }).get('numbers');
  } catch (error) {
    if (error instanceof ValueError)
      throw new ValueError(`${what}: ${error.message.replace("slot 'numbers' ", 'the array ')}`);
    throw error;
  }
}
