// Tables of runs, mean and deviation over the seeds.
import { spread } from '../../common/experiment.ts';
import { textTable } from '../../common/table.ts';
import { most, worstMean, worstZ } from './claims.ts';
import type { Dynamics, Kind, Steady } from './claims.ts';

/** Runs that differ in their seed only. */
function grouped<T extends { kind: Kind; sites: number; mode: string }>(runs: readonly T[]): T[][] {
  const groups = new Map<string, T[]>();
  for (const run of runs) {
    const name = `${run.kind} ${run.sites} ${run.mode}`;
    groups.set(name, [...(groups.get(name) ?? []), run]);
  }
  return [...groups.values()];
}

export const DYNAMICS_COLUMNS: readonly string[] = [
  'probabilities',
  'sites',
  'strings',
  'runs',
  'largest |Δ⟨Z⟩|',
  'largest L1',
  'last L1',
  'spread of ⟨Z_j⟩',
];

export function dynamicsRows(dynamics: readonly Dynamics[]): string[][] {
  return grouped(dynamics).map((runs) => [
    runs[0]!.kind,
    `${runs[0]!.sites}`,
    runs[0]!.mode === 'full' ? 'all' : `${runs[0]!.mode} drawn`,
    `${runs.length}`,
    spread(runs.map(worstZ), 4),
    spread(
      runs.map(({ l1 }) => most(l1)),
      4,
    ),
    spread(
      runs.map(({ l1 }) => l1.at(-1)!),
      4,
    ),
    spread(
      runs.map((run) => most(run.spread)),
      4,
    ),
  ]);
}

export function dynamicsText(dynamics: readonly Dynamics[]): string {
  return `Dynamics to t = ${dynamics[0]!.times.at(-1)}, mean ± deviation over the seeds\n${textTable(DYNAMICS_COLUMNS, dynamicsRows(dynamics))}`;
}

export const STEADY_COLUMNS: readonly string[] = [
  'probabilities',
  'strings',
  'g',
  'runs',
  '⟨X⟩',
  '⟨Y⟩',
  '⟨Z⟩',
  'exact',
  'largest error',
  'L1',
];

export function steadyRows(steady: readonly Steady[]): string[][] {
  const fields = [...new Set(steady.map(({ field }) => field))].sort((a, b) => a - b);
  return fields.flatMap((field) =>
    grouped(steady.filter((run) => run.field === field)).map((runs) => [
      runs[0]!.kind,
      runs[0]!.mode === 'full' ? 'all' : `${runs[0]!.mode} drawn`,
      `${field}`,
      `${runs.length}`,
      ...[0, 1, 2].map((i) =>
        spread(
          runs.map(({ found }) => found[i]!),
          4,
        ),
      ),
      runs[0]!.exact.map((x) => x.toFixed(4)).join(', '),
      most(runs.map(worstMean)).toFixed(4),
      spread(
        runs.map(({ l1 }) => l1),
        4,
      ),
    ]),
  );
}

export function steadyText(steady: readonly Steady[]): string {
  return `Steady states\n${textTable(STEADY_COLUMNS, steadyRows(steady))}`;
}
