import { nodeModule } from '../node.ts';

/**
 * A new token for a participant or the status, 256 random bits as 43 letters.
 *
 * @throws EnvironmentError where there is no cryptographic source of random numbers.
 * @example
 * ```ts
 * import { newToken } from '@ketwork/federated';
 * const tokens = { north: newToken(), south: newToken() };
 * console.log(tokens.north.length, tokens.north === tokens.south); // 43 false
 * ```
 */
export function newToken(): string {
  return nodeModule('node:crypto', 'newToken').randomBytes(32).toString('base64url');
}
