import type { FederationPrivacyReport, RoundRecord } from '@ketwork/federated';

const short = (value: number): string => String(Number(value.toPrecision(4)));

/** A round in a line. */
export function described({
  loss,
  evaluation,
  participants,
  selected,
  epsilon,
}: RoundRecord): string {
  const parts = [
    ...(Number.isNaN(loss) ? [] : [`loss ${short(loss)}`]),
    ...(evaluation === undefined ? [] : [`test loss ${short(evaluation.loss)}`]),
    ...Object.entries(evaluation?.metrics ?? {}).map(([name, value]) => `${name} ${short(value)}`),
    ...(epsilon === undefined ? [] : [`ε ${short(epsilon)}`]),
    `${participants.length} of ${selected.length} updates`,
  ];
  return parts.join(', ');
}

/** What came of a federation as JSON. */
export function report(
  result: {
    readonly reason: string;
    readonly history: readonly RoundRecord[];
    readonly privacy?: FederationPrivacyReport;
    readonly seconds: number;
  },
  more: Readonly<Record<string, unknown>> = {},
): string {
  const { reason, history, privacy, seconds } = result;
  const last = history.at(-1);
  const lines = {
    reason,
    rounds: history.length,
    loss: last?.loss,
    evaluation: last?.evaluation,
    epsilon: last?.epsilon,
    // With what must hold for it, and what speaks against relying on it.
    ...(privacy === undefined ? {} : { privacy }),
    seconds: Number(seconds.toFixed(3)),
    ...more,
    history: history.map(({ round, participants, loss, evaluation, epsilon }) => ({
      round,
      participants: participants.length,
      loss,
      ...(evaluation === undefined ? {} : { evaluation }),
      ...(epsilon === undefined ? {} : { epsilon }),
    })),
  };
  return `${JSON.stringify(lines, null, 2)}\n`;
}
