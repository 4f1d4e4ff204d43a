import { FormatError, ValueError } from '@ketwork/base';
import { loadSafetensors, loadState, saveSafetensors, stateOf } from '@ketwork/nn';
import type { BuiltLayer, Optimizer, OptimizerState, ShapedArray } from '@ketwork/nn';
import { readIfThere, writeAtomically } from './files.ts';
import type { EpochRecord } from './run.ts';

const FORMAT = 'ketwork.checkpoint/1';

/** What must be the same when a run goes on from a checkpoint. */
export interface RunIdentity {
  readonly seed: number;
  readonly batchSize: number;
  readonly examples: number;
  readonly loss: string;
  readonly optimizer: string;
  readonly model: string;
}

/** The best epoch so far, by the value that early stop watches. */
export interface BestSoFar {
  readonly epoch: number;
  readonly value: number;
  readonly state: Readonly<Record<string, ShapedArray>>;
}

/** Where a run stands after an epoch. */
export interface RunState {
  /** Epochs done. */
  epoch: number;
  /** Steps done. */
  step: number;
  readonly history: EpochRecord[];
  best: BestSoFar | undefined;
  readonly optimizer: OptimizerState;
}

/** Writes where a run stands, whole or not at all. */
export async function saveCheckpoint(
  path: string,
  network: BuiltLayer,
  identity: RunIdentity,
  run: RunState,
): Promise<void> {
  const tensors: Record<string, ShapedArray> = {};
  for (const [name, array] of Object.entries(stateOf(network))) tensors[`model.${name}`] = array;
  for (const [slot, arrays] of Object.entries(run.optimizer.slots)) {
    arrays.forEach((data, i) => {
      tensors[`optimizer.${slot}.${i}`] = { shape: [data.length], data };
    });
  }
  for (const [name, array] of Object.entries(run.best?.state ?? {}))
    tensors[`best.${name}`] = array;
  const best = run.best === undefined ? null : { epoch: run.best.epoch, value: run.best.value };
  const metadata = {
    format: FORMAT,
    identity: JSON.stringify(identity),
    run: JSON.stringify({
      epoch: run.epoch,
      step: run.step,
      optimizerStep: run.optimizer.step,
      history: run.history,
      best,
    }),
  };
  await writeAtomically(path, saveSafetensors(tensors, metadata));
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
): Promise<RunState | undefined> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) return undefined;
  const { tensors, metadata } = loadSafetensors(bytes);
  if (metadata['format'] !== FORMAT) {
    throw new FormatError(
      `${path} is not a checkpoint of this version (its format is ${metadata['format'] ?? 'not named'}, not ${FORMAT})`,
    );
  }
  const saved = parse(path, metadata['identity']) as Record<string, unknown>;
  for (const [name, value] of Object.entries(identity)) {
    if (saved[name] === value) continue;
    const both = name === 'model' ? '' : ` (${String(saved[name])} there, ${String(value)} here)`;
    throw new ValueError(`${path} belongs to a run with another ${name}${both}`, {
      remedy: 'Resume with the same settings, name another file, or leave out resume',
    });
  }
  const run = parse(path, metadata['run']) as {
    epoch: number;
    step: number;
    optimizerStep: number;
    history: EpochRecord[];
    best: { epoch: number; value: number } | null;
  };
  const state = optimizer.init(network.parameters);
  for (const [slot, arrays] of Object.entries(state.slots)) {
    arrays.forEach((data, i) => {
      const source = tensors[`optimizer.${slot}.${i}`]?.data;
      if (source?.length !== data.length)
        throw new FormatError(`${path} lacks the optimiser's ${slot} of parameter ${i}`);
      data.set(source);
    });
  }
  state.step = run.optimizerStep;
  loadState(network, part(tensors, 'model.'));
  const best = run.best === null ? undefined : { ...run.best, state: part(tensors, 'best.') };
  return { epoch: run.epoch, step: run.step, history: run.history, best, optimizer: state };
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
    return JSON.parse(text ?? '');
  } catch (cause) {
    throw new FormatError(`${path} is damaged: its notes are not JSON`, { cause });
  }
}
