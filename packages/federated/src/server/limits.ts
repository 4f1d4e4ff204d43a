import { ValueError } from '@ketwork/base';

/** What the coordinator puts up with; everything beyond is refused before it is read. */
export interface Limits {
  /** Requests per second from one address, all participants behind it together. Default 1,000. */
  readonly addressRate?: number;
  /** Requests that an address may make at once. Default 2,000. */
  readonly addressBurst?: number;
  /** Requests per second of one participant. Default 50. */
  readonly participantRate?: number;
  /** Requests that a participant may make at once. Default 200. */
  readonly participantBurst?: number;
  /** Connections at a time; where all are taken, strangers have to go first. Default: 64, and two for each participant. */
  readonly connections?: number;
  /** Bytes of requests that are being read at a time, all participants together. Default 256 MiB, at least two updates. */
  readonly bytesAtOnce?: number;
  /** Seconds within which the head of a request must arrive. Default 10. */
  readonly headerSeconds?: number;
  /** Seconds within which the body of a request must arrive, and an answer be fetched. Default 60, and one for every 100,000 bytes begun of an update. */
  readonly bodySeconds?: number;
  /** Seconds for which a participant's request for an instruction stays open. Default 25. */
  readonly pollSeconds?: number;
}

/** Limits as they hold. */
export type HeldLimits = Required<Limits>;

/** The limits with their defaults, checked. */
export function limitsFor(given: Limits, participants: number, updateBytes: number): HeldLimits {
  const limits: HeldLimits = {
    addressRate: 1000,
    addressBurst: 2000,
    participantRate: 50,
    participantBurst: 200,
    connections: 64 + 2 * participants,
    bytesAtOnce: Math.max(268_435_456, 2 * updateBytes),
    headerSeconds: 10,
    bodySeconds: 60 + Math.ceil(updateBytes / 100_000),
    pollSeconds: 25,
    ...given,
  };
  for (const [name, value] of Object.entries(limits)) {
    if (!(value > 0 && value < Infinity))
      throw new ValueError(`federate: the limit ${name} is ${value}, not a positive number`);
  }
  if (limits.bytesAtOnce < updateBytes)
    throw new ValueError(
      `federate: the limit bytesAtOnce is ${limits.bytesAtOnce}, an update alone takes ${updateBytes}`,
    );
  return limits;
}
