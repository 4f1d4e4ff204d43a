import { KetworkError } from '@ketwork/base';

/** Names operations in errors as the circuit numbers them whose measurements were deferred. */
export function located<T>(operations: readonly number[], work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof KetworkError) || error.operation === undefined) throw error;
    const operation = operations[error.operation];
    if (operation === undefined) throw error;
    error.message = error.message.replace(/^operation \d+/, `operation ${operation}`);
    throw Object.assign(error, { operation });
  }
}
