import { FormatError } from '@ketwork/base';
import { loadSafetensors, saveSafetensors } from '@ketwork/nn';
import type { ShapedArray } from '@ketwork/nn';
import { packHistory, unpackHistory } from './history.ts';
import type { PackedHistory } from './history.ts';
import type { ParticipantState } from './local/round.ts';
import type { RoundRecord } from './contract.ts';
import type { FederationState } from './result.ts';
import type { RoundsState } from './rounds/state.ts';

const FORMAT = 'ketwork.federation/2';
/** The same with all records of the history as they are. */
const FORMER = 'ketwork.federation/1';
/** Numbers that JSON lacks, kept as `{ number: text }`. */
const NOT_FINITE: readonly unknown[] = ['NaN', 'Infinity', '-Infinity'];

/** What is kept as JSON. */
interface Notes extends Omit<RoundsState, 'weights' | 'strategy' | 'history'> {
  readonly history: PackedHistory;
  /** Rounds trained by participants, by name. */
  readonly trained: Readonly<Record<string, number>>;
}

/**
 * Where a federation stands as the bytes of a safetensors file: the weights, the arrays of the strategy and the personal ones
 * of participants, F64; everything else as JSON in the file's metadata.
 *
 * @example
 * ```ts
 * import { simulate, stateFromBytes, stateToBytes } from '@ketwork/federated';
 * import { dense, mse, sequential, sgd } from '@ketwork/nn';
 * const data = [{ inputs: [1, 2], labels: [2, 4] }, { inputs: [3], labels: [6] }];
 * const options = { local: { loss: mse, optimizer: sgd(0.05) }, seed: 1 };
 * const first = await simulate(sequential(dense(1, 1)), data, { ...options, rounds: 2 });
 * const state = stateFromBytes(stateToBytes(first.state));
 * const { history } = await simulate(sequential(dense(1, 1)), data, { ...options, rounds: 5, state });
 * console.log(history.length); // 5
 * ```
 */
export function stateToBytes({ rounds, participants }: FederationState): Uint8Array {
  const { weights, strategy, ...rest } = rounds;
  const tensors: Record<string, ShapedArray> = {};
  const add = (name: string, data: Float64Array): void => {
    tensors[name] = { shape: [data.length], data };
  };
  add('weights', weights);
  for (const [name, data] of Object.entries(strategy)) add(`strategy.${name}`, data);
  const trained: Record<string, number> = {};
  for (const [name, state] of Object.entries(participants)) {
    add(`personal.${name}`, state.personal);
    trained[name] = state.rounds;
  }
  const notes: Notes = { ...rest, history: packHistory(rest.history), trained };
  return saveSafetensors(tensors, {
    format: FORMAT,
    federation: JSON.stringify(notes, (_, value: unknown) =>
      typeof value === 'number' && !Number.isFinite(value) ? { number: String(value) } : value,
    ),
  });
}

/**
 * Where a federation stands, from what {@link stateToBytes} wrote.
 *
 * @throws FormatError where the bytes are damaged or something else.
 * @example
 * ```ts
 * import { stateFromBytes } from '@ketwork/federated';
 * import { readFile } from 'node:fs/promises';
 * export async function rounds(path: string): Promise<number> {
 *   return stateFromBytes(await readFile(path)).rounds.history.length;
 * }
 * ```
 */
export function stateFromBytes(bytes: Uint8Array): FederationState {
  const { tensors, metadata } = loadSafetensors(bytes);
  const former = metadata['format'] === FORMER;
  if (metadata['format'] !== FORMAT && !former) {
    throw new FormatError(
      `the bytes are not the state of a federation of this version (their format is ${metadata['format'] ?? 'not named'}, not ${FORMAT})`,
    );
  }
  const { trained, ...rest } = notesFrom(metadata['federation'], former);
  const history = former ? (rest.history as unknown as RoundRecord[]) : unpackHistory(rest.history);
  const weights = tensors['weights']?.data;
  if (weights === undefined) throw new FormatError('the state of the federation has no weights');
  const strategy: RoundsState['strategy'] = {};
  for (const [name, { data }] of Object.entries(tensors))
    if (name.startsWith('strategy.')) strategy[name.slice('strategy.'.length)] = data;
  const participants = Object.entries(trained).map(([name, rounds]): [string, ParticipantState] => {
    const personal = tensors[`personal.${name}`]?.data;
    if (personal === undefined)
      throw new FormatError(`the state of the federation lacks what participant ${name} keeps`);
    return [name, { personal, rounds }];
  });
  return {
    rounds: { ...rest, history, weights, strategy },
    participants: Object.fromEntries(participants),
  };
}

function notesFrom(text: string | undefined, former: boolean): Notes {
  let notes: Partial<Notes> | null;
  try {
    notes = JSON.parse(text ?? '', (_, value: unknown) =>
      isNumber(value) ? Number(value.number) : value,
    ) as Partial<Notes> | null;
  } catch (cause) {
    throw new FormatError('the state of the federation is damaged: its notes are not JSON', {
      cause,
    });
  }
  const {
    identity,
    run,
    round,
    attempt,
    interrupted = 0,
    history,
    epsilons,
    trained,
  } = notes ?? {};
  if (
    typeof identity !== 'string' ||
    typeof run !== 'string' ||
    !Number.isSafeInteger(round) ||
    !Number.isSafeInteger(attempt) ||
    !Number.isSafeInteger(interrupted) ||
    (former ? !Array.isArray(history) : typeof (history ?? 0) !== 'object') ||
    typeof (epsilons ?? 0) !== 'object' ||
    typeof (trained ?? 0) !== 'object'
  )
    throw new FormatError('the state of the federation is damaged: its notes are incomplete');
  return notes as Notes;
}

function isNumber(value: unknown): value is { readonly number: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'number' in value &&
    NOT_FINITE.includes(value.number)
  );
}
