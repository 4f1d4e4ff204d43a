import { report, writeReport } from '@ketwork/plot';
import { versions } from './environment.ts';
import type { Claim, Experiment, ExperimentResult } from './experiment.ts';
import { duration } from './progress.ts';

/** What became of a claim, in words. */
export function verdict({ met }: Claim): string {
  return met === null ? 'not measured' : met ? 'met' : 'not met';
}

/** Writes the page of a run: its claims first, then what the experiment shows. */
export async function writePage(
  path: string,
  { number, title, source }: Experiment,
  { claims, report: sections = [] }: ExperimentResult,
  { quick, seed, wallTime }: { quick: boolean; seed: number; wallTime: number },
): Promise<void> {
  const measured = claims.filter(({ met }) => met !== null);
  const html = report({
    title: `Paper ${number}: ${title}`,
    summary: `${source}.${quick ? ' The quick form: it shows that everything works, its figures say little about the claims.' : ''}`,
    tiles: [
      {
        label: 'claims met',
        value: `${measured.filter(({ met }) => met).length} of ${measured.length}`,
        ...(measured.length < claims.length
          ? { note: `${claims.length - measured.length} not measured` }
          : {}),
      },
      { label: 'time', value: duration(wallTime) },
    ],
    sections: [
      {
        title: 'Claims',
        blocks: [
          {
            columns: ['', 'claim', 'outcome', 'found'],
            rows: claims.map((claim) => [claim.id, claim.claim, verdict(claim), claim.found]),
          },
        ],
      },
      ...sections,
    ],
    seed,
    versions: versions(),
    wallTime,
  });
  await writeReport(path, html);
}
