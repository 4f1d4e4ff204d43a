import { lossNamed as ownLoss } from '@ketwork/nn';
import type { Loss } from '@ketwork/nn';

/** The loss of a name, one of those given or of Ketwork's. */
export function lossNamed(name: string, more: readonly Loss[]): Loss | undefined {
  return more.find((loss) => loss.name === name) ?? ownLoss(name);
}
