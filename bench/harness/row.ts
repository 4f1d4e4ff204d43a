import { median, spread } from './statistics.ts';

/** One comparison, as `results/<question>.json` holds it. */
export interface Row {
  readonly question: string;
  /** What was run: sizes, minibatch, what is computed. */
  readonly case: string;
  /** Unit of `ours` and `peer`. */
  readonly unit: string;
  /** Median over the rounds. */
  readonly ours: number;
  /** Median over the rounds; null where there is nothing to compare with. */
  readonly peer: number | null;
  /** The peer with its device, method, batching and precision. */
  readonly peerName: string | null;
  /** How many times as fast ours is, whatever the unit: above 1 means that ours is faster. */
  readonly ratio: number | null;
  /** The least ratio we promise; null where nothing is promised. */
  readonly goal: number | null;
  readonly met: boolean | null;
  /** Interquartile range over median, the larger of the two sides. */
  readonly spread: number;
  /** Milliseconds of planning, once per circuit and not part of the figures above: ours and the peer's. */
  readonly plan?: readonly [ours: number, peer: number];
}

/** First row of a result file. */
export interface HeaderRow {
  readonly question: string;
  readonly header: true;
  readonly date: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly rounds: number;
  /** Peers and cases left out, with the reason. */
  readonly skipped: readonly string[];
}

/** What a row is made of: samples in `unit`, one per round. */
export interface Figures {
  readonly question: string;
  readonly case: string;
  readonly unit: string;
  readonly ours: readonly number[];
  readonly peer?: readonly number[];
  readonly peerName?: string;
  readonly goal?: number;
  /** Whether more is better, as with GF/s. Default false: the unit is a time. */
  readonly rate?: boolean;
  /** Seconds of planning, ours and the peer's. */
  readonly plan?: readonly [ours: number, peer: number];
}

const digits = (value: number): number => Number(value.toPrecision(4));

/** Makes the row of one comparison. */
export function makeRow({
  question,
  case: name,
  unit,
  ours,
  peer,
  peerName,
  goal,
  rate,
  plan,
}: Figures): Row {
  const mine = median(ours);
  const theirs = peer === undefined ? null : median(peer);
  const ratio = theirs === null ? null : rate === true ? mine / theirs : theirs / mine;
  return {
    question,
    case: name,
    unit,
    ours: digits(mine),
    peer: theirs === null ? null : digits(theirs),
    peerName: peerName ?? null,
    ratio: ratio === null ? null : digits(ratio),
    goal: goal ?? null,
    met: ratio === null || goal === undefined ? null : ratio >= goal,
    spread: digits(Math.max(spread(ours), peer === undefined ? 0 : spread(peer))),
    ...(plan === undefined ? {} : { plan: [digits(1e3 * plan[0]), digits(1e3 * plan[1])] }),
  };
}

/** A result file: the header and the rows, a line each. */
export function resultText(header: HeaderRow, rows: readonly Row[]): string {
  return `[\n${[header, ...rows].map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`;
}

/** Rows whose goal is not met. */
export const missed = (rows: readonly Row[]): Row[] => rows.filter(({ met }) => met === false);

const short = (milliseconds: number): string => String(Number(milliseconds.toPrecision(2)));

/** The rows as a table for people. */
export function formatTable(rows: readonly Row[]): string {
  const planned = rows.some(({ plan }) => plan !== undefined);
  const head = ['case', 'unit', 'ours', 'peer', 'ratio', 'goal', 'met', 'spread', 'peer name'];
  if (planned) head.splice(8, 0, 'plan ms');
  const number = (value: number | null): string => (value === null ? '-' : String(value));
  const lines = rows.map((row) => [
    row.case,
    row.unit,
    number(row.ours),
    number(row.peer),
    row.ratio === null ? '-' : `${row.ratio}x`,
    row.goal === null ? '-' : `${row.goal}x`,
    row.met === null ? '-' : row.met ? 'yes' : 'NO',
    `${(100 * row.spread).toFixed(0)}%`,
    ...(planned ? [row.plan === undefined ? '-' : row.plan.map(short).join(' / ')] : []),
    row.peerName ?? '-',
  ]);
  const table = [head, ...lines];
  const widths = head.map((_, i) => Math.max(...table.map((line) => line[i]!.length)));
  const right = new Set([2, 3, 4, 5, 7]);
  return table
    .map((line) =>
      line
        .map((cell, i) => (right.has(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
