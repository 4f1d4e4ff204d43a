import { FormatError, ValueError } from '@ketwork/base';
import { loadSafetensors, loadState, saveSafetensors, stateOf } from '@ketwork/nn';
import type { BuiltLayer, Optimizer, OptimizerState, ShapedArray } from '@ketwork/nn';
import { readWhole, writeAtomically } from './files.ts';
import type { MeansState } from './metrics/means.ts';
import type { PlateauState } from './plateau.ts';
import type { PrivacyState } from './privacy/steps.ts';
import type { EpochRecord } from './run.ts';

const FORMAT = 'ketwork.checkpoint/1';
const WHAT = 'the checkpoint';
/** Numbers that JSON lacks, kept as text. */
const NOT_FINITE: readonly string[] = ['NaN', 'Infinity', '-Infinity'];

/** What must be the same when a run goes on from a checkpoint, by name. Options with their defaults are left out. */
export type RunIdentity = Readonly<Record<string, string | number>>;

/** The best epoch so far, by the value that early stop watches. */
export interface BestSoFar {
  readonly epoch: number;
  readonly value: number;
  /** What early stop watches. */
  readonly monitor: string;
  readonly state: Readonly<Record<string, ShapedArray>>;
}

/** Where a run stands within an epoch. */
export interface WithinEpoch {
  /** Steps of the epoch that are done. */
  readonly steps: number;
  /** Names of what is measured. */
  readonly metrics: readonly string[];
  /** What was measured in them. */
  readonly means: MeansState;
}

/** Where a run stands after a step. */
export interface RunState {
  /** Epochs done. */
  epoch: number;
  /** Steps done. */
  step: number;
  readonly history: EpochRecord[];
  best: BestSoFar | undefined;
  plateau: PlateauState | undefined;
  /** Undefined between epochs. */
  within: WithinEpoch | undefined;
  readonly optimizer: OptimizerState;
  /** What private training has spent; undefined where training is not private. */
  readonly privacy: PrivacyState | undefined;
}

/** The part of {@link RunState} that is kept as JSON. */
interface RunNotes {
  readonly epoch: number;
  readonly step: number;
  readonly optimizerStep: number;
  readonly rateScale?: number;
  readonly history: EpochRecord[];
  /** Files of early versions lack the monitor. */
  readonly best: {
    readonly epoch: number;
    readonly value: number;
    readonly monitor?: string;
  } | null;
  readonly plateau?: PlateauState;
  readonly within?: Omit<WithinEpoch, 'means'>;
  readonly privacy?: PrivacyState;
}

/** Writes where a run stands, whole or not at all. */
export async function saveCheckpoint(
  path: string,
  network: BuiltLayer,
  identity: RunIdentity,
  run: RunState,
): Promise<void> {
  const { best, plateau, within, optimizer, privacy } = run;
  const tensors: Record<string, ShapedArray> = {};
  const flat = (name: string, data: Float64Array): void => {
    tensors[name] = { shape: [data.length], data };
  };
  for (const [name, array] of Object.entries(stateOf(network))) tensors[`model.${name}`] = array;
  for (const [slot, arrays] of Object.entries(optimizer.slots))
    arrays.forEach((data, i) => flat(`optimizer.${slot}.${i}`, data));
  for (const [name, array] of Object.entries(best?.state ?? {})) tensors[`best.${name}`] = array;
  for (const [name, data] of Object.entries(within?.means ?? {})) flat(`epoch.${name}`, data);
  const notes: RunNotes = {
    epoch: run.epoch,
    step: run.step,
    optimizerStep: optimizer.step,
    ...(optimizer.rateScale === undefined ? {} : { rateScale: optimizer.rateScale }),
    history: run.history,
    best:
      best === undefined ? null : { epoch: best.epoch, value: best.value, monitor: best.monitor },
    ...(plateau === undefined ? {} : { plateau }),
    ...(within === undefined ? {} : { within: { steps: within.steps, metrics: within.metrics } }),
    ...(privacy === undefined ? {} : { privacy }),
  };
  const metadata = {
    format: FORMAT,
    identity: JSON.stringify(identity),
    run: JSON.stringify(notes, (_, value: unknown) =>
      typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
    ),
  };
  await writeAtomically(path, saveSafetensors(tensors, metadata), WHAT);
}

/**
 * Puts a saved run back: parameters, state of the optimiser, history. Undefined where there is no file.
 *
 * @throws FormatError where the file is damaged or no checkpoint; ValueError where it belongs to another run.
 */
export async function loadCheckpoint(
  path: string,
  network: BuiltLayer,
  identity: RunIdentity,
  optimizer: Optimizer,
  metrics: readonly string[],
  monitor: string | undefined,
): Promise<RunState | undefined> {
  const bytes = await readWhole(path, WHAT);
  if (bytes === undefined) return undefined;
  const { tensors, metadata } = loadSafetensors(bytes);
  if (metadata['format'] !== FORMAT) {
    throw new FormatError(
      `${path} is not a checkpoint of this version (its format is ${metadata['format'] ?? 'not named'}, not ${FORMAT})`,
    );
  }
  checkIdentity(path, parse(path, metadata['identity']) as RunIdentity, identity);
  const { optimizerStep, rateScale, best, plateau, within, ...run } = parse(
    path,
    metadata['run'],
  ) as RunNotes;
  if (within !== undefined && JSON.stringify(within.metrics) !== JSON.stringify(metrics)) {
    throw new ValueError(
      `${path} was saved within an epoch that measured ${within.metrics.join(', ') || 'nothing'}, not ${metrics.join(', ') || 'nothing'}`,
      { remedy: 'Resume with the same metrics' },
    );
  }
  const watched = best?.monitor ?? monitor;
  if (monitor !== undefined && watched !== monitor) {
    throw new ValueError(`${path}: early stop watched ${watched}, not ${monitor}`, {
      remedy: 'Resume with the same monitor, name another file, or leave out resume',
    });
  }
  const state = optimizer.init(network.parameters);
  for (const [slot, arrays] of Object.entries(state.slots)) {
    arrays.forEach((data, i) => {
      const source = tensors[`optimizer.${slot}.${i}`]?.data;
      if (source?.length !== data.length)
        throw new FormatError(`${path} lacks the optimiser's ${slot} of parameter ${i}`);
      data.set(source);
    });
  }
  state.step = optimizerStep;
  if (rateScale !== undefined) state.rateScale = rateScale;
  loadState(network, part(tensors, 'model.'));
  return {
    ...run,
    // Without early stop there is no best epoch to go back to.
    best:
      best === null || monitor === undefined
        ? undefined
        : { ...best, monitor, state: part(tensors, 'best.') },
    plateau,
    within: within && { ...within, means: meansFrom(path, part(tensors, 'epoch.')) },
    optimizer: state,
    privacy: run.privacy,
  };
}

function checkIdentity(path: string, saved: RunIdentity, mine: RunIdentity): void {
  for (const name of new Set([...Object.keys(mine), ...Object.keys(saved)])) {
    if (saved[name] === mine[name]) continue;
    const shown = ({ [name]: value = 'none' }: RunIdentity): string => String(value);
    const both = name === 'model' ? '' : ` (${shown(saved)} there, ${shown(mine)} here)`;
    throw new ValueError(`${path} belongs to a run with another ${name}${both}`, {
      remedy: 'Resume with the same settings, name another file, or leave out resume',
    });
  }
}

function meansFrom(
  path: string,
  { sums, outputs, targets }: Readonly<Record<string, ShapedArray>>,
): MeansState {
  if (sums === undefined || outputs === undefined || targets === undefined)
    throw new FormatError(`${path} lacks what its epoch has measured so far`);
  return { sums: sums.data, outputs: outputs.data, targets: targets.data };
}

/** The arrays whose names begin with a prefix, without it. */
function part(
  tensors: Readonly<Record<string, ShapedArray>>,
  prefix: string,
): Record<string, ShapedArray> {
  const found = Object.entries(tensors).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(found.map(([name, array]) => [name.slice(prefix.length), array]));
}

/** A copy of a model's parameters and buffers. */
export function copyState(network: BuiltLayer): Record<string, ShapedArray> {
  const entries = Object.entries(stateOf(network));
  return Object.fromEntries(
    entries.map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]),
  );
}

function parse(path: string, text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '', (_, value: unknown) =>
      NOT_FINITE.includes(value as string) ? Number(value) : value,
    );
  } catch (cause) {
    throw new FormatError(`${path} is damaged: its notes are not JSON`, { cause });
  }
}
