import { ValueError } from '@ketwork/base';
import { SecureAggregationError } from '../secure/error.ts';
import { Identities } from '../secure/identity.ts';
import type { Identity } from '../secure/identity.ts';
import type { OpenedSum } from '../secure/once.ts';
import type { SecurePolicy } from './follower.ts';

/** What a participant insists on: it gives its updates in secure sums only, whatever the coordinator asks for. */
export interface SecureParticipation {
  /**
   * Its own key pair, with which it signs; `identities` belongs to it. With both the coordinator cannot pass off keys of its own,
   * or show different things to different participants. Default: the coordinator is trusted with keys.
   */
  readonly identity?: Identity;
  /** Public keys of all who may take part by name, its own included, which must not come from the coordinator. */
  readonly identities?: Readonly<Record<string, string>>;
  /** Fewest updates in a sum that it helps to open. Default 2. */
  readonly least?: number;
  /**
   * Share `t` of participants, from 1/2 to 1, that must agree to open a sum; the coordinator's must be as large. With it fewer than
   * `2t - 1` of them may be on the side of a coordinator that tells participants different things. Default 2/3 with an
   * identity, else 1/2.
   */
  readonly threshold?: number;
}

/**
 * Terms for secure sums.
 *
 * @param opening Called before a sum is opened, by those who sign.
 * @throws ValueError where options do not fit.
 */
export function securePolicy(
  {
    identity,
    identities: given,
    least = 2,
    threshold = identity === undefined ? 1 / 2 : 2 / 3,
  }: SecureParticipation,
  opening: (sum: OpenedSum) => Promise<void>,
): SecurePolicy & { readonly checkName: (name: string) => void } {
  if (!Number.isSafeInteger(least) || least < 2)
    throw new ValueError(`join: secureAggregation.least is ${least}, not an integer above 1`);
  if (!(threshold >= 0.5 && threshold <= 1))
    throw new ValueError(
      `join: secureAggregation.threshold is ${threshold}, not a share from 1/2 to 1`,
    );
  if (identity === undefined && given === undefined)
    return { least, threshold, checkName: () => {} };
  if (identity === undefined || given === undefined)
    throw new ValueError('join: an identity and the identities of all belong together', {
      remedy: 'Give the own key pair, and the public keys of all participants by name',
    });
  const identities = new Identities('join', given);
  const { publicKey } = identity;
  if (!Object.values(given).includes(publicKey))
    throw new ValueError('join: the public key of this participant is not among the identities');
  return {
    least,
    threshold,
    signing: { identity, identities },
    opening,
    checkName: (name) => {
      if (identities.textOf(name) === publicKey) return;
      throw new SecureAggregationError(
        'forged',
        `the coordinator knows this participant as '${name}', which has another public key`,
        { participant: name, remedy: 'Join with the token that belongs to the identity' },
      );
    },
  };
}
